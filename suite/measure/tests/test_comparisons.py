"""From made-up samples to Measurements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from suite.cases import HEADLINE, Case, parse
from suite.measure.comparisons import Comparisons
from suite.measure.samples import CampaignSamples, Samples, joined
from suite.record.machine import Machine
from suite.record.measurement import Measurement, Series
from suite.record.store import read_run
from suite.statistics import FEWEST_ROUNDS, Ratio, verdicts
from suite.verdict import Verdict

GPU = Machine(kind="cuda", name="Test GPU", cache_bytes=50 << 20, memory_bytes=1 << 36, peak_bytes_per_s=3e12)


def measurements(
    times_us: dict[str, float], noise: float = 0.001, beside: str | None = None, rounds: int = 60
) -> dict[str, Measurement]:
    generator = np.random.default_rng(7)
    sampled = {
        name: Samples((time * 1e-6 * np.exp(generator.normal(0, noise, rounds))).tolist(), "cuda_graph", 30)
        for name, time in times_us.items()
    }
    measured = CampaignSamples(contenders=sampled, stop_reason="precise", controlled="tuned")
    return Comparisons(HEADLINE, "cold", measured, GPU, beside).measurements()


TIMES = {"ceiling_memcpy": 62.0, "ceiling_copy": 50.0, "tuned": 50.5, "peer": 50.5, "naive": 80.0, "control_aa": 50.5}


def test_the_faster_ceiling_counts_and_shares_are_of_it() -> None:
    found = measurements(TIMES)
    assert {one.ceiling for one in found.values()} == {"ceiling_copy"}
    assert found["tuned"].of_ceiling == pytest.approx(50 / 50.5, rel=0.002)
    assert found["ceiling_copy"].of_ceiling == 1.0
    assert found["tuned"].bandwidth_bytes_per_s == pytest.approx(HEADLINE.bytes_moved / 50.5e-6, rel=0.002)


def test_verdicts_are_against_the_fastest_backend_not_the_ceiling() -> None:
    found = measurements(TIMES)
    assert found["naive"].verdict == "SLOWER"
    assert found["naive"].reference in ("tuned", "peer")
    assert found["peer"].verdict == found["tuned"].verdict == "SAME"


def test_what_was_timed_apart_can_be_faster_than_the_reference_of_the_others() -> None:
    found = measurements(TIMES | {"peer": 45.0}, beside="tuned")
    assert (found["peer"].reference, found["peer"].verdict) == ("tuned", "FASTER")


def test_more_than_the_ceiling_is_flagged_beyond_what_the_control_explains() -> None:
    assert measurements(TIMES | {"peer": 45.0})["peer"].above_ceiling
    assert not measurements(TIMES | {"peer": 50.0})["peer"].above_ceiling
    assert not measurements(TIMES | {"peer": 49.0}, noise=0.02)["peer"].above_ceiling


@pytest.mark.parametrize(
    ("case", "series", "sets", "flagged"),
    [
        (HEADLINE, "cold", 1, True),
        (HEADLINE, "hot", 1, True),
        (Case(2400, 2400), "cold", 7, True),
        (Case(2400, 2400), "cold", 6, False),
        (Case(2400, 2400), "hot", 7, False),
        (Case(64, 64), "cold", 7, False),
    ],
)
def test_more_than_the_ceiling_is_flagged_where_every_launch_was_fed_by_dram(
    case: Case, series: Series, sets: int, flagged: bool
) -> None:
    sampled = {name: Samples([us * 1e-6] * 60, "cuda_graph", 30) for name, us in (TIMES | {"peer": 45.0}).items()}
    measured = CampaignSamples(contenders=sampled, controlled="tuned", buffer_sets=sets, buffer_sets_needed=7)
    found = Comparisons(case, series, measured, GPU).measurements()
    assert {name for name, one in found.items() if one.above_ceiling} == ({"peer"} if flagged else set())


def test_the_control_sets_the_margin() -> None:
    found = measurements(TIMES, noise=0.05)
    assert found["tuned"].margin > 0.01
    assert found["peer"].verdict in ("SAME", "UNDECIDED")


def test_one_of_eight_that_is_twice_as_slow_is_slower_after_twenty_rounds() -> None:
    found = measurements({f"b{i}": 50.0 for i in range(7)} | {"slow": 100.0}, rounds=20)
    assert found["slow"].verdict == "SLOWER"
    assert {one.verdict for name, one in found.items() if name != "slow"} == {"SAME"}


def test_the_reference_is_no_comparison_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Holm's step-down divides by how many were compared; the reference's verdict is SAME all the same."""
    families = []

    def noted(compared: Mapping[str, Ratio], delta: float) -> dict[str, Verdict]:
        families.append(set(compared))
        return verdicts(compared, delta)

    monkeypatch.setattr("suite.measure.comparisons.verdicts", noted)
    found = measurements(TIMES | {"tuned": 45.0})
    assert families == [{"peer", "naive"}, {"ceiling_memcpy", "ceiling_copy", "control_aa"}]
    tuned = found["tuned"]
    assert (tuned.reference, tuned.verdict, tuned.ratio, tuned.ratio_ci99) == ("tuned", "SAME", 1.0, (1.0, 1.0))


