"""Where a run goes: a partial file until it is whole, then its record, never over another, and the user's own file."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suite.record import packed, store
from suite.record.store import PARTIAL, CannotWrite, lines

OPTION = "--benchmark-json"

ELSEWHERE = (Path("/var/tmp"), Path("/dev/shm"), Path.cwd())
"""Where a run is kept for which neither its folder nor TMPDIR has space."""


@dataclass(frozen=True)
class Destination:
    """The files of one run. pytest-benchmark writes `partial` alone, so that a file from before is never this run's."""

    partial: Path
    record: Path | None  # the run's own name in its folder
    own: Path | None  # what the user named by --benchmark-json

    def complete(self) -> Path:
        """Give the whole partial file its names, a published one packed; returns the record's, or the user's.

        Raises CannotWrite; then the partial file stays as it is.
        """
        try:
            run = json.loads(self.partial.read_text(encoding="utf-8"))
            if self.own is not None:
                store.write(self.own, lines(run))
            path = self.own if self.record is None else store.keep(self.record, _content(run, self.record))
        except (OSError, CannotWrite, packed.NotPacked) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise CannotWrite(f"{why}; the run is whole in {self.partial}") from None
        assert path is not None
        self.discard()
        return path

    def discard(self) -> None:
        """Take the partial file away."""
        with suppress(OSError):
            self.partial.unlink(missing_ok=True)

    def rescue(self, run: dict[str, Any]) -> Path:
        """Write the whole run where there still is space, and return where. Raises CannotWrite if nowhere is any."""
        self.discard()
        name = self.record or self.own
        assert name is not None
        text = lines(json.loads(json.dumps(run, default=str)))
        for place in (Path(tempfile.gettempdir()), *ELSEWHERE):
            with suppress(CannotWrite):
                return store.keep(place / f"{store.run_stem(name)}.json", text)
        raise CannotWrite(f"nor is there space in {tempfile.gettempdir()}, {', '.join(map(str, ELSEWHERE))}")


def of(folder: Path | None, stem: str, own: Path | None, ending: str = ".json") -> Destination | None:
    """The Destination of a run of this stem in the folder, and in the user's own file; None for neither.

    Raises CannotWrite where the own file could not be written, before anything is measured.
    """
    if own is not None:
        _require_a_file(own)
        store.require_writable(own.parent, OPTION)
    if folder is not None:
        _remove_what_was_cut_short(folder)
        return Destination(folder / f".{stem}{PARTIAL}", folder / f"{stem}{ending}", own)
    return None if own is None else Destination(own.with_name(f".{os.getpid()}{PARTIAL}"), None, own)


def _require_a_file(own: Path) -> None:
    """Raises CannotWrite for what is no regular file, nor could become one."""
    if not os.path.isdir(own.parent):
        raise CannotWrite(f"{OPTION}: there is no folder {own.parent}; make it, or choose another")
    try:
        if not stat.S_ISREG(own.stat().st_mode):
            raise CannotWrite(f"{OPTION}: {own} is no regular file; choose another")
    except FileNotFoundError:
        pass
    except OSError as error:
        raise CannotWrite(f"{OPTION}: cannot write {own}: {error.strerror}; choose another") from None


def _remove_what_was_cut_short(folder: Path) -> None:
    """The partial files of killed runs go; one that holds a whole run stays."""
    for path in folder.glob(f".*{PARTIAL}"):
        try:
            store.read_run(path)
        except store.BadRecord:
            with suppress(OSError):
                path.unlink()


def _content(run: dict[str, Any], name: Path) -> str | bytes:
    """What the run's file holds: packed, if its name says so."""
    return packed.pack(run) if name.name.endswith(packed.SUFFIX) else lines(run)
