"""Ratios, intervals and verdicts on made-up samples with a known truth."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from suite.statistics import (
    FEWEST_ROUNDS,
    Ratio,
    holm,
    margin,
    p_value,
    ratio,
    ratio_without_interval,
    summarise,
    t_quantile,
    verdicts,
)
from suite.verdict import Verdict


def verdict(comparison: Ratio, delta: float) -> Verdict:
    return verdicts({"one": comparison}, delta)["one"]


def rounds(
    seed: int, n: int = 60, slowdown: float = 1.0, noise: float = 0.002, drift: float = 0.0
) -> tuple[list[float], list[float]]:
    """Samples of a contender and of its reference in n rounds on a device that drifts."""
    generator = np.random.default_rng(seed)
    device = 50e-6 * (1 + drift * np.arange(n) / n)
    own = device * slowdown * np.exp(generator.normal(0, noise, n))
    other = device * np.exp(generator.normal(0, noise, n))
    return own.tolist(), other.tolist()


def test_a_planted_slowdown_is_called_and_a_drift_of_the_device_is_not() -> None:
    assert verdict(ratio(*rounds(1, slowdown=1.02)), 0.01) == "SLOWER"
    assert verdict(ratio(*rounds(2, slowdown=0.98)), 0.01) == "FASTER"
    assert verdict(ratio(*rounds(3, drift=0.06)), 0.01) == "SAME"


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    hits = 0
    for seed in range(300):
        found = ratio(*rounds(seed, slowdown=1.01), seed=seed)
        hits += found.low <= 1.01 <= found.high
    assert hits >= 293


def test_the_same_samples_give_the_same_interval() -> None:
    samples = rounds(5)
    assert ratio(*samples) == ratio(*samples)


def test_a_ratio_and_its_inverse_agree() -> None:
    own, other = rounds(6, slowdown=1.3)
    seen, turned = ratio(own, other), ratio(own, other).inverse()
    assert seen.value * turned.value == pytest.approx(1)
    assert turned.low == pytest.approx(1 / seen.high)


@pytest.mark.parametrize("samples", [([], []), ([1.0], [1.0, 2.0])])
def test_unpaired_samples_are_refused(samples: tuple[list[float], list[float]]) -> None:
    with pytest.raises(ValueError, match="paired"):
        ratio(*samples)
    with pytest.raises(ValueError, match="paired"):
        ratio_without_interval(*samples)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan])
def test_what_is_no_time_is_refused(bad: float) -> None:
    for own, other in (([1.0] * 29 + [bad], [1.0] * 30), ([1.0] * 30, [1.0] * 29 + [bad])):
        with pytest.raises(ValueError, match="0 s or less"):
            ratio(own, other)


def test_samples_too_few_for_an_interval_are_refused_with_how_many_are_needed() -> None:
    with pytest.raises(ValueError, match=f"{FEWEST_ROUNDS - 1} paired samples .* {FEWEST_ROUNDS} are needed"):
        ratio(*rounds(1, n=FEWEST_ROUNDS - 1))
    assert ratio(*rounds(1, n=FEWEST_ROUNDS)).half_width > 0


@pytest.mark.parametrize("n", [1, 2, FEWEST_ROUNDS - 1])
def test_a_ratio_without_an_interval_claims_nothing(n: int) -> None:
    own, other = rounds(1, n=n, slowdown=2.0, noise=0.0)
    found = ratio_without_interval(own, other)
    assert found.value == pytest.approx(2.0)
    assert (found.low, found.high, found.half_width) == (0.0, math.inf, math.inf)
    assert p_value(found, 0.01) == 1.0
    assert verdict(found, 0.01) == verdict(ratio_without_interval(own, own), 0.01) == "UNDECIDED"
    turned = found.inverse()
    assert turned.value == pytest.approx(0.5)
    assert (turned.low, turned.high) == (0.0, math.inf)
    assert all(math.isfinite(end) for end in found.interval + turned.interval)


@pytest.mark.parametrize(
    ("probability", "freedom", "exact"),
    [
        (0.995, 2.0, 9.92484320091807),
        (0.995, 17 / 3, 3.7986802617183947),
        (0.995, 14.0, 2.976842734370834),
        (0.975, 9.0, 2.2621571627409915),
        (0.995, math.inf, 2.5758293035489004),
    ],
)
def test_the_quantile_is_student_s(probability: float, freedom: float, exact: float) -> None:
    """scipy 1.17's t.ppf; those of whole degrees are also in every printed table."""
    assert t_quantile(probability, freedom) == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("freedom", [17 / 3, 14.0, math.inf])
