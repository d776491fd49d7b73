"""What the tests in a browser share: the browser, a page opened in it, and what is asked of every page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reports.places import PUBLISHED

SITE = PUBLISHED / "html"
CHROMIUM = shutil.which("chromium")
PAGES = sorted(SITE.rglob("*.html"))
WIDTHS, SCHEMES = (1400, 390), ("light", "dark")
STATES = [(width, scheme) for width in WIDTHS for scheme in SCHEMES]
A4 = {"width": 1047, "height": 718}
"""What A4 across leaves between margins of 10 mm, in CSS pixels of 1/96 inch."""

NEEDED = [
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
  body.replaceChildren(...[...body.rows].filter((row) => {
    const cells = [...row.cells].map((e, at) => at + [e, ...e.children].map(mark).join());
    const another = cells.some((each) => !seen.has(each));
    cells.forEach((each) => seen.add(each));
    return another;
  }));
})"""
"""Takes away the rows whose every cell is made and styled as one further up. axe judges marks and styles, not words,
and takes 25 s for the 20,000 cells of a run's page."""

CUT = """() => [...document.querySelectorAll("table, pre, figure > *, p, h1, h2, li, summary, select, .wide")].filter(
  (e) => e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 1
    && (matchMedia("print").matches || !e.parentElement.closest(".wide"))
).map((e) => e.outerHTML.slice(0, 120))"""
"""What ends beyond the page's edge; on a screen a table may, in its place, which scrolls."""

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
