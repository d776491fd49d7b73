"""Selection: the exact case, the nearest one plainly said to be another, ties, and whose numbers they are."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reports.__main__ import main
from reports.answers.select import NotMeasured, Selection, find_device, select, text
from reports.archive import runs
from reports.tests import factory
from suite.cases import Case
from suite.record.store import read_run

NOW = datetime(2026, 1, 12, 3, 4, 5, tzinfo=UTC)
CASES = (Case(256, 256), Case(4096, 4096), Case(4096, 4095), Case(4096, 4096, "float16"), Case(16384, 16384))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    factory.write(tmp_path, factory.run(cases=CASES, series=("cold", "hot", "call")))
    return tmp_path


def ask(data: Path, case: Case, device: str | None = None, series: Any = "cold") -> Selection:
    return select(runs(data), case, series, device, NOW)


def test_an_exact_case_is_answered_from_its_own_numbers(data: Path) -> None:
    chosen = ask(data, Case(4096, 4096))
    assert not chosen.extrapolated
    assert (chosen.measured_case, chosen.backend) == (chosen.case, "cupy_rawkernel")
    assert chosen.evidence.age_days == 10
    assert (data / chosen.evidence.run).is_file()


def test_a_tie_holds_what_is_same_or_undecided_and_nothing_slower(tmp_path: Path) -> None:
    backends = {"a": 0.98, "b": 0.9896 / 1.01 * 1.0, "c": 0.9704, "d": 0.5}
    factory.write(tmp_path, factory.run(backends=backends))
    chosen = ask(tmp_path, Case(4096, 4096))
    assert {each.backend: each.verdict for each in chosen.ties} == {"a": "SAME", "b": "SAME", "c": "UNDECIDED"}
    assert chosen.backend == "a"
    assert all(name in text(chosen) for name in "abc")


def test_what_its_numbers_are_to_be_taken_with_is_said_of_the_chosen_one_and_of_ties(tmp_path: Path) -> None:
    raw = factory.run(backends=factory.FOURTEEN | {"jax_jit": 0.999, "helion_rows": 0.992})
    for bench in raw["benchmarks"]:
        bench["extra_info"]["allocates"] = bench["extra_info"]["backend"] == "jax_jit"
    record = read_run(factory.write(tmp_path, raw))
    caveats = {"jax_jit": "rounds twice", "helion_rows": "tuned for an hour"}
    run = record.run.model_copy(update={"caveats": caveats})
    devices = {"h100": (record.model_copy(update={"run": run}),)}
    chosen = select(devices, Case(4096, 4096), "cold", None, NOW)
    assert [each.backend for each in chosen.ties] == [
        "jax_jit", "cupy_rawkernel", "triton_tuned", "numba_cuda", "helion_rows",
    ]  # fmt: skip
    assert {each.backend: each.caveat for each in chosen.ties if each.caveat} == caveats
    assert [each.backend for each in chosen.ties if each.allocates] == ["jax_jit"]
    lines = text(chosen).splitlines()
    assert "CAVEAT: allocates C; rounds twice" in lines
    assert sum(line.endswith("tuned for an hour") and "helion_rows" in line for line in lines) == 1
    assert json.loads(chosen.model_dump_json())["ties"][0]["caveat"] == "rounds twice"


def test_without_a_caveat_none_is_said(data: Path) -> None:
    chosen = ask(data, Case(4096, 4096))
    assert "CAVEAT" not in text(chosen)
    assert {each.caveat for each in chosen.ties} == {""}


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [
        (Case(4096, 4000), Case(4096, 4096)),  # nearer to 4095 columns, whose rows start off 16 bytes
        (Case(4096, 4001), Case(4096, 4095)),
        (Case(300, 200), Case(256, 256)),
        (Case(30000, 20000), Case(16384, 16384)),
        (Case(5, 5, "float16"), Case(4096, 4096, "float16")),
    ],
)
def test_the_nearest_case_is_of_the_regime_and_alignment_and_said_to_be_another(
    asked: Case, nearest: Case, data: Path
) -> None:
    chosen = ask(data, asked)
    assert chosen.extrapolated
    assert (chosen.case, chosen.measured_case) == (asked.id, nearest.id)
    assert "EXTRAPOLATED" in text(chosen)
    assert nearest.id in text(chosen)


@pytest.mark.parametrize("case", [Case(8, 8, "float64"), Case(8, 8, "float32", "row_padded"), Case(0, 8)])
def test_what_was_not_measured_at_all_is_not_guessed(case: Case, data: Path) -> None:
    with pytest.raises(NotMeasured):
        ask(data, case)


def test_of_runs_that_compared_as_many_backends_the_newest_decides(data: Path) -> None:
    before = ask(data, Case(4096, 4096))
    alone = factory.run(cases=CASES, backends={"torch_broadcast": 0.9}, utc="2026-01-10T00:00:00+00:00")
    factory.write(data, alone, "20260110T000000Z-0123456")
    after = ask(data, Case(4096, 4096))
    assert (after.backend, after.ties, after.evidence.run) == (before.backend, before.ties, before.evidence.run)
    assert before.evidence.newer == ()
    assert [Path(run).stem for run in after.evidence.newer] == ["20260110T000000Z-0123456"]
    assert after.evidence.newer[0] in text(after)
    shares = dict.fromkeys(factory.BACKENDS, 0.5) | {"torch_broadcast": 0.9}
    factory.write(
        data, factory.run(cases=CASES, backends=shares, utc="2026-01-11T00:00:00+00:00"), "20260111T000000Z-0123456"
    )
    assert ask(data, Case(4096, 4096)).backend == "torch_broadcast"


def test_a_series_without_a_ceiling_has_no_share(data: Path) -> None:
    chosen = ask(data, Case(4096, 4096), series="call")
    assert chosen.ties[0].of_ceiling is None
    assert text(chosen)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("nvidia-h100-80gb-hbm3", True),
        ("NVIDIA H100 80GB HBM3", True),
        ("h100", True),
        ("H10", False),  # an A10 is no A100
        ("RTX 4090", False),
        ("", False),
    ],
)
def test_a_device_is_its_name_its_slug_or_whole_words_of_it(asked: str, found: bool, data: Path) -> None:
    if found:
        assert find_device(runs(data), asked)
    else:
        with pytest.raises(NotMeasured, match="NVIDIA H100"):
            find_device(runs(data), asked)


def test_a_variant_s_numbers_are_not_given_as_the_model_s(tmp_path: Path) -> None:
    laptop = {**factory.ADA, "name": "NVIDIA GeForce RTX 4090 Laptop GPU"}
    factory.write(tmp_path, factory.run(machine=laptop))
    with pytest.raises(NotMeasured):
        find_device(runs(tmp_path), "RTX 4090")
    assert find_device(runs(tmp_path), "RTX 4090 Laptop")


def command(*more: str) -> list[str]:
    return ["select", "--rows", "4096", "--cols", "4096", "--dtype", "float32", *more]


def test_several_devices_must_be_told_apart(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    factory.write(data, factory.run(machine=factory.CPU))
    assert main(command(), data=data) == 1
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "NVIDIA H100 80GB HBM3" in said
    assert "Some CPU" in said
    assert main(command("--device", "some-cpu"), data=data) == 0


@pytest.mark.parametrize("more", [["--device", "RTX 4090"], ["--layout", "row_padded"], ["--rows", "-1"]])
def test_what_cannot_be_answered_is_one_line_and_code_1(
    more: list[str], data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(*more), data=data) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1


def test_without_any_run_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(), data=tmp_path) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_json_is_the_typed_selection(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command("--json"), data=data) == 0
    out = capsys.readouterr().out
    chosen = Selection.model_validate_json(out)
    assert json.loads(out)["backend"] == chosen.backend == chosen.ties[0].backend
    assert chosen.device == "NVIDIA H100 80GB HBM3"
