"""selection.json: the answers as a table that a program reads without anything of this project; see dispatch.py."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from reports.answers.called import WAYS, WORDS, Called, Question, device_series
from reports.answers.evidence import Device, Evidence
from reports.answers.nearness import aligned
from reports.answers.regret import Judgement
from reports.answers.rule import decide, unsteady_in
from suite.cases import ITEMSIZE, LAUNCH_BOUND_S, Case, parse

VERSION = 1

DTYPES = ("float32", "float16", "bfloat16")

COLUMNS = (8, 32, 64, 256, 1024, 4096, 32768, 1 << 20)
"""Upper ends of the columns' bands; a last band has no end."""

BYTES = tuple(1 << power for power in range(15, 33))
"""Upper ends of the bands of bytes moved; the ends of a device's regimes stand between them."""

NOT_KNOWN = "?"

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def selection(evidence: Evidence, judged: Mapping[str, Judgement]) -> str:
    """The file's text; `judged`: device slug -> what following its answers costs.

    Per device: what it is valid for, what following it costs, the measured cases, and bands for all others. A line of
    a table is [upper end of the bytes moved, a letter per band of columns]; letters count through `backends`.
    """
    about = "C = diag(A) * B, contiguous: which backend. bytes = (2 * rows * cols + rows) * itemsize; see `valid_for`."
    document = {
        "schema_version": VERSION,
        "about": about,
        "called": {way: WORDS[way] for way in _ways()},
        "columns": COLUMNS,
        "devices": {each.name: _device(each, judged[slug]) for slug, each in evidence.devices.items()},
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _ways() -> list[Called]:
    """A first use depends on the number of calls, so a table of it would be of one number only."""
    return [way for way in WAYS if way != "first-use"]


def _device(device: Device, judged: Judgement) -> dict[str, Any]:
    newest = device.runs[0]
    cells = [cell for cases in device.cells.values() for found in cases.values() for cell in found.items()]
    runs = [device.runs[number] for number in sorted({number for _, cell in cells for number in cell.times})]
    names = sorted({name for name, _ in cells})
    letter = dict(zip(names, LETTERS, strict=False)) | {"": NOT_KNOWN}
    return {
        "valid_for": {
            "device": device.name,
            "compute_capability": device.compute_capability,
            "driver": newest.driver,
            "libraries": newest.versions,
            "commits": list(dict.fromkeys(run.commit for run in runs)),
            "measured": sorted(run.utc[:10] for run in runs)[-1],
            "runs": [run.file for run in runs],
        },
        "regret_by": judged.by,
        "regret": list(map(asdict, judged.regrets)),
        "backends": {letter[name]: name for name in names},
        "measured": {way: dict(_measured(device, way, letter)) for way in _ways()},
        "bands": {way: {dtype: _bands(device, way, dtype, letter) for dtype in DTYPES} for way in _ways()},
    }


def _measured(device: Device, way: Called, letter: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Rows x columns and dtype -> the answer's letter, for every measured contiguous case."""
    for case in map(parse, device.cells.get(device_series(way), {})):
        if case.layout == "contiguous":
            yield f"{case.rows}x{case.cols}-{case.dtype}", letter[decide(device, Question(case, way)).backend]


def _bands(device: Device, way: Called, dtype: str, letter: Mapping[str, str]) -> dict[str, list[list[Any]]]:
    known = [parse(case) for case in device.cells.get(device_series(way), {})]
    unsteady = unsteady_in(device, Question(Case(1, 1, dtype), way), known)
    tables: dict[str, list[list[Any]]] = {"aligned": [], "ragged": []}
    below = 0
    for end in _ends(device):
        for kind, table in tables.items():
            cases = (_representative(below, end, band, dtype, kind == "aligned") for band in range(len(COLUMNS) + 1))
            line = "".join(
                letter[decide(device, Question(case, way), known, unsteady).backend if case else ""] for case in cases
            )
            if table and table[-1][1] == line:
                table[-1][0] = end
            else:
                table.append([end, line])
        below = end
    return tables


def _ends(device: Device) -> list[int]:
    regimes = [device.cache_bytes, int(1.5 * device.cache_bytes)]
    if device.peak_bytes_per_s:
        regimes.append(int(LAUNCH_BOUND_S * device.peak_bytes_per_s))
    return sorted({*BYTES, *regimes, 1 << 36})


def _representative(below: int, end: int, band: int, dtype: str, on_16_bytes: bool) -> Case | None:
    """The case in the middle of a band of bytes and of columns; None where one row alone holds more bytes."""
    first, last = (COLUMNS[band - 1] if band else 1), (COLUMNS[band] if band < len(COLUMNS) else 8 * COLUMNS[-1])
    middle = int((first * last) ** 0.5)
    cols = max(16, middle // 16 * 16) if on_16_bytes and band else 8 if on_16_bytes else middle | 1
    if (2 * cols + 1) * ITEMSIZE[dtype] > end:  # then a row of the band's narrow end may fit
        cols = (first // 16 + 1) * 16 + (0 if on_16_bytes else 1)
    nbytes = (max(below, end // 2) * end) ** 0.5
    rows = round(nbytes / ITEMSIZE[dtype] / (2 * cols + 1))
    case = Case(max(rows, 1), cols, dtype)
    assert aligned(case) == on_16_bytes
    return case if case.bytes_moved <= end else None
