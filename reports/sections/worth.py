"""Is a backend worth it: beside the best and eager PyTorch, where it loses, what it costs beyond its kernel?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import median

from backends import CATALOGUE
from reports import units
from reports.answers.answer import EAGER
from reports.answers.called import Question
from reports.answers.draws import taken
from reports.answers.evidence import Cell, Device
from reports.answers.rule import Decision, decide
from reports.document import Cell as Shown
from reports.document import Section, Table, said
from suite.cases import Case, parse
from suite.text import percent

CODE = "../../../backends/"
"""The backends' files as seen from the site's root."""


@dataclass(frozen=True)
class Worth:
    """One backend on one device, its operands in DRAM, its launches replayed; ratios are at worst over the runs."""

    device: str
    cases: int  # in which it was measured
    good: tuple[Case, ...]  # never slower than the fastest by more than 1 %, or the one to take
    take: tuple[Case, ...]
    unsure: int  # as good in one run and not in another
    loses: tuple[tuple[Case, float], ...]  # its time over the fastest's, the worst first
    of_eager: tuple[float, ...]  # its time over eager PyTorch's, per case, the smallest first
    spread: tuple[Case, float] | None  # the largest time over the smallest of one commit's runs and restarts
    launch_s: tuple[float, ...]
    call_s: tuple[float, ...]
    first_use_s: float | None


@lru_cache(maxsize=256)
def worth(device: Device, name: str) -> Worth:
    """What the device's runs say of a backend."""
    cells = {case: each[name] for case, each in device.cells.get("cold", {}).items() if name in each}
    decided = {
        case: each for case in map(parse, cells) if (each := decide(device, Question(case, "graph-cold"))).measured
    }
    losses = {case: each.standings[name].worst for case, each in decided.items() if name in each.standings}
    spreads = {parse(case): _spread(device, cell) for case, cell in cells.items()}
    most = max(spreads, key=lambda case: spreads[case], default=None)
    return Worth(
        device=device.name,
        cases=len(decided),
        good=tuple(case for case, each in decided.items() if name in (each.backend, *each.tied)),
        take=tuple(case for case, each in decided.items() if name == each.backend),
        unsure=sum(_unsure(each, name) for each in decided.values()),
        loses=tuple(sorted(losses.items(), key=lambda item: (-item[1], item[0].id))),
        of_eager=tuple(sorted(_of_eager(device, name, decided))),
        spread=(most, spreads[most]) if most else None,
        launch_s=_host(device, "launch", name),
        call_s=_host(device, "call", name),
        first_use_s=device.first_use_s.get(name),
    )


def _unsure(decision: Decision, name: str) -> bool:
    standing = decision.standings.get(name)
    return bool(standing and standing.best <= 1.01 < 1.05 < standing.worst / standing.best)


def _of_eager(device: Device, name: str, found: Iterable[Case]) -> Iterator[float]:
    for case in found:
        ratios = [
            draw[name] / draw[EAGER] for draw in taken(device, "cold", case).values() if {name, EAGER} <= set(draw)
        ]
        if ratios:
            yield max(ratios)


def _spread(device: Device, cell: Cell) -> float:
    of_commit: dict[str, list[float]] = {}
    for number, seconds in cell.times.items():
        of_commit.setdefault(device.runs[number].commit, []).extend(seconds)
    return max(max(each) / min(each) for each in of_commit.values())


def _host(device: Device, series: str, name: str) -> tuple[float, ...]:
    """The host's seconds in every run, at the first case of the series."""
    cells = next(iter(device.cells.get(series, {}).values()), {})
    return tuple(seconds for each in cells[name].times.values() for seconds in each) if name in cells else ()


