"""Candidates in a run: the judge has them, the worker never sees their files, and nobody else's result changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from backends import Entry, find
from backends import _candidate as candidate
from suite.cases import Case
from suite.check import mutants
from suite.measure.plan import FRESH
from suite.record.measurement import Outcome, Series
from suite.session.bench import Bench, WithSamples, start
from suite.session.progress import Progress
from suite.worker.process import Worker

CASE = Case(64, 160)
FILES = {row.name: row.path for row in (*mutants.MUTANTS, *mutants.HONEST)}
TRIED = ("honest_plain", "patches_clock", "lazy_under_a_sampler", "imports_what_is_missing")


@pytest.fixture(scope="module")
def requested() -> Iterator[list[Any]]:
    """Every request to the worker."""
    requests: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        send = Worker.request

        def request(worker: Worker, asked: Any, *more: Any) -> Any:
            requests.append(asked)
            return send(worker, asked, *more)

        patch.setattr(Worker, "request", request)
        yield requests


@pytest.fixture(scope="module")
def bench(requested: list[Any]) -> Iterator[Bench]:
    entries = [*find(["torch_broadcast"]), *(candidate.entry(FILES[name]) for name in TRIED)]
    made = start(entries, smoke=True, progress=Progress())
    yield made
    made.close()


def test_an_honest_candidate_is_timed_beside_the_reference_in_its_own_process(bench: Bench) -> None:
    assert bench.gate(CASE, "honest_plain") is None
    every: tuple[Series, ...] = ("cold", "hot", "launch", "call", "as_called_host")
    for series in every:
        found = bench.measured(CASE, series, "honest_plain")
        assert isinstance(found, WithSamples), found
        assert found.measurement.apart
        assert found.measurement.fresh == (series in FRESH)
        assert found.measurement.reference == "torch_broadcast"


@pytest.mark.parametrize(("name", "kind"), [("patches_clock", "refused"), ("imports_what_is_missing", "crashed")])
def test_what_the_judge_rejects_is_timed_in_no_case(name: str, kind: str, bench: Bench) -> None:
    for case in (CASE, Case(3, 3)):
        found = bench.gate(case, name)
        assert isinstance(found, Outcome)
        assert (found.kind, found.case) == (kind, None)
        assert isinstance(bench.measured(case, "hot", name), Outcome)


def test_what_is_lazy_only_when_it_is_timed_loses_its_samples(bench: Bench) -> None:
    assert bench.gate(CASE, "lazy_under_a_sampler") is None
    found = bench.measured(CASE, "cold", "lazy_under_a_sampler")
    assert isinstance(found, Outcome)
    assert (found.kind, found.series) == ("incorrect", "cold")


def test_others_are_measured_as_if_no_candidate_were_there(bench: Bench, requested: list[Any]) -> None:
    assert isinstance(bench.measured(CASE, "cold", "torch_broadcast"), WithSamples)
    seen = [entry for asked in requested for entry in _entries(asked)]
    assert {entry.name for entry in seen} == {"torch_broadcast"}


def _entries(asked: Any) -> list[Entry]:
    return [*getattr(asked, "entries", ()), *([asked.entry] if hasattr(asked, "entry") else [])]
