"""The untuned tile as it ran on an RTX 4090: values worked out by hand, and its facts compiled anew."""

import importlib.util
from dataclasses import replace
from math import prod

import pytest

from suite.cases import HEADLINE
from suite.evidence.devices import RTX_4090
from suite.evidence.ncu import METRICS
from suite.evidence.untuned_tile import CLOCK_HZ, GRID, PUBLISHED, TILES, Tile, compile_tiles, rows

NARROW, WIDE = TILES
COVERING = replace(WIDE, rows=256, cols=256)
"""A tile that covers C."""


@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="triton is not installed")
def test_the_facts_are_what_the_compiler_makes() -> None:
    import triton

    compiled = compile_tiles()
    assert {tile.compiler for tile in compiled} == {f"Triton {triton.__version__}"}
    assert [(tile.rows, tile.cols, tile.warps) for tile in compiled] == [(64, 512, 8), (64, 1024, 8)]
    if {tile.compiler for tile in TILES} != {tile.compiler for tile in compiled}:
        pytest.skip(f"TILES are of {WIDE.compiler}, here is another")
    assert compiled == TILES


@pytest.mark.parametrize(("tile", "useful", "half"), [(NARROW, 256, 2048), (WIDE, 128, 2048), (COVERING, 256, 4096)])
def test_most_programs_are_masked_off_and_half_of_the_rows_unwritten(tile: Tile, useful: int, half: int) -> None:
    assert tile.useful == useful
    assert tile.half_bytes == half * 4096 * 4


def test_what_l2_cannot_hold_is_written_to_dram() -> None:
    assert WIDE.dram_bytes == WIDE.half_bytes == 32 << 20
    assert COVERING.dram_bytes == (64 << 20) + (128 << 20) - RTX_4090.l2_bytes


def test_dram_moves_half_of_the_bytes_that_littles_law_takes_its_time_for() -> None:
    slow = WIDE.time_s()[1]
    masked_off = 7 * 1427 * 8 / 4 / CLOCK_HZ  # 896 programs, 128 at a time
    assert slow == pytest.approx((64 << 20) * 1.2e-6 / (128 * 8 * 32 * 16) + masked_off)
    least, _ = WIDE.predicted()["dram__throughput"]
    assert least == pytest.approx(100 * (32 << 20) / slow / 1008e9)
    assert least == pytest.approx(PUBLISHED["dram__throughput"], rel=0.02)


def test_the_prediction_of_the_whole_product_was_twice_that() -> None:
    """43 %, as model.predict has it for the mended tile."""
    whole = 100 * HEADLINE.bytes_moved / (HEADLINE.bytes_moved * 1.2e-6 / (128 * 8 * 32 * 16)) / 1008e9
    assert whole == pytest.approx(43.3, abs=0.1)
    assert whole / WIDE.predicted()["dram__throughput"][0] == pytest.approx(2.1, abs=0.05)


def test_masked_off_programs_issue_what_the_others_do() -> None:
    fast, slow = WIDE.time_s()
    busy_s = prod(GRID) / 128 * 1427 * 8 / 4 / CLOCK_HZ
    assert WIDE.predicted()["sm__throughput"] == pytest.approx((100 * busy_s / slow, 100 * busy_s / fast))


def test_spills_hit_l2_where_they_leave_l1() -> None:
    """With 256 threads: 256 KiB of B missed, as much of C hit, 90 KiB spilled and 90 KiB reloaded hit."""
    assert NARROW.predicted()["lts__t_sector_hit_rate"] == (50, 50)
    assert WIDE.predicted()["lts__t_sector_hit_rate"] == pytest.approx((50, 100 * (256 + 180) / (512 + 180)))


def test_every_published_counter_stands_beside_a_prediction_and_its_error() -> None:
    table = rows([WIDE])
    assert [row[2] for row in table] == list(PUBLISHED)
    assert set(PUBLISHED) <= set(METRICS)
    by_counter = {row[2]: row[4:] for row in table}
    assert by_counter["launch__grid_size"] == ("1024", "1024", "+0.0 %")
    assert by_counter["sm__warps_active"] == ("16.67", "16.35", "+1.9 %")
    assert by_counter["lts__t_sector_hit_rate"] == ("50 to 63", "66.6", "-24.9 % to -5.4 %")
