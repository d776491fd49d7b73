"""The history: a commit's own runs are the yardstick, too few of them say nothing, many commits fit a screen."""

from pathlib import Path

import pytest

from reports.answers.condense import runs
from reports.document import Table
from reports.site import history
from reports.tests import factory


def table(folder: Path, *shares_by_commit: list[float]) -> tuple[Table, ...]:
    """The history's tables, of a run for each share of triton_tuned, the oldest commit first."""
    number = 0
    for commit, shares in enumerate(shares_by_commit):
        for share in shares:
            number += 1
            utc = f"2026-01-{1 + number // 24:02}T{number % 24:02}:04:05+00:00"
            machine = factory.H100 | {"commit": f"{commit:08}" * 5}
            raw = factory.run(machine=machine, backends={"triton_tuned": share}, utc=utc)
            for bench in raw["benchmarks"]:
                if bench["extra_info"]["backend"] == "triton_tuned":
                    bench["extra_info"]["of_ceiling"] = share
            factory.write(folder, raw, f"run-{number:03}")
    return history.page(runs(folder)).sections[1].tables


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ([0.90, 0.92], [0.95, 0.96], "faster"),
        ([0.95, 0.96], [0.90, 0.92], "slower"),
        ([0.90, 0.94], [0.93, 0.96], "no change beyond the band"),
        ([0.90, 0.92], [0.925, 0.96], "no change beyond the band"),  # within 1 % of it
        ([0.90, 0.92], [0.99], "too few runs to say"),
        ([0.90], [0.99, 0.98], "too few runs to say"),
    ],
)
def test_a_change_is_one_beyond_the_band_of_several_runs(
    old: list[float], new: list[float], said: str, tmp_path: Path
) -> None:
    (found,) = table(tmp_path, old, new)
    row = next(row for row in found.rows if row[0] == "triton_tuned")
    assert row[-1] == said
    assert row[1] == (f"{100 * min(old):.1f} to {100 * max(old):.1f}" if len(old) > 1 else f"{100 * old[0]:.1f}")


def test_many_commits_stand_below_each_other_in_a_fold(tmp_path: Path) -> None:
    beside, folded = table(tmp_path, *([0.9 + each / 100] for each in range(9)))
    assert len(beside.heads) == 1 + history.NEWEST + 1
    assert folded.summary.startswith("All 9 commits")
    place = folded.heads.index("triton_tuned")
    assert [row[place] for row in folded.rows] == [f"{90 + each}.0" for each in reversed(range(9))]
