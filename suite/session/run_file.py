"""What the file of a run says beside the measurements, and its name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import backends
from suite import ROOT
from suite.device import provenance
from suite.evidence.devices import RTX_4090
from suite.record import store
from suite.record.compiled import Compiled
from suite.record.machine import Machine
from suite.record.run import Run
from suite.scratch import Scratch
from suite.session import ranks
from suite.worker.process import dependent

if TYPE_CHECKING:
    from suite.session.bench import Bench


def stem() -> str:
    """The name of a run that begins now, without its ending; one of a group says its host and rank too."""
    group = ranks.group()
    name = store.stem(group.utc if group else datetime.now(UTC), provenance.commit(), provenance.tree_clean())
    return f"{name}-{group.label}" if group else name


def require_publishable(candidates: Sequence[Path]) -> None:
    """Raise CannotWrite where the record could not be repeated from what is committed."""
    if provenance.commit() == "unknown":
        raise store.CannotWrite(f"--publish needs a clean commit, and there is none to see: {provenance.why_unknown()}")
    if provenance.tree_clean() is False:
        raise store.CannotWrite("--publish needs a clean commit, so that the record's provenance is true; commit first")
    if candidates:
        raise store.CannotWrite("--publish takes no --candidate: a record can be repeated only from what is committed")


def run(bench: Bench, sweep: str, command: str, compiled: tuple[Compiled, ...]) -> Run:
    """What the file says beside the measurements. command: what to type to repeat the run."""
    found = bench.found
    return Run(
        sweep=sweep,
        command=command,
        seconds_measuring=found.seconds_measuring,
        outcomes=tuple(found.outcomes),
        group=ranks.group(),
        compiled=compiled,
        states=tuple(found.states),
        agreements=tuple(found.agreements),
        first_uses=tuple(found.first_uses),
        energies=tuple(found.energies),
        tunes=tuple(entry.name for entry in bench.participants.entries if entry.tunes),
        caveats={entry.name: entry.caveat for entry in bench.participants.entries if entry.caveat},
    )


def compiled(entries: Sequence[backends.Entry], machine: Machine, say: Callable[[str], None]) -> tuple[Compiled, ...]:
    """What the compilers make of the headline case for an RTX 4090, and for this device; say: where to report."""
    names = [entry.name for entry in entries if entry.compiles and not backends.missing(entry)]
    if not names:
        return ()
    say("compiling for sm_89, to read what the compilers make of it")
    own = [(machine.compute_capability, machine.sm_count)] if machine.compute_capability else []
    targets = dict.fromkeys([(RTX_4090.capability, RTX_4090.sm_count), *own])
    with ThreadPoolExecutor() as pool:  # each waits for a process of its own
        found = pool.map(partial(_compiled, names, say), *zip(*targets, strict=True))
        return tuple(row for rows in found for row in rows)


def _compiled(
    names: Sequence[str], say: Callable[[str], None], capability: tuple[int, int], sms: int | None
) -> tuple[Compiled, ...]:
    """The compiled code for one device, read in a process of its own."""
    with Scratch() as folder:
        file = Path(folder) / "compiled.json"
        target = ["--capability", "{}.{}".format(*capability), "--sms", str(sms)]
        command = [
            sys.executable,
            "-m",
            "suite.evidence.sass",
            *target,
            "--backends",
            ",".join(names),
            "--json",
            str(file),
        ]
        done = subprocess.run(dependent(command), cwd=ROOT, capture_output=True, text=True, check=False)
        if file.exists():
            return Run.model_validate_json(file.read_text()).compiled
    say(f"nothing compiled for sm_{capability[0]}{capability[1]}: {done.stderr.strip() or done.stdout.strip()}")
    return ()
