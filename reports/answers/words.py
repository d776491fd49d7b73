"""An answer in words: at most six lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reports import units
from reports.answers.answer import EAGER, TUNES, Answer, Rival
from reports.answers.evidence import Run
from reports.answers.rule import STEADY, TIED
from reports.marks import ABOVE
from suite.text import percent


def text(reply: Answer) -> str:
    """The answer for a terminal."""
    lines = {"unknown": _unknown, "predicted": _predicted}.get(reply.status, _known)
    return "\n".join(lines(reply))


def _unknown(reply: Answer) -> Iterator[str]:
    yield f"not known: the backend for {reply.case} on {reply.device}, {reply.said}"
    yield f"why: {reply.why}{nearest(reply.nearest)}"
    if reply.measure:
        yield f"measure: `{reply.measure}`"


def nearest(names: Sequence[str]) -> str:
    """The end of why it is not known: what was measured instead, of which no number is said."""
    return f"; nearest measured: {_listed(names)}" if names else ""


def _known(reply: Answer) -> Iterator[str]:
    yield f"{reply.backend} for {reply.case} on {reply.device}, {reply.said}"
    yield f"{reply.status.upper()}{_where(reply)}: {'; '.join(_how_fast(reply))}"
    yield f"within {percent(TIED, 0)} of the fastest in every run too: {_listed(_tie(each) for each in reply.tied)}"
    if reply.unreliable:
        yield f"not reliably: {_listed(f'{each.backend}, {spread(each)}' for each in reply.unreliable)}"
    elsewhere = f"in another case its runs differ by {reply.elsewhere:.2f} ×" if reply.elsewhere else ""
    remarks = [*([ABOVE] if reply.doubtful else []), *filter(None, (elsewhere, reply.caveat))]
    if remarks:
        yield f"caveat: {'; '.join(remarks)}"
    yield f"evidence: {_evidence(reply)}"


def _predicted(reply: Answer) -> Iterator[str]:
    assert reply.predicted_s
    predicted = units.span(*map(units.microseconds, reply.predicted_s))
    yield f"{reply.backend} for {reply.case} on {reply.device}, {reply.said}"
    yield f"PREDICTED, no such device was measured: {predicted} µs, {units.microseconds(reply.bound_s)} µs at its peak"
    yield f"the model does not tell it from: {_listed(each.backend for each in reply.tied)}"
    off = (f"{100 * low:+.1f} to {100 * high:+.1f} % on {name}" for name, (low, high) in reply.model_errors.items())
    yield f"the model's error where it was checked: {_listed(off)}"
    other = ", whose rows are aligned otherwise" if reply.across else ""
    yield f"compiled for sm_89, untuned, at {_short(reply.cases[0])}{other}; the host's time is not predicted"
    yield f"evidence: reports/data/: {reply.why}; measure: `tox -e bench -- --sweep {reply.case}`"


def _where(reply: Answer) -> str:
    if reply.status == "measured":
        runs = f"{reply.timed_in} run{'s' if reply.timed_in > 1 else ''}"
        return f" in {runs}, {reply.restarts} fresh process{'es' if reply.restarts > 1 else ''}"
    other = ", not all of its class" if reply.across else ""
    return f" from {len(reply.cases)} cases ({_listed(map(_short, reply.cases))}{other})"


def _short(case: str) -> str:
    return case.split("-")[0]


def _how_fast(reply: Answer) -> Iterator[str]:
    if not reply.reliable and reply.worst:
        yield f"NOT RELIABLE, the least bad: {spread(Rival(reply.backend, 1.0, reply.worst, reply.share))}"
    elif reply.worst:
        yield f"at worst {reply.worst:.3f} × the fastest"
    if reply.seconds:
        yield f"{units.span(*map(units.microseconds, reply.seconds))} µs"
    if reply.share and reply.reliable:
        yield f"{_percent(reply.share)} of the best copy{' on the device' if reply.host_case else ''}"
    if reply.eager and reply.backend != EAGER:
        yield f"plain PyTorch takes {units.span(*(f'{each:.2f}' for each in reply.eager))} ×"


def _tie(rival: Rival) -> str:
    return f"{rival.backend} (at worst {rival.worst:.3f} ×)"


def spread(rival: Rival) -> str:
    """How far a backend's times lie apart: between 66.0 and 99.2 % of the best copy, by what its tuner picks.

    Where its device time is steady, the host's is not, and no share of a copy shows that.
    """
    if rival.elsewhere:
        return f"as fast here, but in another case its runs differ by {rival.elsewhere:.2f} ×"
    if rival.share and rival.share[1] / rival.share[0] > STEADY:
        why = ", by what its tuner picks" if rival.backend in TUNES else ""
        return f"between {_percent(rival.share, ' and ')} of the best copy{why}"
    return f"between {rival.best:.2f} and {rival.worst:.2f} × the fastest"


def _percent(share: tuple[float, float], to: str = " to ") -> str:
    low, high = (f"{100 * each:.1f}" for each in share)
    return f"{low} %" if low == high else f"{low}{to}{high} %"


def _evidence(reply: Answer) -> str:
    host = f"; host's time as at {_short(reply.host_case)}" if reply.host_case not in ("", reply.case) else ""
    return f"{evidence(reply.runs)}{host}"


def evidence(runs: Sequence[Run]) -> str:
    """The files of the runs that an answer rests on, newest first, and what they hold for."""
    newest, folder = runs[0], runs[0].file.split("/")[0]
    files = _listed(run.file.split("/")[1] for run in runs)
    commits = _listed(dict.fromkeys(run.commit[:8] for run in runs))
    versions = _listed(f"{name} {newest.versions[name]}" for name in ("torch", "triton") if name in newest.versions)
    facts = (f"commit {commits}", newest.utc[:10], f"driver {newest.driver}" if newest.driver else "", versions)
    return f"reports/data/{folder}/: {files}; {', '.join(filter(None, facts))}"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words) or "none"
