"""What following the answers costs, in cases that they do not rest on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.answers.brief import read
from reports.answers.called import Question
from reports.answers.condense import condense, evidence, runs
from reports.answers.evidence import Device
from reports.answers.regret import _regret as regret_of
from reports.answers.regret import held_out, judge, leave_one_out
from reports.answers.rule import decide
from reports.sections.regret import overview, section
from reports.tests import factory
from suite.cases import HELD_OUT, Case

SQUARES = tuple(Case(side, side) for side in (4096, 8192, 12288, 16384))
SERIES = ("cold", "hot", "launch", "call")
NAMES = {"triton_tuned": 0.98, "numba_cuda": 0.97, "torch_broadcast": 0.8}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    factory.write(tmp_path, factory.run(cases=SQUARES, backends=NAMES, series=SERIES))
    return tmp_path


@pytest.fixture
def judging(tmp_path: Path) -> Path:
    """A held-out run in which another backend is 10 % faster than the one that answers recommend."""
    names = NAMES | {"cupy_rawkernel": 0.98 * 1.1}
    raw = factory.run(cases=(Case(6000, 6000), Case(7000, 6000)), backends=names, series=SERIES, sweep=HELD_OUT[0])
    return factory.write(tmp_path, raw, "held")


def test_what_is_fastest_everywhere_costs_nothing_when_left_out(data: Path) -> None:
    (device,) = evidence(data).devices.values()
    found = leave_one_out(device, "graph-cold")
    assert (found.cases, found.unanswered) == (4, ())
    assert found.mean == pytest.approx(0, abs=0.003)
    assert found.tied == 0  # numba_cuda is 1 % slower, in some case by a little more


def test_a_loss_is_found_where_the_answer_is_not_the_fastest(data: Path, judging: Path) -> None:
    (device,) = evidence(data).devices.values()
    assert device.cells["cold"].keys() == {case.id for case in SQUARES}
    assert judging.name not in {Path(record.path).name for each in runs(data).values() for record in each}
    truth = evidence_of(judging)
    found = held_out(device, truth, "graph-cold")
    assert found.mean == pytest.approx(0.1, abs=0.01)
    assert found.worst is not None
    assert found.worst.backend == "triton_tuned"
    assert found.p95 is not None
    assert found.worst.loss >= found.p95


def test_an_earlier_commit_s_kernel_is_not_what_an_answer_costs(tmp_path: Path) -> None:
    for number, share in enumerate((0.8, 0.98)):
        machine = factory.H100 | {"commit": str(number) * 40}
        backends = {"triton_tuned": share, "numba_cuda": 0.97} | ({"cublas_dgmm": 0.9} if not number else {})
        utc = f"2026-01-0{1 + number}T00:00:00+00:00"
        factory.write(tmp_path, factory.run(machine, SQUARES, backends, SERIES, utc=utc), f"run-{number}")
    (device,) = evidence(tmp_path).devices.values()
    decision = replace(
        decide(device, Question(SQUARES[0], "graph-cold")), backend="triton_tuned", tied=("cublas_dgmm",)
    )
    found = regret_of(device, "graph-cold", [(SQUARES[0], decision)])
    assert found.worst is not None
    assert found.worst.loss < 0.01
    assert found.tied_worst is not None
    assert found.tied_worst.loss == pytest.approx(0.97 / 0.9 - 1, abs=0.01)


def evidence_of(path: Path) -> Device:
    (device,) = condense({"device": [read(path)]}).devices.values()
    return device


def test_the_command_judges_by_published_held_out_runs_or_by_those_named(
    data: Path, judging: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["regret", "--json"], data=data) == 0
    (found,) = json.loads(capsys.readouterr().out).values()
    assert {each["called"] for each in found} == {"graph-cold", "graph-hot", "launched", "once"}
    assert found[0]["mean"] == pytest.approx(0.1, abs=0.01)
    moved = judging.rename(tmp_path / "elsewhere.json")
    assert main(["regret"], data=data) == 0
    assert "leave-one-out" in capsys.readouterr().out
    assert main(["regret", str(moved)], data=data) == 0
    assert "held-out runs" in capsys.readouterr().out


def test_the_pages_say_by_what_the_regret_was_measured(data: Path, judging: Path, tmp_path: Path) -> None:
    (device,) = evidence(data).devices.values()
    own, held = judge(device, None), judge(device, evidence_of(judging))
    assert "Not measured yet" in " ".join(section(own, "").paragraphs)
    said = section(held, "../data/")
    assert "Not measured yet" not in " ".join(said.paragraphs)
    assert said.links[0].href == f"../data/{device.slug}/{judging.name}"
    assert said.tables[0].rows[0][2].startswith("10.")
    (across,) = overview([own, held])
    assert len(across.tables[0].rows) == 8


def test_a_run_whose_cases_are_all_answered_from_themselves_is_refused(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run,) = data.glob("*/*.json")
    assert main(["regret", str(run)], data=data) == 2
    assert "no case that is not answered from itself" in capsys.readouterr().err


def test_where_none_is_answered_no_regret_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    factory.write(tmp_path, factory.run(cases=SQUARES[:1], backends=NAMES, series=SERIES))
    assert main(["regret"], data=tmp_path) == 0
    assert "graph-cold 0 of 1 cases answered; mean –, 95th percentile –, worst none" in capsys.readouterr().out


def test_a_run_of_a_device_without_answers_is_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = factory.write(tmp_path / "other", factory.run(factory.ADA, sweep=HELD_OUT[0]))
    assert main(["regret", str(stranger)], data=data) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
