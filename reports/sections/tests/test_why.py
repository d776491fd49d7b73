"""The sections that say why: what was counted, what is predicted and labelled so, and how far the prediction is off."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from reports.answers.condense import runs
from reports.archive import profile_beside
from reports.sections import predicted, why
from reports.site.rendering import publish, render_run
from reports.tests import factory
from reports.tests.factory import contents
from reports.view import View
from suite.cases import HEADLINE, Case
from suite.record.profile import Profile
from suite.record.run import Record
from suite.record.store import BadRecord, read_run

HOPPER: dict[str, Any] = {
    "compute_capability": [9, 0],
    "sm_count": 132,
    "max_warps": 64,
    "active_warps": 64,
    "blocks_per_sm": 16,
}
COUNTED = {
    "sm__throughput": 14.25,
    "launch__grid_size": 32768,
    "sm__warps_active": 81.2,
    "dram__throughput": 88.1,
    "lts__t_sector_hit_rate": 50.07,
    "dram__bytes_read": 67_200_256,
    "dram__bytes_write": 66_912_000,
    "launch__registers_per_thread": 18,
    "gpu__time_duration": 46_112,
}


def profile(folder: Path, utc: str = "2026-01-03T00:00:00+00:00", commit: str = "", **replaced: Any) -> Path:
    """A stored profile of the H100."""
    machine = factory.H100 | ({"commit": commit} if commit else {})
    raw = {
        "schema_version": 1,
        "utc": utc,
        "command": "tox -e profile",
        "machine": machine,
        "case": HEADLINE.id,
        "tool": "2025.3.1.0",
        "options": ["--clock-control", "none"],
        "units": {},
        "kernels": {"scale_flat": COUNTED, "mul": {"dram__bytes_read": 1}},
        "backends": {"triton_tuned": ["scale_flat"], "torch_broadcast": ["mul"]},
    }
    path = folder / f"{re.sub('[-:]', '', utc[:19])}Z-{str(machine['commit'])[:8]}{Profile.suffix}"
    path.write_text(json.dumps(raw | replaced))
    return path


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """A run on an H100, with code compiled for it and for sm_89, two dtypes measured."""
    compiled = [factory.compiled(), factory.compiled(case=Case(4096, 4096, "float64")), factory.compiled(**HOPPER)]
    cases = (HEADLINE, Case(4096, 4096, "float16"))
    return read_run(factory.write(tmp_path / "data", factory.run(cases=cases, compiled=compiled)))


def parts(record: Record) -> dict[str, tuple[tuple[str, ...], dict[str, dict[str, str]]]]:
    """Title -> paragraphs, and the section's one table as backend and dtype -> head -> cell."""
    found = {}
    view = View(record)
    for section in (*why.sections(view), *predicted.sections(view)):
        (table,) = section.tables
        rows = [dict(zip(table.heads, row, strict=True)) for row in table.rows]
        found[section.title] = (
            section.paragraphs,
            {" ".join(filter(None, (row["backend"], row.get("dtype")))): row for row in rows},
        )
    return found


PREDICTED = "Predicted for an RTX 4090 (no sm_89 device was measured)"
CHECK = "The same model on this GPU: predicted and measured"


def test_a_run_without_a_profile_has_a_prediction_and_its_check(record: Record) -> None:
    assert list(parts(record)) == [PREDICTED, CHECK]


def test_the_prediction_is_worked_out_and_labelled(record: Record) -> None:
    (words, *_), rows = parts(record)[PREDICTED]
    assert words.startswith("Nothing in this section is measured.")
    assert set(rows) == {"triton_tuned float32", "triton_tuned float64"}
    row = rows["triton_tuned float32"]
    assert row["predicted DRAM bound, µs"] == "133"
    assert row["regime"] == "DRAM-bound"
    assert row["predicted limit"] == "DRAM bandwidth"
    assert row["predicted achievable, µs"] != "–"
    labelled = [head for head in row if head not in ("backend", "dtype", "regime", "KiB needed")]
    assert all(head.startswith("predicted") for head in labelled)


