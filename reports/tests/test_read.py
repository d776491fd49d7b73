"""Reading a run: whatever is wrong with the file is one BadRecord of one line that names the file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from reports.tests import factory
from suite.cases import HEADLINE
from suite.record.measurement import Measurement
from suite.record.store import BadRecord, read_run

Damage = Callable[[dict[str, Any]], object]


def extra(raw: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = raw["benchmarks"][0]["extra_info"]
    return found


DAMAGE: dict[str, Damage] = {
    "another version": lambda raw: raw["diagbench"].update(schema_version=2),
    "no version": lambda raw: raw["diagbench"].pop("schema_version"),
    "not diagbench": lambda raw: raw.pop("diagbench"),
    "no benchmarks": lambda raw: raw.pop("benchmarks"),
    "benchmarks of another kind": lambda raw: raw.update(benchmarks=[1]),
    "no stats": lambda raw: raw["benchmarks"][0].pop("stats"),
    "stats of another kind": lambda raw: raw["benchmarks"][0].update(stats=[]),
    "samples of another kind": lambda raw: raw["benchmarks"][0].update(stats={"data": ["x"]}),
    "no machine": lambda raw: raw["machine_info"].pop("diagbench"),
    "no machine_info": lambda raw: raw.update(machine_info=None),
    "no date": lambda raw: raw.pop("datetime"),
    "a date that is none": lambda raw: raw.update(datetime="yesterday"),
    "a missing field": lambda raw: extra(raw).pop("median_s"),
    "an extra field": lambda raw: extra(raw).update(speed=1),
    "a field of another kind": lambda raw: extra(raw).update(rounds="many"),
    "a time of zero": lambda raw: extra(raw).update(median_s=0),
    "no number": lambda raw: extra(raw).update(of_ceiling=float("nan")),
    "an unknown verdict": lambda raw: extra(raw).update(verdict="WINNER"),
    "a time without the gate": lambda raw: extra(raw).update(gate="not_applicable"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_run_is_a_bad_record(what: str, tmp_path: Path) -> None:
    raw = factory.run()
    DAMAGE[what](raw)
    path = factory.write(tmp_path, raw) if "machine" not in what else tmp_path / "run.json"
    path.write_text(json.dumps(raw))
    is_one_line_that_names(path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe\x00", b'{"benchmarks": []}'])
def test_a_file_that_is_no_run_is_a_bad_record(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(content)
    is_one_line_that_names(path)


def test_a_file_cut_anywhere_is_a_bad_record(tmp_path: Path) -> None:
    whole = json.dumps(factory.run())
    path = tmp_path / "run.json"
    for length in range(0, len(whole), len(whole) // 23):
        path.write_text(whole[:length])
        is_one_line_that_names(path)


def test_a_missing_file_and_a_folder_are_bad_records(tmp_path: Path) -> None:
    is_one_line_that_names(tmp_path / "none.json")
    is_one_line_that_names(tmp_path)


def is_one_line_that_names(path: Path) -> None:
    with pytest.raises(BadRecord) as bad:
        read_run(path)
    assert str(path) in str(bad.value)
    assert len(str(bad.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["triton_tuned", factory.CONTROL])
def test_nothing_that_computes_a_product_holds_a_time_without_the_gate(name: str) -> None:
    entry = factory.measurement(factory.H100, HEADLINE, name, 1e-3, 0.9, 1.0, name, "cold")
    assert Measurement.model_validate(entry)
    with pytest.raises(ValidationError):
        Measurement.model_validate(entry | {"gate": "not_applicable"})
