"""Plain vector copies in Triton that differ in block, vectors per thread and stores. Imported where Triton is.

None asks L2 to keep its lines (evict_last). Such lines outlive the contender that asked for them, and would serve the
next one: a ceiling must not warm whoever is timed after it. Nothing then persists that would have to be reset.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import triton
import triton.language as tl

WORDS_PER_VECTOR = 4
"""16 bytes, the widest access that a thread has."""


class Form(NamedTuple):
    """One of the copies."""

    threads: int  # per block
    vectors: int  # of 16 bytes per thread
    streamed: bool  # stores by .cs, which L2 gives up first

    def __str__(self) -> str:
        """The form in words, for a record."""
        stores = ", stores .cs" if self.streamed else ""
        return f"Triton copy kernel, {self.vectors} × 16 bytes per thread, {self.threads} threads{stores}"


FORMS = tuple(
    Form(threads, vectors, streamed)
    for streamed in (False, True)
    for threads, vectors in ((128, 1), (128, 2), (256, 1), (256, 2), (512, 1))
)
"""No one of them is the best everywhere. Measured on an H100 is time over memcpy's, ±0.05 % cold and ±0.3 % hot. At
64 MiB cold, 512 threads with one vector took 0.995, 128 threads with two took 1.004. At 32 MiB hot, 512 threads with
one took 0.996, and 0.78 with .cs."""


@triton.jit
def _copy(source, target, words, BLOCK: tl.constexpr, STORES: tl.constexpr):  # type: ignore[no-untyped-def]
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    tl.store(target + at, tl.load(source + at, mask=at < words), mask=at < words, cache_modifier=STORES)


def copy(form: Form, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Copy (words,) int32 to (words,) int32 on torch's current stream."""
    block = WORDS_PER_VECTOR * form.vectors * form.threads
    stores = ".cs" if form.streamed else ""
    grid = (triton.cdiv(source.numel(), block),)
    _copy[grid](source, target, source.numel(), BLOCK=block, STORES=stores, num_warps=form.threads // 32)
    return target
