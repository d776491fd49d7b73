"""What a run says of itself while it is at work."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from suite.cases import Case
from suite.measure.samples import CampaignSamples
from suite.session import progress as module
from suite.session.progress import Progress

CASE = Case(8, 8)


def test_the_time_left_follows_from_all_parts_measured_so_far(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of ten parts was known before; two take a minute and two seconds, which half a minute would not tell."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    progress = Progress()
    progress.expect(10)
    progress.measured(CASE, "cold", CampaignSamples(stop_reason="budget"))
    for seconds in (60.0, 2.0):
        progress.measuring(CASE, "cold")
        clock.now += seconds
        progress.measured(CASE, "cold", CampaignSamples(stop_reason="budget"))
    said = capsys.readouterr().err.splitlines()
    assert [line.rpartition("budget")[2] for line in said] == ["", ", about 8 min left", ", about 4 min left"]
    assert said[0].startswith("[1/10] 8x8-float32-contiguous cold: 0 rounds in ")
