"""The page that every published run has: made once, of its record alone; what leads elsewhere is put around it after.

So a new run costs one page, and a new link on every page costs no drawing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from itertools import chain
from pathlib import Path

from reports import archive
from reports.answers import brief
from reports.answers.brief import Brief
from reports.document import Cell, Page
from reports.kept import FOLDER, Kept, digest
from reports.site.layout import Nav, around, html_page
from reports.site.page import page
from reports.view import View
from suite.cases import HELD_OUT
from suite.record.profile import Profile
from suite.record.store import BadRecord, content_of, read_run, run_stem

LIST = f"{FOLDER}/runs.json"
"""Page -> the digests of what it was made of, of what leads elsewhere in it, and of the file."""


class RunPages:
    """The runs' pages of one rendering, each begun when its record is read, and ended when the others are known."""

    def __init__(self, kept: Kept, pass_over: archive.PassOver) -> None:
        self._kept, self._pass_over = kept, pass_over
        try:
            self._before: dict[str, list[str]] = json.loads(kept.read(LIST) or "{}")
        except ValueError:
            self._before = {}
        self.made_of: dict[str, str] = {}  # page -> the digest of what it was made of
        self._ahead: Mapping[str, str] = {}  # the same for those that are staged already
        # Asked for again and again, of hundreds of runs:
        self._record, self._profiles = cache(_record), cache(_profiles)

    def ahead(self, data: Path, begin: Callable[[Kept, Sequence[Path]], Mapping[str, str]]) -> None:
        """Let `begin` stage the pages of all runs that must be read, so that `begin` of this finds them."""
        self._ahead = begin(self._kept, [path for path in archive.run_files(data) if self._to_read(path)])

    def _to_read(self, path: Path) -> bool:
        try:
            return self._kept.stale(_step(path), (self._record(path),))
        except BadRecord:
            return False

    def begin(self, path: Path) -> Brief:
        """The run in brief. Its record is read where that is not kept or its page is to be made. Raises BadRecord."""
        run = _Reading(path)
        made = self._kept.text(_step(path), (self._record(path),), lambda: brief.brief(run.view).as_kept())
        found = brief.kept(path, made)
        if found.sweep not in HELD_OUT and found.machine.slug == path.parent.name:
            try:
                self._begin_page(page_name(found), run)
            except BadRecord as error:  # of the profile beside it
                self._pass_over(error)
        return found

    def _begin_page(self, name: str, run: _Reading) -> None:
        of = digest((self._record(run.path), *self._profiles(run.path.parent)))
        if self._ahead.get(name) == of:
            self._before.pop(name, None)
        elif self._before.get(name, [])[::2] != [of, self._kept.digest(name)]:
            self._kept.put(name, run.page())
            self._before.pop(name, None)
        self.made_of[name] = of

    def end(self, devices: Mapping[str, Sequence[Brief]], nav: Nav) -> None:
        """Put around every page what leads elsewhere; the runs of a device stand newest first."""
        ended = {}
        for run, after, before in chain.from_iterable(map(_with_neighbours, devices.values())):
            name = page_name(run)
            if name in self.made_of:
                ended[name] = self._end(name, Page("", run.place, "", (), _links(after, before)), nav)
        if ended:
            self._kept.put(LIST, json.dumps(ended, indent=1))

    def _end(self, name: str, links: Page, nav: Nav) -> list[str]:
        of, leads = self.made_of[name], digest((repr(nav), *(f"{link} {link.href}" for link in links.beside)))
        before = self._before.get(name, [])
        if before[:2] == [of, leads]:
            self._kept.stay(name)
            return before
        text = around(self._kept.read(name), links, nav)
        self._kept.put(name, text)
        return [of, leads, hashlib.sha256(text.encode()).hexdigest()]


def _step(path: Path) -> str:
    return f"{path.parent.name}-{run_stem(path)}"


def _record(path: Path) -> str:
    """The digest of the file. Raises BadRecord."""
    return hashlib.sha256(content_of(path)).hexdigest()


def _profiles(folder: Path) -> list[bytes]:
    """The names and the bytes of a device's profiles. Raises BadRecord."""
    found = sorted(folder.glob(f"*{Profile.suffix}"))
    return [part for path in found for part in (path.name.encode(), content_of(path))]


class _Reading:
    """A run's file, whose record is read when it is asked for, and once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def view(self) -> View:
        return View(read_run(self.path, samples=False))

    def page(self) -> str:
        slug, source = self.view.machine.slug, f"../../../data/{self.view.machine.slug}/{self.path.name}"
        written = page(self.view.record, source, view=self.view, drawn=False)
        return html_page(below(written, source, slug))


def page_name(run: Brief) -> str:
    """The file of the run's page."""
    return f"html/{run.place}.html"


def below(written: Page, source: str, slug: str) -> Page:
    """The page in its device's folder of the site."""
    return Page(written.title, f"{slug}/{written.stem}", source, written.sections)


def made_of(path: Path) -> Iterator[bytes]:
    """The bytes of a run's record and of the profiles beside it, of which its page is made. Raises BadRecord."""
    yield content_of(path)
    yield from _profiles(path.parent)


def _with_neighbours(runs: Sequence[Brief]) -> Iterator[tuple[Brief, Brief | None, Brief | None]]:
    """Every run with the one after it and the one before it on its device."""
    return zip(runs, (None, *runs[:-1]), (*runs[1:], None), strict=True)


def _links(after: Brief | None, before: Brief | None) -> tuple[Cell, ...]:
    found = (("← the run before", before), ("the run after →", after))
    return tuple(Cell(f"{words}, {each.utc:%Y-%m-%d %H:%M}", f"{each.stem}.html") for words, each in found if each)
