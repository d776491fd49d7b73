"""Writes the pages: all of reports/published/ from reports/data/, or one page for a local run.

Everything is made in memory first, so an error in any record leaves the old pages as they were.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from reports import archive
from reports.answers.documents import documents
from reports.answers.evidence import files as of_data
from reports.places import PUBLISHED
from reports.sections import scaling, spread, tried
from reports.site.index import index
from reports.site.layout import Files, files
from reports.site.page import page
from reports.view import View
from suite.record.run import Record
from suite.record.store import CannotWrite


def publish(data: Path = archive.DATA, published: Path = PUBLISHED) -> int:
    """Make `published` hold exactly the pages of the runs in `data`, and the evidence that `select` answers from.

    Returns how many runs there are. In it: <device-slug>/<run>.html and .md with their SVG files, and tried.html and
    .md; README.md, the index; headline.svg, the newest result; evidence.json and selection.json.

    The same data give the same bytes. Raises BadRecord, or CannotWrite where a file cannot be written; no page is
    touched before all are made.
    """
    devices, judging = archive.apart(archive.every(data))
    every = [run for runs in devices.values() for run in runs]
    others = archive.tried(data)
    made = _pages(every)
    for slug, (name, found) in others.items():
        written = files(tried.page(found, f"../../data/{slug}/{name}"))
        made |= {f"{slug}/{name}": text for name, text in written.items()}
    scaled = archive.scalings(data)
    for slug, name, document in ((slug, *each) for slug, every_one in scaled.items() for each in every_one):
        made |= {f"{slug}/{n}": t for n, t in files(scaling.page(document, f"../../data/{slug}/{name}")).items()}
    views = {slug: tuple(map(View, runs)) for slug, runs in devices.items()}
    for slug, group in ((slug, group) for slug, each in views.items() for group in spread.groups(each)):
        written = files(spread.page(group, f"../../data/{slug}"))
        made |= {f"{slug}/{name}": text for name, text in written.items()}
    made["README.md"] = index(views, made, {slug: found for slug, (_, found) in others.items()}, scaled)
    made |= documents(devices, judging, of_data(data))
    _write(published, made)
    _remove_all_but(published, made)
    return len(every)


def render_run(record: Record, to: Path) -> Path:
    """Write one run's page and figures into the folder `to`, made if missing; returns the HTML page's path.

    Raises CannotWrite where the folder cannot be written.
    """
    source = os.path.relpath(record.path, to).replace(os.sep, "/")
    written = page(record, source)
    _write(to, files(written))
    return to / f"{written.stem}.html"


def _pages(runs: Iterable[Record]) -> Files:
    """The pages of all runs in their devices' folders, and the newest headline for the first screen, a GPU's if any."""
    made: Files = {}
    # Newest last, and any GPU after any CPU, so that the last headline drawn is the one for the first screen.
    for record in sorted(runs, key=lambda run: (run.machine.kind == "cuda", run.utc)):
        slug = record.machine.slug
        written = page(record, f"../../data/{slug}/{Path(record.path).name}")
        made |= {f"{slug}/{name}": text for name, text in files(written).items()}
        headline = next((figure for figure in written.figures if figure.name == "headline"), None)
        made |= {"headline.svg": headline.svg} if headline else {}
    return made


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
