"""The choice for all cases on the pages: one row per way of calling, a curve per backend."""

from __future__ import annotations

from pathlib import Path

from reports.answers.condense import evidence
from reports.sections.for_good import overview, section
from reports.tests import factory
from suite.cases import Case

CASES = (Case(256, 256), Case(4096, 4096))
SHARES = {"triton_tuned": 0.99, "numba_cuda": 0.90}


def test_every_way_of_calling_has_its_choice_its_cost_and_its_curves(tmp_path: Path) -> None:
    factory.write(tmp_path, factory.run(cases=CASES, backends=SHARES, series=("cold", "hot", "launch", "call")))
    (device,) = evidence(tmp_path).devices.values()
    shown = section(device)
    assert [row[1] for row in shown.tables[0].rows] == ["triton_tuned"] * 4
    assert shown.tables[1].rows[-1][:4] == ("numba_cuda", "0 %", "0 %", "0 %")
    assert [figure.svg.count("slower by at most") for figure in shown.figures] == [1] * 4
    (across,) = overview([device])
    assert {row[1] for row in across.tables[0].rows} == {device.name}
    assert list(overview([])) == []
