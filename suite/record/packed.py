"""A published run in a twentieth of its size, nothing lost: `<run>.json.xz` holds what `<run>.json` does.

Columns stand instead of rows. Samples are whole ticks of the clock that took them, and what pytest-benchmark computes
from samples is computed again. Whatever does not come back to the bit that way is kept as it was written.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json

SUFFIX = ".json.xz"
FORMAT = 1

Floats = NDArray[np.float64]
Clock = Callable[[Floats, int], Floats]
Row = dict[tuple[str, ...], Any]
"""A benchmark's values by their path, in the order in which they were written."""

LAUNCHES = ("extra_info", "launches_per_sample")
DATA = ("stats", "data")
AGAIN = "="
"""Stands for a statistic that pytest-benchmark computes from the samples."""


def _events(tick_ms: float) -> Clock:
    """CUDA events give float32 milliseconds, whole ticks of the device's timer."""
    return lambda ticks, launches: np.float32(ticks * tick_ms).astype(float) / 1e3 / launches


MOST_BYTES = 1 << 28
"""Unpacked: a full sweep of 768 measurements has 5 MB."""

MEMORY = 1 << 27
"""Bytes that xz may take; the 64 MiB of its highest level among them."""

CLOCKS: dict[str, tuple[float, Clock]] = {
    "event_32ns": (32e-9, _events(32e-6)),  # H100 and H200
    "event_500ns": (500e-9, _events(500e-6)),
    "event_1us": (1e-6, _events(1e-3)),  # what older devices count in
    "host_ns": (1e-9, lambda ticks, launches: ticks / 1e9 / launches),
}
"""Name -> its tick in seconds, and the seconds per launch that were written for so many ticks and launches."""


class NotPacked(ValueError):
    """Bytes that hold no packed run, or not all of one; the message says which."""


def pack(run: Mapping[str, Any]) -> bytes:
    """A run's JSON, packed. Raises NotPacked if it would not come back as it is, which no run may."""
    rows = [_flat(bench) for bench in run["benchmarks"]]
    for row in rows:
        _shorten(row)
    paths = list(dict.fromkeys(path for row in rows for path in row))
    shapes = list(dict.fromkeys(tuple(map(paths.index, row)) for row in rows))
    document = {
        "packed": FORMAT,
        "sha256": digest(run),
        "run": {**run, "benchmarks": None},
        "paths": paths,
        "shapes": shapes,
        "shape": [shapes.index(tuple(map(paths.index, row))) for row in rows],
        "columns": [[row[path] for row in rows if path in row] for path in paths],
    }
    text = json.dumps(document, separators=(",", ":"))
    blob = lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME)
    unpack(blob)
    return blob


def unpack(blob: bytes) -> dict[str, Any]:
    """The run's JSON as it was packed, compared by its digest. Raises NotPacked."""
    with _refusing():
        document, rows = _read(blob)
        for row in rows:
            _compute_again(row)
        run = {**document["run"], "benchmarks": [_nested(row) for row in rows]}
        if digest(run) != document["sha256"]:
            raise NotPacked("what it unpacks to is not what was packed")
        return run


def unpack_without_statistics(blob: bytes) -> dict[str, Any]:
    """The same, but for what pytest-benchmark computes from samples. Raises NotPacked."""
    with _refusing():
        document, rows = _read(blob)
        return {**document["run"], "benchmarks": [_nested(row) for row in rows]}


def unpack_measurements(blob: bytes) -> dict[str, Any]:
    """The run's JSON with measurements alone, in half the time: all that a page needs. Raises NotPacked."""
    with _refusing():
        document = _document(blob)
        return {**document["run"], "benchmarks": list(_measurements(document))}


