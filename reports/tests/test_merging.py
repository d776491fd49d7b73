"""Runs of several hosts in one folder, and the page of what GPUs of one model differ by."""

import math
import shutil
from pathlib import Path
from typing import Any

import pytest

from reports.__main__ import main
from reports.answers import condense
from reports.sections import spread
from reports.site.rendering import publish
from reports.tests import factory
from reports.tests.factory import contents
from suite.cases import HEADLINE, Case
from suite.statistics import Ratio, across


def of_group(rank: int, size: int = 2, slower: float = 1.0, host: str = "abcd", **of_run: Any) -> dict[str, Any]:
    group = {"utc": "2026-01-02T03:04:05+00:00", "host": host, "rank": rank, "size": size}
    run = factory.run(cases=(HEADLINE, Case(256, 256)), group={**group, "gpus": "all", "place": str(rank)}, **of_run)
    for bench in run["benchmarks"]:
        measured = bench["extra_info"]
        for field in ("median_s", "mean_s", "p5_s", "p95_s"):
            measured[field] *= slower
        measured["bandwidth_bytes_per_s"] /= slower
    return run


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    for rank, slower in enumerate((1.0, 1.02)):
        factory.write(tmp_path / f"host{rank}", of_group(rank, slower=slower))
    return tmp_path


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str], words: str) -> bool:
    code = main(["merge", *arguments])
    said = capsys.readouterr().err
    return code in (1, 2) and words in said and len(said.splitlines()) == 1


def test_runs_of_two_hosts_are_named_apart_and_get_their_page(hosts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [str(hosts / name) for name in ("host0", "host1")]
    assert main(["merge", *folders, "--to", str(hosts / "all")]) == 0
    made = contents(hosts / "all")
    names = [Path(name).name for name in made if name.endswith(".json")]
    assert sorted(names) == [f"20260102T030405Z-01234567-abcd-r{rank}.json" for rank in (0, 1)]
    (page,) = [text.decode() for name, text in made.items() if name.endswith(".md")]
    assert "2.00 % (" in page
    assert "spread between GPUs" in capsys.readouterr().out
    published = hosts / "published"
    assert publish(hosts / "all", published) == 2
    assert "spread-20260102T030405Z-01234567.md" in (published / "README.md").read_text()


def test_a_group_s_page_says_how_its_gpus_were_alone(hosts: Path) -> None:
    shutil.rmtree(hosts)
    for rank in (0, 1):
        card: dict[str, Any] = {"machine": {**factory.H100, "gpu": f"card {rank}"}, "samples": 30}
        factory.write(hosts / f"host{rank}", of_group(rank, **card))
        if rank == 0:
            factory.write(hosts / "alone", factory.run(utc="2026-01-02T04:04:05+00:00", **card))
    assert main(["merge", *map(str, hosts.iterdir()), "--to", str(hosts / "all")]) == 0
    (page,) = [text.decode() for name, text in contents(hosts / "all").items() if name.endswith(".md")]
    rows = [
        line
        for line in page.split("## At once with the others, and alone")[1].splitlines()
        if line.startswith("| 4096")
    ]
    assert len(rows) == len(factory.BACKENDS)  # of rank 0, in the one case that the run alone has too
    assert all("1.000 [" in row for row in rows)
    assert "3 of 3 intervals hold 1." in page


def test_what_measured_a_few_cases_does_not_stand_for_the_device(tmp_path: Path) -> None:
    factory.write(tmp_path, factory.run())
    factory.write(tmp_path, factory.run(utc="2026-02-02T03:04:05+00:00", sweep=HEADLINE.id), "20260202T030405Z-0123456")
    (runs,) = condense.runs(tmp_path).values()
    assert [run.sweep for run in runs] == ["quick", HEADLINE.id]


def test_doubles_and_other_schemas_are_refused_in_a_line(hosts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, to = str(hosts / "host0"), str(hosts / "all")
    assert refused([first, first, "--to", to], capsys, "are one run; leave one out")
    assert refused([str(hosts / "none"), "--to", to], capsys, "is no folder")
    assert refused([str(hosts / ("x" * 300)), "--to", to], capsys, "is no folder")
    assert refused([str(hosts), "--to", str(hosts / ("x" * 300))], capsys, "File name too long")
    factory.write(hosts / "other", of_group(0, slower=1.5))
    assert refused([first, str(hosts / "other"), "--to", to], capsys, "two runs of one name")
    factory.write(hosts / "newer", factory.run(schema_version=2))
    assert refused([first, str(hosts / "newer"), "--to", to], capsys, "record version 2")
    assert not (hosts / "all").exists()
    assert main(["merge", first, "--to", to]) == 0
    capsys.readouterr()
    assert refused([first, "--to", to], capsys, "there already")


def test_the_spread_is_the_largest_ratio_of_two_less_one() -> None:
    assert spread.spread([2.0, 2.2, 2.1]) == pytest.approx(0.1)
    assert spread.spread([2.0]) == 0


def test_the_interval_over_gpus_holds_their_scatter_and_their_own() -> None:
    """Student's t is 9.925 at 99 % and two degrees of freedom (any table of it)."""
    apart = across([Ratio(math.exp(x), math.exp(x), math.exp(x)) for x in (-0.01, 0.0, 0.01)])
    assert apart.value == pytest.approx(1)
    assert math.log(apart.high) == pytest.approx(9.925 * 0.01 / math.sqrt(3), rel=1e-3)
    alike = across([Ratio(1.0, math.exp(-0.03), math.exp(0.03))] * 3)
    assert math.log(alike.high) == pytest.approx(0.03 / math.sqrt(3))
    with pytest.raises(ValueError, match="one device"):
        across([Ratio(1.0, 1.0, 1.0)])
