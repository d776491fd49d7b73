"""From one campaign's samples to the measurements of the record: shares of the ceiling, ratios, verdicts, flags."""

from __future__ import annotations

import math
from dataclasses import asdict
from functools import cached_property
from typing import Any

import numpy as np

from suite.cases import Case, Regime
from suite.measure.plan import CEILINGS, CONTROL, FRESH
from suite.measure.samples import CampaignSamples, fastest
from suite.record.machine import Machine
from suite.record.measurement import Measurement, Restart, Series
from suite.statistics import (
    SELF,
    Ratio,
    margin,
    mean_log,
    ratio_of_restarts,
    summarise,
    verdicts,
)
from suite.verdict import Verdict


class Comparisons:
    """One campaign's samples seen as comparisons between its contenders."""

    def __init__(
        self, case: Case, series: Series, samples: CampaignSamples, machine: Machine, beside: str | None = None
    ) -> None:
        """beside: the reference, where this campaign belongs to a larger one that has chosen it."""
        self.case, self.series, self.samples, self.machine = case, series, samples, machine
        self._beside = beside
        self._times_s = {name: each.by_restart for name, each in samples.contenders.items()}

    def ratio(self, name: str, other: str) -> Ratio:
        """time of `name` / time of `other`; after few rounds, as in a smoke run, without an interval."""
        if name == other:
            return SELF
        return ratio_of_restarts(self._times_s[name], self._times_s[other])

    @cached_property
    def ceiling(self) -> str | None:
        """The faster of the ceilings over the whole campaign; None where the series has none."""
        return fastest(self.samples.contenders, CEILINGS)

    @cached_property
    def reference(self) -> str | None:
        """The fastest correct backend; what the verdicts compare with."""
        if self._beside in self._times_s:
            return self._beside
        return fastest(self.samples.contenders, [name for name in self._times_s if role(name) == "backend"])

    @cached_property
    def control(self) -> Ratio | None:
        """The A/A control: the same launches against themselves under two names; None where it has no interval."""
        if CONTROL not in self._times_s or self.samples.controlled not in self._times_s:
            return None
        control = self.ratio(CONTROL, self.samples.controlled)
        return control if math.isfinite(control.high) else None

    @cached_property
    def _verdicts(self) -> dict[str, Verdict]:
        """Every contender's verdict against the reference, which is SAME as itself and no comparison.

        Only the other backends' comparisons count as tries: Holm's step-down divides by their number.
        """
        assert self.reference is not None
        compared = {name: self.ratio(name, self.reference) for name in self._times_s if name != self.reference}
        backends = {name: found for name, found in compared.items() if role(name) == "backend"}
        others = {name: found for name, found in compared.items() if role(name) != "backend"}
        delta = margin(self.control)
        own: dict[str, Verdict] = {self.reference: "SAME"}
        return own | verdicts(backends, delta) | verdicts(others, delta)

    @property
    def regime(self) -> Regime:
        """What bounds the case on this machine."""
        return self.case.regime(self.machine.cache_bytes, self.machine.peak_bytes_per_s)

    def measurements(self) -> dict[str, Measurement]:
        """Contender -> Measurement; empty where no backend got to a number."""
        return {name: self._measurement(name) for name in self._times_s} if self.reference else {}

    def _measurement(self, name: str) -> Measurement:
        taken = self.samples.contenders[name]
        summary = summarise(taken.samples_s)
        bandwidth = self.case.bytes_moved / summary.median_s
        with_peak = self.series in ("cold", "hot") and (self.ceiling is None or self._has_the_ceilings_clock(name))
        peak = self.machine.peak_bytes_per_s if with_peak else None
        return Measurement(
            backend=name,
            role=role(name),
            gate="not_applicable" if role(name) == "ceiling" else "passed",
            case=self.case.id,
            **asdict(self.case),
            regime=self.regime,
            series=self.series,
            bytes_moved=self.case.bytes_moved,
            median_s=summary.median_s,
            mean_s=summary.mean_s,
            p5_s=summary.p5_s,
            p95_s=summary.p95_s,
            noise_relative_iqr=summary.relative_iqr,
            bandwidth_bytes_per_s=bandwidth,
            of_peak=bandwidth / peak if peak else None,
            method=taken.method,
            launches_per_sample=taken.launches,
            buffer_sets=self.samples.buffer_sets,
            buffer_sets_needed=self.samples.buffer_sets_needed,
            rounds=len(taken.samples_s),
            rounds_dropped=self.samples.rounds_dropped,
            stop_reason=self.samples.stop_reason,
            allocates=taken.allocates,
            fresh=self.series in FRESH,
            form=taken.form,
            restarts=self._restarts(name),
            **self._against_the_ceiling(name),
            **self._against_the_reference(name),
        )

    def _restarts(self, name: str) -> tuple[Restart, ...]:
        """What each restart gave; none where one process took all rounds."""
        taken = self.samples.contenders[name]
        if not taken.rounds:
            return ()
        best = self._times_s[self.ceiling] if self.ceiling and self._has_the_ceilings_clock(name) else []
        return tuple(
            Restart(
                rounds=len(times_s),
                median_s=float(np.median(times_s)),
                of_ceiling=math.exp(mean_log([best[at]]) - mean_log([times_s])) if best else None,
                form=taken.forms[at],
            )
            for at, times_s in enumerate(self._times_s[name])
        )

    def _has_the_ceilings_clock(self, name: str) -> bool:
        """Whether the host's clock took both or neither: a share of a ceiling by another clock would mean nothing."""
        if self.ceiling is None:
            return False
        by_host = {self.samples.contenders[one].method == "host_clock" for one in (name, self.ceiling)}
        return len(by_host) == 1

    def _against_the_ceiling(self, name: str) -> dict[str, Any]:
        if self.ceiling is None or not self._has_the_ceilings_clock(name):
            return {}
        share = self.ratio(name, self.ceiling).inverse()
        noise = self.control.half_width if self.control else 0.0
        return {
            "ceiling": self.ceiling,
            "of_ceiling": share.value,
            "of_ceiling_ci99": share.interval,
            "of_ceiling_within_ci99": share.within_interval,
            "above_ceiling": self._fed_by_dram and share.low > 1 + 2 * noise,
        }

    @property
    def _fed_by_dram(self) -> bool:
        """Whether every launch had to fetch its operands from DRAM, so that no cache explains a share above 1.

        `!`: faster than any copy we timed, by more than the A/A control explains, where every launch had to fetch its
        operands from DRAM.
        """
        rotated = self.series == "cold" and self.samples.buffer_sets >= self.samples.buffer_sets_needed
        return self.regime == "DRAM-bound" or (rotated and self.regime != "launch-bound")

    def _against_the_reference(self, name: str) -> dict[str, Any]:
        assert self.reference is not None
        comparison = self.ratio(name, self.reference)
        delta = margin(self.control)
        found = {
            "reference": self.reference,
            "ratio": comparison.value,
            "ratio_ci99": comparison.interval,
            "ratio_within_ci99": comparison.within_interval,
            "verdict": self._verdicts[name],
            "margin": delta,
        }
        if self.control:
            found |= {"control_ratio": self.control.value, "control_ci99": self.control.interval}
        return found


def role(name: str) -> str:
    """backend, ceiling or control."""
    if name in CEILINGS:
        return "ceiling"
    return "control" if name == CONTROL else "backend"
