"""pytest's side of `tox -e bench`: options, what is collected, and writing the run with its page.

Running the project's own tests uses none of this: the worker starts when one of the bench_*.py is to be collected.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from backends import CannotDo, DiagbenchError
from suite import ROOT
from suite.record import store
from suite.session import bench as benches
from suite.session import collection, options, run_file, welcome
from suite.session.bench import Bench
from suite.session.options import Options
from suite.session.progress import Progress
from suite.worker.process import WorkerFailed

HERE = Path(__file__).parent
OPTIONS = pytest.StashKey[Options]()
PROGRESS = pytest.StashKey[Progress]()
BENCH = pytest.StashKey[Bench]()
RUN_PATH = pytest.StashKey[Path]()
REPORTED = pytest.StashKey[set[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The suite's options."""
    options.add(parser.getgroup("diagbench"))


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Refuse bad options before anything is measured."""
    try:
        config.stash[OPTIONS] = options.parse(config)
    except DiagbenchError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[REPORTED] = set()
    capture = config.pluginmanager.getplugin("capturemanager")
    config.stash[PROGRESS] = Progress(capture.global_and_fixture_disabled) if capture else Progress()
    if config.stash[OPTIONS].folder is not None:
        _name_the_run(config, config.stash[OPTIONS])


def _name_the_run(config: pytest.Config, asked: Options) -> None:
    """pytest-benchmark writes a partial file; it is renamed when the run is complete."""
    folder = asked.folder
    assert folder is not None
    if asked.publish:
        folder = ROOT / "reports" / "data" / bench(config).machine.slug
        try:
            store.require_writable(folder, "--record")
        except CannotDo as error:
            raise pytest.UsageError(str(error)) from None
    config.option.benchmark_json = config.option.benchmark_json or folder / f".{asked.stem}{store.PARTIAL}"
    config.stash[RUN_PATH] = folder / f"{asked.stem}.json"


def bench(config: pytest.Config) -> Bench:
    """The run's Bench, started when it is first needed. Raises pytest.UsageError where the worker cannot start."""
    if BENCH not in config.stash:
        asked = config.stash[OPTIONS]
        try:
            made = benches.start(
                asked.entries, smoke=asked.smoke, progress=config.stash[PROGRESS], journals=asked.folder
            )
        except WorkerFailed as failure:
            raise pytest.UsageError(f"the measuring process could not start: {failure.reason}") from None
        except DiagbenchError as error:
            raise pytest.UsageError(str(error)) from None
        config.stash[BENCH] = made
    return config.stash[BENCH]


@pytest.fixture(name="bench")
def bench_fixture(request: pytest.FixtureRequest) -> Bench:
    """The run's Bench."""
    return bench(request.config)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Start the worker before any test is collected, so that what keeps it from starting is one line."""
    files = [Path(argument.partition("::")[0]).resolve() for argument in session.config.args]
    if not any(file.parent == HERE and file.name.startswith("bench_") for file in files):
        return
    made = bench(session.config)
    if not made.participants.available:
        made.close()
        why = "; ".join(f"{name}: {reason}" for name, reason in made.participants.unavailable.items())
        raise pytest.UsageError(f"no backend can be measured here: {why}")
    for line in welcome.before(made, session.config.stash[OPTIONS]):
        session.config.stash[PROGRESS].say(line)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Say what each test of the suite is asked for."""
    if metafunc.definition.path.parent == HERE:
        cases = metafunc.config.stash[OPTIONS].cases
        names, values = collection.parameters(metafunc.function.__name__, bench(metafunc.config), cases)
        metafunc.parametrize(names, values)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Tell the progress bar how much there is."""
    parameters = [item.callspec.params for item in session.items if hasattr(item, "callspec")]
    campaigns = {(p["case"], p["series"]) for p in parameters if "contender" in p}
    session.config.stash[PROGRESS].expect(len(campaigns))


def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> tuple[str, str, str] | None:
    """No letter for a test that replays a number, nor for one that has none: the progress and the end say more."""
    if BENCH not in config.stash or report.failed or (report.when != "call" and not report.skipped):
        return None
    return report.outcome, "", report.outcome.upper()


class _Reported:
    """Counts the items that ran to their end, which is what makes a run whole."""

    def __init__(self, seen: set[str]) -> None:
        self._seen = seen

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """One more item has reported."""
        self._seen.add(nodeid)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Watch which items report."""
    session.config.pluginmanager.register(_Reported(session.config.stash[REPORTED]))


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    """Describe the device; drop the host's name and the CPU's momentary clock, which differ each time."""
    machine_info.pop("node", None)
    for name in [name for name in machine_info.get("cpu", {}) if name.startswith("hz_")]:
        del machine_info["cpu"][name]
    if BENCH in config.stash or config.getoption("benchmark_compare"):
        machine_info["diagbench"] = bench(config).machine.model_dump(mode="json")


