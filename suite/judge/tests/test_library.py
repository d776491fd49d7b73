"""The table of the library of mutants: which files a device tries, and when one counts as said rightly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from suite.check import mutants
from suite.device import machine
from suite.judge import __main__ as command
from suite.judge import library
from suite.record import store
from suite.record.mutants import Mutants, TriedFile


def tried(**changes: Any) -> TriedFile:
    row = {
        "name": "transposed",
        "what": "",
        "kind": "wrong",
        "expected": "incorrect",
        "expected_checks": ("gate", "probes"),
        "verdict": "incorrect",
        "caught_by": "gate",
        "reason": "",
        "seconds": 0.1,
    }
    return TriedFile(**row | changes)


def test_said_rightly_is_the_verdict_of_its_row_by_a_check_of_its_row() -> None:
    assert tried().as_expected
    assert tried(caught_by="probes").as_expected
    assert not tried(caught_by="steady").as_expected
    assert not tried(caught_by=None).as_expected
    assert not tried(verdict="right", caught_by=None).as_expected
    assert tried(kind="honest", expected="right", expected_checks=(), verdict="right", caught_by=None).as_expected
    assert not tried(kind="honest", expected="right", expected_checks=(), verdict="incorrect").as_expected


def test_every_file_is_tried_on_some_device_and_every_honest_one_on_a_gpu() -> None:
    on_cpu, on_gpu = ({row.name for _, row in library.rows(kind)} for kind in ("cpu", "cuda"))
    honest = {row.name for row in mutants.HONEST if row.device != "cpu"}
    assert {row.name for row in mutants.MUTANTS} <= on_cpu | on_gpu
    assert honest <= on_gpu
    assert not {row.name for row in mutants.MUTANTS if row.device == "cuda"} & on_cpu


def test_a_file_of_which_another_thing_is_said_is_named_and_the_exit_is_not_zero(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(library, "rows", lambda kind: iter([("honest", next(iter(mutants.HONEST)))]))
    monkeypatch.setattr(library, "_judged", lambda row, case, device: ("incorrect", "gate", "C[0, 0] is 1, not 2"))
    monkeypatch.setattr(machine, "uuid", lambda kind: "no GPU")
    assert command._try_library("cpu", tmp_path) == 1
    assert "C[0, 0] is 1, not 2" in capsys.readouterr().out
    (found,) = tmp_path.glob(f"*{Mutants.suffix}")
    assert not store.read_document(found, Mutants).files[0].as_expected
