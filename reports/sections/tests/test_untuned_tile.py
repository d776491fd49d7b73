"""The RTX 4090's page holds the prediction beside the one published profile."""

from __future__ import annotations

from pathlib import Path

from reports.sections.untuned_tile import section
from reports.site.rendering import publish
from reports.tests import factory
from suite.evidence.untuned_tile import PUBLISHED, TILES


def test_prediction_publication_and_error_stand_side_by_side_for_every_counter() -> None:
    (table,) = section().tables
    assert [row[2] for row in table.rows] == [*PUBLISHED] * len(TILES)
    dram = next(row for row in table.rows if row[0] == TILES[1].config and row[2] == "dram__throughput")
    assert dram[3:] == ("%", "20.5 to 78.8", "20.6", "-0.6 % to +282.7 %")


def test_it_is_on_the_page_of_the_rtx_4090(tmp_path: Path) -> None:
    factory.write(tmp_path / "data", factory.run())
    publish(tmp_path / "data", tmp_path / "published")
    page = (tmp_path / "published" / "html" / "rtx4090.html").read_text()
    assert section().title in page
    assert "-0.6 % to +282.7 %" in page
