"""Which products are measured: a Case is rows x cols, dtype and layout; a sweep is a list of them, with reasons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from backends import DiagbenchError

Layout = Literal["contiguous", "row_padded", "column_major", "offset_by_one"]
Regime = Literal["launch-bound", "L2-resident", "mixed", "DRAM-bound"]
ITEMSIZE = {"float32": 4, "float16": 2, "bfloat16": 2, "float64": 8}

LONGEST_SIDE = 1 << 40
"""Beyond any device's memory by far."""

LAUNCH_BOUND_S = 2e-6
"""About what an empty kernel costs in a CUDA graph; a case whose bytes take less at peak measures that cost."""


class UnknownCase(DiagbenchError, ValueError):
    """A case id or sweep name that does not exist; the message says what does."""


@dataclass(frozen=True, order=True)
class Case:
    """One product C = diag(A) · B with A: (rows,), B and C: (rows, cols).

    The layout is that of B and C:
    - contiguous: row-major.
    - row_padded: row-major, each row followed by 8 elements that do not belong to it.
    - column_major: the transpose of a row-major array.
    - offset_by_one: contiguous from the second element of an aligned buffer on, so that the first row does not start on
      a 16-byte boundary.
    A is contiguous; in offset_by_one it too begins at the second element.
    """

    rows: int
    cols: int
    dtype: str = "float32"
    layout: Layout = "contiguous"

    def __post_init__(self) -> None:
        if self.rows < 0 or self.cols < 0:
            raise UnknownCase(f"rows and cols must be 0 or more, not {self.rows} and {self.cols}")
        if max(self.rows, self.cols) > LONGEST_SIDE:
            raise UnknownCase("rows and cols must be 2^40 or less")
        if self.dtype not in ITEMSIZE:
            raise UnknownCase(f"unknown dtype {self.dtype}; choose from {', '.join(ITEMSIZE)}")
        if self.layout not in get_args(Layout):
            raise UnknownCase(f"unknown layout {self.layout}; choose from {', '.join(get_args(Layout))}")

    @property
    def id(self) -> str:
        """ROWSxCOLS-dtype-layout, as in test ids and records."""
        return f"{self.rows}x{self.cols}-{self.dtype}-{self.layout}"

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return ITEMSIZE[self.dtype]

    @property
    def bytes_moved(self) -> int:
        """The fewest bytes a launch can move: B read, C written and A read once each, (2·N·M + N) · itemsize."""
        return (2 * self.rows * self.cols + self.rows) * self.itemsize

    def regime(self, l2_bytes: int, peak_bytes_per_s: float | None) -> Regime:
        """What bounds the case on a device with this last-level cache and this peak DRAM bandwidth (None: unknown).

        A working set over 1.5 times the cache is called DRAM-bound: streamed in order, it evicts itself before reuse.
        """
        if peak_bytes_per_s and self.bytes_moved / peak_bytes_per_s < LAUNCH_BOUND_S:
            return "launch-bound"
        if self.bytes_moved <= l2_bytes:
            return "L2-resident"
        return "mixed" if self.bytes_moved <= 1.5 * l2_bytes else "DRAM-bound"


@lru_cache(maxsize=4096)
def parse(case_id: str) -> Case:
    """The Case of an id. Raises UnknownCase if it does not have the form ROWSxCOLS-dtype-layout."""
    none = UnknownCase(f"not a case id: {case_id!r}; the form is {HEADLINE.id}")
    try:
        shape, dtype, layout = case_id.split("-")
        rows, cols = (int(side) for side in shape.split("x"))
    except ValueError:
        raise none from None
    case = Case(rows, cols, dtype, layout)  # type: ignore[arg-type]  # __post_init__ checks it
    if case.id != case_id:  # int reads 1_000 and digits of any script, but a case has one id
        raise none
    return case


HEADLINE = Case(4096, 4096)

