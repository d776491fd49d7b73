"""What answers rest on: the published times of every device, condensed so that they load in milliseconds.

`tox -e report` writes them to reports/published/evidence.json. Nothing here imports pydantic, which takes 0.2 s.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backends import CATALOGUE
from suite.cases import Case, Regime

SCHEMA = 3

CHOOSABLE = frozenset(entry.name for entry in CATALOGUE if not entry.for_reference and not entry.known_defect)
"""The backends that may be recommended: what is kept for comparison is never one."""


@dataclass(frozen=True)
class Run:
    """One published run that an answer may rest on."""

    file: str  # below reports/data/
    commit: str
    utc: str
    driver: str
    versions: Mapping[str, str]  # library -> version


@dataclass(frozen=True)
class Cell:
    """One backend in one case and series."""

    times: Mapping[int, tuple[float, ...]]  # number of the run -> median seconds, one per restart
    share: tuple[float, float] | None = None  # of the ceiling: the ends of the widest intervals of these runs
    doubtful: bool = False  # faster than any copy, beyond the noise, in one of them


Cells = Mapping[str, Mapping[str, Mapping[str, Cell]]]
"""Series -> case -> backend -> its cell."""


@dataclass(frozen=True, eq=False)
class Device:
    """All that the published runs say of one device; it is itself alone, so that what follows from it is kept."""

    name: str
    slug: str
    kind: str
    compute_capability: tuple[int, int] | None
    cache_bytes: int
    peak_bytes_per_s: float | None
    floor_s: float  # what an empty kernel takes, as a node of a graph
    memory_bytes: int
    runs: tuple[Run, ...]  # newest first
    cells: Cells
    first_use_s: Mapping[str, float] = field(default_factory=dict)  # backend -> the longest of these runs
    first_use_runs: tuple[int, ...] = ()  # those runs
    caveats: Mapping[str, str] = field(default_factory=dict)

    def regime(self, case: Case) -> Regime:
        """What bounds the case on this device."""
        return case.regime(self.cache_bytes, self.peak_bytes_per_s)

    def bound_s(self, case: Case) -> float:
        """An empty kernel and the case's bytes at the peak: the scale by which times of two cases compare."""
        return self.floor_s + case.bytes_moved / (self.peak_bytes_per_s or 1e11)


@dataclass(frozen=True)
class Predicted:
    """What the model says of a kernel as compiled for a device that was never measured; see suite/evidence/model.py."""

    device: str
    backend: str
    case: str  # that it was compiled for
    limit: str
    seconds: tuple[float, float]  # all of a thread's loads in flight, and one
    copy_of: str  # the measured device whose best copy's share of the peak is taken to hold
    run: str  # that holds the compiled kernel; below reports/data/


@dataclass(frozen=True)
class Evidence:
    """Slug -> what is known of that device; and which files of reports/data/ it was made from, with their sizes."""

    devices: Mapping[str, Device]
    predicted: tuple[Predicted, ...] = ()
    model_errors: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # device -> predicted / measured - 1
    files: Mapping[str, int] = field(default_factory=dict)


def files(data: Path) -> dict[str, int]:
    """The files below reports/data/ and their sizes: two lists that are equal hold the same records."""
    return {path.relative_to(data).as_posix(): path.stat().st_size for path in sorted(data.glob("*/*.json*"))}


def dump(evidence: Evidence) -> str:
    """The evidence as JSON; `load` gives it back."""
    whole = {"schema_version": SCHEMA, **vars(evidence)}
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False, default=vars) + "\n"


def parsed(text: str) -> Evidence:
    """What `dump` wrote."""
    raw = json.loads(text)
    raw.pop("schema_version")
    return _evidence(raw)


def load(path: Path, data: Path) -> Evidence | None:
    """What was condensed into the file; None unless it was made from the very files that lie in `data`."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if raw.get("schema_version") != SCHEMA or raw.get("files") != files(data):
        return None
    try:
        return _evidence(raw)
    except (KeyError, TypeError):
        return None  # written by another diagbench


def _evidence(raw: dict[str, Any]) -> Evidence:
    return Evidence(
        {slug: _device(each) for slug, each in raw["devices"].items()},
        tuple(Predicted(**each | {"seconds": tuple(each["seconds"])}) for each in raw["predicted"]),
        {device: tuple(ends) for device, ends in raw["model_errors"].items()},
        raw["files"],
    )


def _device(raw: dict[str, Any]) -> Device:
    capability = raw["compute_capability"]
    return Device(
        **raw
        | {
            "compute_capability": tuple(capability) if capability else None,
            "runs": tuple(Run(**run) for run in raw["runs"]),
            "first_use_runs": tuple(raw["first_use_runs"]),
            "cells": {
                series: {
                    case: {backend: _cell(cell) for backend, cell in cells.items()} for case, cells in cases.items()
                }
                for series, cases in raw["cells"].items()
            },
        }
    )


def _cell(raw: dict[str, Any]) -> Cell:
    share = raw["share"]
    times = {int(run): tuple(seconds) for run, seconds in raw["times"].items()}
    return Cell(times, tuple(share) if share else None, raw["doubtful"])
