"""Tables and figures: every number with its unit, every backend in its place, nothing for what was not measured."""

from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console

from reports import evidence, figures, records, svg, tables, units
from reports.tests import factory
from suite.cases import HEADLINE, SWEEPS, Case
from suite.record import Record, read


def made(tmp_path: Path, **parameters: Any) -> Record:
    return read(factory.write(tmp_path, factory.run(**parameters)))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0021349, "0.00213"),
        (2.1, "2.10"),
        (43.44, "43.4"),
        (99.97, "100"),
        (3352.4, "3,352"),
        (0, "0.00"),
        (None, "–"),
    ],
)
def test_digits(value: float | None, written: str) -> None:
    assert units.digits(value) == written


def test_units() -> None:
    assert units.gigabytes_per_s(3.352e12) == "3,352"
    assert units.microseconds(4.34e-5) == "43.4"
    assert units.binary(50 * 2**20) == "50 MiB"
    assert units.binary(1536) == "1.5 KiB"
    assert units.percent_interval(0.996, (0.9954, 0.9966)) == "99.6 % [99.5, 99.7]"


def test_the_headline_table_has_the_fastest_backend_first_and_the_ceilings_after_the_backends(tmp_path: Path) -> None:
    rows = tables.headline_table(made(tmp_path, cases=SWEEPS["quick"])).rows
    assert [row[0] for row in rows] == [
        "cupy_rawkernel", "triton_tuned", "torch_broadcast", *factory.CEILINGS, factory.CONTROL,
    ]  # fmt: skip


def test_the_largest_contiguous_case_stands_in_for_the_headline(tmp_path: Path) -> None:
    cases = (Case(8, 8), Case(4096, 4096, "float32", "row_padded"), Case(512, 512))
    assert {each.case for each in records.headline(made(tmp_path, cases=cases))} == {Case(512, 512).id}


def test_every_row_has_a_cell_under_every_head(tmp_path: Path) -> None:
    told = {"outcomes": [factory.outcome(), factory.outcome("numba_cpu", case=None)], "compiled": [factory.compiled()]}
    record = made(tmp_path, cases=SWEEPS["quick"], series=("cold", "launch"), **told)
    every = [
        tables.headline_table(record),
        tables.share_table(record, "cold"),
        tables.numbers_table(record, "cold"),
        tables.host_table(record, "launch"),
        evidence.outcomes_table(record),
        evidence.compiled_table(record, (8, 9)),
        evidence.machine_table(record),
        evidence.campaigns_table(record),
    ]
    for table in every:
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.heads)}


def test_one_reason_in_many_cases_is_one_row(tmp_path: Path) -> None:
    outcomes = [factory.outcome(case=case.id) for case in SWEEPS["quick"]]
    record = made(tmp_path, outcomes=outcomes)
    assert len(evidence.outcomes_table(record).rows) == 1


@pytest.mark.parametrize("sweep", ["quick", "full"])
def test_the_terminal_table_names_every_candidate_and_case(sweep: str, tmp_path: Path) -> None:
    record = made(tmp_path, cases=SWEEPS[sweep])
    out = StringIO()
    Console(file=out, width=300).print(tables.terminal_table(record))
    shown = out.getvalue().replace("\n", "")
    assert all(str(case.cols) in shown for case in SWEEPS[sweep])
    assert shown.count("100.0 %") == len(SWEEPS[sweep])


def test_an_empty_run_has_a_terminal_table_and_no_figures(tmp_path: Path) -> None:
    record = made(tmp_path, cases=())
    Console(file=StringIO()).print(tables.terminal_table(record))
    assert figures.figures(record) == ()


def test_figures_are_drawn_for_what_was_measured(tmp_path: Path) -> None:
    assert [figure.name for figure in figures.figures(made(tmp_path))] == ["headline"]
    several = figures.figures(made(tmp_path, cases=SWEEPS["quick"], machine=factory.CPU))
    assert [figure.name for figure in several] == ["headline", "bandwidth", "shares"]
    for figure in several:
        ElementTree.fromstring(figure.svg)
        assert "Some CPU" in figure.svg


def test_who_has_no_number_at_the_headline_is_in_the_headline_figure(tmp_path: Path) -> None:
    outcomes = [factory.outcome(), factory.outcome("elsewhere", case=Case(8, 8).id)]
    outcomes += [factory.outcome("absent", kind="unavailable")]
    figure = figures.headline(made(tmp_path, cases=(HEADLINE,), outcomes=outcomes))
    assert figure is not None
    assert "triton_baseline" in figure.svg
    assert "elsewhere" not in figure.svg
    assert "absent" not in figure.svg


def test_a_backend_has_one_colour_and_named_ones_differ() -> None:
    assert len(set(svg.NAMED.values())) == len(svg.NAMED)
    assert svg.colour("a_candidate") == svg.colour("a_candidate")
    assert not set(svg.SPARE) & set(svg.NAMED.values())