SHAPES: dict[tuple[int, int], str] = {
    (64, 64): "one or two waves of nothing: what a launch costs at least",
    (256, 256): "256 KiB per operand in float32: still all launch",
    (1024, 1024): "8 MiB in float32: inside every L2 of today",
    (2048, 2048): "32 MiB in float32: inside the 72 MiB L2 of an RTX 4090 and the 50 MiB of an H100",
    (2400, 2400): "44 MiB in float32: the largest square that still fits the H100's L2, where cache policy decides",
    (4096, 4096): "128 MiB in float32, the headline: beyond the L2 of every GPU so far",
    (8192, 8192): "512 MiB in float32: steady DRAM streaming",
    (16384, 16384): "2 GiB in float32: the longest launch, all fixed costs vanish",
    (65536, 64): "narrow rows: one row is a quarter of a usual block",
    (1048576, 37): "odd and narrow: rows end off every vector boundary",
    (1048576, 7): "a row shorter than a warp: A is an eighth of what is read",
    (64, 1048576): "few long rows: one scalar of A serves a whole block",
    (5000, 4097): "no power of two, one column past a block: the ragged tail",
    (4096, 4095): "one column short: every row starts misaligned",
    (500, 333): "misaligned rows where a launch is all: `select` has no other neighbour there",
    (1500, 1001): "misaligned rows inside every L2",
    (300000, 9): "rows shorter than a warp inside every L2: between 7 and 37 columns the best form changes",
    (500000, 16): "aligned rows shorter than a warp: 32 or 64 bytes",
    (40, 500009): "few long rows, all but the first misaligned",
}
"""Each size with its reason. Bytes are of B and C together in float32."""

LAYOUTS: tuple[Layout, ...] = ("row_padded", "column_major", "offset_by_one")

HELD_OUT = ("held-out", "held-out-2", "held-out-3")
"""The sweeps by which `select`, and the rule that chooses the tuned kernel's form, are judged.

No other has their cases, and their runs are never evidence for an answer. Each has the same 60 shapes, each shape in
another dtype: together in all three. A run of one is one process and takes five minutes, so that it can be had without
the others. What an answer costs is asked of each process; another run is another one.
"""

HELD_OUT_ELEMENTS = (60_000, 400_000, 1_800_000, 9_000_000, 18_000_000, 50_000_000)
"""0.5 to 400 MB in float32, half of it in 16 bits: every regime of an H100 and of an H200."""

HELD_OUT_COLUMNS = (24, 13, 200, 203, 1496, 1501, 9000, 9011, 100_008, 100_003)
"""Rows on 16-byte boundaries in every dtype, and off them, in turn; from shorter than a warp to a hundred blocks."""


def _held_out(turn: int) -> tuple[Case, ...]:
    """60 shapes, each in one dtype, which is the next one at every turn."""
    sides = [(max(1, round(each / cols)), cols) for each in HELD_OUT_ELEMENTS for cols in HELD_OUT_COLUMNS]
    dtypes = ("float32", "float16", "bfloat16")
    return tuple(Case(*shape, dtypes[(at + at // 10 + turn) % 3]) for at, shape in enumerate(sides))


SWEEPS: dict[str, tuple[Case, ...]] = {
    "quick": (
        Case(256, 256),
        Case(2400, 2400),
        HEADLINE,
        Case(4096, 4096, "float16"),
        Case(4096, 4096, "bfloat16"),
        Case(4096, 4095),
        Case(8192, 8192),
    ),
    "full": (
        *(Case(*shape, dtype) for shape in SHAPES for dtype in ("float32", "float16", "bfloat16")),
        Case(4096, 4096, "float64"),
        *(Case(4096, 4096, "float32", layout) for layout in LAYOUTS),
    ),
    **{name: _held_out(turn) for turn, name in enumerate(HELD_OUT)},
}


def sweep(name: str) -> tuple[Case, ...]:
    """The cases of a named sweep, or of case ids joined by commas. Raises UnknownCase, naming the sweeps there are."""
    if name in SWEEPS:
        return SWEEPS[name]
    if "-" not in name:
        raise UnknownCase(f"unknown sweep {name}; choose from {', '.join(SWEEPS)}, or name cases as {HEADLINE.id}")
    return tuple(dict.fromkeys(parse(case_id) for case_id in name.split(",")))
