"""The command that repeats a run: a line per option, and a shell reads it as before."""

import shlex

import pytest

from reports.sections.reproduce import lines

LONG = "tox -e bench -- --sweep=full --backends=torch_broadcast,triton_tuned -k 'cold or hot' --record='a b'"


def test_a_long_command_has_each_option_on_a_line_of_its_own() -> None:
    written = lines(LONG)
    assert written.splitlines()[:2] == ["tox -e bench -- \\", "    --sweep=full \\"]
    assert shlex.split(written.replace("\\\n", "")) == shlex.split(LONG)


@pytest.mark.parametrize("command", ["tox -e variants", "an open ' " + 60 * "x"])
def test_what_is_short_or_no_command_stays_as_it_is(command: str) -> None:
    assert lines(command) == command
