"""The site in a real browser, opened from disk: whole, accessible, offline, and with `select`'s own answers.

Its name keeps it out of `tox -e test`: a browser takes seconds a page. `tox -e pages` names it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from reports import units
from reports.answers.called import Question
from reports.answers.evidence import Device, load
from reports.answers.select import answer
from reports.answers.words import text
from reports.places import DATA, EVIDENCE, PUBLISHED
from reports.site.first_screen import BADGES
from suite.cases import HEADLINE, Case, parse

SITE = PUBLISHED / "html"
CHROMIUM = shutil.which("chromium")
PAGES = sorted(SITE.rglob("*.html"))
STATES = [(1400, "light"), (1400, "dark"), (390, "light"), (390, "dark")]
A4 = {"width": 1047, "height": 718}
"""What A4 across leaves between margins of 10 mm, in CSS pixels of 1/96 inch."""

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here; Debian's package has it"),
    pytest.mark.skipif(not PAGES, reason="no site here; `tox -e report` builds it"),
]

SMALL_TEXT = """() => [...document.querySelectorAll("body *")].filter((e) => {
  if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) return false;
  const scale = e.ownerSVGElement ? e.ownerSVGElement.getScreenCTM().a : 1;
  return parseFloat(getComputedStyle(e).fontSize) * scale < 10.99;
}).map((e) => e.outerHTML.slice(0, 80))"""

HIGH_ROWS = """() => [...document.querySelectorAll("tbody tr")].filter((e) => {
  return !e.closest(".prose") && e.offsetHeight > 4.9 * parseFloat(getComputedStyle(e).lineHeight);
}).map((e) => e.outerHTML.slice(0, 80))"""

ALIKE = """() => document.querySelectorAll("tbody").forEach((body) => {
  const mark = (e) => e.tagName + e.className + (e.title ? "t" : "") + (e.textContent ? "" : "-");
  const seen = new Set();
  for (const row of [...body.rows]) {
    const cells = [...row.cells].map((e) => [e, ...e.children].map(mark).join());
    if (cells.every((each, at) => seen.has(at + each))) row.remove();
    else cells.forEach((each, at) => seen.add(at + each));
  }
})"""
"""Takes away the rows whose every cell is made and styled as one further up: axe judges marks and styles, not words,
and takes 25 s for the 20,000 cells of a run's page."""

CUT = """() => [...document.querySelectorAll("table, pre, figure > *")].filter(
  (e) => e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 1
).map((e) => e.outerHTML.slice(0, 120))"""

OVER = """() => innerWidth < 1400 ? [] : [...document.querySelectorAll(".wide")].filter(
  (e) => !e.closest("details") && e.scrollWidth > e.clientWidth + 1).map((e) => e.ariaLabel)"""
"""The tables that a wide screen does not show whole; those in folds hold all there is."""

BROKEN = """() => {
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode, parent = node.parentElement, range = document.createRange();
    if (parent.closest("pre, code, svg, script, style, select, noscript") || !parent.checkVisibility()) continue;
    const lines = (from, to) => { range.setStart(node, from); range.setEnd(node, to);
      return new Set([...range.getClientRects()].map((e) => Math.round(e.top))).size; };
    if (lines(0, node.length) < 2) continue;
    for (const { 0: word, index } of node.data.matchAll(/\\S+/g)) {
      if (word.length > 39 || lines(index, index + word.length) < 2) continue;
      for (const part of word.matchAll(/[^-\u2013/]+/g))
        if (lines(index + part.index, index + part.index + part[0].length) > 1) found.push(word);
    }
  }
  return found;
}"""
"""The words that a line's end cuts elsewhere than behind a hyphen or a slash; a commit's whole hash may be."""

CONTROL = "select, summary, .wide, figure, pre, input, button, a[href]"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed; `tox -e pages` has it")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(params=PAGES, ids=lambda path: path.relative_to(SITE).as_posix())
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture(params=[path for path in PAGES if path.name.startswith("gpu-")], ids=lambda path: path.name)
def gpu(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:
    made = browser.new_context(viewport={"width": 1400, "height": 844}, offline=True)
    yield made
    made.close()


def opened(context: Any, path: Path, *, folds_open: bool = True) -> tuple[Any, list[str]]:
    """The page, drawn, and what went wrong as it was: errors, and requests that left the disk."""
    page, wrong = context.new_page(), []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith("file:") else wrong.append(request.url))
    page.goto(path.as_uri())
    if folds_open:
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    return page, wrong


