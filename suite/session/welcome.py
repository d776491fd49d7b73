"""What a run says to whoever started it: what is here and who takes part, who got to no number, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from suite.measure.plan import CONTROL
from suite.record.machine import Machine
from suite.session.options import Options

if TYPE_CHECKING:
    from suite.session.bench import Bench

NO_GPU = "no CUDA GPU is used: what follows is this CPU's, beside what compilers make of the kernels for sm_89"


def before(bench: Bench, options: Options) -> Iterator[str]:
    """The machine, a line per backend, and what will be done."""
    yield machine(bench.machine)
    if bench.machine.kind == "cpu":
        yield NO_GPU
    width = max(len(entry.name) for entry in bench.participants.entries)
    for entry in bench.participants.entries:
        reason = bench.participants.unavailable.get(entry.name, "")
        known = f"is checked only: {entry.known_defect}" if entry.known_defect else "takes part"
        yield f"  {entry.name:{width}}  {f'not here: {reason}' if reason else known}"
    cases = f"{len(options.cases)} case{'s' if len(options.cases) > 1 else ''}"
    yield f"sweep {options.sweep}: {cases}, each checked to the bit, then measured cold and hot"
    if bench.journal.resumed:
        yield f"going on with an interrupted run: {bench.journal.resumed} campaigns are kept"


def machine(m: Machine) -> str:
    """The device in one line."""
    capability = "sm_{}{}".format(*m.compute_capability) if m.compute_capability else ""
    assumed = " assumed, since the device names none" if m.cache_assumed else ""
    cache = f"{m.cache_bytes / 2**20:.0f} MiB {'L2' if m.kind == 'cuda' else 'last-level cache'}{assumed}"
    peak = f"peak {m.peak_bytes_per_s / 1e9:,.0f} GB/s" if m.peak_bytes_per_s else ""
    driver = f"driver {m.driver}" if m.driver else ""
    return ", ".join(filter(None, (m.name, capability, cache, peak, driver)))


def without_a_number(bench: Bench) -> Iterator[str]:
    """A line for each backend, kind and reason; what is not here at all has been said before."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for each in bench.found.outcomes:
        if each.backend not in (CONTROL, *bench.participants.unavailable):
            alike.setdefault((each.backend, each.kind, each.reason), []).append(each.case or "every case")
    for (backend, kind, reason), where in alike.items():
        cases = list(dict.fromkeys(where))
        number = cases[0] if len(cases) == 1 else f"{len(cases)} cases"
        yield f"no number: {backend} in {number}, {kind}: {reason}"


def after(options: Options, kind: str) -> Iterator[str]:
    """What to do next."""
    if kind == "cpu":
        yield "next: the same command on a machine with a CUDA GPU measures that"
    if options.sweep == "quick":
        yield "next: tox -e bench -- --sweep full        all sizes, dtypes and layouts"
    yield "next: tox -e bench -- --candidate FILE    your own kernel among these"
    yield "next: tox -e compare -- OLD NEW           two runs of one device model"
