"""What a run's page says, section by section. The words are here once; the templates only lay them out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reports import conditions, cost, evidence, extremes, records, shortfalls, tables, units, why
from reports.figures import figures
from reports.svg import Figure
from reports.tables import Part, Table
from suite.record.machine import Machine
from suite.record.measurement import Series
from suite.record.run import Record


@dataclass(frozen=True)
class Section:
    """A head with, in this order, paragraphs, figures, a command to type and tables."""

    title: str
    paragraphs: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    code: str = ""
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Page:
    """One run; stem is the name that its files share, source where its record lies as seen from the page."""

    title: str
    stem: str
    source: str
    sections: tuple[Section, ...]

    @property
    def figures(self) -> tuple[Figure, ...]:
        """All figures, in the page's order."""
        return tuple(figure for section in self.sections for figure in section.figures)


def page(record: Record, source: str) -> Page:
    """The page of a run; `source` is the path from the page to the record's file."""
    first, *others = figures(record) or (None,)
    sections = (
        _what(record, (first,) if first else ()),
        *_shares(record, tuple(others)),
        *_plain(extremes.section(record)),
        *_plain(shortfalls.section(record)),
        *_forms(record),
        *_host(record),
        *_plain(cost.sections(record)),
        _outcomes(record),
        *_plain(why.sections(record)),
        *_compiled(record),
        Section("The machine", tables=(evidence.machine_table(record),)),
        *_plain(conditions.state(record)),
        *_plain(conditions.second_timer(record)),
        *_how(record),
        _reproduce(record),
    )
    title = f"C = diag(A) · B on {record.machine.name}, {record.utc:%Y-%m-%d}"
    return Page(title, records.stem(record), source, sections)


def summary(record: Record) -> str:
    """The headline in one sentence: the fastest backend, its share of the ceiling, and what cannot be told from it."""
    ties = records.tied(records.headline(record))
    if not ties:
        return "No backend got to a number in the headline case; the outcomes say why."
    first, *others = ties
    share = units.percent_interval(first.of_ceiling, first.of_ceiling_ci99)
    remark = records.remark(record, first.backend)
    name = f"{first.backend} ({remark})" if remark else first.backend
    said = f"{name} reaches {share} of the ceiling at {records.label(first)}, cold"
    margin = f"the margin of {units.percent(first.margin)}"
    if not others:
        return f"{said}; every other backend is slower by more than {margin}."
    return f"{said}; within {margin} not told apart from it: {', '.join(other.backend for other in others)}."


def whose(machine: Machine) -> str:
    """The plain statement of whose numbers these are not; empty on an RTX 4090."""
    if records.is_rtx_4090(machine):
        return ""
    if machine.kind == "cpu":
        return f"This run was measured on a CPU, {machine.name}. No number on this page is a GPU's."
    return f"This run was measured on {records.device(machine)}. No number on this page is an RTX 4090's."


def _what(record: Record, first: tuple[Figure, ...]) -> Section:
    smoke = any(bench.measurement.stop_reason == "smoke" for bench in record.benchmarks)
    return Section(
        "What this is",
        _said(
            "diagbench computes C = diag(A) · B, one multiplication per element and so bound by memory alone, in every "
            "backend, checks each and measures all alike. "
            f"This page is one run: sweep {record.run.sweep}, on "
            f"{records.device(record.machine)}, {record.utc:%Y-%m-%d %H:%M} UTC, commit {record.machine.commit}. "
            "The ceiling is the best plain copy of the same bytes, measured in the same rounds.",
            whose(record.machine),
            "A smoke run: few rounds, to show that the backends run, not how fast." if smoke else "",
            summary(record),
        ),
        first,
        tables=_filled(tables.headline_table(record)),
    )


def _shares(record: Record, others: tuple[Figure, ...]) -> Iterator[Section]:
    said: dict[Series, str] = {
        "cold": "The operands rotate through more buffers than the cache holds, so that every launch finds them in "
        "memory and pays for exactly its own bytes, write-backs included; the smallest cases, named under how it "
        "was measured, would need more buffers than a sample has launches.",
        "hot": "Every launch uses the same buffers, so what fits the cache stays in it. So does the ceiling.",
    }
    for series, words in said.items():
        measured = records.measured(record, series)
        flagged = sum(each.above_ceiling for each in measured)
        doubt = (
            f"{flagged} marked ! are above the ceiling by more than the A/A control explains: look before believing."
        )
        if measured:
            yield Section(
                f"Share of the ceiling, series {series}",
                _said(words, doubt if flagged else ""),
                others if series == "cold" else (),
                tables=(tables.share_table(record, series), tables.numbers_table(record, series)),
            )


