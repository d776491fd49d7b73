"""Which backend, if one must choose once for all cases, and what that costs?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reports import units
from reports.answers.called import IN_SHORT, WAYS
from reports.answers.evidence import Device
from reports.answers.for_good import BOUNDS, ENOUGH, ForGood, for_good
from reports.document import Section, Table
from reports.figures.curves import curves
from suite.cases import parse

HEADS = ("called", f"the fewest within {100 * ENOUGH:.0f} % of the fastest everywhere", "if only one")


def choices(device: Device) -> list[ForGood]:
    """The choice for every way of calling of which cases were measured, but a first use, which depends on N."""
    found = (for_good(device, called) for called in WAYS if called != "first-use")
    return [each for each in found if each]


def section(device: Device) -> Section:
    """The choice, the curves, and for each way of calling the numbers behind them."""
    found = choices(device)
    words = (
        "Over all measured contiguous cases. A backend counts in a case by its worst run; where it has no number, it "
        "counts as slower than any bound."
    )
    figures = (curves(each.called, device.name, IN_SHORT[each.called], each.curves) for each in found)
    return Section("If only one may be taken", (words,), tuple(figures), tables=(_table(found), *map(_within, found)))


def overview(devices: Iterable[Device]) -> Iterator[Section]:
    """The choice on every device in one table; nothing where nothing was measured."""
    note = "Over all measured contiguous cases of a device, each at its worst run."
    found = sorted((each for device in devices for each in choices(device)), key=lambda each: WAYS.index(each.called))
    rows = tuple((row[0], each.device, *row[1:]) for each in found for row in _table([each]).rows)
    heads = (HEADS[0], "on an", *HEADS[1:])
    if rows:
        yield Section("If you choose once", tables=(Table(heads, rows, text=4, note=note, prose=True),))


def _table(found: Iterable[ForGood]) -> Table:
    """Per way of calling: the fewest that are enough, the one, and what that costs where it costs most."""
    rows = tuple((IN_SHORT[each.called], ", ".join(each.enough) + _unsure(each), _only(each)) for each in found)
    return Table(HEADS, rows, text=3, prose=True)


def _unsure(found: ForGood) -> str:
    if not found.unsure:
        return ""
    return f"; in {len(found.unsure)} of {len(found.ratios)} cases no backend holds that in every run: the best counts"


def _only(found: ForGood) -> str:
    if not found.only:
        return "none was measured in every case"
    case, ratio = found.worst(found.only)
    return f"{found.only}: at worst {ratio:.2f} × the fastest, at {units.label(parse(case))}"


def _within(found: ForGood) -> Table:
    """The share of cases in which a backend is within x % of the fastest, in every run."""
    heads = ("backend", *(f"within {100 * bound:.0f} %" for bound in BOUNDS), "at worst")
    rows = tuple(
        (
            name,
            *(f"{100 * found.within(name, bound):.0f} %" for bound in BOUNDS),
            f"{found.worst(name)[1]:.2f} ×",
        )
        for name in found.ranked
    )
    return Table(heads, rows, summary=f"{IN_SHORT[found.called]}: {len(found.ratios)} cases")
