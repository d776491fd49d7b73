"""Tables: every number with its unit, every backend in its place, nothing for what was not measured."""

from pathlib import Path
from typing import Any

import pytest

from reports.figures.headline import headline
from reports.marks import STAR
from reports.sections import compiled, extremes, forms, host, how, machine, outcomes, shares, what
from reports.tests import factory
from reports.view import View
from suite.cases import HEADLINE, SWEEPS, Case
from suite.record.store import read_run


def made(tmp_path: Path, **parameters: Any) -> View:
    return factory.viewed(tmp_path, factory.run(**parameters))


def test_the_headline_table_has_the_fastest_backend_first_and_the_ceilings_after_the_backends(tmp_path: Path) -> None:
    rows = what.headline_table(made(tmp_path, cases=SWEEPS["quick"])).rows
    assert [row[0] for row in rows] == [
        "cupy_rawkernel", "triton_tuned", "torch_broadcast", *factory.CEILINGS, factory.CONTROL,
    ]  # fmt: skip


def test_the_largest_contiguous_case_stands_in_for_the_headline(tmp_path: Path) -> None:
    cases = (Case(8, 8), Case(4096, 4096, "float32", "row_padded"), Case(512, 512))
    assert {each.case for each in made(tmp_path, cases=cases).headline} == {Case(512, 512).id}


def test_every_row_has_a_cell_under_every_head(tmp_path: Path) -> None:
    told = {"outcomes": [factory.outcome(), factory.outcome("numba_cpu", case=None)], "compiled": [factory.compiled()]}
    view = made(tmp_path, cases=SWEEPS["quick"], series=("cold", "launch"), **told)
    every = [
        what.headline_table(view),
        shares.share_table(view, "cold"),
        shares.numbers_table(view, "cold"),
        host.host_table(view, "launch"),
        extremes.extremes_table(view, "cold"),
        outcomes.outcomes_table(view),
        compiled.compiled_table(view, (8, 9)),
        machine.machine_table(view),
        how.campaigns_table(view),
    ]
    for table in every:
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.heads)}


@pytest.mark.parametrize(
    ("kernel", "short"),
    [
        ("scale_flat", "scale_flat"),
        ("_Z4flatI7float32jLb1ELb1ELb0EEvPKNT_7ElementES4_PS2_xxxxx", "flat"),
        ("_ZN8backends10numba_cuda11flat_kernel12_3clocals_3e4flatB2v1B92cw51cXTLSUwE10float32_2axxx", "flat"),
        ("flat_kernel::flat[abi:v2,cw51cXTLSUwv1sDUaKthoaNgqamjgOR3W3CwAk](float32*)", "flat_kernel::flat"),
    ],
)
def test_a_mangled_kernel_is_called_by_its_own_name_and_the_whole_is_its_title(kernel: str, short: str) -> None:
    cell = compiled.short_name(kernel)
    assert (cell, cell.title_) == (short, kernel if kernel != short else "")


def test_single_calls_have_sections_of_their_own(tmp_path: Path) -> None:
    found = {each.title: each for each in host.sections(made(tmp_path, series=("cold", "as_called", "launch")))}
    assert list(found) == ["Host time, series launch", "One call at a time, series as_called"]
    table = found["One call at a time, series as_called"].tables[0]
    assert table.rows[0][0] == "cupy_rawkernel"
    assert table.heads[1].endswith("µs (speed / torch_broadcast's)")
    speeds = {row[0]: row[1].rpartition(" ")[2] for row in table.rows}
    assert speeds == {"cupy_rawkernel": "(1.24)", "triton_tuned": "(1.23)", "torch_broadcast": "(1.00)"}
    assert "(" not in found["Host time, series launch"].tables[0].rows[0][1]


