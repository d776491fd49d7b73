"""The forms of the tuned kernel that are tried, and the cases that they are tried in, each with its reason.

Each variant changes one or two decisions of the flat kernel in backends/triton_tuned.py. All of a case are timed in the
same rounds as the backends, the ceilings and the A/A control. Each passes the gate before: a wrong one is never timed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from backends import CATALOGUE, CannotDo
from suite.cases import HEADLINE, Case

REFERENCES = tuple(entry.name for entry in CATALOGUE if entry.ours and "cuda" in entry.devices)
"""The backends that run among the variants; the first is the one that they are variants of."""

WARP_THREADS = 32


class CannotMeasure(CannotDo):
    """There is no device, no library or no place to write to; the message says what to do, one line."""


@dataclass(frozen=True)
class Variant:
    """One form of the flat kernel. What is not given is as triton_tuned has it beyond the L2 where DRAM is not fast."""

    name: str
    why: str
    vectors: int = 512  # per block
    warps: int = 16
    vector_bytes: int = 16
    read: Literal["", "uniform", "crossing", "short"] = ""  # of A; "": by triton_tuned's rule
    divides: bool = False
    masked: bool = False
    load_cache: str = ""
    load_evict: str = ""
    store_cache: str = ""
    store_evict: str = ""

    @property
    def keeps(self) -> bool:
        """Whether L2 is asked to keep lines."""
        return "evict_last" in (self.load_evict, self.store_evict)

    @property
    def what(self) -> str:
        """The knobs in words."""
        threads = self.warps * WARP_THREADS
        words = [f"{threads} threads, {self.vectors // threads} × {self.vector_bytes} bytes each"]
        words += [READS[self.read]] if self.read else []
        words += ["integer division"] if self.divides else []
        words += ["every access masked"] if self.masked else []
        policies = {"loads": (self.load_cache, self.load_evict), "stores": (self.store_cache, self.store_evict)}
        words += [f"{name} {' '.join(filter(None, kinds))}" for name, kinds in policies.items() if any(kinds)]
        return ", ".join(words)


READS = {
    "uniform": "one element of A per block",
    "crossing": "two elements of A per vector",
    "short": "an element of A for each of B",
}

VARIANTS = (
    Variant("block_512", "the rule's form where DRAM feeds the kernel, unless it is fast"),
    Variant("block_1024", "the largest block: fewest blocks to schedule", 1024, 32),
    Variant("block_256", "more blocks per SM, less lost in the last wave: the rule's where DRAM is fast", 256, 8),
    Variant("block_128", "the usual size of a block", 128, 4),
    Variant("block_64", "the smallest block with which an SM's limit on blocks still allows all its warps", 64, 2),
    Variant("two_1024", "two vectors per thread: twice the bytes in flight", 1024, 16),
    Variant("two_512", "two vectors per thread in smaller blocks", 512, 8),
    Variant("two_256", "two vectors per thread in blocks of 128: the rule's second where DRAM is fast", 256, 4),
    Variant("four_512", "four vectors per thread: fewest instructions per byte", 512, 4),
    Variant("four_1024", "the same in the usual number of threads", 1024, 8),
    Variant("eight_2048", "eight: what is small is asked for in a single wave", 2048, 8),
    Variant("sixteen_4096", "sixteen: as deep as the untuned tile reads", 4096, 8),
    Variant("half_vectors", "8-byte accesses: whether 16 bytes are worth the alignment", vector_bytes=8),
    Variant("uniform", "one scalar of A and one division per block", read="uniform"),
    Variant("uniform_256", "the same in smaller blocks, which fit more widths", 256, 8, read="uniform"),
    Variant("crossing", "the reading for ragged rows everywhere: one form less to compile", read="crossing"),
    Variant("short", "the reading for narrow rows everywhere: only one form to compile", read="short"),
    Variant("division", "the hardware's division instead of a multiplication and a shift", divides=True),
    Variant("masked", "masks instead of a branch around the last block", masked=True),
    Variant("stores_cs", "C leaves L2 before B does: the rule's stores where both fit", store_cache=".cs"),
    Variant("stores_cs_256", "the same in smaller blocks", 256, 8, store_cache=".cs"),
    Variant("stores_cs_two_256", "the same with two vectors per thread", 256, 4, store_cache=".cs"),
    Variant("stores_cs_four_1024", "the same with four", 1024, 8, store_cache=".cs"),
    Variant("loads_cg", "B is read once: past the L1", load_cache=".cg"),
    Variant("loads_cg_stores_cs", "both", load_cache=".cg", store_cache=".cs"),
    Variant("evict_first", "neither B nor C is to stay", load_evict="evict_first", store_evict="evict_first"),
    Variant("keep_b", "B is to stay, C to go", load_evict="evict_last", store_evict="evict_first"),
    Variant(
        "keep_b_two_512",
        "the same with two vectors per thread",
        512,
        8,
        load_evict="evict_last",
        store_evict="evict_first",
    ),
    Variant("keep_b_256", "the same in smaller blocks", 256, 8, load_evict="evict_last", store_evict="evict_first"),
)

CASES: dict[Literal["cold", "hot"], dict[Case, str]] = {
    "cold": {
        Case(256, 256): "a single wave: fixed costs",
        Case(2048, 2048): "fits the L2 of an H100 with room, read from DRAM: the untuned tile needs one wave",
        Case(2400, 2400): "just fits it: a few waves",
        Case(2400, 2400, "float16"): "half of that: the last wave weighs most",
        HEADLINE: "the headline",
        Case(4096, 4096, "float16"): "the headline in 16 bits: twice the elements per byte",
        Case(8192, 8192, "float16"): "several times the L2 in 16 bits: nothing of it can stay",
        Case(1048576, 37, "float16"): "rows end inside vectors",
        Case(1048576, 7, "float16"): "rows shorter than a vector",
        Case(5000, 4097): "long rows that end inside vectors",
        Case(4096, 4096, "float32", "row_padded"): "gaps between rows: an address per vector",
        Case(4096, 4096, "float32", "offset_by_one"): "vectors begin inside the first row",
    },
    "hot": {
        Case(256, 256): "all in L2, fixed costs",
        Case(2048, 2048): "fits the L2 of an H100 with room",
        Case(2400, 2400): "just fits it: what the cache is told decides",
        Case(2400, 2400, "float16"): "half of that",
        Case(1048576, 7, "float16"): "fits it, rows shorter than a vector",
        Case(4096, 4096, "float16"): "beyond it: what a policy costs where nothing can stay",
    },
}
"""Series -> case -> why it is among them."""
