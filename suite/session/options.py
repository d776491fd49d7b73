"""The options of `tox -e bench`, checked before anything is measured."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pytest_benchmark.storage.file import FileStorage
from pytest_benchmark.utils import get_machine_id

import backends
from backends import _candidate as candidate
from suite.cases import Case, sweep
from suite.device import locks
from suite.measure.plan import CEILINGS, CONTROL
from suite.record import store
from suite.session import ranks, run_file


@dataclass
class Options:
    """What was asked for. `held` keeps the lock on the folder until it is closed."""

    entries: tuple[backends.Entry, ...]
    cases: tuple[Case, ...]
    sweep: str
    smoke: bool  # every contender once, untimed
    unwritten: bool  # nothing is measured, so nothing is written
    folder: Path | None  # for the run, its page and its journal
    publish: bool
    stem: str  # the run's file without its ending
    command: str  # what to type to repeat the run
    held: ExitStack = field(default_factory=ExitStack)


def add(group: pytest.OptionGroup) -> None:
    """Tell pytest of them."""
    group.addoption("--sweep", default="quick", help="quick (default), full, or case ids")
    group.addoption("--backends", metavar="A,B", help="only these backends (default: all that are installed)")
    group.addoption("--candidate", metavar="FILE", type=Path, action="append", default=[], help="add a kernel's file")
    group.addoption("--record", metavar="DIR", type=_absolute, help="write the run and its page into DIR")
    group.addoption("--gpus", metavar="all|0,1", help="a worker, a journal and a run for each GPU of this host")
    group.addoption("--publish", action="store_true", help="write the run into reports/data/, from a clean commit")


def _absolute(path: str) -> Path:
    return Path(path).absolute()


def parse(config: pytest.Config) -> Options:
    """What the command line asks for. Raises DiagbenchError; nothing is written, but the folder is made and held."""
    chosen = config.getoption("--backends")
    files = config.getoption("--candidate")
    catalogue = backends.find(None if chosen is None else chosen.split(","))
    entries = (*catalogue, *(candidate.entry(path) for path in files))
    _require_distinct([*(entry.name for entry in entries), *CEILINGS, CONTROL, "all"])
    _require_a_place(config)
    _require_one_process(config)
    smoke = config.getoption("benchmark_disable")
    unwritten = smoke or config.getoption("collectonly")
    options = Options(
        entries=entries,
        cases=sweep(config.getoption("--sweep")),
        sweep=config.getoption("--sweep"),
        smoke=smoke,
        unwritten=unwritten,
        folder=None if unwritten else config.getoption("--record"),
        publish=config.getoption("--publish"),
        stem=run_file.stem(),
        command=_command(config),
    )
    _require_comparable(config)
    if options.folder is not None:
        if options.publish:
            run_file.require_publishable(files)
        store.require_writable(options.folder, "--record")
        options.held.enter_context(locks.folder(options.folder))
    return options


def _require_distinct(names: Sequence[str]) -> None:
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise backends.UnknownBackend(f"two contenders would be called {', '.join(sorted(twice))}; rename a file")


def _require_a_place(config: pytest.Config) -> None:
    if config.getoption("--publish") and config.getoption("--record") is None:
        raise backends.DiagbenchError("--publish goes with --record DIR, which `tox -e bench` gives; give it")


def _require_one_process(config: pytest.Config) -> None:
    """Refuse pytest-xdist for what is measured: its processes would measure one another."""
    spread = config.getoption("numprocesses", None) or config.getoption("tx", None)
    if spread and (config.getoption("--record") or asks_for_measurements(config)):
        raise backends.DiagbenchError("-n spreads tests over processes, but one alone can measure; leave it out")


def asks_for_measurements(config: pytest.Config) -> bool:
    """Whether a file of benchmarks is named on the command line."""
    files = [Path(argument.partition("::")[0]).resolve() for argument in config.args]
    return any(file.parent == Path(__file__).parent and file.name.startswith("bench_") for file in files)


def _require_comparable(config: pytest.Config) -> None:
    """Refuse a --benchmark-compare that pytest-benchmark would pass over with a warning, or fall over."""
    compared = config.getoption("benchmark_compare")
    storage = config.getoption("benchmark_storage")
    if config.getoption("benchmark_compare_fail") and not compared:
        raise backends.DiagbenchError("--benchmark-compare-fail needs --benchmark-compare; give both")
    if not compared or "://" in storage.removeprefix("file://"):
        return
    found = _compared(storage.removeprefix("file://"), [] if compared is True else [compared])
    if not found:
        which = "saved run" if compared is True else f"file or saved run {compared}"
        raise backends.DiagbenchError(f"--benchmark-compare: there is no {which}; `--benchmark-save NAME` saves one")
    for path in found[-1:] if compared is True else found:
        store.read_run(path)


def _compared(storage: str, globs: Sequence[str]) -> list[Path]:
    """The files that pytest-benchmark would compare with."""
    try:
        return list(FileStorage(storage, logger=None, default_machine_id=get_machine_id()).query(*globs))
    except (ValueError, OSError):
        return []


OPTIONS_OF_THE_ENVIRONMENT = ("--record", "--benchmark-quiet", "--benchmark-group-by", "-p", "-q", "--no-header", "-r")
"""What tox.ini gives already, and where a run is written, which repeats nothing."""


def _command(config: pytest.Config) -> str:
    """The command that repeats the run, with every option that decides what is measured and how."""
    given = _after_the_environments(list(config.invocation_params.args))
    asked = [f"--sweep={config.getoption('--sweep')}"] if not any(g.startswith("--sweep") for g in given) else []
    group = ranks.group()
    beside = [f"--gpus={group.gpus}"] if group else []
    return shlex.join(["tox", "-e", "bench", "--", *asked, *given, *beside])


def _after_the_environments(arguments: list[str]) -> list[str]:
    """The arguments less the files to collect and OPTIONS_OF_THE_ENVIRONMENT, with their values."""
    kept, rest = [], iter(arguments)
    for argument in rest:
        if argument in ("--record", "-p", "--benchmark-group-by"):
            next(rest, None)
        elif not argument.startswith(OPTIONS_OF_THE_ENVIRONMENT) and not _is_collected(argument):
            kept.append(argument)
    return kept


def _is_collected(argument: str) -> bool:
    return Path(argument).name.startswith("bench_") and "::" not in argument
