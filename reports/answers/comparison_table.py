"""A comparison of two runs for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reports import units
from reports.answers.compare import VERDICTS, Comparison, Pair, Row
from suite.text import one_line, percent
from suite.verdict import Verdict

FEW_ROWS = 20
"""So many rows are all shown in a terminal; of more, those whose ratio lies within the margin are only counted."""

STYLES: dict[Verdict, str] = {"SLOWER": "bold red", "FASTER": "bold green", "UNDECIDED": "yellow", "SAME": "dim"}


def terminal(comparison: Comparison) -> RenderableType:
    """The comparison for a terminal: what is not as it was, what differs beside the commit, the rows, the counts."""
    return Group(*map(Text, _head(comparison)), _table(comparison), *map(Text, _foot(comparison)))


def _head(comparison: Comparison) -> Iterator[str]:
    for name, run in (("OLD", comparison.old), ("NEW", comparison.new)):
        dirty = {True: "", False: ", with uncommitted changes", None: ", git could not be asked for changes"}
        yield f"{name}  {one_line(run.path)}, {run.utc:%Y-%m-%d %H:%M}, commit {run.commit[:12]}{dirty[run.tree_clean]}"
        yield f"     {units.interval(run.restarts)}"
    if comparison.hardware:
        yield "hardware differs, so no change below is the commit's alone: " + _pairs(comparison.hardware)
    if comparison.software:
        yield "software differs: " + _pairs(comparison.software)


def _pairs(differing: dict[str, Pair]) -> str:
    return "; ".join(f"{what} {old} → {new}" for what, (old, new) in differing.items())


def _table(comparison: Comparison) -> Table:
    shown = _shown(comparison)
    table = Table(title=f"NEW against OLD, {comparison.device}", show_header=bool(shown))
    for head in ("verdict", "backend", "case", "series", "of the ceiling", "time, NEW / OLD [99 %]", "margin", "why"):
        table.add_column(head)
    for row in sorted(shown, key=lambda row: VERDICTS.index(row.verdict)):
        why = [row.reason] if row.reason else []
        why += [f"{what}: {old} → {new}" for what, (old, new) in row.ran.items()]
        shares = f"{units.percent(row.share_old)} → {units.percent(row.share_new)}"
        numbers = (shares, units.ratio(row.ratio, row.ratio_ci99), f"±{units.percent(row.margin)}")
        cells = (row.backend, row.case, row.series, *numbers, "; ".join(why))
        table.add_row(Text(row.verdict, style=STYLES[row.verdict]), *map(Text, cells))
    return table


def _shown(comparison: Comparison) -> list[Row]:
    few = len(comparison.rows) <= FEW_ROWS
    return [row for row in comparison.rows if few or row.verdict in ("SLOWER", "FASTER") or _beyond(row)]


def _beyond(row: Row) -> bool:
    """Whether the ratio itself, though perhaps not its interval, lies beyond the margin."""
    return row.verdict != "SAME" and not 1 / (1 + row.margin) <= row.ratio <= 1 + row.margin


def _foot(comparison: Comparison) -> Iterator[str]:
    counts = ", ".join(f"{count} {verdict}" for verdict, count in comparison.counts.items())
    error = percent(comparison.family_error, 0)
    yield (
        f"{counts}. Where nothing changed, any FASTER or SLOWER has a probability of {error}. "
        "This holds as far as backends scatter from run to run as ceilings do, and the cases of a regime alike."
    )
    hidden = len(comparison.rows) - len(_shown(comparison))
    if hidden:
        yield f"not shown: {hidden} SAME or UNDECIDED with a ratio within δ; --json has them all"
    yield from _left_out(comparison)


def _left_out(comparison: Comparison) -> Iterator[str]:
    """A line per backend, with the reason that most of its cases have."""
    reasons: dict[str, Counter[str]] = {}
    for each in comparison.left_out:
        reasons.setdefault(each.backend, Counter())[each.reason] += 1
    for backend, counted in reasons.items():
        more = f", and {len(counted) - 1} more reasons" if len(counted) > 1 else ""
        (reason, _), number = counted.most_common(1)[0], counted.total()
        yield f"no verdict: {backend} in {number} of the cases and series, {reason}{more}"
