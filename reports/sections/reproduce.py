"""How is the run repeated?"""

from __future__ import annotations

from reports.document import Section, said
from reports.view import View


def section(view: View) -> Section:
    """The commands that repeat the run."""
    state = {
        True: "",
        False: "The tree had uncommitted changes, so the commit alone does not bring this run back.",
        None: "Whether the tree had uncommitted changes is not known.",
    }[view.machine.tree_clean]
    code = f"git checkout {view.machine.commit}\n{view.run.command}"
    across = "Across runs and machines compare shares of the ceiling, never absolute times."
    return Section("How to reproduce it", said(state, across), code=code)
