"""Nsight Compute's counters of a judged file: one launch in a process of its own, after it was found right."""

from __future__ import annotations

from pathlib import Path

from backends import _candidate as files
from suite.cases import Case
from suite.evidence.ncu import CannotProfile, Unreadable
from suite.evidence.profile import profile
from suite.record.judgement import Judgement


def added(found: Judgement, file: Path, case: Case, tool: Path) -> Judgement:
    """The Judgement with the counters of a launch in this case, or with a note why they could not be had."""
    try:
        profiled = profile([files.entry(file)], case, found.machine, tool, "")
    except (CannotProfile, Unreadable) as error:
        return found.model_copy(update={"notes": (*found.notes, f"no counters: {error}")})
    notes = tuple(f"no counters: {outcome.reason}" for outcome in profiled.outcomes)
    return found.model_copy(
        update={"counters": profiled.kernels, "counters_case": case.id, "notes": found.notes + notes}
    )
