"""The file of a run: where it goes, what it says beside the measurements, and its name, which it gets when complete."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import backends
from suite import provenance
from suite.bench import Bench
from suite.record import Compiled, Machine, Run

ROOT = Path(__file__).parent.parent
PARTIAL = ".partial"
"""Ends the name of a file that is not complete."""


class CannotWrite(Exception):
    """The run could not be written; the message says why, one line."""


def stem() -> str:
    """The name of a run that begins now, without its suffix: <utc>-<commit>."""
    dirty = "-dirty" if provenance.tree_clean() is False else ""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{provenance.commit()[:8]}{dirty}"


def require_publishable(candidates: Sequence[Path]) -> None:
    """Raise CannotWrite where the record could not be repeated from what is committed."""
    if provenance.commit() == "unknown" or provenance.tree_clean() is False:
        raise CannotWrite("--publish needs a clean commit, so that the record's provenance is true; commit first")
    if candidates:
        raise CannotWrite("--publish takes no --candidate: a record can be repeated only from what is committed")


def require_writable(folder: Path) -> None:
    """Make the folder, and see that a file can be made in it. Raises CannotWrite."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        why = "it is a file" if folder.is_file() else error.strerror
        raise CannotWrite(f"cannot write to {folder}: {why}; choose another folder with --record") from None


def run(bench: Bench, sweep: str, command: str, compiled: tuple[Compiled, ...]) -> Run:
    """What the file says beside the measurements. command: what to type to repeat the run."""
    return Run(
        sweep=sweep,
        command=command,
        seconds_measuring=bench.seconds_measuring,
        outcomes=tuple(bench.outcomes),
        compiled=compiled,
        states=tuple(bench.states),
        agreements=tuple(bench.agreements),
        first_uses=tuple(bench.first_uses),
        energies=tuple(bench.energies),
        caveats={entry.name: entry.caveat for entry in bench.entries if entry.caveat},
    )


def evidence(entries: Sequence[backends.Entry], machine: Machine, say: Callable[[str], None]) -> tuple[Compiled, ...]:
    """What the compilers make of the headline case for an RTX 4090, and for this device; say: where to report."""
    names = [entry.name for entry in entries if entry.compiles and not backends.missing(entry)]
    if not names:
        return ()
    say("compiling for sm_89, to read what the compilers make of it")
    own = [(machine.compute_capability, machine.sm_count)] if machine.compute_capability else []
    targets = dict.fromkeys([((8, 9), 128), *own])
    with ThreadPoolExecutor() as pool:  # each waits for a process of its own
        found = pool.map(partial(_compiled, names, say), *zip(*targets, strict=True))
        return tuple(row for rows in found for row in rows)


def _compiled(
    names: Sequence[str], say: Callable[[str], None], capability: tuple[int, int], sms: int | None
) -> tuple[Compiled, ...]:
    """The evidence for one device, read in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "evidence.json"
        target = ["--capability", "{}.{}".format(*capability), "--sms", str(sms)]
        command = [sys.executable, "-m", "suite.sass", *target, "--backends", ",".join(names), "--json", str(file)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if file.exists():
            return Run.model_validate_json(file.read_text()).compiled
    say(f"no evidence for sm_{capability[0]}{capability[1]}: {done.stderr.strip() or done.stdout.strip()}")
    return ()


def complete(written: Path, path: Path) -> None:
    """Give pytest-benchmark's whole file the run's name, a line per benchmark; one that the user named stays.

    Raises CannotWrite; then the file stays as it is.
    """
    partly = path.with_name(f".{path.stem}.lines{PARTIAL}")  # not `written`: until this is whole, that alone is
    try:
        partly.write_text(lines(written.read_text(encoding="utf-8")), encoding="utf-8")
        partly.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partly.unlink(missing_ok=True)
        raise CannotWrite(f"cannot write {path}: {error.strerror}; the run is whole in {written}") from None
    if written.suffix == PARTIAL:
        written.unlink(missing_ok=True)  # it may be the very file that got the name


def lines(text: str) -> str:
    """A run's JSON with every benchmark on a line of its own: half as long as indented, and git shows what differs."""
    run = json.loads(text)
    benchmarks = ",\n".join(map(json.dumps, run.pop("benchmarks")))
    return f'{json.dumps(run)[:-1]}, "benchmarks": [\n{benchmarks}\n]}}\n'
