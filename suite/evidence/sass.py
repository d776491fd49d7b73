"""What the compilers made of each kernel, for any compute capability, without a GPU: `tox -e sm89`.

A backend's `compile_for` gives a cubin, cuobjdump its resources and its SASS, and occupancy.py does the rest.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from math import prod
from pathlib import Path

from rich.console import Console
from rich.table import Table

import backends
from suite import command_line
from suite.cases import HEADLINE, ITEMSIZE, Case, parse
from suite.evidence.devices import Capability
from suite.evidence.occupancy import SHARED_RESERVED, dotted, occupancy, sm_count
from suite.evidence.occupancy import parse as parse_capability
from suite.record import store
from suite.record.compiled import Compiled
from suite.record.measurement import Outcome
from suite.record.run import Run

SIMULATORS = ("TRITON_INTERPRET", "NUMBA_ENABLE_CUDASIM")

RESOURCES = r"Function {kernel}:\s+REG:(\d+) STACK:(\d+) SHARED:(\d+) LOCAL:(\d+)"
ACCESS = re.compile(r"^\s*/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+\s+)?(LDGSTS|LDG?|STG?)((?:\.\w+)*)\s", re.MULTILINE)
"""A line of SASS that reads or writes global memory (LD and ST are generic): its opcode, and the modifiers of that."""

WIDTHS = {"U8": 8, "S8": 8, "U16": 16, "S16": 16, "64": 64, "128": 128, "256": 256}
"""Bits of an access by the modifier that says so; without one it is 32."""


class MissingTool(backends.DiagbenchError):
    """There is no cuobjdump here; the message says how to get it."""


class Unreadable(RuntimeError):
    """cuobjdump could not make out the kernel in a cubin."""


class BadRequest(backends.DiagbenchError):
    """The command line asks for what cannot be; the message says what, one line."""


def cuobjdump() -> Path:
    """Triton's own cuobjdump, else the CUDA toolkit's on PATH. Raises MissingTool."""
    triton = importlib.util.find_spec("triton")
    if triton is not None and triton.origin is not None:
        bundled = Path(triton.origin).parent / "backends/nvidia/bin/cuobjdump"
        if bundled.exists():
            return bundled
    on_path = shutil.which("cuobjdump")
    if on_path is None:
        raise MissingTool("no cuobjdump here: `pip install triton` brings one, and so does the CUDA toolkit")
    return Path(on_path)


def disassemble(cubin: bytes, kernel: str) -> str:
    """The kernel's resource usage and its SASS, as cuobjdump words them. Raises MissingTool, Unreadable."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kernel.cubin")
        path.write_bytes(cubin)
        command = [str(cuobjdump()), "-res-usage", "-sass", "-fun", kernel, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unreadable(f"cuobjdump cannot read the cubin of {kernel}: {done.stderr}")
    return done.stdout


def resources(text: str, kernel: str, capability: Capability) -> tuple[int, int, int]:
    """Registers and bytes of local memory per thread, bytes of static shared memory per block. Raises Unreadable."""
    found = re.search(RESOURCES.format(kernel=re.escape(kernel)), text)
    if found is None:
        raise Unreadable(f"cuobjdump finds no kernel {kernel} in the cubin")
    registers, stack, shared, local = map(int, found.groups())
    # From 9.0 on, the system's share is counted in the cubin of a kernel that has shared memory.
    reserved = SHARED_RESERVED if capability >= (9, 0) else 0
    return registers, stack + local, max(shared - reserved, 0)


def access_bits(sass: str) -> tuple[dict[str, int], dict[str, int]]:
    """How many global loads, and how many stores, there are of each width in bits, widest first."""
    loads: Counter[int] = Counter()
    stores: Counter[int] = Counter()
    for opcode, modifiers in ACCESS.findall(sass):
        bits = next((WIDTHS[word] for word in modifiers.split(".") if word in WIDTHS), 32)
        (loads if opcode.startswith("LD") else stores)[bits] += 1
    return _widest_first(loads), _widest_first(stores)


def _widest_first(counts: Counter[int]) -> dict[str, int]:
    return {str(bits): counts[bits] for bits in sorted(counts, reverse=True)}


def read(made: backends.Compiled, backend: str, case: Case, capability: Capability, sms: int) -> Compiled:
    """What a cubin says of its kernel, and how a device of this capability with so many SMs would hold it.

    Raises MissingTool, Unreadable, and occupancy's UnknownCapability and DoesNotFit.
    """
    text = disassemble(made.cubin, made.kernel)
    registers, local_bytes, static_shared = resources(text, made.kernel, capability)
    loads, stores = access_bits(text)
    shared = static_shared + made.dynamic_shared_bytes
    held = occupancy(capability, prod(made.block), registers, shared)
    return Compiled(
        backend=backend,
        case=case.id,
        compute_capability=capability,
        kernel=made.kernel,
        config=made.config,
        grid=made.grid,
        block=made.block,
        registers=registers,
        spill_bytes=local_bytes,
        shared_bytes=shared,
        global_load_bits=loads,
        global_store_bits=stores,
        warps_per_block=held.warps_per_block,
        blocks_per_sm=held.blocks_per_sm,
        occupancy=held.fraction,
        active_warps=held.active_warps,
        max_warps=held.max_warps,
        limiter=held.limiter,
        sm_count=sms,
        waves=prod(made.grid) / (held.blocks_per_sm * sms),
    )


def compile_all(
    entries: Iterable[backends.Entry], cases: Sequence[Case], capability: Capability, sms: int | None = None
) -> tuple[list[Compiled], list[Outcome]]:
    """What each entry compiles to in each case, and an Outcome with the reason where it does not.

    sms is by default that of the capability's device in devices.DEVICES. Raises UnknownCapability.
    """
    sms = sm_count(capability) if sms is None else sms
    results = [_compile(entry, case, capability, sms) for entry in entries for case in cases]
    compiled = [result for result in results if isinstance(result, Compiled)]
    outcomes = [result for result in results if isinstance(result, Outcome)]
    return compiled, list(dict.fromkeys(outcomes))


def _compile(entry: backends.Entry, case: Case, capability: Capability, sms: int) -> Compiled | Outcome:
    try:
        made = backends.compile_for(entry, case.rows, case.cols, case.dtype, capability)
        return read(made, entry.name, case, capability, sms)
    except (ModuleNotFoundError, MissingTool) as error:  # no case fares better: one Outcome for all
        return Outcome(backend=entry.name, kind="unavailable", reason=_line(error))
    except backends.Unsupported as error:
        return Outcome(backend=entry.name, case=case.id, kind="unsupported", reason=_line(error))
    except Exception as error:  # a compiler may raise anything, and the other backends are still to come
        reason = f"{type(error).__name__}: {_line(error)}"
        return Outcome(backend=entry.name, case=case.id, kind="crashed", reason=reason)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. 0: done; 1: a backend failed to compile; 2: the request cannot be served, said in one line."""
    return command_line.run("sm89", lambda: _main(sys.argv[1:] if arguments is None else list(arguments)))


def _main(arguments: list[str]) -> int:
    args = _parser().parse_args(arguments)
    entries, cases, capability, sms = _request(args)
    compiled, outcomes = compile_all(entries, cases, capability, sms)
    _show(compiled, outcomes)
    if args.json is not None:
        command = shlex.join(["python", "-m", "suite.evidence.sass", *arguments])
        run = Run(sweep="evidence", command=command, outcomes=tuple(outcomes), compiled=tuple(compiled))
        store.write(args.json, run.model_dump_json(indent=2) + "\n")
    return int(any(outcome.kind == "crashed" for outcome in outcomes))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m suite.evidence.sass", description="What the compilers made of each kernel."
    )
    parser.add_argument("--capability", default="8.9", help="compute capability (%(default)s)")
    parser.add_argument("--case", help=f"a case id; by default {HEADLINE.rows}x{HEADLINE.cols} in every dtype")
    parser.add_argument("--dtype", help="comma-separated dtypes, instead of those")
    parser.add_argument("--backends", help="comma-separated; by default all that compile without a device")
    parser.add_argument("--sms", type=int, help="SMs of the device, for the waves")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the evidence, as the record's Run")
    return parser


def _request(args: argparse.Namespace) -> tuple[list[backends.Entry], list[Case], Capability, int]:
    """What compile_all takes, everything checked before the first kernel is compiled."""
    _refuse_simulators()
    cuobjdump()
    if args.json is not None and not args.json.parent.is_dir():
        raise BadRequest(f"no folder {args.json.parent} to write {args.json.name} to")
    if args.sms is not None and args.sms < 1:
        raise BadRequest(f"a device has 1 SM or more, not {args.sms}")
    capability = parse_capability(args.capability)
    sms = sm_count(capability) if args.sms is None else args.sms
    return _entries(args.backends), _cases(args.case, args.dtype), capability, sms


def _refuse_simulators() -> None:
    active = [name for name in SIMULATORS if os.environ.get(name, "0") not in ("", "0")]
    if active:
        raise BadRequest(f"unset {' and '.join(active)}: a simulator and its compiler cannot share a process")


def _entries(names: str | None) -> list[backends.Entry]:
    able = [entry for entry in backends.CATALOGUE if entry.compiles]
    if names is None:
        return able
    entries = backends.find(names.split(","))
    unable = [entry.name for entry in entries if not entry.compiles]
    if unable:
        choice = ", ".join(entry.name for entry in able)
        raise BadRequest(f"{', '.join(unable)} cannot compile without a device; choose from {choice}")
    return list(entries)


def _cases(case_id: str | None, dtypes: str | None) -> list[Case]:
    case = HEADLINE if case_id is None else parse(case_id)
    if not case.rows * case.cols:
        raise BadRequest(f"{case.id} holds no element, so nothing would be launched")
    if case.layout != "contiguous":
        raise BadRequest(f"{case.id}: only contiguous operands can be compiled for without a device")
    if case_id is not None and dtypes is None:
        return [case]
    return [Case(case.rows, case.cols, dtype) for dtype in (dtypes.split(",") if dtypes else ITEMSIZE)]


def _show(compiled: Sequence[Compiled], outcomes: Sequence[Outcome]) -> None:
    """One table per case, then one line for each backend that has no row."""
    console = Console(width=None if sys.stdout.isatty() else 170)
    for case in dict.fromkeys(row.case for row in compiled):
        console.print(_table([row for row in compiled if row.case == case]))
    for outcome in outcomes:
        where = outcome.case or "every case"
        print(f"{outcome.backend}, {where}: {outcome.kind}: {outcome.reason}")


def _table(rows: Sequence[Compiled]) -> Table:
    title = f"{rows[0].case}, compute capability {dotted(rows[0].compute_capability)}, {rows[0].sm_count} SMs"
    table = Table("backend", "config", title=title, caption="loads, stores: instructions × bits; spills, shared: bytes")
    for name in ("registers", "spills", "shared", "loads", "stores", "block", "grid", "warps", "limiter", "waves"):
        table.add_column(name, justify="right")
    for row in rows:
        bytes_used = str(row.spill_bytes), str(row.shared_bytes)
        accesses = _widths(row.global_load_bits), _widths(row.global_store_bits)
        launch = _shape(row.block), _shape(row.grid)
        held = f"{row.active_warps}/{row.max_warps}", row.limiter, f"{row.waves:.2f}"
        table.add_row(row.backend, row.config, str(row.registers), *bytes_used, *accesses, *launch, *held)
    return table


def _widths(counts: dict[str, int]) -> str:
    return " ".join(f"{count}×{bits}" for bits, count in counts.items()) or "none"


def _shape(sides: tuple[int, int, int]) -> str:
    """128×1×1 as 128."""
    return re.sub("(×1)+$", "", "×".join(map(str, sides)))


if __name__ == "__main__":
    sys.exit(main())