def sections(devices: Sequence[Device]) -> Iterator[Section]:
    """A table per device, the backends beside each other; then each backend in words."""
    note = (
        "As good: within 1 % of the fastest in every run. Part of eager PyTorch's time: in the median case, each at "
        "its worst run. Launch and call are the host's time. Runs differ: the same commit's, in the case in which they "
        "do most."
    )
    for device in devices:
        rows = tuple(_row(each, worth(device, each)) for each in names([device]))
        yield Section(f"Side by side on an {device.name}", tables=(Table(HEADS, rows, note=note),))
    for name in names(devices):
        caveats = dict.fromkeys(device.caveats[name] for device in devices if name in device.caveats)
        found = [each for device in devices if (each := worth(device, name)).cases]
        words = (sentence for each in found for sentence in (verdict(each, name), _costs(each, name)))
        code = Shown(f"backends/{name}.py", href=f"{CODE}{name}.py")
        yield Section(name, said(*words, *(f"{each[0].upper()}{each[1:]}." for each in caveats)), links=(code,))


HEADS = (
    "backend", "as good as the best in", "of eager PyTorch's time", "at worst, of the fastest's", "launch, µs",
    "call, µs", "first use, ms", "runs differ by up to",
)  # fmt: skip


def names(devices: Iterable[Device]) -> list[str]:
    """The backends measured on one of the devices, in the catalogue's order."""
    known = {name for device in devices for case in device.cells.get("cold", {}).values() for name in case}
    return [entry.name for entry in CATALOGUE if entry.name in known]


def _row(name: str, found: Worth) -> tuple[str, ...]:
    return (
        name,
        f"{len(found.good)} of {found.cases}",
        f"{median(found.of_eager):.2f} ×" if found.of_eager else units.ABSENT,
        f"{found.loses[0][1]:.2f} ×" if found.loses else units.ABSENT,
        _microseconds(found.launch_s),
        _microseconds(found.call_s),
        units.ABSENT if found.first_use_s is None else units.digits(found.first_use_s * 1e3),
        percent(found.spread[1] - 1, 0) if found.spread else units.ABSENT,
    )


def _microseconds(seconds: Sequence[float]) -> str:
    return units.span(*map(units.microseconds, (min(seconds), max(seconds)))) if seconds else units.ABSENT


def verdict(found: Worth, name: str) -> str:
    """Whether the backend is worth it on the device, its operands in DRAM, its launches replayed."""
    doubt = f"; in {found.unsure} more in one run and not in another" if found.unsure else ""
    good = f"{found.device}: as good as the best in {len(found.good)} of {found.cases} cases{doubt}."
    return " ".join((good, *_wins(found), *_against_eager(found, name), *_loses(found)))


def _wins(found: Worth) -> Iterator[str]:
    """Where it is the one to take: everywhere, or how often and the largest such cases."""
    if found.take and len(found.take) < found.cases:
        largest = sorted(found.take, key=lambda case: (-case.bytes_moved, case.id))[:3]
        yield f"It is the one to take in {len(found.take)}, the largest: {', '.join(map(units.label, largest))}."
    elif found.take:
        yield "It is the one to take in all of them."


def _against_eager(found: Worth, name: str) -> Iterator[str]:
    if found.of_eager and name != EAGER:
        slower = sum(ratio > 1.01 for ratio in found.of_eager)
        ends = units.span(f"{found.of_eager[0]:.2f}", f"{found.of_eager[-1]:.2f}")
        yield (
            f"It takes {median(found.of_eager):.2f} × eager PyTorch's time in the median case ({ends} ×), and more in "
            f"{slower} of {len(found.of_eager)}."
        )


def _loses(found: Worth) -> Iterator[str]:
    listed = ", ".join(f"{units.label(case)} ({ratio:.2f} ×)" for case, ratio in found.loses[:3] if ratio > 1.01)
    if listed:
        yield f"It loses most at {listed}."


def _costs(found: Worth, name: str) -> str:
    """What it costs beside its kernel, and how far its runs differ."""
    parts = (
        f"a launch costs the host {_microseconds(found.launch_s)} µs" if found.launch_s else "",
        f"one call on tensors {_microseconds(found.call_s)} µs" if found.call_s else "",
        "" if found.first_use_s is None else f"the first use {units.digits(found.first_use_s * 1e3)} ms",
    )
    listed = ", ".join(filter(None, parts))
    costs = f"There {listed}." if listed else ""
    if found.spread and found.spread[1] > 1.05:
        case, ratio = found.spread
        costs += f" Runs of one commit differ by up to {percent(ratio - 1, 0)}, at {units.label(case)}."
    return costs.strip()
