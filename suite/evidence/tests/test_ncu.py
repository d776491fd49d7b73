"""ncu's command line without ncu: what it is asked, and its CSV read."""

from __future__ import annotations

import pytest

from suite.evidence import ncu
from suite.evidence.ncu import METRICS, Unreadable
from suite.evidence.tests.ncu_output import ALL, METRICS_OF_VALUES, passed, printed


def test_every_metric_is_read_with_its_value() -> None:
    assert ncu.kernels(printed("scale_flat"), ALL) == [("scale_flat", METRICS_OF_VALUES)]


def test_launches_keep_their_order_and_their_names() -> None:
    names = ["fill", "void mul<float, 4>(float *, int)", "fill"]
    assert [name for name, _ in ncu.kernels(printed(*names), ALL)] == names


@pytest.mark.parametrize(
    ("metric", "unit", "value", "read"),
    [
        ("gpu__time_duration", "us", "46.112", 46112),
        ("gpu__time_duration", "usecond", "46.112", 46112),
        ("gpu__time_duration", "second", "4.6112e-05", 46112),
        ("dram__bytes_read", "Mbyte", "67.2", 67_200_000),
        ("dram__bytes_write", "Kbyte", "1,024.5", 1_024_500),
    ],
)
def test_scaled_units_are_undone(metric: str, unit: str, value: str, read: int) -> None:
    ((_, metrics),) = ncu.kernels(printed("k", **{metric: (unit, value)}), ALL)
    assert metrics[metric] == read
    assert isinstance(metrics[metric], int)


@pytest.mark.parametrize("value", ["n/a", "", "nan", "no data"])
def test_a_metric_that_the_device_lacks_is_left_out(value: str) -> None:
    ((_, metrics),) = ncu.kernels(printed("k", dram__throughput=("%", value)), ALL)
    assert set(metrics) == set(METRICS) - {"dram__throughput"}


@pytest.mark.parametrize(("metric", "unit"), [("dram__bytes_read", "sector"), ("sm__throughput", "")])
def test_an_unknown_unit_is_refused(metric: str, unit: str) -> None:
    with pytest.raises(Unreadable, match="which is no unit of"):
        ncu.kernels(printed("k", **{metric: (unit, "1")}), ALL)


def test_output_without_a_row_of_units_is_refused() -> None:
    with pytest.raises(Unreadable):
        ncu.kernels('"ID","Metric Name","Metric Value"\n"0","dram__bytes_read.sum","1"\n', ALL)


def test_nothing_profiled_is_no_launch() -> None:
    assert ncu.kernels("==PROF== Connected to process 7\n==WARNING== No kernels were profiled.\n", ALL) == []


def test_ncu_leaves_clocks_and_caches_alone() -> None:
    given = dict(zip(ncu.COMMON, ncu.COMMON[1:], strict=False))
    assert given["--clock-control"] == given["--cache-control"] == "none"
    assert given["--profile-from-start"] == "off"


def test_traffic_and_the_rest_are_asked_of_two_runs_and_nothing_twice() -> None:
    asked = [ncu.options(names)[-1].split(",") for names in ncu.RUNS]
    assert asked[0] == ["dram__bytes_read.sum", "dram__bytes_write.sum", "gpu__time_duration.sum"]
    assert sorted(asked[0] + asked[1]) == sorted(metric.ncu for metric in METRICS.values())


def test_bytes_that_took_several_passes_are_left_out() -> None:
    ((_, once),) = ncu.kernels(passed(1, printed("k")), ncu.TRAFFIC)
    ((_, often),) = ncu.kernels(passed(3, printed("k")), ncu.TRAFFIC)
    assert tuple(once) == ncu.TRAFFIC
    assert tuple(often) == ("gpu__time_duration",)


def test_the_runs_are_merged_launch_by_launch() -> None:
    traffic, rest = (ncu.kernels(printed("k", "k"), names) for names in ncu.RUNS)
    assert ncu.merged([traffic, rest]) == [("k", METRICS_OF_VALUES)] * 2
    assert list(ncu.merged([traffic, rest])[0][1]) == ALL
