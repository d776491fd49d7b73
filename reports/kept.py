"""What a rendering made, kept for as long as all that it was made of is the same; and how it takes its place.

What is made is staged inside the folder of pages, and is moved into place when all is made. So an error in any record
leaves the old pages as they were, and hundreds of pages need not be held in memory.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from suite.record.store import CannotWrite

Files = dict[str, str]
"""Path below the target, with slashes -> text."""

FOLDER = "html/.made"
"""Beside the pages and as little committed: who deletes html/ has all of it made anew."""


class Kept:
    """One rendering's files; each of its steps is asked for by its name and by all that it is made of, beside the code.

    A file whose text is there already is not touched.
    """

    def __init__(self, published: Path, staged: Path) -> None:
        self.published, self.staged = published, staged
        self._names: set[str] = set()  # of all files that belong to this rendering

    def put(self, name: str, text: str) -> None:
        """Write a file, unless its very text is there."""
        self._names.add(name)
        path = self.staged / name
        if text == self._there(name):
            path.unlink(missing_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")

    def stay(self, name: str) -> None:
        """Let a file be as it is."""
        self._names.add(name)

    def read(self, name: str) -> str:
        """The text of a file as it was put, else as it is there; empty where there is none."""
        try:
            return (self.staged / name).read_text(encoding="utf-8")
        except OSError:
            return self._there(name) or ""

    def digest(self, name: str) -> str:
        """The SHA-256 of a file as it is there; empty where there is none."""
        try:
            return hashlib.sha256((self.published / name).read_bytes()).hexdigest()
        except OSError:
            return ""

    def files(self, name: str, inputs: Iterable[bytes | str], make: Callable[[], Files]) -> Files:
        """What the step made of the same inputs before, else what it makes now."""
        path, of = f"{FOLDER}/{name}.json", digest(inputs)
        try:
            before = json.loads(self.read(path) or "{}")
        except ValueError:
            before = {}
        if before.get("of") == of:
            self.stay(path)
            files: Files = before["files"]
        else:
            files = make()
            self.put(path, json.dumps({"of": of, "files": files}))
        return files

    def stale(self, name: str, inputs: Iterable[bytes | str]) -> bool:
        """Whether the step would make something now."""
        try:
            with open(self.published / f"{FOLDER}/{name}.json", encoding="utf-8") as file:
                return not file.read(100).startswith(f'{{"of": "{digest(inputs)}"')
        except (OSError, UnicodeDecodeError):
            return True

    def text(self, name: str, inputs: Iterable[bytes | str], make: Callable[[], str]) -> str:
        """The same for a step that makes one text."""
        return self.files(name, inputs, lambda: {"": make()})[""]

    def _there(self, name: str) -> str | None:
        try:
            return (self.published / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def take_their_places(self) -> None:
        """Move what was put to where it belongs."""
        for path in sorted(each for each in self.staged.rglob("*") if each.is_file()):
            target = self.published / path.relative_to(self.staged)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, target)

    def remove_others(self) -> None:
        """Take away what the data no longer call for, and the folders that this leaves empty."""
        for path in sorted(self.published.rglob("*"), reverse=True):
            if path.is_file() and path.relative_to(self.published).as_posix() not in self._names:
                path.unlink()
            elif path.is_dir() and path != self.staged and not any(path.iterdir()):
                path.rmdir()


@contextmanager
def rendering(published: Path) -> Iterator[Kept]:
    """A rendering into the folder; what is put takes its place only where asked to. Raises CannotWrite."""
    was_there = os.path.lexists(published)
    try:
        published.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=published, prefix=".partial-") as staged:
            yield Kept(published, Path(staged))
    except OSError as error:
        raise CannotWrite(f"cannot write to {published}: {error.strerror}") from None
    finally:
        if not was_there:
            with suppress(OSError):  # it holds something
                published.rmdir()


def digest(inputs: Iterable[bytes | str]) -> str:
    """One of all the inputs and of the code."""
    of = hashlib.sha256(code().encode())
    for each in inputs:
        part = each if isinstance(each, bytes) else each.encode("utf-8", "surrogatepass")
        of.update(len(part).to_bytes(8, "big") + part)
    return of.hexdigest()


@cache
def code(root: Path = Path(__file__).parents[1]) -> str:
    """A digest of the code and the templates, and of the versions of what draws and fills them in."""
    files = [each for room in ("reports", "suite", "backends") for each in (root / room).rglob("*.py")]
    files += (root / "reports" / "site" / "templates").glob("*")
    files += root.glob("constraints.txt")
    return hashlib.sha256(b"".join(each.read_bytes() for each in sorted(files))).hexdigest()
