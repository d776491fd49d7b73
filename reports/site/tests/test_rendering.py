"""The pages: the same bytes for the same data, one for every run, the old ones kept on any error."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.site.build import short_names
from reports.site.rendering import publish
from reports.tests import factory
from reports.tests.factory import contents
from suite.cases import HEADLINE, Case
from suite.record.store import CannotWrite

ROOT = Path(__file__).parents[3]


def one_line(text: str) -> bool:
    return len(text.splitlines()) == 1 and "Traceback" not in text


def test_the_same_data_give_the_same_bytes(data: Path, published: Path, tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from reports.site.rendering import publish; publish(*map(pathlib.Path, sys.argv[1:]))"
    )
    subprocess.run([sys.executable, "-c", script, data, tmp_path / "there"], check=True, cwd=ROOT)
    assert contents(published) == contents(tmp_path / "there")


def test_what_is_kept_is_made_anew_where_its_record_changed_or_it_is_gone(
    data: Path, published: Path, tmp_path: Path
) -> None:
    before = contents(published)
    shutil.rmtree(published / "html")
    publish(data, published)
    assert contents(published) == before
    factory.write(data, factory.run(cases=(HEADLINE,), backends={"triton_tuned": 0.5}))
    publish(data, published)
    after = contents(published)
    publish(data, tmp_path / "anew")
    assert after == contents(tmp_path / "anew") != before


def test_every_run_has_its_page_and_the_index_links_to_it(data: Path, published: Path) -> None:
    files = contents(published)
    index = files["README.md"].decode()
    for record in data.rglob("*.json"):
        place = record.relative_to(data).with_suffix("")
        assert {f"html/{place}.html", f"{place}.md"} <= set(files)
        assert f"({place}.md)" in index
        assert f'href="{place}.html"' in files["html/runs.html"].decode()


def rows_of(index: str, start: str) -> list[str]:
    return [line for line in index.splitlines() if line.startswith(f"| {start}")]


def test_the_index_compares_devices_by_share_in_the_newest_run_that_has_the_headline_case(
    data: Path, tmp_path: Path
) -> None:
    later = factory.run(cases=(HEADLINE,), backends={"triton_tuned": 0.5}, utc="2026-02-01T00:00:00+00:00")
    without = factory.run(cases=(Case(256, 256),), utc="2026-03-01T00:00:00+00:00")
    factory.write(data, later, "later")
    factory.write(data, without, "without")
    publish(data, tmp_path)
    index = (tmp_path / "README.md").read_text()
    (h100,) = rows_of(index, "NVIDIA H100")
    assert "2026-02-01" in h100
    assert any(f"| {share:.1f} % [" in h100 for share in (49.8, 49.9, 50.0))  # as made up, less the factory's noise
    assert len(rows_of(index, "Some CPU")) == 1
    compared = index.partition("Share of the ceiling at")[2].partition("##")[0]
    assert "µs" not in compared
    assert [line.count("(newest)") for line in rows_of(index, "2026&#8209;0")] == [1, 0, 0, 1]


def test_the_index_shows_each_device_s_newest_headline_and_links_all_runs(data: Path, tmp_path: Path) -> None:
    factory.write(data, factory.run(utc="2026-02-01T00:00:00+00:00"), "later")
    publish(data, tmp_path)
    index = (tmp_path / "README.md").read_text()
    figures = [line.rpartition("(")[2].rstrip(")") for line in index.splitlines() if line[:2] == "!["]
    assert [figure.partition("/")[0] for figure in figures] == ["nvidia-h100-80gb-hbm3", "some-cpu"]
    assert figures[0].endswith("later-headline.svg")
    assert all((tmp_path / figure).is_file() for figure in figures)
    assert all(f"({path.relative_to(tmp_path)})" in index for path in tmp_path.glob("*/*.md"))


def test_publishing_touches_nothing_outside_its_folder(data: Path, tmp_path: Path) -> None:
    (tmp_path / "tried.md").write_text("by hand")
    publish(data, tmp_path / "published")
    assert (tmp_path / "tried.md").read_text() == "by hand"


def test_markdown_refers_only_to_figures_beside_it(published: Path) -> None:
    pages = list(published.glob("*/*.md"))
    assert len(pages) == 2
    for page in pages:
        figures = [line.rpartition("(")[2].rstrip(")") for line in page.read_text().splitlines() if line[:2] == "!["]
        assert figures
        assert all((page.parent / figure).is_file() for figure in figures)


def test_the_first_screen_shows_a_gpu_where_there_is_one(data: Path, tmp_path: Path) -> None:
    newer = factory.run(machine=factory.CPU, utc="2030-01-01T00:00:00+00:00")
    factory.write(data, newer, "20300101T000000Z-feedface")
    publish(data, tmp_path)
    assert "H100" in (tmp_path / "headline.svg").read_text()


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["NVIDIA H100 80GB HBM3", "NVIDIA H200"], ["H100", "H200"]),
        (["NVIDIA GeForce RTX 4090", "NVIDIA GeForce RTX 4080 SUPER"], ["RTX 4090", "RTX 4080 SUPER"]),
        (["NVIDIA A100-SXM4-80GB", "NVIDIA RTX 6000 Ada Generation"], ["A100", "RTX 6000 Ada Generation"]),
        (["NVIDIA H100 80GB HBM3", "NVIDIA H100 PCIe"], ["H100 80GB HBM3", "H100 PCIe"]),
        (["NVIDIA", "AMD EPYC 7763 64-Core Processor"], ["NVIDIA", "AMD EPYC 7763 64-Core Processor"]),
    ],
)
def test_a_gpu_is_called_by_the_name_that_tells_it_from_the_others(names: list[str], short: list[str]) -> None:
    assert list(short_names(names).values()) == short


def test_pages_without_a_record_are_removed(data: Path, published: Path) -> None:
    (data / "some-cpu" / "20260102T030405Z-0123456.json").unlink()
    publish(data, published)
    assert not (published / "some-cpu").exists()
    assert (published / "nvidia-h100-80gb-hbm3").exists()


def test_without_data_no_page_is_touched(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("published")
    with pytest.raises(CannotWrite, match="there is no run in"):
        publish(tmp_path / "none", tmp_path)
    assert contents(tmp_path) == {"README.md": b"published"}


def test_where_no_run_can_be_read_no_page_is_touched(data: Path, published: Path) -> None:
    before = contents(published)
    for path in data.rglob("*.json"):
        path.write_text("{")
    told: list[Exception] = []
    with pytest.raises(CannotWrite, match="there is no run in"):
        publish(data, published, told.append)
    assert len(told) == 2
    assert contents(published) == before


def test_a_broken_file_names_itself_and_blocks_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = factory.write(tmp_path / "data", factory.run())
    broken = good.with_name("broken.json")
    broken.write_text("{")
    published = tmp_path / "published"
    (published / good.parent.name).mkdir(parents=True)
    (published / good.parent.name / "broken.html").write_text("of before it broke")
    assert main(["render"], data=tmp_path / "data", published=published) == 1
    said = capsys.readouterr()
    assert "1 runs rendered" in said.out
    assert one_line(said.err)
    assert str(broken) in said.err
    names = {Path(name).name for name in contents(published)}
    assert {"broken.html", f"{good.stem}.html", "README.md"} <= names
    select = ["select", "--rows=4096", "--cols=4096", "--dtype=float32", "--called=graph-cold"]
    assert main(select, data=tmp_path / "data", published=tmp_path / "none") == 0
    assert str(broken) in capsys.readouterr().err


def damage(path: Path, how: str) -> None:
    whole = path.read_text()
    raw = json.loads(whole)
    if how == "truncated":
        path.write_text(whole[:-100])
    elif how == "other version":
        path.write_text(json.dumps(raw | {"diagbench": raw["diagbench"] | {"schema_version": 99}}))
    elif how == "not diagbench":
        path.write_text(json.dumps({"benchmarks": []}))
    elif how == "another device's folder":
        (path.parent.parent / "nvidia-geforce-rtx-4090").mkdir()
        path.rename(path.parent.parent / "nvidia-geforce-rtx-4090" / path.name)


@pytest.mark.parametrize("how", ["truncated", "other version", "not diagbench", "another device's folder"])
def test_one_bad_record_leaves_its_old_pages(
    how: str, data: Path, published: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(published)
    damage(data / "nvidia-h100-80gb-hbm3" / "20260102T030405Z-0123456.json", how)
    capsys.readouterr()
    assert main(["render"], data=data, published=published) == 1
    assert one_line(capsys.readouterr().err)
    after = contents(published)
    assert {
        name: after[name] for name in before if "h100" in name and "0102T030405Z-0123456" in name
    }.items() <= before.items()


def test_a_target_that_is_a_file_is_one_line(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "taken"
    target.write_text("mine")
    assert main(["render"], data=data, published=target) == 1
    assert one_line(capsys.readouterr().err)
    assert target.read_text() == "mine"
    run = next(data.rglob("*.json"))
    assert main(["render", "--run", str(run), "--to", str(target / "below")]) == 1
    assert one_line(capsys.readouterr().err)


@pytest.mark.parametrize("arguments", [["render", "--run", "x.json"], ["render", "--to", "x"], ["paint"], []])
def test_arguments_that_make_no_sense_are_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert one_line(capsys.readouterr().err)


def test_rendering_loads_no_array_library_but_numpy(data: Path, tmp_path: Path) -> None:
    run = next(data.rglob("*.json"))
    script = (
        "import sys; from reports.__main__ import main; code = main(sys.argv[1:]);"
        "sys.exit(code or ', '.join({'torch', 'triton', 'cupy', 'numba'} & set(sys.modules)) or None)"
    )
    command = [sys.executable, "-c", script, "render", "--run", str(run), "--to", str(tmp_path / "to")]
    subprocess.run(command, check=True, cwd=ROOT)