def _forms(record: Record) -> Iterator[Section]:
    table = tables.forms_table(record)
    if table.rows:
        words = "Each tuned backend has several forms and picks one by the operands or by trying, before it is timed."
        yield Section("Which form ran", (words,), tables=(table,))


def _host(record: Record) -> Iterator[Section]:
    said: dict[Series, str] = {
        "launch": "The host's time to enqueue one launch that is already bound.",
        "call": "The host's time to bind torch tensors and launch once: what a one-off use pays.",
    }
    for series, words in said.items():
        if records.measured(record, series):
            yield Section(f"Host time, series {series}", (words,), tables=(tables.host_table(record, series),))


def _plain(parts: Iterable[Part]) -> Iterator[Section]:
    """Sections of a title, paragraphs and tables."""
    return (Section(title, said, tables=found) for title, said, found in parts)


def _outcomes(record: Record) -> Section:
    table = evidence.outcomes_table(record)
    none = "Every backend of the run got to a number in every case."
    words = "These did not get to a number, and why. A backend that fails the correctness gate is never timed."
    return Section("Outcomes without a number", (words if table.rows else none,), tables=_filled(table))


def _compiled(record: Record) -> Iterator[Section]:
    for capability in evidence.capabilities(record):
        name = "sm_{}{}".format(*capability)
        own = record.machine.compute_capability == capability
        where = "" if own else f" No {name} device took part in this run."
        words = (
            f"What each compiler made of its kernel for compute capability {name}, read from the machine code. "
            f"These are properties of code; no time follows from them.{where} Blocks are those for devices "
            "whose DRAM is not fast, under 30 GB/s for each SM; which form ran here is told above."
        )
        table = evidence.compiled_table(record, capability)
        yield Section(f"Compiled for {name}" + ("" if own else ", not measured"), (words,), tables=(table,))


def _how(record: Record) -> Iterator[Section]:
    every = [bench.measurement for bench in record.benchmarks]
    if not every:
        return
    margins = sorted(each.margin for each in every)
    widest = "" if margins[0] == margins[-1] else f", nor under {units.percent(margins[-1])} in the noisiest case"
    short = sorted(
        {each.case for each in every if each.series == "cold" and each.buffer_sets < each.buffer_sets_needed}
    )
    yield Section(
        "How it was measured",
        _said(
            "All candidates of a case run interleaved, in an order that rotates and reverses, beside two ceilings and "
            "the A/A control, which is one candidate under a second name. A ratio is the mean of paired per-round log "
            "ratios; its 99 % interval is Student's, with the error of a moving-block bootstrap. No sample is "
            "removed as an outlier. 1 GB/s is 1e9 bytes per second; the bytes are the fewest a launch can move, "
            "(2·N·M + N) · itemsize.",
            "A verdict compares with the fastest backend of the case: FASTER or SLOWER when the interval lies wholly "
            "outside 1 ± δ (and Holm's procedure over the case agrees, at 1 %), SAME when wholly inside, UNDECIDED "
            "otherwise; δ is 1 %, twice the A/A control's half-width, or its reach from 1, whichever is most. "
            f"Differences under {units.percent(margins[0])} are not claimed here{widest}.",
            f"In {len(short)} cases the operands rotated through too few sets for a cold cache: {', '.join(short)}."
            if short
            else "",
        ),
        tables=(evidence.campaigns_table(record),),
    )


def _reproduce(record: Record) -> Section:
    state = {
        True: "",
        False: "The tree had uncommitted changes, so the commit alone does not bring this run back.",
        None: "Whether the tree had uncommitted changes is not known.",
    }[record.machine.tree_clean]
    code = f"git checkout {record.machine.commit}\n{record.run.command}"
    across = "Compare shares of the ceiling across runs and machines, never absolute times."
    return Section("How to reproduce it", _said(state, across), code=code)


def _said(*paragraphs: str) -> tuple[str, ...]:
    return tuple(paragraph for paragraph in paragraphs if paragraph)


def _filled(table: Table) -> tuple[Table, ...]:
    return (table,) if table.rows else ()
