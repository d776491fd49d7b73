"""What is said of a device that was never measured: the model's bounds where there are any, else not known."""

from __future__ import annotations

from collections.abc import Mapping

from reports import units
from reports.answers.answer import Answer, Rival, measuring
from reports.answers.called import Question
from reports.answers.devices import is_device, nearest
from reports.answers.evidence import Evidence
from reports.answers.nearness import aligned
from suite.cases import Case, parse
from suite.evidence.devices import RTX_4090

SLUGS = ("nvidia-geforce-rtx-4090", "sm-89")
"""By which the one device that is predicted is asked for: it is what this project means by compute capability 8.9."""


def predict(evidence: Evidence, question: Question, device: str) -> Answer:
    """The answer for a device without a run: PREDICTED for an RTX 4090, else not known.

    No other device's number stands for it: the nearest that were measured are only named.
    """
    ada = any(is_device(slug, device) for slug in SLUGS)
    name = RTX_4090.name if ada else device
    why_not = _why_not(evidence, question) if ada else ""
    if ada and not why_not:
        return _predicted(evidence, question)
    return Answer(
        status="unknown",
        case=question.case.id,
        called=question.called,
        calls=question.calls,
        device=name,
        why="; ".join(filter(None, (f"no run of {name} is published", why_not))),
        nearest=nearest(device, (each.name for each in evidence.devices.values())),
        measure=measuring(question.case, RTX_4090.memory_bytes if ada else None),
    )


def _why_not(evidence: Evidence, question: Question) -> str:
    """Why the model has no word on the question; empty where it has."""
    case = question.case
    if not case.rows * case.cols:
        return "the case holds no element"
    if case.bytes_moved > RTX_4090.memory_bytes:
        return f"its {units.binary(case.bytes_moved)} do not fit that card's {units.binary(RTX_4090.memory_bytes)}"
    if question.called not in ("graph-cold", "launched"):
        return "the model knows neither the host's time nor operands in L2"
    if case.regime(RTX_4090.l2_bytes, RTX_4090.peak_bytes_per_s) == "launch-bound":
        return "the model knows nothing of what a launch costs, which decides so small a case"
    if case.layout != "contiguous" or not _ranges(evidence, case):
        return f"no kernel was compiled for {case.dtype} {case.layout}"
    return ""


def _predicted(evidence: Evidence, question: Question) -> Answer:
    case, ranges = question.case, _ranges(evidence, question.case)
    of_case = [each for each in evidence.predicted if parse(each.case).dtype == case.dtype]
    compiled = parse(of_case[0].case)
    order = sorted(ranges, key=lambda name: (ranges[name][1], ranges[name][0], list(ranges).index(name)))
    least = ranges[order[0]]
    scale = case.bytes_moved / compiled.bytes_moved
    alike = [name for name in order[1:] if ranges[name][0] <= least[1]]
    return Answer(
        status="predicted",
        case=case.id,
        called=question.called,
        calls=question.calls,
        device=RTX_4090.name,
        backend=order[0],
        regime=case.regime(RTX_4090.l2_bytes, RTX_4090.peak_bytes_per_s),
        cases=(compiled.id,),
        across=aligned(case) != aligned(compiled),
        tied=tuple(Rival(name, ranges[name][0] / least[0], ranges[name][1] / least[0]) for name in alike),
        predicted_s=(least[0] * scale, least[1] * scale),
        bound_s=case.bytes_moved / RTX_4090.peak_bytes_per_s,
        model_errors=evidence.model_errors,
        why=", ".join(dict.fromkeys(each.run for each in of_case)),
    )


def _ranges(evidence: Evidence, case: Case) -> Mapping[str, tuple[float, float]]:
    """Backend -> its predicted seconds at the compiled case of this dtype, over all copies that are taken to hold."""
    found: dict[str, list[float]] = {}
    for each in evidence.predicted:
        if parse(each.case).dtype == case.dtype:
            found.setdefault(each.backend, []).extend(each.seconds)
    return {name: (min(seconds), max(seconds)) for name, seconds in found.items()}
