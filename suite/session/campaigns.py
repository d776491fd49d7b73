"""The campaigns of a run, restart by restart: one fresh process takes a part of each, then the next one does.

All campaigns that the run will ask for go through a process before it ends. Else every campaign would cost as many
starts as there are restarts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from backends import Entry
from suite.cases import Case
from suite.judge import contender
from suite.measure.samples import CampaignSamples, fastest, joined
from suite.record.measurement import Series
from suite.session.progress import Progress
from suite.session.questions import Questions

Key = tuple[Case, Series]

TOGETHER = ""
"""Under this name stand the samples of those that are timed together."""


@dataclass
class Campaign:
    """One case and series: who takes part, and what each restart gave so far."""

    together: list[Entry]
    apart: list[Entry]  # each in rounds of its own, beside the fastest of the others alone
    taken: dict[str, list[CampaignSamples]] = field(default_factory=dict)  # TOGETHER, or the name of one apart

    def still(self, entries: Iterable[Entry], part: str) -> list[Entry]:
        """Those of the entries that came to samples in every restart so far; none where a restart cannot change that.

        The process of a throttled restart may meet a cooler device next time.
        """
        outcomes = [outcome for each in self.taken.get(part, []) for outcome in each.outcomes]
        if any(outcome.backend == "all" and outcome.kind in ("unsupported", "no_memory") for outcome in outcomes):
            return []
        lost = {outcome.backend for outcome in outcomes}
        return [entry for entry in entries if entry.name not in lost]

    def beside(self) -> list[Entry]:
        """The fastest of the first restart, with which those apart are compared."""
        names = [entry.name for entry in self.together]
        first = next((each for each in self.taken.get(TOGETHER, []) if each.contenders), CampaignSamples())
        return [entry for entry in self.together if entry.name == fastest(first.contenders, names)]


class Campaigns:
    """What the run measures; nothing is measured twice."""

    def __init__(self, questions: Questions, progress: Progress, restarts: int) -> None:
        self._questions, self._progress, self._restarts = questions, progress, restarts
        self._expected: list[Key] = []

    def expect(self, keys: Iterable[Key]) -> None:
        """Tell which campaigns the run will ask for."""
        self._expected = list(dict.fromkeys(keys))
        self._progress.expect(len(self._expected) * self._restarts)

    def take(self, asked: Key, lineup: Callable[[Key], Campaign]) -> dict[Key, dict[str, CampaignSamples]]:
        """The samples of the campaign that is asked for, and of all that are expected with it.

        lineup: who takes part. Samples are by TOGETHER, or the name of one that is timed apart; none where nobody is.
        """
        keys = self._expected if asked in self._expected else [asked, *self._expected]
        self._expected = []
        campaigns = {key: lineup(key) for key in keys}
        for restart in range(1, self._restarts + 1):
            self._questions.restart(restart)
            for key, campaign in campaigns.items():
                self._take_a_part(key, campaign, restart)
        return {
            key: {part: joined(taken) for part, taken in campaign.taken.items()} for key, campaign in campaigns.items()
        }

    def _take_a_part(self, key: Key, campaign: Campaign, restart: int) -> None:
        """What this restart gives to the campaign."""
        together = campaign.still(campaign.together, TOGETHER)
        if together:
            samples = self._questions.campaign(*key, together, restart)
            campaign.taken.setdefault(TOGETHER, []).append(samples)
            self._progress.measured(*key, samples)
        for entry in campaign.apart:
            if campaign.still([entry], entry.name):
                samples = self._apart(key, entry, campaign.beside(), restart)
                campaign.taken.setdefault(entry.name, []).append(samples)

    def _apart(self, key: Key, entry: Entry, beside: list[Entry], restart: int) -> CampaignSamples:
        if contender.from_outside(entry):
            return self._questions.campaign_of_candidate(*key, entry, beside, restart)
        return self._questions.campaign(*key, [*beside, entry], restart, entry.name)
