"""Condenses published runs into the evidence that answers rest on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from reports import archive
from reports.answers.brief import SERIES, Brief, Taken, read
from reports.answers.evidence import Cell, Device, Evidence, Run, files

FEWEST_PROCESSES = 2
"""A case is answered from its newest commit's runs, and from those of earlier commits until so many fresh processes
took it. A run of several restarts is enough; then no former kernel's time stands beside the present one's."""

LIBRARIES = ("torch", "triton", "cupy-cuda13x", "numba-cuda", "helion", "jax", "nvidia-cutlass-dsl", "warp-lang")
"""Whose versions are said with an answer."""

Campaign = Mapping[str, Taken]
"""Backend -> what it took in one case and series of a run."""


def evidence(data: Path, pass_over: archive.PassOver = archive.refuse) -> Evidence:
    """What the runs in `data` say. Raises BadRecord for a run that cannot be read, unless it is passed over."""
    return condense(runs(data, pass_over), files(data))


def runs(data: Path, pass_over: archive.PassOver = archive.refuse) -> dict[str, tuple[Brief, ...]]:
    """Device slug -> its runs, newest first, but for held-out ones. Raises as `evidence`."""
    return archive.apart(archive.every(data, pass_over, read))[0]


def condense(
    devices: Mapping[str, Sequence[Brief]],
    made_from: Mapping[str, int] | None = None,
    one: Callable[[Sequence[Brief]], Device] | None = None,
) -> Evidence:
    """What the runs of each device, newest first, say; one: says it of one device, as by default."""
    newest = [each[0] for each in devices.values()]
    return Evidence(
        devices={slug: (one or _device)(each) for slug, each in devices.items()},
        predicted=tuple(each for run in newest for each in run.predicted),
        model_errors={run.machine.name: run.model_error for run in newest if run.model_error},
        files=made_from or {},
    )


def _device(runs: Sequence[Brief]) -> Device:
    machine, taken = runs[0].machine, [run.taken for run in runs]
    first_uses = _with_first_uses(runs)
    floor = [run.machine.empty_node_s for run in runs if run.machine.empty_node_s]
    return Device(
        name=machine.name,
        slug=machine.slug,
        kind=machine.kind,
        compute_capability=machine.compute_capability,
        cache_bytes=machine.cache_bytes,
        peak_bytes_per_s=machine.peak_bytes_per_s,
        floor_s=floor[0] if floor else 0.0,
        memory_bytes=machine.memory_bytes,
        runs=tuple(map(_run, runs)),
        cells={series: dict(_cases(runs, [each[series] for each in taken])) for series in SERIES},
        first_use_s=_first_uses([runs[number] for number in first_uses]),
        first_use_runs=first_uses,
        caveats={backend: words for run in reversed(runs) for backend, words in run.caveats.items()},
    )


def _run(run: Brief) -> Run:
    machine = run.machine
    versions = {name: machine.versions[name] for name in LIBRARIES if name in machine.versions}
    return Run(f"{machine.slug}/{run.file}", machine.commit, run.utc.isoformat(), machine.driver or "", versions)


def _with_first_uses(runs: Sequence[Brief]) -> tuple[int, ...]:
    """The numbers of the newest commit's runs that took first uses, of those that took any."""
    taken = [number for number, run in enumerate(runs) if run.first_use_s]
    return tuple(n for n in taken if runs[n].machine.commit == runs[taken[0]].machine.commit)


def _first_uses(runs: Sequence[Brief]) -> dict[str, float]:
    """Backend -> the longest first use."""
    longest: dict[str, float] = {}
    for backend, seconds in (each for run in runs for each in run.first_use_s.items()):
        longest[backend] = max(seconds, longest.get(backend, 0.0))
    return longest


def _cases(runs: Sequence[Brief], taken: Sequence[Mapping[str, Campaign]]) -> Iterator[tuple[str, dict[str, Cell]]]:
    """Case -> backend -> its cell; `taken`: what each run took in the series, by case."""
    for case in dict.fromkeys(case for each in taken for case in each):
        campaigns = {number: found for number, each in enumerate(taken) if (found := each.get(case))}
        counted = _counted(runs, campaigns)
        names = dict.fromkeys(name for number in counted for name in campaigns[number])
        cells = {
            name: _cell({number: campaigns[number][name] for number in counted if name in campaigns[number]})
            for name in names
        }
        if cells:
            yield case, cells


def _counted(runs: Sequence[Brief], campaigns: Mapping[int, Campaign]) -> list[int]:
    """The runs that count in a case: the newest commit's, and earlier commits' until there are FEWEST_PROCESSES.

    A run that compared less than half as many backends as another did is no comparison, and never counts.
    """
    most = max(map(len, campaigns.values()), default=0)
    comparing = [number for number, each in campaigns.items() if 2 * len(each) >= most]
    counted: list[int] = []
    for commit in dict.fromkeys(runs[number].machine.commit for number in comparing):
        if sum(_processes(campaigns[number]) for number in counted) < FEWEST_PROCESSES:
            counted += [number for number in comparing if runs[number].machine.commit == commit]
    return counted


def _processes(campaign: Campaign) -> int:
    return max(len(times) for times, _, _ in campaign.values())


def _cell(taken: Mapping[int, Taken]) -> Cell:
    times = {number: tuple(each) for number, (each, _, _) in taken.items()}
    ends = [end for _, share, _ in taken.values() for end in share or ()]
    return Cell(times, (min(ends), max(ends)) if ends else None, any(above for _, _, above in taken.values()))
