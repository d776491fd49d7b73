"""How far does a repeat of the run scatter, and by what choice of whose tuner?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reports import units
from reports.document import Section, Table, filled, said
from reports.view import View
from suite.record.measurement import Measurement

ONE_PROCESS = (
    "One process took all rounds of this run. Its intervals hold within that process. A repeat has other addresses, "
    "and its tuners may choose otherwise, so it scatters by more than they show."
)


def sections(view: View) -> Iterator[Section]:
    """What the restarts of the run gave, or that there were none; nothing where nothing was measured."""
    if not view.every:
        return
    title = "What a repeat may give"
    if view.restarts < 2:
        yield Section(title, (ONE_PROCESS,))
        return
    otherwise = [each for each in view.every if _chose_otherwise(each)]
    yield Section(
        title,
        said(
            f"Every campaign is spread over {view.restarts} restarts. Each is a fresh process: new memory, and every "
            "tuner chooses anew. Intervals are of a repeat, from rounds within restarts, after Kalibera and Jones "
            "(2013). The verdicts rest on them.",
            _counted(view, len(otherwise)),
        ),
        tables=filled(restarts_table(view)),
    )


def _counted(view: View, otherwise: int) -> str:
    number = len(view.every)
    if not otherwise:
        return (
            f"In none of {number} measurements did a restart choose another form. Shown are those that scatter by more "
            "than δ."
        )
    return (
        f"In {otherwise} of {number} measurements a restart chose another form. They are shown, with those that "
        "scatter by more than δ from restart to restart."
    )


def restarts_table(view: View) -> Table:
    """A row for each measurement that scattered by more than δ or chose otherwise, the widest first."""
    heads = ("contender", "case", "series", "of the ceiling", "within this run [99 %]", "of a repeat [99 %]", "ran")
    shown = [each for each in view.every if each.role == "backend" and (_chose_otherwise(each) or _scatters(each))]
    rows = tuple(_row(each) for each in sorted(shown, key=lambda m: -_spread(m)))
    return Table(heads, rows, text=3, summary=f"What differed from restart to restart: {len(rows)} rows")


def _row(m: Measurement) -> tuple[str, ...]:
    return (
        m.backend,
        units.label(m),
        m.series,
        between(m),
        units.interval_alone(m.of_ceiling_within_ci99),
        units.interval_alone(m.of_ceiling_ci99),
        chosen(m),
    )


def between(m: Measurement) -> str:
    """The shares of the ceiling of the lowest and the highest restart: between 95.0 % and 157.0 %."""
    shares = _shares(m)
    if not shares:
        return units.ABSENT
    low, high = units.percent(min(shares)), units.percent(max(shares))
    return low if low == high else f"between {low} and {high}"


def chosen(m: Measurement) -> str:
    """Which forms the restarts ran, and how many of them each; a dash where none is named."""
    forms = Counter(each.form for each in m.restarts)
    if len(forms) < 2:
        return m.form or units.ABSENT
    return "by what its tuner picks: " + "; ".join(f"{form} in {count}" for form, count in forms.items())


def _chose_otherwise(m: Measurement) -> bool:
    return len(m.chosen) > 1


def _scatters(m: Measurement) -> bool:
    return _spread(m) > m.margin


def _spread(m: Measurement) -> float:
    """The highest restart's share over the lowest one's, less 1."""
    shares = _shares(m)
    return max(shares) / min(shares) - 1 if shares else 0.0


def _shares(m: Measurement) -> list[float]:
    return [each.of_ceiling for each in m.restarts if each.of_ceiling]
