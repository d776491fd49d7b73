"""What else was tried for the tuned kernel on one device, and what follows from it? A page of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

from reports import units, view
from reports.device import device, whose
from reports.document import Page, Section, Table, filled, said
from reports.sections.reproduce import lines
from suite.cases import parse
from suite.record.variants import Row, Variants

STEM = "tried"
"""The name of the page's files, in the device's folder."""

WITHIN = 0.005
"""The lead of the best variant over the tuned kernel up to which it is not worth a rule of its own."""

OTHER = "the same kernel in another language, for comparison"
BEST = " *"
TUNED = view.TUNED[0]
SERIES = ("cold", "hot")


def page(found: Variants, source: str) -> Page:
    """The page of one document; `source` is the path from the page to its file."""
    sections = (
        Section("What follows", tuple(statements(found)), tables=filled(behind_table(found))),
        _what(found),
        Section("The variants", (_reading(found),), tables=(variants_table(found),)),
        *(_shares(found, series) for series in SERIES if _of(found, series)),
        *_not_timed(found),
        Section("The cases", tables=(cases_table(found),)),
        Section("How to reproduce it", code=f"git checkout {found.machine.commit}\n{lines(found.command)}"),
    )
    return Page(f"What was tried for {TUNED} on {found.machine.name}, {found.utc:%Y-%m-%d}", STEM, source, sections)


def summary(found: Variants) -> str:
    """One sentence for the index."""
    return f"{len(found.variants)} other forms of {TUNED}, {found.utc:%Y-%m-%d}; " + "; ".join(
        f"{series}, it is within {units.percent(WITHIN)} of the best one in {len(near)} of {len(near) + len(far)} cases"
        for series in SERIES
        for near, far in [_near_and_far(found, series)]
        if near or far
    )


def _what(found: Variants) -> Section:
    libraries = ", ".join(f"{name} {version}" for name, version in found.machine.versions.items())
    return Section(
        "What this is",
        said(
            f"These forms of the flat kernel of {TUNED} differ from it in one decision or two. Each was right to the "
            "bit before it was timed. All of a case ran in the same interleaved rounds with the backends, the ceilings "
            f"and the A/A control. Intervals are {units.ONE_PROCESS}. "
            f"{device(found.machine)}, {found.utc:%Y-%m-%d %H:%M} UTC, commit {found.machine.commit[:10]}. "
            f"Libraries: {libraries}.",
            whose(found.machine),
            "The tree had uncommitted changes." if found.machine.tree_clean is False else "",
        ),
    )


def _reading(found: Variants) -> str:
    return (
        f"Shares of the ceiling are in %, over the cases in which the variant was timed. {TUNED} chooses its form "
        "by the operands and by tuning; a variant is the same everywhere."
    )


def variants_table(found: Variants) -> Table:
    """What each variant is, why it was tried, and its best, median and worst share; the backends last."""
    heads = (
        "variant", "what it is", "why it was tried",
        *(f"{series}: {of}" for series in SERIES for of in ("best", "median", "worst")), "best variant in cases",
    )  # fmt: skip
    words = [(each.name, each.what, each.why) for each in found.variants]
    for name in dict.fromkeys(row.variant for row in found.rows if row.role == "reference"):
        words.append((name, "the backend", "what the variants are forms of" if name == TUNED else OTHER))
    first = [_best_variant(found, series, case) for series in SERIES for case in _cases(found, series)]
    wins = Counter(row.variant for row in first if row)
    rows = tuple((*each, *_spread(found, each[0]), str(wins[each[0]])) for each in words)
    return Table(heads, rows, text=3, prose=True)


def _spread(found: Variants, name: str) -> Iterator[str]:
    for series in SERIES:
        shares = [row.of_ceiling for row in _of(found, series) if row.variant == name]
        for pick in (max, median, min):
            yield _share(pick(shares)) if shares else units.ABSENT


def _shares(found: Variants, series: str) -> Section:
    words = f"In %.{BEST} marks the best variant of its case, {units.ABSENT} one that was not timed."
    return Section(f"Share of the ceiling, {series}", (words,), tables=(shares_table(found, series),))


def shares_table(found: Variants, series: str) -> Table:
    """A row per contender, a column per case, the best variant of each marked; the note gives the intervals."""
    rows = _of(found, series)
    cases = _cases(found, series)
    first = {case: _best_variant(found, series, case) for case in cases}
    cells = {(row.variant, row.case): _share(row.of_ceiling) + (BEST if row is first[row.case] else "") for row in rows}
    order = ("reference", "variant", "ceiling", "control")
    names = dict.fromkeys(row.variant for role in order for row in rows if row.role == role)
    body = tuple((name, *(cells.get((name, case), units.ABSENT) for case in cases)) for name in names)
    widths = [(row.of_ceiling_ci99[1] - row.of_ceiling_ci99[0]) / 2 for row in rows if row.role != "ceiling"]
    note = ""
    if widths:
        typical, widest = (f"±{100 * width:.2f} %" for width in (median(widths), max(widths)))
        note = f"Intervals ({units.ONE_PROCESS}): {typical} in the median, {widest} at most"
    return Table(("contender", *map(_label, cases)), body, note=note)


def _not_timed(found: Variants) -> Iterator[Section]:
    alike: dict[tuple[str, str, str], list[str]] = {}
    for each in found.outcomes:
        where = f"{_label(each.case)} {each.series or ''}".strip() if each.case else "all"
        alike.setdefault((each.backend, each.kind, each.reason), []).append(where)
    rows = tuple((*key, ", ".join(dict.fromkeys(cases))) for key, cases in alike.items())
    if rows:
        yield Section(
            "Not timed", tables=(Table(("contender", "outcome", "reason", "cases"), rows, text=4, prose=True),)
        )


def cases_table(found: Variants) -> Table:
    """The cases, each with the reason for it."""
    rows = tuple((_label(each.case), each.series, each.why) for each in found.cases)
    return Table(("case", "series", "why"), rows, text=3, prose=True)


def statements(found: Variants) -> Iterator[str]:
    """What the numbers say of the rule by which the tuned kernel chooses, series by series."""
    for series in SERIES:
        near, far = _near_and_far(found, series)
        if near or far:
            yield (
                f"{series.capitalize()}: in {len(near)} of {len(near) + len(far)} cases {TUNED} is within "
                f"{units.percent(WITHIN)} of the best variant tried, or ahead of it."
            )
        yield from _one_for_all(found, series)
    yield from _noise(found)


def behind_table(found: Variants) -> Table:
    """The cases in which a variant is faster than the tuned kernel by more than WITHIN, a row each."""
    heads = ("case", "series", "best variant", f"{TUNED} ran", "faster by, %")
    rows = tuple(_behind_row(found, row) for series in SERIES for row in _near_and_far(found, series)[1])
    return Table(heads, rows, text=4, note=f"Intervals: {units.ONE_PROCESS}.", prose=True)


def _behind_row(found: Variants, row: Row) -> tuple[str, ...]:
    mine = next(each for each in _of(found, row.series) if (each.case, each.variant) == (row.case, TUNED))
    assert row.of_tuned is not None
    assert row.of_tuned_ci99 is not None
    lead, *ends = (f"{100 * (each - 1):.1f}" for each in (row.of_tuned, *row.of_tuned_ci99))
    return _label(row.case), row.series, row.variant, mine.form or units.ABSENT, f"{lead} [{', '.join(ends)}]"


def _one_for_all(found: Variants, series: str) -> Iterator[str]:
    """The one variant that is never far from the best of its case, and how far it is at most."""
    cases = _cases(found, series)
    shares = {(row.variant, row.case): row.of_ceiling for row in _of(found, series)}
    best = {case: row.of_ceiling for case in cases if (row := _best_variant(found, series, case))}
    names = [each.name for each in found.variants if all((each.name, case) in shares for case in best)]
    worst = {name: min(shares[name, case] / best[case] for case in best) for name in names if best}
    if worst:
        name = max(worst, key=lambda each: worst[each])
        yield (
            f"{series.capitalize()}, the one variant that comes closest everywhere is {name}: at worst "
            f"{units.percent(1 - worst[name])} behind the best of its case."
        )


def _noise(found: Variants) -> Iterator[str]:
    control = [abs(row.of_tuned - 1) for row in found.rows if row.role == "control" and row.of_tuned]
    if control:
        yield (
            f"{TUNED} against itself differs by {100 * median(control):.2f} % in the median case and by "
            f"{100 * max(control):.2f} % at most. The best of {len(found.variants)} variants is picked after the fact, "
            "which flatters it."
        )


def _near_and_far(found: Variants, series: str) -> tuple[list[Row], list[Row]]:
    """The best variants of the cases with the tuned kernel: those at most WITHIN faster than it, and the others."""
    best = [row for case in _cases(found, series) if (row := _best_variant(found, series, case))]
    compared = [row for row in best if row.of_tuned is not None]
    near = [row for row in compared if row.of_tuned is not None and row.of_tuned <= 1 + WITHIN]
    return near, [row for row in compared if row not in near]


def _best_variant(found: Variants, series: str, case: str) -> Row | None:
    rows = (row for row in _of(found, series) if row.case == case and row.role == "variant")
    return max(rows, key=lambda row: row.of_ceiling, default=None)


def _of(found: Variants, series: str) -> list[Row]:
    return [row for row in found.rows if row.series == series]


def _cases(found: Variants, series: str) -> Sequence[str]:
    """The cases of the series with a number, in the order in which they were chosen."""
    timed = {row.case for row in _of(found, series)}
    return [each.case for each in found.cases if each.series == series and each.case in timed]


def _label(case_id: str) -> str:
    return units.label(parse(case_id))


def _share(share: float) -> str:
    return f"{100 * share:.1f}"
