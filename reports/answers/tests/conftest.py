"""The run that the tests of comparisons fill with samples."""

from pathlib import Path

import pytest

from reports.answers.tests.sampled import CASES
from reports.tests import factory
from suite.record.run import Record
from suite.record.store import read_run


@pytest.fixture
def blank(tmp_path: Path) -> Record:
    return read_run(factory.write(tmp_path, factory.run(cases=CASES, series=("cold", "launch"))))
