"""The catalogue is light, complete and honest about what is absent; and imports go one way through the rooms."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import backends
from backends import CATALOGUE, Entry, UnknownBackend, find, missing

ROOT = Path(backends.__file__).parent.parent
ARRAY_LIBRARIES = ("torch", "triton", "cupy", "numba", "jax", "numpy")


def test_listing_the_backends_imports_no_array_library() -> None:
    script = f"import backends, sys; print(*(name for name in {ARRAY_LIBRARIES!r} if name in sys.modules))"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)
def test_every_entry_has_its_module(entry: Entry) -> None:
    assert (ROOT / "backends" / f"{entry.name}.py").is_file()


def test_names_are_unique() -> None:
    names = [entry.name for entry in CATALOGUE]
    assert len(set(names)) == len(names)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownBackend, match=r"unknown backend nonesuch; choose from torch_broadcast, .*numba_cpu"):
        find(["torch_broadcast", "nonesuch"])


def test_find_keeps_the_order_of_the_catalogue() -> None:
    assert find() == CATALOGUE
    assert find(reversed([entry.name for entry in CATALOGUE])) == CATALOGUE


def test_every_colour_is_told_apart() -> None:
    colours = [entry.colour for entry in CATALOGUE if entry.colour]
    assert len({*colours}) == len(colours)
    assert all(entry.colour for entry in CATALOGUE if entry.ours or entry.baseline)


def test_there_is_one_baseline_and_it_is_everywhere() -> None:
    (baseline,) = [entry for entry in CATALOGUE if entry.baseline]
    for entry in CATALOGUE:
        assert {*entry.requires} >= {*baseline.requires}
        assert {*entry.devices} <= {*baseline.devices}
        assert {*entry.dtypes} <= {*baseline.dtypes}


def test_every_device_has_a_kernel_of_ours_that_the_control_doubles() -> None:
    devices = {device for entry in CATALOGUE for device in entry.devices}
    assert {device for entry in CATALOGUE if entry.ours and entry.controlled for device in entry.devices} == devices


def test_missing_names_the_absent_library() -> None:
    assert missing(replace(CATALOGUE[0], requires=("sys", "no_such_library"))) == ["no_such_library"]
