"""`python -m reports render | select | compare`: pages of runs, the backend to use for one case, two runs compared."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn, get_args

from rich.console import Console

from reports import records
from reports.compare import NotComparable, compare
from reports.comparison_table import terminal
from reports.select import NotMeasured, select, text
from suite.cases import ITEMSIZE, Case, Layout, UnknownCase
from suite.record.measurement import Series
from suite.record.store import BadRecord, read_run


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {_one_line(message)}\n")


def main(arguments: Sequence[str] | None = None, *, data: Path = records.DATA, published: Path | None = None) -> int:
    """Run a command and return its exit code: 0, or 1 for what cannot be done; exits with 2 on wrong arguments.

    For compare, 1 is its answer when a backend is SLOWER; what cannot be compared is 2.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.command == "compare":
            return _compare(options)
        print(_render(options, data, published) if options.command == "render" else _select(options, data))
    except (BadRecord, NotComparable, NotMeasured, UnknownCase, OSError) as error:
        print(f"error: {_one_line(str(error))}", file=sys.stderr)
        return 2 if options.command == "compare" else 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m reports", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    render = commands.add_parser("render", help="regenerate reports/published/, or write the page of one run")
    render.add_argument("--run", type=Path, metavar="FILE", help="one run's record, instead of all of reports/data/")
    render.add_argument("--to", type=Path, metavar="DIR", help="where its page goes; needed with --run")
    choose = commands.add_parser("select", help="the backend to use for one case, with the evidence")
    choose.add_argument("--rows", type=int, required=True, metavar="N")
    choose.add_argument("--cols", type=int, required=True, metavar="M")
    choose.add_argument("--dtype", choices=list(ITEMSIZE), required=True)
    choose.add_argument("--layout", choices=get_args(Layout), default="contiguous")
    choose.add_argument("--series", choices=get_args(Series), default="cold")
    choose.add_argument("--device", metavar="NAME", help="its name, slug or whole words of them; default: the only one")
    choose.add_argument("--json", action="store_true", help="a JSON object on stdout")
    exits = "Exit code: 0 when nothing is SLOWER, 1 when something is, 2 when the runs cannot be compared."
    against = commands.add_parser("compare", help="what became FASTER or SLOWER from run to run", epilog=exits)
    against.add_argument("old", type=Path, metavar="OLD", help="a run's record")
    against.add_argument("new", type=Path, metavar="NEW", help="a later one, of the same device model")
    against.add_argument("--json", action="store_true", help="a JSON object on stdout")
    return parser


def _render(options: argparse.Namespace, data: Path, published: Path | None) -> str:
    if (options.run is None) != (options.to is None):
        _parser().error("render takes --run and --to together, or neither")
    from reports.render import PUBLISHED, publish, render_run  # Altair takes a second that select need not wait

    if options.run:
        return f"wrote {render_run(read_run(options.run), options.to)}"
    target = published or PUBLISHED
    return f"{publish(data, target)} runs rendered into {target}"


def _select(options: argparse.Namespace, data: Path) -> str:
    case = Case(options.rows, options.cols, options.dtype, options.layout)
    chosen = select(records.runs(data), case, options.series, options.device, datetime.now(UTC))
    return chosen.model_dump_json(indent=2) if options.json else text(chosen)


def _compare(options: argparse.Namespace) -> int:
    comparison = compare(read_run(options.old), read_run(options.new))
    if options.json:
        print(comparison.model_dump_json(indent=2))
    else:
        Console(width=None if sys.stdout.isatty() else 170).print(terminal(comparison))
    return comparison.exit_code


def _one_line(message: str) -> str:
    return " ".join(message.split())


if __name__ == "__main__":
    sys.exit(main())
