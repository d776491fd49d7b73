"""The command `python -m suite.scaling`: the row-sharded product on several GPUs; one rank per GPU.

By itself it starts a rank for each GPU of this host. Under torchrun, with any number of hosts, it is a rank.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from suite import LOCAL, command_line
from suite.device import locks, provenance
from suite.record import store
from suite.record.scaling import Scaling
from suite.scaling.cases import CPU_MEMORY_BYTES, CannotScale, Problem, problems
from suite.worker import ranks
from suite.worker.process import die_with_parent

FRESH_S = 86_400.0
"""How old what a stopped command has measured may be for the same command to go on from it: a day."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. 0: stored; 1: nothing was measured or stored; 2: the request makes no sense. One line each."""
    return command_line.run("scaling", lambda: _main(arguments))


def _main(arguments: Sequence[str] | None) -> int:
    parser = command_line.Parser("scaling", description="The row-sharded product on several GPUs.")
    parser.add_argument("--gpus", default="all", metavar="all|0,1", help="those of this host; cpu,cpu tries it without")
    parser.add_argument("--out", type=Path, default=LOCAL, metavar="DIR", help="where the file goes (%(default)s)")
    parser.add_argument("--cases", default="", metavar="WORDS", help="only problems whose whole case holds this text")
    asked = parser.parse_args(arguments)
    places = ranks.places(asked.gpus)
    if ranks.CPU in places:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.environ["NCCL_NVLS_ENABLE"] = "0"  # NVLink's multicast, which a broadcast of A can do without
    store.require_writable(asked.out, "--out")
    if ranks.is_rank():
        die_with_parent()
        return _rank(asked.gpus, places[int(os.environ["LOCAL_RANK"])], asked.out, asked.cases)
    _chosen(places[0], len(places), asked.cases, _memory(places))  # what is wrong is said once, before there are ranks
    given = ["--gpus", asked.gpus, "--out", str(asked.out), "--cases", asked.cases]
    return ranks.launch("suite.scaling", given, len(places))


def _memory(places: Sequence[str]) -> int:
    """Bytes of the device with the least memory."""
    import torch

    sizes = [torch.cuda.get_device_properties(int(place)).total_memory for place in places if place != ranks.CPU]
    return min(sizes, default=CPU_MEMORY_BYTES)


def _chosen(place: str, count: int, words: str, memory_bytes: int) -> list[Problem]:
    """The problems for so many ranks whose whole case holds the words. Raises CannotScale."""
    every = problems("cpu" if place == ranks.CPU else "cuda", count, memory_bytes)
    chosen = [each for each in every if words in each.whole(count).id]
    if not chosen:
        raise CannotScale(f"no case holds {words}; there are {', '.join(each.whole(count).id for each in every)}")
    return chosen


def _rank(gpus: str, place: str, out: Path, cases: str) -> int:
    """Measure with the others; rank 0 keeps and writes."""
    from suite.device.machine import uuid
    from suite.scaling.measure import measure
    from suite.scaling.mesh import Mesh

    command = f"tox -e scaling -- --gpus {gpus}" + (f" --cases {cases}" if cases else "")
    mesh = Mesh(place)
    try:
        chosen = _chosen(place, mesh.ranks, cases, min(mesh.all(_memory([place]))))
        kept = _kept(out, command, mesh.ranks)
        before = mesh.from_first(_read(kept) if mesh.rank == 0 else None)
        with locks.device(uuid(mesh.device.kind) or f"cpu-{mesh.rank}"):
            found = measure(mesh, chosen, before, command, lambda so_far: _keep(kept, so_far, mesh.rank))
    finally:
        mesh.close()
    if mesh.rank == 0:
        print(f"scaling: {store.write_document(found, out)}", flush=True)
        kept.unlink(missing_ok=True)
    return 0


def _kept(out: Path, command: str, ranks: int) -> Path:
    """Where what is measured stands until the command has ended."""
    told = "\0".join([command, str(ranks), provenance.commit(), str(provenance.tree_clean())])
    return out / f".{hashlib.sha256(told.encode()).hexdigest()[:8]}.scaling"


def _read(kept: Path) -> Scaling | None:
    """What an earlier try of the command has measured within a day."""
    try:
        before = Scaling.model_validate_json(kept.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # there is none, or it was cut short
    return before if (datetime.now(UTC) - before.utc).total_seconds() < FRESH_S else None


def _keep(kept: Path, so_far: Scaling, rank: int) -> None:
    if rank == 0:
        store.write(kept, so_far.model_dump_json())
        done = so_far.rows[-1].whole if so_far.rows else "nothing"
        print(f"{len(so_far.rows)} rows, {len(so_far.outcomes)} outcomes, the last {done}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
