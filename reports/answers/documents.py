"""What `tox -e report` writes of the answers: evidence.json, which `select` reads, and selection.json for programs."""

from __future__ import annotations

from collections.abc import Mapping

from reports.answers.evidence import Evidence, dump
from reports.answers.regret import Judgement
from reports.answers.selection_file import selection
from reports.places import EVIDENCE, SELECTION


def documents(evidence: Evidence, judged: Mapping[str, Judgement]) -> dict[str, str]:
    """File name -> text; none without a run. `judged`: device slug -> what following its answers costs."""
    if not evidence.devices:
        return {}
    return {EVIDENCE: dump(evidence), SELECTION: selection(evidence, judged)}
