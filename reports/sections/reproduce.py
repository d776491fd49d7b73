"""How is the run repeated?"""

from __future__ import annotations

import re
import shlex

from reports.document import Section, said
from reports.view import View

LONG = 60
"""Characters that a phone shows in two lines."""


def section(view: View) -> Section:
    """The commands that repeat the run."""
    state = {
        True: "",
        False: "The tree had uncommitted changes, so the commit alone does not bring this run back.",
        None: "Whether the tree had uncommitted changes is not known.",
    }[view.machine.tree_clean]
    code = f"git checkout {view.machine.commit}\n{lines(view.run.command)}"
    across = "Across runs and machines compare shares of the ceiling, never absolute times."
    return Section("How to reproduce it", said(state, across), code=code)


def lines(command: str) -> str:
    """The command with each option on a line of its own, as a shell reads it too; a short one as it is."""
    try:
        parts = shlex.split(command)
    except ValueError:
        return command
    if len(command) <= LONG:
        return command
    return "".join(
        (" \\\n    " if re.match("--[a-z]", part) else " " if number else "") + shlex.quote(part)
        for number, part in enumerate(parts)
    )
