"""Made-up runs for the tests: a valid pytest-benchmark file of any device, cases, backends and series."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reports.view import View
from suite.cases import HEADLINE, Case
from suite.record.machine import Machine
from suite.record.run import Record
from suite.record.store import read_run

GIB = 2**30
H100 = {
    "kind": "cuda",
    "name": "NVIDIA H100 80GB HBM3",
    "compute_capability": [9, 0],
    "sm_count": 132,
    "cache_bytes": 50 * 2**20,
    "memory_bytes": 80 * GIB,
    "peak_bytes_per_s": 3.352e12,
    "memory_clock_mhz": 2619,
    "memory_bus_bits": 5120,
    "event_tick_s": 32e-9,
    "empty_node_s": 1.4e-6,
    "versions": {"triton": "3.6.0", "torch": "2.11.0"},
    "commit": "0123456789abcdef0123456789abcdef01234567",
    "tree_clean": True,
}
ADA = {**H100, "name": "NVIDIA GeForce RTX 4090", "compute_capability": [8, 9], "cache_bytes": 72 * 2**20}
CPU = {"kind": "cpu", "name": "Some CPU", "cache_bytes": 2**25, "memory_bytes": GIB, "commit": "feedface" * 5}

BACKENDS = {"triton_tuned": 0.995, "cupy_rawkernel": 0.996, "torch_broadcast": 0.806}
"""Backend -> share of the ceiling in the series cold."""

FOURTEEN = {
    "torch_broadcast": 0.806,
    "triton_tuned": 0.995,
    "triton_baseline": 0.45,
    "triton_baseline_mended": 0.953,
    "cupy_rawkernel": 0.996,
    "numba_cuda": 0.994,
    "torch_compile": 0.98,
    "cublas_dgmm": 0.88,
    "cupy_broadcast": 0.6,
    "jax_jit": 0.9,
    "torch_diag_matmul": 0.02,
    "helion_rows": 0.97,
    "tilelang_tile": 0.96,
    "warp_kernel": 0.85,
}
"""As many backends as a run holds."""

CEILINGS = ("ceiling_memcpy", "ceiling_copy")
CONTROL = "control_aa"

SAME_FOR_ALL = {
    "margin": 0.01,
    "control_ratio": 1.0002,
    "control_ci99": [0.9998, 1.0006],
    "launches_per_sample": 35,
    "rounds": 60,
    "stop_reason": "precise",
}
"""Fields of a measurement that do not depend on what was measured."""


def run(
    machine: Mapping[str, Any] = H100,
    cases: Sequence[Case] = (HEADLINE,),
    backends: Mapping[str, float] = BACKENDS,
    series: Sequence[str] = ("cold", "hot"),
    samples: int = 5,
    utc: str = "2026-01-02T03:04:05+00:00",
    **diagbench: Any,
) -> dict[str, Any]:
    """A run's file as a dict; `diagbench` adds to or replaces what stands under the top-level key of that name."""
    return {
        "machine_info": {"node": "host", "diagbench": dict(machine)},
        "commit_info": {"id": machine["commit"]},
        "benchmarks": [
            bench for name in series for case in cases for bench in campaign(machine, case, backends, name, samples)
        ],
        "datetime": utc,
        "version": "5.3.1",
        "diagbench": {"schema_version": 1, "sweep": "quick", "command": "tox -e bench -- --sweep quick", **diagbench},
    }


def campaign(
    machine: Mapping[str, Any], case: Case, backends: Mapping[str, float], series: str, samples: int
) -> list[dict[str, Any]]:
    """The entries of one case and series: the backends, two ceilings and the A/A control."""
    noise = random.Random(f"{case.id}-{series}")
    peak = machine.get("peak_bytes_per_s") or 1e11
    cached = series == "hot" and case.bytes_moved < machine["cache_bytes"]
    best_s = case.bytes_moved / ((1.8 if cached else 0.9) * peak) + 2e-6
    fastest = max(backends, key=lambda name: backends[name])
    shares = {**backends, **dict(zip(CEILINGS, (1.0, 0.97), strict=True)), CONTROL: backends[fastest]}
    entries = []
    for name, share in shares.items():
        shared = share if name in CEILINGS else share * noise.uniform(0.997, 1.0)
        extra = measurement(machine, case, name, best_s / shared, shared, shares[fastest] / share, fastest, series)
        extra["rounds"] = samples
        data = [extra["median_s"] * noise.uniform(0.999, 1.001) for _ in range(samples)]
        fullname = f"suite/session/bench_throughput.py::test_throughput[{name}-{case.id}-{series}]"
        entries.append({"fullname": fullname, "extra_info": extra, "stats": {"data": data}})
    return entries


