"""What every command has in common: errors of the user's in one line, and their exit codes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

from backends import DiagbenchError


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage, and exits with 2."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        self.exit(DiagbenchError.exit_code, f"{self.prog}: {one_line(message)}\n")


def run(prog: str, work: Callable[[], int]) -> int:
    """The exit code of `work`; what it raises as a DiagbenchError is said in one line, and gives the error's own."""
    try:
        return work()
    except DiagbenchError as error:
        print(f"{prog}: {one_line(str(error))}", file=sys.stderr)
        return error.exit_code


def one_line(message: str) -> str:
    """The message without line breaks."""
    return " ".join(message.split())
