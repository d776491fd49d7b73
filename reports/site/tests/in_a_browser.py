"""The site in a real browser, opened from disk: whole, accessible, offline, and with `select`'s own answers.

Its name keeps it out of `tox -e test`: axe takes seconds a page. `tox -e pages` names it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reports.answers.called import Question
from reports.answers.evidence import load
from reports.answers.select import answer
from reports.answers.words import text
from reports.places import DATA, EVIDENCE, PUBLISHED
from suite.cases import HEADLINE, Case

SITE = PUBLISHED / "html"
CHROMIUM = shutil.which("chromium")
PAGES = sorted(SITE.rglob("*.html"))

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here; Debian's package has it"),
    pytest.mark.skipif(not PAGES, reason="no site here; `tox -e report` builds it"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed; `tox -e pages` has it")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(params=[(1400, "light"), (1400, "dark"), (390, "light"), (390, "dark")], ids=str)
def context(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    width, scheme = request.param
    made = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme, offline=True)
    yield made
    made.close()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(SITE).as_posix())
def test_a_page_is_whole_and_accessible(path: Path, context: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    assert path.stat().st_size < 3_000_000
    page, said, asked = context.new_page(), [], []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert said == []
    assert [url for url in asked if not url.startswith("file:")] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = axe.Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    small = "[...document.querySelectorAll('body *')].filter(e => parseFloat(getComputedStyle(e).fontSize) < 11)"
    assert page.evaluate(f"{small}.map(e => e.outerHTML.slice(0, 80))") == []
    page.close()


def test_every_link_leads_to_a_file_and_an_anchor() -> None:
    from html.parser import HTMLParser

    class Links(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.links: list[str] = []
            self.ids: set[str] = set()

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            self.links += [given["href"] or ""] if tag == "a" and "href" in given else []
            self.ids |= {given["id"] or ""} if "id" in given else set()

    for path in PAGES:
        found = Links()
        found.feed(path.read_text(encoding="utf-8"))
        assert found.links
        for link in found.links:
            place, _, anchor = link.partition("#")
            assert (path.parent / place).exists() if place else anchor in found.ids, f"{path.name}: {link}"


def test_the_form_gives_what_select_does(browser: Any) -> None:
    evidence = load(PUBLISHED / EVIDENCE, DATA)
    assert evidence is not None
    context = browser.new_context(offline=True)
    page = context.new_page()
    for slug, device in evidence.devices.items():
        known = [case for case in (HEADLINE, Case(2400, 2400), Case(256, 256)) if case.id in device.cells["cold"]]
        for case in known:
            for called in ("graph-cold", "graph-hot", "launched", "once"):
                asked = f"device={slug}&shape={case.rows}x{case.cols}&dtype={case.dtype}&layout={case.layout}"
                page.goto(f"{(SITE / 'index.html').as_uri()}#{asked}&called={called}")
                page.reload()
                lines = page.locator("#answer p").all_inner_texts()
                said = text(answer(evidence, Question(case, called), slug)).splitlines()
                assert lines[0].startswith(said[0])
                assert lines[1:] == said[1:]
    context.close()


def test_without_a_script_the_answer_and_the_table_stand(browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto((SITE / "index.html").as_uri())
    assert page.locator("#answer p").count() > 1
    assert page.locator("table").count() > 0
    context.close()


def test_the_keyboard_reaches_every_control_and_table(browser: Any) -> None:
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto((SITE / "index.html").as_uri())
    wanted = page.locator("select, .wide").count()
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("(e => e.matches('select, .wide') && (e.id || e.ariaLabel))(document.activeElement)"))
    assert len(reached - {False}) == wanted
    context.close()
