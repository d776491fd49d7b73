"""Locks that keep runs, profiles and variants apart: one per device, and one per folder of runs.

A lock ends with its process at the latest.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from backends import CannotDo

TURNS = "DIAGBENCH_TURNS"
"""The variable that names the lock by which ranks of one host take turns; unset where a run is by itself."""


class Busy(CannotDo):
    """Another run holds the device or the folder; the message is one line."""


@contextmanager
def device(uuid: str) -> Iterator[None]:
    """Within it the GPU of this UUID is this run's alone; others of the host stay free. Raises Busy."""
    path = Path(tempfile.gettempdir(), f"diagbench-{uuid}.lock")
    with suppress(OSError):  # it is there, another user's perhaps: to read it is enough
        handle = os.open(path, os.O_CREAT | os.O_EXCL, 0o644)
        os.fchmod(handle, 0o644)  # whatever the umask: another user's run has to read it
        os.close(handle)
    choice = "choose another by CUDA_VISIBLE_DEVICES"
    with _held(path, f"another run measures on the device {uuid}; let it end, or {choice}"):
        yield


@contextmanager
def folder(path: Path) -> Iterator[None]:
    """Within it no other run writes into the folder, so that none shares its journal. Raises Busy."""
    with _held(path, f"another run is writing to {path}; let it end, or choose another with --record"):
        yield


@contextmanager
def turn(*, alone: bool) -> Iterator[None]:
    """Within it this rank works beside others or, if alone, is the only one of its host that does; waits for it.

    Who waits to be alone holds the door, so that nobody who comes later goes before.
    """
    path = os.environ.get(TURNS)
    if not path:
        yield
        return
    room, door = (os.open(name, os.O_RDONLY | os.O_CREAT, 0o644) for name in (path, f"{path}.door"))
    try:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        yield
    finally:
        os.close(room)
        os.close(door)


@contextmanager
def _held(path: Path, otherwise: str) -> Iterator[None]:
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise Busy(f"the lock {path} cannot be opened: {error.strerror}; see to it, or set TMPDIR") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Busy(otherwise) from None
        yield
    finally:
        os.close(handle)
