"""pytest's side of `tox -e bench`: options, what is collected, and writing the run with its page.

Running the project's own tests uses none of this: the worker starts when a test of the suite is first collected.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import backends
from backends import candidate
from suite import locks, run_file
from suite.bench import Bench
from suite.cases import HEADLINE, Case, UnknownCase, sweep
from suite.messages import CEILINGS, CONTROL
from suite.progress import Progress
from suite.record import Series
from suite.worker import WorkerFailed

ROOT = Path(__file__).parent
LAUNCH_CASE = Case(256, 256)
COSTED = (HEADLINE, Case(8192, 8192, "bfloat16"))
BENCH = pytest.StashKey[Bench]()
ENTRIES = pytest.StashKey[Sequence[backends.Entry]]()
CASES = pytest.StashKey[tuple[Case, ...]]()
RECORD = pytest.StashKey["Path | None"]()
PROGRESS = pytest.StashKey[Progress]()
LOCK = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The suite's options."""
    group = parser.getgroup("diagbench")
    group.addoption("--sweep", default="quick", help="quick (default), full, or case ids")
    group.addoption("--backends", metavar="A,B", help="only these backends (default: all that are installed)")
    group.addoption("--candidate", metavar="FILE", type=Path, action="append", default=[], help="add a kernel's file")
    group.addoption("--record", metavar="DIR", type=Path, help="write the run and its page into DIR")
    group.addoption("--publish", action="store_true", help="write the run into reports/data/, from a clean commit")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Refuse bad options before anything is measured."""
    chosen = config.getoption("--backends")
    try:
        catalogue = backends.find(None if chosen is None else chosen.split(","))
        config.stash[ENTRIES] = (*catalogue, *(candidate.entry(path) for path in config.getoption("--candidate")))
        _require_distinct([*(entry.name for entry in config.stash[ENTRIES]), *CEILINGS, CONTROL, "all"])
        config.stash[CASES] = sweep(config.getoption("--sweep"))
    except (backends.UnknownBackend, UnknownCase) as error:
        raise pytest.UsageError(str(error)) from None
    capture = config.pluginmanager.getplugin("capturemanager")
    config.stash[PROGRESS] = Progress(capture.global_and_fixture_disabled) if capture else Progress()
    compared = config.getoption("benchmark_compare")
    if isinstance(compared, str) and compared.endswith(".json") and not Path(compared).is_file():
        raise pytest.UsageError(f"--benchmark-compare: there is no file {compared}")
    config.stash[RECORD] = _record_path(config)


def _require_distinct(names: Sequence[str]) -> None:
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise backends.UnknownBackend(f"two candidates would be called {', '.join(sorted(twice))}; rename a file")


def _record_path(config: pytest.Config) -> Path | None:
    """Where the run will be written; it is written to a partial file first, which is renamed when complete."""
    folder = config.getoption("--record")
    if folder is None or config.getoption("benchmark_disable") or config.getoption("collectonly"):
        return None
    try:
        if config.getoption("--publish"):
            run_file.require_publishable(config.getoption("--candidate"))
        stem = run_file.stem()
        run_file.require_writable(folder)
        config.stash[LOCK] = locks.hold_folder(folder)
        if config.getoption("--publish"):
            folder = ROOT / "reports" / "data" / bench(config).machine.slug
            run_file.require_writable(folder)
    except (run_file.CannotWrite, locks.Busy) as error:
        raise pytest.UsageError(str(error)) from None
    config.option.benchmark_json = config.option.benchmark_json or folder / f".{stem}{run_file.PARTIAL}"
    return folder / f"{stem}.json"


def bench(config: pytest.Config) -> Bench:
    """The run's Bench, made when it is first needed. Raises pytest.UsageError where the worker cannot start."""
    if BENCH not in config.stash:
        try:
            smoke = config.getoption("benchmark_disable")
            journals = None if smoke else config.getoption("--record")
            made = Bench(config.stash[ENTRIES], smoke=smoke, progress=config.stash[PROGRESS], journals=journals)
        except WorkerFailed as failure:
            raise pytest.UsageError(f"the measuring process could not start: {failure.reason}") from None
        except locks.Busy as busy:
            raise pytest.UsageError(str(busy)) from None
        config.stash[BENCH] = made
        if made.journal.resumed:
            config.stash[PROGRESS].say(f"going on with an interrupted run: {made.journal.resumed} campaigns are kept")
    return config.stash[BENCH]


