"""`tox -e judge -- FILE`: whether a kernel from outside is right, where, and how fast, on one screen or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from backends import CannotDo
from suite import command_line
from suite.cases import HEADLINE, Case, sweep
from suite.device import locks, machine
from suite.judge import words
from suite.judge.judging import judge
from suite.record.judgement import Judgement

SMALLER = Case(2048, 2048)
"""The CPU's case, unless another is named: its sets fit the time of an answer."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. 0: right; 1: wrong; 3: it could not be judged; 2: the command line makes no sense."""
    return command_line.run("judge", lambda: _main(sys.argv[1:] if arguments is None else list(arguments)))


def _main(arguments: list[str]) -> int:
    args = _parser().parse_args(arguments)
    if args.profile:
        raise CannotDo("--profile is not there yet: `tox -e profile` gives the counters of the catalogue's backends")
    import torch

    kind = "cuda" if torch.cuda.is_available() else "cpu"
    cases = sweep(args.case) if args.case else (HEADLINE if kind == "cuda" else SMALLER,)
    with ExitStack() as held:
        if kind == "cuda":
            held.enter_context(locks.device(machine.uuid(kind)))
        found = judge(args.file, cases, progress=_progress)
    _clear()
    found = found.model_copy(update={"look_at": words.look_at(found)})
    print(_json(found) if args.json else words.screen(found))
    return found.exit_code


def _parser() -> command_line.Parser:
    parser = command_line.Parser("judge", description="Whether a kernel file is right, where, and how fast.")
    parser.add_argument("file", type=Path, help="a Python file with bind, class ModelNew or a function (A, B)")
    parser.add_argument("--case", help=f"case ids joined by commas, or a sweep; by default {HEADLINE.id} on a GPU")
    parser.add_argument("--json", action="store_true", help="the Judgement as a versioned document")
    parser.add_argument("--profile", action="store_true", help="with Nsight Compute's counters")
    return parser


def _json(found: Judgement) -> str:
    return found.model_dump_json(indent=1)


def _progress(said: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{said}", end="", file=sys.stderr, flush=True)


def _clear() -> None:
    _progress("")


if __name__ == "__main__":
    sys.exit(main())
