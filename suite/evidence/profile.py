"""Nsight Compute's counters of one launch of each backend, which say why it is fast: `tox -e profile`.

Each backend gets two runs of ncu and, under each, a process of its own (profiled_launch.py). One that fails takes only
itself out, and every kernel that ncu sees is that backend's.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rich.table import Table

import backends
from suite import LOCAL, command_line
from suite.cases import HEADLINE, Case, UnknownCase, parse
from suite.device import locks
from suite.evidence import ncu
from suite.evidence.child import output
from suite.evidence.ncu import COPY, CannotProfile, Metrics
from suite.record import store
from suite.record.machine import Machine
from suite.record.measurement import Outcome
from suite.record.profile import Profile
from suite.scratch import Scratch
from suite.text import console
from suite.worker.messages import Describe, Identify
from suite.worker.process import Worker, WorkerFailed

SILENCE_S = 600.0
"""A backend's process is taken to hang after so long: it imports, compiles, tunes, and is replayed some ten times."""


@contextmanager
def held_device() -> Iterator[Machine]:
    """The current CUDA device, asked in a process of its own; within the context no other run measures on it.

    Raises CannotProfile where there is none, and where another process measures on it.
    """
    worker = Worker()
    try:
        machine: Machine = worker.request(Describe())
        uuid: str = worker.request(Identify())
    except WorkerFailed as failure:
        raise CannotProfile(f"the device cannot be described: {failure}") from None
    finally:
        worker.stop()
    if machine.kind != "cuda":
        raise CannotProfile("no CUDA device here, so there is nothing to count")
    with locks.device(uuid):
        yield machine


def profile(entries: Iterable[backends.Entry], case: Case, machine: Machine, tool: Path, command: str) -> Profile:
    """One launch of each entry in the case, counted by the ncu at `tool`; what fails is an outcome.

    command: what to type to repeat it. Raises CannotProfile, Unreadable.
    """
    version = ncu.version(tool)
    kernels: dict[str, Metrics] = {}
    launched: dict[str, tuple[str, ...]] = {}
    forms: dict[str, str] = {}
    outcomes: list[Outcome] = []
    for entry in entries:
        found = _unable(entry, case) or _count(entry, case, tool)
        if isinstance(found, Outcome):
            outcomes.append(found)
            continue
        forms[entry.name], launches = found
        names = []
        for name, metrics in launches:
            names.append(_numbered(name, kernels))
            kernels[names[-1]] = metrics
        launched[entry.name] = tuple(names)
    return Profile(
        utc=datetime.now(UTC).replace(microsecond=0),
        command=command,
        machine=machine,
        case=case.id,
        tool=version,
        options=ncu.all_options(),
        units={name: metric.unit for name, metric in ncu.METRICS.items()},
        kernels=kernels,
        backends=launched,
        forms=forms,
        outcomes=tuple(outcomes),
    )


def _numbered(name: str, taken: dict[str, Metrics]) -> str:
    """The name itself or, where a kernel of that name has been counted, with the first free number."""
    names = itertools.chain([name], (f"{name} #{number}" for number in itertools.count(2)))
    return next(each for each in names if each not in taken)


def _unable(entry: backends.Entry, case: Case) -> Outcome | None:
    if unavailable := backends.why_unavailable(entry, "cuda"):
        return Outcome(backend=entry.name, kind="unavailable", reason=unavailable)
    if unsupported := backends.why_unsupported(entry, case.dtype):
        return Outcome(backend=entry.name, case=case.id, kind="unsupported", reason=unsupported)
    return None


Counted = tuple[str, list[tuple[str, Metrics]]]
"""The form that ran, and the kernels of its launch."""


def _count(entry: backends.Entry, case: Case, tool: Path) -> Counted | Outcome:
    """One launch as all of ncu.RUNS counted it. Raises CannotProfile, Unreadable."""
    counted = []
    for names in ncu.RUNS:
        found = _count_once(entry, case, tool, names)
        if isinstance(found, Outcome):
            return found
        counted.append(found)
    launches = ncu.merged([launches for _, launches in counted])
    if not launches:
        reason = "the process launched other kernels in ncu's second run than in its first; profile it again"
        return Outcome(backend=entry.name, case=case.id, kind="crashed", reason=reason)
    forms = dict.fromkeys(form for form, _ in counted)
    return "; in ncu's second run: ".join(forms), launches


