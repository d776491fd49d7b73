"""The page of the row-sharded product: the document's own numbers, and a place in the index."""

from pathlib import Path
from typing import Any

import pytest

from reports.sections import scaling
from reports.site.rendering import publish
from reports.tests import factory
from suite.record.machine import Machine
from suite.record.measurement import Outcome
from suite.record.scaling import Broadcast, Dispatch, Scaled, Scaling
from suite.record.store import BadRecord, write_document

WHOLE = "8192x4096-float32-contiguous"


def row(contender: str, efficiency: float | None, **fields: Any) -> Scaled:
    known: dict[str, Any] = {"contender": contender, "way": "weak", "case": "4096x4096-float32-contiguous"}
    known |= {"whole": WHOLE, "together_s": 50e-6, "fastest_together_s": 40e-6, "rounds": 60}
    known |= {"launches_per_sample": 60, "buffer_sets": 3, "buffer_sets_needed": 3}
    if efficiency:
        known |= {"alone_s": 49e-6, "efficiency": efficiency, "efficiency_ci99": (efficiency - 0.01, efficiency + 0.01)}
    return Scaled(**(known | fields))


FOUND = Scaling(
    utc="2026-01-02T03:04:05+00:00",
    command="tox -e scaling -- --gpus all",
    machine=Machine.model_validate(factory.H100),
    ranks=2,
    hosts=1,
    collectives="nccl",
    rows=(
        row("triton_tuned", 0.997),
        row("torch_dtensor", 0.981),
        row("triton_tuned", None, way="strong"),
        row("triton_tuned", 0.997, in_place=True, whole="1621240x16384-float32-contiguous"),
    ),
    dispatches=(Dispatch(case="256x256-float32-contiguous", dtensor_s=70e-6, local_s=10e-6),),
    broadcasts=(Broadcast(whole=WHOLE, bytes=32768, method="cuda_events", seconds=25e-6, product_s=50e-6),),
    outcomes=(Outcome(backend="all", case=WHOLE, kind="no_memory", reason="it fits no rank alone"),),
)


def test_the_page_says_what_the_document_holds() -> None:
    said = " ".join(scaling.statements(FOUND))
    assert "efficiency on 2 devices is 0.997 for local shards; through DTensor 0.981." in said
    assert "strong" not in said.lower()
    first, _, last, in_place = scaling.rows_table(FOUND).rows
    assert in_place[0] == "weak, in place"
    assert first[4:] == ("50.0", "49.0", "0.997 [0.987, 1.007]", "1.250", "5,369")
    assert last[5:7] == ("–", "–")
    page = scaling.page(FOUND, "x.json")
    words = " ".join(text for section in page.sections for text in section.paragraphs)
    assert "So 60.0 µs are dispatch." in words
    assert "B of 1621240 × 16384 float32 is 99 GiB, and a device has 80 GiB: no single one holds it." in words
    assert "No number on this page is an RTX 4090's" in words
    assert scaling.broadcasts_table(FOUND).rows == (("8192 × 4096 float32", "32.0", "25.0", "50.0", "0.500"),)


def test_a_published_document_gets_its_page_and_lies_with_its_device(tmp_path: Path) -> None:
    data = tmp_path / "data"
    factory.write(data, factory.run())
    path = write_document(FOUND, data / FOUND.machine.slug)
    assert publish(data, tmp_path / "published") == 1
    place = f"{FOUND.machine.slug}/{scaling.stem(FOUND)}"
    assert (tmp_path / "published" / f"{place}.md").exists()
    assert (tmp_path / "published" / "html" / f"{place}.html").exists()
    assert f"{scaling.stem(FOUND)}.md" in (tmp_path / "published" / "README.md").read_text()
    (data / "elsewhere").mkdir()
    path.rename(data / "elsewhere" / path.name)
    with pytest.raises(BadRecord, match="belongs in"):
        publish(data, tmp_path / "published")
