"""Which campaigns a sweep asks for: the host's time where the device's part is nothing."""

from __future__ import annotations

import pytest

from suite.cases import SWEEPS, Case, sweep
from suite.session.collection import LAUNCH_CASE, SMALL_BYTES, hosted


@pytest.mark.parametrize("name", ["quick", "full", "4096x4096-float32-contiguous"])
def test_the_host_s_time_is_taken_at_one_small_case(name: str) -> None:
    assert hosted(sweep(name)) == [LAUNCH_CASE]
    assert hosted([]) == [LAUNCH_CASE]


def test_a_held_out_sweep_takes_it_at_its_own_small_cases() -> None:
    found = hosted(sweep("held-out"))
    kinds = {(case.dtype, case.cols * case.itemsize % 16 == 0) for case in found}
    assert len(found) == len(kinds) == 6
    assert all(case.bytes_moved <= SMALL_BYTES for case in found)
    assert not set(found) & {*SWEEPS["full"], *SWEEPS["quick"], LAUNCH_CASE}


def test_the_first_of_each_kind_counts_and_large_ones_do_not() -> None:
    small = [case for case in SWEEPS["held-out"] if case.bytes_moved <= SMALL_BYTES]
    large = [case for case in SWEEPS["held-out"] if case.bytes_moved > SMALL_BYTES]
    assert hosted(large) == [LAUNCH_CASE]
    assert hosted([*large, *small[:1], Case(8, 8)]) == small[:1]
