"""Nsight Compute's counters of one launch of each backend: `python -m suite.profile`. They say why a backend is fast.

Each backend gets two runs of ncu and, under each, a process of its own: one that fails takes only itself out, and every
kernel that ncu sees is that backend's. The process passes the gate, walks the operand sets of the series cold, and
launches once more between cudaProfilerStart and cudaProfilerStop.
`suite.ncu` says why that launch is one of the series.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NoReturn

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

import backends
from suite import locks, ncu, record
from suite.cases import HEADLINE, Case, UnknownCase, parse
from suite.messages import Describe, Identify
from suite.ncu import CannotProfile, Metrics, Unreadable
from suite.worker import Worker, WorkerFailed

if TYPE_CHECKING:
    from suite.timing import Device

ROOT = Path(__file__).parent.parent
LOCAL = ROOT / "reports" / "local"
SUFFIX = ".profile.json"
"""Ends the name of a profile's file, which lies beside the runs of its device."""

SEED = 30_000
SILENCE_S = 600.0
"""A backend's process is taken to hang after so long: it imports, compiles, tunes, and is replayed some ten times."""


def read(path: Path) -> record.Profile:
    """A profile's file. Raises record.BadRecord: unreadable, cut short, of another schema, or with a field amiss."""
    try:
        return record.Profile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise record.BadRecord(f"{path}: cannot be read ({error.strerror})") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        field = f", field {where}" if where else ""
        raise record.BadRecord(f"{path}: no profile{field}: {first['msg']}; `tox -e profile` writes one") from None


def describe() -> record.Machine:
    """The current CUDA device, asked in a process of its own, and this process's alone from now on.

    Raises CannotProfile where there is none, and where another process measures on it.
    """
    worker = Worker()
    try:
        machine: record.Machine = worker.request(Describe())
        if machine.kind == "cuda":
            locks.hold_device(worker.request(Identify()))
    except WorkerFailed as failure:
        raise CannotProfile(f"the device cannot be described: {failure}") from None
    except locks.Busy as busy:
        raise CannotProfile(str(busy)) from None
    finally:
        worker.stop()
    if machine.kind != "cuda":
        raise CannotProfile("no CUDA device here, so there is nothing to count")
    return machine


def profile(
    entries: Iterable[backends.Entry], case: Case, machine: record.Machine, tool: Path, command: str
) -> record.Profile:
    """One launch of each entry in the case, counted by the ncu at `tool`; what fails is an outcome.

    command: what to type to repeat it. Raises CannotProfile, Unreadable.
    """
    version = ncu.version(tool)
    kernels: dict[str, Metrics] = {}
    launched: dict[str, tuple[str, ...]] = {}
    forms: dict[str, str] = {}
    outcomes: list[record.Outcome] = []
    for entry in entries:
        found = _unable(entry, case) or _count(entry, case, tool)
        if isinstance(found, record.Outcome):
            outcomes.append(found)
            continue
        forms[entry.name], launches = found
        names = []
        for name, metrics in launches:
            names.append(_numbered(name, kernels))
            kernels[names[-1]] = metrics
        launched[entry.name] = tuple(names)
    return record.Profile(
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


def _unable(entry: backends.Entry, case: Case) -> record.Outcome | None:
    failed = partial(record.Outcome, backend=entry.name)
    if "cuda" not in entry.devices:
        return failed(kind="unavailable", reason=f"runs on {' and '.join(entry.devices)}, this device is cuda")
    if absent := backends.missing(entry):
        return failed(kind="unavailable", reason=f"{' and '.join(absent)} not installed")
    if case.dtype not in entry.dtypes:
        return failed(case=case.id, kind="unsupported", reason=f"takes {', '.join(entry.dtypes)}, not {case.dtype}")
    return None


Counted = tuple[str, list[tuple[str, Metrics]]]
"""The form that ran, and the kernels of its launch."""


def _count(entry: backends.Entry, case: Case, tool: Path) -> Counted | record.Outcome:
    """One launch as all of ncu.RUNS counted it. Raises CannotProfile, Unreadable."""
    counted = []
    for names in ncu.RUNS:
        found = _count_once(entry, case, tool, names)
        if isinstance(found, record.Outcome):
            return found
        counted.append(found)
    launches = ncu.merged([launches for _, launches in counted])
    if not launches:
        reason = "the process launched other kernels in ncu's second run than in its first; profile it again"
        return record.Outcome(backend=entry.name, case=case.id, kind="crashed", reason=reason)
    forms = dict.fromkeys(form for form, _ in counted)
    return "; in ncu's second run: ".join(forms), launches


def _count_once(entry: backends.Entry, case: Case, tool: Path, names: Sequence[str]) -> Counted | record.Outcome:
    """One launch with these metrics, by an ncu and a process of its own. Raises CannotProfile, Unreadable."""
    failed = partial(record.Outcome, backend=entry.name, case=case.id)
    with TemporaryDirectory() as folder:
        log, answer = Path(folder, "ncu.csv"), Path(folder, "answer.json")
        child = [sys.executable, "-m", "suite.profile", "--child", str(answer)]
        child += ["--backends", entry.name, "--case", case.id]
        said = _run([str(tool), *ncu.options(names), "--log-file", str(log), *child])
        printed = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        answered: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8")) if answer.exists() else {}
    if said is None:
        return failed(kind="timeout", reason=f"not done after {SILENCE_S:.0f} s under Nsight Compute")
    if "ERR_NVGPUCTRPERM" in printed + said:
        raise CannotProfile(ncu.NO_PERMISSION)
    if "kind" in answered:
        return record.Outcome.model_validate(answered)
    launches = ncu.kernels(printed, names)
    if not answered or not launches:
        return failed(kind="crashed", reason=ncu.last_words(printed, said))
    return answered["form"], launches


def _run(command: Sequence[str]) -> str | None:
    """What the command prints; None where it had to be ended, with all that it had started."""
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "LC_ALL": "C"},  # numbers as 1,234.5
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            return process.communicate(timeout=SILENCE_S)[0]
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                return None
            raise


