"""Figures: drawn for what was measured, each backend in its own colour, and those without a number in their place."""

import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from backends import CATALOGUE, Entry
from reports.figures import svg
from reports.figures.bandwidth import OTHERS, bandwidth
from reports.figures.curves import curves
from reports.figures.headline import headline
from reports.figures.of_run import figures
from reports.figures.strip import LENS, strip, top
from reports.tests import factory
from reports.view import TUNED, View
from suite.cases import HEADLINE, SWEEPS, Case


def made(tmp_path: Path, **parameters: Any) -> View:
    return factory.viewed(tmp_path, factory.run(**parameters))


def test_figures_are_drawn_for_what_was_measured(tmp_path: Path) -> None:
    assert [figure.name for figure in figures(made(tmp_path))] == ["headline"]
    several = figures(made(tmp_path, cases=SWEEPS["quick"], machine=factory.CPU))
    assert [figure.name for figure in several] == ["headline", "bandwidth-cold", "bandwidth-hot"]
    for figure in several:
        ElementTree.fromstring(figure.svg)
        assert "Some CPU" in figure.svg


def test_who_has_no_number_at_the_headline_is_in_the_headline_figure(tmp_path: Path) -> None:
    outcomes = [factory.outcome(), factory.outcome("elsewhere", case=Case(8, 8).id)]
    outcomes += [factory.outcome("absent", kind="unavailable")]
    figure = headline(made(tmp_path, cases=(HEADLINE,), outcomes=outcomes))
    assert figure is not None
    assert "triton_baseline" in figure.svg
    assert "elsewhere" not in figure.svg
    assert "absent" not in figure.svg


def test_an_interval_that_claims_nothing_is_drawn_to_the_scale_s_end(tmp_path: Path) -> None:
    raw = factory.run(cases=(HEADLINE,))
    for bench in raw["benchmarks"]:
        if bench["extra_info"].get("of_ceiling"):
            bench["extra_info"]["of_ceiling_ci99"] = [0.0, sys.float_info.max]
    figure = headline(factory.viewed(tmp_path, raw))
    assert figure is not None
    ElementTree.fromstring(figure.svg)


NAMED = {entry.name: entry.colour for entry in CATALOGUE if entry.colour}


def test_a_backend_has_one_colour_and_named_ones_differ() -> None:
    assert len(set(NAMED.values())) == len(NAMED)
    assert svg.colour("a_candidate") == svg.colour("a_candidate")
    assert not {*svg.SPARE, svg.MUTED} & set(NAMED.values())
    assert svg.MUTED not in svg.SPARE


def contrast(one: str, other: str) -> float:
    """By WCAG 2.1."""

    def luminance(shade: str) -> float:
        parts = [int(shade[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("ground", [svg.PAPER, svg.DARK_PAPER])
def test_every_mark_stands_out_from_either_ground(ground: str) -> None:
    marks = {*NAMED.values(), *svg.SPARE, svg.MUTED, svg.NEUTRAL}
    assert {shade: contrast(shade, ground) for shade in marks if contrast(shade, ground) < 3} == {}
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.fixture
def catalogued(monkeypatch: pytest.MonkeyPatch) -> None:
    """All backends of the factory's are in the catalogue, as no candidate's are."""
    entries = tuple(Entry(name, "", (), colour=NAMED.get(name, "")) for name in factory.FOURTEEN)
    monkeypatch.setattr(svg, "CATALOGUE", entries)


@pytest.mark.usefixtures("catalogued")
def test_the_tuned_backends_and_a_candidate_stand_out_from_the_rest() -> None:
    named = [name for name in factory.FOURTEEN if name in NAMED]
    assert set(TUNED) < set(NAMED)
    assert {svg.colour(name) for name in factory.FOURTEEN if name not in named} == {svg.MUTED}
    assert svg.colour("a_candidate") in svg.SPARE


@pytest.mark.usefixtures("catalogued")
def test_of_many_backends_the_bandwidth_figure_tells_apart_only_those_with_a_colour(tmp_path: Path) -> None:
    figure, _ = bandwidth(made(tmp_path, cases=SWEEPS["full"], backends=factory.FOURTEEN))
    assert all(name in figure.svg for name in factory.FOURTEEN if name in NAMED)
    assert "helion_rows" not in figure.svg
    assert OTHERS in figure.svg
    assert "Not drawn" in figure.svg
    assert "torch_diag_matmul<" in figure.svg  # named, since it is not drawn
    few, _ = bandwidth(made(tmp_path, cases=SWEEPS["full"]))
    assert OTHERS not in few.svg
    assert "Not drawn" not in few.svg


def test_the_headline_s_scale_begins_where_the_differences_are(tmp_path: Path) -> None:
    figure = headline(made(tmp_path, cases=(HEADLINE,), backends={"triton_tuned": 0.998, "torch_broadcast": 0.6}))
    assert figure
    ticks = re.findall(r'translate\((-?[\d.]+),[\d.]+\)"[^>]*>(\d+) %<', figure.svg)
    places = {int(label): float(place) for place, label in ticks}
    assert places[95] == pytest.approx(0, abs=1)
    assert places[100] > 350


def test_a_figure_of_a_page_is_no_wider_than_a_phone(tmp_path: Path) -> None:
    view = made(tmp_path, cases=SWEEPS["full"], backends=factory.FOURTEEN, series=("cold", "hot"))
    drawn = [each for each in figures(view) if each.on_page]
    drawn.append(curves("once", view.machine.name, "called once on tensors", {name: [1.0, 1.2] for name in NAMED}))
    assert len(drawn) == 3  # the bandwidth cold and hot, a curve
    assert all(float(ElementTree.fromstring(each.svg).attrib["width"]) <= 360 for each in drawn)


def test_a_strip_holds_the_share_where_its_scale_does(tmp_path: Path) -> None:
    view = made(tmp_path, backends={"triton_tuned": 0.998, "torch_broadcast": 0.6}, cases=(HEADLINE,))
    end = top(view.headline)
    ours, eager = (view.one("cold", name, HEADLINE.id) for name in ("triton_tuned", "torch_broadcast"))
    assert ours
    assert eager
    drawn, off = strip(ours, end), strip(eager, end)
    assert drawn
    assert drawn.at
    assert off
    assert drawn.low <= drawn.at <= drawn.high < 100
    assert drawn.at == pytest.approx(100 * (100 * (ours.of_ceiling or 0) - LENS) / (end - LENS), abs=0.1)
    assert (off.low, off.at, off.high) == (0, None, 0)


def test_an_empty_run_has_no_figures(tmp_path: Path) -> None:
    assert figures(made(tmp_path, cases=())) == ()