@pytest.mark.parametrize(("width", "scheme"), STATES)
def test_a_page_is_whole_and_accessible(path: Path, width: int, scheme: str, browser: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    assert path.stat().st_size < 3_000_000
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme, offline=True)
    page, wrong = opened(context, path)
    assert wrong == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(SMALL_TEXT) == []
    assert page.evaluate(HIGH_ROWS) == []
    assert page.evaluate(OVER) == []
    assert page.evaluate(BROKEN) == []
    page.evaluate(ALIKE)
    found = axe.Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    context.close()


def test_in_print_nothing_is_cut(path: Path, browser: Any) -> None:
    context = browser.new_context(viewport=A4, offline=True)
    page, _ = opened(context, path)
    page.emulate_media(media="print")
    assert page.evaluate(CUT) == []
    assert page.evaluate(BROKEN) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= A4["width"]
    context.close()


def test_the_keyboard_reaches_every_control_and_table(path: Path, context: Any) -> None:
    page, _ = opened(context, path, folds_open=False)
    page.evaluate(f"[...document.querySelectorAll('{CONTROL}')].forEach((e, at) => {{ e.dataset.at = at }})")
    wanted = page.evaluate("[...document.querySelectorAll('[data-at]')].filter((e) => e.checkVisibility()).length")
    reached = set()
    for _ in range(wanted + 5):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.dataset.at"))
    assert len(reached - {None}) == wanted


def test_every_link_leads_to_a_file_and_an_anchor(path: Path) -> None:
    links = values(path, "href")
    assert links
    for link in links:
        place, _, anchor = link.partition("#")
        target = (path.parent / unquote(place)).resolve() if place else path
        assert target.exists(), link
        if anchor and target != SITE / "index.html" and not anchor.startswith("case="):  # what a script reads
            assert anchor in values(target, "id"), link


@cache
def values(path: Path, attribute: str) -> frozenset[str]:
    """All values of an attribute in a page; what is text has no quotes that are not escaped."""
    found = re.findall(rf'\s{attribute}="([^"]*)"', path.read_text(encoding="utf-8"))
    return frozenset(map(unescape, found))


def test_the_form_gives_what_select_does(context: Any) -> None:
    evidence = load(PUBLISHED / EVIDENCE, DATA)
    assert evidence is not None
    page = context.new_page()
    asked = 0
    for slug, device in evidence.devices.items():
        known = [case for case in (HEADLINE, Case(2400, 2400), Case(256, 256)) if case.id in device.cells["cold"]]
        for case in known:
            for called in ("graph-cold", "graph-hot", "launched", "once"):
                question = f"device={slug}&shape={case.rows}x{case.cols}&dtype={case.dtype}&layout={case.layout}"
                page.goto(f"{(SITE / 'index.html').as_uri()}#{question}&called={called}")
                page.reload()
                lines = page.locator("#answer p").all_inner_texts()
                reply = answer(evidence, Question(case, called), slug)
                told = [line for line in text(reply).splitlines()[1:] if not line.startswith("evidence: ")]
                assert lines[0].startswith(f"{reply.backend} for {units.label(case)} on {device.name}, {reply.said}")
                assert lines[0].endswith(BADGES[reply.status])
                assert [line.lower() for line in lines[1:]] == [
                    line.removeprefix(f"{reply.status.upper()} ").lower() for line in told
                ]
                assert page.locator("#answer li").count() == len(reply.runs)
                asked += 1
    assert asked >= 20


