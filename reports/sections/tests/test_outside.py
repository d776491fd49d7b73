"""How the tuned kernel stands on shapes outside the sweep, from made-up runs whose answer is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reports.__main__ import main
from reports.answers.outside import of_runs
from reports.sections import outside
from reports.site.rendering import publish
from reports.tests import factory
from reports.view import View
from suite.cases import HELD_OUT, SWEEPS, Case
from suite.record.store import read_run

CASES = (Case(300, 200), Case(296, 203, "float16"), Case(6000, 1501, "bfloat16"))
NEAR = {"triton_tuned": 0.990, "torch_compile": 0.993, "torch_broadcast": 0.66}
FAR = {"triton_tuned": 0.960, "torch_compile": 0.993, "torch_broadcast": 0.66}


def held_out(folder: Path, backends: dict[str, float], number: int = 1, **told: Any) -> View:
    utc = f"2026-01-0{number}T00:00:00+00:00"
    made = factory.run(cases=CASES, backends=backends, utc=utc, sweep=HELD_OUT[0], **told)
    for bench in made["benchmarks"]:
        bench["extra_info"]["form"] = f"a form of {bench['extra_info']['backend']}"
    return View(read_run(factory.write(folder, made, f"2026010{number}T000000Z-0123456")))


def test_a_kernel_that_is_near_the_best_everywhere_holds_what_is_asked(tmp_path: Path) -> None:
    said = outside.section([held_out(tmp_path, NEAR)], "../data/")
    (summary,) = said.tables
    assert "That holds." in " ".join(said.paragraphs)
    assert "So far these are 3 of 9 shapes and dtypes." in said.paragraphs
    assert [row[:5] for row in summary.rows] == [
        (series, dtype, "3" if dtype == "all" else "1", "100.0 %", "100.0 %")
        for series in ("cold", "hot")
        for dtype in ("float32", "float16", "bfloat16", "all")
    ]
    assert all(row[5] == "1.003" for row in summary.rows)
    assert said.links[0].href.startswith("../data/nvidia-h100")


def test_a_kernel_faster_than_all_others_is_within_every_bound(tmp_path: Path) -> None:
    found = of_runs([held_out(tmp_path, FAR | {"triton_tuned": 1.0})])
    assert {round(each.ratio, 3) for each in found.cells} == {0.993}
    assert {each.best.backend for each in found.cells} == {"torch_compile"}
    assert not found.beyond(0.01)


def test_each_cell_beyond_1_percent_is_listed_with_the_form_that_was_chosen(tmp_path: Path) -> None:
    said = outside.section([held_out(tmp_path, FAR)], "")
    summary, beyond = said.tables
    assert "does not hold" in " ".join(said.paragraphs)
    assert {row[3] for row in summary.rows} == {"0.0 %"}
    assert len(beyond.rows) == 2 * len(CASES)
    assert {row[3:6] for row in beyond.rows} == {("a form of triton_tuned", "torch_compile", "a form of torch_compile")}
    assert all(row[6].startswith("1.034 [") for row in beyond.rows)


def test_the_newest_run_of_a_case_counts(tmp_path: Path) -> None:
    older, newer = held_out(tmp_path, FAR, 1), held_out(tmp_path, NEAR, 2)
    assert not of_runs([newer, older]).beyond(0.01)
    assert len(of_runs([newer, older]).cells) == 2 * len(CASES)


def test_a_case_without_a_number_of_the_kernel_is_named_and_not_counted_as_near(tmp_path: Path) -> None:
    said = outside.section([held_out(tmp_path, NEAR, 1)], "")
    assert "no number" not in " ".join(said.paragraphs)
    lost = held_out(tmp_path, {"torch_compile": 0.99, "torch_broadcast": 0.6}, 2)
    assert of_runs([lost]).cells == ()
    (paragraph,) = outside.section([lost], "").paragraphs[1:]
    assert all(f"{case.id} {series}" in paragraph for case in CASES for series in ("cold", "hot"))


def test_where_no_held_out_run_is_there_are_the_commands_that_make_them() -> None:
    said = outside.section([], "")
    assert not said.tables
    assert said.code.splitlines() == [f"tox -e bench -- --sweep {name} --publish" for name in HELD_OUT]
    assert all(name in SWEEPS for name in HELD_OUT)


@pytest.mark.parametrize("shares", [NEAR, FAR])
def test_the_page_of_the_gpu_and_the_command_say_it(
    shares: dict[str, float], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    factory.write(data, factory.run(backends=NEAR, series=("cold", "hot", "launch", "call")), "20260101T000000Z-full")
    held_out(data, shares, 3)
    publish(data, tmp_path / "published")
    html = (tmp_path / "published/html/gpu-nvidia-h100-80gb-hbm3.html").read_text()
    assert outside.TITLE in html
    assert ("a form of triton_tuned" in html) == (shares is FAR)
    assert main(["regret"], data=data) == 0
    told = capsys.readouterr().out
    assert "triton_tuned cold all: 3 cells, within 1 % in" in told
    assert ("its form: a form of triton_tuned" in told) == (shares is FAR)
