"""`tox -e judge -- FILE`: whether a kernel from outside is right, where, and how fast, on one screen or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from backends import CannotDo
from suite import LOCAL, command_line
from suite.cases import HEADLINE, Case, sweep
from suite.device import chosen, locks, machine
from suite.evidence import ncu
from suite.judge import counters, library, words
from suite.judge.judging import judge
from suite.record import store
from suite.record.judgement import Judgement

SMALLER = Case(2048, 2048)
"""The CPU's case, unless another is named: its sets fit the time of an answer."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. 0: right; 1: wrong; 3: it could not be judged; 2: the command line makes no sense."""
    return command_line.run("judge", lambda: _main(sys.argv[1:] if arguments is None else list(arguments)), cannot=3)


def _main(arguments: list[str]) -> int:
    parser = _parser()
    args = parser.parse_args(arguments)
    if (args.file is None) != args.library:
        parser.error("name one FILE to judge, or --library to try the judge on the files that it must catch")
    kind = chosen.kind()
    if args.library:
        return _try_library(kind, args.out)
    if args.profile and kind == "cpu":
        raise CannotDo("--profile counts what a GPU does, and there is none here; leave it out")
    ncu_tool = ncu.find() if args.profile else None
    cases = sweep(args.case) if args.case else (HEADLINE if kind == "cuda" else SMALLER,)
    with _held(kind):
        found = judge(args.file, cases, progress=_progress)
        if ncu_tool and found.exit_code == 0:
            _progress(f"counters of {cases[0].id}")
            found = counters.added(found, args.file, cases[0], ncu_tool)
    _clear()
    found = found.model_copy(update={"look_at": words.look_at(found)})
    print(_json(found) if args.json else words.screen(found))
    return found.exit_code


@contextmanager
def _held(kind: str) -> Iterator[None]:
    """No other run measures on this GPU meanwhile."""
    with ExitStack() as held:
        if kind == "cuda":
            held.enter_context(locks.device(machine.uuid(kind)))
        yield


def _try_library(kind: str, out: Path) -> int:
    """Try every file, store what was said, and name the files of which something else was said than must be."""
    store.require_writable(out, "--out")
    with _held(kind):
        found = library.try_all(machine.describe(kind), "tox -e judge -- --library", partial(print, flush=True))
    missed = [row for row in found.files if not row.as_expected]
    print(f"{len(found.files) - len(missed)} of {len(found.files)} as they must be on {found.machine.name}")
    print(f"mutants: {store.write_document(found, out)}")
    return 1 if missed else 0


def _parser() -> command_line.Parser:
    parser = command_line.Parser("judge", description="Whether a kernel file is right, where, and how fast.")
    what = "a Python file with bind, class ModelNew or a function (A, B)"
    parser.add_argument("file", type=Path, nargs="?", help=what)
    parser.add_argument("--case", help=f"case ids joined by commas, or a sweep; by default {HEADLINE.id} on a GPU")
    parser.add_argument("--json", action="store_true", help="the Judgement as a versioned document")
    parser.add_argument("--profile", action="store_true", help="with Nsight Compute's counters")
    parser.add_argument("--library", action="store_true", help="try the judge on every file that it must catch")
    parser.add_argument("--out", type=Path, default=LOCAL, metavar="DIR", help="where that goes (%(default)s)")
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
