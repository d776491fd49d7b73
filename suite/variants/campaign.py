"""Measures the variants: the server's own gate, campaign and checks, with the variants as further backends."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Literal, cast

import backends
from backends import Entry, Launch, Unsupported
from suite.cases import Case
from suite.check import operands
from suite.check.operands import Operands
from suite.device import locks
from suite.device.machine import uuid
from suite.measure import timing
from suite.measure.comparisons import Comparisons
from suite.measure.plan import CEILINGS, CONTROL, Plan
from suite.measure.samples import CampaignSamples
from suite.record.machine import Machine
from suite.record.measurement import Outcome
from suite.record.variants import Row
from suite.statistics import summarise
from suite.variants import kernel
from suite.variants.catalogue import REFERENCES, CannotMeasure, Variant
from suite.worker.failures import DeviceLost, one_line
from suite.worker.messages import Describe, Gate, Measure
from suite.worker.process import die_with_parent
from suite.worker.server import Server

Timed = Literal["cold", "hot"]

PLAN = Plan(sample_s=1e-3, warmup_s=0.15, min_rounds=40, look_every=20, max_rounds=40, budget_s=30.0)
"""With some 30 contenders: about 2.5 s a case, and intervals of about ±0.1 %."""

COMPILERS = 8
"""Processes that compile ahead; each has a context of its own on the device."""


class VariantServer(Server):
    """The device; binds a variant where an entry has a variant's name."""

    def __init__(self, device: timing.Device, variants: Iterable[Variant]) -> None:
        super().__init__(device, time.monotonic())  # it reports to nobody: this command shows whole cases only
        self._variants = {variant.name: variant for variant in variants}

    def _bind(self, entry: Entry, on: Operands) -> Launch:
        if entry.name not in self._variants:
            return super()._bind(entry, on)
        return kernel.bind(self._variants[entry.name], on.a, on.b, on.out, self.device.stream)

    def measured(self, case: Case, series: Timed, entries: Sequence[Entry], plan: Plan) -> CampaignSamples:
        """One campaign of the entries that pass the gate, with the outcomes of those that do not."""
        found = {entry.name: self.answer(Gate(case, entry)) for entry in entries}
        rejected = [outcome for outcome in found.values() if isinstance(outcome, Outcome)]
        passed = tuple(entry for entry in entries if found[entry.name] is None)
        measured = (
            cast(CampaignSamples, self.answer(Measure(case, series, passed, plan))) if passed else CampaignSamples()
        )
        measured.outcomes[:0] = dict.fromkeys(rejected)  # one for all where the case does not fit the memory
        return measured


def measure(
    variants: Sequence[Variant],
    cases: Mapping[Timed, Mapping[Case, str]],
    say: Callable[[str], None],
    plan: Plan = PLAN,
) -> tuple[Machine, list[Row], list[Outcome]]:
    """All variants and references in all cases; say: told of each case when it is done.

    Raises CannotMeasure where there is no CUDA device, where another process measures on it, or where it was lost.
    """
    device = timing.Device()
    if device.kind != "cuda":
        raise CannotMeasure("no CUDA device here, so there is nothing to measure")
    with locks.device(uuid(device.kind)):
        return _measure(device, variants, cases, say, plan)


def _measure(
    device: timing.Device,
    variants: Sequence[Variant],
    cases: Mapping[Timed, Mapping[Case, str]],
    say: Callable[[str], None],
    plan: Plan,
) -> tuple[Machine, list[Row], list[Outcome]]:
    compile_ahead(variants, sorted({case for each in cases.values() for case in each}))
    server = VariantServer(device, variants)
    machine = cast(Machine, server.answer(Describe()))
    rows: list[Row] = []
    outcomes: list[Outcome] = []
    for series, case in ((series, case) for series, each in cases.items() for case in each):
        try:
            measured = server.measured(case, series, entries(variants), plan)
        except (DeviceLost, RuntimeError) as error:
            reason = str(error) if isinstance(error, DeviceLost) else one_line(error)
            raise CannotMeasure(
                f"the device was lost at {case.id}, {server.doing or 'in a campaign'}: {reason}"
            ) from None
        rows += to_rows(Comparisons(case, series, measured, machine))
        outcomes += [outcome.model_copy(update={"series": series}) for outcome in measured.outcomes]
        say(f"{case.id} {series}: {len(measured.contenders)} timed, {len(measured.outcomes)} not")
    return machine, rows, outcomes


def entries(variants: Iterable[Variant]) -> list[Entry]:
    """The backends that are installed, then the variants as if they were some."""
    references = [entry for entry in backends.find(REFERENCES) if not backends.why_unavailable(entry, "cuda")]
    return [
        *references,
        *(Entry(each.name, each.what, requires=("torch", "triton"), keeps=each.keeps) for each in variants),
    ]


def to_rows(comparisons: Comparisons) -> list[Row]:
    """A campaign's contenders; none where it has no ceiling to compare with."""
    samples = comparisons.samples.contenders
    if comparisons.ceiling is None:
        return []
    rows = []
    for name, sampled in samples.items():
        share = comparisons.ratio(name, comparisons.ceiling).inverse()
        tuned = comparisons.ratio(name, REFERENCES[0]).inverse() if REFERENCES[0] in samples else None
        rows.append(
            Row(
                case=comparisons.case.id,
                series=cast(Timed, comparisons.series),
                variant=name,
                role=role(name),
                of_ceiling=share.value,
                of_ceiling_ci99=share.interval,
                of_tuned=tuned.value if tuned else None,
                of_tuned_ci99=tuned.interval if tuned else None,
                median_s=summarise(sampled.samples_s).median_s,
                rounds=len(sampled.samples_s),
                form=sampled.form,
            )
        )
    return rows


def role(name: str) -> Literal["variant", "reference", "ceiling", "control"]:
    """What a contender of this name is."""
    if name in CEILINGS:
        return "ceiling"
    return "control" if name == CONTROL else "reference" if name in REFERENCES else "variant"


def compile_ahead(variants: Sequence[Variant], cases: Sequence[Case]) -> None:
    """Fill Triton's cache from several processes, a case each; what fails there fails again, and is said, later."""
    workers = min(COMPILERS, os.cpu_count() or 1, len(cases))
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(workers, context, initializer=die_with_parent) as pool:
            list(pool.map(partial(_compile_case, tuple(variants)), cases))
    except (BrokenProcessPool, OSError):
        return


def _compile_case(variants: Sequence[Variant], case: Case) -> None:
    with contextlib.suppress(Exception):
        on = operands.allocate(case, timing.Device().torch)
        for variant in variants:
            with contextlib.suppress(Unsupported):
                kernel.compile_only(variant, on.a, on.b, on.out)
