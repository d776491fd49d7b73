"""Adding a backend is one file and one Entry: all else follows from the catalogue, and nothing else is edited."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import backends
from backends import Entry
from suite.cases import Case
from suite.check import gate, operands
from suite.device import provenance
from suite.worker.first_use import caches

NAME = "rich_outer"
RIGHT = "torch.mul(a[:, None], b, out=out)"
LEAVES_A_ROW = "torch.mul(a[1:, None], b[1:], out=out[1:]) is None or out"
MODULE = """
import rich, torch

def bind(a, b, out, stream):
    return lambda: {product}
"""
ENTRY = Entry(
    NAME,
    "a user's own",
    requires=("torch", "rich"),
    devices=("cpu",),
    distributions=("iniconfig", "nowhere-to-be-found"),
    caches=("RICH_CACHE_DIR",),
)
Add = Callable[[str], Entry]


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Add:
    """What takes the README's two steps: a file beside the backends that computes this product, and a row."""

    def added(product: str) -> Entry:
        (tmp_path / f"{NAME}.py").write_text(MODULE.format(product=product))
        monkeypatch.setattr(backends, "__path__", [*backends.__path__, str(tmp_path)])
        monkeypatch.setattr(backends, "CATALOGUE", (*backends.CATALOGUE, ENTRY))
        monkeypatch.setattr(backends, NAME, None, raising=False)  # the import sets it: undone with the rest
        monkeypatch.setitem(sys.modules, f"backends.{NAME}", sys)
        del sys.modules[f"backends.{NAME}"]
        return backends.find([NAME])[0]

    return added


def check(entry: Entry) -> backends.Enqueue:
    """The gate's answer for one small case on the CPU."""

    def bind(on: operands.Operands) -> backends.Launch:
        return backends.bind(entry, on.a, on.b, on.out)

    on = operands.allocate(Case(33, 17), torch.device("cpu"))
    return gate.check(on, entry, bind, lambda: None, seed=1)


def test_it_is_listed(add: Add) -> None:
    with pytest.raises(backends.UnknownBackend):
        backends.find([NAME])
    entry = add(RIGHT)
    assert entry in backends.find()
    assert backends.why_unavailable(entry, "cpu") == ""
    assert "cuda" in backends.why_unavailable(entry, "cuda")


def test_it_is_bound_and_names_its_form(add: Add) -> None:
    a, b, out = torch.tensor([2.0, 3.0]), torch.ones(2, 3), torch.zeros(2, 3)
    launch = backends.bind(add(RIGHT), a, b, out)
    assert launch.form == ""
    assert launch() is out
    assert out.tolist() == [[2.0] * 3, [3.0] * 3]


def test_it_passes_the_gate_if_it_is_right(add: Add) -> None:
    assert callable(check(add(RIGHT)))


def test_the_gate_refuses_it_if_it_is_wrong(add: Add) -> None:
    with pytest.raises(gate.Incorrect, match="row"):
        check(add(LEAVES_A_ROW))


def test_the_versions_of_its_libraries_are_recorded(add: Add) -> None:
    before = provenance.versions()
    assert "torch" in before
    assert not {"rich", "iniconfig"} & set(before)
    add(RIGHT)
    new = {name: importlib.metadata.version(name) for name in ("rich", "iniconfig")}
    assert provenance.versions() == before | new


def test_its_compilers_start_from_empty_caches(add: Add) -> None:
    before = caches(backends.CATALOGUE[0])
    entry = add(RIGHT)
    assert caches(entry) == (*before, "RICH_CACHE_DIR")
