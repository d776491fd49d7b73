"""The page of wrong kernels: what the documents hold, and that none was run where there is none."""

from typing import Any

from reports.sections import caught
from reports.tests import factory
from suite.check.mutants import MUTANTS
from suite.record.machine import Machine
from suite.record.mutants import Mutants, TriedFile
from suite.record.sanitizers import Sanitized, Sanitizers

ABOUT: dict[str, Any] = {
    "utc": "2026-01-02T03:04:05+00:00",
    "command": "tox -e judge -- --library",
    "machine": Machine.model_validate(factory.H100),
}


def tried(name: str, **fields: Any) -> TriedFile:
    said: dict[str, Any] = {
        "what": "x",
        "kind": "wrong",
        "expected": "incorrect",
        "verdict": "incorrect",
        "reason": "",
        "seconds": 1,
    }
    said |= {"expected_checks": ("gate",), "caught_by": "gate"}
    return TriedFile(name=name, **said | fields)


def words(sections: list[Any]) -> str:
    return " ".join(text for section in sections for text in section.paragraphs)


def test_what_was_tried_is_a_row_of_its_device_and_a_slip_is_loud() -> None:
    files = (tried("a.py"), tried("b.py", verdict="right", caught_by=None))
    found = Mutants(case="4096x4096-float32-contiguous", files=files, **ABOUT)
    first, everything = caught.sections({"h100": ("x.mutants.json", found)})
    assert "H100" in first.title
    assert "1 of 2 files got the verdict" in first.paragraphs[0]
    assert [row[3] for row in first.tables[0].rows] == ["yes", "NO: incorrect, by gate"]
    assert first.links[0].href == "../../data/h100/x.mutants.json"
    assert len(everything.tables[0].rows) == len(MUTANTS)
    assert "Not run yet" not in words([first, everything])


def test_without_documents_the_page_says_so() -> None:
    assert "tox -e judge -- --library" in words(list(caught.sections({})))
    assert "Not run yet" in words(list(caught.sanitizer_sections({})))


def test_a_sanitizer_s_findings_stand_by_tool_and_backend() -> None:
    said = {"launches": 4, "seconds": 2.0}
    backends = (
        Sanitized(backend="triton_tuned", tool="memcheck", findings=0, **said),
        Sanitized(backend="numba_cuda", tool="racecheck", findings=None, said="timed out", **said),
    )
    options: dict[Any, tuple[str, ...]] = {"memcheck": ("--leak-check", "full")}
    found = Sanitizers(version="2025.4", options=options, products=("5x3",), backends=backends, **ABOUT)
    (section,) = caught.sanitizer_sections({"h100": ("x.sanitizers.json", found)})
    assert "compute-sanitizer 2025.4: 1 of 2" in section.paragraphs[0]
    assert "memcheck --leak-check full" in section.paragraphs[1]
    assert section.tables[0].rows[1] == ("numba_cuda", "racecheck", "timed out", "4", "came to no end")
