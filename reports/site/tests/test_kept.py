"""A page is made anew only when its inputs changed: the others are neither rendered nor touched."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from reports import kept
from reports.document import Page
from reports.site import ahead, page, run_pages
from reports.site.rendering import publish
from reports.tests import factory
from suite.cases import HEADLINE, Case

GPU = "html/nvidia-h100-80gb-hbm3"
OLD, NEW, NEXT = "20260102T030405Z-0123456", "20260203T030405Z-0123456", "20260304T030405Z-0123456"


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stems of the runs whose pages were rendered, as they are."""
    found: list[str] = []

    def counted(*given: Any, **named: Any) -> Page:
        made = page.page(*given, **named)
        found.append(made.stem)
        return made

    monkeypatch.setattr(run_pages, "page", counted)
    return found


def add(data: Path, stem: str) -> Path:
    utc = f"{stem[:4]}-{stem[4:6]}-{stem[6:8]}T03:04:05+00:00"
    return factory.write(data, factory.run(cases=(HEADLINE, Case(256, 256)), utc=utc), stem)


def times(published: Path) -> dict[str, int]:
    return {str(path.relative_to(published)): path.stat().st_mtime_ns for path in published.rglob("*.html")}


@contextmanager
def touched(published: Path) -> Iterator[set[str]]:
    """The pages that were written, or are gone, when it is left."""
    before, found = times(published), set[str]()
    yield found
    after = times(published)
    found |= {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test_a_new_run_costs_its_page_and_a_link_on_the_one_before(
    data: Path, published: Path, tmp_path: Path, rendered: list[str]
) -> None:
    add(data, NEW)
    publish(data, published)
    rendered.clear()
    with touched(published) as pages:
        publish(data, published)
    assert (rendered, pages) == ([], set())
    add(data, NEXT)
    with touched(published) as pages:
        publish(data, published)
    assert rendered == [NEXT]
    runs = {f"{GPU}/{stem}.html" for stem in (NEW, NEXT)}
    assert {each for each in pages if each.count("/") == 2} == runs
    assert f'href="{NEXT}.html"' in (published / GPU / f"{NEW}.html").read_text()
    assert {"html/gpu-nvidia-h100-80gb-hbm3.html", "html/runs.html", "html/data.html"} <= pages
    publish(data, tmp_path / "anew")
    assert factory.contents(published) == factory.contents(tmp_path / "anew")


def test_a_deleted_run_takes_its_page_along(data: Path, published: Path, rendered: list[str]) -> None:
    path = add(data, NEW)
    publish(data, published)
    rendered.clear()
    path.unlink()
    with touched(published) as pages:
        publish(data, published)
    assert rendered == []
    assert not (published / GPU / f"{NEW}.html").exists()
    assert not list(published.rglob(f"*{NEW}*"))
    assert f"{GPU}/{OLD}.html" in pages  # which led to it
    assert not any(name.startswith("html/some-cpu") for name in pages)


def test_a_profile_that_cannot_be_read_leaves_the_pages_of_its_runs_and_blocks_no_other(
    data: Path, published: Path, rendered: list[str]
) -> None:
    bad = data / "nvidia-h100-80gb-hbm3" / f"{OLD}.profile.json"
    bad.write_text("{")
    add(data, NEW)
    told: list[Exception] = []
    with touched(published) as pages:
        publish(data, published, told.append)
    assert {str(each).partition(":")[0] for each in told} == {str(bad)}
    assert f"{GPU}/{OLD}.html" not in pages
    assert "html/runs.html" in pages
    bad.unlink()
    publish(data, published)
    assert set(rendered) == {OLD, NEW}


def test_changed_code_or_a_changed_template_makes_all_anew(
    data: Path, published: Path, rendered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(data, published)
    assert rendered == []
    monkeypatch.setattr(kept, "code", lambda: "another")
    publish(data, published)
    assert sorted(rendered) == [OLD, OLD]


@pytest.mark.parametrize("place", ["reports/view.py", "reports/site/templates/style.css", "constraints.txt"])
def test_the_digest_of_the_code_changes_with_code_templates_and_versions(place: str, tmp_path: Path) -> None:
    for each in ("reports/view.py", "reports/site/templates/style.css", "constraints.txt"):
        path = tmp_path / each
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("one")
    before = kept.code(tmp_path)
    (tmp_path / place).write_text("other")
    kept.code.cache_clear()
    assert kept.code(tmp_path) != before
    kept.code.cache_clear()


@pytest.mark.parametrize(("python", "here"), [(sys.executable, 0), (shutil.which("false"), 3)])
def test_many_runs_are_begun_by_other_processes_and_without_them_here(
    python: str,
    here: int,
    data: Path,
    published: Path,
    rendered: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The pages are the same, with a record among them that none can read, and in a process that cannot begin."""
    add(data, NEW)
    (data / "some-cpu" / "broken.json").write_text("{")
    told: list[str] = []
    publish(data, published, lambda error: told.append(str(error)))
    rendered.clear()
    monkeypatch.setattr(ahead, "MANY", 2)
    monkeypatch.setattr(ahead, "PROCESSES", 2)
    monkeypatch.setattr(sys, "executable", python)
    publish(data, tmp_path / "anew", lambda error: told.append(str(error)))
    assert told[0] == told[1]
    assert len(rendered) == here
    anew = factory.contents(tmp_path / "anew")
    assert {name: text for name, text in factory.contents(published).items() if name in anew} == anew


def test_a_page_that_somebody_changed_or_took_away_is_made_again(data: Path, published: Path) -> None:
    path = published / GPU / f"{OLD}.html"
    whole = path.read_text()
    path.write_text(whole.replace("H100", "H200"))
    publish(data, published)
    assert path.read_text() == whole
    path.unlink()
    publish(data, published)
    assert path.read_text() == whole
