"""The interval of a repeat, from rounds within restarts, against a truth that is known."""

from __future__ import annotations

import numpy as np
import pytest

from suite.statistics import FEWEST_IN_A_RESTART, Ratio, ratio, ratio_of_restarts

Times = list[list[float]]


def times(between: float, restarts: int = 4, rounds: int = 20, seed: int = 0) -> Times:
    """Times around 1 that scatter by 0.2 % from round to round and by `between` from restart to restart."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(0, between, restarts)
    return [np.exp(generator.normal(centre, 0.002, rounds)).tolist() for centre in centres]


def ones(like: Times) -> Times:
    return [[1.0] * len(each) for each in like]


def of(between: float, seed: int, restarts: int = 4) -> Ratio:
    drawn = times(between, restarts, seed=seed)
    return ratio_of_restarts(drawn, ones(drawn))


@pytest.mark.parametrize("between", [0.0, 0.001, 0.02])
def test_a_repeat_lies_in_the_interval_where_one_process_would_be_sure_of_too_little(between: float) -> None:
    found = [of(between, seed) for seed in range(300)]
    assert sum(one.low <= 1 <= one.high for one in found) >= 293
    if between > 0.01:
        within = [one.within for one in found if one.within]
        assert sum(low <= 1 <= high for low, high in within) < 100


def test_it_is_never_narrower_than_the_interval_within_the_run() -> None:
    for one in (of(0.0, seed, restarts) for seed in range(50) for restarts in (3, 5)):
        assert one.within is not None
        assert one.low <= one.within[0] < one.value < one.within[1] <= one.high


def test_one_restart_gives_what_one_process_does() -> None:
    drawn = times(0.01, restarts=1)
    assert ratio_of_restarts(drawn, ones(drawn)) == ratio(drawn[0], ones(drawn)[0])


def test_every_restart_counts_alike_whatever_its_rounds() -> None:
    assert ratio_of_restarts([[1.0] * 100, [1.21] * 20], [[1.0] * 100, [1.0] * 20]).value == pytest.approx(1.1)


def test_seen_from_the_other_side_both_intervals_turn_round() -> None:
    one = of(0.01, 1)
    other = one.inverse()
    assert (other.low, other.high) == (1 / one.high, 1 / one.low)
    assert one.within is not None
    assert other.within == (1 / one.within[1], 1 / one.within[0])


@pytest.mark.parametrize("rounds", [(FEWEST_IN_A_RESTART - 1, 30), (9, 9), (1, 1, 1)])
def test_too_few_rounds_give_no_interval(rounds: tuple[int, ...]) -> None:
    drawn = [[1.0, 1.1][: 1 + count % 2] * count for count in rounds]
    drawn = [each[:count] for each, count in zip(drawn, rounds, strict=True)]
    assert ratio_of_restarts(drawn, ones(drawn)).high == np.inf
