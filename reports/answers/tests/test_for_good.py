"""Choosing once for all cases: the fewest that are enough, the one, and what that costs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.answers.condense import evidence
from reports.answers.for_good import ForGood, for_good, lines
from reports.tests import factory
from suite.cases import Case

SMALL, LARGE, RAGGED = Case(2048, 2048), Case(4096, 4096), Case(4096, 4095)


def chosen(data: Path, *by_case: tuple[Case, Mapping[str, float]], dtype: str | None = None) -> ForGood:
    """The choice where one run gave every case these shares of the ceiling."""
    for number, (case, shares) in enumerate(by_case):
        factory.write(data, factory.run(cases=(case,), backends=shares), f"run-{number}")
    (device,) = evidence(data).devices.values()
    found = for_good(device, "graph-cold", dtype)
    assert found is not None
    return found


def test_the_fewest_that_are_enough_and_the_one_that_loses_least_where_it_loses_most(tmp_path: Path) -> None:
    found = chosen(
        tmp_path,
        (SMALL, {"triton_tuned": 0.99, "numba_cuda": 0.80, "torch_compile": 0.93}),
        (LARGE, {"triton_tuned": 0.70, "numba_cuda": 0.99, "torch_compile": 0.93}),
        (RAGGED, {"triton_tuned": 0.99, "numba_cuda": 0.99, "torch_compile": 0.90}),
    )
    assert found.enough == ("numba_cuda", "triton_tuned")
    assert found.only == "torch_compile"
    assert found.worst("torch_compile")[0] == RAGGED.id
    assert found.worst("torch_compile")[1] == pytest.approx(1.10, abs=0.01)
    assert [found.within("triton_tuned", loss) for loss in (0.01, 0.5)] == [pytest.approx(2 / 3), 1.0]
    assert found.within("torch_compile", 0.02) == 0
    assert len(list(lines(found))) <= 6


def test_one_is_enough_where_it_is_within_two_percent_everywhere(tmp_path: Path) -> None:
    found = chosen(
        tmp_path,
        (SMALL, {"triton_tuned": 0.99, "numba_cuda": 0.98}),
        (LARGE, {"triton_tuned": 0.90, "numba_cuda": 0.99}),
    )
    assert (found.enough, found.only, found.unsure) == (("numba_cuda",), "numba_cuda", ())


def test_who_was_not_measured_everywhere_cannot_be_the_only_one(tmp_path: Path) -> None:
    found = chosen(tmp_path, (SMALL, {"triton_tuned": 0.9}), (LARGE, {"triton_tuned": 0.9, "numba_cuda": 0.99}))
    assert found.only == "triton_tuned"
    assert found.within("numba_cuda", 0.5) == 0.5
    assert set(found.enough) == {"triton_tuned", "numba_cuda"}
    apart = chosen(tmp_path / "apart", (SMALL, {"triton_tuned": 0.9}), (LARGE, {"numba_cuda": 0.99}))
    assert apart.only == ""
    assert any("none was measured in every case" in line for line in lines(apart))


def test_where_no_run_agrees_with_another_the_best_counts_and_it_is_said(tmp_path: Path) -> None:
    shares = {"triton_tuned": 0.99, "numba_cuda": 0.90}, {"triton_tuned": 0.80, "numba_cuda": 0.99}
    found = chosen(tmp_path, (SMALL, shares[0]), (SMALL, shares[1]))
    assert (found.enough, found.unsure) == (("numba_cuda",), (SMALL.id,))
    assert "no backend holds that" in "\n".join(lines(found))


def test_without_a_shape_select_chooses_for_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    factory.write(tmp_path, factory.run(cases=(SMALL, LARGE), series=("cold", "hot", "launch", "call")))
    assert main(["select"], data=tmp_path, published=tmp_path) == 0
    assert capsys.readouterr().out.startswith("for good on NVIDIA H100")
    assert main(["select", "--json", "--dtype", "float32"], data=tmp_path, published=tmp_path) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["enough"]
    assert said["backends"][said["only"]]["cases"] == 2


@pytest.mark.parametrize("more", [["--dtype", "float64"], ["--device", "RTX 4090"]])
def test_nothing_is_chosen_from_nothing(more: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    factory.write(tmp_path, factory.run(cases=(SMALL,), series=("cold", "hot", "launch", "call")))
    assert main(["select", *more], data=tmp_path, published=tmp_path) == 5
    assert capsys.readouterr().out.startswith("not known: ")
    assert main(["select", "--json", *more], data=tmp_path, published=tmp_path) == 5
    assert json.loads(capsys.readouterr().out)["status"] == "unknown"


@pytest.mark.parametrize("half", [["--rows", "8"], ["--cols", "8"], ["--rows", "8", "--cols", "8"]])
def test_half_a_shape_is_refused_in_one_line(
    half: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["select", *half], data=tmp_path, published=tmp_path) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