@pytest.fixture(name="bench")
def bench_fixture(request: pytest.FixtureRequest) -> Bench:
    """The run's Bench."""
    return bench(request.config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Say for which cases and backends, or cases, series and candidates, each test of the suite is asked."""
    if metafunc.definition.path.parent != ROOT / "suite":
        return
    config, test = metafunc.config, metafunc.function.__name__
    cases = config.stash[CASES]
    if test == "test_correctness":
        checks = [(case.id, entry.name) for case in cases for entry in config.stash[ENTRIES]]
        metafunc.parametrize(("case", "backend"), checks)
    elif test == "test_throughput":
        metafunc.parametrize(("case", "series", "candidate"), _campaigns(config, cases, ("cold", "hot")))
    elif test == "test_launch":
        metafunc.parametrize(("case", "series", "candidate"), _campaigns(config, (LAUNCH_CASE,), ("launch", "call")))
    else:
        sample = _sample(cases) if test == "test_other_timers_and_energy" else _sample(cases)[:1]
        looks = [(case.id, entry.name) for case in sample for entry in bench(config).available]
        metafunc.parametrize(("case", "backend"), looks)


def _campaigns(
    config: pytest.Config, cases: Sequence[Case], all_series: tuple[Series, ...]
) -> list[tuple[str, Series, str]]:
    return [
        (case.id, series, candidate)
        for case in cases
        for series in all_series
        for candidate in bench(config).candidates(series)
    ]


def _sample(cases: Sequence[Case]) -> list[Case]:
    """The few cases that the other costs are asked of: those of COSTED, the headline first, and the largest."""
    sample = [*(case for case in COSTED if case in cases), max(cases, key=lambda case: case.bytes_moved)]
    return list(dict.fromkeys(sample))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse a run without a backend; tell the progress bar how much there is."""
    made = session.config.stash.get(BENCH, None)
    if made is not None and not made.available:
        made.worker.stop()
        why = "; ".join(f"{outcome.backend}: {outcome.reason}" for outcome in made.outcomes)
        raise pytest.UsageError(f"no backend can be measured here: {why}")
    parameters = [item.callspec.params for item in session.items if hasattr(item, "callspec")]
    campaigns = {(p["case"], p["series"]) for p in parameters if "candidate" in p}
    session.config.stash[PROGRESS].expect(len(campaigns))


def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> tuple[str, str, str] | None:
    """No dot per replayed test: the progress bar says more."""
    if BENCH in config.stash and report.when == "call" and report.passed and not hasattr(report, "wasxfail"):
        return "passed", "", "PASSED"
    return None


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
    made = config.stash[BENCH]
    made.finish()
    say = config.stash[PROGRESS].say
    compiled = run_file.evidence(config.stash[ENTRIES], made.machine, say) if config.stash[RECORD] else ()
    command = shlex.join(["tox", "-e", "bench", *_after_dashes(config)])
    run = run_file.run(made, config.getoption("--sweep"), command, compiled)
    output_json["diagbench"] = run.model_dump(mode="json")


def _after_dashes(config: pytest.Config) -> list[str]:
    chosen = [f"--sweep={config.getoption('--sweep')}"]
    if config.getoption("--backends"):
        chosen.append(f"--backends={config.getoption('--backends')}")
    chosen += [f"--candidate={path}" for path in config.getoption("--candidate")]
    chosen += [f"-k={config.option.keyword}"] if config.option.keyword else []
    chosen += [f"--deselect={test}" for test in config.getoption("deselect") or ()]
    return ["--", *chosen]


def pytest_benchmark_compare_machine_info(config: pytest.Config, compared_benchmark: dict[str, Any]) -> None:
    """Refuse to compare with another device's run: its times say nothing about this one."""
    theirs = compared_benchmark["machine_info"].get("diagbench", {}).get("name", "an unknown device")
    ours = bench(config).machine.name
    if theirs != ours:
        raise pytest.UsageError(f"the run to compare with was measured on {theirs}, this device is {ours}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Stop the worker; pytest-benchmark has written its file by now: give it its name, unless the run was cut short."""
    config = session.config
    if BENCH in config.stash:
        config.stash[PROGRESS].done()
        config.stash[BENCH].worker.stop()  # an interrupted test may have left it busy
    path = config.stash.get(RECORD, None)
    whole = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    whole = whole and not session.shouldstop and not session.shouldfail
    if path is None or not Path(config.option.benchmark_json).exists():
        if path is not None and whole and BENCH in config.stash:  # nothing got to a number: the next try begins anew
            config.stash[BENCH].journal.discard()
        return
    written = Path(config.option.benchmark_json)
    if not whole:
        written.unlink()
        config.stash[PROGRESS].say("stopped early, so no record is written; the same command goes on from here")
        return
    try:
        run_file.complete(written, path)
    except run_file.CannotWrite as error:
        config.stash[PROGRESS].say(str(error))
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return
    config.stash[BENCH].journal.discard()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The table, and where the run and its page are."""
    path = config.stash.get(RECORD, None)
    if path is None or not path.exists():
        return
    from suite.record import read

    record = read(path)
    try:
        from reports.render import render_run
        from reports.terminal_table import terminal_table
    except ImportError as error:
        terminalreporter.write_line(f"run: {path} (no table and no page: {error.name} is not installed)")
        return
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160).print(terminal_table(record))
    page = render_run(record, config.getoption("--record"))
    terminalreporter.write_line(f"run:  {path}")
    terminalreporter.write_line(f"page: {page}")
