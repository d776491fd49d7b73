"""Kernels that are wrong by mistake."""

from __future__ import annotations

from suite.check.mutants._mutant import LATER, Mutant, group


def _probed(wrong_in: str, *names: str) -> tuple[Mutant, ...]:
    """Right in the usual case; the probes must show that they are wrong in another."""
    return group("probes", "incorrect", *names, also=("gate", "guards", *LATER), wrong_in=wrong_in)


_WRONG_EVERYWHERE = group(
    "gate",
    "incorrect",
    "tail_of_block_unwritten",
    "last_row_unwritten",
    "first_rows_only",
    "every_other_column",
    "row_index_off_by_one",
    "column_index_for_a",
    "transposed_a_index",
    "b_read_as_transposed",
    "row_from_padded_width",
    "float32_through_float16",
    "tf32_inputs",
    "flushes_subnormals",
    "nan_becomes_zero",
    "infinity_becomes_largest",
    "loses_negative_zero",
    "skips_rows_of_zero",
    "infinite_scale_is_one",
    "divides_by_reciprocal",
    "rounds_in_logarithms",
    "adds_to_out",
    "threads_share_a_buffer",
    "keeps_a_from_binding",
    "all_ones",
    "zeros_within_tolerance",
    "forgets_a",
    also=LATER,
)

_WRONG_IN_SOME = (
    *_probed("33x33-float32-contiguous", "scales_columns_of_squares"),
    *_probed(
        "64x160-float32-row_padded",
        *("ignores_b_strides", "ignores_out_strides", "writes_between_rows", "strides_of_first_binding"),
    ),
    *_probed("strided_a", "ignores_stride_of_a", "keeps_a_strided_a"),
    *_probed("broadcast_a", "broadcast_a_once"),
    *_probed("64x160-float32-column_major", "column_major_as_flat"),
    *_probed("64x160-float32-offset_by_one", "offset_rounded_down"),
    *_probed("64x7-float32-contiguous", "narrow_rows_share_a"),
    *_probed("64x127-float32-contiguous", "prime_width_loses_column", "odd_width_shifts_pairs"),
    *_probed("64x129-float32-contiguous", "warp_multiple_plus_one"),
    *_probed("64x1-float32-contiguous", "one_column_takes_first"),
    *_probed("1x160-float32-contiguous", "one_row_unwritten"),
    *group("probes", "right", "empty_raises", wrong_in="0x5-float32-contiguous"),
    *_probed("64x160-bfloat16-contiguous", "truncates_bfloat16"),
    *_probed("64x160-float16-contiguous", "truncates_float16", "float16_through_bfloat16", "dithers_the_last_bit"),
    *_probed("64x160-float64-contiguous", "float64_through_float32"),
)

_TOO_LARGE_FOR_A_CPU = group(
    "probes",
    "incorrect",
    "beyond_32_bits",
    "triton_32_bit_index",
    "small_sizes_only",
    device="cuda",
    wrong_in="65537x32768-float16-contiguous",
)

_WRONG_AT_TIMES = (
    *group("repeats", "incorrect", "one_bit_in_97_launches", "wrong_at_random", also=("secret", "gate", "probes")),
    *group("steady", "incorrect", "keeps_what_is_written", also=("repeats", "secret")),
)

_BEYOND_THEIR_OPERANDS = (
    *group("guards", "incorrect", "writes_before_out", "writes_after_out", device="cpu", also=("probes",)),
    *group("guards", "incorrect", "writes_before_b", device="cpu", also=("probes",)),
    *group(
        "guards",
        "incorrect",
        *("scales_b_in_place", "clears_a", "restores_b_by_division", "restores_b_next_time"),
        also=("gate", *LATER),
    ),
)

_RETURN_SOMETHING_ELSE = (
    *group("gate", "incorrect", "returns_b", also=("contract", *LATER)),
    *group("guards", "incorrect", "returns_view_of_b", also=("contract", "gate", *LATER)),
    *group(
        "contract",
        "incorrect",
        "returns_nothing",
        "returns_tuple",
        "returns_numpy",
        "returns_wider_dtype",
        "returns_flat",
        "returns_transposed",
        "returns_meta_tensor",
        "returns_sparse",
        "returns_negation_pending",
        also=("gate", *LATER),
    ),
    *group("contract", "incorrect", "returns_cpu_tensor", device="cuda", also=("gate", *LATER)),
)

_TRITON = (
    *group(
        "gate",
        "incorrect",
        *("triton_no_column_mask", "triton_grid_rounds_down", "triton_scale_of_block", "triton_float16_product"),
        "triton_store_without_mask",
        device="cuda",
        also=("guards", *LATER),
    ),
    *group("probes", "incorrect", "triton_ignores_strides", device="cuda", wrong_in="64x160-float32-row_padded"),
)

PLAIN: tuple[Mutant, ...] = (
    *_WRONG_EVERYWHERE,
    *_WRONG_IN_SOME,
    *_TOO_LARGE_FOR_A_CPU,
    *_WRONG_AT_TIMES,
    *_BEYOND_THEIR_OPERANDS,
    *_RETURN_SOMETHING_ELSE,
    *_TRITON,
)
