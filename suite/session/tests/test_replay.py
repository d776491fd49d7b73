"""pytest-benchmark holds the very samples that were replayed."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]


def test_samples_arrive_bit_for_bit(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # under which pytest-benchmark times nothing
    pytester.makepyfile("""
        import pytest
        from suite.session.replay import CLOCK, replay

        SAMPLES = [5.000000001e-05, 3.3e-05, 0.1, 1e-09]

        @pytest.mark.benchmark(timer=CLOCK)
        def test_it(benchmark):
            replay(benchmark, SAMPLES)
            assert list(benchmark.stats.stats.data) == SAMPLES
    """)
    pytester.runpytest_inprocess("--benchmark-quiet").assert_outcomes(passed=1)
