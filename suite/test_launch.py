"""What the host pays at a size where the device's part is nothing: per bound launch, and per bind and launch."""

from __future__ import annotations

from typing import Any

import pytest

from suite.bench import Bench
from suite.record import Series
from suite.replay import CLOCK
from suite.test_throughput import replay_measured


@pytest.mark.benchmark(timer=CLOCK)
def test_launch(case: str, series: Series, candidate: str, bench: Bench, benchmark: Any) -> None:
    replay_measured(bench, benchmark, case, series, candidate)
