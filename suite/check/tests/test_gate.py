"""The gate lets right products through in every layout and dtype, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from backends import Enqueue, Entry, Exemption
from suite.cases import ITEMSIZE, LAYOUTS, Case
from suite.check import gate, operands
from suite.check.operands import Operands

CPU = torch.device("cpu")
ENTRY = Entry("tested", "", requires=())


def right(on: Operands) -> Enqueue:
    return lambda: torch.mul(on.a[:, None], on.b, out=on.out)


def check(case: Case, bind: Callable[[Operands], Enqueue], **options: object) -> None:
    gate.check(operands.allocate(case, CPU), replace(ENTRY, **options), bind, lambda: None, seed=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", ITEMSIZE)
@pytest.mark.parametrize("layout", ["contiguous", *LAYOUTS])
@pytest.mark.parametrize("shape", [(1, 1), (64, 33), (0, 5), (5, 0), (3, 1000)])
def test_a_right_product_passes(shape: tuple[int, int], layout: str, dtype: str) -> None:
    check(Case(*shape, dtype, layout), right)  # type: ignore[arg-type]


def test_a_right_product_passes_across_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operands, "TILE", 64)
    check(Case(9, 150), right)
    check(Case(40, 7, "float16", "column_major"), right)


def after(result: Callable[[Operands], object], launches: int = 0) -> Callable[[Operands], Enqueue]:
    """A backend that computes C and then does `result` to the operands, from the given launch on."""

    def bind(on: Operands) -> Enqueue:
        count = iter(range(100))

        def launch() -> torch.Tensor:
            torch.mul(on.a[:, None], on.b, out=on.out)
            if next(count) >= launches:
                result(on)
            return on.out

        return launch

    return bind


def test_where_c_takes_the_place_of_b_the_product_is_right_and_written_in_full() -> None:
    case = Case(64, 50, layout="row_padded")

    def tuned(on: Operands) -> Enqueue:
        on.out.zero_()  # as a tuner that has launched on the operands
        return right(on)

    gate.check(operands.allocate(case, CPU, in_place=True), ENTRY, tuned, lambda: None, seed=1)
    assert operands.bytes_needed(case, 1, in_place=True) < operands.bytes_needed(case, 1) * 0.6
    for wrong in (
        lambda on: lambda: on.out,
        lambda on: lambda: on.out.mul_(on.a[:, None].clone().index_fill_(0, torch.tensor([63]), 1)),
        after(off_by_one_bit),
        after(lambda on: on.guarded[1].buffer[-1].zero_()),
    ):
        with pytest.raises(gate.Incorrect):
            gate.check(operands.allocate(case, CPU, in_place=True), ENTRY, wrong, lambda: None, seed=1)


def off_by_one_bit(on: Operands) -> None:
    operands.bits(on.out)[5, 7] += 1


WRONG = {
    "one bit of one element": (after(off_by_one_bit), "C[5, 7]"),
    "only the second launch": (after(off_by_one_bit, launches=1), "second launch"),
    "before the output": (after(lambda on: on.guarded[2].buffer[operands.GUARD - 1].zero_()), "outside of out"),
    "between padded rows": (after(lambda on: on.guarded[2].buffer[operands.GUARD + 50].zero_()), "outside of out"),
    "behind the input": (after(lambda on: on.guarded[1].buffer[-1].zero_()), "outside of b"),
    "its input a": (after(lambda on: on.a[0].add_(1)), "input a"),
    "its input b": (after(lambda on: on.b[3, 3].add_(1)), "input b"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_a_backend_must_not_touch(name: str) -> None:
    bind, said = WRONG[name]
    with pytest.raises(gate.Incorrect) as caught:
        check(Case(64, 50, layout="row_padded"), bind)
    assert said in str(caught.value)


def test_rows_that_were_never_written_are_named() -> None:
    def bind(on: Operands) -> Enqueue:
        on.out.copy_(on.a[:, None] * on.b)  # a correct C from binding must not hide what the launch leaves out

        def launch() -> torch.Tensor:
            for rows in (slice(0, 64), slice(128, 192)):
                torch.mul(on.a[rows, None], on.b[rows], out=on.out[rows])
            return on.out

        return launch

    with pytest.raises(gate.Incorrect, match=r"rows 64-127, 192-255 .*128 of 256 rows"):
        check(Case(256, 16), bind)


def test_a_cached_product_is_caught() -> None:
    def bind(on: Operands) -> Enqueue:
        product = on.a[:, None] * on.b
        return lambda: on.out.copy_(product)

    with pytest.raises(gate.Incorrect, match="second launch"):
        check(Case(16, 16), bind)


def test_a_fresh_output_must_be_announced() -> None:
    def bind(on: Operands) -> Enqueue:
        return lambda: on.a[:, None] * on.b

    check(Case(16, 16), bind, allocates=True)
    with pytest.raises(gate.Incorrect):
        check(Case(16, 16), bind)


def test_wrong_shape_and_dtype() -> None:
    with pytest.raises(gate.Incorrect):
        check(Case(16, 8), lambda on: lambda: (on.a[:, None] * on.b).T, allocates=True)
    with pytest.raises(gate.Incorrect):
        check(Case(16, 8), lambda on: lambda: (on.a[:, None] * on.b).double(), allocates=True)


def flushes(on: Operands) -> Enqueue:
    """Subnormals of the inputs and of the product become zeros of their sign."""
    tiny = torch.finfo(on.out.dtype).smallest_normal

    def flushed(values: torch.Tensor) -> torch.Tensor:
        return torch.where(values.abs() < tiny, values * 0, values)

    return lambda: on.out.copy_(flushed(flushed(on.a)[:, None] * flushed(on.b)))


def spreads(on: Operands) -> Enqueue:
    """The product and then a sum with zero times every other row, in the way of a matrix product."""

    def launch() -> torch.Tensor:
        others = (on.b * 0).sum(dim=0, keepdim=True).abs()
        return on.out.copy_(on.a[:, None] * on.b + others)

    return launch


def wrong_in_one_bit(bind: Callable[[Operands], Enqueue]) -> Callable[[Operands], Enqueue]:
    """The backend, except for the last bit of one ordinary element."""

    def wrong(on: Operands) -> Enqueue:
        launch = bind(on)

        def spoilt() -> torch.Tensor:
            launch()
            off_by_one_bit(on)
            return on.out

        return spoilt

    return wrong


DEPARTURES: dict[Exemption, Callable[[Operands], Enqueue]] = {"subnormal": flushes, "non_finite": spreads}


@pytest.mark.parametrize("dtype", ITEMSIZE)
@pytest.mark.parametrize("kind", DEPARTURES)
def test_a_departure_is_wrong_without_its_exemption_and_right_with_it(kind: Exemption, dtype: str) -> None:
    case = Case(600, 900, dtype)
    with pytest.raises(gate.Incorrect):
        check(case, DEPARTURES[kind])
    check(case, DEPARTURES[kind], exempt=(kind,))
    check(case, right, exempt=(kind,))


@pytest.mark.parametrize("kind", DEPARTURES)
def test_one_exemption_is_not_the_other(kind: Exemption) -> None:
    with pytest.raises(gate.Incorrect):
        check(Case(600, 900, "float16"), DEPARTURES[kind], exempt=tuple(set(DEPARTURES) - {kind}))


@pytest.mark.parametrize("kind", DEPARTURES)
def test_an_exempt_backend_that_is_wrong_elsewhere_stays_wrong(kind: Exemption) -> None:
    with pytest.raises(gate.Incorrect, match=r"1 of 4096 elements are wrong; first, C\[5, 7\]"):
        check(Case(64, 64), wrong_in_one_bit(DEPARTURES[kind]), exempt=tuple(DEPARTURES))
    with pytest.raises(gate.Incorrect, match="rows 0-31 were not fully written"):
        check(Case(64, 8), half_written, exempt=tuple(DEPARTURES))


def half_written(on: Operands) -> Enqueue:
    def launch() -> torch.Tensor:
        torch.mul(on.a[32:, None], on.b[32:], out=on.out[32:])
        return on.out

    return launch


def test_a_lost_sign_of_zero_is_wrong_without_an_exemption() -> None:
    def bind(on: Operands) -> Enqueue:
        return lambda: on.out.copy_(on.a[:, None] * on.b + 0.0)

    with pytest.raises(gate.Incorrect, match=r"is 0\.0, not -0\.0"):
        check(Case(64, 64), bind)
    check(Case(64, 64), bind, exempt=("non_finite",))


def test_inputs_are_there_before_a_launch_that_does_not_wait_for_them() -> None:
    log: list[str] = []

    def bind(on: Operands) -> Enqueue:
        def launch() -> torch.Tensor:
            log.append("launch")
            return torch.mul(on.a[:, None], on.b, out=on.out)

        return launch

    for own_stream, expected in ((True, ["wait", "launch", "wait"] * 2), (False, ["launch", "wait"] * 2)):
        log.clear()
        on = operands.allocate(Case(4, 4), CPU)
        gate.check(on, replace(ENTRY, own_stream=own_stream), bind, lambda: log.append("wait"), seed=1)
        assert log == expected


def test_ranges_fold_and_end() -> None:
    assert gate.ranges([1, 2, 3, 7]) == "1-3, 7"
    assert gate.ranges([0, 2, 4, 6, 8, 10]) == "0, 2, 4, 6, ..."


def flushes_subnormals(on: operands.Operands) -> None:
    limit = torch.finfo(on.out.dtype).smallest_normal
    on.out[on.out.abs() < limit] *= 0.0


def spreads_non_finite(on: operands.Operands) -> None:
    on.out[:, ~torch.isfinite(on.b).all(dim=0)] = float("nan")


@pytest.mark.parametrize(("departs", "exempt"), [(flushes_subnormals, "subnormal"), (spreads_non_finite, "non_finite")])
def test_an_exemption_excuses_what_it_names_and_nothing_else(departs: Any, exempt: Any) -> None:
    case = Case(64, 64)
    with pytest.raises(gate.Incorrect):
        check(case, after(departs))
    check(case, after(departs), exempt=(exempt,))
    other = {"subnormal": "non_finite", "non_finite": "subnormal"}[exempt]
    with pytest.raises(gate.Incorrect):
        check(case, after(departs), exempt=(other,))
    with pytest.raises(gate.Incorrect):
        check(case, after(off_by_one_bit), exempt=("subnormal", "non_finite"))
