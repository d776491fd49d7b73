"""One published run in brief: all that answers, and pages other than its own, take of it.

Hundreds of runs are published. Only this of each stays in memory, and next time it is read instead of the record.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from pydantic_core import from_json

from reports.answers.evidence import CHOOSABLE, Predicted
from reports.predictions import at_headline, copy_share, errors
from reports.view import View
from suite.cases import HEADLINE, parse
from suite.evidence.devices import RTX_4090
from suite.evidence.model import predict
from suite.record.group import Group
from suite.record.machine import Machine
from suite.record.measurement import Measurement, Series
from suite.record.store import read_run, run_stem

SERIES: tuple[Series, ...] = ("cold", "hot", "launch", "call")

Taken = tuple[Sequence[float], Sequence[float] | None, bool]
"""A backend in one case and series: median seconds of each restart, the widest ends of its share, above the ceiling."""


class Brief(BaseModel):
    """One run: where it is, what took it, its times as far as answers rest on them, and its headline case."""

    model_config = ConfigDict(frozen=True)

    path: str
    utc: datetime
    machine: Machine
    sweep: str
    group: Group | None
    measurements: int
    capabilities: tuple[tuple[int, int], ...]  # that it holds compiled code for
    shares: dict[str, float | None]  # backend -> share of the ceiling in the headline case, cold
    times: str  # what `taken` gives as JSON: of hundreds of runs, texts are held instead of millions of numbers
    first_use_s: dict[str, float]
    caveats: dict[str, str]
    predicted: tuple[Predicted, ...]
    model_error: tuple[float, float] | None

    @property
    def taken(self) -> Mapping[Series, Mapping[str, Mapping[str, Taken]]]:
        """Series -> case -> backend -> what it took."""
        found: dict[Series, dict[str, dict[str, Taken]]] = from_json(self.times)
        return found

    @property
    def file(self) -> str:
        """The name of its file."""
        return Path(self.path).name

    @property
    def stem(self) -> str:
        """That without its ending, which its pages share."""
        return run_stem(Path(self.path))

    @property
    def place(self) -> str:
        """Its page without the ending, from the site's root."""
        return f"{self.machine.slug}/{self.stem}"

    @cached_property
    def view(self) -> View:
        """All of it but the samples, read from the record. Raises BadRecord."""
        return View(read_run(Path(self.path), samples=False))

    def as_kept(self) -> str:
        """It as JSON, without the path to it; `kept` gives it back."""
        return self.model_dump_json(exclude={"path"})


Runs = Mapping[str, Sequence[Brief]]
"""Device slug -> its runs, newest first."""


def kept(path: Path, text: str) -> Brief:
    """The run of a file, from what `as_kept` gave of it."""
    return Brief.model_validate({"path": str(path), **from_json(text)})


def read(path: Path) -> Brief:
    """The run of a file in brief. Raises BadRecord."""
    return brief(View(read_run(path, samples=False)))


def brief(view: View) -> Brief:
    """What is kept of a run."""
    found = errors(view, CHOOSABLE)
    headline = [m for m in view.headline if m.case == HEADLINE.id and m.role == "backend"]
    return Brief(
        path=view.record.path,
        utc=view.record.utc,
        machine=view.machine,
        sweep=view.run.sweep,
        group=view.run.group,
        measurements=len(view.every),
        capabilities=tuple(view.capabilities),
        shares={m.backend: m.of_ceiling for m in headline},
        times=json.dumps({series: _taken(view, series) for series in SERIES}, separators=(",", ":")),
        first_use_s=_first_uses(view),
        caveats=view.run.caveats,
        predicted=tuple(_predicted(view)),
        model_error=(rounded(found[0]), rounded(found[1])) if found else None,
    )


def _first_uses(view: View) -> dict[str, float]:
    """Backend -> its longest first use."""
    longest: dict[str, float] = {}
    for use in view.run.first_uses:
        longest[use.backend] = max(use.import_s + use.bind_s + use.launch_s, longest.get(use.backend, 0.0))
    return longest


def _taken(view: View, series: Series) -> dict[str, dict[str, Taken]]:
    """Case -> backend -> what it took, for those that may be recommended."""
    found: dict[str, dict[str, Taken]] = {}
    for m in view.series(series):
        of_case = found.setdefault(m.case, {})
        if m.role == "backend" and m.backend in CHOOSABLE:
            ends = list(_widest(m))
            of_case[m.backend] = _times(m), (min(ends), max(ends)) if ends else None, m.above_ceiling
    return found


def _times(m: Measurement) -> tuple[float, ...]:
    """Median seconds of each restart; of the one process where the run had no restarts."""
    return tuple(rounded(each) for each in ([restart.median_s for restart in m.restarts] or [m.median_s]))


def _widest(m: Measurement) -> Iterable[float]:
    """Both ends of the share's interval, of the restarts' shares where that claims next to nothing; none without one.

    Where rounds are few and uneven, an interval may reach from 0 to the largest float.
    """
    low, high = m.of_ceiling_ci99 or (0.0, math.inf)
    own = [m.of_ceiling, *(restart.of_ceiling for restart in m.restarts)]
    shares = [m.of_ceiling, low, high] if high <= 2 * low else own
    return [rounded(each) for each in shares if each is not None]


def _predicted(view: View) -> Iterator[Predicted]:
    """What the model says of the run's kernels on an RTX 4090, as far as they were compiled for it."""
    if RTX_4090.describes(view.machine):
        return
    for each in at_headline(view, RTX_4090.capability, RTX_4090.sm_count):
        case = parse(each.case)
        said = predict(each, case.bytes_moved, RTX_4090, copy_share(view, case))
        if said.time_s and each.backend in CHOOSABLE:
            seconds = rounded(said.time_s[0]), rounded(said.time_s[1])
            file = f"{view.machine.slug}/{view.file}"
            yield Predicted(RTX_4090.name, each.backend, each.case, said.limit, seconds, view.machine.name, file)


def rounded(value: float) -> float:
    """Five significant digits: what a time is good for, and half the file."""
    return float(f"{value:.5g}")
