"""The site: every page as HTML that opens from disk, in an ignored folder, from published runs."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, pairwise
from pathlib import Path

from reports import archive
from reports.answers.compare import NotComparable, Row, compare
from reports.answers.evidence import Device, Evidence, dump
from reports.answers.regret import Judgement
from reports.document import Cell, Page, Section, Table
from reports.kept import Kept
from reports.sections import for_good, nvbench, regret
from reports.site import first_screen, interactive, pages
from reports.site.layout import Files, Nav, html_page, template
from reports.site.page import page
from reports.units import label, percent
from reports.view import View
from suite.cases import parse
from suite.record.store import BadRecord
from suite.record.variants import Variants

NEIGHBOURS = 8
"""So many pairs of a device's newest runs are compared; `tox -e compare` compares any two."""

Tried = Mapping[str, tuple[str, Variants]]


def navigation(evidence: Evidence, tried: Tried) -> Nav:
    """What every page leads to."""
    tried_on = {slug: found.machine.name for slug, (_, found) in tried.items()}
    short = short_names(list(dict.fromkeys((*(each.name for each in evidence.devices.values()), *tried_on.values()))))
    gpus = ((short[each.name], f"gpu-{slug}.html") for slug, each in evidence.devices.items())
    return (
        ("diagbench", "index.html"),
        *gpus,
        ("Backends", "backends.html"),
        ("RTX 4090 (predicted)", "rtx4090.html"),
        ("Runs", "runs.html"),
        ("Compare", "compare.html"),
        *((f"Tried, {short[name]}", f"{slug}/tried.html") for slug, name in tried_on.items()),
        ("Wrong kernels", "mutants.html"),
        ("Data", "data.html"),
        ("Method", "method.html"),
    )


MAKERS = re.compile(r"NVIDIA|GeForce|Tesla|\(R\)|\(TM\)")
MEMORY = re.compile(r"[ -](PCIe|SXM\d?|NVL|\d+GB).*")


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Each GPU as one speaks of it: without its maker, and without its memory unless that tells it from another."""
    short = {name: " ".join(MAKERS.sub("", name).split()) or name for name in names}
    shorter = {name: MEMORY.sub("", each) or each for name, each in short.items()}
    alike = Counter(shorter.values())
    return {name: short[name] if alike[shorter[name]] > 1 else shorter[name] for name in names}


def site(
    evidence: Evidence,
    judged: Mapping[str, Judgement],
    views: pages.Views,
    held_out: pages.Views,
    found: Tried,
    beside: Iterable[tuple[str, Page]],
    mutants: Page,
    kept: Kept,
    pass_over: archive.PassOver = archive.refuse,
) -> Files:
    """Every file of the site by its path below html/; what is made of the same as before is `kept`.

    `held_out` are the runs of the held-out sweeps, `beside` the devices' pages that are of no single run, by slug.
    """
    nav = navigation(evidence, found)
    beside = list(beside)
    timers = tuple(
        Cell(each.title, href=f"{slug}/{each.stem}.html") for slug, each in beside if each.stem == nvbench.STEM
    )
    made = {"html/index.html": index(evidence, judged, nav), "html/mutants.html": html_page(mutants, nav)}
    for slug, each in beside:
        written = _below(each, f"../{each.source}", slug)
        made[f"html/{written.stem}.html"] = html_page(written, nav)
    if not evidence.devices:
        return made
    made["html/answers.js"] = kept.text("answers", (dump(evidence),), lambda: first_screen.script(evidence))
    made |= dict(_of_gpus(evidence, judged, views, held_out, nav, kept))
    root = [*pages.all_pages(evidence, views, timers), compared(views, kept)]
    made |= {f"html/{each.stem}.html": html_page(each, nav) for each in root}
    for view, after, before in _with_neighbours(views):
        try:
            made[f"html/{view.machine.slug}/{view.stem}.html"] = _of_run(view, _links(after, before), nav, kept)
        except BadRecord as error:  # of the profile beside it
            pass_over(error)
    return made


def _of_gpus(
    evidence: Evidence,
    judged: Mapping[str, Judgement],
    views: pages.Views,
    held_out: pages.Views,
    nav: Nav,
    kept: Kept,
) -> Iterator[tuple[str, str]]:
    """Each GPU's page, the script with its data, and the scripts that all of them load."""
    libraries = interactive.libraries(kept)
    yield from ((f"html/{name}", text) for name, text in libraries.items())
    for slug, device in evidence.devices.items():
        sweeps = " ".join(view.run.sweep for view in views[slug])
        newest = views[slug][0]
        dumped = dump(Evidence({slug: device}))
        scripts = (f"gpu-{slug}.js", *libraries)
        texts = (repr(nav), repr(scripts), dumped, repr(judged[slug]), sweeps)
        held = held_out.get(slug, ())
        make = partial(_gpu, device, judged[slug], views[slug], held, nav, scripts)
        runs = chain.from_iterable(map(read, (newest, *held)))
        yield f"html/gpu-{slug}.html", kept.text(f"gpu-{slug}", chain(texts, runs), make)
        data = partial(interactive.script, device, newest, first_screen.run_links(evidence))
        yield f"html/gpu-{slug}.js", kept.text(f"data-{slug}", chain((dumped,), read(newest)), data)


