"""compute-sanitizer's logs as they are read, and what becomes of a process that comes to no end."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import torch

import backends
from suite.cases import Case
from suite.check import operands
from suite.evidence import sanitize, sanitized_launches
from suite.evidence.sanitize import findings

CLEAN = "========= COMPUTE-SANITIZER\n========= ERROR SUMMARY: 0 errors\n"
BEYOND = """========= COMPUTE-SANITIZER
========= Invalid __global__ write of size 4 bytes
=========     at k+0x90 in k.cu:3
=========     by thread (0,0,0) in block (3,0,0)
========= ERROR SUMMARY: 12 errors
"""
RACE = """========= COMPUTE-SANITIZER
========= Error: Race reported between Write access at k+0x90 and Read access at k+0xa0 [96 hazards]
========= RACECHECK SUMMARY: 1 hazard displayed (1 error, 0 warnings)
"""


@pytest.mark.parametrize(
    ("log", "number", "first"),
    [
        (CLEAN, 0, ""),
        ("========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)\n", 0, ""),
        (BEYOND, 12, "Invalid __global__ write of size 4 bytes"),
        (RACE, 1, "Error: Race reported between Write access at k+0x90 and Read access at k+0xa0 [96 hazards]"),
        ("========= COMPUTE-SANITIZER\n", None, ""),
        ("", None, ""),
    ],
)
def test_the_log_says_how_many_and_what_first(log: str, number: int | None, first: str) -> None:
    assert findings(log) == (number, first)


@pytest.mark.parametrize(
    ("log", "answer", "number", "said"),
    [
        (CLEAN, '{"launches": 7}', 0, ""),
        (CLEAN, '{"kind": "crashed", "reason": "it fell"}', None, "it fell"),
        (CLEAN, "", None, "last words"),
        ("", '{"launches": 7}', None, ""),
    ],
)
def test_no_finding_counts_only_beside_launches_and_a_whole_log(
    log: str, answer: str, number: int | None, said: str, tmp_path: Path
) -> None:
    program = _stands_for_it(tmp_path, log, answer)
    found = sanitize._under(program, backends.find(["cupy_rawkernel"])[0], "memcheck")
    assert (found.findings, found.said) == (number, said)
    assert found.clean == (number == 0)


def _stands_for_it(folder: Path, log: str, answer: str) -> Path:
    """A program that is called as compute-sanitizer is and leaves this log and this answer."""
    (folder / "log.txt").write_text(log)
    (folder / "answer.txt").write_text(answer)
    program = folder / "compute-sanitizer"
    program.write_text(
        "#!/bin/sh\n"
        'while [ "$1" != --log-file ]; do shift; done\n'
        f'cp {folder}/log.txt "$2"; shift 6\n'
        f'[ -s {folder}/answer.txt ] && cp {folder}/answer.txt "$1"; echo last words\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


@pytest.mark.parametrize("case", sanitized_launches.CASES, ids=lambda case: case.id)
def test_what_stands_alone_is_laid_out_alike_and_ends_with_its_last_element(case: Case) -> None:
    for view in (made := operands.allocate(case, torch.device("cpu"))).a, made.b, made.out:
        alone = sanitized_launches._alone(view)
        assert (alone.shape, alone.stride(), alone.dtype) == (view.shape, view.stride(), view.dtype)
        last = alone.storage_offset() + sum((n - 1) * s for n, s in zip(alone.shape, alone.stride(), strict=True))
        assert alone.untyped_storage().nbytes() == (last + 1) * alone.itemsize
