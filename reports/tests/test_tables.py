"""Tables and figures: every number with its unit, every backend in its place, nothing for what was not measured."""

import re
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console

from backends import Entry
from reports import bandwidth, evidence, extremes, figures, records, svg, tables, units
from reports.terminal_table import terminal_table
from reports.tests import factory
from suite.cases import HEADLINE, SWEEPS, Case
from suite.record.run import Record
from suite.record.store import read_run


def made(tmp_path: Path, **parameters: Any) -> Record:
    return read_run(factory.write(tmp_path, factory.run(**parameters)))


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
        extremes.extremes_table(record, "cold"),
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


def on_screen(record: Record, width: int) -> list[str]:
    """The lines of the terminal table."""
    out = StringIO()
    Console(file=out, width=width).print(terminal_table(record))
    return out.getvalue().splitlines()


def test_of_few_cases_the_terminal_shows_every_candidate_in_a_line(tmp_path: Path) -> None:
    record = made(tmp_path, cases=SWEEPS["quick"][:3], backends=factory.FOURTEEN)
    shown = on_screen(record, 160)
    for name in (*factory.FOURTEEN, *factory.CEILINGS, factory.CONTROL):
        assert sum(f" {name} " in line for line in shown) == 1
    assert sum("100.0" in line for line in shown) == 1


def test_of_many_cases_and_14_backends_the_terminal_shows_every_number_within_160_columns(tmp_path: Path) -> None:
    record = made(tmp_path, cases=SWEEPS["full"], backends=factory.FOURTEEN)
    shown = on_screen(record, 160)
    assert not any("…" in line for line in shown)
    numbers = sum(len(re.findall(r"\d+\.\d", line)) for line in shown)
    assert numbers == len(SWEEPS["full"]) * len(factory.FOURTEEN)
    layouts = sum(case.layout != "contiguous" for case in SWEEPS["full"])
    rows = [line for line in shown if "×" in line]
    assert len(rows) == len(SWEEPS["full"])
    assert sum(line.strip() in ("column_major", "offset_by_one", "row_padded") for line in shown) == layouts
    assert all(line.rstrip().endswith("memcpy") for line in rows)


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_a_narrow_terminal_gets_several_tables_and_every_number_whole(width: int, tmp_path: Path) -> None:
    record = made(tmp_path, cases=SWEEPS["full"], backends=factory.FOURTEEN)
    shown = on_screen(record, width)
    assert not any("…" in line for line in shown)
    assert sum(len(re.findall(r"\d+\.\d( =| \?)?(?= |$)", line)) for line in shown) == 46 * 14
    assert sum("ceiling" in line and "share" not in line and "=" not in line for line in shown) > 1


def test_share_tables_have_the_best_median_first_and_the_ceilings_last(tmp_path: Path) -> None:
    table = tables.share_table(made(tmp_path, cases=SWEEPS["quick"], backends=factory.FOURTEEN), "cold")
    by_share = sorted(factory.FOURTEEN, key=lambda name: -factory.FOURTEEN[name])
    assert set(table.heads[2:5]) == set(by_share[:3])  # within the noise of each other
    assert table.heads[5:] == (*by_share[3:], *factory.CEILINGS)


def test_what_has_to_be_said_of_a_backend_is_said_wherever_its_numbers_are(tmp_path: Path) -> None:
    raw = factory.run(cases=SWEEPS["quick"], backends=factory.FOURTEEN, series=("cold", "hot", "launch"))
    for bench in raw["benchmarks"]:
        bench["extra_info"]["allocates"] = bench["extra_info"]["backend"] in ("jax_jit", "torch_diag_matmul")
    record = factory.remarked(read_run(factory.write(tmp_path, raw)), "jax_jit", "rounds twice")
    shown = [
        tables.headline_table(record),
        tables.share_table(record, "cold"),
        tables.host_table(record, "launch"),
        extremes.extremes_table(record, "hot"),
    ]
    for table in shown:
        names = [*table.heads, *(row[0] for row in table.rows)]
        assert {name for name in names if name.endswith(tables.STAR)} == {"jax_jit *", "torch_diag_matmul *"}
        assert "* jax_jit: allocates C; rounds twice" in table.note
        assert "* torch_diag_matmul: allocates C" in table.note
    assert "rounds twice" in " ".join(on_screen(record, 200))
    headline = figures.headline(record)
    assert headline
    assert "jax_jit *" in headline.svg


