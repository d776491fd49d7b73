"""The file of a run is refused before anything is measured; its evidence for two devices is read at once."""

from __future__ import annotations

import itertools
import re
import threading
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from backends import find
from suite.cases import HEADLINE
from suite.device import provenance
from suite.record.compiled import Compiled
from suite.record.machine import Machine
from suite.record.run import Run
from suite.record.store import CannotWrite, require_writable
from suite.session import run_file
from suite.session.run_file import require_publishable

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
    both = threading.Barrier(2, timeout=600)
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


def test_only_a_clean_commit_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "commit", lambda: "0123")
    monkeypatch.setattr(provenance, "tree_clean", lambda: False)
    with pytest.raises(CannotWrite, match="commit first"):
        require_publishable([])


DUBIOUS = "fatal: detected dubious ownership in repository at '/x'\nTo add an exception for this directory, call:\n"


@pytest.mark.parametrize(
    ("git", "said"),
    [
        (CompletedProcess((), 128, "", DUBIOUS), "detected dubious ownership in repository at '/x'"),
        (FileNotFoundError(2, "No such file or directory"), "git cannot be run: No such file or directory"),
    ],
)
def test_git_s_own_trouble_is_not_called_a_lack_of_commits(
    git: object, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenance, "_asked_git", lambda *_: git)
    monkeypatch.delenv("DIAGBENCH_COMMIT", raising=False)
    with pytest.raises(CannotWrite, match=re.escape(said)):
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
