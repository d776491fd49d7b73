"""Operands have the layout that their case says, and can be drawn again."""

from __future__ import annotations

import pytest
import torch

from suite.cases import LAYOUTS, Case, Layout
from suite.check import operands

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("layout", "strides", "aligned"),
    [
        ("contiguous", (48, 1), True),
        ("row_padded", (56, 1), True),
        ("column_major", (1, 32), True),
        ("offset_by_one", (48, 1), False),
    ],
)
def test_layouts(layout: str, strides: tuple[int, int], aligned: bool) -> None:
    on = operands.allocate(Case(32, 48, "float32", layout), CPU)  # type: ignore[arg-type]
    for view in (on.b, on.out):
        assert view.shape == (32, 48)
        assert view.stride() == strides
        assert (view.data_ptr() % 16 == 0) is aligned


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float64"])
def test_the_same_seed_draws_the_same_values_tile_by_tile(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operands, "TILE", 100)
    case = Case(20, 37, dtype, "column_major")
    on = operands.allocate(case, CPU)
    on.fill(seed=3)
    drawn = [(tile, operands.draw_b(case, tile, 3, CPU)) for tile in operands.tiles(case)]
    assert len(drawn) > 5
    for tile, values in drawn:
        assert torch.equal(operands.bits(on.b[tile.rows, tile.cols].contiguous()), operands.bits(values))
    first = on.b.clone()
    on.fill(seed=4)
    assert not torch.equal(operands.bits(first), operands.bits(on.b.clone(memory_format=torch.preserve_format)))


def test_tiles_cover_every_element_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operands, "TILE", 64)
    seen = torch.zeros(70, 130, dtype=torch.int64)
    for tile in operands.tiles(Case(70, 130)):
        seen[tile.rows, tile.cols] += 1
    assert bool((seen == 1).all())


@pytest.mark.parametrize(
    "case", [Case(64, 64), Case(1000, 7), Case(1000, 3, "float16"), Case(64, 64, layout="row_padded")]
)
def test_a_ceiling_copies_as_many_bytes_as_the_case_moves(case: Case) -> None:
    source, target = operands.allocate(case, CPU).copy_buffers()
    moved = source.nbytes + target.nbytes
    assert case.bytes_moved <= moved < case.bytes_moved + 32
    assert source.data_ptr() % 16 == 0
    assert target.data_ptr() % 16 == 0


def test_every_dtype_gets_zeros_infinities_nan_and_a_subnormal() -> None:
    for dtype in (torch.float32, torch.float16, torch.bfloat16, torch.float64):
        values = operands.special_values(dtype, CPU)
        assert values[6] > 0
        assert values[6] < torch.finfo(dtype).smallest_normal
        assert torch.isnan(values[4])
        assert torch.isinf(values[2:4]).all()


def test_bytes_needed_is_what_is_allocated() -> None:
    case = Case(100, 33, "float16", "row_padded")
    allocated = sum(guarded.buffer.nbytes for guarded in operands.allocate(case, CPU).guarded)
    assert operands.bytes_needed(case, 3) == 3 * allocated


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float64"])
def test_without_subnormals_no_input_and_no_product_is_one(dtype: str) -> None:
    case = Case(1500, 1000, dtype)
    (tile,) = operands.tiles(case)
    a, b = operands.draw_a(case, 1, CPU, ["subnormal"]), operands.draw_b(case, tile, 1, CPU, ["subnormal"])
    for values in (a, b, a[:, None] * b):
        assert not bool(((values != 0) & (values.abs() < torch.finfo(values.dtype).smallest_normal)).any())
    assert bool(torch.isinf(a).any())
    assert bool((a == 0).any())


def test_without_non_finite_values_zeros_and_subnormals_remain() -> None:
    case = Case(64, 64, "float16")
    (tile,) = operands.tiles(case)
    for values in (operands.draw_a(case, 1, CPU, ["non_finite"]), operands.draw_b(case, tile, 1, CPU, ["non_finite"])):
        assert bool(torch.isfinite(values).all())
        assert bool((values == 0).any())
        assert bool(((values != 0) & (values.abs() < torch.finfo(values.dtype).smallest_normal)).any())


def test_moved_values_keep_their_sign_and_the_others_their_bits() -> None:
    case = Case(4000, 100, "float16")
    (tile,) = operands.tiles(case)
    whole, moved = operands.draw_b(case, tile, 1, CPU), operands.draw_b(case, tile, 1, CPU, ["subnormal"])
    far = whole.abs() >= 2.0**-7
    far.view(-1)[:8] = False  # the special values
    assert bool((whole[far] == moved[far]).all())
    near = ~far & (whole != 0)
    near.view(-1)[:8] = False
    assert int(near.sum()) > 100
    assert bool((moved[near] == torch.copysign(torch.tensor(2.0**-7, dtype=whole.dtype), whole[near])).all())


@pytest.mark.parametrize("layout", ["contiguous", *LAYOUTS])
@pytest.mark.parametrize("shape", [(6, 5), (1, 9), (9, 1), (0, 4), (4, 0)])
def test_a_stray_write_anywhere_around_the_view_is_counted(shape: tuple[int, int], layout: Layout) -> None:
    """Every element of the buffer is written in turn: those of the view do not count, each of the others does."""
    on = operands.allocate(Case(*shape, "float16", layout), CPU)
    guarded = on.guarded[2]
    inside = torch.zeros_like(guarded.buffer)
    torch.as_strided(inside, guarded.view.shape, guarded.view.stride(), guarded.view.storage_offset()).fill_(1)
    near = range(operands.GUARD - 3, guarded.buffer.numel() - operands.GUARD + 3)
    for at in (0, *near, guarded.buffer.numel() - 1):
        guarded.poison()
        guarded.buffer[at] = 0
        assert guarded.stray_writes() == 1 - int(inside[at])
