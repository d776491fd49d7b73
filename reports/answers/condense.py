"""Condenses published runs into the evidence that answers rest on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from reports import archive
from reports.answers.evidence import CHOOSABLE, Cell, Device, Evidence, Predicted, Run, files
from reports.predictions import at_headline, copy_share, errors
from reports.view import View
from suite.cases import parse
from suite.evidence.devices import RTX_4090
from suite.evidence.model import predict
from suite.record.measurement import Measurement, Series
from suite.record.run import Record

FEWEST_PROCESSES = 2
"""A case is answered from its newest commit's runs, and from those of earlier commits until so many fresh processes
took it. A run of several restarts is enough; then no former kernel's time stands beside the present one's."""

ANYWHERE: tuple[Series, ...] = ("cold", "hot", "launch", "call")

LIBRARIES = ("torch", "triton", "cupy-cuda13x", "numba-cuda", "helion", "jax", "nvidia-cutlass-dsl", "warp-lang")
"""Whose versions are said with an answer."""

Campaign = Mapping[str, Measurement]


def evidence(data: Path, pass_over: archive.PassOver = archive.refuse) -> Evidence:
    """What the runs in `data` say. Raises BadRecord for a run that cannot be read, unless it is passed over."""
    return condense(archive.runs(data, pass_over), files(data))


def condense(devices: Mapping[str, Sequence[Record]], made_from: Mapping[str, int] | None = None) -> Evidence:
    """What the runs of each device, newest first, say."""
    views = {slug: list(map(View, runs)) for slug, runs in devices.items()}
    newest = [each[0] for each in views.values()]
    found = {view.machine.name: errors(view, CHOOSABLE) for view in newest}
    return Evidence(
        devices={slug: _device(each) for slug, each in views.items()},
        predicted=tuple(each for view in newest for each in _predicted(view)),
        model_errors={name: (_rounded(each[0]), _rounded(each[1])) for name, each in found.items() if each},
        files=made_from or {},
    )


def _predicted(view: View) -> Iterator[Predicted]:
    """What the model says of the run's kernels on an RTX 4090, as far as they were compiled for it."""
    if RTX_4090.describes(view.machine):
        return
    for each in at_headline(view, RTX_4090.capability, RTX_4090.sm_count):
        case = parse(each.case)
        said = predict(each, case.bytes_moved, RTX_4090, copy_share(view, case))
        if said.time_s and each.backend in CHOOSABLE:
            seconds = _rounded(said.time_s[0]), _rounded(said.time_s[1])
            name = view.machine.name
            yield Predicted(RTX_4090.name, each.backend, each.case, said.limit, seconds, name, _file(view))


def _file(view: View) -> str:
    return f"{view.machine.slug}/{Path(view.record.path).name}"


def _device(views: Sequence[View]) -> Device:
    machine = views[0].machine
    first_uses = _with_first_uses(views)
    floor = [view.machine.empty_node_s for view in views if view.machine.empty_node_s]
    return Device(
        name=machine.name,
        slug=machine.slug,
        kind=machine.kind,
        compute_capability=machine.compute_capability,
        cache_bytes=machine.cache_bytes,
        peak_bytes_per_s=machine.peak_bytes_per_s,
        floor_s=floor[0] if floor else 0.0,
        memory_bytes=machine.memory_bytes,
        runs=tuple(_run(view) for view in views),
        cells={series: dict(_cases(views, series)) for series in ANYWHERE},
        first_use_s=_first_uses([views[number] for number in first_uses]),
        first_use_runs=first_uses,
        caveats={backend: words for view in reversed(views) for backend, words in view.run.caveats.items()},
    )


def _run(view: View) -> Run:
    machine = view.machine
    versions = {name: machine.versions[name] for name in LIBRARIES if name in machine.versions}
    return Run(_file(view), machine.commit, view.record.utc.isoformat(), machine.driver or "", versions)


def _with_first_uses(views: Sequence[View]) -> tuple[int, ...]:
    """The numbers of the newest commit's runs that took first uses, of those that took any."""
    taken = [number for number, view in enumerate(views) if view.run.first_uses]
    return tuple(n for n in taken if views[n].machine.commit == views[taken[0]].machine.commit)


def _first_uses(views: Sequence[View]) -> dict[str, float]:
    """Backend -> the longest first use."""
    longest: dict[str, float] = {}
    for use in (use for view in views for use in view.run.first_uses):
        seconds = use.import_s + use.bind_s + use.launch_s
        longest[use.backend] = max(seconds, longest.get(use.backend, 0.0))
    return longest


def _cases(views: Sequence[View], series: Series) -> Iterator[tuple[str, dict[str, Cell]]]:
    for case in dict.fromkeys(m.case for view in views for m in view.series(series)):
        campaigns = {number: _backends(view.campaign(series, case)) for number, view in enumerate(views)}
        counted = _counted(views, {number: each for number, each in campaigns.items() if each})
        names = dict.fromkeys(name for number in counted for name in campaigns[number])
        cells = {
            name: _cell({number: campaigns[number][name] for number in counted if name in campaigns[number]})
            for name in names
        }
        if cells:
            yield case, cells


def _backends(campaign: Campaign) -> Campaign:
    return {name: m for name, m in campaign.items() if m.role == "backend" and name in CHOOSABLE}


def _counted(views: Sequence[View], campaigns: Mapping[int, Campaign]) -> list[int]:
    """The runs that count in a case: the newest commit's, and earlier commits' until there are FEWEST_PROCESSES.

    A run that compared less than half as many backends as another did is no comparison, and never counts.
    """
    most = max(map(len, campaigns.values()), default=0)
    comparing = [number for number, each in campaigns.items() if 2 * len(each) >= most]
    counted: list[int] = []
    for commit in dict.fromkeys(views[number].machine.commit for number in comparing):
        if sum(max(len(_times(m)) for m in campaigns[number].values()) for number in counted) < FEWEST_PROCESSES:
            counted += [number for number in comparing if views[number].machine.commit == commit]
    return counted


def _cell(measured: Mapping[int, Measurement]) -> Cell:
    times = {number: _times(m) for number, m in measured.items()}
    ends = [end for m in measured.values() for end in _widest(m)]
    return Cell(times, (min(ends), max(ends)) if ends else None, any(m.above_ceiling for m in measured.values()))


def _times(m: Measurement) -> tuple[float, ...]:
    """Median seconds of each restart; of the one process where the run had no restarts."""
    restarts = getattr(m, "restarts", ())
    return tuple(_rounded(each) for each in ([restart.median_s for restart in restarts] or [m.median_s]))


def _widest(m: Measurement) -> Iterable[float]:
    """Both ends of the share's interval, of the restarts' shares where that claims next to nothing; none without one.

    Where rounds are few and uneven, an interval may reach from 0 to the largest float.
    """
    low, high = m.of_ceiling_ci99 or (0.0, math.inf)
    own = [m.of_ceiling, *(restart.of_ceiling for restart in m.restarts)]
    shares = [m.of_ceiling, low, high] if high <= 2 * low else own
    return [_rounded(each) for each in shares if each is not None]


def _rounded(value: float) -> float:
    """Five significant digits: what a time is good for, and half the file."""
    return float(f"{value:.5g}")
