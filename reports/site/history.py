"""The page of all runs: repeats of a commit together, and what changed from commit to commit."""

from __future__ import annotations

from collections.abc import Sequence

from reports import units
from reports.answers.brief import Brief, Runs
from reports.document import Cell, Page, Section, Table
from reports.site.layout import DATA_ROOT
from suite.cases import HEADLINE

NEWEST = 6
"""So many commits stand beside each other, which is as wide as a screen; all of them in a fold, below each other."""


def page(devices: Runs) -> Page:
    """All runs by device, repeats of a commit together, and the headline case across commits."""
    sections = []
    for each in devices.values():
        name = each[0].machine.name
        sections.append(Section(name, tables=(_runs_table(each),)))
        sections.append(_history(name, each))
    return Page("All runs, and what changed", "runs", DATA_ROOT, tuple(sections))


def _runs_table(runs: Sequence[Brief]) -> Table:
    heads = ("run, UTC", "commit", "which of the commit's runs", "sweep", "torch", "triton", "measurements", "record")
    of_commit: dict[str, list[str]] = {}
    for run in reversed(runs):
        of_commit.setdefault(run.machine.commit, []).append(run.path)
    rows = []
    for run in runs:
        same = of_commit[run.machine.commit]
        versions = (run.machine.versions.get(name, units.ABSENT) for name in ("torch", "triton"))
        rows.append(
            (
                Cell(f"{run.utc:%Y-%m-%d %H:%M}", href=f"{run.place}.html"),
                run.machine.commit[:10],
                f"{same.index(run.path) + 1} of {len(same)}",
                run.sweep,
                *versions,
                str(run.measurements),
                Cell(run.file, href=f"{DATA_ROOT}{run.machine.slug}/{run.file}"),
            )
        )
    return Table(heads, tuple(rows), text=6)


def _history(name: str, runs: Sequence[Brief]) -> Section:
    """The headline case by commit: how far a commit's own runs lie apart is the yardstick for what changed."""
    oldest = list(reversed(runs))
    commits = list(dict.fromkeys(run.machine.commit for run in oldest))
    names = list(dict.fromkeys(backend for run in runs for backend in run.shares))
    shown = commits[-NEWEST:]
    rows = tuple(
        (backend, *(_band(oldest, commit, backend) for commit in shown), _changed(oldest, commits, backend))
        for backend in names
    )
    words = (
        f"Share of the ceiling in % at {HEADLINE.rows} × {HEADLINE.cols} {HEADLINE.dtype}, cold: the lowest and the "
        "highest of each commit's runs. A difference counts only beyond that band."
    )
    heads = ("backend", *(commit[:8] for commit in shown), "newest against the one before")
    tables = [Table(heads, rows)]
    if len(commits) > NEWEST:
        every = tuple((commit[:8], *(_band(oldest, commit, each) for each in names)) for commit in reversed(commits))
        tables.append(Table(("commit", *names), every, summary=f"All {len(commits)} commits, the newest first"))
    return Section(f"History on an {name}", (words,), tables=tuple(tables))


def _shares(runs: Sequence[Brief], commit: str, backend: str) -> list[float]:
    found = (run.shares.get(backend) for run in runs if run.machine.commit == commit)
    return [100 * share for share in found if share is not None]


def _band(runs: Sequence[Brief], commit: str, backend: str) -> str:
    found = _shares(runs, commit, backend)
    return units.span(f"{min(found):.1f}", f"{max(found):.1f}") if found else units.ABSENT


def _changed(runs: Sequence[Brief], commits: Sequence[str], backend: str) -> str:
    bands = [found for commit in commits if (found := _shares(runs, commit, backend))]
    if len(bands) < 2 or min(len(bands[-1]), len(bands[-2])) < 2:
        return "too few runs to say"
    before, after = bands[-2], bands[-1]
    if min(after) > max(before) + 1:
        return "faster"
    return "slower" if max(after) < min(before) - 1 else "no change beyond the band"
