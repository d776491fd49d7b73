"""Every correct backend in every case of the sweep: time per launch, cold and hot, interleaved with the ceilings."""

from __future__ import annotations

from typing import Any

import pytest

from suite.bench import Bench, Replay
from suite.cases import parse
from suite.record import Series
from suite.replay import CLOCK, replay


@pytest.mark.benchmark(timer=CLOCK)
def test_throughput(case: str, series: Series, candidate: str, bench: Bench, benchmark: Any) -> None:
    replay_measured(bench, benchmark, case, series, candidate)


def replay_measured(bench: Bench, benchmark: Any, case: str, series: Series, candidate: str) -> None:
    """Replay the candidate's samples, or skip or fail with the reason why there are none."""
    found = bench.replay(parse(case), series, candidate)
    if isinstance(found, Replay):
        replay(benchmark, found.samples_s)
        benchmark.extra_info.update(found.measurement.model_dump(mode="json"))
        return
    broke_here = found.series is not None and found.kind in ("incorrect", "crashed", "timeout")
    if broke_here:
        pytest.fail(f"{found.kind}: {found.reason}", pytrace=False)
    pytest.skip(f"{found.kind}: {found.reason}")
