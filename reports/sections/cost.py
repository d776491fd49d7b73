"""What does a backend cost as a whole, and after how many products does it pay off?

First use ends with the first product; n more cost n times one. One takes the kernel's time or the host's, whichever is
longer. Launches are enqueued ahead of the device, so the shorter time hides behind the longer. Two users pay
differently for the host's part:
- bound: binds once and launches n times;
- plain: binds and launches for every product.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from reports import units
from reports.document import Section, Table
from reports.view import BASELINE, View, contenders
from suite.cases import parse
from suite.record.run import Energy, FirstUse

USERS: dict[str, Literal["launch", "call"]] = {"bound": "launch", "plain": "call"}


@dataclass(frozen=True)
class Cost:
    """What n products after the first cost: first_use_s + n · each_s. A share of each_s up to `margin` is no gain."""

    first_use_s: float
    each_s: float
    margin: float


def break_even(ours: Cost, baseline: Cost) -> int | None:
    """The fewest products, from 1 on, at which ours costs less than the baseline; None where it gains nothing."""
    gain_s = baseline.each_s - ours.each_s
    if gain_s <= max(ours.margin, baseline.margin) * baseline.each_s:
        return None
    return max(1, math.floor((ours.first_use_s - baseline.first_use_s) / gain_s) + 1)


def cost(view: View, backend: str, case: str, host: Literal["launch", "call"]) -> Cost | None:
    """One backend's cost at a case, with the kernel's time from the series cold; None where a part was not measured.

    The host's time is that of the case at which the run took it. The same holds for a first use not taken at this case.
    """
    use = _use(view, backend, case)
    kernel = view.one("cold", backend, case)
    enqueue = view.one(host, backend)
    if use is None or kernel is None or enqueue is None:
        return None
    longer = max((kernel, enqueue), key=lambda m: m.median_s)
    return Cost(use.import_s + use.bind_s + use.launch_s, longer.median_s, longer.margin)


def _use(view: View, backend: str, case: str) -> FirstUse | None:
    uses = (use for use in view.run.first_uses if use.backend == backend)
    return min(uses, key=lambda use: use.case != case, default=None)


def sections(view: View) -> Iterator[Section]:
    """What the page says about cost; nothing for what the run did not take."""
    if view.run.first_uses:
        even = break_even_table(view)
        said = (_parts(view), _assumptions(view)) if even.rows else (_parts(view),)
        yield Section("What it costs", said, tables=(cost_table(view), even) if even.rows else (cost_table(view),))
    if view.run.energies:
        words = (
            "The energy is what the device's counter rose by, from one step to another, while it ran nothing but these "
            "launches. It is the whole board's energy, its idle share included."
        )
        yield Section("Energy", (words,), tables=(energy_table(view),))


def _parts(view: View) -> str:
    taken = ", ".join(dict.fromkeys(use.case for use in view.run.first_uses))
    return (
        "First use is taken once, in a fresh process that already holds torch, the device's context and the operands "
        f"({taken}). Compile is what a second process saves by the caches of the first. Tune and load is the rest of "
        "the bind. The kernel's time is the headline's, series cold. Launch and call are the host's times, at the case "
        "of those series. Where a backend allocates C, its host times include that; a CUDA graph allocates once."
    )


def _assumptions(view: View) -> str:
    plain = (
        "each product as a user writes it, with a new C" if view.calls_are_fresh else "bind and launch for each product"
    )
    return (
        f"A backend pays off when its first use and its products together take less time than with {BASELINE}. A "
        "product takes the kernel's time or the host's, whichever is longer, since launches are enqueued ahead of the "
        f"device. Bound: bind once, then launch. Plain: {plain}. Never: a product is not "
        "faster by more than δ. First use scatters more than the rest, so only two digits are given."
    )


def cost_table(view: View) -> Table:
    """Every part of the cost, a row per backend, in the headline's order."""
    heads = (
        "backend", "allocates C", "kernel, µs", "launch, µs", "call, µs", "import, ms", "compile, ms",
        "tune and load, ms", "first launch, ms",
    )  # fmt: skip
    return Table(heads, tuple(_cost_row(view, name) for name in _backends(view)), text=2)


def _backends(view: View) -> list[str]:
    measured = [*view.headline, *view.series("launch"), *view.series("call")]
    names = [*contenders(measured, ("backend",)), *(use.backend for use in view.run.first_uses)]
    return list(dict.fromkeys(names))


def _cost_row(view: View, backend: str) -> tuple[str, ...]:
    headline = next((m.case for m in view.headline), "")
    found = view.one("cold", backend, headline), view.one("launch", backend), view.one("call", backend)
    return (
        backend,
        ("yes" if any(m.allocates for m in found if m) else "no") if any(found) else units.ABSENT,
        *(units.microseconds(m.median_s if m else None) for m in found),
        *(_milliseconds(part) for part in _first_use(_use(view, backend, headline))),
    )


def _first_use(use: FirstUse | None) -> tuple[float | None, ...]:
    """Seconds of import, compile, tune and load, and first launch; compile is 0 where caches save nothing."""
    if use is None:
        return (None,) * 4
    compile_s = max(0.0, use.bind_s - use.warm_bind_s)
    return use.import_s, compile_s, use.bind_s - compile_s, use.launch_s


def _milliseconds(seconds: float | None) -> str:
    return units.ABSENT if seconds is None else units.digits(seconds * 1e3)


def break_even_table(view: View) -> Table:
    """After how many products each backend pays off, per user, at the headline case and the host series' case."""
    at = dict.fromkeys(m.case for m in (*view.headline[:1], *view.series("launch")[:1]))
    columns = [(case, user, cost(view, BASELINE, case, host)) for case in at for user, host in USERS.items()]
    rows = tuple(
        (name, *(_pays_off(view, name, case, user, baseline) for case, user, baseline in columns))
        for name in _backends(view)
        if name != BASELINE
    )
    heads = ("pays off after", *(f"{case}, {user}" for case, user, _ in columns))
    return Table(heads, rows if any(baseline for *_, baseline in columns) else ())


def _pays_off(view: View, backend: str, case: str, user: str, baseline: Cost | None) -> str:
    ours = cost(view, backend, case, USERS[user])
    if ours is None or baseline is None:
        return units.ABSENT
    products = break_even(ours, baseline)
    return "never" if products is None else f"{float(f'{products:.1e}'):,.0f}"


def energy_table(view: View) -> Table:
    """Energy per launch and per byte moved, and the mean power while it was counted."""
    heads = ("backend", "case", "mJ per launch", "pJ per byte", "mean power, W", "launches", "seconds")
    return Table(heads, tuple(_energy_row(each) for each in view.run.energies), text=2)


def _energy_row(e: Energy) -> tuple[str, ...]:
    return (
        e.backend,
        e.case,
        units.digits(e.joules_per_launch * 1e3),
        units.digits(e.joules_per_launch / parse(e.case).bytes_moved * 1e12),
        units.digits(e.joules_per_launch * e.launches / e.seconds),
        f"{e.launches:,}",
        units.digits(e.seconds),
    )
