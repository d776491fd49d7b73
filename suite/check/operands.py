"""The tensors of one Case: any layout, inside guard bands, poisoned, and filled with values that can be made again.

Values are drawn tile by tile from seeds, so that the gate can draw the same tile later. It need not keep a copy, nor
trust operands that a backend has had in its hands.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import torch

from backends import Exemption
from suite.cases import Case

GUARD = 1024
"""Elements before and after each operand; a multiple of 256 bytes in every dtype, so that it keeps the alignment."""

TILE = 1 << 23
"""Most elements drawn or checked at once: 64 MiB in float64, small beside the operands of any case worth chunking."""

_BITS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
POISON = {2: 0x7FAB, 4: 0x7FABADCA, 8: 0x7FFBADCADEADBEEF}
"""By item size: a NaN of every dtype of that size, with a payload that no multiplication returns."""

ORDINARY: tuple[Exemption, ...] = ("subnormal", "non_finite")
"""To leave out of values that every backend multiplies alike, whatever it is exempt from."""


@dataclass(frozen=True)
class Guarded:
    """A strided view into a flat buffer of which every element outside the view stays poison."""

    buffer: torch.Tensor  # (elements,), integers of the item size
    view: torch.Tensor  # the operand, in its dtype

    def poison(self) -> None:
        """Overwrite everything, guard bands and gaps between rows included."""
        self.buffer.fill_(POISON[self.buffer.itemsize])

    def stray_writes(self) -> int:
        """How many elements outside the view are no longer poison. Destroys what a view with gaps holds."""
        poison = POISON[self.buffer.itemsize]
        return sum(int((part != poison).sum()) for outside in self._outside() for part in outside.split(TILE))

    def _outside(self) -> tuple[torch.Tensor, ...]:
        """What lies around a view without gaps; for any other the whole buffer, the view made poison."""
        shape, strides, start = self.view.shape, self.view.stride(), self.view.storage_offset()
        end = start + self.view.numel()
        if end - start == 1 + sum((side - 1) * stride for side, stride in zip(shape, strides, strict=True)):
            return self.buffer[:start], self.buffer[end:]
        torch.as_strided(self.buffer, shape, strides, start).fill_(POISON[self.buffer.itemsize])
        return (self.buffer,)


@dataclass(frozen=True)
class Operands:
    """a: (rows,), b: (rows, cols), out: (rows, cols) of one Case."""

    case: Case
    guarded: tuple[Guarded, Guarded, Guarded]

    @property
    def a(self) -> torch.Tensor:
        """(rows,)."""
        return self.guarded[0].view

    @property
    def b(self) -> torch.Tensor:
        """(rows, cols)."""
        return self.guarded[1].view

    @property
    def out(self) -> torch.Tensor:
        """(rows, cols)."""
        return self.guarded[2].view

    @property
    def in_place(self) -> bool:
        """Whether out is b itself, so that a launch replaces B by C."""
        return self.guarded[2] is self.guarded[1]

    def copy_buffers(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Flat source and target whose copy moves as many bytes as the case, within 32; they alias b and out."""
        words = -(-self.case.bytes_moved // 32) * 4
        source, target = (guarded.buffer.view(torch.int32)[:words] for guarded in self.guarded[1:])
        return source, target

    def fill(self, seed: int, without: Collection[Exemption] = ()) -> None:
        """Draw a and b anew, in place; the same values for the same seed, case, device kind and `without`."""
        if self.case.rows:
            self.a.copy_(draw_a(self.case, seed, self.a.device, without))
        for tile in tiles(self.case):
            self.b[tile.rows, tile.cols] = draw_b(self.case, tile, seed, self.b.device, without)


@dataclass(frozen=True)
class Tile:
    """A rectangle of B and C small enough to look at in float64."""

    index: int
    rows: slice
    cols: slice


def tiles(case: Case) -> Iterator[Tile]:
    """The rectangles that cover rows x cols, each of at most TILE elements."""
    width = max(1, min(case.cols, TILE))
    height = max(1, TILE // width)
    corners = ((r, c) for r in range(0, case.rows, height) for c in range(0, case.cols, width))
    for index, (r, c) in enumerate(corners):
        yield Tile(index, slice(r, min(r + height, case.rows)), slice(c, min(c + width, case.cols)))


def bytes_needed(case: Case, sets: int, in_place: bool = False) -> int:
    """Device memory for this many sets of operands, guard bands included."""
    shapes = _shapes(case)[: 2 if in_place else 3]
    return sets * sum(_buffer_elements(case, shape) for shape in shapes) * case.itemsize


def allocate(case: Case, device: torch.device, in_place: bool = False) -> Operands:
    """Uninitialised operands in the case's layout. Raises torch.OutOfMemoryError where they do not fit."""
    a, b = (_guarded(case, shape, device) for shape in _shapes(case)[:2])
    return Operands(case, (a, b, b if in_place else _guarded(case, b.view.shape, device)))


def draw_a(case: Case, seed: int, device: torch.device, without: Collection[Exemption] = ()) -> torch.Tensor:
    """(rows,) normal values; a few rows spread over the whole get the special values.

    without: see special_values; without subnormals, no product with an element of B is subnormal either.
    """
    a = _normal((case.rows,), case.dtype, seed, 0, device, without)
    special = special_values(a.dtype, device, without)[: case.rows]
    a[torch.arange(len(special), device=device) * (case.rows // max(1, len(special)))] = special
    return a


def draw_b(
    case: Case, tile: Tile, seed: int, device: torch.device, without: Collection[Exemption] = ()
) -> torch.Tensor:
    """One tile of B: normal values; the tile's first elements are the special values. without: see draw_a."""
    shape = (tile.rows.stop - tile.rows.start, tile.cols.stop - tile.cols.start)
    b = _normal(shape, case.dtype, seed, tile.index + 1, device, without)
    special = special_values(b.dtype, device, without)
    flat = b.view(-1)
    flat[: len(special)] = special[: flat.numel()]
    return b


def special_values(dtype: torch.dtype, device: torch.device, without: Collection[Exemption] = ()) -> torch.Tensor:
    """Both zeros, both infinities, NaN, the largest number, a subnormal, one; less those of the kinds in `without`.

    The subnormal is a power of two: times any value of the dtype it is exact in float32 or rounds to zero. So rounding
    once and rounding through float32 agree, and every honest 16-bit multiplication gives the same bits.
    """
    limits = torch.finfo(dtype)
    values = [0.0, -0.0]
    values += [] if "non_finite" in without else [math.inf, -math.inf, math.nan]
    values += [limits.max]
    values += [] if "subnormal" in without else [limits.smallest_normal / 2]
    values += [1.0]
    return torch.tensor(values, dtype=torch.float64, device=device).to(dtype)


def bits(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor's bit patterns, as integers of its item size."""
    return tensor.view(_BITS[tensor.itemsize])


def _shapes(case: Case) -> tuple[tuple[int, ...], ...]:
    return (case.rows,), (case.rows, case.cols), (case.rows, case.cols)


def _strides(case: Case, shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(shape) == 1:
        return (1,)
    if case.layout == "column_major":
        return (1, max(1, case.rows))
    return (max(1, case.cols) + (8 if case.layout == "row_padded" else 0), 1)


def _buffer_elements(case: Case, shape: tuple[int, ...]) -> int:
    span = 1 + sum((side - 1) * stride for side, stride in zip(shape, _strides(case, shape), strict=True))
    # Half of A's length on top: room for a ceiling's copy, which moves B, C and A's bytes as one flat block.
    return 2 * GUARD + (max(0, span) + 8 + case.rows // 2 + 7) // 8 * 8


def _guarded(case: Case, shape: tuple[int, ...], device: torch.device) -> Guarded:
    buffer = torch.empty(_buffer_elements(case, shape), dtype=_BITS[case.itemsize], device=device)
    offset = GUARD + (1 if case.layout == "offset_by_one" else 0)
    view = torch.as_strided(buffer.view(getattr(torch, case.dtype)), shape, _strides(case, shape), offset)
    return Guarded(buffer, view)


def _normal(
    shape: tuple[int, ...], dtype: str, seed: int, stream: int, device: torch.device, without: Collection[Exemption]
) -> torch.Tensor:
    generator = torch.Generator(device=device).manual_seed(seed * 1_000_003 + stream)
    wide = torch.float64 if dtype == "float64" else torch.float32
    values = torch.randn(shape, dtype=wide, device=device, generator=generator).to(getattr(torch, dtype))
    return _away_from_zero(values) if "subnormal" in without else values


def _away_from_zero(values: torch.Tensor) -> torch.Tensor:
    """The values, those nearer to zero than the root of the smallest normal number moved there.

    The root is a power of two in every dtype, and the product of two such values is the smallest normal or more.
    """
    least = math.sqrt(torch.finfo(values.dtype).smallest_normal)
    return torch.where(values.abs() < least, torch.copysign(torch.full_like(values, least), values), values)
