"""Other timers and the state of the machine: agreement, disagreement, silence."""

from pathlib import Path
from typing import Any

from reports.sections.conditions import states_table
from reports.sections.second_timer import agreement_table
from reports.site.page import page
from reports.tests import factory
from reports.view import View
from suite.cases import HEADLINE, Case
from suite.record.run import Record
from suite.record.store import read_run


def made(tmp_path: Path, **diagbench: Any) -> Record:
    return read_run(factory.write(tmp_path, factory.run(series=("cold",), **diagbench)))


def agreement(timer: str, seconds: float, campaign: float = 100e-6, case: Case = HEADLINE) -> dict[str, Any]:
    common = {"backend": "triton_tuned", "case": case.id, "series": "cold", "campaign_seconds": campaign}
    return {"timer": timer, "seconds": seconds, **common}


def paragraphs(record: Record, title: str) -> str:
    return " ".join(
        paragraph
        for section in page(record, "run.json").sections
        if section.title == title
        for paragraph in section.paragraphs
    )


def test_timers_that_agree(tmp_path: Path) -> None:
    record = made(tmp_path, agreements=[agreement("cupti", 98.9e-6), agreement("cuda_events", 100.2e-6)])
    table = agreement_table(View(record))
    assert table.heads[-4:] == ("CUPTI, µs", "CUPTI / campaign", "event pairs, µs", "event pairs / campaign")
    assert table.rows == (("triton_tuned", HEADLINE.id, "cold", "100", "98.9", "0.9890", "100", "1.0020"),)
    said = paragraphs(record, "A second timer")
    assert "All 1 comparisons" in said
    assert "1.10 %" in said
    assert "+0.2 µs" in said


def test_timers_that_do_not_agree(tmp_path: Path) -> None:
    record = made(tmp_path, agreements=[agreement("cupti", 96e-6), agreement("cuda_events", 100e-6)])
    said = paragraphs(record, "A second timer")
    assert "1 of 1 do not agree" in said
    assert "4.00 %" in said


def test_cupti_is_judged_by_events_around_what_it_watched(tmp_path: Path) -> None:
    """It is 4 % off the campaign, since the launches are while it watches; by itself it is 1 % off."""
    watched = {**agreement("cupti", 104e-6), "profiled_events_seconds": 105e-6}
    record = made(tmp_path, agreements=[watched, agreement("cuda_events", 100e-6)])
    table = agreement_table(View(record))
    assert table.heads[-3:] == ("events while profiled, µs", "CUPTI / those", "those / campaign")
    assert table.rows[0][-3:] == ("105", "0.9905", "1.0500")
    said = paragraphs(record, "A second timer")
    assert "All 1 comparisons" in said
    assert "0.95 %" in said
    assert "+5.00 %" in said


def test_short_launches_are_shown_and_not_judged(tmp_path: Path) -> None:
    record = made(tmp_path, agreements=[agreement("cupti", 2e-6, campaign=3e-6, case=Case(256, 256))])
    assert agreement_table(View(record)).rows[0][-1] == "0.6667"
    assert "not asked" in paragraphs(record, "A second timer")


def test_a_timer_that_is_missing_leaves_a_dash(tmp_path: Path) -> None:
    other = {**agreement("cuda_events", 1e-4), "backend": "cublas_dgmm"}
    rows = agreement_table(View(made(tmp_path, agreements=[agreement("cupti", 1e-4), other]))).rows
    assert [row[4:] for row in rows] == [("100", "1.0000", "–", "–"), ("–", "–", "100", "1.0000")]


def test_states_are_ranges(tmp_path: Path) -> None:
    states = [
        {"when": "before", "seconds": 0, "sm_clock_mhz": 345, "power_w": 70.4, "temperature_c": 31},
        {"when": "during", "seconds": 9, "sm_clock_mhz": 1980, "power_w": 500, "other_processes": 0},
        {"when": "during", "seconds": 200.4, "sm_clock_mhz": 1755, "power_w": 612, "slowdown": ["thermal"]},
    ]
    record = made(tmp_path, states=states)
    assert states_table(View(record)).rows == (
        ("before", "none", "0", "345", "–", "31", "70", "–", "1"),
        ("during", "thermal", "9 to 200", "1,755 to 1,980", "–", "–", "500 to 612", "0", "2"),
    )
    assert paragraphs(record, "The machine while measuring")


def test_silence_leaves_no_section(tmp_path: Path) -> None:
    for record in (made(tmp_path), made(tmp_path, states=[{"when": "before", "seconds": 0}])):
        assert not paragraphs(record, "The machine while measuring")
        assert not paragraphs(record, "A second timer")
