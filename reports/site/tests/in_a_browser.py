"""The site in a real browser, opened from disk: whole, accessible, offline, and with `select`'s own answers.

Its name keeps it out of `tox -e test`: a browser takes seconds a page. `tox -e pages` names it.
"""

from __future__ import annotations

import contextlib
import re
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from reports import units
from reports.answers.called import Question
from reports.answers.evidence import load
from reports.answers.select import answer
from reports.answers.words import text
from reports.archive import run_files
from reports.places import DATA, EVIDENCE, PUBLISHED
from reports.site.first_screen import BADGES
from reports.site.tests import browser as shared
from reports.site.tests.browser import (
    A4,
    ALIKE,
    BROKEN,
    CONTROL,
    CUT,
    HIGH_ROWS,
    NEEDED,
    OVER,
    PAGES,
    SCHEMES,
    SITE,
    SMALL_TEXT,
    WIDTHS,
    opened,
)  # fmt: skip
from suite.cases import HEADLINE, Case
from suite.record.store import export, read_run

browser, context = shared.browser, shared.context
pytestmark = NEEDED


@pytest.fixture(params=PAGES, ids=lambda path: path.relative_to(SITE).as_posix())
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_is_whole_and_accessible(path: Path, width: int, browser: Any) -> None:
    """Colours alone differ between light and dark, so the places of things are looked at once."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    assert path.stat().st_size < 3_000_000
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme="light", offline=True)
    page, wrong = opened(context, path)
    assert wrong == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(SMALL_TEXT) == []
    assert page.evaluate(HIGH_ROWS) == []
    assert page.evaluate(OVER) == []
    assert page.evaluate(CUT) == []
    assert page.evaluate(BROKEN) == []
    page.evaluate(ALIKE)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        found = axe.Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        assert [(scheme, each["id"], each["nodes"][0]["html"]) for each in found] == []
        assert wrong == []
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


def test_the_lines_of_pandas_on_the_data_page_run(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed; `tox -e pages` has it")
    blocks = re.findall(r"<pre[^>]*><code>(.*?)</code>", (SITE / "data.html").read_text(encoding="utf-8"), re.DOTALL)
    every, one = (console(unescape(block)) for block in blocks)
    evidence = load(PUBLISHED / EVIDENCE, DATA)
    assert evidence is not None
    device = next(iter(evidence.devices.values()))
    table = ran(every, SITE)
    assert isinstance(table, pandas.DataFrame)
    for case, cells in device.cells["cold"].items():
        for backend, cell in cells.items():
            assert table.at[case, backend] == max(seconds for each in cell.times.values() for seconds in each)
    record = next(path for path in run_files(DATA))
    (tmp_path / "run.json").write_text(export(record), encoding="utf-8")
    shown = ran(one, tmp_path)
    benchmarks = read_run(record).benchmarks
    assert list(shown["extra_info.backend"]) == [each.measurement.backend for each in benchmarks]


def console(block: str) -> list[str]:
    """What is typed at Python's prompt."""
    return [line.removeprefix(">>> ") for line in block.splitlines() if line.startswith(">>> ")]


def ran(lines: list[str], folder: Path) -> Any:
    """What the last line gives, the others having run before it in the folder."""
    names: dict[str, Any] = {}
    with contextlib.chdir(folder):
        exec("\n".join(lines[:-1]), names)
        return eval(lines[-1], names)


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


@pytest.mark.parametrize(("width", "height"), [(1400, 900), (390, 844)])
def test_who_is_new_finds_the_first_answers_without_scrolling(width: int, height: int, browser: Any) -> None:
    context = browser.new_context(viewport={"width": width, "height": height}, offline=True)
    page, _ = opened(context, SITE / "index.html", folds_open=False)
    seen = "(e) => { const at = e.getBoundingClientRect(); return at.top >= 0 && at.bottom <= innerHeight }"
    box = page.locator("#answer")
    assert box.evaluate(seen)
    assert all(word in box.inner_text() for word in ("4096 × 4096 bfloat16", "H100", " µs", "2 runs", "bit-exact in"))
    page.get_by_label("rows × cols").select_option("2400x2400")
    page.get_by_label("how it is called").select_option("graph-hot")
    assert "2400 × 2400 bfloat16" in box.inner_text()
    assert box.evaluate(seen)
    page.reload()  # the address holds the question
    assert "2400 × 2400 bfloat16" in box.inner_text()
    for link, words in (
        ("Is torch.compile worth it?", "eager PyTorch's time"),
        ("What may an RTX 4090 do?", "PREDICTED"),
    ):
        page.goto((SITE / "index.html").as_uri())
        assert page.locator(".asks a", has_text=link).evaluate(seen)
        page.get_by_role("link", name=link).click()
        found = page.locator("section", has=page.get_by_role("heading", name=link)).locator("p").first
        assert words in found.inner_text()
        assert found.evaluate(seen)
    context.close()


def test_without_a_script_the_answer_and_the_table_stand(browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    page, _ = opened(context, SITE / "index.html", folds_open=False)
    assert page.locator("#answer p").count() > 1
    assert page.locator("table").count() > 0
    context.close()
