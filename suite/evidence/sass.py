"""What the compilers made of each kernel, for any compute capability, without a GPU: `tox -e sm89`.

A backend's `compile_for` gives a cubin, and cubin.py reads it.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.table import Table

import backends
from suite import command_line
from suite.cases import HEADLINE, ITEMSIZE, Case, parse
from suite.evidence import cubin, untuned_tile
from suite.evidence.devices import RTX_4090, Capability
from suite.evidence.occupancy import dotted, sm_count
from suite.evidence.occupancy import parse as parse_capability
from suite.record import store
from suite.record.compiled import Compiled
from suite.record.measurement import Outcome
from suite.record.run import Run
from suite.text import console

MOST_SMS = 100_000
"""Hundreds of times what any device has."""

SIMULATORS = ("TRITON_INTERPRET", "NUMBA_ENABLE_CUDASIM")


class BadRequest(backends.DiagbenchError):
    """The command line asks for what cannot be; the message says what, one line."""


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
        return cubin.read(made, entry.name, case, capability, sms)
    except (backends.Unavailable, ModuleNotFoundError, cubin.MissingTool) as error:
        # No case fares better: one Outcome for all.
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
    if capability == RTX_4090.capability and args.backends is None and importlib.util.find_spec("triton"):
        _show_untuned_tile()
    if args.json is not None:
        command = shlex.join(["python", "-m", "suite.evidence.sass", *arguments])
        run = Run(sweep="evidence", command=command, outcomes=tuple(outcomes), compiled=tuple(compiled))
        store.write(args.json, run.model_dump_json(indent=2) + "\n")
    return int(any(outcome.kind == "crashed" for outcome in outcomes))


def _parser() -> argparse.ArgumentParser:
    parser = command_line.Parser("sm89", description="What the compilers made of each kernel.")
    parser.add_argument("--capability", default="8.9", help="compute capability (%(default)s)")
    parser.add_argument("--case", help=f"a case id; by default {HEADLINE.rows}x{HEADLINE.cols} in every dtype")
    parser.add_argument("--dtype", help="comma-separated dtypes, instead of those")
    parser.add_argument("--backends", help="comma-separated; by default all that compile without a device")
    parser.add_argument("--sms", type=int, help="SMs of the device, for the waves")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the compiled code, as the record's Run")
    return parser


def _request(args: argparse.Namespace) -> tuple[list[backends.Entry], list[Case], Capability, int]:
    """What compile_all takes, everything checked before the first kernel is compiled."""
    _refuse_simulators()
    cubin.cuobjdump()
    if args.json is not None and not os.path.isdir(args.json.parent):
        raise BadRequest(f"no folder {args.json.parent} to write {args.json.name} to")
    if args.sms is not None and not 1 <= args.sms <= MOST_SMS:
        raise BadRequest(f"a device has 1 to {MOST_SMS:,} SMs, not {args.sms}")
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
    shown = console(170)
    for case in dict.fromkeys(row.case for row in compiled):
        shown.print(_table([row for row in compiled if row.case == case]))
    for outcome in outcomes:
        where = outcome.case or "every case"
        print(f"{outcome.backend}, {where}: {outcome.kind}: {outcome.reason}")


def _show_untuned_tile() -> None:
    """The tile that this project started from, as it ran on an RTX 4090, beside its published profile."""
    title = f"the untuned tile as it ran on an {RTX_4090.name}: predicted, and its published profile"
    table = Table(*untuned_tile.HEADS, title=title, caption="error: predicted / published - 1, at both ends")
    for row in untuned_tile.rows(untuned_tile.compile_tiles()):
        table.add_row(*row)
    console(170).print(table)


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
