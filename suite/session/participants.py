"""Which backends take part in a run, and which no longer do: one that hung once, or ended the worker three times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from backends import Entry, why_unavailable
from suite.record.measurement import Outcome

MOST_DEATHS = 3
"""The ends of the worker by one backend, after which it is left out of the rest of the run."""


class Participants:
    """The run's backends on a device of one kind."""

    def __init__(self, entries: Sequence[Entry], kind: str) -> None:
        self.entries, self.kind = tuple(entries), kind
        reasons = {entry.name: why_unavailable(entry, kind) for entry in entries}
        self.unavailable = {name: reason for name, reason in reasons.items() if reason}
        self._deaths: Counter[str] = Counter()
        self._left_out: dict[str, str] = {}

    @property
    def available(self) -> tuple[Entry, ...]:
        """The entries whose libraries and device are here."""
        return tuple(entry for entry in self.entries if entry.name not in self.unavailable)

    def entry(self, name: str) -> Entry:
        """The entry of this name."""
        return next(entry for entry in self.entries if entry.name == name)

    def why_left_out(self, name: str) -> str:
        """Why the backend is not asked any more; empty while it is."""
        return self._left_out.get(name, "")

    def note(self, outcome: Outcome) -> None:
        """Leave out what timed out. It counts here too when a run that goes on after a kill reads it again."""
        if outcome.kind == "timeout":
            self._left_out.setdefault(outcome.backend, f"left out: timed out in {outcome.case}")

    def died(self, name: str, case_id: str) -> None:
        """Count a death of the worker against the backend that was at work."""
        self._deaths[name] += 1
        if self._deaths[name] == MOST_DEATHS:
            reason = f"left out: ended the measuring process {MOST_DEATHS} times, the last in {case_id}"
            self._left_out.setdefault(name, reason)
