"""nvbench's page: the same load by both timers, the causes of the rest, and who was left out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reports.sections import nvbench
from reports.site.rendering import publish
from reports.tests import factory
from suite.cases import HEADLINE
from suite.record import store
from suite.record.machine import Machine
from suite.record.measurement import Outcome
from suite.record.nvbench import Nvbench, Timed

US = 1e-6


def timed(backend: str, host_us: float = 8.0) -> Timed:
    own: dict[Any, float] = {"cold": 46.0, "hot": 45.0, "single": 47.0, "flushed": 50.0, "host": host_us}
    theirs: dict[Any, float] = {"cold": 51.0, "batch": 46.8, "rotating": 46.92}
    return Timed(
        backend=backend,
        case=HEADLINE.id,
        form="",
        rounds=80,
        own={load: each * US for load, each in own.items()},
        nvbench={load: each * US for load, each in theirs.items()},
    )


FOUND = Nvbench(
    utc=datetime(2026, 1, 2, tzinfo=UTC),
    command="tox -e nvbench",
    machine=Machine.model_validate(factory.H100),
    version="0.3.0",
    buffer_sets={HEADLINE.id: 3},
    timed=(timed("triton_tuned"), timed("slow_to_launch", host_us=60.0)),
    outcomes=(Outcome(backend="jax_jit", kind="unsupported", reason="a stream of its own"),),
)


def test_the_same_load_stands_beside_ours_and_the_host_s_pace_is_marked() -> None:
    ours, paced = nvbench.agreement_table(FOUND).rows
    assert ours[2:] == ("51.0", "1.0200", "46.8", "1.0400", "46.9", "1.0200")
    assert paced[2:] == ("51.0", "1.0200", "46.8", "1.0400 *", "46.9", "1.0200 *")
    cold, batch, rotating, left_out = nvbench._agreement(FOUND.timed)
    assert "agree within 2.0 %" in cold
    assert "1 comparisons agree within 4.0 %" in batch
    assert "the farthest triton_tuned at 4096 × 4096 float32" in rotating
    assert left_out.startswith("1 are left out")


def test_every_step_from_a_campaign_to_nvbench_is_a_ratio() -> None:
    (row, _) = nvbench.causes_table(FOUND).rows
    assert row[2:] == ("46.0", "1.022", "1.064", "1.020", "0.978", "1.040", "8.00")


def test_its_page_is_written_and_linked(tmp_path: Path) -> None:
    folder = tmp_path / "data" / FOUND.machine.slug
    factory.write(tmp_path / "data", factory.run())
    path = store.write_document(FOUND, folder)
    assert store.read_document(path, Nvbench) == FOUND
    publish(tmp_path / "data", tmp_path / "published")
    assert f"({FOUND.machine.slug}/nvbench.md)" in (tmp_path / "published" / "README.md").read_text()
    assert "a stream of its own" in (tmp_path / "published" / FOUND.machine.slug / "nvbench.md").read_text()
    method = (tmp_path / "published" / "html" / "method.html").read_text()
    assert f'href="{FOUND.machine.slug}/nvbench.html"' in method


def test_without_it_nothing_is_linked(tmp_path: Path) -> None:
    factory.write(tmp_path / "data", factory.run())
    publish(tmp_path / "data", tmp_path / "published")
    assert "nvbench" not in (tmp_path / "published" / "README.md").read_text()
