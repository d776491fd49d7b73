"""One run measures on a device at a time, whatever folder it writes to; other devices of the host stay free."""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import suppress
from pathlib import Path


class DeviceBusy(Exception):
    """Another run measures on the device; the message is one line."""


def hold(uuid: str) -> int:
    """Take the device of this UUID until this process ends or closes what is returned. Raises DeviceBusy."""
    path = Path(tempfile.gettempdir(), f"diagbench-{uuid}.lock")
    with suppress(FileExistsError):  # another user's, perhaps: to read it is enough
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o644))
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise DeviceBusy(
            f"another run measures on the device {uuid}; let it end, or choose another by CUDA_VISIBLE_DEVICES"
        ) from None
    return handle
