"""What no sweep contains: empty, narrow and odd shapes, every layout and dtype, strided and broadcast A.

A probe is checked and never timed. `group` is the word under which the verdict counts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from suite.cases import ITEMSIZE, Case, Layout

Column = Literal["contiguous", "strided", "broadcast"]
"""How A lies in memory: every element, every third one, or one element for all rows. torch has no negative strides."""

STRIDE = 3

BEYOND = Case(1 << 16, (1 << 15) + 1, "float16")
"""2^31 elements and 65,536 more: an index of 32 bits with a sign ends in the last rows. 8.6 GB for B and C."""


@dataclass(frozen=True)
class Probe:
    """One product that is checked, with the word under which it counts."""

    case: Case
    group: str
    column: Column = "contiguous"

    @property
    def id(self) -> str:
        """The case's id, and how A lies where it is not contiguous."""
        return self.case.id if self.column == "contiguous" else f"{self.case.id}, A {self.column}"


def probes(dtypes: Sequence[str] = tuple(ITEMSIZE), largest_bytes: int = 0) -> tuple[Probe, ...]:
    """All probes of these dtypes; the one beyond 2^31 elements where so many bytes of operands may be taken."""
    dtype = dtypes[0]
    found = [Probe(Case(*shape, dtype), "0 or 1 rows or columns") for shape in EDGES]
    found += [Probe(Case(61, cols, dtype), "narrow C, 1 to 33 columns") for cols in (1, 3, 7, 31, 32, 33)]
    found += [Probe(Case(61, cols, dtype), "127 to 1025 columns") for cols in (127, 128, 129, 1023, 1024, 1025)]
    found += [Probe(Case(rows, 61, dtype), "127 to 1025 rows") for rows in (127, 128, 129, 1023, 1024, 1025)]
    found += [Probe(Case(*shape, dtype), "prime sides") for shape in PRIMES]
    found.append(Probe(Case(61, 61, dtype), "square C"))
    for other in dtypes:
        found.append(Probe(Case(256, 512, other), f"contiguous {other}"))
        for layout in get_args(Layout)[1:]:
            found += [Probe(Case(*shape, other, layout), LAYOUT_WORDS[layout]) for shape in ((67, 130), (128, 256))]
        for column, words in COLUMN_WORDS.items():
            found += [Probe(Case(*shape, other), words, column) for shape in ((67, 130), (256, 128))]
    if 2 * BEYOND.rows * BEYOND.cols * BEYOND.itemsize < largest_bytes and BEYOND.dtype in dtypes:
        found.append(Probe(BEYOND, "more than 2^31 elements"))
    return tuple(found)


EDGES = ((0, 0), (0, 5), (5, 0), (1, 1), (1, 257), (257, 1), (1, 4096))
PRIMES = ((97, 89), (251, 509), (1009, 13), (13, 1009))
LAYOUT_WORDS = {"row_padded": "padded rows", "column_major": "column-major", "offset_by_one": "offset by one element"}
COLUMN_WORDS: dict[Column, str] = {"strided": "strided A", "broadcast": "broadcast A"}
