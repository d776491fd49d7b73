"""All figures of one run, in the page's order."""

from __future__ import annotations

from reports.document import Figure
from reports.figures.bandwidth import bandwidth
from reports.figures.headline import headline
from reports.view import View


def figures(view: View) -> tuple[Figure, ...]:
    """The figures that the run has data for, the headline first."""
    first = headline(view)
    return (*([first] if first else []), *bandwidth(view))
