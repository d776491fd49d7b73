"""A backend that launches on streams of its own has a sampler of its own on a GPU, and none on the CPU."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

import backends
from backends import Entry
from suite.cases import Case
from suite.measure import own_stream
from suite.measure.plan import SMOKE
from suite.worker.lineup import Lineup
from suite.worker.messages import Measure

ENTRY = Entry("x_y", "", (), devices=("cuda", "cpu"))


@pytest.mark.parametrize(
    ("entry", "kind", "expected"),
    [
        (replace(ENTRY, own_stream=True), "cuda", ("own", "its follow")),
        (replace(ENTRY, own_stream=True), "cpu", ("ours", True)),
        (replace(ENTRY, capturable=False), "cuda", ("ours", False)),
        (ENTRY, "cuda", ("ours", True)),
        (None, "cuda", ("ours", True)),
    ],
)
def test_the_sampler_suits_the_backend(
    entry: Entry | None, kind: str, expected: tuple[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_stream, "sampler", lambda device, sets, follow, sample_s: ("own", follow))
    monkeypatch.setattr(backends, "follower", lambda entry: "its follow")
    lineup: Any = Lineup.__new__(Lineup)
    lineup._device = SimpleNamespace(
        kind=kind, rough_seconds=lambda sets: 1.0, sampler=lambda sets, count, capturable: ("ours", capturable)
    )
    lineup._request = Measure(Case(4, 4), "cold", (), SMOKE)
    assert lineup._sampler([lambda: None], entry) == expected