def digest(run: Mapping[str, Any]) -> str:
    """SHA-256 of a run's JSON without blanks, its keys sorted."""
    return hashlib.sha256(json.dumps(run, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _read(blob: bytes) -> tuple[dict[str, Any], list[Row]]:
    """The packed document and its rows, samples in seconds."""
    document = _document(blob)
    rows = list(_rows(document))
    for row in rows:
        if isinstance(row.get(DATA), dict):
            row[DATA] = _seconds(row[DATA], row[LAUNCHES])
    return document, rows


def _document(blob: bytes) -> dict[str, Any]:
    document: dict[str, Any] = from_json(_decompressed(blob))  # in a third of the time that json takes
    if document["packed"] != FORMAT:
        raise NotPacked(f"packed in form {document['packed']}, this diagbench reads form {FORMAT}")
    return document


@contextmanager
def _refusing() -> Iterator[None]:
    """Whatever is wrong with what somebody packed is NotPacked."""
    try:
        yield
    except NotPacked:
        raise
    except lzma.LZMAError as error:
        raise NotPacked(f"not compressed by xz, or cut short ({error})") from None
    except Exception as error:  # of another kind, shape or size than a run's
        raise NotPacked(f"no packed run ({type(error).__name__}: {error})") from None


def _decompressed(blob: bytes) -> bytes:
    """What xz gives, if it has an end and the size of a run. Raises NotPacked and lzma.LZMAError."""
    stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY)
    text = stream.decompress(blob, MOST_BYTES)
    if not stream.eof:
        much = f"more than the {MOST_BYTES >> 20} MiB that any run has"
        raise NotPacked("not compressed by xz, or cut short" if stream.needs_input else much)
    return text


def _rows(document: Mapping[str, Any]) -> Iterator[Row]:
    paths = [tuple(path) for path in document["paths"]]
    columns = [iter(column) for column in document["columns"]]
    for shape in document["shape"]:
        yield {paths[at]: next(columns[at]) for at in document["shapes"][shape]}


def _measurements(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each benchmark's name and its extra_info, whose values are looked up row by row in no other column."""
    paths, names = document["paths"], iter(document["columns"][document["paths"].index(["fullname"])])
    columns = [iter(column) for column in document["columns"]]
    shapes = [
        [(paths[at][1:], columns[at]) for at in shape if paths[at][0] == "extra_info"] for shape in document["shapes"]
    ]
    flat = [all(len(path) == 1 for path, _ in shape) for shape in shapes]
    for shape, name in zip(document["shape"], names, strict=True):
        if flat[shape]:
            found = {key: next(column) for (key,), column in shapes[shape]}
        else:
            found = _nested({tuple(path): next(column) for path, column in shapes[shape]})
        yield {"fullname": name, "extra_info": found, "stats": {}}


def _flat(value: Mapping[str, Any], above: tuple[str, ...] = ()) -> Row:
    """The values of nested objects by their path."""
    row: Row = {}
    for key, each in value.items():
        row |= _flat(each, (*above, key)) if isinstance(each, dict) and each else {(*above, key): each}
    return row


def _nested(row: Row) -> dict[str, Any]:
    """The nested objects of values by their path."""
    top: dict[str, Any] = {}
    for (*above, key), value in row.items():
        inner = top
        for each in above:
            inner = inner.setdefault(each, {})
        inner[key] = value
    return top


def _shorten(row: Row) -> None:
    """Put a mark for each statistic that the samples give again, and ticks for the samples."""
    data = row.get(DATA)
    if not data:
        return
    for name, value in _statistics(data).items():
        written = row.get(("stats", name))
        if type(written) is type(value) and written == value:
            row["stats", name] = AGAIN
    row[DATA] = _ticks(data, row.get(LAUNCHES, 0)) or data


def _compute_again(row: Row) -> None:
    """Put the statistics of the samples where their marks stand."""
    marked = [path for path, value in row.items() if path[0] == "stats" and value == AGAIN]
    found = _statistics(row[DATA]) if marked else {}
    for path in marked:
        row[path] = found[path[1]]


def _statistics(data: Sequence[float]) -> dict[str, Any]:
    """What pytest-benchmark writes of samples, the same in every version of Python."""
    from pytest_benchmark.stats import Stats  # who only reads runs need not have it

    stats = Stats()
    stats.data = list(data)
    stats.total = math.fsum(data)  # sum() rounds otherwise from 3.12 on
    return dict(stats.as_dict())


def _ticks(data: Sequence[float], launches: int) -> dict[str, Any] | None:
    """The samples as ticks above the fewest, by the first clock that gives each back to the bit; None if none does."""
    seconds = np.asarray(data)
    for name, (tick_s, clock) in CLOCKS.items() if launches else ():
        ticks = np.rint(seconds * launches / tick_s)
        if np.array_equal(clock(ticks, launches), seconds):
            fewest = int(ticks.min())
            return {"clock": name, "from": fewest, "ticks": [int(each) - fewest for each in ticks]}
    return None


def _seconds(packed: Mapping[str, Any], launches: int) -> list[float]:
    """The samples that `_ticks` packed."""
    _, clock = CLOCKS[packed["clock"]]
    ticks = np.asarray(packed["ticks"], float) + packed["from"]
    seconds: list[float] = clock(ticks, launches).tolist()
    return seconds
