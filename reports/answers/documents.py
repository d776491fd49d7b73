"""What `tox -e report` writes of the answers: evidence.json, which `select` reads, and selection.json for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.answers.condense import condense
from reports.answers.evidence import dump
from reports.answers.selection_file import selection
from reports.places import EVIDENCE, SELECTION
from suite.record.run import Record


def documents(
    devices: Mapping[str, Sequence[Record]], judging: Mapping[str, Sequence[Record]], made_from: Mapping[str, int]
) -> dict[str, str]:
    """File name -> text; none without a run. `judging`: the held-out runs; `made_from`: see evidence.files."""
    if not devices:
        return {}
    evidence = condense(devices, made_from)
    return {EVIDENCE: dump(evidence), SELECTION: selection(evidence, condense(judging).devices)}
