"""`python -m reports select`: the question from the command line, the answer to the terminal."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from reports.answers.called import Question
from reports.answers.devices import NotMeasured
from reports.answers.evidence import Evidence, load
from reports.answers.select import answer
from reports.answers.words import text
from reports.places import EVIDENCE
from suite.cases import Case, UnknownCase


def select(options: argparse.Namespace, data: Path, published: Path) -> int:
    """Print the answer; returns its exit code. Raises DiagbenchError for a question that makes no sense."""
    try:
        case = Case(options.rows, options.cols, options.dtype, options.layout)
    except UnknownCase as error:
        raise NotMeasured(str(error)) from None
    if options.calls < 1:
        raise NotMeasured(f"--calls must be 1 or more, not {options.calls}")
    reply = answer(_evidence(data, published), Question(case, options.called, options.calls), options.device)
    print(json.dumps(asdict(reply) | {"exit_code": reply.exit_code}, indent=2) if options.json else text(reply))
    return reply.exit_code


def _evidence(data: Path, published: Path) -> Evidence:
    """What `tox -e report` condensed, or the records themselves where they are newer than that."""
    condensed = load(published / EVIDENCE, data)
    if condensed:
        return condensed
    from reports.answers.condense import evidence  # it brings pydantic and reads every sample: seconds

    return evidence(data)
