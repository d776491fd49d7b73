"""Every number as it is written."""

import sys

import pytest

from reports import units


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0021349, "0.00213"),
        (2.1, "2.10"),
        (43.44, "43.4"),
        (99.97, "100"),
        (3352.4, "3,352"),
        (0, "0.00"),
        (None, "–"),
    ],
)
def test_digits(value: float | None, written: str) -> None:
    assert units.digits(value) == written


def test_units() -> None:
    assert units.gigabytes_per_s(3.352e12) == "3,352"
    assert units.microseconds(4.34e-5) == "43.4"
    assert units.binary(50 * 2**20) == "50 MiB"
    assert units.binary(1536) == "1.5 KiB"
    assert units.percent_interval(0.996, (0.9954, 0.9966)) == "99.6 % [99.5, 99.7]"


def test_an_interval_without_an_end_is_written_shortly() -> None:
    nothing = 0.0, sys.float_info.max
    assert units.percent_interval(0.5, nothing) == "50.0 % [0.0, ∞]"
    assert units.interval_alone(nothing) == "0.0 to ∞ %"
    assert units.ratio(1.0, nothing) == "1.000 [0.000, ∞]"
