"""Progress of a run: a bar with the time left where there is a terminal, a line per campaign elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from suite.cases import Case
from suite.measure.samples import CampaignSamples
from suite.record.measurement import Series
from suite.text import console, one_line, percent


class Progress:
    """What the run is at. Drawn only when told, so that pytest's capture can be put aside meanwhile."""

    def __init__(self, uncaptured: Callable[[], AbstractContextManager[object]] = contextlib.nullcontext) -> None:
        """uncaptured: a context in which standard error reaches the terminal."""
        self._uncaptured = uncaptured
        self._console = console(stderr=True)
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}", markup=False),
        )
        self._bar = Bar(*columns, console=self._console, auto_refresh=False, transient=True)
        self._task = self._bar.add_task("", total=None, left="")
        self._label = ""
        self._began: float | None = None  # when the first part was begun that was not known before
        self._known = 0

    def expect(self, campaigns: int) -> None:
        """How many parts the run's campaigns have, one in each restart."""
        self._bar.update(self._task, total=campaigns)

    def checking(self, case: Case, backend: str) -> None:
        """The gate is at this backend."""
        self._draw(f"checking {case.id} {backend}")

    def judging(self, backend: str) -> None:
        """The judge is at this candidate."""
        self._draw(f"judging {backend}")

    def measuring(self, case: Case, series: Series) -> None:
        """A restart begins its part of a campaign."""
        self._label = f"{case.id} {series}"
        self._began = time.monotonic() if self._began is None else self._began
        self._draw(self._label)

    def look(self, rounds: int, width: float) -> None:
        """A campaign has so many rounds, and its widest interval is ± width."""
        self._draw(f"{self._label}: {rounds} rounds, ±{percent(width, 2)}")

    def measured(self, case: Case, series: Series, measured: CampaignSamples) -> None:
        """A restart's part of a campaign is done."""
        self._bar.advance(self._task)
        self._known += self._began is None
        left = self._left()
        self._bar.update(self._task, left=left)
        if not self._console.is_terminal:
            task = self._bar.tasks[0]
            rounds = max((len(one.samples_s) for one in measured.contenders.values()), default=0)
            said = f"{rounds} rounds in {measured.seconds:.1f} s, {measured.stop_reason}"
            self.say(
                f"[{task.completed:.0f}/{task.total or 0:.0f}] {case.id} {series}: "
                + ", ".join(filter(None, (said, left)))
            )

    def _left(self) -> str:
        """How long the rest takes if each part takes as long as those so far; rich would look at half a minute only."""
        task = self._bar.tasks[0]
        done, more = task.completed - self._known, (task.total or 0) - task.completed
        if self._began is None or done <= 0 or more <= 0:
            return ""
        seconds = (time.monotonic() - self._began) / done * more
        return f"about {seconds:.0f} s left" if seconds < 100 else f"about {seconds / 60:.0f} min left"

    def done(self) -> None:
        """Take the bar away."""
        with suppress(OSError), self._uncaptured():
            self._bar.stop()

    def _draw(self, text: str) -> None:
        self._bar.update(self._task, description=text)
        if self._console.is_terminal:
            with suppress(OSError), self._uncaptured():
                self._bar.start()
                self._bar.refresh()

    def say(self, text: str) -> None:
        """A line that stays; where standard error takes none, it is lost."""
        with suppress(OSError), self._uncaptured():
            self._console.print(one_line(text), highlight=False, soft_wrap=True)
