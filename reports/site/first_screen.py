"""The index's first screen: every question the form can ask, answered by `select`'s own rule and in its own words."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reports import units
from reports.answers.answer import EAGER, Answer
from reports.answers.called import DEFAULT, IN_SHORT, WAYS, Called, Question
from reports.answers.evidence import Device, Evidence
from reports.answers.select import answer
from reports.answers.words import text
from reports.document import Cell, Section, Table
from reports.sections import worth
from suite.cases import HEADLINE, Case, parse
from suite.evidence.devices import RTX_4090

BADGES = {
    "measured": "MEASURED",
    "interpolated": "NEAREST, not measured",
    "predicted": "PREDICTED, no such device was measured",
    "unknown": "NOT MEASURED",
}
"""An answer's status as its badge."""

COMPILE = "torch_compile"

DTYPE = "bfloat16"
"""What the form shows first, at the headline's shape."""

SITUATIONS: tuple[tuple[str, Called, tuple[str, ...]], ...] = (
    ("large, operands in DRAM", "graph-cold", ("DRAM-bound", "mixed")),
    ("fits L2 and is reused", "graph-hot", ("L2-resident",)),
    ("small, launched from Python", "launched", ("launch-bound",)),
    ("small, one call on tensors", "once", ("launch-bound",)),
)
"""What a reader may have, how the product is then called, and in which regimes."""


def script(evidence: Evidence) -> str:
    """The answers as a script that a page opened from disk can load, and the runs that they name by number."""
    runs = run_links(evidence)
    every = {
        slug: {
            case.id: {called: said(_ask(evidence, case, called, slug), runs) for called in WAYS} for case in cases(each)
        }
        for slug, each in evidence.devices.items()
    }
    if not any(RTX_4090.name == each.name for each in evidence.devices.values()) and evidence.devices:
        known = {case.id: case for each in evidence.devices.values() for case in cases(each)}
        every[RTX_4090.name] = {
            name: {called: said(_ask(evidence, case, called, RTX_4090.name), runs) for called in WAYS}
            for name, case in known.items()
        }
    whole = {"answers": every, "runs": list(runs.values()), "exact": {s: exact(d) for s, d in evidence.devices.items()}}
    return f"window.diagbench = {json.dumps(whole, ensure_ascii=False, separators=(',', ':'))};\n"


def exact(device: Device) -> dict[str, str]:
    """Backend -> in how many of the device's cases it was right to the bit, without which nothing is timed."""
    every = device.cells.get("cold", {}).values()
    counts = Counter(name for each in every for name in each)
    return {name: f"{name} was bit-exact in {count} of {len(every)} cases." for name, count in counts.items()}


def run_links(evidence: Evidence) -> dict[str, tuple[str, str]]:
    """A run's file -> how it is called, and its page from the site's root."""
    found = {}
    for run in (run for device in evidence.devices.values() for run in device.runs):
        place = run.file.removesuffix(".xz").removesuffix(".json")
        found[run.file] = f"{run.utc[:10]} {run.utc[11:16]} UTC, {place.partition('Z-')[2]}", f"{place}.html"
    return found


def cases(device: Device) -> list[Case]:
    """The measured cases of a device, the largest last."""
    return sorted(
        map(parse, device.cells.get("cold", {})), key=lambda case: (case.rows * case.cols, case.rows, case.id)
    )


def form(evidence: Evidence) -> dict[str, Any]:
    """What the form offers, and the answer that stands in it without a script."""
    first = next(iter(evidence.devices.values()))
    every = {case.id: case for each in evidence.devices.values() for case in cases(each)}.values()
    names = {slug: each.name for slug, each in evidence.devices.items()}
    runs = run_links(evidence)
    asked = Case(HEADLINE.rows, HEADLINE.cols, DTYPE)
    asked = asked if asked.id in first.cells.get("cold", {}) else cases(first)[-1]
    return {
        "devices": names | ({} if RTX_4090.name in names.values() else {RTX_4090.name: RTX_4090.name}),
        "shapes": {f"{c.rows}x{c.cols}": f"{c.rows} × {c.cols}" for c in sorted(every, key=lambda c: c.rows * c.cols)},
        "dtypes": list(dict.fromkeys(case.dtype for case in every)),
        "layouts": list(dict.fromkeys(case.layout for case in every)),
        "ways": IN_SHORT,
        "asked": {"device": first.slug, "case": asked, "called": DEFAULT},
        "badges": BADGES,
        "answer": said(_ask(evidence, asked, DEFAULT, first.slug), runs),
        "runs": list(runs.values()),
        "exact": exact(first),
    }