def measurement(
    machine: Mapping[str, Any],
    case: Case,
    name: str,
    seconds: float,
    share: float,
    ratio: float,
    fastest: str,
    series: str,
) -> dict[str, Any]:
    """One extra_info."""
    peak, ceiling = machine.get("peak_bytes_per_s"), series in ("cold", "hot")
    role = "ceiling" if name in CEILINGS else "control" if name == CONTROL else "backend"
    return {
        "backend": name,
        "role": role,
        "gate": "not_applicable" if role == "ceiling" else "passed",
        "case": case.id,
        "rows": case.rows,
        "cols": case.cols,
        "dtype": case.dtype,
        "layout": case.layout,
        "regime": case.regime(machine["cache_bytes"], peak),
        "series": series,
        "bytes_moved": case.bytes_moved,
        "median_s": seconds,
        **_spread(seconds),
        "bandwidth_bytes_per_s": case.bytes_moved / seconds,
        "ceiling": CEILINGS[0] if ceiling else None,
        **({"of_ceiling": share, "of_ceiling_ci99": [share * 0.9995, share * 1.0005]} if ceiling else {}),
        "of_peak": case.bytes_moved / seconds / peak if peak and ceiling else None,
        "reference": fastest,
        "ratio": ratio,
        "ratio_ci99": [ratio * 0.9995, ratio * 1.0005],
        "verdict": "SLOWER" if ratio > 1.0105 else "UNDECIDED" if ratio > 1.0095 else "SAME",
        "method": "cuda_graph" if machine["kind"] == "cuda" and ceiling else "host_clock",
        "buffer_sets": 4 if series == "cold" else 1,
        "buffer_sets_needed": 4 if series == "cold" else 1,
        **SAME_FOR_ALL,
    }


def _spread(seconds: float) -> dict[str, float]:
    return {
        "mean_s": seconds * 1.001,
        "p5_s": seconds * 0.999,
        "p95_s": seconds * 1.002,
        "noise_relative_iqr": 0.0012,
    }


def compiled(backend: str = "triton_tuned", case: Case = HEADLINE, **replaced: Any) -> dict[str, Any]:
    """One kernel's compiled evidence for sm_89."""
    return {
        "backend": backend,
        "case": case.id,
        "compute_capability": [8, 9],
        "kernel": "_flat",
        "config": "BLOCK=1024 warps=4",
        "grid": [16384, 1, 1],
        "block": [128, 1, 1],
        "registers": 32,
        "spill_bytes": 0,
        "shared_bytes": 0,
        "global_load_bits": {"128": 2, "32": 1},
        "global_store_bits": {"128": 2},
        "warps_per_block": 4,
        "blocks_per_sm": 12,
        "occupancy": 1.0,
        "active_warps": 48,
        "max_warps": 48,
        "limiter": "threads",
        "sm_count": 128,
        "waves": 10.67,
        **replaced,
    }


def outcome(backend: str = "triton_baseline", **replaced: Any) -> dict[str, Any]:
    """One backend that the gate rejected."""
    reason = "half of C was left unwritten, first at row 64"
    return {"backend": backend, "case": HEADLINE.id, "kind": "incorrect", "reason": reason, **replaced}


def remarked(record: Record, backend: str, caveat: str) -> Record:
    """The record with a caveat on one backend."""
    return record.model_copy(update={"run": record.run.model_copy(update={"caveats": {backend: caveat}})})


def write(data: Path, record: Mapping[str, Any], name: str = "20260102T030405Z-0123456") -> Path:
    """Store a run as reports/data/ has it: <device-slug>/<name>.json. Returns its path."""
    slug = Machine.model_validate(record["machine_info"]["diagbench"]).slug
    path = data / slug / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record), encoding="utf-8")
    return path


def made(folder: Path, **parameters: Any) -> Record:
    """A stored run, read back; the parameters are those of `run`."""
    return read_run(write(folder, run(**parameters)))


def viewed(folder: Path, raw: Mapping[str, Any]) -> View:
    """A run that was made by hand, stored and read back, grouped."""
    return View(read_run(write(folder, raw)))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below the folder: its path -> its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
