"""Reading a run: whatever is wrong with the file is one BadRecord of one line that names the file."""

import copy
import json
import lzma
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from reports.tests import factory
from suite.cases import HEADLINE
from suite.record import packed, store
from suite.record.measurement import Measurement
from suite.record.store import BadRecord, export, read_run

Damage = Callable[[dict[str, Any]], object]


def extra(raw: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = raw["benchmarks"][0]["extra_info"]
    return found


def machine(raw: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = raw["machine_info"]["diagbench"]
    return found


ENERGY = {"backend": "x", "case": HEADLINE.id, "joules_per_launch": 1.0, "launches": 1, "seconds": 0}

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
    "a peak of zero": lambda raw: machine(raw).update(peak_bytes_per_s=0),
    "a negative peak": lambda raw: machine(raw).update(peak_bytes_per_s=-1),
    "a peak without end": lambda raw: machine(raw).update(peak_bytes_per_s=10**400),
    "a memory of 10^400": lambda raw: machine(raw).update(memory_bytes=10**400),
    "a cache of no bytes": lambda raw: machine(raw).update(cache_bytes=0),
    "energy in no seconds": lambda raw: raw["diagbench"].update(energies=[ENERGY]),
    "a time of 1e308": lambda raw: extra(raw).update(median_s=1e308),
    "a negative margin": lambda raw: extra(raw).update(margin=-0.01),
    "a ratio of zero": lambda raw: extra(raw).update(ratio=0),
    "no rounds": lambda raw: extra(raw).update(rounds=0),
    "a row twice": lambda raw: raw["benchmarks"].append(raw["benchmarks"][0]),
    "the year 9999": lambda raw: raw.update(datetime="9999-01-01T00:00:00+00:00"),
    "an empty case": lambda raw: extra(raw).update(case="0x0-float32-contiguous", rows=0, cols=0, bytes_moved=0),
    "a time without the gate": lambda raw: extra(raw).update(gate="not_applicable"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_run_is_a_bad_record(what: str, tmp_path: Path) -> None:
    raw = factory.run()
    DAMAGE[what](raw)
    path = tmp_path / "run.json"
    path.write_text(json.dumps(raw))
    is_one_line_that_names(path)


def test_a_page_s_reading_without_samples_checks_the_names_too(tmp_path: Path) -> None:
    raw = factory.run()
    raw["benchmarks"][0]["fullname"] = {"a": 1}
    path = tmp_path / "run.json"
    path.write_text(json.dumps(raw))
    for samples in (False, True):
        with pytest.raises(BadRecord, match="fullname"):
            read_run(path, samples)


@pytest.mark.parametrize("depth", [200, 450, 900, 5000])
def test_what_is_nested_without_end_is_a_bad_record(depth: int, tmp_path: Path) -> None:
    raw = factory.run()
    extra(raw)["form"] = "DEEP"
    path = tmp_path / "run.json"
    path.write_text(json.dumps(raw).replace('"DEEP"', '{"a": ' * depth + "1" + "}" * depth))
    is_one_line_that_names(path)
    path.write_text(path.read_text().replace('{"a": ', "[").replace("}" * depth, "]" * depth))
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


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pipe", "pipe.json.xz"):
        os.mkfifo(tmp_path / name)
        is_one_line_that_names(tmp_path / name)
    (tmp_path / "zero.json.xz").symlink_to("/dev/zero")
    is_one_line_that_names(tmp_path / "zero.json.xz")
    is_one_line_that_names(Path("/dev/zero"))
    (tmp_path / "large").write_text("x" * 100)
    monkeypatch.setattr(store, "LARGEST_BYTES", 99)
    is_one_line_that_names(tmp_path / "large")


def test_a_few_bytes_that_unpack_to_many_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.json.xz"
    path.write_bytes(lzma.compress(b"[" + b" " * 10**6))
    monkeypatch.setattr(packed, "MOST_BYTES", 10**5)
    with pytest.raises(BadRecord, match="that any run has"):
        read_run(path)
    path.write_bytes(lzma.compress(b"[]", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}]))
    with pytest.raises(BadRecord, match=r"[Mm]emory"):
        read_run(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=5,
)
WHOLE = factory.run(samples=2)
PACKED = json.loads(lzma.decompress(packed.pack(WHOLE)))
EMPTY = packed.pack({"benchmarks": []})
VALUES = JSON | st.sampled_from(
    [10**400, -1, 0, 1e308, "\ud800", "\x1b[0m", "9999-12-31T23:59:59Z", "x" * 10**5, [0] * 9]
)
FEW = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def altered(data: st.DataObject, whole: dict[str, Any], value: object) -> dict[str, Any]:
    """The same with the value anywhere in it."""
    raw = copy.deepcopy(whole)
    at: Any = raw
    while True:
        key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if not isinstance(at[key], dict | list) or not at[key] or data.draw(st.integers(0, 5)) == 0:
            break
        at = at[key]
    at[key] = value
    return raw


def is_read_or_refused_in_one_line(path: Path) -> None:
    reads: list[Callable[[], str]] = [lambda: read_run(path).model_dump_json(), lambda: export(path)]
    for read in reads:
        said = str(path)
        try:
            read().encode()
        except BadRecord as bad:
            said = str(bad)
        assert str(path) in said
        assert len(said.splitlines()) == 1
        assert len(said) < 2000


PLAIN_OR_PACKED = [
    ("run.json", WHOLE, str.encode),
    ("run.json.xz", PACKED, lambda text: lzma.compress(text.encode(), preset=0)),
]


@pytest.mark.parametrize(("name", "whole", "written"), PLAIN_OR_PACKED, ids=["plain", "packed"])
@given(st.data(), VALUES)
@FEW
def test_a_run_with_anything_anywhere_is_read_or_refused_in_one_line(
    tmp_path: Path,
    name: str,
    whole: dict[str, Any],
    written: Callable[[str], bytes],
    data: st.DataObject,
    value: object,
) -> None:
    path = tmp_path / name
    path.write_bytes(written(json.dumps(altered(data, whole, value))))
    is_read_or_refused_in_one_line(path)


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 9))
@FEW
def test_a_packed_run_with_other_bytes_is_refused_in_one_line(tmp_path: Path, other: bytes, at: int, cut: int) -> None:
    path = tmp_path / "run.json.xz"
    path.write_bytes(EMPTY[:at] + other + EMPTY[at + cut :])
    is_read_or_refused_in_one_line(path)


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