def _count_once(entry: backends.Entry, case: Case, tool: Path, names: Sequence[str]) -> Counted | Outcome:
    """One launch with these metrics, by an ncu and a process of its own. Raises CannotProfile, Unreadable."""
    failed = partial(Outcome, backend=entry.name, case=case.id)
    with Scratch() as folder:
        log, answer = Path(folder, "ncu.csv"), Path(folder, "answer.json")
        child = [sys.executable, "-m", "suite.evidence.profiled_launch", entry.path or entry.name, case.id, str(answer)]
        said = output([str(tool), *ncu.options(names), "--log-file", str(log), *child], SILENCE_S)
        printed = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        answered: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8")) if answer.exists() else {}
    if said is None:
        return failed(kind="timeout", reason=f"not done after {SILENCE_S:.0f} s under Nsight Compute")
    if "ERR_NVGPUCTRPERM" in printed + said:
        raise CannotProfile(ncu.NO_PERMISSION)
    if "kind" in answered:
        return Outcome.model_validate(answered)
    launches = ncu.kernels(printed, names)
    if not answered or not launches:
        return failed(kind="crashed", reason=ncu.last_words(printed, said))
    return answered["form"], launches


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. 0: stored; 1: nothing was counted or stored; 2: the request makes no sense. One line each."""
    return command_line.run("profile", lambda: _main(arguments))


def _main(arguments: Sequence[str] | None) -> int:
    args = _parser().parse_args(arguments)
    entries, case = _request(args)
    chosen = [f"--backends={args.backends}"] if args.backends else []
    chosen += [f"--case={args.case}"] if args.case != HEADLINE.id else []
    command = shlex.join(["tox", "-e", "profile", *(["--", *chosen] if chosen else [])])
    store.require_writable(args.out, "--out")
    with held_device() as machine:
        profiled = profile(entries, case, machine, ncu.find(), command)
    _show(profiled)
    if not profiled.kernels:
        raise CannotProfile("no backend could be profiled")
    print(f"profile: {store.write_document(profiled, args.out)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = command_line.Parser("profile", description="Nsight Compute's counters of one launch of each backend.")
    parser.add_argument("--backends", metavar="A,B", help="by default all that run on a GPU, and the ceiling's copy")
    parser.add_argument("--case", default=HEADLINE.id, help="a case id (%(default)s)")
    parser.add_argument("--out", type=Path, default=LOCAL, metavar="DIR", help="where the file goes (%(default)s)")
    return parser


def _request(args: argparse.Namespace) -> tuple[list[backends.Entry], Case]:
    case = parse(args.case)
    if not case.bytes_moved:
        raise UnknownCase(f"{case.id} is empty: there is nothing to launch")
    if args.backends is None:
        return [COPY, *(entry for entry in backends.CATALOGUE if "cuda" in entry.devices)], case
    return list(backends.find(name for name in args.backends.split(",") if name)), case


def _show(profiled: Profile) -> None:
    """A table of all that was counted, then one line for each backend that was not."""
    title = f"{profiled.case}, {profiled.machine.name}, Nsight Compute {profiled.tool}"
    table = Table("backend", "kernel", title=title)
    for name, unit in profiled.units.items():
        table.add_column(f"{name}, {unit}", justify="right")
    for backend, names in profiled.backends.items():
        for kernel in names:
            values = (profiled.kernels[kernel].get(name) for name in profiled.units)
            table.add_row(backend, kernel, *("–" if value is None else f"{round(value, 2):,}" for value in values))
    if profiled.kernels:
        console(200).print(table)
    for outcome in profiled.outcomes:
        print(f"{outcome.backend}: {outcome.kind}: {outcome.reason}")


if __name__ == "__main__":
    sys.exit(main())
