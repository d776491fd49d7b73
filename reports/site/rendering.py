"""Writes the pages: all of reports/published/ from reports/data/, or one page for a local run.

An error in any record leaves the old pages as they were.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from reports import archive
from reports.answers.brief import Brief, Runs
from reports.answers.condense import condense
from reports.answers.documents import documents, known
from reports.answers.evidence import Evidence
from reports.answers.evidence import files as of_data
from reports.answers.regret import Judgement, judge
from reports.document import Page
from reports.kept import Files, Kept, rendering
from reports.places import PUBLISHED
from reports.sections import nvbench, scaling, spread, tried
from reports.site import ahead
from reports.site.build import Tried, navigation, site
from reports.site.index import index
from reports.site.layout import files, twin
from reports.site.page import page
from reports.site.pages import mutants
from reports.site.run_pages import RunPages, made_of
from reports.view import View
from suite.record.mutants import Mutants
from suite.record.nvbench import Nvbench
from suite.record.run import Record
from suite.record.sanitizers import Sanitizers
from suite.record.scaling import Scaling
from suite.record.store import BadRecord, CannotWrite, read_run


def publish(
    data: Path = archive.DATA, published: Path = PUBLISHED, pass_over: archive.PassOver = archive.refuse
) -> int:
    """Make `published` hold exactly the pages of the runs in `data`, and the evidence that `select` answers from.

    Returns how many runs there are. In it html/ is the site, which is not committed. The rest is for a code host: the
    index README.md, the newest result's headline.svg, evidence.json and selection.json. A folder for each device has
    the newest run's <run>.md with its SVG files, tried.md, and the pages of several GPUs.

    The same data give the same bytes; what they give again is neither made again nor touched. Raises BadRecord unless
    it is passed over, and then removes no page. Raises CannotWrite where there is no run, or a file cannot be written;
    no page is touched before all are made.
    """
    bad: list[BadRecord] = []

    def passed_over(error: BadRecord) -> None:
        pass_over(error)
        bad.append(error)

    with rendering(published) as kept:
        count = _made(data, kept, passed_over)
        kept.take_their_places()
        if not bad:
            kept.remove_others()
    return count


def _made(data: Path, kept: Kept, pass_over: archive.PassOver) -> int:
    """Put all that there is to publish; returns the number of runs."""
    pages = RunPages(kept, pass_over)
    pages.ahead(data, ahead.begin)
    runs, judging = archive.apart(archive.every(data, pass_over, pages.begin))
    others, scaled = archive.tried(data, pass_over), archive.scalings(data, pass_over)
    if not runs and not others:
        raise CannotWrite(f"there is no run in {data}, so the pages in {kept.published} stay as they are")
    beside = list(_beside(runs, others, scaled, archive.newest(Nvbench, data, pass_over)))
    made = _twins((each[0] for each in runs.values()), kept, pass_over)
    for slug, written in beside:
        made |= {f"{slug}/{name}": text for name, text in twin(written).items()}
    condensed = condense(runs, of_data(data), partial(known, kept=kept))
    judged = _judged(condensed, condense(judging))
    tried_here = {slug: found for slug, (_, found) in others.items()}
    made["README.md"] = index(runs, made, tried_here, scaled, condensed, judged)
    made |= documents(condensed, judged, kept)
    nav = navigation(condensed, others)
    made |= site(condensed, judged, runs, judging, nav, beside, _wrong_kernels(data, pass_over), kept)
    pages.end(runs, nav)
    for name, text in made.items():
        kept.put(name, text)
    return sum(map(len, runs.values()))


def render_run(record: Record, to: Path, pass_over: archive.PassOver = archive.refuse) -> Path:
    """Write one run's page and figures into the folder `to`, made if missing; returns the HTML page's path.

    Raises CannotWrite where the folder cannot be written, and BadRecord for a profile beside the run that cannot be
    read, unless it is passed over.
    """
    source = os.path.relpath(record.path, to).replace(os.sep, "/")
    written = page(record, source, pass_over)
    _write(to, files(written))
    return to / f"{written.stem}.html"


def _beside(
    runs: Runs,
    others: Tried,
    scaled: Mapping[str, Sequence[tuple[str, Scaling]]],
    third: Mapping[str, tuple[str, Nvbench]],
) -> Iterator[tuple[str, Page]]:
    """A device's pages that are of no single run, by its slug; their sources are as seen from its Markdown's folder."""
    for slug, (name, found) in others.items():
        yield slug, tried.page(found, f"../../data/{slug}/{name}")
    for slug, each in scaled.items():
        for name, document in each:
            yield slug, scaling.page(document, f"../../data/{slug}/{name}")
    for slug, (name, timed) in third.items():
        yield slug, nvbench.page(timed, f"../../data/{slug}/{name}")
    for slug, of_device in runs.items():
        for group in spread.groups(of_device):
            yield slug, _spread(group, of_device, f"../../data/{slug}")


def _spread(group: Sequence[Brief], runs: Sequence[Brief], source: str) -> Page:
    """The group's page; of the device's other runs only those of its commit are read, which alone can stand beside."""
    others = [run for run in runs if run.machine.commit == group[0].machine.commit and run not in group]
    return spread.page(list(map(_whole, group)), source, list(map(_whole, others)))


def _whole(run: Brief) -> View:
    """The run with its samples."""
    return View(read_run(Path(run.path)))


def _judged(known: Evidence, held_out: Evidence) -> dict[str, Judgement]:
    """Device slug -> what following the answers costs there."""
    return {slug: judge(each, held_out.devices.get(slug)) for slug, each in known.devices.items()}


def _wrong_kernels(data: Path, pass_over: archive.PassOver) -> Page:
    return mutants(archive.newest(Mutants, data, pass_over), archive.newest(Sanitizers, data, pass_over))


def _twins(newest: Iterable[Brief], kept: Kept, pass_over: archive.PassOver) -> Files:
    """The Markdown of the devices' newest runs, and the newest headline for the first screen, a GPU's if any."""
    made: Files = {}
    # Newest last, and any GPU after any CPU, so that the last headline drawn is the one for the first screen.
    for run in sorted(newest, key=lambda each: (each.machine.kind == "cuda", each.utc)):
        try:
            inputs: list[bytes | str] = [run.file, *made_of(Path(run.path))]
            made |= kept.files(f"twin-{run.machine.slug}", inputs, partial(_twin, run))
        except BadRecord as error:  # of the profile beside it
            pass_over(error)
    return made


def _twin(run: Brief) -> Files:
    slug = run.machine.slug
    written = page(run.view.record, f"../../data/{slug}/{run.file}", view=run.view)
    made = {f"{slug}/{name}": text for name, text in twin(written).items()}
    headline = next((figure for figure in written.figures if figure.name == "headline"), None)
    return made | ({"headline.svg": headline.svg} if headline else {})


def _write(folder: Path, made: Files) -> None:
    """Put the files into the folder, all of them or none."""
    with rendering(folder) as kept:
        for name, text in made.items():
            kept.put(name, text)
        kept.take_their_places()