@pytest.mark.parametrize("rounds", [1, 2, FEWEST_ROUNDS - 1])
def test_too_few_rounds_for_an_interval_give_measurements_that_claim_nothing(rounds: int) -> None:
    found = measurements(TIMES, rounds=rounds)
    assert set(found) == set(TIMES)
    naive = found["naive"]
    assert naive.ratio == pytest.approx(80 / 50.5, rel=0.02)
    assert naive.ratio_ci99[0] == 0.0
    assert naive.ratio_ci99[1] > 1e300
    assert {name for name, one in found.items() if one.verdict != "UNDECIDED"} == {naive.reference}
    assert not any(one.above_ceiling for one in found.values())
    assert (naive.control_ratio, naive.control_ci99) == (None, None)
    assert Measurement.model_validate_json(naive.model_dump_json()) == naive


def test_without_a_correct_backend_there_is_no_measurement() -> None:
    assert measurements({"ceiling_memcpy": 62.0, "ceiling_copy": 50.0}) == {}


PLANTED = Path(__file__).parent / "recorded" / "two_percent_slower.json"
"""A run on an H200 with candidates/two_percent_slower.py among the backends."""


@pytest.mark.parametrize("series", ["cold", "hot"])
@pytest.mark.parametrize("drift", [0.0, 0.06])
def test_two_percent_planted_on_a_gpu_are_called_and_a_drift_of_the_whole_device_is_not(
    series: Series, drift: float
) -> None:
    record = read_run(PLANTED)
    benches = {bench.measurement.backend: bench for bench in record.benchmarks if bench.measurement.series == series}
    sampled = {
        name: Samples(
            [time * (1 + drift * at / len(bench.samples_s)) for at, time in enumerate(bench.samples_s)],
            "cuda_graph",
            30,
        )
        for name, bench in benches.items()
    }
    measured = CampaignSamples(contenders=sampled, stop_reason="precise", controlled="triton_tuned")
    case = parse(benches["triton_tuned"].measurement.case)
    found = Comparisons(case, series, measured, record.machine).measurements()
    assert {name: one.verdict for name, one in found.items() if one.role != "ceiling"} == {
        "triton_tuned": "SAME", "cupy_rawkernel": "SAME", "two_percent_slower": "SLOWER", "control_aa": "SAME"
    }  # fmt: skip
    assert 1.01 < found["two_percent_slower"].ratio < 1.03


def test_a_choice_that_differs_from_restart_to_restart_widens_the_interval_and_stands_in_the_record() -> None:
    """In this run a repeat is well known; tuned anew, it may be 40 % slower."""
    generator = np.random.default_rng(3)
    chosen = {"small": 1.0, "large": 1.4}

    def process(form: str) -> CampaignSamples:
        slower = {"peer": chosen[form]}
        sampled = {
            name: Samples(
                (slower.get(name, 1.0) * us * 1e-6 * np.exp(generator.normal(0, 0.0005, 20))).tolist(),
                *("cuda_graph", 30, form if name == "peer" else ""),
            )
            for name, us in TIMES.items()
        }
        return CampaignSamples(sampled, stop_reason="precise", controlled="tuned")

    measured = joined([process(form) for form in ("small", "large", "small", "small")])
    found = Comparisons(HEADLINE, "cold", measured, GPU).measurements()
    peer, tuned = found["peer"], found["tuned"]
    assert [restart.form for restart in peer.restarts] == ["small", "large", "small", "small"]
    assert (peer.chosen, peer.form, tuned.chosen) == (("small", "large"), "small or large", ("",))
    assert [round(restart.of_ceiling or 0, 2) for restart in peer.restarts] == [0.99, 0.71, 0.99, 0.99]
    assert peer.of_ceiling_ci99
    assert peer.of_ceiling_within_ci99
    assert peer.of_ceiling_ci99[0] < 0.71 < peer.of_ceiling_within_ci99[0]
    assert (peer.verdict, tuned.verdict, found["naive"].verdict) == ("UNDECIDED", "SAME", "SLOWER")
    assert not peer.above_ceiling
    assert Measurement.model_validate_json(peer.model_dump_json()) == peer
    for wrong in ({"rounds": 3}, {"restarts": peer.restarts[:2]}):
        with pytest.raises(ValueError, match="rounds"):
            Measurement.model_validate(peer.model_dump() | wrong)


def test_there_is_no_share_of_a_ceiling_by_another_clock() -> None:
    taken = {name: Samples([us * 1e-6] * 20, "cuda_graph", 1) for name, us in TIMES.items()}
    taken["peer"] = replace(taken["peer"], method="host_clock")
    found = Comparisons(HEADLINE, "cold", CampaignSamples(taken, stop_reason="precise", controlled="tuned"), GPU)
    measured = found.measurements()
    peer, tuned = measured["peer"], measured["tuned"]
    assert (peer.of_ceiling, peer.of_ceiling_ci99, peer.ceiling, peer.of_peak) == (None, None, None, None)
    assert tuned.of_ceiling == pytest.approx(50.0 / 50.5)
    by_host = {name: replace(one, method="host_clock") for name, one in taken.items()}
    alike = Comparisons(HEADLINE, "cold", CampaignSamples(by_host, stop_reason="precise", controlled="tuned"), GPU)
    assert alike.measurements()["peer"].of_ceiling == pytest.approx(50.0 / 50.5)


def test_a_record_of_one_process_has_no_restarts() -> None:
    (bench, *_) = read_run(PLANTED).benchmarks
    assert (bench.measurement.restarts, bench.measurement.chosen) == ((), (bench.measurement.form,))
    assert bench.by_restart == [bench.samples_s]
