"""These tests inject faults of the catalogue's backends by files: the worker runs them, and the judge is not asked."""

from __future__ import annotations

import pytest

from suite.judge import contender


@pytest.fixture(autouse=True)
def _of_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contender, "from_outside", lambda entry: False)
    monkeypatch.setattr(contender, "judged", lambda entry: None)
