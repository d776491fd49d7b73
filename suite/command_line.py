"""What every command has in common: errors in one line, and exit codes by which an answer is never a failure's.

An answer has the codes that its command names, a refusal has 2. What cannot be done here has 1 or the command's own
code. A crash has CRASHED, an answer that could not be written UNHEARD, an interrupt INTERRUPTED.
"""

from __future__ import annotations

import argparse
import errno
import os
import re
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from backends import CannotDo, DiagbenchError
from suite.scratch import require_home
from suite.text import MESSAGE, NAME, one_line

__all__ = ["CRASHED", "INTERRUPTED", "UNHEARD", "Parser", "crash", "name", "one_line", "path", "run", "whole"]

CRASHED, UNHEARD, INTERRUPTED = 70, 74, 130
"""EX_SOFTWARE and EX_IOERR of sysexits.h, and 128 + SIGINT."""

BROKEN_OUTPUT = (errno.EPIPE, errno.ENOSPC, errno.EBADF, errno.EIO)

DECIMAL = re.compile("-?[0-9]{1,30}")

TRACEBACK = "DIAGBENCH_TRACEBACK"
"""The variable that shows where a crash happened."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage, and exits with 2."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        self.exit(DiagbenchError.exit_code, f"{self.prog}: {one_line(message, MESSAGE)}\n")


def name(text: str) -> str:
    """An argument's text as it may be said back: on one line, and not endless. Refuses one that says nothing."""
    said = one_line(text, NAME)
    if not said:
        raise argparse.ArgumentTypeError("it is empty")
    return said


def path(text: str) -> Path:
    """An argument that is a path. Refuses one that is empty: it would be the present folder."""
    if not text:
        raise argparse.ArgumentTypeError("it is empty")
    return Path(text)


def whole(least: int, most: int) -> Callable[[str], int]:
    """What reads an argument that is a whole number of this range, written in decimal digits; refuses any other."""

    def read(text: str) -> int:
        number = int(text) if DECIMAL.fullmatch(text) else least - 1
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{one_line(text, NAME)!r} is no whole number from {least:,} to {most:,}")
        return number

    return read


def run(prog: str, work: Callable[[], int], cannot: int = CannotDo.exit_code) -> int:
    """The exit code of `work`; whatever it raises is said in one line.

    cannot: the code of what cannot be done here, where 1 is an answer of the command.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError, OSError):  # closed, or put there by a test
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # whatever the locale can show
    require_home()
    try:
        code = work()
        if sys.stdout is None:  # closed before Python began
            return _say(prog, "the answer could not be written: standard output is closed", UNHEARD)
        sys.stdout.flush()
    except CannotDo as error:
        return _say(prog, str(error), cannot)
    except DiagbenchError as error:
        return _say(prog, str(error), error.exit_code)
    except KeyboardInterrupt:
        return _say(prog, "interrupted", INTERRUPTED)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in BROKEN_OUTPUT and error.filename is None:
            _give_up_standard_output()
            return _say(prog, f"the answer could not be written: {error.strerror or error}", UNHEARD)
        return _say(prog, crash(error), CRASHED)
    return code


def crash(error: Exception) -> str:
    """What is said of an error that nobody foresaw, and how to see where it came from."""
    if os.environ.get(TRACEBACK):
        traceback.print_exception(error)
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{os.path.basename(where.filename)}:{where.lineno}"
    return f"crashed: {type(error).__name__}: {error} ({place}); {TRACEBACK}=1 shows how"


def _give_up_standard_output() -> None:
    """Standard output takes nothing more, so Python shall not try again when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(prog: str, message: str, code: int) -> int:
    with suppress(OSError, ValueError):
        print(f"{prog}: {one_line(message, MESSAGE)}", file=sys.stderr, flush=True)
    return code