def test_without_remarks_there_is_no_star(tmp_path: Path) -> None:
    table = tables.headline_table(made(tmp_path))
    assert "*" not in table.note + "".join(row[0] for row in table.rows)


def test_forms_are_told_per_case_and_twice_where_the_series_differ(tmp_path: Path) -> None:
    raw = factory.run(cases=(HEADLINE, Case(8192, 8192)), backends=factory.FOURTEEN)
    for bench in raw["benchmarks"]:
        extra = bench["extra_info"]
        tuned = extra["backend"] in ("triton_tuned", "numba_cuda")
        hot = extra["series"] == "hot" and extra["case"] == HEADLINE.id
        extra["form"] = ("cached" if hot else "streamed") if tuned else "one"
    table = tables.forms_table(read_run(factory.write(tmp_path, raw)))
    assert table.heads == ("case", "triton_tuned", "cupy_rawkernel", "numba_cuda")
    twice = "cold: streamed; hot: cached"
    assert [row[1:] for row in table.rows] == [(twice, "one", twice), ("streamed", "one", "streamed")]


def test_an_empty_run_has_a_terminal_table_and_no_figures(tmp_path: Path) -> None:
    record = made(tmp_path, cases=())
    Console(file=StringIO()).print(terminal_table(record))
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
    assert not {*svg.SPARE, svg.MUTED} & set(svg.NAMED.values())
    assert svg.MUTED not in svg.SPARE


@pytest.fixture
def catalogued(monkeypatch: pytest.MonkeyPatch) -> None:
    """All backends of the factory's are in the catalogue, as no candidate's are."""
    monkeypatch.setattr(svg, "CATALOGUE", tuple(Entry(name, "", ()) for name in factory.FOURTEEN))


@pytest.mark.usefixtures("catalogued")
def test_the_tuned_backends_and_a_candidate_stand_out_from_the_rest() -> None:
    named = [name for name in factory.FOURTEEN if name in svg.NAMED]
    assert set(records.TUNED) < set(svg.NAMED)
    assert {svg.colour(name) for name in factory.FOURTEEN if name not in named} == {svg.MUTED}
    assert svg.colour("a_candidate") in svg.SPARE


@pytest.mark.usefixtures("catalogued")
def test_of_many_backends_the_bandwidth_figure_tells_apart_only_those_with_a_colour(tmp_path: Path) -> None:
    figure = bandwidth.bandwidth(made(tmp_path, cases=SWEEPS["full"], backends=factory.FOURTEEN))
    assert figure
    assert all(name in figure.svg for name in factory.FOURTEEN if name in svg.NAMED)
    assert "helion_rows" not in figure.svg
    assert bandwidth.OTHERS in figure.svg
    assert "throughout: torch_diag_matmul<" in figure.svg  # named, since it is not drawn
    few = bandwidth.bandwidth(made(tmp_path, cases=SWEEPS["full"]))
    assert few
    assert bandwidth.OTHERS not in few.svg
    assert "Not drawn" not in few.svg


def test_the_map_has_a_field_for_every_case_and_backend_without_a_number_too(tmp_path: Path) -> None:
    raw = factory.run(cases=SWEEPS["full"], backends=factory.FOURTEEN, series=("cold",))
    whole = figures.shares(read_run(factory.write(tmp_path, raw)))
    raw["benchmarks"] = [
        bench
        for bench in raw["benchmarks"]
        if (bench["extra_info"]["backend"], bench["extra_info"]["dtype"]) != ("cublas_dgmm", "bfloat16")
    ]
    lacking = figures.shares(read_run(factory.write(tmp_path, raw)))
    assert whole
    assert lacking
    missing = sum(case.dtype == "bfloat16" for case in SWEEPS["full"])
    assert (whole.svg.count(">–<"), lacking.svg.count(">–<")) == (0, missing)
