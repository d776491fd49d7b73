"""Whether a backend is worth it, from made-up runs whose answer is known."""

from pathlib import Path
from typing import Any

import pytest

from reports.answers.condense import evidence
from reports.answers.evidence import Device
from reports.sections import worth
from reports.tests import factory
from suite.cases import HEADLINE, Case

CASES = (Case(256, 256), HEADLINE)
FAST = {"triton_tuned": 0.99, "torch_compile": 0.98, "torch_broadcast": 0.66}
SLOW = FAST | {"torch_compile": 0.49}


@pytest.fixture
def device(tmp_path: Path) -> Device:
    """Two runs of one commit: torch_compile is as fast as the best in one, at half its speed in the other."""
    told: dict[str, Any] = {"cases": CASES, "series": ("cold", "launch", "call")}
    for number, shares in enumerate((FAST, SLOW)):
        factory.write(tmp_path, factory.run(backends=shares, **told), f"2026010{number + 1}T000000Z-0123456")
    (found,) = evidence(tmp_path).devices.values()
    return found


def test_a_backend_is_judged_by_its_worst_run(device: Device) -> None:
    found = worth.worth(device, "torch_compile")
    assert (found.cases, len(found.good)) == (2, 0)
    assert found.of_eager == pytest.approx([0.66 / 0.49] * 2, rel=0.02)
    assert found.loses[0][1] == pytest.approx(0.99 / 0.49, rel=0.02)
    assert found.spread
    assert found.spread[1] == pytest.approx(2, rel=0.02)
    assert found.launch_s
    words = worth.verdict(found, "torch_compile")
    assert "as good as the best in 0 of 2 cases" in words
    assert "and more in 2 of 2" in words
    assert len(worth.worth(device, "triton_tuned").good) == 2


def test_every_backend_has_its_row_its_words_and_its_code(device: Device) -> None:
    table, *each = worth.sections([device])
    assert {row[0] for row in table.tables[0].rows} == set(FAST) == {section.title for section in each}
    assert {len(row) for row in table.tables[0].rows} == {len(table.tables[0].heads)}
    said = next(" ".join(section.paragraphs) for section in each if section.title == "torch_compile")
    assert "a launch costs the host" in said
    assert "Runs of one commit differ by up to 100 %" in said
    for section in each:
        assert Path(__file__).parents[3].joinpath(section.links[0]).is_file()
