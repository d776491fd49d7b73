"""The operands that the backends are tested on, and the correctly rounded product that they are compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch

DTYPES = {name: getattr(torch, name) for name in ("float32", "float16", "bfloat16", "float64")}
BITS = {2: torch.int16, 4: torch.int32, 8: torch.int64}
SHAPES = (
    (0, 5),
    (5, 0),
    (1, 1),
    (1, 40),
    (33, 1),
    (3, 7),
    (16, 64),
    (5, 37),
    (70, 65),
    (300, 9),
)
"""Empty, single, narrower than a vector, whole vectors, ragged, and more than one block of threads."""


@dataclass(frozen=True)
class Place:
    """One operand inside a larger storage: element (i, ...) lies at offset + i * strides[0] + ..."""

    offset: int
    strides: tuple[int, ...]
    size: int  # elements of the storage

    def view(self, storage: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
        """The operand in its storage."""
        return storage.as_strided(shape, self.strides, self.offset)


def _matrix(rows: int, cols: int, row_stride: int, col_stride: int, offset: int = 0, guard: int = 16) -> Place:
    last = offset + max(rows - 1, 0) * row_stride + max(cols - 1, 0) * col_stride
    return Place(offset, (row_stride, col_stride), last + 1 + guard)


def _padded(cols: int) -> int:
    return -(-cols // 8) * 8 + 8  # keeps every row on a 16-byte boundary in every dtype


LAYOUTS: dict[str, Callable[[int, int], tuple[Place, Place, Place]]] = {
    "contiguous": lambda n, m: (Place(0, (1,), n + 16), _matrix(n, m, m, 1), _matrix(n, m, m, 1)),
    "row_padded": lambda n, m: (
        Place(0, (1,), n + 16),
        _matrix(n, m, _padded(m), 1),
        _matrix(n, m, _padded(m) + 8, 1),
    ),
    "column_major": lambda n, m: (Place(0, (1,), n + 16), _matrix(n, m, 1, n), _matrix(n, m, 1, n)),
    "column_padded": lambda n, m: (
        Place(0, (1,), n + 16),
        _matrix(n, m, 1, _padded(n)),
        _matrix(n, m, 1, _padded(n)),
    ),
    "offset_by_one": lambda n, m: (Place(1, (1,), n + 17), _matrix(n, m, m, 1, 1), _matrix(n, m, m, 1, 1)),
    "unlike_offsets": lambda n, m: (Place(0, (1,), n + 16), _matrix(n, m, m, 1, 1), _matrix(n, m, m, 1)),
    "every_other": lambda n, m: (
        Place(0, (3,), 3 * n + 16),
        _matrix(n, m, 2 * m + 1, 2),
        _matrix(n, m, 2 * m, 2),
    ),
    "transposed": lambda n, m: (Place(0, (1,), n + 16), _matrix(n, m, m, 1), _matrix(n, m, 1, n)),
    "expanded": lambda n, m: (Place(0, (0,), 17), _matrix(n, m, 0, 1), _matrix(n, m, m, 1)),
}
"""What a, b and out look like for N rows and M columns."""


@dataclass(frozen=True)
class Operands:
    """a, b and out as views of storages; out's storage is poisoned before a launch."""

    a: torch.Tensor
    b: torch.Tensor
    out: torch.Tensor
    storages: tuple[torch.Tensor, torch.Tensor, torch.Tensor]

    def differences(self) -> int:
        """Elements of out's whole storage that are not as they must be: the product in out, poison around it."""
        expected = torch.full_like(self.storages[2], POISON)
        expected.as_strided(self.out.shape, self.out.stride(), self.out.storage_offset()).copy_(oracle(self.a, self.b))
        return mismatches(self.storages[2], expected)

    def check_launch(self, launch: Callable[[], torch.Tensor], stream: torch.cuda.Stream) -> None:
        """Launch onto poison, and require the product in out and nothing else changed."""
        self.storages[2].fill_(POISON)
        assert launch() is self.out
        stream.synchronize()
        assert self.differences() == 0, (tuple(self.out.shape), getattr(launch, "form", ""))

    def check_enqueues(self, launch: Callable[[], torch.Tensor], stream: torch.cuda.Stream) -> None:
        """Require that a launch neither waits for the device nor allocates on it."""
        launch()
        stream.synchronize()
        allocations = torch.cuda.memory_stats()["allocation.all.allocated"]
        torch.cuda._sleep(100_000_000)  # tens of milliseconds
        launch()
        assert not stream.query()
        assert torch.cuda.memory_stats()["allocation.all.allocated"] == allocations
        stream.synchronize()

    def check_replay(self, launch: Callable[[], torch.Tensor], stream: torch.cuda.Stream) -> None:
        """Capture a launch, change b, and require that the replay reads it anew."""
        launch()
        stream.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=stream):
            launch()
        self.b.copy_(torch.rand_like(self.b) + 0.5)
        self.out.fill_(POISON)
        graph.replay()
        stream.synchronize()
        assert self.differences() == 0


