"""What a repeat may give: several restarts, one process, and a choice that differs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reports.sections import how, restarts, shares, what
from reports.tests import factory
from reports.view import View


def spread(bench: dict[str, Any], shares: tuple[float, ...], forms: tuple[str, ...]) -> None:
    """Let so many restarts have taken the benchmark's rounds."""
    extra = bench["extra_info"]
    extra["rounds"] = len(bench["stats"]["data"])
    each = extra["rounds"] // len(shares)
    extra["restarts"] = [
        {"rounds": each, "median_s": extra["median_s"], "of_ceiling": share, "form": form}
        for share, form in zip(shares, forms, strict=True)
    ]
    extra["of_ceiling_within_ci99"] = [extra["of_ceiling"] * 0.9999, extra["of_ceiling"] * 1.0001]


def restarted(tmp_path: Path, torch_shares: tuple[float, ...], torch_forms: tuple[str, ...]) -> View:
    run = factory.run(samples=30, series=("cold",))
    for bench in run["benchmarks"]:
        alike = (bench["extra_info"]["of_ceiling"],) * 3
        spread(bench, alike, ("flat",) * 3)
        if bench["extra_info"]["backend"] == "torch_broadcast":
            spread(bench, torch_shares, torch_forms)
    return factory.viewed(tmp_path, run)


def test_a_choice_that_differs_is_said_in_words(tmp_path: Path) -> None:
    view = restarted(tmp_path, (0.95, 1.57, 0.95), ("A", "B", "A"))
    (row,) = restarts.restarts_table(view).rows
    assert (row[0], row[3]) == ("torch_broadcast", "between 95.0 % and 157.0 %")
    assert row[-1] == "by what its tuner picks: A in 2; B in 1"
    (section,) = restarts.sections(view)
    assert "In 1 of 6 measurements" in " ".join(section.paragraphs)


def test_without_a_choice_only_scatter_beyond_the_margin_is_shown(tmp_path: Path) -> None:
    assert restarts.restarts_table(restarted(tmp_path, (0.80, 0.801, 0.80), ("A", "A", "A"))).rows == ()
    (row,) = restarts.restarts_table(restarted(tmp_path, (0.80, 0.82, 0.80), ("A", "A", "A"))).rows
    assert (row[0], row[3]) == ("torch_broadcast", "between 80.0 % and 82.0 %")


def test_intervals_say_what_they_are_of(tmp_path: Path) -> None:
    many, one = restarted(tmp_path / "many", (0.8,) * 3, ("A",) * 3), factory.viewed(tmp_path / "one", factory.run())
    assert "of the ceiling [99 %, of a repeat, 3 restarts]" in what.headline_table(many).heads
    assert "of the ceiling [99 %, one process]" in what.headline_table(one).heads
    (section,) = restarts.sections(one)
    assert section.paragraphs == (restarts.ONE_PROCESS,)
    assert section.tables == ()
    said = [" ".join(next(iter(how.sections(view))).paragraphs) for view in (many, one)]
    assert "is of a repeat" in said[0]
    assert "holds within one process" in said[1]
    places = shares.numbers_table(many, "cold").heads.index("of the ceiling in each restart, %")
    assert {row[places].count(",") for row in shares.numbers_table(many, "cold").rows} == {2}
    assert {row[places] for row in shares.numbers_table(one, "cold").rows} == {"one process"}


def test_an_older_record_s_share_by_the_host_s_clock_is_not_shown(tmp_path: Path) -> None:
    run = factory.run(series=("cold",))
    for bench in run["benchmarks"]:
        if bench["extra_info"]["backend"] == "torch_broadcast":
            bench["extra_info"]["method"] = "host_clock"
    view = factory.viewed(tmp_path, run)
    found = view.one("cold", "torch_broadcast")
    assert found
    assert (found.of_ceiling, found.of_peak) == (None, None)
    assert "torch_broadcast" not in shares.share_table(view, "cold").heads
    assert "No share is given of torch_broadcast" in " ".join(next(shares.sections(view, ())).paragraphs)
    assert all(each.of_ceiling for each in view.every if each.backend != "torch_broadcast")
