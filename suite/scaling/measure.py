"""All problems on one mesh, into a document; each is kept as soon as it is measured."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any

from suite.device import machine
from suite.measure.timing import Sampler
from suite.record.measurement import Outcome
from suite.record.scaling import Scaled, Scaling
from suite.scaling import costs
from suite.scaling.cases import Problem
from suite.scaling.contenders import Shard, entries, fits, sampler, shard
from suite.scaling.mesh import Mesh
from suite.scaling.timed import Part, Times, fastest, rounds, slowest
from suite.statistics import ratio

Keep = Callable[[Scaling], None]


def measure(mesh: Mesh, problems: Sequence[Problem], before: Scaling | None, command: str, keep: Keep) -> Scaling:
    """The document of all problems, on every rank; those that `before` has are not measured again.

    keep: told of the document after each problem.
    """
    document = before or Scaling(
        utc=datetime.now(UTC).replace(microsecond=0), command=command, machine=machine.describe(mesh.device.kind),
        ranks=mesh.ranks, hosts=mesh.hosts, collectives=mesh.collectives,
    )  # fmt: skip
    for problem in problems:
        if not any(_is(row, problem, mesh.ranks) for row in document.rows):
            document = _with(document, mesh, problem)
            keep(document)
    if not document.dispatches:
        document = document.model_copy(update={"dispatches": (costs.dispatch(mesh),)})
    keep(document)
    return document


def _with(document: Scaling, mesh: Mesh, problem: Problem) -> Scaling:
    """The document and what this problem gave."""
    began = datetime.now(UTC)
    whole = problem.whole(mesh.ranks)
    rows, outcomes = _problem(mesh, problem, document.machine.cache_bytes)
    found: dict[str, Any] = {"rows": (*document.rows, *rows), "outcomes": (*document.outcomes, *outcomes)}
    product_s = min((row.together_s for row in rows), default=None)
    found["broadcasts"] = (*document.broadcasts, costs.broadcast(mesh, whole, product_s))
    found["seconds"] = document.seconds + (datetime.now(UTC) - began).total_seconds()
    return document.model_copy(update=found)


def _is(row: Scaled, problem: Problem, ranks: int) -> bool:
    return (row.way, row.in_place, row.whole) == (problem.way, problem.in_place, problem.whole(ranks).id)


def _problem(mesh: Mesh, problem: Problem, cache_bytes: int) -> tuple[list[Scaled], list[Outcome]]:
    """One row per contender, or why it has none."""
    case = problem.shard(mesh.ranks)
    if not fits(case, mesh, problem.in_place):
        reason = "a shard does not fit the memory of every rank"
        return [], [Outcome(backend="all", case=case.id, kind="no_memory", reason=reason)]
    on = shard(case, mesh, cache_bytes, problem.in_place)
    lone = on
    outcomes: list[Outcome] = []
    if problem.way == "strong" and mesh.ranks > 1:
        if fits(problem.case, mesh):
            lone = shard(problem.case, mesh, cache_bytes)
        else:
            reason = "it fits no rank alone, so that there is no efficiency"
            outcomes.append(Outcome(backend="all", case=problem.case.id, kind="no_memory", reason=reason))
            lone = Shard((), 0)
    samplers, missed = _samplers(mesh, on, lone)
    times = rounds(samplers, mesh) if samplers else {}
    names = [part.contender for part in samplers if not part.alone]
    rows = [_row(problem, mesh, name, times, samplers, on) for name in names]
    del samplers, on, lone
    gc.collect()  # what a graph holds is free only when no cycle keeps the graph; the next problem may need it all
    return rows, outcomes + missed


def _samplers(mesh: Mesh, on: Shard, lone: Shard) -> tuple[dict[Part, Sampler], list[Outcome]]:
    """What takes the samples of each contender, together and alone; one sampler where both have the same operands."""
    found: dict[Part, Sampler] = {}
    outcomes: list[Outcome] = []
    for entry in entries(bool(on.sets) and on.sets[0].in_place):
        made = sampler(entry, on, mesh)
        if isinstance(made, Outcome):
            outcomes.append(made)
            continue
        found[Part(entry.name, alone=False)] = made
        one = made if lone is on else sampler(entry, lone, mesh) if lone.sets else None
        if isinstance(one, Outcome):
            outcomes.append(one)
        elif one is not None:
            found[Part(entry.name, alone=True)] = one
    return found, outcomes


def _row(problem: Problem, mesh: Mesh, name: str, times: Times, samplers: dict[Part, Sampler], on: Shard) -> Scaled:
    together, alone = (times.get(Part(name, alone=which)) for which in (False, True))
    assert together is not None
    share = mesh.ranks if problem.way == "strong" else 1
    against: dict[str, Any] = {}
    if alone is not None:
        gained = ratio(slowest(alone), slowest(together))
        against = {
            "alone_s": median(slowest(alone)),
            "efficiency": gained.value / share,
            "efficiency_ci99": (gained.interval[0] / share, gained.interval[1] / share),
        }
    return Scaled(
        contender=name, way=problem.way, in_place=problem.in_place,
        case=problem.shard(mesh.ranks).id, whole=problem.whole(mesh.ranks).id,
        together_s=median(slowest(together)), fastest_together_s=median(fastest(together)),
        rounds=len(together[0]), launches_per_sample=samplers[Part(name, alone=False)].launches,
        buffer_sets=len(on.sets), buffer_sets_needed=on.needed, **against,
    )  # fmt: skip