@pytest.mark.parametrize("errors", [0.5, 3.0, 30.0])
def test_the_p_value_is_student_s_tail_on_both_sides(errors: float, freedom: float) -> None:
    from scipy.stats import t

    slower = Ratio(1.01 * math.exp(errors * 0.002), 1.0, 2.0, log_error=0.002, freedom=freedom)
    assert p_value(slower, 0.01) == pytest.approx(2 * t.sf(errors, freedom), rel=1e-9)
    assert p_value(slower.inverse(), 0.01) == pytest.approx(2 * t.sf(errors, freedom), rel=1e-9)


def test_a_p_value_has_no_floor() -> None:
    """20 rounds, one contender twice as slow: an expansion of Student's t ended at 1.3e-3 however sure the ratio."""
    found = ratio(*rounds(1, n=20, slowdown=2.0))
    assert p_value(found, 0.01) < 1e-8
    family = {"slow": found} | {str(i): ratio(*rounds(2 + i, n=20)) for i in range(7)}
    said = verdicts(family, 0.01)
    assert said.pop("slow") == "SLOWER"
    assert set(said.values()) == {"SAME"}


def test_scipy_is_not_loaded_with_the_module() -> None:
    """It takes 0.6 s, and most who import the module ask for no quantile."""
    code = "import sys, suite.statistics; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_noisy_control_widens_the_margin() -> None:
    assert margin(None) == margin(Ratio(1.0, 0.999, 1.001)) == 0.01
    assert margin(Ratio(1.0, 0.98, 1.02)) == pytest.approx(0.04)
    assert margin(Ratio(1.03, 1.029, 1.031)) == pytest.approx(0.031, rel=0.01)


def test_an_interval_across_the_margin_is_undecided() -> None:
    assert verdict(Ratio(1.01, 1.005, 1.015), 0.01) == "UNDECIDED"
    assert verdict(Ratio(1.0, 0.9, 1.1), 0.01) == "UNDECIDED"


def test_a_summary_keeps_every_sample() -> None:
    found = summarise([1.0, 2.0, 3.0, 4.0, 100.0])
    assert found.median_s == 3.0
    assert found.mean_s == 22.0
    assert found.relative_iqr == pytest.approx(2 / 3)


def test_many_comparisons_of_the_same_claim_no_difference() -> None:
    """At the margin itself, where a single comparison errs most, about 1 % of families claim a difference."""
    wrong = 0
    for family in range(200):
        samples = {str(i): ratio(*rounds(1000 * family + i, slowdown=1.01), seed=i) for i in range(10)}
        wrong += any(said in ("FASTER", "SLOWER") for said in verdicts(samples, 0.01).values())
    assert wrong <= 5


def test_holm_needs_more_of_one_among_many_than_of_one_alone() -> None:
    weak = Ratio(1.0185, 1.0101, 1.0270, log_error=0.0031)
    assert verdict(weak, 0.01) == "SLOWER"
    family = {"weak": weak} | {str(i): Ratio(1.0, 0.995, 1.005, log_error=0.002) for i in range(20)}
    assert verdicts(family, 0.01)["weak"] == "UNDECIDED"


def test_holm_rejects_from_the_smallest_on_until_one_does_not_hold() -> None:
    assert holm({"a": 0.002, "b": 0.008, "c": 0.006, "d": 0.001}) == {"a", "d"}
    assert holm({}) == set()
