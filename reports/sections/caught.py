"""What the judge says of every wrong kernel of its library, and compute-sanitizer of every backend, by device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reports import units
from reports.document import Cell, Section, Table
from suite.check.mutants import MUTANTS
from suite.record.mutants import Mutants, TriedFile
from suite.record.sanitizers import Sanitized, Sanitizers

Caught = Mapping[str, tuple[str, Mutants]]
"""Device slug -> the newest document of the library there, and its file's name."""

Cleared = Mapping[str, tuple[str, Sanitizers]]

NOT_RUN = "Not run yet on a published device: `{command}` writes the first document."
DATA = "../../data"


def sections(caught: Caught) -> Iterator[Section]:
    """What must be caught, then what was, a device after the other."""
    rows = tuple((each.name, each.what, each.caught_by or units.ABSENT, each.verdict) for each in MUTANTS)
    words = f"{len(MUTANTS)} wrong or dishonest kernels, and the check of the judge that has to catch each."
    table = Table(("file", "what it does", "has to be caught by", "verdict"), rows, text=4, prose=True)
    for slug, (name, found) in caught.items():
        as_expected = sum(each.as_expected for each in found.files)
        said = f"{as_expected} of {len(found.files)} files got the verdict that they must get, tried in {found.case}."
        heads = ("file", "caught by", "verdict", "as it must be", "s")
        tried = Table(heads, tuple(map(_file, found.files)), text=4, prose=True)
        links = (Cell(name, href=f"{DATA}/{slug}/{name}"),)
        title = f"Tried on an {found.machine.name}, {found.utc:%Y-%m-%d}"
        yield Section(title, (said,), links=links, tables=(tried,))
    not_run = () if caught else (NOT_RUN.format(command=Mutants.command_that_writes),)
    yield Section("All that must be caught", (words, *not_run), tables=(table,))


def _file(each: TriedFile) -> tuple[str, ...]:
    must = "yes" if each.as_expected else f"NO: {each.expected}, by {' or '.join(each.expected_checks) or 'no check'}"
    return each.name, Cell(each.caught_by or units.ABSENT, title=each.reason), each.verdict, must, f"{each.seconds:.1f}"


def sanitizer_sections(cleared: Cleared) -> Iterator[Section]:
    """What compute-sanitizer's tools found in each backend's launches, a device after the other."""
    for slug, (name, found) in cleared.items():
        clean = sum(each.clean for each in found.backends)
        words = (
            f"compute-sanitizer {found.version}: {clean} of {len(found.backends)} pairs of a backend and a tool came "
            f"to their end and found nothing, over {len(found.products)} products: {', '.join(found.products)}."
        )
        options = "; ".join(f"{tool} {' '.join(each)}" for tool, each in found.options.items())
        table = Table(
            ("backend", "tool", "said", "launches", "findings"), tuple(map(_tool, found.backends)), text=3, prose=True
        )
        links = (Cell(name, href=f"{DATA}/{slug}/{name}"),)
        title = f"compute-sanitizer on an {found.machine.name}, {found.utc:%Y-%m-%d}"
        yield Section(title, (words, f"Options: {options}."), links=links, tables=(table,))
    if not cleared:
        yield Section("compute-sanitizer", (NOT_RUN.format(command=Sanitizers.command_that_writes),))


def _tool(each: Sanitized) -> tuple[str, ...]:
    findings = "came to no end" if each.findings is None else str(each.findings)
    return each.backend, each.tool, each.said or units.ABSENT, str(each.launches), findings
