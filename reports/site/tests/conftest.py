"""What the site's tests share: the records of two devices."""

from pathlib import Path
from typing import Any

import pytest

from reports.tests import factory
from suite.cases import HEADLINE, Case


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with a run of a GPU and one of a CPU."""
    folder = tmp_path / "data"
    cases = (HEADLINE, Case(256, 256), Case(8192, 8192))
    evidence: dict[str, Any] = {"compiled": [factory.compiled()], "outcomes": [factory.outcome()]}
    factory.write(folder, factory.run(cases=cases, series=("cold", "hot", "launch", "call"), **evidence))
    factory.write(folder, factory.run(machine=factory.CPU, cases=cases[:2]))
    return folder
