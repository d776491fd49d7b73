"""What a judgement says: right where, wrong where, the first wrong element, and the seed to do it again."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from backends import Entry
from suite.judge import contender, judging, remote, timed_side
from suite.judge.tests.trying import CASES, judged, named
from suite.measure.campaign import CampaignFailed
from suite.measure.events import TooLate
from suite.record.judgement import Judgement


def test_a_partial_fault_says_where_it_is_right_and_where_wrong(tmp_path: Path) -> None:
    found = judged(named("narrow_rows_share_a"), tmp_path)
    assert found.verdict == "incorrect"
    assert found.caught_by == "probes"
    assert "narrow C, 1 to 33 columns" in found.wrong_for
    assert "127 to 1025 columns" in found.right_for
    assert {"strided A", "padded rows", "contiguous bfloat16"} <= set(found.right_for)


def test_a_fault_in_the_asked_case_names_the_first_wrong_element(tmp_path: Path) -> None:
    found = judged(named("patches_gate"), tmp_path, ("probes",))
    assert found.wrong is not None
    assert found.wrong.first.found == "not written"
    assert (found.wrong.first.row, found.wrong.first.col) == (0, 0)
    assert found.wrong.count == CASES[0].rows * CASES[0].cols
    assert Judgement.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(("path", "kind"), [("", "unavailable"), ("file.py", "crashed")])
def test_an_import_that_raises_is_a_candidates_fault_and_not_the_catalogue_s(
    path: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = SimpleNamespace(verdict="unjudged", caught_by="load", reason="its import raised")
    monkeypatch.setattr(contender, "judge", lambda entry, cases: found)
    outcome = contender.judged(Entry("x_y", "", (), path=path))
    assert outcome is not None
    assert outcome.kind == kind


def test_a_file_whose_samples_the_host_was_late_for_is_not_judged_and_not_accused() -> None:
    """So it says in its own process; the judge's takes it for a campaign that came to nothing."""

    def late() -> list[float]:
        raise TooLate("the host had not enqueued 4 launches")

    answer = timed_side._samples(SimpleNamespace(collect=late))
    found = judging._Found()
    assert judging._attempt("clock", lambda: remote.times_of(answer), found) == "clock"
    assert (found.verdict, found.reason) == ("unjudged", "the host had not enqueued 4 launches")
    with pytest.raises(CampaignFailed) as caught:
        remote.times_of(answer)
    assert caught.value.kind == "invalid"
