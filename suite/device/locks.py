"""Locks that keep runs, profiles and variants apart: one per device, and one per folder of runs.

A lock ends with its process at the latest.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from backends import CannotDo

TURNS = "DIAGBENCH_TURNS"
"""The variable that names the lock by which ranks of one host take turns; unset where a run is by itself."""


PLACES = (Path("/run/lock"), Path("/dev/shm"), Path("/tmp"))
"""Where the locks of devices lie: not in TMPDIR, which a job of Slurm has for itself as often as not."""

NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
"""What a file system says that keeps no locks, such as NFS without its lock service."""


class Busy(CannotDo):
    """Another run holds the device or the folder; the message is one line."""


@contextmanager
def device(uuid: str) -> Iterator[None]:
    """Within it the GPU of this UUID is this run's alone; others of the host stay free. Raises Busy."""
    choice = "choose another by CUDA_VISIBLE_DEVICES"
    with _held_everywhere(uuid, f"another run measures on the device {uuid}; let it end, or {choice}"):
        yield


@contextmanager
def folder(path: Path) -> Iterator[None]:
    """Within it no other run writes into the folder, so that none shares its journal. Raises Busy.

    Where the folder's file system keeps no locks, other hosts' runs are not seen.
    """
    busy = f"another run is writing to {path}; let it end, or choose another with --record"
    with ExitStack() as held:
        try:
            held.enter_context(_held(path, busy))
        except _NoLocks:
            name = hashlib.sha256(str(path.resolve()).encode(errors="surrogateescape")).hexdigest()[:16]
            held.enter_context(_held_everywhere(name, busy))
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
def _held_everywhere(name: str, otherwise: str) -> Iterator[None]:
    """Hold a lock of this name in every one of PLACES, for two runs may have only one of them in common."""
    paths = [place / f"diagbench-{name}.lock" for place in PLACES]
    for path in paths:
        with suppress(OSError):  # it is there, another user's perhaps: to read it is enough
            handle = os.open(path, os.O_CREAT | os.O_EXCL, 0o644)
            os.fchmod(handle, 0o644)  # whatever the umask: another user's run has to read it
            os.close(handle)
    paths = [path for path in paths if os.path.isfile(path) and os.access(path, os.R_OK)]
    if not paths:
        raise Busy(f"no lock can be made in any of {', '.join(map(str, PLACES))}; make one of them writable")
    with ExitStack() as held:
        for path in paths:
            held.enter_context(_held(path, otherwise))
        yield


class _NoLocks(Exception):
    """A file system that keeps no locks."""


@contextmanager
def _held(path: Path, otherwise: str) -> Iterator[None]:
    """Raises Busy, and _NoLocks."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise Busy(f"{path} cannot be opened, to lock it: {error.strerror}") from None
    try:
        _lock(handle, path, otherwise)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, path: Path, otherwise: str) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Busy(otherwise) from None
    except OSError as error:
        if error.errno in NO_LOCKS:
            raise _NoLocks from None
        raise Busy(f"{path} cannot be locked: {error.strerror}") from None