def launch_under_ncu(entry: backends.Entry, case: Case, answer: Path) -> None:
    """The child: launch, and write the form that ran, or the Outcome of what failed, into `answer`."""
    from suite.server import why
    from suite.timing import Device

    device = Device()
    try:
        with device.active():
            written = json.dumps({"form": _launch(entry, case, device)})
    except Exception as error:
        kind, reason = why(error)
        written = record.Outcome(backend=entry.name, case=case.id, kind=kind, reason=reason).model_dump_json()
    answer.write_text(written, encoding="utf-8")


def _launch(entry: backends.Entry, case: Case, device: Device) -> str:
    """Pass the gate, walk the sets of the series cold twice, and launch on the first, profiled; returns the form."""
    import torch

    from suite import gate, machine, operands, timing

    def bind(on: operands.Operands) -> backends.Launch:
        return backends.load(entry).bind(on.a, on.b, on.out, device.stream)

    needed = timing.sets_needed(case.bytes_moved, machine.cache_bytes(device.kind))
    sets = [operands.allocate(case, device.torch) for _ in range(min(needed, timing.MOST_LAUNCHES))]
    gate.check(
        sets[0],
        bind,
        device.synchronize,
        seed=SEED,
        fresh_output=entry.allocates,
        own_stream=entry.own_stream,
        tolerance_ulp=entry.tolerance_ulp,
        exempt=entry.exempt,
    )
    for each in sets:
        each.fill(SEED, operands.ORDINARY)
    launches = [bind(each) for each in sets]
    for launch in 2 * launches:
        launch()
    device.synchronize()
    torch.cuda.profiler.start()
    launches[0]()
    device.synchronize()
    torch.cuda.profiler.stop()
    return getattr(launches[0], "form", "")


def write(profiled: record.Profile, folder: Path) -> Path:
    """Store a profile as <utc>-<commit>.profile.json; the file is there whole or not at all.

    Raises CannotProfile where the folder cannot be written.
    """
    commit, clean = profiled.machine.commit, profiled.machine.tree_clean
    stem = f"{profiled.utc:%Y%m%dT%H%M%SZ}-{commit[:8]}{'-dirty' if clean is False else ''}"
    partly, path = folder / f".{stem}.partial", folder / f"{stem}{SUFFIX}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partly.write_text(profiled.model_dump_json(indent=2) + "\n", encoding="utf-8")
        partly.replace(path)
    except OSError as error:
        raise CannotProfile(f"cannot write to {folder}: {error.strerror}; choose another with --out") from None
    return path


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"suite.profile: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. 0: stored; 1: nothing was counted or stored; 2: the request makes no sense. One line each."""
    args = _parser().parse_args(arguments)
    try:
        entries, case = _request(args)
        if args.child:
            launch_under_ncu(entries[0], case, args.child)
            return 0
        chosen = [f"--backends={args.backends}"] if args.backends else []
        chosen += [f"--case={args.case}"] if args.case != HEADLINE.id else []
        command = shlex.join(["tox", "-e", "profile", *(["--", *chosen] if chosen else [])])
        profiled = profile(entries, case, describe(), ncu.find(), command)
        _show(profiled)
        if not profiled.kernels:
            raise CannotProfile("no backend could be profiled")
        print(f"profile: {write(profiled, args.out)}")
    except (UnknownCase, backends.UnknownBackend, CannotProfile, Unreadable) as error:
        print(f"suite.profile: {error}", file=sys.stderr)
        return 1 if isinstance(error, CannotProfile | Unreadable) else 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser("python -m suite.profile", description="Nsight Compute's counters of one launch of each backend.")
    parser.add_argument("--backends", metavar="A,B", help="by default all that run on a GPU")
    parser.add_argument("--case", default=HEADLINE.id, help="a case id (%(default)s)")
    parser.add_argument("--out", type=Path, default=LOCAL, metavar="DIR", help="where the file goes (%(default)s)")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    return parser


def _request(args: argparse.Namespace) -> tuple[list[backends.Entry], Case]:
    case = parse(args.case)
    if not case.bytes_moved:
        raise UnknownCase(f"{case.id} is empty: there is nothing to launch")
    if args.backends is None:
        return [entry for entry in backends.CATALOGUE if "cuda" in entry.devices], case
    return list(backends.find(name for name in args.backends.split(",") if name)), case


def _show(profiled: record.Profile) -> None:
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
        Console(width=None if sys.stdout.isatty() else 200).print(table)
    for outcome in profiled.outcomes:
        print(f"{outcome.backend}: {outcome.kind}: {outcome.reason}")


if __name__ == "__main__":
    sys.exit(main())
