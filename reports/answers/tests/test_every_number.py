"""Every number of an answer is in a committed record: many questions, each answer worked out again from the records.

Nothing here uses what condenses the records or decides. A printed number is the rounding of one of the cited records'.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest

from reports.answers.answer import Answer
from reports.answers.called import WAYS, Called, Question, device_series
from reports.answers.condense import evidence
from reports.answers.draws import host_case
from reports.answers.evidence import CHOOSABLE, Device, Evidence, dump, load
from reports.answers.for_good import BOUNDS, for_good
from reports.answers.for_good import lines as lines_for_good
from reports.answers.select import answer
from reports.answers.tests.truth import Truth, is_among, record, restarts
from reports.answers.words import text
from reports.marks import ABOVE
from reports.places import DATA, EVIDENCE, PUBLISHED
from reports.predictions import copy_share, errors
from reports.view import View
from suite.cases import HELD_OUT, SWEEPS, Case, parse
from suite.evidence.devices import RTX_4090
from suite.evidence.model import predict

CASES = tuple(dict.fromkeys((*SWEEPS["full"], *SWEEPS[HELD_OUT[0]])))

NUMBER = r"(\d[\d,]*(?:\.\d+)?)"
SPAN = rf"{NUMBER}(?: (?:to|and) {NUMBER})?"


Check = Callable[[Truth, "re.Match[str]"], bool]

OF_ITSELF: dict[str, Check] = {
    rf"at worst {NUMBER} × the fastest": lambda t, m: is_among(m.groups(), t.ratios(t.reply.backend)),
    rf"NOT RELIABLE, the least bad: between {SPAN} × the fastest": (
        lambda t, m: is_among(m.groups(), [1.0, *t.ratios(t.reply.backend)])
    ),
    rf"NOT RELIABLE, the least bad: between {SPAN} % of the best copy(?:, by what its tuner picks)?": (
        lambda t, m: is_among(m.groups(), t.shares(t.reply.backend))
    ),
    rf"{SPAN} µs": lambda t, m: is_among(m.groups(), t.seconds(), 1e-6),
    rf"{SPAN} % of the best copy(?: on the device)?": lambda t, m: is_among(m.groups(), t.shares(t.reply.backend)),
    rf"plain PyTorch takes {SPAN} ×": lambda t, m: is_among(m.groups(), t.eager()),
}

OF_ANOTHER: dict[str, Check] = {
    rf"(\w+) \(at worst {NUMBER} ×\)": lambda t, m: is_among(m.groups()[1:], t.ratios(m[1])),
    rf"(\w+), between {SPAN} × the fastest": lambda t, m: is_among(m.groups()[1:], t.ratios(m[1])),
    rf"(\w+), between {SPAN} % of the best copy(?:, by what its tuner picks)?": (
        lambda t, m: is_among(m.groups()[1:], t.shares(m[1]))
    ),
    rf"(\w+), as fast here, but in another case its runs differ by {NUMBER} ×": (
        lambda t, m: is_among(m.groups()[1:], t.elsewhere(m[1]))
    ),
    "none": lambda t, m: True,
}

CAVEAT: dict[str, Check] = {
    rf"in another case its runs differ by {NUMBER} ×": lambda t, m: is_among(m.groups(), t.elsewhere(t.reply.backend)),
    ".*": lambda t, m: m[0] == ABOVE or any(m[0] in record(file).run.caveats.values() for file in t.files),
}


def require(said: str, checks: dict[str, Check], truth: Truth) -> None:
    """The words are one of the known kinds, and their numbers are of the records."""
    found = [(check, match) for form, check in checks.items() if (match := re.fullmatch(form, said))]
    assert found, f"no number may stand here unchecked: {said}"
    assert any(check(truth, match) for check, match in found), f"not in {truth.files}: {said}"


def require_of_records(reply: Answer) -> None:
    first, second, *rest = text(reply).splitlines()
    truth = Truth(reply)
    assert first == f"{reply.backend} for {reply.case} on {reply.device}, {reply.said}"
    head, *how = re.split(r": (?=NOT|at worst)", second, maxsplit=1)
    assert head == where(reply, truth)
    for words in how[0].split("; "):
        require(words, OF_ITSELF, truth)
    for line in rest[:-1]:
        kind, words = line.split(": ", 1)
        assert kind in ("within 1 % of the fastest in every run too", "not reliably", "caveat")
        checks, between = (CAVEAT, "; ") if kind == "caveat" else (OF_ANOTHER, r", (?=[a-z_]+(?:,| \())")
        for each in re.split(between, words):
            require(each, checks, truth)
    assert rest[-1] == cited(reply)


def where(reply: Answer, truth: Truth) -> str:
    """The number of runs and of processes, or the cases' shapes."""
    if reply.status == "interpolated":
        shapes = ", ".join(case.split("-")[0] for case in reply.cases)
        across = ", not all of its class" if reply.across else ""
        return f"INTERPOLATED from {len(reply.cases)} cases ({shapes}{across})"
    every = (len(list(restarts(file, truth.series, reply.case))) for file in truth.files)
    counts = list(filter(None, every))[: reply.timed_in]  # an older run may be cited for its first uses alone
    runs = "1 run" if len(counts) == 1 else f"{len(counts)} runs"
    return f"MEASURED in {runs}, {sum(counts)} fresh process{'es' if sum(counts) > 1 else ''}"


