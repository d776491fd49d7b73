"""`python -m reports render | select | regret | compare | export | merge`: pages, answers, runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from backends import CannotDo
from reports.answers.called import CALLS, DEFAULT, MOST_CALLS, WAYS, WORDS
from reports.places import DATA, PUBLISHED
from suite.cases import ITEMSIZE, LONGEST_SIDE, Layout
from suite.command_line import Parser, name, one_line, path, run, whole

PROG = "python -m reports"


def main(arguments: Sequence[str] | None = None, *, data: Path = DATA, published: Path = PUBLISHED) -> int:
    """Run a command and return its exit code: 0, or 1 for what cannot be done; exits with 2 on wrong arguments.

    For compare, 1 is its answer when a backend is SLOWER; what cannot be compared is 2. For select, 0, 3, 4 and 5 say
    what the answer is: measured, interpolated, predicted, unknown.
    """
    options = _parser().parse_args(arguments)

    def work() -> int:
        # Imported here: each command brings what only it needs, and `select` shall answer at once.
        if options.command == "compare":
            return _compare(options)
        if options.command == "export":
            return _export(options)
        if options.command == "merge":
            return _merge(options)
        if options.command == "render":
            return _render(options, data, published)
        from reports.answers import command

        return (
            command.select(options, data, published) if options.command == "select" else command.regret(options, data)
        )

    return run(PROG, work, cannot=2 if options.command == "compare" else CannotDo.exit_code)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog=PROG, description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    render = commands.add_parser("render", help="regenerate reports/published/, or write the page of one run")
    render.add_argument("--run", type=path, metavar="FILE", help="one run's record, instead of all of reports/data/")
    render.add_argument("--to", type=path, metavar="DIR", help="where its page goes; needed with --run")
    _add_select(commands)
    exits = "Exit code: 0 when nothing is SLOWER, 1 when something is, 2 when the runs cannot be compared."
    judge = commands.add_parser("regret", help="what following the answers costs, in cases that they do not rest on")
    judge.add_argument("runs", nargs="*", type=path, metavar="RUN", help="runs of --sweep held-out; default: published")
    judge.add_argument("--json", action="store_true", help="a JSON object on stdout")
    against = commands.add_parser("compare", help="what became FASTER or SLOWER from run to run", epilog=exits)
    against.add_argument("old", type=path, metavar="OLD", help="a run's record")
    against.add_argument("new", type=path, metavar="NEW", help="a later one, of the same device model")
    against.add_argument("--json", action="store_true", help="a JSON object on stdout")
    back = commands.add_parser("export", help="a published run as pytest-benchmark wrote it, for its own tools")
    back.add_argument("run", type=path, metavar="RUN", help="a record, packed or plain")
    back.add_argument("--to", type=path, metavar="FILE", help="where the JSON goes; default: stdout")
    together = commands.add_parser("merge", help="runs of many hosts or GPUs into one folder, with their spread")
    together.add_argument("folders", nargs="+", type=path, metavar="FOLDER", help="what holds runs, at any depth")
    together.add_argument("--to", type=path, required=True, metavar="DIR", help="where the runs and the page go")
    return parser


def _add_select(commands: argparse._SubParsersAction[Parser]) -> None:
    exits = "Exit code: 0 the case was measured, 3 interpolated, 4 predicted, 5 not known; 1 and 2 are errors."
    choose = commands.add_parser("select", help="the backend to use, and how sure that is", epilog=exits)
    side = whole(0, LONGEST_SIDE)
    choose.add_argument("--rows", type=side, metavar="N", help="without --rows and --cols: once for all measured cases")
    choose.add_argument("--cols", type=side, metavar="M")
    choose.add_argument("--dtype", choices=list(ITEMSIZE), help="needed with a shape; without one, default: all")
    choose.add_argument("--layout", choices=get_args(Layout), default="contiguous")
    ways = "; ".join(f"{way}: {WORDS[way]}" for way in WAYS)
    choose.add_argument("--called", choices=WAYS, default=DEFAULT, help=f"{ways}. Default: {DEFAULT}")
    calls = whole(1, MOST_CALLS)
    choose.add_argument("--calls", type=calls, default=CALLS, metavar="N", help="among which a first use is divided")
    words = "its name, slug or whole words of them; default: the only one"
    choose.add_argument("--device", type=name, metavar="NAME", help=words)
    again = "measure for half a minute here whether the answers hold: code 0 valid, 6 drifted, 5 another device"
    choose.add_argument("--revalidate", action="store_true", help=again)
    choose.add_argument("--json", action="store_true", help="a JSON object on stdout")


def _render(options: argparse.Namespace, data: Path, published: Path) -> int:
    """Write the pages, and name every file that cannot be read; returns 1 if there is any."""
    if (options.run is None) != (options.to is None):
        _parser().error("render takes --run and --to together, or neither")
    from reports.site.rendering import publish, render_run
    from suite.record.store import read_run

    bad: list[Exception] = []
    if options.run:
        print(one_line(f"wrote {render_run(read_run(options.run), options.to, bad.append)}"))
    else:
        print(f"{publish(data, published, bad.append)} runs rendered into {published}")
    for words in dict.fromkeys(one_line(str(error)) for error in bad):
        print(f"{PROG}: passed over {words}", file=sys.stderr)
    return 1 if bad else 0


def _compare(options: argparse.Namespace) -> int:
    from reports.answers.compare import compare
    from reports.answers.comparison_table import terminal
    from suite.record.store import read_run
    from suite.text import console

    comparison = compare(read_run(options.old), read_run(options.new))
    if options.json:
        print(comparison.model_dump_json(indent=2))
    else:
        console(170).print(terminal(comparison))
    return comparison.exit_code


def _export(options: argparse.Namespace) -> int:
    from suite.record.store import export, write

    text = export(options.run)
    if options.to is None:
        sys.stdout.write(text)
    else:
        write(options.to, text)
    return 0


def _merge(options: argparse.Namespace) -> int:
    from reports.merging import merge

    done = merge(options.folders, options.to)
    print(one_line(f"{len(done.runs)} runs in {options.to}"))
    for page in done.pages:
        print(one_line(f"the spread between GPUs: {page}"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
