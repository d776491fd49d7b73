"""Every correct backend in every case of the sweep: time per launch, cold and hot, interleaved with the ceilings."""

from __future__ import annotations

from typing import Any

import pytest

from suite.cases import parse
from suite.record.measurement import Series
from suite.session.bench import Bench, WithSamples
from suite.session.replay import CLOCK, replay

BROKEN = ("incorrect", "refused", "implausible", "crashed", "timeout")
"""Outcomes of a campaign that fail its test."""


@pytest.mark.benchmark(timer=CLOCK)
def test_throughput(case: str, series: Series, contender: str, bench: Bench, benchmark: Any) -> None:
    replay_measured(bench, benchmark, case, series, contender)


def replay_measured(bench: Bench, benchmark: Any, case: str, series: Series, contender: str) -> None:
    """Replay the contender's samples, or skip or fail with the reason why there are none."""
    found = bench.measured(parse(case), series, contender)
    if isinstance(found, WithSamples):
        replay(benchmark, found.samples_s)
        benchmark.extra_info.update(found.measurement.model_dump(mode="json"))
        return
    broke_here = found.series is not None and found.kind in BROKEN
    if broke_here:
        pytest.fail(f"{found.kind}: {found.reason}", pytrace=False)
    pytest.skip(f"{found.kind}: {found.reason}")
