"""`python -m suite.session.rank`: one rank of a run on several GPUs. It gives its GPU a pytest process of its own.

A rank never touches its GPU: what a GPU does to its process takes only that run out. The ranks agree on one group
first and tell each other at the end what came of it, by gloo. `--launch` starts the ranks of this host; torchrun,
with any number of hosts, does the same without it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from suite import LOCAL, ROOT, command_line
from suite.device import locks, provenance
from suite.record import store
from suite.record.group import Group
from suite.session.journal import FRESH_S
from suite.session.ranks import GROUP
from suite.worker import ranks
from suite.worker.process import die_with_parent, epitaph

DATA = ROOT / "reports" / "data"
"""Where --publish puts runs, among those of other commands."""

BENCH = (
    *("-q", "--no-header", "-p", "no:cacheprovider"),
    *(f"suite/session/bench_{part}.py" for part in ("correctness", "throughput", "launch", "cost")),
    *("-rfE", "--benchmark-quiet", "--benchmark-group-by=param:case,param:series"),
)
"""What tox.ini gives pytest: here for torchrun, which no tox has started."""


@dataclass(frozen=True)
class Came:
    """What came of one rank's run: its file, or why there is none."""

    rank: int
    place: str
    run: str = ""
    reason: str = ""
    code: int = 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Launch the ranks of this host, or be one; 0 where every GPU has its run and no test failed."""
    return command_line.run("bench", lambda: _main(arguments))


def _main(arguments: Sequence[str] | None) -> int:
    parser = command_line.Parser("bench", description=__doc__)
    parser.add_argument("--gpus", default="all")
    parser.add_argument("--launch", action="store_true")
    parser.add_argument("pytest", nargs=argparse.REMAINDER)
    asked = parser.parse_args(arguments)
    places = ranks.places(asked.gpus)
    given = [argument for argument in asked.pytest if argument != "--"]
    if asked.launch or not ranks.is_rank():
        return ranks.launch("suite.session.rank", ["--gpus", asked.gpus, "--", *given], len(places))
    die_with_parent()
    given = given if any("bench_" in argument for argument in given) else [*BENCH, *given]
    return _rank(asked.gpus, places[int(os.environ["LOCAL_RANK"])], given)


def _rank(gpus: str, place: str, given: list[str]) -> int:
    """Run on this rank's GPU, and where it is the first one say what came of all."""
    import torch.distributed as dist

    dist.init_process_group("gloo", timeout=timedelta(days=2))  # ranks end when their runs do
    folder, given = _folder(given)
    try:
        agreed = [_begin(folder, gpus, given) if dist.get_rank() == 0 else None]
        dist.broadcast_object_list(agreed)
        assert agreed[0] is not None
        group = agreed[0].model_copy(update={"rank": dist.get_rank(), "host": ranks.host(), "place": place})
        came = _run(group, folder, given)
        everyone: list[Came] = [came] * dist.get_world_size()
        dist.all_gather_object(everyone, came)
    finally:
        dist.destroy_process_group()
    return _conclude(everyone, _group_file(folder, gpus, given)) if group.rank == 0 else 0


def _folder(given: Sequence[str]) -> tuple[Path, list[str]]:
    """Where the runs go, each into a folder below, and the other arguments."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--record", type=Path, default=LOCAL)
    known, rest = parser.parse_known_args(given)
    return known.record, rest


def _group_file(folder: Path, gpus: str, given: Sequence[str]) -> Path:
    told = "\0".join([gpus, *given, provenance.commit(), str(provenance.tree_clean())])
    return folder / f".{hashlib.sha256(told.encode()).hexdigest()[:8]}.group"


def _begin(folder: Path, gpus: str, given: Sequence[str]) -> Group:
    """A new group, or that of the same command where it was stopped within a day. Raises CannotWrite."""
    path = _group_file(folder, gpus, given)
    try:
        before = Group.model_validate_json(path.read_text(encoding="utf-8"))
        if (datetime.now(UTC) - before.utc).total_seconds() < FRESH_S:
            return before
    except (OSError, ValueError):
        pass  # there is none, or it was cut short
    size = int(os.environ["WORLD_SIZE"])
    now = datetime.now(UTC).replace(microsecond=0)
    group = Group(utc=now, host=ranks.host(), rank=0, size=size, gpus=gpus, place="")
    store.require_writable(folder, "--record")
    store.write(path, group.model_dump_json())
    return group


def _run(group: Group, folder: Path, given: list[str]) -> Came:
    """The rank's run: the one that an earlier try of the command has written, or a pytest process on the rank's GPU."""
    name = store.stem(group.utc, provenance.commit(), provenance.tree_clean()) + f"-{group.label}"
    places = (folder / group.label, DATA) if "--publish" in given else (folder / group.label,)

    def written() -> str:
        return next((str(path) for place in places for path in sorted(place.rglob(f"{name}.*json*"))), "")

    if written():
        return Came(group.rank, group.place, written())
    code, last = _pytest(group, [*given, f"--record={folder / group.label}"], folder / group.label)
    if written():
        return Came(group.rank, group.place, written(), code=code)
    how = epitaph(code) if code < 0 else last or f"exit code {code}"
    return Came(group.rank, group.place, reason=how, code=code or 1)


def _pytest(group: Group, given: list[str], folder: Path) -> tuple[int, str]:
    """Run pytest on the rank's GPU; returns its exit code and its last line of progress, all of which are passed on.

    Its standard output, the table, goes to a file: those of several GPUs at once nobody could read.
    """
    turns = os.path.join(tempfile.gettempdir(), f"diagbench-host-{os.getuid()}.lock")
    told = {GROUP: group.model_dump_json(), locks.TURNS: turns, **ranks.visible(group.place, os.environ)}
    store.require_writable(folder, "--record")
    last = ""
    with (
        (folder / "bench.log").open("w", encoding="utf-8") as table,
        subprocess.Popen(
            [sys.executable, "-m", "pytest", *given], cwd=ROOT, env=ranks.alone(os.environ) | told, text=True,
            stdout=table, stderr=subprocess.PIPE, errors="replace",
        ) as process,
    ):  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            last = line.strip() or last
            print(f"[rank {group.rank}, {_named(group.place)}] {line}", end="", file=sys.stderr, flush=True)
    return process.returncode, last


def _named(place: str) -> str:
    return place if place == ranks.CPU else f"GPU {place}"


def _conclude(everyone: Sequence[Came], group_file: Path) -> int:
    """Say a line per rank; forget the group where all have run. Returns the worst exit code."""
    for came in everyone:
        what = f"run: {came.run}" if came.run else f"no run: {came.reason}; the same command tries it again"
        print(f"rank {came.rank}, {_named(came.place)}  {what}", flush=True)
    if all(came.run for came in everyone):
        group_file.unlink(missing_ok=True)
    if all(came.run and not Path(came.run).is_relative_to(DATA) for came in everyone):
        folders = " ".join(sorted({str(Path(came.run).parent) for came in everyone}))
        print(f"together, with the spread between them: python -m reports merge {folders} --to DIR", flush=True)
    return int(any(came.code for came in everyone))


if __name__ == "__main__":
    sys.exit(main())
