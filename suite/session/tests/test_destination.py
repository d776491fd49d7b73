"""A run's file is whole under its name or not there, never over another; a file from before is never this run's."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from suite.record import packed, store
from suite.record.store import CannotWrite, lines
from suite.session import destination
from suite.session.destination import Destination

RUN: dict[str, Any] = {
    "machine_info": {"node": "host"},
    "benchmarks": [{"name": "a", "stats": {"data": [0.1, 1e-9]}}, {"name": "b"}],
}


@pytest.mark.parametrize("benchmarks", [0, 1, 2])
def test_a_run_s_file_has_a_line_per_benchmark_and_says_the_same(benchmarks: int) -> None:
    run = RUN | {"benchmarks": RUN["benchmarks"][:benchmarks]}
    text = lines(run)
    assert json.loads(text) == run
    assert len(text.splitlines()) == 2 + max(benchmarks, 1)


def full(self: Path, content: bytes) -> int:
    raise OSError(errno.ENOSPC, "No space left on device", str(self))


def test_where_no_space_is_left_the_file_stays_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = tmp_path / ".run.partial"
    written.write_text(json.dumps(RUN, indent=4))
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(CannotWrite, match=r"No space left on device; the run is whole in .*\.run\.partial"):
        Destination(written, tmp_path / "run.json", None).complete()
    assert json.loads(written.read_text()) == RUN
    assert list(tmp_path.iterdir()) == [written]


def test_two_runs_of_one_second_are_two_records(tmp_path: Path) -> None:
    said = []
    for number in range(3):
        partial = tmp_path / ".run.partial"
        partial.write_text(json.dumps(RUN | {"datetime": number}))
        said.append(Destination(partial, tmp_path / "run.json", None).complete())
    assert [path.name for path in said] == ["run.json", "run-2.json", "run-3.json"]
    assert [json.loads(path.read_text())["datetime"] for path in said] == [0, 1, 2]
    assert sorted(tmp_path.iterdir()) == sorted(said)


def test_without_hard_links_a_record_is_not_replaced_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(old: Path, new: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", link)
    assert [store.keep(tmp_path / "x.profile.json", text).name for text in "ab"] == [
        "x.profile.json",
        "x-2.profile.json",
    ]
    assert sorted(path.read_text() for path in tmp_path.iterdir()) == ["a", "b"]


def test_the_user_s_own_file_is_written_at_the_end_alone(tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    own.write_text("of an earlier run")
    found = destination.of(tmp_path / "runs", "run", own)
    assert found is not None
    assert found.partial not in (own, found.record)
    found.discard()  # as an interrupt does
    assert own.read_text() == "of an earlier run"
    found.partial.parent.mkdir()
    found.partial.write_text(json.dumps(RUN))
    assert found.complete() == tmp_path / "runs" / "run.json"
    assert json.loads(own.read_text()) == RUN


LONG = "x" * 300
"""Longer than a file's name may be."""


@pytest.mark.parametrize("name", [LONG, f"{LONG}/{LONG}"])
def test_a_name_that_is_too_long_is_refused_at_once(name: str, tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match=r"cannot write to .*: File name too long; choose another folder with --out"):
        store.require_writable(tmp_path / name, "--out")
    with pytest.raises(
        CannotWrite, match=r"--benchmark-json: (cannot write .*: File name too long|there is no folder)"
    ):
        destination.of(None, "run", tmp_path / name)


def test_a_file_that_could_not_be_written_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match="--benchmark-json: there is no folder"):
        destination.of(None, "run", tmp_path / "absent" / "own.json")
    with pytest.raises(CannotWrite, match="no regular file"):
        destination.of(None, "run", tmp_path)


def test_what_a_killed_run_left_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / ".20260101T000000Z-0123.partial").write_text('{"benchmarks": [')
    destination.of(tmp_path, "run", None)
    assert list(tmp_path.iterdir()) == []


def test_a_published_run_is_packed_under_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = destination.of(tmp_path, "run", None, packed.SUFFIX)
    assert found is not None
    found.partial.write_text(json.dumps(RUN))
    path = found.complete()
    assert path.name == "run.json.xz"
    assert packed.unpack(path.read_bytes()) == RUN
    assert found.rescue(RUN).suffix == ".json"
