"""Begins the pages of many runs on several cores. Whatever fails here is made, or told of, by the rendering itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from reports.kept import Kept
from reports.site.run_pages import RunPages
from suite import ROOT
from suite.record.store import BadRecord

MANY = 8
"""From so many runs on another process, which takes half a second to begin, pays."""

PROCESSES = min(3, os.cpu_count() or 1)
"""Each takes 130 MB."""


def begin(kept: Kept, paths: Sequence[Path]) -> dict[str, str]:
    """Page -> the digest of what it was made of, for the pages that are staged now."""
    if len(paths) < MANY or PROCESSES < 2:
        return {}
    command = [sys.executable, "-m", "reports.site.ahead", str(kept.published.resolve()), str(kept.staged.resolve())]
    begun = [
        subprocess.Popen(
            [*command, *(str(path.resolve()) for path in paths[first::PROCESSES])],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )
        for first in range(PROCESSES)
    ]  # fmt: skip
    return {name: of for process in begun for name, of in _answer(process).items()}


def _answer(process: subprocess.Popen[str]) -> Mapping[str, str]:
    """What the process says that it made; nothing where it came to an end of its own."""
    with process:
        assert process.stdout is not None
        text = process.stdout.read()
    return json.loads(text) if process.returncode == 0 else {}


def main() -> None:
    """Begin the pages of the runs named after the two folders, and say on standard output which."""
    published, staged, *paths = map(Path, sys.argv[1:])
    pages = RunPages(Kept(published, staged), lambda error: None)
    for path in paths:
        try:
            pages.begin(path)
        except BadRecord:
            continue
    json.dump(pages.made_of, sys.stdout)


if __name__ == "__main__":
    main()