POISON = -77.0
SPECIALS = (0.0, -0.0, torch.inf, -torch.inf, torch.nan, 1.0, -1.0)


def operands(shape: tuple[int, int], dtype: str, layout: str, device: str = "cpu") -> Operands:
    """Operands of this case: normal numbers over many magnitudes, and every kind of special one."""
    rows, cols = shape
    generator = torch.Generator().manual_seed(rows * 1009 + cols)
    places = LAYOUTS[layout](rows, cols)
    storages = (
        _numbers(places[0].size, DTYPES[dtype], generator).to(device),
        _numbers(places[1].size, DTYPES[dtype], generator).to(device),
        torch.full((places[2].size,), POISON, dtype=DTYPES[dtype], device=device),
    )
    a, b, out = (
        place.view(storage, size)
        for place, storage, size in zip(places, storages, ((rows,), shape, shape), strict=True)
    )
    return Operands(a, b, out, storages)


def check_on_the_gpu(
    bind: Callable[..., Callable[[], torch.Tensor]],
    shapes: Iterable[tuple[int, int]],
    dtype: str,
    layout: str,
    stream: torch.cuda.Stream,
) -> None:
    """Bind operands of each shape, and require of a launch what check_launch does."""
    for shape in shapes:
        case = operands(shape, dtype, layout, device="cuda")
        case.check_launch(bind(case.a, case.b, case.out, stream.cuda_stream), stream)


def _numbers(count: int, dtype: torch.dtype, generator: torch.Generator) -> torch.Tensor:
    """Normals scaled so that some products overflow and some are subnormal, every seventh a special value."""
    limits = torch.finfo(dtype)
    low, high = torch.tensor([limits.tiny, limits.max], dtype=torch.float64).log2().tolist()
    spread = torch.rand(count, generator=generator, dtype=torch.float64) * 1.2 - 0.6  # of half the exponent range
    exponent = torch.where(torch.rand(count, generator=generator) < 0.5, 0.0, spread * (high - low) / 2)
    numbers = torch.randn(count, generator=generator, dtype=torch.float64) * torch.exp2(exponent)
    extremes = (limits.tiny, limits.tiny * limits.eps, limits.max)  # smallest normal, smallest subnormal, largest
    specials = torch.tensor([*SPECIALS, *extremes], dtype=torch.float64)
    every = torch.arange(0, count, 7)
    picks = torch.randint(len(specials), every.shape, generator=generator)
    numbers[every] = specials[picks]
    return numbers.to(dtype)


def oracle(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """diag(a) · b rounded once, on the CPU.

    Through float64 the product of narrower types is exact. Its way to 16 bits leads through float32, which rounds only
    where float32 is subnormal. There a product of two bfloat16 has too few bits to lie close to a tie of bfloat16.
    """
    a, b = a.detach().cpu(), b.detach().cpu()
    return (a.double()[:, None] * b.double()).to(b.dtype)


def mismatches(actual: torch.Tensor, expected: torch.Tensor) -> int:
    """Elements that differ in any bit, except that every NaN equals every other."""
    actual, expected = actual.detach().cpu(), expected.detach().cpu()
    bits = BITS[actual.element_size()]
    same = (actual.view(bits) == expected.view(bits)) | (actual.isnan() & expected.isnan())
    return int((~same).sum())
