"""Does the row-sharded product scale, and what does leaving one GPU cost? A page of its own."""

from __future__ import annotations

from collections.abc import Iterator

from reports import units
from reports.device import device, whose
from reports.document import Page, Section, Table, filled, said
from suite.cases import parse
from suite.record.scaling import Scaled, Scaling
from suite.record.store import stem as file_stem

DTENSOR = "torch_dtensor"
ALONE = "one alone"
WITHIN = "99 %, within this run"


def stem(found: Scaling) -> str:
    """The name of the page's files, in the device's folder."""
    return f"scaling-{file_stem(found.utc, found.machine.commit, found.machine.tree_clean)}"


def title(found: Scaling) -> str:
    """What was measured, where and when."""
    return f"The row-sharded product on {found.ranks} × {found.machine.name}, {found.utc:%Y-%m-%d}"


def page(found: Scaling, source: str) -> Page:
    """The page of one document; `source` is the path from the page to its file."""
    sections = (
        Section("What this is", _what(found)),
        Section("Does it scale?", (*statements(found), *_held_by_none(found)), tables=filled(rows_table(found))),
        Section("What leaving one device costs", tuple(_costs(found)), tables=filled(broadcasts_table(found))),
        *_not_timed(found),
        Section("How to reproduce it", code=f"git checkout {found.machine.commit}\n{found.command}"),
    )
    return Page(title(found), stem(found), source, sections)


def summary(found: Scaling) -> str:
    """One sentence for the index."""
    return next(iter(statements(found)), "nothing was timed")


def _what(found: Scaling) -> tuple[str, ...]:
    hosts = "one host" if found.hosts == 1 else f"{found.hosts} hosts"
    return said(
        f"A, B and C lie sharded by rows over {found.ranks} devices of {hosts}, {device(found.machine)}. Each rank "
        f"drew its own shard and checked its own C to the bit before it was timed. {DTENSOR} is PyTorch's eager "
        "product of DTensors; the others run on the local shards. The product itself moves nothing between devices.",
        "A round times all ranks together, then each rank alone while the others wait; the order rotates. Together is "
        f"the slowest rank of the round, {ALONE} the slowest of those. Operands are cold. Intervals are "
        f"{WITHIN}.",
        whose(found.machine),
        "The tree had uncommitted changes." if found.machine.tree_clean is False else "",
    )


def statements(found: Scaling) -> Iterator[str]:
    """What the numbers say, each way of scaling by itself."""
    for way, words in (("weak", "as much on every device"), ("strong", "one problem shared")):
        rows = [row for row in found.rows if row.way == way and row.efficiency is not None]
        local = [row.efficiency or 0 for row in rows if row.contender != DTENSOR]
        through = [row.efficiency or 0 for row in rows if row.contender == DTENSOR]
        if local:
            also = f"; through DTensor {_between(through)}" if through else ""
            yield (
                f"{way.capitalize()} scaling ({words}): efficiency on {found.ranks} devices is {_between(local)} for "
                f"local shards{also}."
            )


def _held_by_none(found: Scaling) -> Iterator[str]:
    """A sentence for each B that is larger than the memory of one device."""
    memory = found.machine.memory_bytes
    for way, case in dict.fromkeys((row.way, row.whole) for row in found.rows if row.in_place):
        whole = parse(case)
        size = whole.rows * whole.cols * whole.itemsize
        if size > memory:
            yield (
                f"B of {units.label(whole)} is {units.binary(size)}, and a device has {units.binary(memory)}: no "
                f"single one holds it. In the rows that say so ({way}, in place) C takes B's place."
            )


def _between(values: list[float]) -> str:
    return units.span(f"{min(values):.3f}", f"{max(values):.3f}")


def rows_table(found: Scaling) -> Table:
    """A row per contender, way of scaling and case."""
    heads = (
        "scaling", "B and C as a whole", "shard of each rank", "contender", "together, µs", f"{ALONE}, µs",
        "efficiency", "slowest rank / fastest", "all ranks together, GB/s",
    )  # fmt: skip
    return Table(heads, tuple(_row(found, row) for row in found.rows), text=4)


def _row(found: Scaling, row: Scaled) -> tuple[str, ...]:
    whole = parse(row.whole)
    known = row.efficiency is not None and row.efficiency_ci99 is not None
    return (
        f"{row.way}, in place" if row.in_place else row.way,
        units.label(whole),
        units.label(parse(row.case)),
        row.contender,
        units.microseconds(row.together_s),
        units.microseconds(row.alone_s),
        units.ratio(row.efficiency, row.efficiency_ci99) if known else units.ABSENT,  # type: ignore[arg-type]
        f"{row.together_s / row.fastest_together_s:.3f}",
        units.gigabytes_per_s(whole.bytes_moved / row.together_s),
    )


def _costs(found: Scaling) -> Iterator[str]:
    for each in found.dispatches:
        yield (
            f"DTensor's dispatch: a product at {units.label(parse(each.case))} takes the host "
            f"{units.microseconds(each.dtensor_s)} µs through DTensor and {units.microseconds(each.local_s)} µs by the "
            f"same operator on the shard. So {units.microseconds(each.dtensor_s - each.local_s)} µs are dispatch. The "
            "times above are the devices', from graphs where there are graphs, and hold none of it."
        )
    if found.broadcasts:
        yield (
            f"Where A lives on one rank it is broadcast first, by {found.collectives}, without NVLink's multicast. "
            f"The time is the slowest rank's, per broadcast, several in a row, by {_clock(found)}."
        )


def _clock(found: Scaling) -> str:
    if any(each.method == "host_clock" for each in found.broadcasts):
        return "the host's clock"
    return "the devices' clocks; the host had enqueued all of them before the first began"


def broadcasts_table(found: Scaling) -> Table:
    """A row per case: what the broadcast of its A costs beside the product."""
    heads = ("B and C as a whole", "A, KiB", "broadcast, µs", "fastest product, µs", "broadcast / product")
    rows = tuple(
        (
            units.label(parse(each.whole)),
            units.digits(each.bytes / 1024),
            units.microseconds(each.seconds),
            units.microseconds(each.product_s),
            units.digits(each.seconds / each.product_s) if each.product_s else units.ABSENT,
        )
        for each in found.broadcasts
    )
    return Table(heads, tuple(dict.fromkeys(rows)), text=1)


def _not_timed(found: Scaling) -> Iterator[Section]:
    rows = tuple(
        dict.fromkeys(
            (o.backend, o.kind, o.reason, units.label(parse(o.case)) if o.case else "all") for o in found.outcomes
        )
    )
    if rows:
        yield Section("Not timed", tables=(Table(("contender", "outcome", "reason", "case"), rows, text=4),))
