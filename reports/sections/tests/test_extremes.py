"""Best and worst cases, and where the tuned Triton kernel falls short: found where they are, and none where none is."""

from pathlib import Path
from typing import Any

import pytest

from reports.sections import extremes, shortfalls
from reports.site.page import page
from reports.tests import factory
from reports.view import View
from suite.cases import HEADLINE, SWEEPS, Case
from suite.record.run import Record
from suite.record.store import read_run

CASES = (HEADLINE, Case(256, 256), Case(8192, 8192))


def amended(path: Path, case: Case, series: str, name: str = "triton_tuned", **fields: Any) -> Record:
    """A run with fields of one measurement replaced."""
    raw = factory.run(cases=CASES)
    for bench in raw["benchmarks"]:
        extra = bench["extra_info"]
        if (extra["backend"], extra["case"], extra["series"]) == (name, case.id, series):
            extra.update(fields)
    return read_run(factory.write(path, raw))


def test_the_best_and_the_worst_case_are_those_of_the_highest_and_the_lowest_share(tmp_path: Path) -> None:
    low: dict[str, Any] = {"of_ceiling": 0.4, "of_ceiling_ci99": [0.39, 0.41], "verdict": "SLOWER"}
    record = amended(tmp_path, Case(256, 256), "cold", **low)
    row = next(row for row in extremes.extremes_table(View(record), "cold").rows if row[0] == "triton_tuned")
    assert row[2] == "256 × 256 float32"
    assert row[4] == "40.0 % [39.0, 41.0]"
    assert row[1] != row[2]
    assert row[-2:] == ("3", "1")
    hot = next(row for row in extremes.extremes_table(View(record), "hot").rows if row[0] == "triton_tuned")
    assert hot[-1] == "0"
    assert hot[4] != row[4]


def test_a_backend_is_told_by_the_cases_that_it_got_to(tmp_path: Path) -> None:
    raw = factory.run(cases=SWEEPS["quick"], backends=factory.FOURTEEN)
    raw["benchmarks"] = [
        bench
        for bench in raw["benchmarks"]
        if bench["extra_info"]["backend"] != "cublas_dgmm" or bench["extra_info"]["case"] == HEADLINE.id
    ]
    rows = extremes.extremes_table(factory.viewed(tmp_path, raw), "cold").rows
    counts = {row[0]: row[-2] for row in rows}
    assert set(counts) == set(factory.FOURTEEN)
    assert counts["cublas_dgmm"] == "1"
    assert counts["torch_compile"] == str(len(SWEEPS["quick"]))


def told(record: Record) -> tuple[str, tuple[tuple[tuple[str, ...], ...], ...]]:
    """The paragraphs of the section, and the rows of its tables."""
    (section,) = shortfalls.sections(View(record))
    return " ".join(section.paragraphs), tuple(table.rows for table in section.tables)


def test_where_another_is_faster_it_is_said_who_by_how_much_and_in_which_forms(tmp_path: Path) -> None:
    slower: dict[str, Any] = {"verdict": "SLOWER", "ratio": 1.05, "ratio_ci99": [1.049, 1.051], "form": "flat, 512"}
    words, (rows, *_) = told(amended(tmp_path, Case(256, 256), "hot", **slower, reference="torch_broadcast"))
    assert words.startswith("In 1 of the 6 cases")
    (row,) = rows
    assert row[:2] == ("256 × 256 float32", "hot")
    assert row[3] == "torch_broadcast"
    assert row[5:7] == ("flat, 512", "1.050 [1.049, 1.051]")


def test_the_form_of_the_faster_one_is_that_of_the_same_case_and_series(tmp_path: Path) -> None:
    raw = factory.run(cases=CASES, backends={"triton_tuned": 0.9, "cupy_rawkernel": 0.99})
    for bench in raw["benchmarks"]:
        extra = bench["extra_info"]
        extra["form"] = f"{extra['backend']} in {extra['case']} {extra['series']}"
    _, (rows, _) = told(read_run(factory.write(tmp_path, raw)))
    assert len(rows) == 6
    for row in rows:
        case = next(case for case in CASES if row[0].startswith(f"{case.rows} × {case.cols} "))
        assert row[4:6] == tuple(f"{name} in {case.id} {row[1]}" for name in ("cupy_rawkernel", "triton_tuned"))


@pytest.mark.parametrize(
    ("case", "series", "share", "missed"),
    [
        (HEADLINE, "cold", 0.9949, True),
        (HEADLINE, "cold", 0.9951, False),
        (HEADLINE, "hot", 0.5, False),
        (Case(256, 256), "cold", 0.5, False),  # launch-bound: the copy's cost is not the memory's
    ],
)
def test_the_target_is_asked_for_in_dram_bound_cold_cases(
    case: Case, series: str, share: float, missed: bool, tmp_path: Path
) -> None:
    raw = factory.run(cases=CASES, backends={"triton_tuned": 1.0, "cupy_rawkernel": 0.99})
    for bench in raw["benchmarks"]:
        extra = bench["extra_info"]
        if extra["backend"] == "triton_tuned":
            here = (extra["case"], extra["series"]) == (case.id, series)
            extra["of_ceiling"] = share if here else 1.0
    words, tables = told(read_run(factory.write(tmp_path, raw)))
    assert "none of the 6" in words
    assert ("in 1 of the 2 DRAM-bound" in words) is missed
    assert ("in none of the 2 DRAM-bound" in words) is not missed
    assert [len(rows) for rows in tables] == ([1] if missed else [])


def test_cases_without_a_number_are_counted(tmp_path: Path) -> None:
    outcomes = [factory.outcome("triton_tuned", kind="crashed"), factory.outcome("triton_tuned", case=Case(9, 9).id)]
    words, _ = told(read_run(factory.write(tmp_path, factory.run(cases=CASES[1:], outcomes=outcomes))))
    assert "no number in 2 more" in words


def test_a_run_without_the_kernel_says_nothing_of_it(tmp_path: Path) -> None:
    record = read_run(factory.write(tmp_path, factory.run(machine=factory.CPU, backends={"numba_cpu": 0.9})))
    assert not list(shortfalls.sections(View(record)))


def test_the_page_has_both_and_the_forms(tmp_path: Path) -> None:
    raw = factory.run(cases=CASES, backends=factory.FOURTEEN)
    for bench in raw["benchmarks"]:
        bench["extra_info"]["form"] = "flat"
    titles = [section.title for section in page(read_run(factory.write(tmp_path, raw)), "x.json").sections]
    wanted = [
        "Best and worst case of every backend",
        "Where the tuned Triton kernel is not the fastest",
        "Which form ran",
    ]
    assert [title for title in titles if title in wanted] == wanted
