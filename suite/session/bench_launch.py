"""What the host pays: per bound launch, per bind and launch, and where it shows, one call at a time."""

from __future__ import annotations

from typing import Any

import pytest

from suite.record.measurement import Series
from suite.session.bench import Bench
from suite.session.bench_throughput import replay_measured
from suite.session.replay import CLOCK


@pytest.mark.benchmark(timer=CLOCK)
def test_launch(case: str, series: Series, contender: str, bench: Bench, benchmark: Any) -> None:
    replay_measured(bench, benchmark, case, series, contender)


@pytest.mark.benchmark(timer=CLOCK)
def test_as_called(case: str, series: Series, contender: str, bench: Bench, benchmark: Any) -> None:
    replay_measured(bench, benchmark, case, series, contender)