def _ask(evidence: Evidence, case: Case, called: Called, device: str) -> Answer:
    return answer(evidence, Question(case, called), device)


def said(reply: Answer, runs: Mapping[str, tuple[str, str]]) -> tuple[str, list[str], list[int]]:
    """The status, the lines that `select` prints, and the numbers of the runs that it names by their files.

    The case stands in words, and what the badge says is not said twice.
    """
    first, *lines = text(reply).splitlines()
    badge = re.compile(rf"{reply.status.upper()}(, no such device was measured:)? ?")
    shown = [badge.sub("", line, 1) for line in lines if not line.startswith("evidence: ")]
    files = list(runs)
    return (
        reply.status,
        [first.replace(reply.case, units.label(parse(reply.case))), *(line[:1].upper() + line[1:] for line in shown)],
        [files.index(run.file) for run in reply.runs],
    )


def questions(evidence: Evidence) -> Iterator[Section]:
    """What readers come with, each answered in words, with the way to all that is known."""
    found = [worth.worth(device, COMPILE) for device in evidence.devices.values()]
    judged = tuple(worth.verdict(each, COMPILE) for each in found if each.cases) or ("Not measured.",)
    links = (
        Cell("torch.compile's launches, calls and first use", href=f"backends.html#{COMPILE.replace('_', '-')}"),
        Cell("Every backend: worth it, where it loses, what it costs", href="backends.html"),
        Cell("All runs and their history", href="runs.html"),
        Cell("The words and the method", href="method.html"),
    )
    yield Section("Is torch.compile worth it?", judged, links=links)
    more = (Cell("All that is predicted, and how far off the model was", href="rtx4090.html"),)
    yield Section("What may an RTX 4090 do?", rtx4090(evidence), links=more)


def rtx4090(evidence: Evidence) -> tuple[str, ...]:
    """The prediction for the headline case and for half as many bytes, in the words of `select`."""
    runs = run_links(evidence)
    whole, half = (
        said(answer(evidence, Question(case), RTX_4090.name), runs)
        for case in (HEADLINE, Case(HEADLINE.rows, HEADLINE.cols, DTYPE))
    )
    (status, first, _), (_, second, _) = whole, half
    return f"{BADGES[status]}. {'. '.join((f'{first[0]}: {first[1]}', *first[2:4]))}.", f"{second[0]}: {second[1]}."


def situations(evidence: Evidence) -> Iterator[Section]:
    """A table per device that needs no choice: what one has, what to take, what is as good."""
    for slug, device in evidence.devices.items():
        rows = tuple(
            row
            for words, called, regimes in SITUATIONS
            if (row := _situation(words, [a for a in _answers(evidence, slug, device, called) if a.regime in regimes]))
        )
        note = (
            "As good in: in so many measured cases a backend is the one to take, or never more than 1 % slower than "
            f"the fastest. {EAGER} is eager PyTorch."
        )
        heads = ("you have", "take", "as good in", "that takes, µs", "eager PyTorch takes")
        yield Section(f"On an {device.name}", tables=(Table(heads, rows, text=3, note=note, prose=True),))


def _answers(evidence: Evidence, slug: str, device: Device, called: Called) -> list[Answer]:
    every = (_ask(evidence, case, called, slug) for case in cases(device))
    return [each for each in every if each.status == "measured"]


def _situation(words: str, found: Sequence[Answer]) -> tuple[str, ...] | None:
    good = Counter(name for each in found for name in (each.backend, *(rival.backend for rival in each.tied)))
    if not good:
        return None
    take = Counter(each.backend for each in found).most_common(1)[0][0]
    others = [(name, count) for name, count in good.most_common() if name != take]
    own = [each for each in found if each.backend == take]
    seconds = [end for each in own for end in each.seconds or ()]
    eager = [end for each in own for end in each.eager or ()]
    return (
        f"{words} ({len(found)} cases)",
        f"{take}, in {good[take]} of {len(found)}",
        ", ".join(f"{name} {count}" for name, count in others[:5]) or "no other",
        units.span(*map(units.microseconds, (min(seconds), max(seconds)))) if seconds else units.ABSENT,
        _times(eager) if eager and take != EAGER else units.ABSENT,
    )


def _times(ratios: Sequence[float]) -> str:
    return f"{units.span(f'{min(ratios):.2f}', f'{max(ratios):.2f}')} ×"
