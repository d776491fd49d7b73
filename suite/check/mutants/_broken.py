"""Files that do not get as far as a C."""

from __future__ import annotations

from suite.check.mutants._mutant import Mutant, group
from suite.record.judgement import Check

_LAUNCHED: tuple[Check, ...] = ("contract", "guards", "probes", "repeats", "secret", "threads")

BROKEN: tuple[Mutant, ...] = (
    *group(
        "load",
        "unjudged",
        "imports_what_is_missing",
        "raises_when_imported",
        "has_no_entry",
        "asks_to_exit_when_imported",
        "needs_an_argument",
        "unsupported_for_all",
        also=("contract", "gate"),
    ),
    *group("load", "crashed", "exits_when_imported"),
    *group("load", "timeout", "hangs_when_imported"),
    *group("gate", "timeout", "hangs_when_bound", also=("load", "contract")),
    *group("gate", "timeout", "hangs_in_launch", "hangs_deaf", "stops_itself", "prints_for_ever", also=_LAUNCHED),
    *group("gate", "no_memory", "takes_all_memory", "asks_for_too_much", also=("load", *_LAUNCHED)),
    *group(
        "gate",
        "crashed",
        "takes_no_stream",
        "binds_to_nothing",
        "recurses_for_ever",
        "overflows_the_stack",
        "exits_in_launch",
        "raises_system_exit",
        "kills_itself",
        "raises_in_bind",
        "raises_after_three_launches",
        "raises_megabytes",
        "raises_unprintable",
        "closes_all_descriptors",
        "returns_twice",
        also=("load", *_LAUNCHED),
    ),
)
