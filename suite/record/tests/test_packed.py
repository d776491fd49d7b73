"""A packed run is the run: to the bit, whatever stands in it, or it is refused."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from suite import ROOT
from suite.record import packed
from suite.record.store import BadRecord, export, read_run

COMMITTED = sorted((ROOT / "reports" / "data").rglob(f"*{packed.SUFFIX}"))

TICKS = packed.CLOCKS["event_32ns"][1](np.array([1500.0, 1501.0, 1499.0]), 7)


def run(*benchmarks: dict[str, Any]) -> dict[str, Any]:
    return {"version": "5.3.1", "benchmarks": list(benchmarks), "diagbench": {"schema_version": 1}}


def benchmark(data: list[float], launches: int = 7, **stats: Any) -> dict[str, Any]:
    return {
        "name": "a",
        "params": {},
        "extra_info": {"launches_per_sample": launches, "of_ceiling_ci99": [0.1, 0.2]},
        "stats": {"min": min(data), **stats, "data": data, "iterations": 1},
    }


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.name)
def test_every_committed_run_comes_back_as_pytest_benchmark_wrote_it(path: Path) -> None:
    text = export(path)  # which compares the digest of what was packed
    back = json.loads(text)
    assert packed.digest(back) == json.loads(lzma.decompress(path.read_bytes()))["sha256"]
    first, run = back["benchmarks"][0], read_run(path)
    assert tuple(first["stats"]["data"]) == run.benchmarks[0].samples_s
    assert len(back["benchmarks"]) == len(run.benchmarks)


@pytest.mark.parametrize(
    "benchmarks",
    [
        [],
        [benchmark(list(map(float, TICKS)))],
        [benchmark([1 / 3, 2 / 3]), {"name": "b", "stats": {"data": []}}],
        [benchmark([0.1], 1, mean=0.30000000000000004, ops=0, outliers="=="), {"only": None}],
    ],
)
def test_whatever_a_benchmark_holds_comes_back(benchmarks: list[dict[str, Any]]) -> None:
    whole = run(*benchmarks)
    assert json.dumps(packed.unpack(packed.pack(whole))) == json.dumps(whole)


def test_a_statistic_that_the_samples_do_not_give_is_kept() -> None:
    wrong = run(benchmark([0.5, 0.25], median=123.0))
    assert packed.unpack(packed.pack(wrong))["benchmarks"][0]["stats"]["median"] == 123.0


def test_what_is_cut_short_or_changed_is_refused(tmp_path: Path) -> None:
    whole = packed.pack(run(benchmark(list(map(float, TICKS)))))
    other = json.loads(lzma.decompress(whole))
    other["columns"][0][0] = "b"
    changed, later = lzma.compress(json.dumps(other).encode()), lzma.compress(b'{"packed": 2}')
    for blob in (whole[:-20], b"no xz", lzma.compress(b"[]"), changed, later):
        with pytest.raises(packed.NotPacked):
            packed.unpack(blob)
    (tmp_path / "cut.json.xz").write_bytes(whole[:-20])
    with pytest.raises(BadRecord, match="cut short"):
        read_run(tmp_path / "cut.json.xz")
