"""The histogram of a case: every sample counted, no gap between ticks of the timer, a late round in the last bar."""

from pathlib import Path

import numpy as np
import pytest

from reports.site.samples import BARS, histogram, histograms
from reports.tests import factory
from suite.record.store import read_run


@pytest.mark.parametrize("ticks", [range(5), range(24), range(100), [0] * 9, [3, 3, 4, 90]])
def test_every_sample_is_counted_in_the_bar_that_holds_it(ticks: range | list[int]) -> None:
    samples = [(1000 + each) * 32e-9 / 35 for each in ticks]
    start, width, *counts = histogram(samples)
    assert sum(counts) == len(samples)
    assert 1 <= len(counts) <= BARS
    low, high = np.quantile(samples, [0.01, 0.99], method="nearest") * 1e6
    assert start < low < high + width / 1e3 < start + width * len(counts)


def test_where_each_tick_was_seen_as_often_all_bars_are_as_high() -> None:
    """Bars of no whole number of ticks would hold two and three of them in turn."""
    _, _, *counts = histogram([(7000 + each) * 32e-9 / 35 for each in range(48)] * 10)
    assert set(counts) == {20}


def test_one_late_round_is_in_the_last_bar_and_widens_none() -> None:
    samples = [(1000 + each % 10) * 32e-9 for each in range(400)]
    _, width, *counts = histogram([*samples, 1.0])
    assert (width, counts[-1]) == (histogram(samples)[1], 41)


def test_every_backend_of_every_case_has_its_samples(tmp_path: Path) -> None:
    record = read_run(factory.write(tmp_path, factory.run(series=("cold", "hot", "launch"), samples=7)))
    found = histograms(record, ("cold", "hot"))
    assert found.keys() == {"cold", "hot"}
    for each in (one for cases in found.values() for one in cases.values()):
        assert each.keys() == set(factory.BACKENDS)
        assert {sum(counts) for _, _, *counts in each.values()} == {record.benchmarks[0].measurement.rounds}
