"""The file of a run: refused before anything is measured, or complete under its name; its evidence is read at once."""

from __future__ import annotations

import errno
import itertools
import json
import threading
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from backends import find
from suite.cases import HEADLINE
from suite.device import provenance
from suite.record.compiled import Compiled
from suite.record.machine import Machine
from suite.record.run import Run
from suite.record.store import CannotWrite, require_writable
from suite.session import run_file
from suite.session.run_file import complete, lines, require_publishable

H100 = Machine(
    kind="cuda", name="H100", compute_capability=(9, 0), sm_count=132, cache_bytes=50 << 20, memory_bytes=1 << 36
)


def compiled(capability: tuple[int, int], sms: int) -> Compiled:
    return Compiled(
        backend="triton_tuned", case=HEADLINE.id, compute_capability=capability, kernel="k", config="", grid=(1, 1, 1),
        block=(128, 1, 1), registers=32, spill_bytes=0, shared_bytes=0, global_load_bits={}, global_store_bits={},
        warps_per_block=4, blocks_per_sm=12, occupancy=1.0, active_warps=48, max_warps=48, limiter="threads",
        sm_count=sms, waves=1.0,
    )  # fmt: skip


@pytest.mark.parametrize("fails", [None, "8.9"])
def test_the_evidence_for_two_devices_is_read_at_once(fails: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the two processes ends only when both have begun; one that fails takes only itself out, and says so."""
    both = threading.Barrier(2, timeout=30)
    said: list[str] = []

    def run(command: list[str], **options: object) -> CompletedProcess[str]:
        both.wait()
        told = dict(itertools.pairwise(command))
        if told["--capability"] != fails:
            major, minor = map(int, told["--capability"].split("."))
            row = compiled((major, minor), int(told["--sms"]))
            Path(told["--json"]).write_text(Run(sweep="", command="", compiled=(row,)).model_dump_json())
        return CompletedProcess(command, 0, "", "no compiler")

    monkeypatch.setattr("subprocess.run", run)
    monkeypatch.setattr("backends.missing", lambda entry: [])
    found = [
        (row.compute_capability, row.sm_count) for row in run_file.compiled(find(["triton_tuned"]), H100, said.append)
    ]
    assert found == ([((9, 0), 132)] if fails else [((8, 9), 128), ((9, 0), 132)])
    assert ("nothing compiled for sm_89: no compiler" in said) == bool(fails)


def test_nothing_that_compiles_is_no_evidence() -> None:
    assert run_file.compiled(find(["torch_broadcast"]), H100, lambda text: pytest.fail(text)) == ()


@pytest.mark.parametrize(("commit", "clean"), [("unknown", None), ("0123", False)])
def test_only_a_clean_commit_is_published(commit: str, clean: bool | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "commit", lambda: commit)
    monkeypatch.setattr(provenance, "tree_clean", lambda: clean)
    with pytest.raises(CannotWrite, match="commit first"):
        require_publishable([])


def test_a_candidate_is_not_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "commit", lambda: "0123")
    monkeypatch.setattr(provenance, "tree_clean", lambda: True)
    require_publishable([])
    with pytest.raises(CannotWrite, match="--candidate"):
        require_publishable([Path("mine.py")])


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    require_writable(tmp_path / "new" / "folder", "--record")
    (tmp_path / "file").touch()
    with pytest.raises(CannotWrite, match="it is a file"):
        require_writable(tmp_path / "file", "--record")


RUN: dict[str, Any] = {
    "machine_info": {"node": "host"},
    "benchmarks": [{"name": "a", "stats": {"data": [0.1, 1e-9]}}, {"name": "b"}],
}


@pytest.mark.parametrize("benchmarks", [0, 1, 2])
def test_a_run_s_file_has_a_line_per_benchmark_and_says_the_same(benchmarks: int) -> None:
    run = RUN | {"benchmarks": RUN["benchmarks"][:benchmarks]}
    text = lines(json.dumps(run, indent=4))
    assert json.loads(text) == run
    assert len(text.splitlines()) == 2 + max(benchmarks, 1)


def test_where_no_space_is_left_the_file_stays_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written, write = tmp_path / ".run.partial", Path.write_text
    written.write_text(json.dumps(RUN, indent=4))

    def full(self: Path, text: str, **options: Any) -> int:
        write(self, text[: len(text) // 2], **options)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(CannotWrite, match=r"No space left on device; the run is whole in .*\.run\.partial"):
        complete(written, tmp_path / "run.json")
    assert json.loads(written.read_text()) == RUN
    assert list(tmp_path.iterdir()) == [written]


def test_a_partial_file_gets_its_name_and_a_user_s_own_stays(tmp_path: Path) -> None:
    partial, own = tmp_path / ".run.partial", tmp_path / "own.json"
    for written in (partial, own):
        written.write_text(json.dumps(RUN | {"datetime": written.name}, indent=4))
        complete(written, tmp_path / "run.json")
        assert json.loads((tmp_path / "run.json").read_text())["datetime"] == written.name
    assert json.loads(own.read_text())["datetime"] == own.name
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own.json", "run.json"]
