"""The command `python -m suite.variants`: measure every variant and store what it gave."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from suite import LOCAL, command_line
from suite.record import store
from suite.record.variants import Chosen, Tried, Variants
from suite.variants.catalogue import CASES, VARIANTS, CannotMeasure


def _check_libraries() -> None:
    missing = [name for name in ("torch", "triton") if importlib.util.find_spec(name) is None]
    if missing:
        raise CannotMeasure(f"{' and '.join(missing)} not installed; `tox -e variants` installs what it takes")


def measure(command: str, say: Callable[[str], None]) -> Variants:
    """All variants in all cases on the current CUDA device; say: told of each case as it is done.

    Raises CannotMeasure where there is no device, or where it was lost on the way.
    """
    from suite.variants import campaign

    began = datetime.now(UTC)
    machine, rows, outcomes = campaign.measure(VARIANTS, CASES, say)
    return Variants(
        utc=began.replace(microsecond=0),
        command=command,
        machine=machine,
        variants=tuple(Tried(name=each.name, what=each.what, why=each.why) for each in VARIANTS),
        cases=tuple(
            Chosen(series=s, case=case.id, why=why) for s, cases in CASES.items() for case, why in cases.items()
        ),
        rows=tuple(rows),
        outcomes=tuple(outcomes),
        seconds=(datetime.now(UTC) - began).total_seconds(),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. 0: stored; 1: nothing was measured or stored; 2: the request makes no sense. One line each."""
    return command_line.run("variants", lambda: _main(arguments))


def _main(arguments: Sequence[str] | None) -> int:
    parser = command_line.Parser("variants", description="What other forms of the tuned kernel give on this GPU.")
    parser.add_argument("--out", type=Path, default=LOCAL, metavar="DIR", help="where the file goes (%(default)s)")
    args = parser.parse_args(arguments)
    _check_libraries()
    store.require_writable(args.out, "--out")
    found = measure("tox -e variants", lambda line: print(line, flush=True))
    if not found.rows:
        raise CannotMeasure("no variant could be measured: " + "; ".join({each.reason for each in found.outcomes}))
    print(f"variants: {store.write_document(found, args.out)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