def cited(reply: Answer) -> str:
    """The line that names the records, as these call themselves."""
    records = [record(run.file) for run in reply.runs]
    newest, folder = records[0].machine, reply.runs[0].file.split("/")[0]
    files = ", ".join(run.file.split("/")[1] for run in reply.runs)
    commits = ", ".join(dict.fromkeys(each.machine.commit[:8] for each in records))
    versions = ", ".join(f"{name} {newest.versions[name]}" for name in ("torch", "triton"))
    host = "" if reply.host_case in ("", reply.case) else f"; host's time as at {reply.host_case.split('-')[0]}"
    day = f"{records[0].utc:%Y-%m-%d}"
    return (
        f"evidence: reports/data/{folder}/: {files}; commit {commits}, {day}, driver {newest.driver}, {versions}{host}"
    )


@pytest.fixture(scope="module")
def known() -> Evidence:
    found = load(PUBLISHED / EVIDENCE, DATA)
    assert found, "the committed evidence is not of the committed records; `tox -e report` makes it"
    return found


def test_the_committed_evidence_is_of_the_committed_records() -> None:
    assert dump(evidence(DATA)) == (PUBLISHED / EVIDENCE).read_text(encoding="utf-8")


@pytest.mark.parametrize("called", WAYS)
def test_every_printed_number_is_a_record_s_and_six_lines_say_it(called: Called, known: Evidence) -> None:
    seen = set()
    for device, case in product([each.name for each in known.devices.values()], CASES):
        reply = answer(known, Question(case, called), device)
        seen.add(reply.status)
        lines = text(reply).splitlines()
        assert 2 <= len(lines) <= 6
        if reply.status == "unknown":
            require_not_known(lines, reply, next(each for each in known.devices.values() if each.name == device))
        else:
            require_of_records(reply)
    assert seen >= {"measured", "interpolated"}


def require_not_known(lines: list[str], reply: Answer, device: Device) -> None:
    """No number but the question's, and how bad the least bad was in a measured case."""
    assert lines[0] == f"not known: the backend for {reply.case} on {reply.device}, {reply.said}"
    assert lines[1] == f"why: {reply.why}; nearest measured: {reply.nearest[0]}"
    assert lines[2:] == [f"measure: `tox -e bench -- --sweep {reply.case}`"]
    question = Question(parse(reply.case), reply.called)
    assert parse(reply.nearest[0]) in map(parse, device.cells[device_series(reply.called)])
    bad = re.fullmatch(rf"the least bad, (\w+), was at worst {NUMBER} × the fastest at (\w+)", reply.why)
    if bad:
        there, host = bad[3] + reply.case[reply.case.index("-") :], host_case(device, question)
        cited = replace(reply, cases=(there,), runs=device.runs, host_case=host.id if host else "")
        assert is_among([bad[2]], Truth(cited).ratios(bad[1])), reply.why
    else:
        assert not re.search(NUMBER, reply.why.replace("16-byte", "").replace(question.case.dtype, "")), reply.why


@pytest.mark.parametrize("case", [Case(8192, 8192), Case(5000, 4097), Case(16384, 16384, "float16")])
def test_a_prediction_s_numbers_are_the_model_s_on_a_record_s_kernels(case: Case, known: Evidence) -> None:
    reply = answer(known, Question(case), "RTX 4090")
    lines = text(reply).splitlines()
    assert (reply.status, reply.exit_code, len(lines)) == ("predicted", 4, 6)
    views = [View(record(each.runs[0].file)) for each in known.devices.values()]
    times = [
        seconds * case.bytes_moved / compiled.bytes_moved
        for view in views
        for kernel in view.run.compiled
        if kernel.compute_capability == (8, 9) and kernel.sm_count == 128 and kernel.backend == reply.backend
        if (compiled := parse(kernel.case)) == Case(4096, 4096, case.dtype)
        for seconds in predict(kernel, compiled.bytes_moved, RTX_4090, copy_share(view, compiled)).time_s or ()
    ]
    said = re.fullmatch(rf"PREDICTED, no such device was measured: {SPAN} µs, {NUMBER} µs at its peak", lines[1])
    assert said
    assert is_among(said.groups()[:2], times, 1e-6)
    assert is_among([said[3]], [case.bytes_moved / 1008e9], 1e-6)
    off = ", ".join(
        f"{100 * low:+.1f} to {100 * high:+.1f} % on {view.machine.name}"
        for view in views
        for low, high in filter(None, [errors(view, CHOOSABLE)])
    )
    assert lines[3] == f"the model's error where it was checked: {off}"
    assert not re.search(r"\d", lines[2].replace(case.dtype, ""))


@pytest.mark.parametrize("called", ["graph-cold", "graph-hot", "launched", "once"])
def test_a_choice_for_good_says_what_the_records_say_of_each_case(called: Called, known: Evidence) -> None:
    for device in known.devices.values():
        found = for_good(device, called)
        assert found
        truths = {case: Truth(answer(known, Question(parse(case), called), device.name)) for case in found.ratios}
        first, _, *each, _ = lines_for_good(found)
        assert f": {len(truths)} measured cases," in first
        for line in each:
            said = re.match(
                rf"(?:if only one|the smallest mean): (\w+), at worst {NUMBER} × the fastest \((\S+)\)", line
            )
            assert said
            worst = {case: max(truth.ratios(said[1]), default=math.inf) for case, truth in truths.items()}
            assert is_among([said[2]], [worst[said[3]]])
            shares = {loss: sum(ratio <= 1 + loss for ratio in worst.values()) / len(worst) for loss in BOUNDS}
            expected = ", ".join(f"{100 * share:.0f} % within {100 * loss:.0f} %" for loss, share in shares.items())
            assert line.endswith(f"; of the cases {expected}")
