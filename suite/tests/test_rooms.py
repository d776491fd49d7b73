"""The rooms show themselves: what a room's docstring lists of its files is all of them."""

from __future__ import annotations

import re

import pytest

from suite import ROOT


@pytest.mark.parametrize("room", ["judge", "record", "scaling"])
def test_a_room_that_lists_its_files_lists_them_all(room: str) -> None:
    folder = ROOT / "suite" / room
    listed = set(re.findall(r"(?:^|; )(\w+)", (folder / "__init__.py").read_text(), re.MULTILINE))
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__", "typed"}
    assert files - listed == set()
