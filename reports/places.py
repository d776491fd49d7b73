"""Where records lie and where what follows from them is written."""

from __future__ import annotations

from pathlib import Path

DATA = Path(__file__).parent / "data"
"""<device-slug>/<utc>-<commit>.json.xz, append-only; beside them .profile.json and .variants.json, no runs."""

PUBLISHED = Path(__file__).parent / "published"
"""What `tox -e report` writes, and nobody else."""

EVIDENCE = "evidence.json"
"""In PUBLISHED: the published times, condensed, which `select` answers from."""

SELECTION = "selection.json"
"""In PUBLISHED: the answers themselves, for programs that have nothing of this project; see answers/dispatch.py."""
