"""Locks that keep runs, profiles and variants apart: one per device, and one per folder of runs.

A lock ends with its process at the latest.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import suppress
from pathlib import Path


class Busy(Exception):
    """Another run holds the device or the folder; the message is one line."""


def hold_device(uuid: str) -> int:
    """Take the GPU of this UUID until the returned handle is closed; others of the host stay free. Raises Busy."""
    path = Path(tempfile.gettempdir(), f"diagbench-{uuid}.lock")
    with suppress(OSError):  # it is there, another user's perhaps: to read it is enough
        handle = os.open(path, os.O_CREAT | os.O_EXCL, 0o644)
        os.fchmod(handle, 0o644)  # whatever the umask: another user's run has to read it
        os.close(handle)
    choice = "choose another by CUDA_VISIBLE_DEVICES"
    return _hold(path, f"another run measures on the device {uuid}; let it end, or {choice}")


def hold_folder(folder: Path) -> int:
    """Take the folder, so that no other run shares its journal, until the returned handle is closed. Raises Busy."""
    return _hold(folder, f"another run is writing to {folder}; let it end, or choose another with --record")


def _hold(path: Path, otherwise: str) -> int:
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise Busy(f"the lock {path} cannot be opened: {error.strerror}; see to it, or set TMPDIR") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise Busy(otherwise) from None
    return handle
