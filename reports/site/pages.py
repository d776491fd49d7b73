"""The pages about devices, backends and runs, beside the page that every run has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from reports import units
from reports.answers.brief import Brief, Runs
from reports.answers.called import Called, Question
from reports.answers.evidence import Device, Evidence
from reports.answers.regret import Judgement
from reports.answers.rule import Decision, decide
from reports.document import Cell, Page, Section, Table, loss_level
from reports.figures.bandwidth import bandwidth
from reports.sections import caught, for_good, outside, predicted, regret, untuned_tile, worth
from reports.site import downloads, history
from reports.site.first_screen import cases
from reports.site.first_screen import rtx4090 as predicted_words
from reports.site.layout import DATA_ROOT
from reports.view import View
from suite.cases import Case
from suite.evidence.devices import RTX_4090

WAYS: tuple[tuple[Called, str], ...] = (("graph-cold", "operands in DRAM"), ("graph-hot", "operands reused"))


def all_pages(evidence: Evidence, devices: Runs, timers: tuple[Cell, ...] = ()) -> Iterator[Page]:
    """Every page of the site's root that is of no one device, but the index, for published runs.

    timers: links to the pages of a third party's timer.
    """
    yield backends(evidence)
    yield rtx4090(evidence, devices)
    yield history.page(devices)
    yield downloads.page(devices, evidence)
    yield method(timers)


def gpu(device: Device, judged: Judgement, runs: Sequence[Brief], held_out: Sequence[Brief]) -> Page:
    """One device: the map of all cases, who is within how much of the fastest, bandwidth by size.

    held_out: its runs of the held-out sweeps, which the map leaves out.
    """
    sections = []
    for called, words in WAYS:
        decided = {case: decide(device, Question(case, called)) for case in cases(device)}
        decided = {case: each for case, each in decided.items() if each.measured}
        if decided:
            sections.append(_map(decided, words))
    tested = outside.section([run.view for run in held_out], DATA_ROOT)
    sections += [for_good.section(device), regret.section(judged, DATA_ROOT), tested]
    figures = bandwidth(runs[0].view)
    links = tuple(map(_run_link, runs))
    sections.append(Section("Bandwidth by size", ("From the newest run.",) if figures else (), figures))
    sections.append(Section("The runs behind it", links=links))
    return Page(f"All cases on an {device.name}", f"gpu-{device.slug}", DATA_ROOT, tuple(sections))


def _run_link(run: Brief) -> Cell:
    words = f"{run.utc:%Y-%m-%d %H:%M} UTC, commit {run.machine.commit[:10]}, sweep {run.sweep}"
    return Cell(words, href=f"{run.place}.html")


def _ranked(decided: Mapping[Case, Decision]) -> list[str]:
    """The backends, the smallest mean of worst ratios first; whoever lacks cases behind those who have them."""
    found: dict[str, list[float]] = {}
    for each in decided.values():
        for name, standing in each.standings.items():
            found.setdefault(name, []).append(standing.worst)
    return sorted(found, key=lambda name: (-len(found[name]), fmean(found[name])))


def _map(decided: Mapping[Case, Decision], words: str) -> Section:
    names = _ranked(decided)
    rows = tuple((units.label(case), *(_loss(each, name) for name in names)) for case, each in decided.items())
    said = (
        "Time over the fastest backend's of the case, at its worst over the newest commits' runs. 1.00 is as fast "
        "in every run. * marks the backend that select recommends, ~ one that was within 1 % of the fastest in one run "
        "and more than 5 % slower in another."
    )
    return Section(f"Every case, {words}", (said,), tables=(Table(("case", *names), rows),))


def _loss(decision: Decision, name: str) -> Cell:
    standing = decision.standings.get(name)
    if standing is None:
        return Cell(units.ABSENT)
    unsteady = standing.best <= 1.01 and standing.worst > 1.05
    mark = " *" if name == decision.backend else " ~" if unsteady else ""
    return Cell(f"{standing.worst:.2f}{mark}", level=loss_level(standing.worst))


def backends(evidence: Evidence) -> Page:
    """Every backend: is it worth it, and where not?"""
    found = tuple(worth.sections(list(evidence.devices.values())))
    return Page("Is a backend worth it?", "backends", DATA_ROOT, found)


def rtx4090(evidence: Evidence, devices: Runs) -> Page:
    """What an RTX 4090 may be expected to do: predicted, with the model's error where it was checked."""
    sections = [
        Section(
            "What this is",
            (
                *predicted_words(evidence),
                "PREDICTED. No RTX 4090 was measured here. The model takes the machine code that compilers make for "
                "sm_89 and the peak of that card. How far the model was off on measured GPUs stands beside it. The "
                "form on the first page answers for an RTX 4090 too.",
            ),
        )
    ]
    sections.append(untuned_tile.section())
    for newest, *_ in devices.values():
        view = View(newest.view.record, lambda error: None)  # the run's own page tells of a bad profile
        for section in predicted.sections(view):
            title = section.title.replace(" (no sm_89 device was measured)", "")
            sections.append(
                Section(f"{title}: from the {newest.machine.name}", section.paragraphs, tables=section.tables)
            )
    return Page(f"What an {RTX_4090.name} may do: PREDICTED", "rtx4090", DATA_ROOT, tuple(sections))


def mutants(found: caught.Caught, cleared: caught.Cleared) -> Page:
    """What the judge must catch, what it did catch where, and what compute-sanitizer finds in the backends."""
    sections = (*caught.sections(found), *caught.sanitizer_sections(cleared))
    return Page("Wrong kernels, and what catches them", "mutants", DATA_ROOT, sections)


WORDS = (
    ("case", "rows × cols, dtype and layout"),
    ("series", "what a time includes: cold, hot, launch or call"),
    ("cold", "operands are no longer in L2: copies that fill it five times are rotated through, in one CUDA graph"),
    ("hot", "every launch uses the same operands"),
    ("launch, call", "the host's time to enqueue one bound launch; from tensors to C, as a one-off use pays"),
    ("ceiling", "the best copy of the same bytes, in the same series and rounds"),
    ("regime", "launch-bound, L2-resident, mixed or DRAM-bound, from the case's bytes on the device"),
    ("achieved bandwidth", "bytes that a launch has to move over its time; 1 GB/s is 1e9 bytes per second"),
    ("interval", "99 %, of one run; runs differ by more, which is why answers take the worst of all runs"),
    ("form", "the kernel that a backend chose for the operands"),
    ("δ", "no difference below it is claimed: 1 %, or more where one backend timed against itself shows more"),
    ("MEASURED, NEAREST, PREDICTED", "the case itself; cases around it; a model of compiled code, nothing timed"),
)


def method(timers: tuple[Cell, ...] = ()) -> Page:
    """The words, how a time is taken, and who checked."""
    words = (
        "Every backend is checked to the bit before it is timed. All of a case are then timed in the same interleaved "
        "rounds, with copies of the same bytes. One backend is there twice, which shows what the noise alone does."
    )
    table = Table(("word", "meaning"), WORDS, text=2, prose=True)
    mixed = "Mixed: the bytes fit L2 in part. ceiling_copy and ceiling_memcpy are the copies that ceilings are made of."
    sections = [Section("The words", (words, mixed), tables=(table,))]
    if timers:
        sections.append(Section("A third party's timer", links=timers))
    return Page("How it is measured", "method", DATA_ROOT, tuple(sections))
