"""A GPU's page in a real browser: what it draws is the evidence, by keyboard too, and stands without a script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reports import units
from reports.answers.condense import runs
from reports.answers.evidence import Device, load
from reports.archive import profile_beside
from reports.places import DATA, EVIDENCE, PUBLISHED
from reports.sections.why import profile_table
from reports.site.samples import histograms
from reports.site.tests import browser as shared
from reports.site.tests.browser import ALIKE, NEEDED, PAGES, SMALL_TEXT, STATES, opened
from suite.cases import HEADLINE, Case, parse
from suite.record.store import read_run

browser, context = shared.browser, shared.context
pytestmark = NEEDED


@pytest.fixture(params=[path for path in PAGES if path.name.startswith("gpu-")], ids=lambda path: path.name)
def gpu(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def panel(page: Any, device: Device, at: int) -> tuple[Case, list[list[str]]]:
    """The case of the map's row, and the rows of its panel, opened by the keyboard."""
    button = page.locator("button.case").nth(at)
    label = button.inner_text()
    button.focus()
    page.keyboard.press("Enter")
    page.locator("dialog .chart svg").nth(1).wait_for()
    rows = page.locator("dialog tbody").first.locator("tr")
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
    page.locator("dialog .chart svg").nth(1).wait_for()
    page.evaluate(ALIKE)
    found = axe.Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    assert wrong == []
    context.close()


def test_a_case_shows_its_samples_and_the_counters_where_they_were_taken(gpu: Path, context: Any) -> None:
    slug = gpu.stem.removeprefix("gpu-")
    run, case = runs(DATA)[slug][0], HEADLINE.id
    page, wrong = opened(context, gpu, folds_open=False)
    page.goto(f"{gpu.as_uri()}#case=cold/{case}")
    page.reload()
    charts = page.locator("dialog .chart svg")
    charts.nth(1).wait_for()
    held = histograms(read_run(Path(run.path)), ["cold"])["cold"][case]
    drawn = [name for name in held if page.locator("dialog .chart").nth(1).get_by_text(name, exact=True).count()]
    assert "triton_tuned" in drawn
    bars = sum(sum(count > 0 for count in held[name][2:]) for name in drawn)
    assert charts.nth(1).locator(".mark-rect path").count() == bars
    others = page.locator("dialog .note", has_text="Each bar counts rounds").inner_text()
    assert all(name in others for name in held if name not in drawn)
    profile = profile_beside(run.view.record)
    tables = page.locator("dialog table")
    if profile is None:
        assert page.locator("dialog", has_text="None were taken on this GPU").count() == 1
        assert tables.count() == 1
    else:
        assert profile[1].case == case
        rows = tables.nth(1).locator("tbody tr")
        shown = [tuple(rows.nth(at).locator("th, td").all_inner_texts()) for at in range(rows.count())]
        assert shown == [tuple(map(str, row)) for row in profile_table(run.view, profile[1]).rows]
        page.goto(f"{gpu.as_uri()}#case=hot/{case}")
        page.locator("dialog a", has_text="4096 × 4096 float32").click()
        assert page.url.endswith(f"#case=cold/{case}")
    assert wrong == []


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
    page.locator(".live .chart .mark-symbol.role-mark path").last.hover()
    tip = page.locator("#vg-tooltip-element")
    tip.wait_for()
    assert all(word in tip.inner_text() for word in ("bfloat16", "µs", "% of the best copy"))
    cell = page.locator(".wide").first.locator("td").first
    cell.hover()
    assert " µs in " in (cell.get_attribute("title") or "")
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
