"""The process that Nsight Compute watches: one backend or the ceiling's copy, one launch, as in the series cold.

It passes the gate, walks the operand sets of the series cold, and launches once more between cudaProfilerStart and
cudaProfilerStop.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import torch

import backends
from backends import _candidate as files
from suite.cases import Case, parse
from suite.check import gate, operands
from suite.device import machine
from suite.evidence.ncu import COPY
from suite.measure import ceilings, timing
from suite.measure.timing import Device
from suite.record.measurement import Outcome
from suite.worker.failures import why
from suite.worker.process import die_with_parent

SEED = 30_000


def launch_under_ncu(entry: backends.Entry, case: Case, answer: Path) -> None:
    """The child: launch, and write the form that ran, or the Outcome of what failed, into `answer`."""
    device = Device()
    try:
        with device.active():
            written = json.dumps({"form": _launch(entry, case, device)})
    except Exception as error:
        kind, reason = why(error)
        written = Outcome(backend=entry.name, case=case.id, kind=kind, reason=reason).model_dump_json()
    answer.write_text(written, encoding="utf-8")


def _launch(entry: backends.Entry, case: Case, device: Device) -> str:
    """Pass the gate, walk the sets of the series cold twice, and launch on the first, profiled; returns the form."""

    def bind(on: operands.Operands) -> backends.Launch:
        return backends.bind(entry, on.a, on.b, on.out, device.stream)

    needed = timing.sets_needed(case.bytes_moved, machine.cache_bytes(device.kind))
    sets = [operands.allocate(case, device.torch) for _ in range(min(needed, timing.MOST_LAUNCHES))]
    if entry.name != COPY.name:
        gate.check(sets[0], entry, bind, device.synchronize, seed=SEED)
    for each in sets:
        each.fill(SEED, operands.ORDINARY)
    launches, form = _bound(entry, sets, bind)
    for launch in 2 * launches:
        launch()
    device.synchronize()
    torch.cuda.profiler.start()
    launches[0]()
    device.synchronize()
    torch.cuda.profiler.stop()
    return form


def _bound(
    entry: backends.Entry, sets: list[operands.Operands], bind: Callable[[operands.Operands], backends.Launch]
) -> tuple[list[backends.Enqueue], str]:
    """One launch per set, and the form that runs: the backend's, or the copy that is the quickest here."""
    if entry.name == COPY.name:
        return ceilings.ceilings(sets)[entry.name]
    bound = [bind(each) for each in sets]
    return [*bound], bound[0].form


if __name__ == "__main__":
    die_with_parent()  # a tool that is ended leaves what it watches
    what, case_id, answer_file = sys.argv[1:]
    entry = COPY if what == COPY.name else files.entry(Path(what)) if what.endswith(".py") else backends.find([what])[0]
    launch_under_ncu(entry, parse(case_id), Path(answer_file))
