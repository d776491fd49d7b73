"""`python -m reports select`: the question from the command line, the answer to the terminal."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from backends import DiagbenchError
from reports.answers import words
from reports.answers.answer import EXIT_CODES, Status
from reports.answers.called import CALLS, Question
from reports.answers.devices import NotMeasured, find_device, nearest
from reports.answers.evidence import Evidence, load
from reports.answers.select import answer
from reports.places import EVIDENCE
from suite.cases import Case
from suite.text import one_line


def select(options: argparse.Namespace, data: Path, published: Path) -> int:
    """Print the answer; returns its exit code. Raises DiagbenchError for a question that makes no sense."""
    if options.revalidate:
        return _revalidate(options, _evidence(data, published))
    if options.rows is options.cols is None:
        return _for_good(options, _evidence(data, published))
    if None in (options.rows, options.cols, options.dtype):
        raise DiagbenchError(
            "a shape is --rows, --cols and --dtype together; without rows and cols: for all that exist"
        )
    case = Case(options.rows, options.cols, options.dtype, options.layout)
    reply = answer(_evidence(data, published), Question(case, options.called, options.calls), options.device)
    print(json.dumps(asdict(reply) | {"exit_code": reply.exit_code}, indent=2) if options.json else words.text(reply))
    return reply.exit_code


def _for_good(options: argparse.Namespace, evidence: Evidence) -> int:
    """Print the choice once for all measured cases; returns 0, or 5 where nothing is known of the device."""
    from reports.answers.for_good import for_good, lines

    device = find_device(evidence.devices, options.device)
    found = for_good(device, options.called, options.dtype, options.layout, options.calls) if device else None
    status: Status = "measured" if found else "unknown"
    near = () if device else nearest(options.device, (each.name for each in evidence.devices.values()))
    what = " ".join(filter(None, (options.dtype, options.layout)))
    why = f"no {what} case of {device.name if device else options.device} is published"
    if options.json:
        said = found.as_data() if found else {"why": why, "nearest": near}
        print(json.dumps({"status": status, "exit_code": EXIT_CODES[status]} | said, indent=2))
    else:
        print("\n".join(lines(found)) if found else f"not known: {why}{words.nearest(near)}")
    return EXIT_CODES[status]


def _revalidate(options: argparse.Namespace, evidence: Evidence) -> int:
    """Measure a little, and print whether the answers hold on the present device; returns the verdict's code."""
    from reports.answers.revalidate import lines, measure, revalidate

    asked = options.rows, options.cols, options.dtype, options.device, options.layout, options.calls
    if asked != (None, None, None, None, "contiguous", CALLS):
        raise DiagbenchError("--revalidate asks the present device, of the cases that tell most; leave the rest out")
    found = revalidate(evidence, options.called, measure)
    said = json.dumps(asdict(found) | {"exit_code": found.exit_code}, indent=2) if options.json else None
    print(said or "\n".join(lines(found)))
    return found.exit_code


def _evidence(data: Path, published: Path) -> Evidence:
    """What `tox -e report` condensed, or the records themselves where they are newer than that."""
    condensed = load(published / EVIDENCE, data)
    if condensed:
        return condensed
    from reports.answers.condense import evidence  # it brings pydantic and reads every run: seconds

    return evidence(data, lambda error: print(f"passed over {one_line(str(error))}", file=sys.stderr))


def regret(options: argparse.Namespace, data: Path) -> int:
    """Print what following the answers costs in held-out runs, and how the tuned kernel stands there; returns 0."""
    from reports import archive
    from reports.answers.brief import read
    from reports.answers.condense import condense
    from reports.answers.outside import lines as outside
    from reports.answers.outside import of_runs
    from reports.answers.regret import judge, lines

    evidence, published = archive.apart(archive.every(data, archive.refuse, read))
    given = sorted(map(read, options.runs), key=lambda run: run.utc, reverse=True)
    asked_by = {slug: tuple(run for run in given if run.machine.slug == slug) for slug in evidence}
    judging = asked_by if given else published
    strangers = sorted({run.machine.name for run in given if run.machine.slug not in evidence})
    if strangers:
        raise NotMeasured(f"no other run of {', '.join(strangers)} is published, so there is no answer to judge")
    truths = condense({slug: runs for slug, runs in judging.items() if runs}).devices
    devices = condense(evidence).devices
    asked = [slug for slug in devices if slug in truths or not given]
    found = {devices[slug].name: judge(devices[slug], truths.get(slug)) for slug in asked}
    if given and not any(each.cases for one in found.values() for each in one.regrets):
        raise DiagbenchError("these runs hold no case that is not answered from itself; --sweep held-out makes one")
    if options.json:
        print(json.dumps({name: list(map(asdict, each.regrets)) for name, each in found.items()}, indent=2))
    else:
        said = {devices[slug].name: of_runs([run.view for run in judging.get(slug, ())]) for slug in asked}
        print("\n".join(line for name, each in found.items() for line in (*lines(each), *outside(said[name]))))
    return 0
