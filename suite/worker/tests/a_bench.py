"""A bench of candidates, each a file with one fault; its worker is told of them as of backends of the catalogue."""

from __future__ import annotations

from pathlib import Path

from backends import _candidate as candidate
from suite.cases import Case
from suite.session.bench import Bench, start
from suite.session.progress import Progress

CASE = Case(33, 17)
FILES = Path(__file__).parent / "candidates"


def bench_of(*names: str, silence_s: float = 60.0, journals: Path | None = None) -> Bench:
    entries = [candidate.entry(FILES / f"{name}.py") for name in names]
    return start(entries, smoke=True, progress=Progress(), silence_s=silence_s, journals=journals)