def _gpu(
    device: Device, judged: Judgement, views: Sequence[View], held: Sequence[View], nav: Nav, scripts: Sequence[str]
) -> str:
    return html_page(pages.gpu(device, judged, views, held), nav, scripts)


def _below(written: Page, source: str, slug: str, beside: tuple[Cell, ...] = ()) -> Page:
    return Page(written.title, f"{slug}/{written.stem}", source, written.sections, beside)


def _with_neighbours(views: pages.Views) -> Iterator[tuple[View, View | None, View | None]]:
    """Every run with the one after it and the one before it on its device."""
    for runs in views.values():
        yield from zip(runs, (None, *runs[:-1]), (*runs[1:], None), strict=True)


def _links(after: View | None, before: View | None) -> tuple[Cell, ...]:
    found = (("← the run before", before), ("the run after →", after))
    return tuple(
        Cell(f"{words}, {each.record.utc:%Y-%m-%d %H:%M}", f"{each.stem}.html") for words, each in found if each
    )


def _of_run(view: View, beside: tuple[Cell, ...], nav: Nav, kept: Kept) -> str:
    """The run's page, of its record, the profiles beside it, its neighbours and the navigation."""
    source = f"../../../data/{view.machine.slug}/{view.file}"
    of: list[bytes | str] = [repr(nav), *(f"{link} {link.href}" for link in beside), *read(view)]
    make = partial(_run_page, view, source, beside, nav)
    return kept.text(f"{view.machine.slug}-{view.stem}", of, make)


def _run_page(view: View, source: str, beside: tuple[Cell, ...], nav: Nav) -> str:
    return html_page(_below(page(view.record, source, view=view), source, view.machine.slug, beside), nav)


def read(view: View) -> Iterator[bytes]:
    """The bytes of a run's record and of the profiles beside it, of which its page is made."""
    path = Path(view.record.path)
    yield path.read_bytes()
    for other in sorted(path.parent.glob("*.profile.json")):
        yield other.name.encode()
        yield other.read_bytes()


def index(evidence: Evidence, judged: Mapping[str, Judgement], nav: Nav) -> str:
    """The first page: the form and its answer, then what needs no choice."""
    sections: list[Section] = []
    if evidence.devices:
        sections += first_screen.situations(evidence)
        sections += [*for_good.overview(evidence.devices.values()), *regret.overview(judged.values())]
        sections += first_screen.questions(evidence)
    else:
        sections.append(Section("No run yet", ("`tox -e bench -- --publish` on a machine with a GPU adds the first.",)))
    written = Page("Which backend for C = diag(A) · B?", "index", pages.DATA_ROOT, tuple(sections))
    form = first_screen.form(evidence) if evidence.devices else None
    return template("index.html.j2", page=written, nav=nav, form=form, dict=dict, zip=zip)


def compared(views: pages.Views, kept: Kept) -> Page:
    """Neighbouring runs and repeats, counts first, differences within the margin left out."""
    words = f"Each run against the one before, {NEIGHBOURS} pairs of a device at most; `tox -e compare` takes any two."
    sections = [Section("What is compared", (words,))]
    for slug, runs in views.items():
        for new, old in pairwise(runs[: NEIGHBOURS + 1]):
            made_of = (Path(each.record.path).read_bytes() for each in (new, old))
            found = kept.files(f"compare-{slug}-{new.stem}", made_of, partial(_comparison, old, new))
            if found:
                sections.append(_compared(found, old, new))
    return Page("Runs compared with the ones before", "compare", pages.DATA_ROOT, tuple(sections))


def _comparison(old: View, new: View) -> Files:
    """The counts, and the rows beyond the margin as JSON; nothing where the two cannot be compared."""
    try:
        found = compare(old.record, new.record)
    except NotComparable:
        return {}
    told = [row for row in found.rows if row.verdict in ("SLOWER", "FASTER")]
    rows = [(row.verdict, row.backend, row.case, row.series, *_numbers(row)) for row in told]
    counts = ", ".join(f"{count} {verdict}" for verdict, count in found.counts.items())
    return {"counts": counts, "rows": json.dumps(rows)}


def _compared(found: Files, old: View, new: View) -> Section:
    rows = tuple((verdict, name, label(parse(case)), *rest) for verdict, name, case, *rest in json.loads(found["rows"]))
    tables = (Table(("verdict", "backend", "case", "series", "of the ceiling", "time, new / old"), rows, text=4),)
    repeat = "A repeat of the same commit" if old.machine.commit == new.machine.commit else "Another commit"
    title = f"{new.machine.name}: {_called(new)} against {_called(old)}"
    links = tuple(Cell(_called(each), f"{each.machine.slug}/{each.stem}.html") for each in (new, old))
    said = f"{repeat}. Only SLOWER and FASTER are listed."
    return Section(title, (f"{found['counts']}.", said), links=links, tables=tables if rows else ())


def _called(view: View) -> str:
    return f"{view.record.utc:%Y-%m-%d %H:%M}, {view.stem.partition('Z-')[2] or view.stem}"


def _numbers(row: Row) -> tuple[str, str]:
    return f"{percent(row.share_old)} → {percent(row.share_new)}", f"{row.ratio:.3f}"
