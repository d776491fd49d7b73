"""A comparison of two runs for a terminal: what differs beside the commit, the rows, the counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reports import units
from reports.compare import VERDICTS, Comparison
from suite.record import Verdict

FEW_ROWS = 20
"""So many rows are all shown in a terminal; of more, those that are SAME are only counted."""

STYLES: dict[Verdict, str] = {"SLOWER": "bold red", "FASTER": "bold green", "UNDECIDED": "yellow", "SAME": "dim"}


def terminal(comparison: Comparison) -> RenderableType:
    """The comparison for a terminal: what is not as it was, what differs beside the commit, the rows, the counts."""
    return Group(*map(Text, _head(comparison)), _table(comparison), *map(Text, _foot(comparison)))


def _head(comparison: Comparison) -> Iterator[str]:
    for name, run in (("OLD", comparison.old), ("NEW", comparison.new)):
        dirty = {True: "", False: ", with uncommitted changes", None: ", git could not be asked for changes"}
        yield f"{name}  {run.path}, {run.utc:%Y-%m-%d %H:%M}, commit {run.commit[:12]}{dirty[run.tree_clean]}"
    for what, (old, new) in (comparison.software | comparison.hardware).items():
        yield f"differs: {what} {old} → {new}"


def _table(comparison: Comparison) -> Table:
    shown = [row for row in comparison.rows if row.verdict != "SAME" or len(comparison.rows) <= FEW_ROWS]
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


def _foot(comparison: Comparison) -> Iterator[str]:
    counts = ", ".join(f"{count} {verdict}" for verdict, count in comparison.counts.items())
    yield f"{counts}; where nothing changed, any FASTER or SLOWER has a probability of {comparison.family_error:.0%}"
    left_out = Counter((each.backend, each.reason) for each in comparison.left_out)
    for (backend, reason), number in left_out.items():
        yield f"no verdict: {backend} in {number} of the cases and series, {reason}"