def test_single_calls_on_a_cpu_are_by_the_host_s_clock_and_said_to_be(tmp_path: Path) -> None:
    (found,) = host.sections(made(tmp_path, machine=factory.CPU, series=("as_called_host",)))
    assert "after the cache was flushed by a write, by the host's clock" in found.paragraphs[0]
    assert "torch_broadcast" in {row[0] for row in found.tables[0].rows}


def test_the_fastest_is_called_fastest_and_no_other_backend_is(tmp_path: Path) -> None:
    view = made(tmp_path)
    verdicts = {row[0]: row[-1] for row in what.headline_table(view).rows}
    assert [name for name, verdict in verdicts.items() if verdict == "fastest"] == ["cupy_rawkernel"]
    assert (verdicts["triton_tuned"], verdicts["torch_broadcast"]) == ("SAME", "SLOWER")
    shown = shares.share_table(view, "cold")
    assert [head for head, cell in zip(shown.heads, shown.rows[0], strict=True) if cell.endswith("^")] == [
        "cupy_rawkernel"
    ]


def test_one_reason_in_many_cases_is_one_row(tmp_path: Path) -> None:
    view = made(tmp_path, outcomes=[factory.outcome(case=case.id) for case in SWEEPS["quick"]])
    assert len(outcomes.outcomes_table(view).rows) == 1


def test_share_tables_have_the_best_median_first_and_the_ceilings_last(tmp_path: Path) -> None:
    table = shares.share_table(made(tmp_path, cases=SWEEPS["quick"], backends=factory.FOURTEEN), "cold")
    by_share = sorted(factory.FOURTEEN, key=lambda name: -factory.FOURTEEN[name])
    assert set(table.heads[1:4]) == set(by_share[:3])  # within the noise of each other
    assert table.heads[4:] == (*by_share[3:], *factory.CEILINGS, "regime")


def test_what_has_to_be_said_of_a_backend_is_said_wherever_its_numbers_are(tmp_path: Path) -> None:
    raw = factory.run(cases=SWEEPS["quick"], backends=factory.FOURTEEN, series=("cold", "hot", "launch"))
    for bench in raw["benchmarks"]:
        bench["extra_info"]["allocates"] = bench["extra_info"]["backend"] in ("jax_jit", "torch_diag_matmul")
    view = View(factory.remarked(read_run(factory.write(tmp_path, raw)), "jax_jit", "rounds twice"))
    shown = [
        what.headline_table(view),
        shares.share_table(view, "cold"),
        host.host_table(view, "launch"),
        extremes.extremes_table(view, "hot"),
    ]
    for table in shown:
        names = [*table.heads, *(row[0] for row in table.rows)]
        assert {name for name in names if name.endswith(STAR)} == {f"jax_jit{STAR}", f"torch_diag_matmul{STAR}"}
        assert "* jax_jit: allocates C; rounds twice" in table.note
        assert "* torch_diag_matmul: allocates C" in table.note
    drawn = headline(view)
    assert drawn
    assert f"jax_jit{STAR}" in drawn.svg


def test_without_remarks_there_is_no_star(tmp_path: Path) -> None:
    table = what.headline_table(made(tmp_path))
    assert "*" not in table.note + "".join(row[0] for row in table.rows)


def test_forms_are_told_per_case_and_twice_where_the_series_differ(tmp_path: Path) -> None:
    raw = factory.run(cases=(HEADLINE, Case(8192, 8192)), backends=factory.FOURTEEN)
    for bench in raw["benchmarks"]:
        extra = bench["extra_info"]
        tuned = extra["backend"] in ("triton_tuned", "numba_cuda")
        hot = extra["series"] == "hot" and extra["case"] == HEADLINE.id
        extra["form"] = ("cached" if hot else "streamed") if tuned else "one"
    table = forms.forms_table(factory.viewed(tmp_path, raw))
    assert table.heads == ("case", "triton_tuned", "cupy_rawkernel", "numba_cuda")
    twice = "cold: streamed; hot: cached"
    assert [row[1:] for row in table.rows] == [(twice, "one", twice), ("streamed", "one", "streamed")]
