"""A page: nothing loaded from elsewhere, foreign text shown and not interpreted, and it says whose numbers they are."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from reports.site.layout import code, markdown
from reports.site.rendering import publish, render_run
from reports.tests import factory
from reports.tests.factory import contents
from suite.cases import HEADLINE, SWEEPS, Case
from suite.record.store import read_run
from suite.text import UNSHOWN

NASTY = "<script>alert('x')</script> & | `"

FOREIGN = "a\x1b[31m\x00\ud800``` <script>alert(1)</script> [/x] | \u202e"


def outside_code(markdown: str) -> str:
    """What is no code between fences of four backticks, which three do not end."""
    return "".join(markdown.split("````")[::2])


class Elements(HTMLParser):
    """What a browser would load or run, the elements left open, and the ids."""

    EMPTY = frozenset({"meta", "link", "br", "img", "hr", "input", "wbr"})

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [given["id"] or ""] if "id" in given else []
        if tag in {"script", "link", "img", "iframe", "object", "embed", "image", "use"} or "src" in given:
            self.loads.append(tag)
        self.loads += [f"{tag} {name}" for name in given if name.startswith("on")]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("machine", [factory.H100, factory.ADA])
def test_with_14_backends_a_page_still_says_whose_numbers_and_what_is_predicted(
    machine: dict[str, Any], tmp_path: Path
) -> None:
    told: dict[str, Any] = {"compiled": [factory.compiled(name) for name in ("triton_tuned", "helion_rows")]}
    raw = factory.run(machine=machine, cases=SWEEPS["full"], backends=factory.FOURTEEN, **told)
    page = render_run(read_run(factory.write(tmp_path, raw)), tmp_path / "to")
    for text in (page.read_text(), page.with_suffix(".md").read_text()):
        ours = machine is factory.ADA
        assert ("No number on this page is an RTX 4090" in text) is not ours
        assert ("Predicted for an RTX 4090 (no sm_89 device was measured)" in text) is not ours
        assert ("Compiled for sm_89, not measured" in text) is not ours
    assert all(f">{machine['name']}" in figure.read_text() for figure in page.parent.glob("*.svg"))


def test_heads_break_at_underscores_in_html_and_stay_text(tmp_path: Path) -> None:
    raw = factory.run(cases=(HEADLINE, Case(8192, 8192)), backends={"torch_<b>": 0.9, "triton_tuned": 0.99})
    page = render_run(read_run(factory.write(tmp_path, raw)), tmp_path / "to").read_text()
    assert "torch_<wbr>&lt;b&gt;</th>" in page


def test_foreign_text_reaches_no_page_as_it_is(tmp_path: Path) -> None:
    """As the name of a GPU, a reason and a command: no control character, no mark-up, no end of a fence."""
    outcome = {"backend": "x", "case": None, "series": None, "kind": "unavailable", "reason": FOREIGN}
    raw = factory.run(
        machine=factory.H100 | {"name": FOREIGN, "host_cpu": FOREIGN}, outcomes=[outcome], command=FOREIGN
    )
    publish(factory.write(tmp_path / "data", raw).parents[1], tmp_path / "published")
    for name, written in contents(tmp_path / "published").items():
        text = written.decode()
        assert not UNSHOWN.search(text), name
        if name.endswith((".md", ".html")):
            assert "<script>alert" not in outside_code(text), name


def test_one_run_renders_into_any_folder(data: Path, tmp_path: Path) -> None:
    record = read_run(next(data.glob("nvidia*/*.json")))
    page = render_run(record, tmp_path / "deep" / "local")
    assert page.suffix == ".html"
    assert page.with_suffix(".md").is_file()
    assert list(page.parent.glob("*-headline.svg"))


def test_a_run_in_which_nothing_got_to_a_number_has_a_page(tmp_path: Path) -> None:
    path = factory.write(tmp_path, factory.run(cases=(), outcomes=[factory.outcome(kind="crashed", reason="no luck")]))
    assert "no luck" in render_run(read_run(path), tmp_path / "to").read_text()


def test_the_html_page_is_well_formed_and_stands_alone(data: Path, tmp_path: Path) -> None:
    publish(data, tmp_path)
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 10
    for page in pages:
        elements = Elements()
        elements.feed(page.read_text())
        scripts = 2 if page.name == "index.html" else 3 if page.name.startswith("gpu-") else 0
        assert elements.loads == ["script"] * scripts  # data and what shows it; Vega-Lite
        assert elements.open == []
        assert len(set(elements.ids)) == len(elements.ids)
        assert "@import" not in page.read_text()


def test_names_and_reasons_are_shown_not_interpreted(tmp_path: Path) -> None:
    machine = {**factory.H100, "name": NASTY, "host_cpu": NASTY, "versions": {NASTY: NASTY}}
    backends = {NASTY: 0.9, "triton_tuned": 0.99}
    told: dict[str, Any] = {
        "outcomes": [factory.outcome(NASTY, reason=NASTY)],
        "compiled": [factory.compiled(NASTY, kernel=NASTY)],
    }
    raw = factory.run(machine=machine, cases=(HEADLINE, Case(8192, 8192)), backends=backends, sweep=NASTY, **told)
    page = render_run(read_run(factory.write(tmp_path, raw)), tmp_path / "to")
    elements = Elements()
    elements.feed(page.read_text())
    assert elements.loads == []
    assert elements.open == []
    assert "<script" not in page.with_suffix(".md").read_text()
    for figure in page.parent.glob("*.svg"):
        ElementTree.parse(figure)


def test_what_stands_in_backticks_is_code_and_nothing_else_is_mark_up() -> None:
    assert code("`tox -e compare` <b> takes `any") == "<code>tox -e compare</code> &lt;b&gt; takes `any"


def test_markdown_cells_stay_cells() -> None:
    assert markdown("a|b\nc") == "a\\|b c"
    assert markdown("triton_tuned [99.6, 99.7]") == "triton_tuned [99.6, 99.7]"


@pytest.mark.parametrize(("machine", "own"), [(factory.H100, False), (factory.CPU, False), (factory.ADA, True)])
def test_only_an_rtx_4090_s_page_holds_its_numbers(machine: dict[str, object], own: bool, tmp_path: Path) -> None:
    page = render_run(read_run(factory.write(tmp_path, factory.run(machine=machine))), tmp_path / "to").read_text()
    assert ("No number on this page is" in page) is not own
