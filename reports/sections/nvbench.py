"""Does a third party's timer agree, and where it does not, why? A page of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports import units
from reports.device import device, whose
from reports.document import Page, Section, Table, said
from suite.cases import parse
from suite.record.nvbench import Nvbench, Theirs, Timed

STEM = "nvbench"
"""The name of the page's files, in the device's folder."""

LOADS: dict[Theirs, str] = {
    "cold": "one launch after a flush that writes",
    "batch": "many launches on one operand set",
    "rotating": "many launches on the sets of the series cold in turn",
}


def page(found: Nvbench, source: str) -> Page:
    """The page of one document; `source` is the path from the page to its file."""
    sections = (
        Section("What this is", _what(found)),
        Section("The same load by both timers", tuple(_agreement(found.timed)), tables=(agreement_table(found),)),
        Section("Why nvbench's numbers are not a campaign's", _causes(), tables=(causes_table(found),)),
        *_not_timed(found),
        Section("How to reproduce it", code=f"git checkout {found.machine.commit}\n{found.command}"),
    )
    return Page(f"nvbench on {found.machine.name}, {found.utc:%Y-%m-%d}", STEM, source, sections)


def _what(found: Nvbench) -> tuple[str, ...]:
    return said(
        f"NVIDIA's nvbench, cuda-bench {found.version}, was given the very launches that are timed here, on the stream "
        f"they were bound to: {device(found.machine)}, {found.utc:%Y-%m-%d %H:%M} UTC. Every C was checked to the bit "
        "before. Our own clock took its rounds half before nvbench and half after it.",
        whose(found.machine),
        "The tree had uncommitted changes." if found.machine.tree_clean is False else "",
    )


def _agreement(timed: Sequence[Timed]) -> Iterator[str]:
    for load, words in LOADS.items():
        off = {abs(each.same_load[load] - 1): each for each in timed if load == "cold" or not each.paced_by_host}
        if off:
            widest = max(off)
            which = f"{off[widest].backend} at {units.label(parse(off[widest].case))}"
            yield (
                f"{load}, {words}: {len(off)} comparisons agree within {units.percent(widest)}, the farthest {which}."
            )
    paced = [each for each in timed if each.paced_by_host]
    if paced:
        yield (
            f"{len(paced)} are left out of batch and rotating, marked *. There the host enqueues a launch more slowly "
            "than the device runs it, and nvbench's batch shows the host's pace."
        )


def agreement_table(found: Nvbench) -> Table:
    """nvbench's time and ours of the same load, in µs, and their ratio."""
    heads = ("backend", "case", *(f"{load}{what}" for load in LOADS for what in (", µs", " / ours")))
    rows = tuple((each.backend, units.label(parse(each.case)), *_loads(each)) for each in found.timed)
    note = "Ours of the same load: one launch after the same flush; the series hot; the series cold."
    return Table(heads, rows, text=2, note=note)


def _loads(each: Timed) -> Iterator[str]:
    for load in LOADS:
        paced = " *" if load != "cold" and each.paced_by_host else ""
        yield units.microseconds(each.nvbench[load])
        yield f"{each.same_load[load]:.4f}{paced}"


def _causes() -> tuple[str, ...]:
    return (
        "nvbench's cold run writes as many bytes as L2 holds, then times one launch between two events. Those dirty "
        "lines are written back during the launch, which a steady state has in its own measure only. Two events "
        "around one launch also hold what it costs to start one.",
        "nvbench's batch repeats the launch on one operand set, which L2 may hold in part. It queues its launches on a "
        "stream, which leaves a longer gap between them than a CUDA graph. Each cause is measured by our own clock.",
    )


def causes_table(found: Nvbench) -> Table:
    """Each step from the series cold of a campaign to what nvbench times, as a ratio of our own times."""
    heads = (
        "backend", "case", "series cold, µs", "one launch between events / series cold", "after the flush / that",
        "nvbench's cold / that", "one set / series cold", "nvbench's batch / that", "host to enqueue, µs",
    )  # fmt: skip
    return Table(heads, tuple(_steps(each) for each in found.timed), text=2)


def _steps(each: Timed) -> tuple[str, ...]:
    own = each.own
    ratios = (own["single"] / own["cold"], own["flushed"] / own["single"], each.same_load["cold"])
    batch = (own["hot"] / own["cold"], each.same_load["batch"])
    return (
        each.backend,
        units.label(parse(each.case)),
        units.microseconds(own["cold"]),
        *(f"{ratio:.3f}" for ratio in (*ratios, *batch)),
        units.microseconds(own["host"]),
    )


def _not_timed(found: Nvbench) -> Iterator[Section]:
    if found.outcomes:
        rows = tuple((each.backend, each.case or "every case", each.kind, each.reason) for each in found.outcomes)
        yield Section("Not timed", tables=(Table(("backend", "case", "what", "why"), rows, text=4, prose=True),))
