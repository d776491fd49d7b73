"""The page of what was tried: made from made-up measurements, beside runs and without any."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from reports import archive
from reports.__main__ import main
from reports.answers.condense import runs
from reports.document import Table
from reports.sections import tried
from reports.site.rendering import publish
from reports.tests import factory
from reports.tests.factory import contents
from suite.cases import HEADLINE, Case
from suite.record.store import BadRecord
from suite.record.variants import Variants
from suite.variants.catalogue import CASES, VARIANTS

NARROW = Case(1048576, 7, "float16")
HALF = Case(4096, 4096, "float16")
SHARES = {
    HEADLINE: {"triton_tuned": 1.0, "block_512": 1.001, "block_64": 0.9, "uniform": 0.99},
    HALF: {"triton_tuned": 0.97, "block_512": 0.98, "block_64": 0.99, "uniform": 0.5},
    NARROW: {"triton_tuned": 0.99, "block_512": 0.95, "block_64": 0.98},
}
"""Case -> candidate -> share of the ceiling. The lead of block_64 in float16 is 2 % of the tuned kernel's time."""


def row(case: Case, series: str, name: str, share: float, tuned: float | None) -> dict[str, Any]:
    roles = {"triton_tuned": "reference", "ceiling_memcpy": "ceiling", "control_aa": "control"}
    lead = share / tuned if tuned else None
    return {
        "case": case.id,
        "series": series,
        "variant": name,
        "role": roles.get(name, "variant"),
        "of_ceiling": share,
        "of_ceiling_ci99": [share - 0.001, share + 0.001],
        "of_tuned": lead,
        "of_tuned_ci99": [lead - 0.002, lead + 0.002] if lead else None,
        "median_s": case.bytes_moved / 3e12 / share,
        "rounds": 40,
        "form": "dense streamed" if name == "triton_tuned" else "",
    }


def made(machine: Any = factory.H100, shares: Any = SHARES, **replaced: Any) -> dict[str, Any]:
    """A measurement's file as a dict: the cases cold, and the headline hot."""
    others = {"ceiling_memcpy": 1.0}
    rows = [
        row(case, series, name, share, of.get("triton_tuned"))
        for series, cases in (("cold", list(shares)), ("hot", [HEADLINE]))
        for case in cases
        for of in [shares[case]]
        for name, share in (of | others | ({"control_aa": of["triton_tuned"]} if "triton_tuned" in of else {})).items()
    ]
    return {
        "schema_version": 1,
        "utc": "2026-01-04T00:00:00Z",
        "command": "tox -e variants",
        "machine": machine,
        "variants": [
            {"name": name, "what": f"{name}, in words", "why": f"why {name}"} for name in list(SHARES[HALF])[1:]
        ],
        "cases": [{"series": "cold", "case": case.id, "why": f"why {case.id}"} for case in shares]
        + [{"series": "hot", "case": HEADLINE.id, "why": "the same, hot"}],
        "rows": rows,
        "outcomes": [
            {"backend": "uniform", "case": NARROW.id, "series": "cold", "kind": "unsupported", "reason": "no one row"},
            {"backend": "bad", "case": HEADLINE.id, "series": "cold", "kind": "incorrect", "reason": "5 are wrong"},
            {"backend": "bad", "case": HEADLINE.id, "series": "hot", "kind": "incorrect", "reason": "5 are wrong"},
        ],
        "seconds": 61.5,
        **replaced,
    }


def found(**replaced: Any) -> Variants:
    return Variants.model_validate_json(json.dumps(made(**replaced)))


def store(data: Path, raw: dict[str, Any], name: str = "20260104T000000Z-01234567.variants.json") -> Path:
    path = data / "nvidia-h100-80gb-hbm3" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(raw))
    return path


def column(table: Table, head: str) -> dict[str, str]:
    at = table.heads.index(head)
    return {line[0]: line[at] for line in table.rows}


def test_the_best_the_median_and_the_worst_share_of_each_variant() -> None:
    table = tried.variants_table(found())
    assert column(table, "cold: best") == {
        "block_512": "100.1",
        "block_64": "99.0",
        "uniform": "99.0",
        "triton_tuned": "100.0",
    }
    assert column(table, "cold: median") == {
        "block_512": "98.0",
        "block_64": "98.0",
        "uniform": "74.5",
        "triton_tuned": "99.0",
    }
    assert column(table, "cold: worst") == {
        "block_512": "95.0",
        "block_64": "90.0",
        "uniform": "50.0",
        "triton_tuned": "97.0",
    }
    assert column(table, "hot: worst")["block_64"] == "90.0"
    assert column(table, "why it was tried")["block_64"] == "why block_64"


def test_the_best_variant_of_each_case_is_counted_and_marked() -> None:
    assert (
        column(tried.variants_table(found()), "best variant in cases")["block_512"] == "2"
    )  # the headline, cold and hot
    table = tried.shares_table(found(), "cold")
    marked = {
        head: [line[0] for line in table.rows if line[i].endswith(tried.BEST)] for i, head in enumerate(table.heads)
    }
    assert marked == {
        "contender": [],
        "4096 × 4096 float32": ["block_512"],
        "4096 × 4096 float16": ["block_64"],
        "1048576 × 7 float16": ["block_64"],
    }
    assert column(table, "1048576 × 7 float16")["uniform"] == "–"


