"""Do other timers agree?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from reports import units
from reports.document import Section, Table
from reports.view import View
from suite.record.run import Agreement
from suite.text import percent

ASKED, FROM_S = 0.02, 50e-6
"""The share within which timers are asked to agree, and the time per launch from which on they are."""

TIMERS = {"cupti": "CUPTI", "cuda_events": "event pairs"}


def sections(view: View) -> Iterator[Section]:
    """The same launches by other timers; nothing where the run took none."""
    if view.run.agreements:
        words = (
            "The same launches were also timed by timers that are independent of the campaign's. CUPTI gives how long "
            "the kernels of one launch keep the device busy. It leaves out the gap to the next launch, about a "
            "microsecond, which is part of the campaign's time. "
            f"Agreement within {units.percent(ASKED)} is asked of CUPTI from {FROM_S * 1e6:.0f} µs up. "
            "It is compared with events around the very launches that it watched. Where a run took none, it is "
            "compared with the campaign.",
            "Event pairs enclose launches that the host queues on a stream. This is how a backend is timed that no "
            "CUDA graph can hold. A stream leaves a longer gap between launches than a graph.",
        )
        said = *words, _verdict(view.run.agreements)
        yield Section("A second timer", said, tables=(agreement_table(view),))


def _verdict(agreements: Sequence[Agreement]) -> str:
    return f"{_cupti_verdict(agreements)} {_events_gap(agreements)}".strip()


def _cupti_verdict(agreements: Iterable[Agreement]) -> str:
    asked = [each for each in agreements if each.timer == "cupti" and each.campaign_seconds >= FROM_S]
    if not asked:
        return "CUPTI was not asked about a case that takes so long."
    widest = max(asked, key=_off)
    beyond = sum(_off(each) > ASKED for each in asked)
    agree = (
        f"All {len(asked)} comparisons with CUPTI agree"
        if not beyond
        else f"{beyond} of {len(asked)} do not agree with CUPTI"
    )
    farthest = f"The farthest is off by {_two_digits(_off(widest))} ({widest.backend} in {widest.case})"
    return f"{agree}. {farthest}. {_profilers_part(asked)}".strip()


def _off(cupti: Agreement) -> float:
    """How far CUPTI is from events around the same launches, as a share; from the campaign where a run took none."""
    return abs((cupti.of_same_launches or cupti.ratio) - 1)


def _profilers_part(asked: Iterable[Agreement]) -> str:
    changed = {each.changed - 1: each for each in asked if each.changed}
    if not changed:
        return ""
    most = max(changed, key=abs)
    which = f"{changed[most].backend} in {changed[most].case}"
    return f"Being watched changes a launch's time by {_two_digits(most, '+')} at most ({which})."


def _two_digits(share: float, sign: str = "") -> str:
    return percent(share, 2, sign)


def _events_gap(agreements: Iterable[Agreement]) -> str:
    longer = [each.seconds - each.campaign_seconds for each in agreements if each.timer == "cuda_events"]
    return f"Event pairs read {median(longer) * 1e6:+.1f} µs per launch, the median of {len(longer)}." if longer else ""


def agreement_table(view: View) -> Table:
    """The campaign's time and the other timers', a row per backend, case and series."""
    rows: dict[tuple[str, str, str], dict[str, Agreement]] = {}
    for each in view.run.agreements:
        rows.setdefault((each.backend, each.case, each.series), {})[each.timer] = each
    timers = [timer for timer in TIMERS if any(timer in row for row in rows.values())]
    heads = [f"{TIMERS[timer]}{what}" for timer in timers for what in (", µs", " / campaign")]
    watched = any(each.profiled_events_seconds for each in view.run.agreements)
    heads += ["events while profiled, µs", "CUPTI / those", "those / campaign"] if watched else []
    return Table(
        ("backend", "case", "series", "campaign, µs", *heads),
        tuple((*key, *_agreement_cells(row, timers), *_watched_cells(row, watched)) for key, row in rows.items()),
        text=3,
    )


def _agreement_cells(row: dict[str, Agreement], timers: Sequence[str]) -> Iterator[str]:
    yield units.microseconds(next(iter(row.values())).campaign_seconds)
    for timer in timers:
        yield units.microseconds(row[timer].seconds if timer in row else None)
        yield f"{row[timer].ratio:.4f}" if timer in row else units.ABSENT


def _watched_cells(row: dict[str, Agreement], watched: bool) -> Iterator[str]:
    if watched:
        cupti = row.get("cupti")
        yield units.microseconds(cupti.profiled_events_seconds if cupti else None)
        for share in (cupti.of_same_launches, cupti.changed) if cupti else (None, None):
            yield f"{share:.4f}" if share else units.ABSENT
