"""The table that ends a run: every number whole, whatever the terminal's width, and every remark."""

import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from reports.terminal_table import terminal_table
from reports.tests import factory
from suite.cases import SWEEPS
from suite.record.run import Record
from suite.record.store import read_run


def on_screen(record: Record, width: int) -> list[str]:
    """The lines of the terminal table."""
    out = StringIO()
    Console(file=out, width=width).print(terminal_table(record))
    return out.getvalue().splitlines()


def test_of_few_cases_the_terminal_shows_every_candidate_in_a_line(tmp_path: Path) -> None:
    record = factory.made(tmp_path, cases=SWEEPS["quick"][:3], backends=factory.FOURTEEN)
    shown = on_screen(record, 160)
    for name in (*factory.FOURTEEN, *factory.CEILINGS, factory.CONTROL):
        assert sum(f" {name} " in line for line in shown) == 1
    assert sum("100.0" in line for line in shown) == 1


def test_of_many_cases_and_14_backends_the_terminal_shows_every_number_within_160_columns(tmp_path: Path) -> None:
    record = factory.made(tmp_path, cases=SWEEPS["full"], backends=factory.FOURTEEN)
    shown = on_screen(record, 160)
    assert not any("…" in line for line in shown)
    numbers = sum(len(re.findall(r"\d+\.\d", line)) for line in shown)
    assert numbers == len(SWEEPS["full"]) * len(factory.FOURTEEN)
    layouts = sum(case.layout != "contiguous" for case in SWEEPS["full"])
    rows = [line for line in shown if "×" in line]
    assert len(rows) == len(SWEEPS["full"])
    assert sum(line.strip() in ("column_major", "offset_by_one", "row_padded") for line in shown) == layouts
    assert all(line.rstrip().endswith("memcpy") for line in rows)


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_a_narrow_terminal_gets_several_tables_and_every_number_whole(width: int, tmp_path: Path) -> None:
    record = factory.made(tmp_path, cases=SWEEPS["full"], backends=factory.FOURTEEN)
    shown = on_screen(record, width)
    assert not any("…" in line for line in shown)
    assert sum(len(re.findall(r"\d+\.\d( =| \?)?(?= |$)", line)) for line in shown) == len(SWEEPS["full"]) * len(
        factory.FOURTEEN
    )
    assert sum("ceiling" in line and "share" not in line and "=" not in line for line in shown) > 1


def test_an_empty_run_has_a_terminal_table(tmp_path: Path) -> None:
    record = factory.made(tmp_path, cases=())
    assert on_screen(record, 80) == ["neither shares of a ceiling nor single calls were taken"]


def test_where_only_hot_was_taken_that_is_shown(tmp_path: Path) -> None:
    shown = on_screen(factory.made(tmp_path, cases=SWEEPS["quick"][:1], series=("hot",)), 160)
    assert shown[0].startswith("share of the ceiling in %, hot, ")
    assert any("100.0" in line for line in shown)


def test_what_has_to_be_said_of_a_backend_is_said_in_the_terminal(tmp_path: Path) -> None:
    raw = factory.run(cases=SWEEPS["quick"], backends=factory.FOURTEEN, series=("cold", "hot", "launch"))
    record = factory.remarked(read_run(factory.write(tmp_path, raw)), "jax_jit", "rounds twice")
    assert "rounds twice" in " ".join(on_screen(record, 200))


def test_single_calls_are_shown_beside_the_plain_product_s(tmp_path: Path) -> None:
    cases = SWEEPS["quick"][:2]
    both = on_screen(factory.made(tmp_path, cases=cases, series=("cold", "as_called", "launch")), 160)
    assert [line for line in both if "One call at a time" in line] == [
        "One call at a time, as_called, µs (speed / torch_broadcast's), NVIDIA H100 80GB HBM3 (sm_90)"
    ]
    assert sum("(1.23)" in line for line in both) == 1
    assert sum("share of the ceiling" in line for line in both) == 1
    alone = on_screen(factory.made(tmp_path, cases=cases, series=("as_called_host",)), 160)
    assert sum("(1.23)" in line for line in alone) == 1
    assert not any("share of the ceiling" in line for line in alone)
