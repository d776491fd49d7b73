"""Nsight Compute's command line, ncu: where it is, what it is asked, and how to read what it prints. No device needed.

ncu leaves clocks and caches alone, so that the launch that it profiles is one of the series cold, after others of its
kind. It finds its operands in DRAM, and the dirty lines that it writes back are those that the launch before it left.
Emptied caches, ncu's default, would leave the last lines of C in L2, never counted as written.
ncu repeats the launch until everything is counted and puts C back in between. That leaves other dirty lines than the
launch before would have. So what depends on them, TRAFFIC, is counted by a run of its own, in one pass with nothing put
back. The rest is counted by another run. All this holds for cases whose B and C do not fit L2.
"""

from __future__ import annotations

import csv
import math
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from backends import CannotDo, Entry
from suite.measure.plan import CEILINGS

INSTALLED = ("opt/nvidia/nsight-compute/*/ncu", "usr/local/cuda*/bin/ncu")
"""Where NVIDIA's packages put ncu without putting it on PATH."""

NO_NCU = (
    "no ncu on PATH or where NVIDIA's packages put it: install Nsight Compute, as package cuda-nsight-compute or from "
    "https://developer.nvidia.com/nsight-compute"
)
NO_PERMISSION = (
    "ERR_NVGPUCTRPERM: the driver keeps its performance counters from this user; run as root or with CAP_SYS_ADMIN (a "
    "container: --cap-add=SYS_ADMIN), or put `options nvidia NVreg_RestrictProfilingToAdminUsers=0` into a file of "
    "/etc/modprobe.d/ and reboot; https://developer.nvidia.com/ERR_NVGPUCTRPERM"
)

COPY = Entry(CEILINGS[1], "the vector copy that is a ceiling: does it move what is counted?", ("torch", "triton"))
"""What is counted beside the backends. The other ceiling is a memcpy, of which ncu sees no kernel."""

Metrics = dict[str, int | float]


class CannotProfile(CannotDo):
    """No device, no ncu, no permission, or nowhere to store; the message says what to do, one line."""


class Unreadable(CannotDo):
    """ncu printed what it is not known to print."""


@dataclass(frozen=True)
class Metric:
    """A counter as ncu calls it, and the unit that the record has it in."""

    ncu: str
    unit: str


METRICS = {
    "sm__throughput": Metric("sm__throughput.avg.pct_of_peak_sustained_elapsed", "%"),
    "launch__grid_size": Metric("launch__grid_size", "blocks"),
    "sm__warps_active": Metric("sm__warps_active.avg.pct_of_peak_sustained_active", "%"),
    "dram__throughput": Metric("dram__throughput.avg.pct_of_peak_sustained_elapsed", "%"),
    "lts__t_sector_hit_rate": Metric("lts__t_sector_hit_rate.pct", "%"),
    "dram__bytes_read": Metric("dram__bytes_read.sum", "byte"),
    "dram__bytes_write": Metric("dram__bytes_write.sum", "byte"),
    "launch__registers_per_thread": Metric("launch__registers_per_thread", "registers"),
    "gpu__time_duration": Metric("gpu__time_duration.sum", "ns"),
}
"""By their names in the record, which are ncu's without the roll-up."""

SCALES: dict[str, dict[str, float]] = {
    "%": {"%": 1},
    "byte": {"byte": 1, "Kbyte": 1e3, "Mbyte": 1e6, "Gbyte": 1e9},
    "ns": {"ns": 1, "nsecond": 1, "us": 1e3, "usecond": 1e3, "ms": 1e6, "msecond": 1e6, "s": 1e9, "second": 1e9},
}
"""The record's unit -> every unit that ncu may print for it -> factor. Counts are not converted."""

TRAFFIC = ("dram__bytes_read", "dram__bytes_write", "gpu__time_duration")
"""Counted in one pass, over a launch that finds L2 as the series cold leaves it."""

RUNS = (TRAFFIC, tuple(name for name in METRICS if name not in TRAFFIC))
"""The metrics that each run of ncu is asked for."""

