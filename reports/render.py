"""Writes the pages: all of reports/published/ from reports/data/, or one page for a local run.

Everything is made in memory first, so an error in any record leaves the old pages as they were.
"""

from __future__ import annotations

import html
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from reports import evidence, records, tried
from reports.page import Page, page, summary, whose
from reports.tables import devices_table
from suite.cases import HEADLINE
from suite.record.run import Record
from suite.record.variants import Variants

PUBLISHED = Path(__file__).parent / "published"
"""<device-slug>/<run>.html and .md with their SVG files, and tried.html and .md; README.md, the index; headline.svg,
the newest result."""

SPECIAL = re.compile(r"[\\`*~|]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|](?=[(\[:])")
"""What Markdown would not show as it is; an underscore inside a word and an interval's brackets it does."""

Files = dict[str, str]
"""Path below the target, with slashes -> text."""


def publish(data: Path = records.DATA, published: Path = PUBLISHED) -> int:
    """Make `published` hold exactly the pages of the runs in `data`; returns how many runs there are.

    The same data give the same bytes. Raises BadRecord or OSError, before any page is touched unless a write fails.
    """
    devices = records.runs(data)
    # Newest last, and any GPU after any CPU, so that the last headline drawn is the one for the first screen.
    every = sorted((run for runs in devices.values() for run in runs), key=lambda r: (r.machine.kind == "cuda", r.utc))
    files: Files = {}
    for record in every:
        slug = record.machine.slug
        written = page(record, f"../../data/{slug}/{Path(record.path).name}")
        files |= {f"{slug}/{name}": text for name, text in _files(written).items()}
        headline = next((figure for figure in written.figures if figure.name == "headline"), None)
        files |= {"headline.svg": headline.svg} if headline else {}
    others = records.tried(data)
    for slug, (name, found) in others.items():
        written = tried.page(found, f"../../data/{slug}/{name}")
        files |= {f"{slug}/{name}": text for name, text in _files(written).items()}
    files["README.md"] = _index(devices, files, {slug: found for slug, (_, found) in others.items()})
    _replace(published, files)
    _remove_all_but(published, files)
    return len(every)


def render_run(record: Record, to: Path) -> Path:
    """Write one run's page and figures into the folder `to`, made if missing; returns the HTML page's path.

    Raises OSError where the folder cannot be written.
    """
    source = os.path.relpath(record.path, to).replace(os.sep, "/")
    _replace(to, _files(page(record, source)))
    return to / f"{records.stem(record)}.html"


def _files(written: Page) -> Files:
    """A page's files: HTML that stands alone, and Markdown with its figures beside it."""
    figures = {f"{written.stem}-{figure.name}.svg": figure.svg for figure in written.figures}
    return {
        f"{written.stem}.html": _template("run.html.j2", page=written),
        f"{written.stem}.md": _template("run.md.j2", page=written),
        **figures,
    }


def _index(devices: Mapping[str, tuple[Record, ...]], files: Files, others: Mapping[str, Variants]) -> str:
    """The overview of all devices and runs, and of what else was tried; `files` are those it may refer to."""
    newest_first = sorted(devices.values(), key=lambda runs: (runs[0].utc, runs[0].machine.slug), reverse=True)
    return _template(
        "index.md.j2",
        devices=newest_first,
        table=devices_table(newest_first),
        headline=f"{HEADLINE.rows} × {HEADLINE.cols} {HEADLINE.dtype}",
        files=files,
        summary=summary,
        tried={slug: (found, tried.summary(found)) for slug, found in others.items()},
        foreign=all(whose(runs[0].machine) for runs in newest_first),
        stem=records.stem,
        device=records.device,
        compiled=lambda record: ", ".join("sm_{}{}".format(*each) for each in evidence.capabilities(record)),
    )


def _template(name: str, **context: object) -> str:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=name.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["md"] = markdown
    return environment.get_template(name).render(**context)


def markdown(text: str) -> str:
    """Text that Markdown shows as it is, on one line: in a table cell as in a paragraph."""
    return html.escape(SPECIAL.sub(r"\\\g<0>", " ".join(text.split())), quote=False)


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
