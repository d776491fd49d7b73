"""Correctness: every check that a backend's C must pass before it is timed.

The oracle is the product in float64, rounded once to the case's dtype. In float32, float16 and bfloat16 the float64
product is exact, so equality to the bit is what a correct backend gives. One bound launch runs twice, each time
on fresh inputs. The output is poisoned between bind and launch, and everything around the operands is poison too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import torch

from backends import Enqueue, Entry, Exemption
from suite.check.operands import POISON, Guarded, Operands, Tile, bits, draw_a, draw_b, tiles


class Incorrect(Exception):
    """C is wrong; the message says what and where, one line."""


@dataclass
class _Findings:
    """What the tiles of one output showed."""

    wrong: int = 0
    first: str = ""
    unwritten_rows: list[int] = field(default_factory=list)


def check(
    operands: Operands,
    entry: Entry,
    bind: Callable[[Operands], Enqueue],
    synchronize: Callable[[], None],
    *,
    seed: int,
) -> Enqueue:
    """Bind, launch twice on fresh inputs, and compare every element; returns the launch for further use.

    entry: what the backend says of itself: whether it allocates C, and what its inputs are to leave out.
    Where C takes B's place, B is drawn anew before each launch, and what is never written is B instead of poison.
    Raises Incorrect.
    """
    for guarded in operands.guarded:
        guarded.poison()
    operands.fill(seed, entry.exempt)
    launch = bind(operands)
    if not callable(launch):
        raise Incorrect(f"bind returned {type(launch).__name__}; it must return the function that launches")
    _check_guard("out", operands.guarded[2])  # which bind may write, but not around
    for turn in range(2):
        if turn or operands.in_place:
            operands.fill(seed + turn, entry.exempt)
        if not operands.in_place:
            operands.guarded[2].poison()
        if entry.own_stream:
            synchronize()
        result = launch()
        synchronize()
        compare(operands, result, entry, seed + turn, entry.exempt, turn)
        _check_guard("out", operands.guarded[2])
    for name, guarded in zip("ab", operands.guarded, strict=False):
        _check_guard(name, guarded)
    return launch


def compare(
    operands: Operands,
    result: torch.Tensor,
    entry: Entry,
    seed: int,
    exempt: Collection[Exemption],
    turn: int = 0,
) -> None:
    """Compare `result` with the correctly rounded product of what `fill` drew, and the inputs with themselves.

    seed, exempt: what `fill` was given; with "non_finite" in exempt, zeros of either sign are equal.
    Raises Incorrect: another shape, dtype or tensor than it must be, rows never written, wrong values, changed inputs.
    """
    _check_identity(operands, result, entry.allocates)
    written = result if entry.allocates else operands.out  # a view of out with other strides would not tell
    case, device = operands.case, operands.b.device
    a = draw_a(case, seed, device, exempt)
    findings = _Findings()
    for tile in tiles(case):
        b = draw_b(case, tile, seed, device, exempt)
        if not operands.in_place and not _same(bits(operands.b[tile.rows, tile.cols]), bits(b)):
            raise Incorrect("it changed its input b")
        expected = (a[tile.rows, None].double() * b.double()).to(b.dtype)
        got = written[tile.rows, tile.cols]
        if "non_finite" in exempt:
            got = torch.where((got == 0) & (expected == 0), expected, got)
        _look(got, expected, tile, findings)
    if not _same(bits(operands.a), bits(a)):
        raise Incorrect("it changed its input a")
    _judge(findings, case.rows, case.rows * case.cols, turn)


def _same(left: torch.Tensor, right: torch.Tensor) -> bool:
    return bool((left == right).all())


def _check_identity(operands: Operands, result: torch.Tensor, allocates: bool) -> None:
    out = operands.out
    if not isinstance(result, torch.Tensor):
        raise Incorrect(f"its launch returned {type(result).__name__}; it must return the torch.Tensor that holds C")
    if result.shape != out.shape or result.dtype != out.dtype or result.device != out.device:
        raise Incorrect(
            f"it returned {tuple(result.shape)} {result.dtype} on {result.device}, "
            f"not {tuple(out.shape)} {out.dtype} on {out.device}"
        )
    if not allocates and result.data_ptr() != out.data_ptr():
        raise Incorrect("it returned another tensor than out, though its entry does not say that it allocates")


def _look(got: torch.Tensor, expected: torch.Tensor, tile: Tile, findings: _Findings) -> None:
    got_bits, expected_bits = bits(got), bits(expected)
    wrong = got_bits != expected_bits
    if not wrong.any():
        return
    wrong &= ~(torch.isnan(got) & torch.isnan(expected) & (got_bits != POISON[got.itemsize]))
    count = int(wrong.sum())
    if not count:
        return
    findings.wrong += count
    unwritten = (got_bits == POISON[got.itemsize]).any(dim=1).nonzero().flatten() + tile.rows.start
    findings.unwritten_rows.extend(unwritten.tolist())
    if not findings.first:
        row, col = (int(index) for index in wrong.nonzero()[0])
        findings.first = (
            f"C[{row + tile.rows.start}, {col + tile.cols.start}] is {got[row, col].item()!r}, "
            f"not {expected[row, col].item()!r}"
        )


def _judge(findings: _Findings, rows: int, elements: int, turn: int) -> None:
    if not findings.wrong:
        return
    when = "on the second launch, " if turn else ""
    unwritten = sorted(set(findings.unwritten_rows))
    if unwritten:
        raise Incorrect(f"{when}rows {ranges(unwritten)} were not fully written ({len(unwritten)} of {rows} rows)")
    raise Incorrect(f"{when}{findings.wrong} of {elements} elements are wrong; first, {findings.first}")


def _check_guard(name: str, guarded: Guarded) -> None:
    stray = guarded.stray_writes()
    if stray:
        raise Incorrect(f"it wrote {stray} elements outside of {name}")


def ranges(sorted_rows: list[int], most: int = 4) -> str:
    """Consecutive integers folded, "64-127, 192-255, ..."; at most `most` ranges are written out."""
    starts = [row for i, row in enumerate(sorted_rows) if i == 0 or row != sorted_rows[i - 1] + 1]
    ends = [row for i, row in enumerate(sorted_rows) if i == len(sorted_rows) - 1 or row != sorted_rows[i + 1] - 1]
    folded = [f"{lo}-{hi}" if hi > lo else f"{lo}" for lo, hi in zip(starts, ends, strict=True)]
    return ", ".join(folded[:most]) + (", ..." if len(folded) > most else "")
