"""Runs on several GPUs: what each rank is given, whose turn it is, and that who fails takes only itself out."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from suite import ROOT
from suite.device import locks
from suite.record.group import Group
from suite.session import rank, ranks
from suite.worker import ranks as places

GROUP = Group(utc=datetime(2026, 1, 2, tzinfo=UTC), host="abcd", rank=1, size=2, gpus="all", place="1")


def test_each_gpu_is_a_place_and_what_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_gpus", lambda: 3)
    assert places.places("all") == ("0", "1", "2")
    assert places.places("2,0") == ("2", "0")
    assert places.places("cpu,cpu") == ("cpu", "cpu")
    for asked in ("0,0", "3", "", "cpu,0"):
        with pytest.raises(places.NoSuchGPU, match="this host has 0, 1, 2"):
            places.places(asked)
    monkeypatch.setattr(places, "_gpus", lambda: 0)
    with pytest.raises(places.NoSuchGPU, match="this host has none"):
        places.places("all")


def test_a_rank_sees_its_gpu_among_those_that_were_visible() -> None:
    assert places.visible("1", {"CUDA_VISIBLE_DEVICES": "4,GPU-7"}) == {"CUDA_VISIBLE_DEVICES": "GPU-7"}
    assert places.visible("1", {}) == {"CUDA_VISIBLE_DEVICES": "1"}
    assert places.visible("cpu", {}) == {"CUDA_VISIBLE_DEVICES": ""}
    launched = {"RANK": "1", "LOCAL_WORLD_SIZE": "2", "TORCHELASTIC_RUN_ID": "x", "MASTER_PORT": "1"}
    assert places.alone({**launched, "PATH": "/bin", "RANKED": "y"}) == {"PATH": "/bin", "RANKED": "y"}


def test_what_waits_to_be_alone_goes_before_those_who_come_later(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(locks.TURNS, str(tmp_path / "turns"))

    def refused(name: str, kind: int) -> bool:
        handle = os.open(tmp_path / name, os.O_RDONLY | os.O_CREAT)
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(handle)
        return False

    with locks.turn(alone=False):
        assert not refused("turns", fcntl.LOCK_SH)
        assert refused("turns", fcntl.LOCK_EX)
        assert not refused("turns.door", fcntl.LOCK_EX)
    with locks.turn(alone=True):
        assert refused("turns", fcntl.LOCK_SH)
    assert not refused("turns", fcntl.LOCK_EX)


def test_the_same_command_within_a_day_is_the_same_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    first = rank._begin(tmp_path, "all", ["--sweep=full"])
    assert rank._begin(tmp_path, "all", ["--sweep=full"]) == first
    path = rank._group_file(tmp_path, "all", ["--sweep=full"])
    path.write_text(first.model_copy(update={"utc": first.utc - timedelta(days=2)}).model_dump_json())
    assert rank._begin(tmp_path, "all", ["--sweep=full"]).utc >= first.utc
    path.write_text("{")
    assert rank._begin(tmp_path, "all", ["--sweep=full"]).size == 2


def test_every_rank_of_a_host_says_the_same_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no network card, uuid.getnode() is random in each process."""
    first = places.host()
    monkeypatch.setattr("uuid.getnode", lambda: 1)
    assert places.host() == first
    monkeypatch.setattr("platform.node", lambda: "another")
    assert places.host() != first


def test_the_launcher_gets_the_command_without_gpus() -> None:
    assert ranks.without_gpus(["-q", "--gpus", "0,1", "--gpus=all", "--sweep=full"]) == ["-q", "--sweep=full"]
    assert GROUP.label == "abcd-r1"


FAKE = """
    import os, pathlib, signal, sys
    from suite.device import provenance
    from suite.record import store
    from suite.session import ranks
    if __name__ != "__main__":
        group = ranks.group()
        if group.rank == {killed} and not os.path.exists("{once}"):
            open("{once}", "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        name = store.stem(group.utc, provenance.commit(), provenance.tree_clean())
        folder = pathlib.Path("{folder}", group.label)
        assert not (folder / f"{{name}}-{{group.label}}.json").exists()
        (folder / f"{{name}}-{{group.label}}.json").write_text("a run")
    def test_nothing(): pass
"""


def faked(folder: Path, killed: int) -> list[str]:
    """What a rank gives pytest; killed: the rank whose first run ends itself."""
    fake = folder / "bench_fake.py"
    fake.write_text(textwrap.dedent(FAKE.format(once=folder / "once", folder=folder / "runs", killed=killed)))
    options = ["-p", "suite.session.plugin", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml")]
    return [*options, str(fake), f"--record={folder / 'runs'}"]


def test_a_rank_that_is_killed_takes_only_itself_out_and_is_tried_again(tmp_path: Path) -> None:
    """Two ranks by torch.distributed's launcher, whose runs are a file that writes its record or kills itself."""
    launcher = ["-m", "suite.session.rank", "--gpus", "cpu,cpu", "--launch", "--"]
    command = [sys.executable, *launcher, *faked(tmp_path, killed=1)]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    said = done.stdout.splitlines()
    assert done.returncode == 1
    assert said[0].startswith(f"rank 0, cpu  run: {tmp_path}/runs/")
    assert "rank 1, cpu  no run: its process was ended by SIGKILL; the same command tries it again" in said

    (kept,) = tmp_path.glob("runs/.*.group")
    group = Group.model_validate_json(kept.read_text()).model_copy(update={"place": "cpu"})
    given = command[command.index("--launch") + 2 : -1]
    came = [rank._run(group.model_copy(update={"rank": n}), tmp_path / "runs", given) for n in (0, 1)]
    assert f"rank 0, cpu  run: {came[0].run}" == said[0]  # what was run is not run again
    assert [each.code for each in came] == [0, 0]
    assert rank._conclude(came, kept) == 0
    assert not kept.exists()


def test_two_launchers_make_one_group_of_runs(tmp_path: Path) -> None:
    """As on two hosts, by torchrun over loopback: each has one rank, and the first rank says what came of all."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1", "--master-addr"]
    torchrun += ["127.0.0.1", "--master-port", port]
    asked = ["-m", "suite.session.rank", "--gpus", "cpu", "--", *faked(tmp_path, killed=-1)]
    both = [
        subprocess.Popen([*torchrun, f"--node-rank={n}", *asked], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for n in (0, 1)
    ]
    said = [each.communicate(timeout=600)[0].splitlines() for each in both]
    assert [each.returncode for each in both] == [0, 0]
    runs = sorted((tmp_path / "runs").rglob("*.json"))
    assert [line.partition("run: ")[2] for line in said[0][:2]] == [str(run) for run in runs]
    assert said[1] == []
    assert len({run.name.removesuffix(f"-{run.parent.name}.json") for run in runs}) == 1  # they began as one
    assert [run.parent.name[-3:] for run in runs] == ["-r0", "-r1"]
    assert list(tmp_path.glob("runs/.*.group")) == []
