"""Cases, their ids, bytes and regimes."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from suite.cases import HEADLINE, HELD_OUT, ITEMSIZE, LONGEST_SIDE, SWEEPS, Case, Layout, UnknownCase, parse, sweep


def test_bytes_are_b_c_and_a_once() -> None:
    assert Case(4, 3).bytes_moved == (12 + 12 + 4) * 4
    assert Case(4, 3, "float16").bytes_moved == (12 + 12 + 4) * 2


SIDES = st.integers(0, LONGEST_SIDE)


@given(SIDES, SIDES, st.sampled_from(list(ITEMSIZE)), st.sampled_from(get_args(Layout)))
@settings(max_examples=100, deadline=None)
def test_every_case_has_one_id(rows: int, cols: int, dtype: str, layout: Layout) -> None:
    case = Case(rows, cols, dtype, layout)
    assert parse(case.id) == case
    assert case.bytes_moved == (2 * rows * cols + rows) * ITEMSIZE[dtype]


PARTS = st.sampled_from(
    ["4", "0", "x", "-", ",", " ", "_", "+", "\u0664", "1e3", "float32", "int8", "contiguous", "nan"]
)


@given(st.text(max_size=40) | st.lists(PARTS, max_size=9).map("".join))
@example("4_0x4-float32-contiguous")
@example("\u0664x4-float32-contiguous")
@example(" 4x4-float32-contiguous")
@example("04x4-float32-contiguous")
@example("4x4-int8-contiguous")
@example("4x4-float32-tiled")
@example("9" * 5000 + "x4-float32-contiguous")
@example("1099511627777x4-float32-contiguous")
@settings(max_examples=200, deadline=None)
def test_any_other_text_is_refused(text: str) -> None:
    for read in (parse, sweep):
        try:
            found = read(text)
        except UnknownCase:
            continue
        assert text in SWEEPS or text == (found.id if isinstance(found, Case) else ",".join(each.id for each in found))


@pytest.mark.parametrize(("text", "said"), [("4096x4096", "4096x4096-float32-cont"), ("4x4-int8-contiguous", "int8")])
def test_what_is_wrong_with_an_id_is_said(text: str, said: str) -> None:
    with pytest.raises(UnknownCase, match=said):
        parse(text)


def test_sweeps_are_named_or_listed() -> None:
    assert sweep("quick") == SWEEPS["quick"]
    assert sweep(HEADLINE.id) == (HEADLINE,)
    with pytest.raises(UnknownCase, match="quick, full"):
        sweep("huge")


def test_the_full_sweep_has_the_headline_in_every_dtype_and_no_case_twice() -> None:
    full = SWEEPS["full"]
    assert len(set(full)) == len(full)
    assert {case.dtype for case in full if (case.rows, case.cols) == (4096, 4096)} == {
        "float32",
        "float16",
        "bfloat16",
        "float64",
    }


def test_the_held_out_sweeps_share_no_case_and_cover_what_they_judge() -> None:
    machine = (50 << 20, 3.35e12)
    held = [case for name in HELD_OUT for case in SWEEPS[name]]
    assert not set(held) & {case for name, sweep in SWEEPS.items() if name not in HELD_OUT for case in sweep}
    shapes = {(case.rows, case.cols) for case in SWEEPS[HELD_OUT[0]]}
    assert len(shapes) >= 60
    assert len(held) == len(set(held)) == 3 * len(shapes)  # each in three dtypes, over the three sweeps
    assert {(case.rows, case.cols, case.dtype) for case in held} == {
        (*shape, dtype) for shape in shapes for dtype in ("float32", "float16", "bfloat16")
    }
    covered = {(case.dtype, case.cols * case.itemsize % 16 == 0) for case in held}
    assert len(covered) == 6
    assert len({case.regime(*machine) for case in held}) == 4


def test_regimes_follow_the_device() -> None:
    h100, rtx4090 = (50 << 20, 3.35e12), (72 << 20, 1.008e12)
    assert HEADLINE.regime(*h100) == HEADLINE.regime(*rtx4090) == "DRAM-bound"
    assert Case(64, 64).regime(*h100) == "launch-bound"
    assert Case(2400, 2400).regime(*h100) == "L2-resident"
    assert Case(4096, 4096, "float16").regime(*h100) == "mixed"
    assert Case(64, 64).regime(32 << 20, None) == "L2-resident"


def test_a_case_named_twice_is_measured_once() -> None:
    assert sweep("8x8-float32-contiguous,8x8-float32-contiguous") == (Case(8, 8),)
