"""Takes a few campaigns once more, in one process, while the time lasts: what `select --revalidate` asks of a machine.

`python -m suite.session.recheck --to FILE` reads JSON from standard input, device slug -> [[case, series, [backend,
...]], ...], and writes a Recheck. The present device's questions alone are asked, in their order.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from backends import CannotDo, Entry, why_unavailable, why_unsupported
from backends import find as find_backends
from suite import command_line
from suite.cases import Case, parse
from suite.device import locks
from suite.measure.comparisons import Comparisons
from suite.measure.plan import CPU, GPU, Plan
from suite.measure.samples import CampaignSamples
from suite.record import store
from suite.record.machine import Machine
from suite.record.measurement import Outcome, Series
from suite.record.recheck import Recheck
from suite.worker.messages import Describe, Gate, Identify, Measure
from suite.worker.process import Worker, WorkerFailed

PLANS: Mapping[str, Plan] = {
    "cuda": replace(GPU, warmup_s=0.1, max_rounds=60, budget_s=0.6, restarts=1),
    "cpu": replace(CPU, min_rounds=20, max_rounds=40, budget_s=1.5, restarts=1),
}
"""One process, and no more rounds than an interval needs: enough to see a few percent, which is all that is asked."""

SECONDS = 28.0

Question = tuple[str, Series, Sequence[str]]
"""A case's id, a series, and the backends to compare in it."""


class CannotMeasure(CannotDo):
    """The measuring process did not start; the message says why."""


def recheck(questions: Mapping[str, Iterable[Question]], seconds: float = SECONDS) -> Recheck:
    """The campaigns asked of the present device, as many as fit into the seconds; none for another device.

    No campaign begins that would, by the longest before it, end too late. Raises CannotMeasure, and locks.Busy.
    """
    began = time.monotonic()
    with ExitStack() as held:
        worker = Worker()  # with the caches that the user's compilers keep: what his processes will find
        held.callback(worker.close)
        try:
            uuid = worker.request(Identify())
            if uuid:
                held.enter_context(locks.device(uuid))
            machine: Machine = worker.request(Describe())
        except WorkerFailed as failure:
            raise CannotMeasure(f"the measuring process could not start: {failure.reason}") from None
        asked = list(questions.get(machine.slug, ()))
        taken = list(_taken(worker, machine, asked, began + seconds))
    compared = (Comparisons(*each, machine).measurements() for each in taken)
    return Recheck(
        machine=machine,
        measurements=tuple(m for found in compared for m in found.values()),
        outcomes=tuple(outcome for *_, samples in taken for outcome in samples.outcomes),
        asked=len(asked),
        taken=len(taken),
        seconds=time.monotonic() - began,
    )


def _taken(
    worker: Worker, machine: Machine, questions: Iterable[Question], until: float
) -> Iterator[tuple[Case, Series, CampaignSamples]]:
    longest = 0.0
    for case_id, series, names in questions:
        before = time.monotonic()
        if before + longest > until:
            return
        case = parse(case_id)
        yield case, series, _campaign(worker, machine, case, series, find_backends(names))
        longest = max(longest, time.monotonic() - before)


def _campaign(
    worker: Worker, machine: Machine, case: Case, series: Series, entries: Iterable[Entry]
) -> CampaignSamples:
    """One campaign of those whose C is right; who is not, or takes the worker down, is an outcome."""
    outcomes: list[Outcome] = []
    right: list[Entry] = []
    doing = ""
    try:
        for entry in entries:
            doing = entry.name
            why_not = why_unavailable(entry, machine.kind) or why_unsupported(entry, case.dtype)
            if why_not:
                outcomes.append(Outcome(backend=entry.name, case=case.id, kind="unavailable", reason=why_not))
            elif wrong := worker.request(Gate(case, entry)):
                outcomes.append(wrong)
            else:
                right.append(entry)
        doing = "all"
        samples: CampaignSamples = worker.request(Measure(case, series, tuple(right), PLANS[machine.kind]))
    except WorkerFailed as failure:
        lost = Outcome(
            backend=failure.doing or doing, case=case.id, series=series, kind=failure.kind, reason=failure.reason
        )
        return CampaignSamples(outcomes=[*outcomes, lost])
    samples.outcomes[:0] = outcomes
    return samples


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 when the Recheck is written, 1 when nothing could be measured, 2 for a wrong command line."""
    return command_line.run("recheck", lambda: _main(arguments))


def _main(arguments: Sequence[str] | None) -> int:
    parser = command_line.Parser("recheck", description="Takes a few campaigns once more; see this file's head.")
    parser.add_argument("--to", type=Path, required=True, metavar="FILE", help="where the Recheck goes")
    parser.add_argument("--seconds", type=float, default=SECONDS, metavar="S", help="in all (%(default)s)")
    args = parser.parse_args(arguments)
    found = recheck(json.load(sys.stdin), args.seconds)
    store.write(args.to, found.model_dump_json())
    return 0


if __name__ == "__main__":
    sys.exit(main())
