"""The site: every page as HTML that opens from disk, in an ignored folder, from published runs."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import chain, pairwise
from pathlib import Path

from reports.answers.brief import Brief, Runs
from reports.answers.compare import NotComparable, Row, compare
from reports.answers.evidence import Device, Evidence, dump
from reports.answers.regret import Judgement
from reports.document import Cell, Page, Section, Table
from reports.kept import Kept
from reports.sections import for_good, nvbench, regret
from reports.site import downloads, first_screen, interactive, pages
from reports.site.layout import DATA_ROOT, Files, Nav, html_page, template
from reports.site.run_pages import below, made_of
from reports.units import label, percent
from suite.cases import parse
from suite.record.run import Record
from suite.record.store import content_of, read_run
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
    runs: Runs,
    held_out: Runs,
    nav: Nav,
    beside: Iterable[tuple[str, Page]],
    mutants: Page,
    kept: Kept,
) -> Files:
    """Every file of the site by its path below html/, but for the runs' own; made of the same as before, it is `kept`.

    `held_out` are the runs of the held-out sweeps, `beside` the devices' pages that are of no single run, by slug.
    """
    beside = list(beside)
    timers = tuple(
        Cell(each.title, href=f"{slug}/{each.stem}.html") for slug, each in beside if each.stem == nvbench.STEM
    )
    made = {"html/index.html": index(evidence, judged, nav), "html/mutants.html": html_page(mutants, nav)}
    for slug, each in beside:
        written = below(each, f"../{each.source}", slug)
        made[f"html/{written.stem}.html"] = html_page(written, nav)
    if not evidence.devices:
        return made
    made["html/answers.js"] = kept.text("answers", (dump(evidence),), lambda: first_screen.script(evidence))
    made |= dict(_of_gpus(evidence, judged, runs, held_out, nav, kept))
    root = [*pages.all_pages(evidence, runs, timers), compared(runs, kept)]
    return made | {f"html/{each.stem}.html": html_page(each, nav) for each in root}


def _of_gpus(
    evidence: Evidence, judged: Mapping[str, Judgement], runs: Runs, held_out: Runs, nav: Nav, kept: Kept
) -> Iterator[tuple[str, str]]:
    """Each GPU's page, its times and the script with its data, and the scripts that all of them load."""
    libraries = interactive.libraries(kept)
    yield from ((f"html/{name}", text) for name, text in libraries.items())
    for slug, device in evidence.devices.items():
        newest = runs[slug][0]
        yield f"html/{downloads.name(slug)}", downloads.times(device)
        dumped = dump(Evidence({slug: device}))
        scripts = (f"gpu-{slug}.js", *libraries)
        texts = (repr(nav), repr(scripts), dumped, repr(judged[slug]), *(run.sweep for run in runs[slug]))
        held = held_out.get(slug, ())
        read = chain.from_iterable(made_of(Path(run.path)) for run in (newest, *held))
        make = partial(_gpu, device, judged[slug], runs[slug], held, nav, scripts)
        yield f"html/gpu-{slug}.html", kept.text(f"gpu-{slug}", chain(texts, read), make)
        data = partial(interactive.script, device, newest, first_screen.run_links(evidence))
        yield f"html/gpu-{slug}.js", kept.text(f"data-{slug}", chain((dumped,), made_of(Path(newest.path))), data)


def _gpu(
    device: Device, judged: Judgement, runs: Sequence[Brief], held: Sequence[Brief], nav: Nav, scripts: Sequence[str]
) -> str:
    return html_page(pages.gpu(device, judged, runs, held), nav, scripts)


def index(evidence: Evidence, judged: Mapping[str, Judgement], nav: Nav) -> str:
    """The first page: the form and its answer, then what needs no choice."""
    sections: list[Section] = []
    if evidence.devices:
        sections += first_screen.situations(evidence)
        sections += [*for_good.overview(evidence.devices.values()), *regret.overview(judged.values())]
        sections += first_screen.questions(evidence)
    else:
        sections.append(Section("No run yet", ("`tox -e bench -- --publish` on a machine with a GPU adds the first.",)))
    written = Page("Which backend for C = diag(A) · B?", "index", DATA_ROOT, tuple(sections))
    form = first_screen.form(evidence) if evidence.devices else None
    return template("index.html.j2", page=written, nav=nav, form=form, dict=dict, zip=zip)


def compared(runs: Runs, kept: Kept) -> Page:
    """Neighbouring runs and repeats, counts first, differences within the margin left out."""
    words = f"Each run against the one before, {NEIGHBOURS} pairs of a device at most; `tox -e compare` takes any two."
    sections = [Section("What is compared", (words,))]
    for slug, each in runs.items():
        reading = lru_cache(maxsize=2)(read_run)  # the older of one pair is the newer of the next
        for new, old in pairwise(each[: NEIGHBOURS + 1]):
            paths = Path(old.path), Path(new.path)
            make = partial(_comparison, *paths, reading)
            found = kept.files(f"compare-{slug}-{new.stem}", map(content_of, reversed(paths)), make)
            if found:
                sections.append(_compared(found, old, new))
    return Page("Runs compared with the ones before", "compare", DATA_ROOT, tuple(sections))


def _comparison(old: Path, new: Path, reading: Callable[[Path], Record]) -> Files:
    """The counts, and the rows beyond the margin as JSON; nothing where the two cannot be compared."""
    try:
        newer = reading(new)  # first, so that it is not the one that the older takes the place of
        found = compare(reading(old), newer)
    except NotComparable:
        return {}
    told = [row for row in found.rows if row.verdict in ("SLOWER", "FASTER")]
    rows = [(row.verdict, row.backend, row.case, row.series, *_numbers(row)) for row in told]
    counts = ", ".join(f"{count} {verdict}" for verdict, count in found.counts.items())
    return {"counts": counts, "rows": json.dumps(rows)}


def _compared(found: Files, old: Brief, new: Brief) -> Section:
    rows = tuple((verdict, name, label(parse(case)), *rest) for verdict, name, case, *rest in json.loads(found["rows"]))
    tables = (Table(("verdict", "backend", "case", "series", "of the ceiling", "time, new / old"), rows, text=4),)
    repeat = "A repeat of the same commit" if old.machine.commit == new.machine.commit else "Another commit"
    title = f"{new.machine.name}: {_called(new)} against {_called(old)}"
    links = tuple(Cell(_called(each), f"{each.place}.html") for each in (new, old))
    said = f"{repeat}. Only SLOWER and FASTER are listed."
    return Section(title, (f"{found['counts']}.", said), links=links, tables=tables if rows else ())


def _called(run: Brief) -> str:
    return f"{run.utc:%Y-%m-%d %H:%M}, {run.stem.partition('Z-')[2] or run.stem}"


def _numbers(row: Row) -> tuple[str, str]:
    return f"{percent(row.share_old)} → {percent(row.share_new)}", f"{row.ratio:.3f}"