def test_the_check_gives_the_error(record: Record) -> None:
    row = parts(record)[CHECK][1]["triton_tuned float32"]
    predicted, measured = float(row["predicted time, µs"]), float(row["measured time, µs"])
    assert predicted / measured == pytest.approx(0.995, abs=0.005)  # the factory's backend is at 99.5 % of the ceiling
    assert float(row["error of the time"].removesuffix(" %")) == pytest.approx(-0.5, abs=0.5)
    assert row["measured warps active"] == row["error of the warps"] == "–"


def test_a_profile_says_why(record: Record) -> None:
    profile(Path(record.path).parent)
    found = parts(record)
    assert list(found) == ["Why", PREDICTED, CHECK]
    (words, *more), rows = found["Why"]
    assert "2025.3.1.0" in words
    assert not more
    row = rows["triton_tuned"]
    assert row["loads / stores, bits"] == "128 / 128"
    assert row["registers per thread"] == "18"
    assert row["occupancy"] == "100.0 %"
    assert row["warps active"] == "81.2 %"
    assert row["L2 hit rate"] == "50.1 %"
    moved = (COUNTED["dram__bytes_read"] + COUNTED["dram__bytes_write"]) / HEADLINE.bytes_moved
    assert row["DRAM bytes / bytes counted"] == f"{moved:.3f}"
    assert row["duration, µs"] == "46.1"
    assert rows["torch_broadcast"]["warps active"] == "–"
    checked = found[CHECK][1]["triton_tuned float32"]
    assert checked["measured warps active"] == "81.2 %"
    waves = 16384 / (16 * 132)
    assert checked["error of the warps"] == f"{100 * (waves / 8 / 0.812 - 1):+.1f} %"


def test_a_profile_of_another_commit_is_said(record: Record) -> None:
    profile(Path(record.path).parent, commit="f" * 40, outcomes=[factory.outcome()])
    _, other, left_out = parts(record)["Why"][0]
    assert "another commit" in other
    assert "f" * 40 in other
    assert left_out.startswith("Not profiled: triton_baseline: incorrect")


def test_the_profile_of_the_same_commit_wins_then_the_newest(record: Record) -> None:
    folder = Path(record.path).parent
    profile(folder, "2026-01-01T00:00:00+00:00")
    best = profile(folder, "2026-01-02T00:00:00+00:00")
    profile(folder, "2026-01-04T00:00:00+00:00", commit="f" * 40)
    profile(folder, "2026-01-05T00:00:00+00:00", case="64x64-float32-contiguous")
    profile(folder, "2026-01-06T00:00:00+00:00", machine=factory.ADA)
    found = profile_beside(record)
    assert found is not None
    assert found[0] == best.name


def test_a_profile_is_no_run(record: Record) -> None:
    folder = Path(record.path).parent
    profile(folder)
    assert [[run.path for run in each] for each in runs(folder.parent).values()] == [[record.path]]


def test_a_damaged_profile_is_a_bad_record(record: Record) -> None:
    profile(Path(record.path).parent).write_text("{")
    with pytest.raises(BadRecord, match="no profile"):
        list(why.sections(View(record)))


def test_an_rtx_4090_s_own_page_predicts_nothing_but_checks(tmp_path: Path) -> None:
    ada = factory.ADA | {"sm_count": 128, "peak_bytes_per_s": 1008e9}
    record = read_run(factory.write(tmp_path, factory.run(machine=ada, compiled=[factory.compiled()])))
    assert list(parts(record)) == [CHECK]


def test_a_cpu_s_page_leaves_the_achievable_time_open(tmp_path: Path) -> None:
    record = read_run(factory.write(tmp_path, factory.run(machine=factory.CPU, compiled=[factory.compiled()])))
    said, rows = parts(record)[PREDICTED]
    assert said[-1] == predicted.NO_COPY
    assert rows["triton_tuned float32"]["predicted achievable, µs"] == "–"
    assert rows["triton_tuned float32"]["predicted DRAM bound, µs"] == "133"


def test_pages_with_a_profile_are_the_same_each_time(record: Record, tmp_path: Path) -> None:
    profile(Path(record.path).parent)
    data = Path(record.path).parents[1]
    publish(data, tmp_path / "here")
    publish(data, tmp_path / "there")
    assert contents(tmp_path / "here") == contents(tmp_path / "there")
    page = render_run(record, tmp_path / "local").read_text()
    assert all(title in page for title in ("Why", PREDICTED, CHECK))
