"""What a backend costs and when it pays off: the arithmetic, and the page with and without the parts."""

from pathlib import Path
from typing import Any

import pytest

from reports.sections import host
from reports.sections.cost import Cost, _assumptions, break_even, break_even_table, cost, cost_table, energy_table
from reports.site.page import page
from reports.tests import factory
from reports.view import BASELINE, View
from suite.cases import HEADLINE, Case
from suite.record.run import Record
from suite.record.store import read_run

SMALL = Case(256, 256)


def first_use(backend: str, case: Case = HEADLINE, **replaced: Any) -> dict[str, Any]:
    seconds = {"import_s": 0.5, "bind_s": 2.0, "launch_s": 0.01, "warm_bind_s": 0.8}
    return {"backend": backend, "case": case.id, **seconds, **replaced}


NOTHING: dict[str, Any] = {"import_s": 0.0, "bind_s": 1e-5, "launch_s": 2e-4, "warm_bind_s": 2e-5}
FIRST_USES = [first_use("triton_tuned"), first_use(BASELINE, **NOTHING)]
ENERGY = {
    "backend": "triton_tuned", "case": HEADLINE.id, "joules_per_launch": 0.02, "launches": 30_000, "seconds": 1.5,
}  # fmt: skip


def set_host_times(run: dict[str, Any], **seconds: float) -> dict[str, Any]:
    """Make the series launch and call take so many seconds for every candidate: fields "launch", "call"."""
    for bench in run["benchmarks"]:
        series = bench["extra_info"]["series"]
        if series in seconds:
            bench["extra_info"]["median_s"] = seconds[series]
    return run


def made(tmp_path: Path, **parameters: Any) -> Record:
    parameters = {"cases": (HEADLINE, SMALL), "series": ("cold",), "first_uses": FIRST_USES, **parameters}
    run = factory.run(**parameters)
    host = factory.run(cases=(SMALL,), series=("launch", "call"))
    run["benchmarks"] += set_host_times(host, launch=10e-6, call=60e-6)["benchmarks"]
    return read_run(factory.write(tmp_path, run))


@pytest.mark.parametrize(
    ("first_use_s", "each_s", "products"),
    [
        (1.0, 50e-6, 100_001),  # 1 s against 10 us a product: after 100,000 products they are even
        (1.0, 59.5e-6, None),  # a gain within the margin is none
        (1.0, 60e-6, None),
        (1.0, 70e-6, None),
        (0.0, 50e-6, 1),
        (0.0, 70e-6, None),
    ],
)
def test_break_even(first_use_s: float, each_s: float, products: int | None) -> None:
    assert break_even(Cost(first_use_s, each_s, 0.01), Cost(0.0, 60e-6, 0.001)) == products


def test_it_is_the_first_product_count_that_is_cheaper() -> None:
    ours, baseline = Cost(0.7, 37e-6, 0.01), Cost(0.001, 91e-6, 0.01)
    found = break_even(ours, baseline)
    assert found is not None
    in_all = [(each.first_use_s + found * each.each_s, each.first_use_s + (found - 1) * each.each_s)
              for each in (ours, baseline)]  # fmt: skip
    assert in_all[0][0] < in_all[1][0]
    assert in_all[0][1] >= in_all[1][1]


def test_a_product_takes_the_longer_of_kernel_and_host(tmp_path: Path) -> None:
    record = made(tmp_path)
    kernel = next(b.measurement for b in record.benchmarks if b.measurement.backend == "triton_tuned")
    bound = cost(View(record), "triton_tuned", HEADLINE.id, "launch")
    plain = cost(View(record), "triton_tuned", HEADLINE.id, "call")
    assert bound == Cost(0.5 + 2.0 + 0.01, kernel.median_s, kernel.margin)
    assert plain == Cost(0.5 + 2.0 + 0.01, 60e-6, kernel.margin)
    small = cost(View(record), "triton_tuned", SMALL.id, "launch")
    assert small is not None
    assert small.each_s == 10e-6
    assert cost(View(record), "cupy_rawkernel", HEADLINE.id, "launch") is None


