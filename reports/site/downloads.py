"""The page of the data: what can be taken away, what its fields are, and how to read it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from reports.answers.brief import Runs
from reports.answers.evidence import Device, Evidence
from reports.document import Cell, Page, Section, Table
from reports.site.layout import DATA_ROOT
from suite.cases import parse
from suite.record.measurement import Measurement

COLUMNS = (
    "run", "commit", "case", "rows", "cols", "dtype", "layout", "bytes_moved", "series", "backend", "restart",
    "median_s",
)  # fmt: skip

RECORD = (
    "python -m reports export reports/data/DEVICE/RUN.json.xz --to run.json\n"
    "python\n"
    ">>> import json, pandas, pathlib\n"
    '>>> run = json.loads(pathlib.Path("run.json").read_text())\n'
    '>>> pandas.json_normalize(run["benchmarks"])[["extra_info.backend", "extra_info.case", "stats.median"]]'
)


def name(slug: str) -> str:
    """The file of a device's times."""
    return f"times-{slug}.csv"


def times(device: Device) -> str:
    """All times that answers rest on, as CSV: a row per backend, case, series, run and fresh process."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(device))
    return written.getvalue()


def _rows(device: Device) -> Iterator[tuple[object, ...]]:
    for series, cases in device.cells.items():
        for case, cells in ((parse(each), cells) for each, cells in cases.items()):
            what = (case.id, case.rows, case.cols, case.dtype, case.layout, case.bytes_moved, series)
            for backend, cell in cells.items():
                for number, seconds in cell.times.items():
                    run = device.runs[number]
                    for restart, median_s in enumerate(seconds, 1):
                        yield run.file, run.commit, *what, backend, restart, median_s


def page(devices: Runs, evidence: Evidence) -> Page:
    """What there is to download, the fields of a measurement, and the lines that read both."""
    sections = (*_in_three_lines(evidence), _record(), _fields(), _downloads(devices, evidence))
    return Page("The data", "data", DATA_ROOT, sections)


def _in_three_lines(evidence: Evidence) -> Iterator[Section]:
    for slug in list(evidence.devices)[:1]:
        words = (
            "A CSV file per device holds the times that answers rest on: the median of every backend, case, series, "
            f"run and fresh process, in seconds. Beside {name(slug)}:"
        )
        code = (
            ">>> import pandas\n"
            f'>>> times = pandas.read_csv("{name(slug)}")\n'
            '>>> times[times.series == "cold"].groupby(["case", "backend"]).median_s.max().unstack()'
        )
        yield Section("The times in three lines", (words,), code=code)


def _record() -> Section:
    words = (
        "A record holds every sample to the bit: columns instead of rows, samples in ticks of their clock, packed by "
        "xz. `export` gives pytest-benchmark's JSON back and compares its digest; its own tools work on that. "
        "extra_info holds what diagbench adds, units in the names: median_s in seconds, bandwidth_bytes_per_s. "
        "of_ceiling is a part of 1 with its interval of_ceiling_ci99. ratio is over the fastest's time, with a verdict."
    )
    return Section("A whole record", (words,), code=RECORD)


def _fields() -> Section:
    """The schema by which every record is checked when it is read."""
    schema = Measurement.model_json_schema()
    rows = tuple((field, _kind(each), _default(each)) for field, each in schema["properties"].items())
    table = Table(("field", "kind", "where it is left out"), rows, text=3, prose=True)
    words = "Every benchmark's extra_info is checked by this schema when it is read; stats.data are the samples."
    return Section("The fields of a measurement", (words,), tables=(table,))


def _kind(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return " | ".join(map(str, schema.get("enum", [schema.get("const")])))
    if "prefixItems" in schema:
        return f"two of: {_kind(schema['prefixItems'][0])}"
    if schema.get("type") == "array":
        return f"any number of: {_kind(schema['items'])}"
    return schema.get("type") or str(schema["$ref"]).rpartition("/")[2]


def _default(schema: Mapping[str, Any]) -> str:
    if "default" not in schema:
        return "never"
    return f"{schema['default']!r} is meant" if schema["default"] not in (None, [], "") else "nothing is known"


def _downloads(devices: Runs, evidence: Evidence) -> Section:
    tables = tuple(
        Cell(f"{name(slug)}: the times of {each.name}", name(slug)) for slug, each in evidence.devices.items()
    )
    condensed = Cell("evidence.json: the times of all runs, condensed; select answers from it", href="../evidence.json")
    records = tuple(
        Cell(f"{run.machine.slug}/{run.file}", href=f"{DATA_ROOT}{run.machine.slug}/{run.file}")
        for each in devices.values()
        for run in each
    )
    return Section("Downloads", links=(*tables, condensed, *records))
