"""The site: every page as HTML that opens from disk, in an ignored folder, from published runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path

from reports import archive
from reports.answers.called import Question
from reports.answers.compare import NotComparable, Row, compare
from reports.answers.evidence import Evidence
from reports.answers.regret import Judgement
from reports.answers.select import answer
from reports.answers.words import text
from reports.document import Cell, Page, Section, Table
from reports.sections import for_good, regret
from reports.site import first_screen, pages
from reports.site.layout import Files, Nav, html_page, template
from reports.site.page import page
from reports.units import percent
from reports.view import View
from suite.cases import HEADLINE
from suite.evidence.devices import RTX_4090
from suite.record.store import BadRecord
from suite.record.variants import Variants

Tried = Mapping[str, tuple[str, Variants]]


def navigation(evidence: Evidence, tried: Tried) -> Nav:
    """What every page leads to."""
    gpus = ((_short(each.name), f"gpu-{slug}.html") for slug, each in evidence.devices.items())
    return (
        ("diagbench", "index.html"),
        *gpus,
        ("Backends", "backends.html"),
        ("RTX 4090 (predicted)", "rtx4090.html"),
        ("Runs", "runs.html"),
        ("Compare", "compare.html"),
        *((f"Tried, {_short(found.machine.name)}", f"{slug}/tried.html") for slug, (_, found) in tried.items()),
        ("Wrong kernels", "mutants.html"),
        ("Data", "data.html"),
        ("Method", "method.html"),
    )


def _short(name: str) -> str:
    return " ".join(name.replace("NVIDIA", "").split()[:1]) or name


def site(
    evidence: Evidence,
    judged: Mapping[str, Judgement],
    views: pages.Views,
    found: Tried,
    beside: Iterable[tuple[str, Page]],
    mutants: Page,
    old: Path,
    pass_over: archive.PassOver = archive.refuse,
) -> Files:
    """Every file of the site by its path below html/; a run's page is taken from `old` if it was made of the same.

    `beside` are the devices' pages that are of no single run, by slug.
    """
    nav = navigation(evidence, found)
    made = {"html/index.html": index(evidence, judged, nav), "html/mutants.html": html_page(mutants, nav)}
    for slug, each in beside:
        written = _below(each, f"../{each.source}", slug)
        made[f"html/{written.stem}.html"] = html_page(written, nav)
    if not evidence.devices:
        return made
    made["html/answers.js"] = first_screen.script(evidence)
    root = [*pages.all_pages(evidence, judged, views), compared(views)]
    made |= {f"html/{each.stem}.html": html_page(each, nav) for each in root}
    for view in (view for runs in views.values() for view in runs):
        path = f"html/{view.machine.slug}/{view.stem}.html"
        try:
            made[path] = _kept(view, nav, old / path)
        except BadRecord as error:  # of the profile beside it
            pass_over(error)
    return made


def _below(written: Page, source: str, slug: str) -> Page:
    return Page(written.title, f"{slug}/{written.stem}", source, written.sections)


def _kept(view: View, nav: Nav, old: Path) -> str:
    """The run's page: the old one if all that it was made of is as it was, else a new one."""
    mark = f"<!-- of {_inputs(view, nav)} -->\n"
    if old.is_file():
        text = old.read_text(encoding="utf-8")
        if text.endswith(mark):
            return text
    source = f"../../../data/{view.machine.slug}/{view.file}"
    return html_page(_below(page(view.record, source), source, view.machine.slug), nav) + mark


def _inputs(view: View, nav: Nav) -> str:
    """A digest of what a run's page is made of: its record, the profiles beside it, the code, the navigation."""
    path = Path(view.record.path)
    of = hashlib.sha256(repr(nav).encode() + path.read_bytes())
    for other in sorted(path.parent.glob("*.profile.json")):
        of.update(other.read_bytes())
    of.update(_code().encode())
    return of.hexdigest()[:16]


@cache
def _code() -> str:
    """A digest of the code and the templates."""
    root = Path(__file__).parents[2]
    files = [each for room in ("reports", "suite", "backends") for each in (root / room).rglob("*.py")]
    files += (root / "reports" / "site" / "templates").glob("*")
    return hashlib.sha256(b"".join(each.read_bytes() for each in sorted(files))).hexdigest()


def index(evidence: Evidence, judged: Mapping[str, Judgement], nav: Nav) -> str:
    """The first page: the form and its answer, then what needs no choice."""
    sections: list[Section] = []
    if evidence.devices:
        sections += first_screen.situations(evidence)
        sections += [*for_good.overview(evidence.devices.values()), *regret.overview(judged.values())]
        worth = first_screen.verdicts(evidence)
        links = (
            Cell("Every backend: worth it, where it loses, what it costs", href="backends.html"),
            Cell("All runs and their history", href="runs.html"),
            Cell("The words and the method", href="method.html"),
        )
        sections.append(Section("torch.compile?", (worth.get("torch_compile", "Not measured."),), links=links))
        more = (Cell("All that is predicted, and how far off the model was", href="rtx4090.html"),)
        sections.append(Section("RTX 4090?", tuple(_rtx4090(evidence)), links=more))
    else:
        sections.append(Section("No run yet", ("`tox -e bench -- --publish` on a machine with a GPU adds the first.",)))
    written = Page("Which backend for C = diag(A) · B?", "index", pages.DATA_ROOT, tuple(sections))
    form = first_screen.form(evidence) if evidence.devices else None
    return template("index.html.j2", page=written, nav=nav, form=form, dict=dict, zip=zip)


def _rtx4090(evidence: Evidence) -> list[str]:
    """The prediction for the headline case, in the words of `select`."""
    return text(answer(evidence, Question(HEADLINE), RTX_4090.name)).splitlines()[:4]


def compared(views: pages.Views) -> Page:
    """Neighbouring runs and repeats, counts first, differences within the margin left out."""
    sections = []
    for runs in views.values():
        for new, old in pairwise(runs):
            try:
                sections.append(_comparison(old, new))
            except NotComparable:
                continue
    return Page("Runs compared with the ones before", "compare", pages.DATA_ROOT, tuple(sections))


def _comparison(old: View, new: View) -> Section:
    found = compare(old.record, new.record)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in found.counts.items())
    told = [row for row in found.rows if row.verdict in ("SLOWER", "FASTER")]
    rows = tuple((row.verdict, row.backend, row.case, row.series, *_numbers(row)) for row in told)
    tables = (Table(("verdict", "backend", "case", "series", "of the ceiling", "time, new / old"), rows, text=4),)
    repeat = "a repeat of the same commit" if old.machine.commit == new.machine.commit else "another commit"
    same = f"{found.new.path.rpartition('/')[2]} against {found.old.path.rpartition('/')[2]}, {repeat}"
    title = f"{new.machine.name}: {new.stem} against {old.stem}"
    return Section(title, (f"{counts}.", f"{same}. Only SLOWER and FASTER are listed."), tables=tables if rows else ())


def _numbers(row: Row) -> tuple[str, str]:
    return f"{percent(row.share_old)} → {percent(row.share_new)}", f"{row.ratio:.3f}"
