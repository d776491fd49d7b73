"""Made-up runs of a known truth for the tests of comparisons: sample by sample."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from reports.answers.compare import Comparison
from reports.answers.comparison_table import terminal
from reports.tests import factory
from suite.cases import HEADLINE, Case
from suite.record.run import Benchmark, Record

CASES = (HEADLINE, Case(8192, 8192))
UNCHANGED: dict[str, float] = {}


def sampled(
    blank: Record,
    seed: int,
    slower: Mapping[str, float] = UNCHANGED,
    *,
    rounds: int = 60,
    noise: float = 0.002,
    from_run_to_run: float = 0.001,
    speed: float = 1.0,
    drift: float = 0.0,
) -> Record:
    """One run of the same truth but for the backends in `slower`: name -> factor on its time.

    Every round's device state is common to all candidates; noise is of a sample, from_run_to_run of a candidate in a
    case of the run. The device is `speed` times faster and drifts by `drift` over every campaign.
    """
    generator = np.random.default_rng(seed)
    shares = {**factory.BACKENDS, **dict(zip(factory.CEILINGS, (1.0, 0.97), strict=True)), factory.CONTROL: 0.996}
    device: dict[str, Any] = {}

    def one(bench: Benchmark) -> Benchmark:
        told = bench.measurement
        common = np.exp(generator.normal(0, 0.01, rounds)) * (1 + drift * np.arange(rounds) / rounds) / speed
        state = device.setdefault(told.case + told.series, common)
        own = generator.normal(generator.normal(0, from_run_to_run), noise, rounds)
        times = 50e-6 / shares[told.backend] * slower.get(told.backend, 1.0) * state * np.exp(own)
        measurement = told.model_copy(update={"rounds": rounds, "form": "flat"})
        return bench.model_copy(update={"samples_s": tuple(times.tolist()), "measurement": measurement})

    return blank.model_copy(update={"benchmarks": tuple(map(one, blank.benchmarks))})


def measured(record: Record, name: str = "triton_tuned", **replaced: Any) -> Record:
    """The record with fields of one candidate's measurements replaced, of all candidates' for an empty name."""

    def one(bench: Benchmark) -> Benchmark:
        if name not in ("", bench.measurement.backend):
            return bench
        return bench.model_copy(update={"measurement": bench.measurement.model_copy(update=replaced)})

    return record.model_copy(update={"benchmarks": tuple(map(one, record.benchmarks))})


def on(record: Record, **machine: Any) -> Record:
    return record.model_copy(update={"machine": record.machine.model_copy(update=machine)})


def without(record: Record, name: str) -> Record:
    kept = tuple(bench for bench in record.benchmarks if bench.measurement.backend != name)
    return record.model_copy(update={"benchmarks": kept})


def saved(record: Record, path: Path) -> Path:
    """The record as a run's file."""
    raw = factory.run()
    raw["machine_info"]["diagbench"] = record.machine.model_dump(mode="json")
    raw["benchmarks"] = [
        {
            "fullname": bench.fullname,
            "extra_info": bench.measurement.model_dump(mode="json"),
            "stats": {"data": bench.samples_s},
        }
        for bench in record.benchmarks
    ]
    path.write_text(json.dumps(raw))
    return path


def replaced_samples(record: Record, name: str, samples: tuple[float, ...]) -> Record:
    def one(bench: Benchmark) -> Benchmark:
        return bench.model_copy(update={"samples_s": samples}) if bench.measurement.backend == name else bench

    return record.model_copy(update={"benchmarks": tuple(map(one, record.benchmarks))})


def called(comparison: Comparison) -> dict[str, set[str]]:
    """Backend -> its verdicts."""
    rows = comparison.rows
    return {name: {row.verdict for row in rows if row.backend == name} for name in {row.backend for row in rows}}


def shown(comparison: Comparison) -> str:
    console = Console(width=300)
    with console.capture() as said:
        console.print(terminal(comparison))
    return said.get()