def test_the_statements_follow_from_the_numbers() -> None:
    said = list(tried.statements(found()))
    assert any(s.startswith("Cold: in 2 of 3 cases triton_tuned is within 0.5 %") for s in said)
    assert any(s.startswith("Hot: in 1 of 1 cases triton_tuned is within 0.5 %") for s in said)
    (behind,) = tried.behind_table(found()).rows
    assert behind == ("4096 × 4096 float16", "cold", "block_64", "dense streamed", "2.1 [1.9, 2.3]")
    (cold,) = (s for s in said if s.startswith("Cold, the one"))
    assert "block_512" in cold  # block_64 is 10 % behind at the headline
    assert "3.1 % behind" in cold


def test_a_slower_tuned_kernel_changes_the_statements() -> None:
    slower = {case: of | {"triton_tuned": 0.8} for case, of in SHARES.items()}
    said = list(tried.statements(found(shares=slower)))
    assert any(s.startswith("Cold: in 0 of 3 cases") for s in said)
    assert len(tried.behind_table(found(shares=slower)).rows) == 4


def test_without_the_tuned_kernel_nothing_is_said_of_it() -> None:
    alone = {case: {k: v for k, v in of.items() if k != "triton_tuned"} for case, of in SHARES.items()}
    said = list(tried.statements(found(shares=alone)))
    assert not any("cases" in s or s.startswith("At ") for s in said if not s.startswith(("Cold, the", "Hot, the")))


def test_what_failed_is_on_the_page_with_its_reason() -> None:
    (section,) = (each for each in tried.page(found(), "x").sections if each.title == "Not timed")
    assert ("bad", "incorrect", "5 are wrong", "4096 × 4096 float32 cold, 4096 × 4096 float32 hot") in section.tables[
        0
    ].rows
    assert section.tables[0].rows[0][:3] == ("uniform", "unsupported", "no one row")


def test_the_page_says_whose_numbers_it_holds() -> None:
    paragraphs = tried.page(found(), "x").sections[1].paragraphs
    assert any("No number on this page is an RTX 4090's" in each for each in paragraphs)
    ada = tried.page(found(machine=factory.ADA), "x")
    assert "RTX 4090" in ada.title
    assert not any("No number" in each for each in ada.sections[1].paragraphs)


def test_variants_are_no_run_and_have_a_page_that_the_index_links(tmp_path: Path) -> None:
    data = tmp_path / "data"
    factory.write(data, factory.run())
    store(data, made())
    assert len(runs(data)["nvidia-h100-80gb-hbm3"]) == 1
    assert publish(data, tmp_path / "published") == 1
    first = contents(tmp_path / "published")
    page = first["nvidia-h100-80gb-hbm3/tried.md"].decode()
    assert "block_64" in page
    assert "../../data/nvidia-h100-80gb-hbm3/20260104T000000Z-01234567.variants.json" in page
    assert "(nvidia-h100-80gb-hbm3/tried.md)" in first["README.md"].decode()
    publish(data, tmp_path / "published")
    assert contents(tmp_path / "published") == first


def test_variants_without_a_run_have_their_page_too(tmp_path: Path) -> None:
    store(tmp_path / "data", made())
    assert publish(tmp_path / "data", tmp_path / "published") == 0
    files = contents(tmp_path / "published")
    place = "nvidia-h100-80gb-hbm3/tried"
    assert {"README.md", f"{place}.md", "html/index.html", "html/mutants.html", f"html/{place}.html"} == set(files)
    assert "(nvidia-h100-80gb-hbm3/tried.md)" in files["README.md"].decode()


def test_the_newest_measurement_counts(tmp_path: Path) -> None:
    store(tmp_path, made(utc="2026-01-05T00:00:00Z"), "a.variants.json")
    store(tmp_path, made(), "b.variants.json")
    ((name, _),) = archive.tried(tmp_path).values()
    assert name == "a.variants.json"


def test_variants_of_another_device_or_cut_short_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = store(tmp_path, made(machine=factory.ADA))
    with pytest.raises(BadRecord, match="belongs in nvidia-geforce-rtx-4090/"):
        archive.tried(tmp_path)
    path.write_text(json.dumps(made())[:200])
    assert main(["render"], data=tmp_path, published=tmp_path / "published") == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "published").exists()


def test_all_variants_and_cases_make_a_page() -> None:
    noise = random.Random(1)
    shares = {
        case: {each.name: noise.uniform(0.9, 1.0) for each in VARIANTS} | {"triton_tuned": 0.95}
        for case in CASES["cold"]
    }
    page = tried.page(found(shares=shares), "x")
    (table,) = next(each for each in page.sections if each.title == "Share of the ceiling, cold").tables
    assert len(table.rows) == len(VARIANTS) + 3
    assert {len(line) for line in table.rows} == {len(CASES["cold"]) + 1}
