"""What is said of a Judgement: the screen, what to look at next, and the counters of a right file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import torch

from suite.cases import HEADLINE
from suite.check import mutants
from suite.evidence.ncu import CannotProfile
from suite.judge import __main__ as command
from suite.judge import counters, words
from suite.record.judgement import FirstWrong, JudgedTime, Judgement, WrongElements
from suite.record.machine import Machine
from suite.record.measurement import Outcome
from suite.record.profile import Profile

GPU = Machine(kind="cuda", name="A GPU", compute_capability=(9, 0), cache_bytes=50 << 20, memory_bytes=1)
ONCE = {"dram__bytes_read": 67_108_864 + 16_384, "dram__bytes_write": 67_108_864, "sm__warps_active": 81.2}
HONEST = next(row.path for row in mutants.HONEST if row.name == "honest_plain")


def judgement(**changes: Any) -> Judgement:
    row = {
        "utc": datetime(2026, 1, 2, tzinfo=UTC),
        "file": "mine.py",
        "sha256": "0" * 64,
        "seed": 1,
        "machine": GPU,
        "verdict": "right",
    }
    return Judgement(**row | changes)


def profiled(**changes: Any) -> Profile:
    row = {
        "utc": datetime(2026, 1, 2, tzinfo=UTC),
        "command": "",
        "machine": GPU,
        "case": HEADLINE.id,
        "tool": "2025.3",
        "options": (),
        "units": {},
        "kernels": {},
        "backends": {},
    }
    return Profile(**row | changes)


def test_a_wrong_file_shows_its_first_wrong_element_and_where_it_is_right() -> None:
    first = FirstWrong(row=3, col=5, expected="1.5", found="nan")
    wrong = WrongElements(case=HEADLINE.id, count=7, of=100, first=first, where="the last columns")
    shown = words.screen(
        judgement(
            verdict="incorrect", caught_by="gate", wrong=wrong, right_for=("square C",), wrong_for=("padded rows",)
        )
    )
    for piece in ("incorrect", "C[3, 5]", "expected 1.5", "found nan", "7 of 100", "square C", "padded rows"):
        assert piece in shown
    assert max(map(len, shown.splitlines())) <= words.WIDTH


def test_bytes_moved_twice_are_something_to_look_at_and_bytes_moved_once_are_not() -> None:
    once = judgement(counters={"k": ONCE}, counters_case=HEADLINE.id)
    twice = judgement(counters={"k": ONCE, "again": ONCE}, counters_case=HEADLINE.id)
    assert not words.look_at(once)
    assert "2.00 times the bytes" in words.look_at(twice)[0]
    assert "81.2" in words.screen(once)


def test_a_time_by_the_host_s_clock_is_shown_without_a_share_of_the_device_s_ceiling() -> None:
    taken: dict[str, Any] = {"case": HEADLINE.id, "median_s": 1e-3, "ceiling": "ceiling_copy", "rounds": 60}
    time = JudgedTime(**taken, against={}, control_ci99=(1, 1))
    shared = JudgedTime(**taken, against={}, control_ci99=(1, 1), of_ceiling=0.5, of_ceiling_ci99=(0.49, 0.51))
    by_host, by_device = (judgement(times=(each,)) for each in (time, shared))
    assert "1000.00 us a launch, by the host's clock" in words.screen(by_host)
    assert "%" not in words.screen(by_host)
    assert "50.0 % of ceiling_copy" in words.screen(by_device)
    assert not words.look_at(by_host)
    assert words.look_at(by_device)


def test_counters_come_under_their_kernels_and_a_failure_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "profile", lambda *_: profiled(kernels={"k": ONCE}))
    found = counters.added(judgement(), HONEST, HEADLINE, Path("ncu"))
    assert (found.counters, found.counters_case, found.notes) == ({"k": ONCE}, HEADLINE.id, ())
    failed = Outcome(backend="honest_plain", kind="timeout", reason="not done")
    monkeypatch.setattr(counters, "profile", lambda *_: profiled(outcomes=(failed,)))
    assert "not done" in counters.added(judgement(), HONEST, HEADLINE, Path("ncu")).notes[0]


def test_without_permission_the_judgement_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> Profile:
        raise CannotProfile("the driver keeps its counters")

    monkeypatch.setattr(counters, "profile", refused)
    found = counters.added(judgement(), HONEST, HEADLINE, Path("ncu"))
    assert (found.verdict, found.counters) == ("right", {})
    assert "keeps its counters" in found.notes[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--library"),
        ([str(HONEST), "--library"], "--library"),
        ([str(HONEST), "--profile"], "no"),
        (["no.py"], "no.py"),
    ],
)
def test_what_cannot_be_asked_is_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    if "--profile" in arguments and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    try:
        code: object = command.main(arguments)
    except SystemExit as left:
        code = left.code
    assert code
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
