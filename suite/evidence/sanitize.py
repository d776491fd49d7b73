"""What NVIDIA's compute-sanitizer says of each backend's launches at odd sizes: `tox -e sanitize`.

memcheck looks for accesses beyond what was allocated, racecheck for races in shared memory, synccheck for barriers
misused. initcheck looks for reads of memory that nobody wrote, an element of C that was left out among them.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from rich.progress import track
from rich.table import Table

import backends
from backends import CannotDo
from suite import LOCAL, command_line
from suite.evidence.child import output
from suite.evidence.profile import held_device
from suite.evidence.sanitized_launches import CASES, NO_CACHE
from suite.record import store
from suite.record.machine import Machine
from suite.record.sanitizers import Sanitized, Sanitizers, Tool
from suite.scratch import Scratch
from suite.text import console

TOOLS: tuple[Tool, ...] = get_args(Tool)

OPTIONS: dict[Tool, tuple[str, ...]] = {
    # numba and Triton ask the driver what it does not know; that is no access to memory.
    "memcheck": ("--tool", "memcheck", "--report-api-errors", "no"),
    "racecheck": ("--tool", "racecheck"),
    "initcheck": ("--tool", "initcheck"),
    "synccheck": ("--tool", "synccheck"),
}

INSTALLED = "usr/local/cuda*/bin/compute-sanitizer"

SILENCE_S = 300.0
"""A backend's process is taken to hang after so long: under racecheck, to tune takes a minute."""

AT_ONCE = 4
"""Processes; each waits for its host most of the time."""

NO_SANITIZER = (
    "no compute-sanitizer on PATH or in /usr/local/cuda*/bin: install the CUDA toolkit's package cuda-sanitizer"
)
SUMMARY = re.compile(r"^=+ (?:ERROR SUMMARY: (\d+) error|RACECHECK SUMMARY: (\d+) hazard)", re.MULTILINE)
FINDING = re.compile(r"^=+ +((?:Invalid|Uninitialized|Error|Barrier|Divergent|Warning|Potential|Program hit).*)$", re.M)


def findings(log: str) -> tuple[int | None, str]:
    """How many errors and hazards a tool's log counts, and the first; None where it was cut short."""
    counted = SUMMARY.search(log)
    first = FINDING.search(log)
    number = int(next(each for each in counted.groups() if each is not None)) if counted else None
    return number, first[1].strip() if first else ""


def sanitize(
    entries: Iterable[backends.Entry],
    machine: Machine,
    program: Path,
    command: str,
    each: Callable[[Iterable[Sanitized], int], Iterable[Sanitized]] = lambda found, number: found,
) -> Sanitizers:
    """Every entry under every tool; each: is given what comes and how many will, to show progress."""
    asked = list(itertools.product(entries, TOOLS))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = tuple(each(pool.map(lambda pair: _under(program, *pair), asked), len(asked)))
    return Sanitizers(
        utc=datetime.now(UTC).replace(microsecond=0),
        command=command,
        machine=machine,
        version=_version(program),
        options=OPTIONS,
        products=tuple(case.id for case in CASES),
        backends=found,
    )


def _under(program: Path, entry: backends.Entry, tool: Tool) -> Sanitized:
    began = time.monotonic()
    with Scratch() as folder:
        log, answer = Path(folder, "log"), Path(folder, "answer.json")
        child = [sys.executable, "-m", "suite.evidence.sanitized_launches", entry.name, str(answer)]
        said = output([str(program), *OPTIONS[tool], "--log-file", str(log), *child], SILENCE_S, NO_CACHE)
        printed = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        answered = json.loads(answer.read_text(encoding="utf-8")) if answer.exists() else {}
    number, first = findings(printed)
    if said is None:
        number, first = None, f"not done after {SILENCE_S:.0f} s"
    elif "launches" not in answered:
        number, first = None, answered.get("reason") or first or _last_line(said)
    return Sanitized(
        backend=entry.name,
        tool=tool,
        launches=answered.get("launches", 0),
        findings=number,
        said=first,
        seconds=round(time.monotonic() - began, 1),
    )


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it printed nothing"


def find() -> Path:
    """The compute-sanitizer on PATH, else the newest of INSTALLED. Raises CannotDo."""
    on_path = shutil.which("compute-sanitizer")
    found = [Path(on_path)] if on_path else sorted(Path("/").glob(INSTALLED), key=os.fspath)
    if not found:
        raise CannotDo(NO_SANITIZER)
    return found[-1]


def _version(program: Path) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"[Vv]ersion (\S+)", done.stdout)
    return found[1] if found else "unknown"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. 0: every tool came to its end and found nothing; 1: one did not; 2 or more: it could not be done."""
    return command_line.run("sanitize", lambda: _main(arguments))


def _main(arguments: Sequence[str] | None) -> int:
    parser = command_line.Parser("sanitize", description="compute-sanitizer's four tools over every backend.")
    parser.add_argument("--backends", metavar="A,B", help="by default all that run on this GPU")
    parser.add_argument("--out", type=Path, default=LOCAL, metavar="DIR", help="where the file goes (%(default)s)")
    args = parser.parse_args(arguments)
    named = backends.find(args.backends.split(",") if args.backends else None)
    store.require_writable(args.out, "--out")
    program = find()
    command = shlex.join(["tox", "-e", "sanitize", *(["--", f"--backends={args.backends}"] if args.backends else [])])
    with held_device() as machine:
        able = [entry for entry in named if not backends.why_unavailable(entry, "cuda")]
        done = sanitize(able, machine, program, command, _shown)
    _show(done)
    print(f"sanitizers: {store.write_document(done, args.out)}")
    return 0 if all(each.clean for each in done.backends) else 1


def _shown(found: Iterable[Sanitized], number: int) -> Iterable[Sanitized]:
    """The same, with a bar on a terminal."""
    shown = console(stderr=True)
    return track(found, "compute-sanitizer", number, console=shown, transient=True, disable=not shown.is_terminal)


def _show(done: Sanitizers) -> None:
    """A table of findings, then a line for each tool that found something or came to no end."""
    table = Table("backend", *TOOLS, title=f"{done.machine.name}, compute-sanitizer {done.version}")
    for name in dict.fromkeys(each.backend for each in done.backends):
        cells = [each.findings for each in done.backends if each.backend == name]
        table.add_row(name, *("–" if cell is None else str(cell) for cell in cells))
    console(120).print(table)
    for each in done.backends:
        if not each.clean:
            print(f"{each.backend}, {each.tool}: {each.said or 'nothing said'}")


if __name__ == "__main__":
    sys.exit(main())