def test_the_first_use_of_the_case_itself_is_taken_where_there_is_one(tmp_path: Path) -> None:
    view = View(made(tmp_path, first_uses=[*FIRST_USES, first_use("triton_tuned", SMALL, import_s=7.0)]))
    found = [cost(view, "triton_tuned", case.id, "launch") for case in (HEADLINE, SMALL)]
    assert [each.first_use_s for each in found if each] == [2.51, 9.01]


def test_the_break_even_table_says_never_and_leaves_out_what_is_not_known(tmp_path: Path) -> None:
    table = break_even_table(View(made(tmp_path)))
    assert table.heads[1:] == tuple(f"{case.id}, {user}" for case in (HEADLINE, SMALL) for user in ("bound", "plain"))
    rows = {name: cells for name, *cells in table.rows}
    assert BASELINE not in rows
    at_headline, *others = rows["triton_tuned"]
    assert int(at_headline.replace(",", "")) > 100_000
    assert others == ["never"] * 3  # both wait for the same host
    assert rows["cupy_rawkernel"] == ["–"] * 4


def test_the_cost_table_splits_the_first_use(tmp_path: Path) -> None:
    table = cost_table(View(made(tmp_path)))
    row = dict(zip(table.heads, next(row for row in table.rows if row[0] == "triton_tuned"), strict=True))
    assert row["allocates C"] == "no"
    assert (row["launch, µs"], row["call, µs"]) == ("10.0", "60.0")
    assert (row["import, ms"], row["compile, ms"], row["tune and load, ms"]) == ("500", "1,200", "800")
    assert row["first launch, ms"] == "10.0"
    baseline = next(row for row in table.rows if row[0] == BASELINE)
    assert baseline[-3:] == ("0.00", "0.0100", "0.200")  # its bind took longer the second time: nothing was compiled


def test_energy(tmp_path: Path) -> None:
    (row,) = energy_table(View(made(tmp_path, energies=[ENERGY]))).rows
    assert row == ("triton_tuned", HEADLINE.id, "20.0", "149", "400", "30,000", "1.50")


def titles(record: Record) -> list[str]:
    return [section.title for section in page(record, "run.json").sections]


def test_the_page_says_what_was_taken_and_nothing_else(tmp_path: Path) -> None:
    assert {"What it costs", "Energy"} <= set(titles(made(tmp_path, energies=[ENERGY])))
    assert not {"What it costs", "Energy"} & set(titles(made(tmp_path, first_uses=[])))


def test_without_the_baseline_or_the_host_series_there_is_a_cost_and_no_break_even(tmp_path: Path) -> None:
    alone = read_run(factory.write(tmp_path, factory.run(series=("cold",), first_uses=FIRST_USES)))
    (section,) = (section for section in page(alone, "run.json").sections if section.title == "What it costs")
    assert len(section.tables) == len(section.paragraphs) == 1
    assert len(section.tables[0].rows) == 3


def test_a_first_use_alone_is_still_shown(tmp_path: Path) -> None:
    record = read_run(factory.write(tmp_path, factory.run(series=(), first_uses=FIRST_USES)))
    assert [row[:2] for row in cost_table(View(record)).rows] == [("triton_tuned", "–"), (BASELINE, "–")]
    assert break_even_table(View(record)).rows == ()


def test_a_call_s_words_follow_the_record(tmp_path: Path) -> None:
    run = factory.run(series=("cold", "launch", "call"), cases=(SMALL,))
    old = factory.viewed(tmp_path / "old", run)
    for bench in run["benchmarks"]:
        bench["extra_info"]["fresh"] = bench["extra_info"]["series"] == "call"
    new = factory.viewed(tmp_path / "new", run)
    said = [" ".join(p for s in host.sections(view) for p in s.paragraphs) for view in (old, new)]
    assert host.BOUND_EACH_TIME in said[0]
    assert "what a user writes" in said[1]
    assert "Plain: bind and launch" in _assumptions(old)
    assert "as a user writes it" in _assumptions(new)
