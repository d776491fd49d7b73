"""Writes the pages: all of reports/published/ from reports/data/, or one page for a local run.

Everything is made in memory first, so an error in any record leaves the old pages as they were.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from reports import archive
from reports.answers.condense import condense
from reports.answers.documents import documents
from reports.answers.evidence import Evidence
from reports.answers.evidence import files as of_data
from reports.answers.regret import Judgement, judge
from reports.document import Page
from reports.kept import Kept
from reports.places import PUBLISHED
from reports.sections import nvbench, scaling, spread, tried
from reports.site.build import Tried, read, site
from reports.site.index import index
from reports.site.layout import Files, files, twin
from reports.site.page import page
from reports.site.pages import Views, mutants
from reports.view import View
from suite.record.mutants import Mutants
from suite.record.nvbench import Nvbench
from suite.record.run import Record
from suite.record.sanitizers import Sanitizers
from suite.record.scaling import Scaling
from suite.record.store import BadRecord, CannotWrite


def publish(
    data: Path = archive.DATA, published: Path = PUBLISHED, pass_over: archive.PassOver = archive.refuse
) -> int:
    """Make `published` hold exactly the pages of the runs in `data`, and the evidence that `select` answers from.

    Returns how many runs there are. In it html/ is the site, which is not committed. The rest is for a code host: the
    index README.md, the newest result's headline.svg, evidence.json and selection.json. A folder for each device has
    the newest run's <run>.md with its SVG files, tried.md, and the pages of several GPUs.

    The same data give the same bytes. Raises BadRecord unless it is passed over, and then removes no page. Raises
    CannotWrite where there is no run, or a file cannot be written; no page is touched before all are made.
    """
    bad: list[BadRecord] = []

    def passed_over(error: BadRecord) -> None:
        pass_over(error)
        bad.append(error)

    devices, judging = archive.apart(archive.every(data, passed_over))
    others = archive.tried(data, passed_over)
    if not devices and not others:
        raise CannotWrite(f"there is no run in {data}, so the pages in {published} stay as they are")
    scaled = archive.scalings(data, passed_over)
    views = {slug: tuple(map(View, runs)) for slug, runs in devices.items()}
    beside = list(_beside(views, others, scaled, archive.newest(Nvbench, data, passed_over)))
    kept = Kept(published)
    made = _twins((runs[0] for runs in views.values()), beside, kept, passed_over)
    condensed = condense(devices, of_data(data))
    judged = _judged(condensed, condense(judging))
    tried_here = {slug: found for slug, (_, found) in others.items()}
    made["README.md"] = index(views, made, tried_here, scaled, condensed, judged)
    made |= documents(condensed, judged, kept)
    held_out = {slug: tuple(map(View, runs)) for slug, runs in judging.items()}
    wrong = _wrong_kernels(data, passed_over)
    made |= site(condensed, judged, views, held_out, others, beside, wrong, kept, passed_over)
    made |= kept.written
    _write(published, made)
    if not bad:
        _remove_all_but(published, made)
    return sum(map(len, devices.values()))


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
    views: Views,
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
    for slug, runs in views.items():
        for group in spread.groups(runs):
            yield slug, spread.page(group, f"../../data/{slug}", runs)


def _judged(known: Evidence, held_out: Evidence) -> dict[str, Judgement]:
    """Device slug -> what following the answers costs there."""
    return {slug: judge(each, held_out.devices.get(slug)) for slug, each in known.devices.items()}


def _wrong_kernels(data: Path, pass_over: archive.PassOver) -> Page:
    return mutants(archive.newest(Mutants, data, pass_over), archive.newest(Sanitizers, data, pass_over))


def _twins(
    newest: Iterable[View], beside: Iterable[tuple[str, Page]], kept: Kept, pass_over: archive.PassOver
) -> Files:
    """The Markdown of the devices' newest runs and of their pages `beside`, by slug, and the first screen's headline.

    That is the newest run's, a GPU's if any.
    """
    made: Files = {}
    # Newest last, and any GPU after any CPU, so that the last headline drawn is the one for the first screen.
    for view in sorted(newest, key=lambda each: (each.machine.kind == "cuda", each.record.utc)):
        try:
            made |= kept.files(f"twin-{view.machine.slug}", (view.file, *read(view)), partial(_twin, view))
        except BadRecord as error:  # of the profile beside it
            pass_over(error)
    for slug, written in beside:
        made |= _in_its_folder(slug, written)
    return made


def _in_its_folder(slug: str, written: Page) -> Files:
    return {f"{slug}/{name}": text for name, text in twin(written).items()}


def _twin(view: View) -> Files:
    slug = view.machine.slug
    written = page(view.record, f"../../data/{slug}/{view.file}", view=view)
    made = _in_its_folder(slug, written)
    headline = next((figure for figure in written.figures if figure.name == "headline"), None)
    return made | ({"headline.svg": headline.svg} if headline else {})


def _write(target: Path, made: Files) -> None:
    try:
        _replace(target, made)
    except OSError as error:
        raise CannotWrite(f"cannot write to {target}: {error.strerror}") from None


def _replace(target: Path, files: Files) -> None:
    """Write every file in full to a folder inside the target, then move each into its place."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target, prefix=".partial-") as folder:
        staged = Path(folder)
        for name, text in files.items():
            (staged / name).parent.mkdir(parents=True, exist_ok=True)
            (staged / name).write_text(text, encoding="utf-8", newline="\n")
        for folder_name in sorted({str(Path(name).parent) for name in files}):
            (target / folder_name).mkdir(parents=True, exist_ok=True)
        for name in files:
            os.replace(staged / name, target / name)


def _remove_all_but(target: Path, files: Files) -> None:
    """Take away what the data no longer call for, and the folders that this leaves empty."""
    for path in sorted(target.rglob("*"), reverse=True):
        if path.is_file() and path.relative_to(target).as_posix() not in files:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