COMMON = (
    *("--target-processes", "application-only", "--profile-from-start", "off", "--replay-mode", "kernel"),
    *("--clock-control", "none", "--cache-control", "none"),
    *("--csv", "--page", "raw", "--print-units", "base", "--print-kernel-base", "function"),
)


def options(names: Iterable[str]) -> tuple[str, ...]:
    """ncu's options for a run that counts these METRICS."""
    return (*COMMON, "--metrics", ",".join(METRICS[name].ncu for name in names))


def all_options() -> tuple[str, ...]:
    """Those of both runs, for the record: what they share, then what each counts."""
    return (*COMMON, *(option for names in RUNS for option in options(names)[len(COMMON) :]))


def find() -> Path:
    """The ncu on PATH, else the newest of INSTALLED. Raises CannotProfile."""
    on_path = shutil.which("ncu")
    if on_path is not None:
        return Path(on_path)
    found = [path for pattern in INSTALLED for path in Path("/").glob(pattern)]
    if not found:
        raise CannotProfile(NO_NCU)
    return max(found, key=lambda path: [int(number) for number in re.findall(r"\d+", str(path))])


def version(ncu: Path) -> str:
    """Its version, such as 2025.3.1.0; "unknown" if it does not say. Raises CannotProfile where it does not run."""
    try:
        done = subprocess.run([ncu, "--version"], capture_output=True, text=True, check=False)
    except OSError as error:
        raise CannotProfile(f"{ncu} does not run: {error.strerror}") from None
    found = re.search(r"^Version (\S+)", done.stdout, re.MULTILINE)
    return found[1] if found else "unknown"


def kernels(text: str, names: Sequence[str]) -> list[tuple[str, Metrics]]:
    """The launches in what ncu printed, in their order: the kernel's name, and the METRICS of these names.

    Left out: a metric that the device does not have, and the bytes of DRAM where ncu needed several passes after all.
    Raises Unreadable.
    """
    several = max(map(int, re.findall(r"^==PROF== Profiling .* (\d+) passes$", text, re.MULTILINE)), default=1) > 1
    wanted = [name for name in names if not (several and name.startswith("dram__bytes"))]
    rows = csv.DictReader(line for line in text.splitlines() if line.startswith('"'))
    units = next(rows, None)
    if units is None:
        return []
    if units.get("ID") or "Kernel Name" not in units:
        raise Unreadable("ncu's CSV does not begin with a head and a row of units")
    return [(row["Kernel Name"], dict(_metrics(row, units, wanted))) for row in rows]


def _metrics(row: dict[str, str], units: dict[str, str], names: Sequence[str]) -> Iterator[tuple[str, int | float]]:
    for name in names:
        metric = METRICS[name]
        try:
            value = float((row.get(metric.ncu) or "n/a").replace(",", ""))
        except ValueError:
            continue
        if math.isfinite(value):
            yield name, _converted(value, metric, units[metric.ncu])


def merged(runs: Sequence[Sequence[tuple[str, Metrics]]]) -> list[tuple[str, Metrics]]:
    """The launches of RUNS as one, each with the metrics of all runs; empty where the runs launched other kernels."""
    if len({tuple(name for name, _ in launches) for launches in runs}) != 1:
        return []
    together = [
        {key: value for _, metrics in same for key, value in metrics.items()} for same in zip(*runs, strict=True)
    ]
    return [
        (name, {key: metrics[key] for key in METRICS if key in metrics})
        for (name, _), metrics in zip(runs[0], together, strict=True)
    ]


def _converted(value: float, metric: Metric, unit: str) -> int | float:
    if metric.unit == "%" and unit == "%":
        return value
    scale = SCALES[metric.unit].get(unit) if metric.unit in SCALES else 1
    if scale is None:
        raise Unreadable(f"ncu gives {metric.ncu} in {unit!r}, which is no unit of {metric.unit}")
    return round(value * scale)


def last_words(printed: str, said: str) -> str:
    """Why nothing was profiled: ncu's own error, else the last line of its process, else that there was no kernel."""
    errors = re.findall(r"^==ERROR== (.+)", f"{printed}\n{said}", re.MULTILINE)
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.startswith("==")]
    return (errors or lines[-1:] or ["Nsight Compute saw no kernel"])[0][:300]
