"""The runs of one command on several GPUs: what a run knows of the others, and how pytest hands over to the ranks."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import NoReturn

import pytest

from suite import ROOT
from suite.record.group import Group

GROUP = "DIAGBENCH_GROUP"
"""The variable in which a rank tells its run of the group."""


@cache
def group() -> Group | None:
    """The group that this run belongs to; None where it is alone."""
    told = os.environ.get(GROUP)
    return Group.model_validate_json(told) if told else None


def hand_over(config: pytest.Config) -> NoReturn:
    """Become the launcher of a rank per GPU, which is given this command less --gpus."""
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture:
        capture.stop_global_capturing()  # it has put files in the place of standard output and error
    os.chdir(ROOT)
    given = without_gpus(list(config.invocation_params.args))
    os.execv(
        sys.executable,
        [sys.executable, "-m", "suite.session.rank", "--gpus", config.getoption("--gpus"), "--launch", "--", *given],
    )


def without_gpus(arguments: list[str]) -> list[str]:
    """The arguments less --gpus and its value."""
    kept, rest = [], iter(arguments)
    for argument in rest:
        if argument == "--gpus":
            next(rest, None)
        elif not argument.startswith("--gpus="):
            kept.append(argument)
    return kept
