"""Files that must end as right: honest ones, and right ones that try to disturb others."""

from __future__ import annotations

from suite.check.mutants._mutant import Mutant, group

HONEST: tuple[Mutant, ...] = (
    *group(
        None,
        "right",
        "honest_plain",
        "honest_problem_12",
        "honest_allocates",
        "honest_function",
        "honest_with_arguments",
        "honest_noisy",
        "honest_compiled_assign",
        "honest_in_try",
        "honest_library_call",
        "honest_two_passes",
        "honest_caches_kernel",
        "honest_falls_back",
        "honest_unsupported",
        "honest_tunes_itself",
        "honest_slow_first_launch",
        "honest_row_loop",
    ),
    # Its thread launches on torch's default stream, which no CUDA graph can capture: on a GPU it is rightly refused.
    *group(None, "right", "honest_joined_threads", device="cpu"),
    *group(
        None,
        "right",
        *("honest_triton_autotuned", "honest_triton_num_stages", "honest_own_stream", "honest_load_inline"),
        "honest_default_stream",
        device="cuda",
    ),
)
"""None of these may be refused."""

MEDDLERS: tuple[Mutant, ...] = (
    *group(
        None,
        "right",
        *("leaves_one_thread", "leaves_default_dtype", "leaves_directory", "leaves_seed"),
    ),
    *group(
        None, "right", "leaves_a_child", "leaves_a_grandchild", "leaves_flushing", "leaves_environment", device="cpu"
    ),
    *group(None, "right", "leaves_l2_window", device="cuda"),
)
"""Right, but they change their process or leave something behind: nobody else may notice, and nothing may stay."""
