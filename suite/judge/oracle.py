"""The product to the bit: inputs drawn from seeds that stay with the judge, and where a C departs from it.

The oracle is the gate's: the product in float64, rounded once to the dtype; see suite.check.gate. What is added here
is where C is wrong, as data, and inputs of which only a part has changed.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from backends import Exemption
from suite.cases import Case
from suite.check.gate import ranges
from suite.check.operands import POISON, Operands, Tile, bits, draw_a, draw_b, tiles
from suite.check.probes import Probe
from suite.record.judgement import FirstWrong, WrongElements


@dataclass(frozen=True)
class Drawn:
    """Which values a set of operands holds."""

    a_seed: int
    b_seed: int
    row: int = -1  # whose element of A comes from row_seed instead; -1: none
    row_seed: int = 0
    exempt: tuple[Exemption, ...] = ()

    def a(self, probe: Probe, device: torch.device) -> torch.Tensor:
        """(rows,): A's values; one for all rows where the probe broadcasts."""
        a = draw_a(probe.case, self.a_seed, device, self.exempt)
        if self.row >= 0:
            a[self.row] = draw_a(probe.case, self.row_seed, device, self.exempt)[self.row]
        # The first element is a zero, as every special value has its row.
        return a[1:2].expand(probe.case.rows) if probe.column == "broadcast" and probe.case.rows > 1 else a

    def b(self, case: Case, tile: Tile, device: torch.device) -> torch.Tensor:
        """One tile of B."""
        return draw_b(case, tile, self.b_seed, device, self.exempt)


def fill(on: Operands, probe: Probe, drawn: Drawn) -> None:
    """Write the values into a and b."""
    case, device = probe.case, on.b.device
    fill_a(on, probe, drawn)
    for tile in tiles(case):
        on.b[tile.rows, tile.cols] = drawn.b(case, tile, device)


def fill_a(on: Operands, probe: Probe, drawn: Drawn) -> None:
    """Write A's values."""
    if probe.case.rows:
        target = on.a[:1] if probe.column == "broadcast" else on.a
        target.copy_(drawn.a(probe, on.a.device)[: len(target)])


@dataclass
class _Found:
    """What the tiles of one C showed."""

    wrong: int
    unwritten: int
    rows: torch.Tensor
    cols: torch.Tensor
    first: FirstWrong | None = None
    last: tuple[int, int] = (0, 0)


def departures(on: Operands, probe: Probe, drawn: Drawn) -> WrongElements | None:
    """Where out is not the product of what was drawn; None where it is, to the bit. Any NaN stands for any other."""
    case, device = probe.case, on.b.device
    a = drawn.a(probe, device)
    found = _Found(0, 0, torch.zeros(case.rows, dtype=torch.bool), torch.zeros(case.cols, dtype=torch.bool))
    for tile in tiles(case):
        expected = (a[tile.rows, None].double() * drawn.b(case, tile, device).double()).to(on.b.dtype)
        got = on.out[tile.rows, tile.cols]
        if "non_finite" in drawn.exempt:
            got = torch.where((got == 0) & (expected == 0), expected, got)
        _look(got, expected, tile, found)
    if found.first is None:
        return None
    return WrongElements(
        case=probe.id, count=found.wrong, of=case.rows * case.cols, first=found.first, where=_where(case, found)
    )


def _look(got: torch.Tensor, expected: torch.Tensor, tile: Tile, found: _Found) -> None:
    got_bits, expected_bits = bits(got.contiguous()), bits(expected)
    wrong = got_bits != expected_bits
    if not wrong.any():
        return
    poison = got_bits == POISON[got.itemsize]
    wrong &= ~(torch.isnan(got) & torch.isnan(expected) & ~poison)
    count = int(wrong.sum())
    if not count:
        return
    found.wrong += count
    found.unwritten += int((poison & wrong).sum())
    found.rows[tile.rows] |= wrong.any(dim=1).cpu()
    found.cols[tile.cols] |= wrong.any(dim=0).cpu()
    if found.first is None:
        row, col = (int(index) for index in wrong.nonzero()[0])
        found.first = FirstWrong(
            row=row + tile.rows.start,
            col=col + tile.cols.start,
            expected=repr(expected[row, col].item()),
            found="not written" if poison[row, col] else repr(got[row, col].item()),
        )


def _where(case: Case, found: _Found) -> str:
    """Which rows and columns, and how much of it was never written."""
    rows, cols = found.rows.nonzero().flatten().tolist(), found.cols.nonzero().flatten().tolist()
    every = found.wrong == case.rows * case.cols
    words = ["everywhere"] if every else [_side("row", rows, case.rows), _side("column", cols, case.cols)]
    assert found.first is not None
    begins = found.first.row * case.cols + found.first.col
    if not every and found.wrong == case.rows * case.cols - begins and case.rows > 1:
        words = [f"the tail, from C[{found.first.row}, {found.first.col}] on"]
    if found.unwritten:
        words.append("never written" if found.unwritten == found.wrong else f"{found.unwritten} never written")
    return ", ".join(words)


def _side(name: str, wrong: list[int], of: int) -> str:
    if len(wrong) == of:
        return f"in every {name}"
    return f"in {name}{'s' * (len(wrong) > 1)} {ranges(wrong, 3)}"


def inputs_changed(on: Operands, probe: Probe, drawn: Drawn) -> str:
    """Which input no longer holds what was drawn: "a", "b" or empty."""
    case, device = probe.case, on.b.device
    if case.rows and not torch.equal(bits(on.a.contiguous()), bits(drawn.a(probe, device).contiguous())):
        return "a"
    for tile in tiles(case):
        held = on.b[tile.rows, tile.cols].contiguous()
        if not torch.equal(bits(held), bits(drawn.b(case, tile, device).contiguous())):
            return "b"
    return ""
