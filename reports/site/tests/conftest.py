"""What the site's tests share: the records of two devices, and their pages."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from reports.site.rendering import publish
from reports.tests import factory
from suite.cases import HEADLINE, Case


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with a run of a GPU and one of a CPU."""
    return _written(tmp_path / "data")


def _written(folder: Path) -> Path:
    cases = (HEADLINE, Case(256, 256), Case(8192, 8192))
    evidence: dict[str, Any] = {"compiled": [factory.compiled()], "outcomes": [factory.outcome()]}
    factory.write(folder, factory.run(cases=cases, series=("cold", "hot", "launch", "call"), **evidence))
    factory.write(folder, factory.run(machine=factory.CPU, cases=cases[:2]))
    return folder


@pytest.fixture(scope="session")
def _rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rendered")
    assert publish(_written(folder / "data"), folder / "published") == 2
    return folder / "published"


@pytest.fixture
def published(_rendered: Path, tmp_path: Path) -> Path:
    """A copy of what `data` gives: rendered once, since it takes a second."""
    return shutil.copytree(_rendered, tmp_path / "published")
