"""Kernels that are made to look right or fast; the public tricks, and some of our own."""

from __future__ import annotations

from suite.check.mutants._mutant import LATER, Mutant, group
from suite.record.judgement import Check

_EARLIER: tuple[Check, ...] = ("gate", "probes", "repeats", "secret", "steady", "ceiling")

_AS_KERNELBENCH_HAS_THEM = (
    *group("threads", "refused", "inline_on_a_stream_of_its_own", device="cuda", also=_EARLIER),
    *group("gate", "incorrect", "inline_returns_empty", device="cuda", also=LATER),
    *group("gate", "incorrect", "inline_clears_inputs", device="cuda", also=("guards", *LATER)),
)
"""Its three adversarial kernels (src/kernelbench/unit_tests/test_kernels, commit 423217d), for this product."""

_COMPUTE_WHEN_LOOKED_AT = (
    *group("contract", "refused", "lazy_subclass", "turns_out_lazy", also=("patched", *_EARLIER)),
    *group("patched", "refused", "lazy_function_mode", also=_EARLIER),
    *group("gate", "incorrect", "lazy_dispatch_mode", "patches_copy", also=("patched", *LATER)),
)

_TAMPER_AND_LEAVE_C = (
    *group(
        "patched",
        "refused",
        *("patches_equality", "patches_multiplication"),
        also=_EARLIER,
    ),
    *group(
        "gate",
        "incorrect",
        *("forges_output", "forges_exit_code", "writes_conftest", "writes_sitecustomize", "replaces_later_imports"),
        "patches_gate",
        also=(*LATER, "load", "patched"),
    ),
    *group("patched", "crashed", "patches_judge", also=("load", *_EARLIER)),
    *group("gate", "crashed", "forges_messages", device="cpu", also=("contract", "load", *LATER)),
)

_TAMPER_WITH_TIME = group(
    "patched",
    "refused",
    "patches_clock",
    "patches_clock_when_bound",
    "patches_clock_for_one_reading",
    "patches_the_clocks_name",
    "patches_events",
    "patches_synchronize",
    "patches_graph_replay",
    "patches_do_bench",
    "patches_sampler",
    "patches_code_of_sampler",
    "patches_statistics",
    "patches_builtins",
    also=("clock", "ceiling"),
)

_REMEMBER = (
    *group(
        "gate",
        "incorrect",
        *("keyed_by_address", "keyed_by_id", "keyed_by_version", "keyed_by_versions_of_all", "keyed_by_shape"),
        also=("contract", *LATER),
    ),
    *group("secret", "incorrect", "keyed_by_fingerprint", "keyed_by_a_alone", also=_EARLIER),
    *group("secret", "incorrect", "reads_one_set_for_all", also=_EARLIER),
    *group("gate", "incorrect", "returns_freed_memory", device="cpu", also=("contract", *LATER)),
    *group("gate", "incorrect", "returns_uninitialised", device="cuda", also=LATER),
    *group(
        "steady",
        "incorrect",
        *("skips_what_is_right", "works_on_poison_only"),
        also=("secret", "repeats", "ceiling"),
    ),
)

_DO_LESS = (
    *group(
        "repeats",
        "incorrect",
        *("skips_one_in_six", "skips_at_random", "honest_first_launches", "eight_in_one", "half_of_c_in_turn"),
        also=("secret", "steady", "gate", "probes", "clock", "ceiling"),
    ),
    *group(
        "secret",
        "incorrect",
        "lazy_in_quick_succession",
        "lazy_after_a_moment",
        "lazy_under_a_sampler",
        "lazy_in_a_loop",
        "honest_under_pytest",
        "lazy_when_bound_often",
        "lazy_on_unchanged_a",
        also=_EARLIER,
    ),
)

_WORK_LATER = (
    *group(
        "gate",
        "incorrect",
        *("works_in_a_thread", "thread_waits_for_launches", "finishes_in_a_thread"),
        also=("threads", *LATER),
    ),
    *group("gate", "incorrect", "forks_and_writes_later", device="cpu", also=("threads", *LATER)),
    *group(
        "gate",
        "incorrect",
        *("second_half_on_side_stream", "host_thread_copies", "waits_for_the_wrong_event"),
        device="cuda",
        also=("threads", "graph", *LATER),
    ),
    *group(
        "threads",
        "refused",
        *("side_stream", "side_stream_reads_early"),
        device="cuda",
        also=("gate", "graph", *LATER),
    ),
)

_TELL_A_CAPTURE = (
    *group(
        "graph",
        "refused",
        *("every_third_when_captured", "nothing_when_captured", "first_of_capture_only"),
        device="cuda",
        also=("secret", "steady", "repeats", "probes"),
    ),
    *group(
        "secret",
        "incorrect",
        *("one_row_when_captured", "clears_when_captured"),
        device="cuda",
        also=("steady", "repeats", "probes", "ceiling"),
    ),
    *group("probes", "incorrect", "replays_first_capture", device="cuda", also=_EARLIER),
    *group("gate", "incorrect", "failed_launch_is_silent", device="cuda", also=("load", "contract", *LATER)),
)

_SEARCH = (
    *group("gate", "incorrect", "searches_the_collector", "searches_the_stack", also=LATER),
    *group("guards", "incorrect", "clears_its_inputs", also=("gate", *LATER)),
    *group("guards", "incorrect", "writes_inputs_through_proc", device="cpu", also=("gate", *LATER)),
    *group("guards", "incorrect", "opens_shared_memory", device="cpu", also=("gate", *LATER)),
    *group("gate", "incorrect", "flushes_after_a_launch", device="cpu", also=LATER),
)

DISHONEST: tuple[Mutant, ...] = (
    *_AS_KERNELBENCH_HAS_THEM,
    *_COMPUTE_WHEN_LOOKED_AT,
    *_TAMPER_AND_LEAVE_C,
    *_TAMPER_WITH_TIME,
    *_REMEMBER,
    *_DO_LESS,
    *_WORK_LATER,
    *_TELL_A_CAPTURE,
    *_SEARCH,
)
