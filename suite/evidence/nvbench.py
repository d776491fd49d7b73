"""Does a third party's timer agree? The same bound launches by NVIDIA's nvbench, cold and batch: `tox -e nvbench`.

Where it differs, a load of our own that is the same as nvbench's says why. Its cold flush writes, its batch uses one
operand set, its launches are queued on a stream.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from rich.table import Table

import backends
from backends import CannotDo, Entry
from suite import LOCAL, command_line
from suite.cases import Case, parse
from suite.evidence.child import output
from suite.evidence.profile import held_device
from suite.record import store
from suite.record.machine import Machine
from suite.record.measurement import Outcome
from suite.record.nvbench import Nvbench, Own, Theirs, Timed
from suite.scratch import Scratch
from suite.text import console

CASES = ("8192x8192-float32-contiguous", "4096x4096-float32-contiguous", "2400x2400-float32-contiguous")
"""In DRAM for long, in DRAM for short, and of a size that an H100's L2 holds, where one operand set is not cold."""

SILENCE_S = 600.0

NO_NVBENCH = "nvbench is not installed: `tox -e nvbench` installs it, or `pip install cuda-bench[cu13]`"


def compare(entries: Sequence[Entry], cases: Sequence[Case], machine: Machine, command: str) -> Nvbench:
    """The entries by both timers, a process per case. Raises CannotDo where one came to no end."""
    outcomes = [outcome for entry in entries if (outcome := _unable(entry)) is not None]
    able = [entry for entry in entries if entry.name not in {outcome.backend for outcome in outcomes}]
    answers = {case.id: _case(able, case) for case in cases if able}
    for each in answers.values():
        outcomes += [Outcome.model_validate(outcome) for outcome in each["outcomes"]]
    return Nvbench(
        utc=datetime.now(UTC).replace(microsecond=0),
        command=command,
        machine=machine,
        version=importlib.metadata.version("cuda-bench"),
        buffer_sets={case: each["sets"] for case, each in answers.items()},
        timed=tuple(Timed.model_validate(timed) for each in answers.values() for timed in each["timed"]),
        outcomes=tuple(outcomes),
    )


def _unable(entry: Entry) -> Outcome | None:
    if unavailable := backends.why_unavailable(entry, "cuda"):
        return Outcome(backend=entry.name, kind="unavailable", reason=unavailable)
    if entry.own_stream:
        return Outcome(backend=entry.name, kind="unsupported", reason="it launches on a stream of its own")
    if entry.allocates:
        return Outcome(backend=entry.name, kind="unsupported", reason="it allocates while it is timed")
    return None


def _case(entries: Sequence[Entry], case: Case) -> dict[str, Any]:
    names = ",".join(entry.name for entry in entries)
    with Scratch() as folder:
        answer = folder / "answer.json"
        said = output([sys.executable, "-m", "suite.evidence.nvbench_child", names, case.id, str(answer)], SILENCE_S)
        if said is None:
            raise CannotDo(f"{case.id}: not done after {SILENCE_S:.0f} s")
        if not answer.exists():
            lines = [line.strip() for line in said.splitlines() if line.strip()]
            raise CannotDo(f"{case.id}: {lines[-1][:300] if lines else 'the process printed nothing'}")
        found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        return found


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. 0: stored; 1: nothing could be timed; 2: the request makes no sense. One line each."""
    return command_line.run("nvbench", lambda: _main(arguments))


def _main(arguments: Sequence[str] | None) -> int:
    parser = command_line.Parser("nvbench", description="The same bound launches by NVIDIA's nvbench.")
    parser.add_argument("--backends", metavar="A,B", help="by default all that run on a GPU")
    parser.add_argument("--cases", default=",".join(CASES), metavar="A,B", help="case ids (%(default)s)")
    parser.add_argument("--out", type=Path, default=LOCAL, metavar="DIR", help="where the file goes (%(default)s)")
    args = parser.parse_args(arguments)
    named = backends.find(args.backends.split(",") if args.backends else None)
    entries = [entry for entry in named if "cuda" in entry.devices]
    cases = [parse(case) for case in args.cases.split(",")]
    store.require_writable(args.out, "--out")
    if importlib.util.find_spec("cuda") is None or importlib.util.find_spec("cuda.bench") is None:
        raise CannotDo(NO_NVBENCH)
    options = [f"--backends={args.backends}"] if args.backends else []
    options += [f"--cases={args.cases}"] if args.cases != parser.get_default("cases") else []
    command = shlex.join(["tox", "-e", "nvbench", *(["--", *options] if options else [])])
    with held_device() as machine:
        done = compare(entries, cases, machine, command)
    _show(done)
    if not done.timed:
        raise CannotDo("no backend could be timed")
    print(f"nvbench: {store.write_document(done, args.out)}")
    return 0


def _show(done: Nvbench) -> None:
    """Microseconds per launch by every load, then a line for each backend that has none."""
    table = Table("case", "backend", title=f"{done.machine.name}, nvbench {done.version}, us per launch")
    for clock, loads in (("own", get_args(Own)), ("nvbench", get_args(Theirs))):
        for load in loads:
            table.add_column(f"{clock} {load}", justify="right")
    for each in done.timed:
        seconds = [*(each.own[load] for load in get_args(Own)), *(each.nvbench[load] for load in get_args(Theirs))]
        table.add_row(each.case, each.backend, *(f"{1e6 * one:.2f}" for one in seconds))
    console(170).print(table)
    for outcome in done.outcomes:
        print(f"{outcome.backend}, {outcome.case or 'every case'}: {outcome.kind}: {outcome.reason}")


if __name__ == "__main__":
    sys.exit(main())