def pytest_benchmark_update_commit_info(commit_info: dict[str, Any]) -> None:
    """Where git knows no commit, the one that DIAGBENCH_COMMIT names, instead of git's error."""
    if "error" in commit_info and os.environ.get("DIAGBENCH_COMMIT"):
        commit_info.clear()
        commit_info["id"] = os.environ["DIAGBENCH_COMMIT"]


def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    """Add the Run: the sweep, the command, and what never got to a number."""
    if BENCH not in config.stash:
        return
    made, asked = config.stash[BENCH], config.stash[OPTIONS]
    made.finish()
    say = config.stash[PROGRESS].say
    compiled = run_file.compiled(asked.entries, made.machine, say) if RUN_PATH in config.stash else ()
    output_json["diagbench"] = run_file.run(made, asked, compiled).model_dump(mode="json")


def pytest_benchmark_compare_machine_info(config: pytest.Config, compared_benchmark: dict[str, Any]) -> None:
    """Refuse to compare with another device's run: its times say nothing about this one."""
    theirs = compared_benchmark["machine_info"].get("diagbench", {}).get("name", "an unknown device")
    ours = bench(config).machine.name
    if theirs != ours:
        raise pytest.UsageError(f"the run to compare with was measured on {theirs}, this device is {ours}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the worker; pytest-benchmark has written its file by now: name it, unless the run was cut short."""
    config = session.config
    try:
        if BENCH in config.stash:
            config.stash[PROGRESS].done()
            config.stash[BENCH].close()  # an interrupted test may have left it busy
            if RUN_PATH in config.stash:
                _complete(session, config.stash[BENCH], config.stash[RUN_PATH])
    finally:
        config.stash[OPTIONS].held.close()


def _complete(session: pytest.Session, made: Bench, path: Path) -> None:
    config, written = session.config, Path(session.config.option.benchmark_json)
    whole = config.stash[REPORTED] >= {item.nodeid for item in session.items}
    if not written.exists():
        if whole:  # nothing got to a number: the next try begins anew
            made.journal.discard()
        return
    if not whole:
        written.unlink()
        config.stash[PROGRESS].say("stopped early, so no record is written; the same command goes on from here")
        return
    try:
        run_file.complete(written, path)
    except CannotDo as error:
        config.stash[PROGRESS].say(str(error))
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return
    made.journal.discard()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The table, who has no number in it and why, where the run and its page are, and what to do next."""
    path = config.stash.get(RUN_PATH, None)
    if path is None or not path.exists():
        return
    say = terminalreporter.write_line
    record = store.read_run(path)
    try:
        from reports.site.rendering import render_run
        from reports.terminal_table import terminal_table
    except ImportError as error:
        say(f"run: {path} (no table and no page: {error.name} is not installed)")
        return
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160).print(terminal_table(record))
    _say_all(terminalreporter, list(welcome.without_a_number(list(record.run.outcomes))))
    folder = config.getoption("--record")
    say(f"run:  {path}")
    say(f"page: {render_run(record, folder)}")
    _say_all(terminalreporter, list(welcome.after(config.stash[OPTIONS], record.machine.kind)))


def _say_all(terminalreporter: Any, lines: Sequence[str]) -> None:
    for line in lines:
        terminalreporter.write_line(line)
