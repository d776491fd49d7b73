"""What `tox -e report` writes of the answers: evidence.json, which `select` reads, and selection.json for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain

from reports.answers.brief import Brief
from reports.answers.condense import condense
from reports.answers.evidence import Device, Evidence, dump, parsed
from reports.answers.regret import Judgement
from reports.answers.selection_file import selection
from reports.kept import Kept
from reports.places import EVIDENCE, SELECTION


def documents(evidence: Evidence, judged: Mapping[str, Judgement], kept: Kept) -> dict[str, str]:
    """File name -> text; none without a run. `judged`: device slug -> what following its answers costs."""
    if not evidence.devices:
        return {}
    return {EVIDENCE: dump(evidence), SELECTION: _selection(evidence, judged, kept)}


def known(runs: Sequence[Brief], kept: Kept) -> Device:
    """What the runs of a device say, kept: to work it out, the times of hundreds are read."""
    slug = runs[0].machine.slug
    inputs = (run.as_kept() for run in runs)
    places = (run.file for run in runs)
    text = kept.text(f"evidence-{slug}", chain(places, inputs), lambda: dump(condense({slug: runs})))
    return parsed(text).devices[slug]


def _selection(evidence: Evidence, judged: Mapping[str, Judgement], kept: Kept) -> str:
    """The table of all devices, put together from each one's, which takes seconds to work out."""
    tables = []
    for slug, device in evidence.devices.items():
        one, costs = Evidence({slug: device}), {slug: judged[slug]}
        made_of = (dump(one), repr(judged[slug]))
        tables.append(json.loads(kept.text(f"selection-{slug}", made_of, partial(selection, one, costs))))
    devices = {name: table for each in tables for name, table in each["devices"].items()}
    return json.dumps(tables[0] | {"devices": devices}, indent=1, ensure_ascii=False) + "\n"
