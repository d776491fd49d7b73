"""What is said of a backend that raised: the kind of its outcome, and one line of reason."""

from __future__ import annotations

import errno
import os
import re
import sysconfig
import traceback
from pathlib import Path

import torch

import backends
import backends._candidate
from backends import Unavailable, Unsupported
from suite import ROOT
from suite.check import gate
from suite.measure import events, timing
from suite.record.measurement import OutcomeKind

COMPILERS_ERROR = re.compile(r"[:)] (?:fatal )?error:")
"""As g++ and nvcc write it: `main.cpp:5:3: error: ...`, `cuda.cu(12): error: ...`."""

LACK_OF_MEMORY = re.compile(
    r"(can't|cannot|unable to|failed to) allocate memory|out of memory|bad_alloc", re.IGNORECASE
)
"""As torch's allocator of the host, libc and libstdc++ say it, under `ulimit -v` for one."""


class DeviceLost(Exception):
    """An error after which nothing on the device can be trusted: the process must end."""

    def __init__(self, kind: OutcomeKind, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


def why(error: BaseException) -> tuple[OutcomeKind, str]:
    """The kind and the reason of the Outcome of a backend that raised this."""
    if isinstance(error, timing.CaptureFailed) and error.__cause__ is not None:
        kind, reason = why(error.__cause__)
        return kind, f"in the capture of its launches, {reason}"
    if isinstance(error, Unavailable):
        return "unavailable", str(error)
    if isinstance(error, Unsupported):
        return "unsupported", str(error)
    if isinstance(error, gate.Incorrect):
        return "incorrect", str(error)
    if isinstance(error, events.TooLate):
        return "invalid", str(error)
    if isinstance(error, torch.OutOfMemoryError):
        return "no_memory", "the device's memory ran out"
    if _is_lack_of_memory(error):
        return "no_memory", f"memory ran out: {one_line(error)}"
    return "crashed", one_line(error)


def _is_lack_of_memory(error: BaseException) -> bool:
    number = error.errno if isinstance(error, OSError) else None
    return isinstance(error, MemoryError) or number == errno.ENOMEM or bool(LACK_OF_MEMORY.search(str(error)))


def one_line(error: BaseException) -> str:
    """The error's type, the telling line of its message, and the last place in a backend that it came through.

    Telling is a compiler's first error, where the message holds a build's output; else the first line.
    """
    text = str(error).strip().splitlines()
    said = next((line for line in text if COMPILERS_ERROR.search(line)), text[0] if text else "no message")
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_foreign(Path(frame.filename))]
    place = f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {said.strip()}{place}"


def _is_foreign(file: Path) -> bool:
    """Whether it is neither a backend's nor a candidate's: a room's of suite, the catalogue's or a library's."""
    libraries = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    catalogue = (Path(backends.__file__), Path(backends._candidate.__file__))
    return (
        ROOT / "suite" in (file.parent, file.parent.parent)
        or file in catalogue
        or not file.is_absolute()
        or any(file.is_relative_to(library) for library in libraries if library)
    )
