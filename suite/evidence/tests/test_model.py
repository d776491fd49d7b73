"""The model: values worked out by hand, published ones, and what it must not claim."""

from typing import Any

import pytest

from suite.cases import HEADLINE
from suite.evidence.devices import H100_SXM as H100
from suite.evidence.devices import RTX_4090
from suite.evidence.model import numbers, predict
from suite.record.compiled import Compiled
from suite.record.machine import Machine

COPY_SHARE = 0.9


def compiled(**replaced: Any) -> Compiled:
    """A streaming kernel: 128 threads, 16 bytes each, all of an sm_89's warps resident."""
    values = {
        "backend": "triton_tuned",
        "case": HEADLINE.id,
        "compute_capability": (8, 9),
        "kernel": "scale_flat",
        "config": "BLOCK 512",
        "grid": (32768, 1, 1),
        "block": (128, 1, 1),
        "registers": 18,
        "spill_bytes": 0,
        "shared_bytes": 0,
        "global_load_bits": {"128": 1, "32": 1},
        "global_store_bits": {"128": 1},
        "warps_per_block": 4,
        "blocks_per_sm": 12,
        "occupancy": 1.0,
        "active_warps": 48,
        "max_warps": 48,
        "limiter": "threads",
        "sm_count": 128,
        "waves": 21.33,
    }
    return Compiled.model_validate(values | replaced)


def tile(**replaced: Any) -> Compiled:
    """The untuned tile: one block of 8 warps per SM, at 255 registers."""
    values: dict[str, Any] = {"grid": (32, 32, 1), "block": (256, 1, 1), "global_load_bits": {"128": 64, "32": 1}}
    values |= {"warps_per_block": 8, "blocks_per_sm": 1, "active_warps": 8, "registers": 255}
    return compiled(**values | replaced)


def test_the_untuned_tile_comes_near_its_published_profile() -> None:
    predicted = predict(tile(), HEADLINE.bytes_moved, RTX_4090)
    assert predicted.waves == 8
    assert predicted.warps_active == 8 / 48
    assert predicted.warps_active == pytest.approx(0.1635, rel=0.02)  # published, grid 1024 on an RTX 4090


def test_a_streaming_kernel_is_bound_by_dram() -> None:
    predicted = predict(compiled(), HEADLINE.bytes_moved, RTX_4090, COPY_SHARE)
    assert predicted.limit == "DRAM bandwidth"
    assert predicted.dram_s == pytest.approx(133.17e-6, rel=1e-3)  # 134.2 MB at 1008 GB/s
    assert predicted.time_s == pytest.approx(2 * (predicted.dram_s / COPY_SHARE,))


def test_a_tail_leaves_warps_idle() -> None:
    predicted = predict(compiled(), HEADLINE.bytes_moved, RTX_4090)
    assert predicted.waves == pytest.approx(21 + 1 / 3)
    assert predicted.warps_active == pytest.approx(predicted.waves / 22)


@pytest.mark.parametrize(("blocks", "share"), [(1, 4 / 48), (128, 4 / 48), (256, 8 / 48), (12 * 128, 1.0)])
def test_only_busy_sms_count_as_active(blocks: int, share: float) -> None:
    predicted = predict(compiled(grid=(blocks, 1, 1)), HEADLINE.bytes_moved, RTX_4090)
    assert predicted.warps_active == pytest.approx(share)


def test_bytes_in_flight_range_from_one_load_to_what_registers_hold() -> None:
    one, most = predict(tile(), HEADLINE.bytes_moved, RTX_4090).bytes_in_flight
    assert (one, most) == (8 * 32 * 16, 8 * 32 * 255 * 4)


def test_the_bytes_needed_are_those_that_cub_asks_for() -> None:
    needed = predict(compiled(), HEADLINE.bytes_moved, H100).bytes_needed
    assert needed == pytest.approx(32 * 1024, rel=0.1)


def test_eight_warps_may_starve_the_memory() -> None:
    predicted = predict(tile(), HEADLINE.bytes_moved, RTX_4090, COPY_SHARE)
    assert predicted.limit == "bytes in flight, unless a thread's loads overlap"
    assert predicted.time_s is not None
    best, worst = predicted.time_s
    assert best == pytest.approx(predicted.dram_s / COPY_SHARE)
    assert predicted.dram_s / worst == pytest.approx(0.43, abs=0.005)  # the DRAM throughput; published: 0.206
    assert worst == pytest.approx(HEADLINE.bytes_moved * 1.2e-6 / (128 * 8 * 32 * 16))  # Little's law, by hand
    lone = predict(tile(global_load_bits={"32": 1}), HEADLINE.bytes_moved, RTX_4090, COPY_SHARE)
    assert lone.limit == "bytes in flight"
    assert lone.time_s == pytest.approx(2 * (4 * worst,))


def test_spills_are_said_to_be_left_out() -> None:
    predicted = predict(compiled(spill_bytes=344), HEADLINE.bytes_moved, RTX_4090)
    assert predicted.limit == "DRAM bandwidth; its spills are not modelled"


def test_no_time_without_a_copy_or_a_load() -> None:
    assert predict(compiled(), HEADLINE.bytes_moved, RTX_4090).time_s is None
    blind = predict(compiled(global_load_bits={}), HEADLINE.bytes_moved, RTX_4090, COPY_SHARE)
    assert blind.time_s is None
    assert blind.limit == "unknown: no global load counted"


def test_numbers_are_the_machine_s_own() -> None:
    machine = Machine(
        kind="cuda", name=H100.name, compute_capability=(9, 0), sm_count=132, cache_bytes=50 << 20,
        memory_bytes=80 << 30, peak_bytes_per_s=3352e9,
    )  # fmt: skip
    assert numbers(machine) == H100
    for field in ("peak_bytes_per_s", "sm_count", "compute_capability"):
        assert numbers(machine.model_copy(update={field: None})) is None
    assert numbers(Machine(kind="cpu", name="Some CPU", cache_bytes=1, memory_bytes=1)) is None
