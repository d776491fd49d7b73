"""Every kind of file from outside gets its verdict, in time, and leaves no process behind. Needs no GPU."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from suite.cases import Case
from suite.judge.judging import judge
from suite.judge.process import Limits
from suite.judge.processes import stat
from suite.measure.plan import SMOKE
from suite.record.judgement import Check, Judgement

FILES = Path(__file__).parent / "files"
CASE = Case(256, 192)
LIMITS = Limits(load_s=20, bind_s=20, launch_s=2, memory_bytes=3 << 29)


def judged(name: str | Path, *without: Check, seed: int = 5) -> Judgement:
    file = name if isinstance(name, Path) else FILES / f"{name}.py"
    # To touch a gigabyte takes a slow machine longer than any launch here.
    limits = replace(LIMITS, launch_s=20) if name == "takes_all_memory" else LIMITS
    return judge(file, [CASE], plan=SMOKE, limits=limits, without=frozenset(without), seed=seed)


@pytest.fixture(autouse=True)
def _on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)


@pytest.mark.parametrize("name", sorted(file.stem for file in FILES.glob("honest_*.py")))
def test_honest_files_are_right_everywhere(name: str) -> None:
    probed = name in ("honest_bind", "honest_model")  # seconds; the others multiply alike
    found = judged(name, *(() if probed else ("probes",)))
    assert (found.verdict, found.reason) == ("right", "")
    assert found.exit_code == 0
    assert not found.wrong_for
    if probed:
        assert {"strided A", "padded rows", "contiguous bfloat16"} <= set(found.right_for)


@pytest.mark.parametrize(
    ("encoding", "first"), [("utf-8-sig", ""), ("latin-1", "# -*- coding: latin-1 -*-\n# caf\u00e9\n")]
)
def test_files_are_read_as_python_reads_them(tmp_path: Path, encoding: str, first: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(first + (FILES / "honest_bind.py").read_text(), encoding=encoding)
    found = judge(file, [CASE], plan=SMOKE, limits=LIMITS, without=frozenset({"probes", "repeats"}))
    assert found.verdict == "right"


WRONG: list[tuple[str, str, Check]] = [
    ("lazy_result", "refused", "contract"),
    ("later_thread", "incorrect", "gate"),
    ("keyed_by_version", "incorrect", "gate"),
    ("looks_first", "incorrect", "secret"),
    ("once_in_97", "incorrect", "repeats"),
    ("replaces_clock", "refused", "patched"),
    ("replaces_comparison", "incorrect", "gate"),
    ("ignores_a_stride", "incorrect", "probes"),
    ("narrow_loses_a_column", "incorrect", "probes"),
    ("writes_around", "incorrect", "guards"),
]


@pytest.mark.parametrize(("name", "verdict", "check"), WRONG)
def test_what_is_wrong_is_caught_by_its_check(name: str, verdict: str, check: Check) -> None:
    found = judged(name)
    assert (found.verdict, found.caught_by) == (verdict, check)
    assert found.exit_code == 1
    assert "\n" not in found.reason


@pytest.mark.parametrize(
    ("name", "without"),
    [
        ("lazy_result", ("contract",)),
        ("once_in_97", ("repeats",)),
        ("ignores_a_stride", ("probes",)),
        ("writes_around", ("guards", "probes")),
        ("looks_first", ("secret", "steady")),
    ],
)
def test_without_its_check_it_survives(name: str, without: tuple[Check, ...]) -> None:
    assert judged(name, *without).verdict == "right"


BROKEN = [
    ("does_not_import", "unjudged", "a_library_that_is_not_there"),
    ("wants_arguments", "unjudged", "width"),
    ("wrong_shape", "incorrect", "(256, 1)"),
    ("wrong_dtype", "incorrect", "torch.float16"),
    ("another_device", "incorrect", "meta"),
    ("raises", "crashed", "no luck today"),
    ("hangs", "timeout", "2 s"),
    ("exits", "crashed", "exit code 0"),
    ("takes_all_memory", "no_memory", "1.5 GiB"),
    ("forges_an_answer", "crashed", "channel"),
    ("prints_megabytes", "right", ""),
    ("leaves_a_child", "right", ""),
]


@pytest.mark.parametrize(("name", "verdict", "said"), BROKEN)
def test_broken_files_end_in_one_verdict_and_leave_no_process(name: str, verdict: str, said: str) -> None:
    before = set(_descendants())
    found = judged(name)
    assert found.verdict == verdict
    assert said in found.reason
    assert len(found.reason.splitlines()) <= 1
    assert not set(_descendants()) - before


def _descendants() -> list[int]:
    """Processes of other sessions whose parent is this one, or the server that it forks candidates from."""
    everyone = [one for path in Path("/proc").glob("[0-9]*") if (one := stat(int(path.name)))]
    family = {os.getpid(), *(one.pid for one in everyone if one.parent == os.getpid())}
    return [one.pid for one in everyone if one.parent in family and one.session != os.getsid(0)]


def test_a_partial_fault_says_where_it_is_right_and_where_wrong() -> None:
    found = judged("narrow_loses_a_column")
    assert "narrow C, 1 to 33 columns" in found.wrong_for
    assert "127 to 1025 columns" in found.right_for
    assert found.wrong is not None
    assert found.wrong.first.found == "not written"


def test_a_fault_in_the_asked_case_names_the_first_wrong_element() -> None:
    found = judged("replaces_comparison")
    assert found.wrong is not None
    assert (found.wrong.first.row, found.wrong.first.col, found.wrong.count) == (0, 0, CASE.rows * CASE.cols)
    assert Judgement.model_validate_json(found.model_dump_json()) == found


def test_what_one_candidate_replaces_touches_no_other() -> None:
    assert judged("replaces_clock").verdict == "refused"
    assert judged("honest_bind", "probes").verdict == "right"