def panel(page: Any, device: Device, at: int) -> tuple[Case, list[list[str]]]:
    """The case of the map's row, and the rows of its panel, opened by the keyboard."""
    button = page.locator("button.case").nth(at)
    label = button.inner_text()
    button.focus()
    page.keyboard.press("Enter")
    page.locator("dialog .chart svg").wait_for()
    rows = page.locator("dialog tbody tr")
    found = [rows.nth(row).locator("th, td").all_inner_texts() for row in range(rows.count())]
    return next(case for case in map(parse, device.cells["cold"]) if units.label(case) == label), found


@pytest.mark.parametrize(("width", "scheme"), STATES)
def test_a_case_in_full_holds_the_evidence_and_gives_the_keyboard_back(
    gpu: Path, width: int, scheme: str, browser: Any
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    evidence = load(PUBLISHED / EVIDENCE, DATA)
    assert evidence is not None
    device = evidence.devices[gpu.stem.removeprefix("gpu-")]
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme, offline=True)
    page, wrong = opened(context, gpu, folds_open=False)
    case, rows = panel(page, device, 4)
    cells = device.cells["cold"][case.id]
    assert {row[0] for row in rows} == set(cells)
    for name, shown, *_ in rows:
        seconds = [each for times in cells[name].times.values() for each in times]
        assert shown == units.span(*map(units.microseconds, (min(seconds), max(seconds))))
    assert page.evaluate(SMALL_TEXT) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()
    assert page.evaluate("document.activeElement.className") == "case"
    page.keyboard.press("Enter")
    page.locator("dialog .chart svg").wait_for()
    page.evaluate(ALIKE)
    found = axe.Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    assert wrong == []
    context.close()


def test_the_bandwidth_chart_draws_what_is_chosen_and_says_its_numbers(gpu: Path, context: Any) -> None:
    page, wrong = opened(context, gpu)
    page.locator(".live .chart svg").wait_for()
    before = page.locator(".live .chart svg").inner_html()
    page.get_by_label("dtype").last.select_option("bfloat16")
    page.get_by_label("shown").last.select_option("share")
    page.wait_for_function("(was) => document.querySelector('.live .chart svg')?.innerHTML !== was", arg=before)
    heads = page.locator(".live thead th").all_inner_texts()
    cells = page.locator(".live tbody tr", has_text="4096 × 4096 bfloat16").locator("th, td").all_inner_texts()
    share = float(dict(zip(heads, cells, strict=True))["triton_tuned"].replace(",", ""))
    assert 50 < share < 150
    assert page.locator("#bandwidth-by-size ~ .figures").is_hidden()
    page.emulate_media(media="print")
    assert page.locator("#bandwidth-by-size ~ .figures").is_visible()
    assert page.locator(".live .chart").is_hidden()
    assert wrong == []


def test_the_map_shows_other_measures_and_fewer_rows(gpu: Path, context: Any) -> None:
    page, _ = opened(context, gpu)
    rows = page.locator(".wide").first.locator("tbody tr")
    case, shown = rows.first.locator("th").inner_text(), rows.first.locator("td").first
    assert shown.inner_text()[:2] in ("1.", "2.")
    page.get_by_label("shown").first.select_option("us")
    evidence = load(PUBLISHED / EVIDENCE, DATA)
    assert evidence is not None
    name = page.locator(".wide").first.locator("thead th").nth(1).inner_text().replace("\n", "")
    cold = evidence.devices[gpu.stem.removeprefix("gpu-")].cells["cold"]
    times = next(cells[name].times for each, cells in cold.items() if units.label(parse(each)) == case)
    assert shown.inner_text().split()[0] == units.microseconds(max(s for each in times.values() for s in each))
    before = rows.locator("visible=true").count()
    page.get_by_label("dtype").first.select_option("float64")
    assert 0 < rows.locator("visible=true").count() < before


def test_without_a_script_the_figures_stand(gpu: Path, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    page, _ = opened(context, gpu, folds_open=False)
    assert page.locator("#bandwidth-by-size ~ .figures svg").first.is_visible()
    assert page.locator(".wide").first.is_visible()
    context.close()


def test_without_a_script_the_answer_and_the_table_stand(browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    page, _ = opened(context, SITE / "index.html", folds_open=False)
    assert page.locator("#answer p").count() > 1
    assert page.locator("table").count() > 0
    context.close()
