"""What a step of rendering made, kept for as long as all that it was made of is the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

Files = dict[str, str]
"""Path below the target, with slashes -> text."""

FOLDER = "html/.made"
"""Beside the pages and as little committed: who deletes html/ has all of it made anew."""


class Kept:
    """The steps of one rendering; each is asked for by its name and by all that it is made of, beside the code."""

    def __init__(self, published: Path) -> None:
        self.published = published
        self.written: Files = {}  # what the next rendering finds

    def files(self, name: str, inputs: Iterable[bytes | str], make: Callable[[], Files]) -> Files:
        """What the step made of the same inputs before, else what it makes now."""
        path, of = f"{FOLDER}/{name}.json", _digest(inputs)
        try:
            text = (self.published / path).read_text(encoding="utf-8")
            before = json.loads(text)
        except (OSError, ValueError):
            before = {}
        if before.get("of") == of:
            files: Files = before["files"]
        else:
            files = make()
            text = json.dumps({"of": of, "files": files})
        self.written[path] = text
        return files

    def text(self, name: str, inputs: Iterable[bytes | str], make: Callable[[], str]) -> str:
        """The same for a step that makes one text."""
        return self.files(name, inputs, lambda: {"": make()})[""]


def _digest(inputs: Iterable[bytes | str]) -> str:
    of = hashlib.sha256(code().encode())
    for each in inputs:
        part = each if isinstance(each, bytes) else each.encode("utf-8", "surrogatepass")
        of.update(len(part).to_bytes(8, "big") + part)
    return of.hexdigest()


@cache
def code() -> str:
    """A digest of the code and the templates, and of the versions of what draws and fills them in."""
    root = Path(__file__).parents[1]
    files = [each for room in ("reports", "suite", "backends") for each in (root / room).rglob("*.py")]
    files += (root / "reports" / "site" / "templates").glob("*")
    files += root.glob("constraints.txt")
    return hashlib.sha256(b"".join(each.read_bytes() for each in sorted(files))).hexdigest()
