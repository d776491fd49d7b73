"""The catalogue is light, complete and honest about what is absent; and imports go one way through the rooms."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import backends
from backends import CATALOGUE, Entry, UnknownBackend, find, missing

ROOT = Path(backends.__file__).parent.parent
ARRAY_LIBRARIES = ("torch", "triton", "cupy", "numba", "jax", "numpy")
IMPORT_LIMIT_S = 0.05

TIMED_IMPORT = """
import sys, time
start = time.perf_counter()
import backends
print(time.perf_counter() - start, *(name for name in {libraries!r} if name in sys.modules))
"""


def import_in_a_fresh_process() -> tuple[float, list[str]]:
    """Seconds that `import backends` takes, and the array libraries it brought along."""
    script = TIMED_IMPORT.format(libraries=ARRAY_LIBRARIES)
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, *libraries = run.stdout.split()
    return float(seconds), libraries


def test_listing_the_backends_is_light() -> None:
    runs = [import_in_a_fresh_process() for _ in range(5)]
    assert all(libraries == [] for _, libraries in runs)
    assert min(seconds for seconds, _ in runs) < IMPORT_LIMIT_S


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


def imported_rooms(path: Path) -> set[str]:
    """The top-level packages that a file imports anywhere in it."""
    rooms: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            rooms |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            rooms.add(node.module.split(".")[0])
    return rooms


@pytest.mark.parametrize(("room", "above"), [("backends", {"suite", "reports"}), ("suite", {"reports"})])
def test_no_import_goes_upwards(room: str, above: set[str]) -> None:
    upward = {
        str(path.relative_to(ROOT)): found
        for path in (ROOT / room).rglob("*.py")
        if (found := imported_rooms(path) & above)
    }
    assert upward == {}
