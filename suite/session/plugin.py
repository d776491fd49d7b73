"""pytest's side of `tox -e bench`: options, what is collected, and writing the run with its page.

Running the project's own tests uses none of this: the worker starts when one of the bench_*.py is to be collected.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from backends import DiagbenchError
from suite import ROOT
from suite.cases import HELD_OUT, parse
from suite.device import provenance
from suite.record import packed, store
from suite.scratch import require_home
from suite.session import collection, destination, options, ranks, run_file, streams, welcome
from suite.session.destination import Destination
from suite.session.ending import Ending
from suite.session.options import Options
from suite.session.progress import Progress
from suite.text import MESSAGE, one_line
from suite.worker.process import WorkerFailed, die_with_parent

if TYPE_CHECKING:
    from suite.session.bench import Bench

HERE = Path(__file__).parent
OPTIONS = pytest.StashKey[Options]()
PROGRESS = pytest.StashKey[Progress]()
ENDING = pytest.StashKey[Ending]()
HEARD = pytest.StashKey[streams.Heard]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The suite's options."""
    options.add(parser.getgroup("diagbench"))


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """With --gpus this process becomes the launcher of one such process per GPU."""
    config.stash[HEARD] = _heard(config)
    require_home()
    if config.getoption("--gpus"):
        try:
            options.parse(config).held.close()  # what is wrong is said once, before there are ranks
        except DiagbenchError as error:
            raise _refused(error) from None
        ranks.hand_over(config)


def _refused(error: DiagbenchError) -> pytest.UsageError:
    """What pytest says in one line."""
    return pytest.UsageError(one_line(str(error), MESSAGE))


def _heard(config: pytest.Config) -> streams.Heard:
    """Standard output, to be given up where it takes nothing; what was closed before is open to the null device."""
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is None or None not in (sys.stdout, sys.stderr):
        return streams.heard()
    capture.stop_global_capturing()  # at its own end it puts back what it has found: that shall not be None
    found = streams.heard()
    capture.start_global_capturing()
    capture.suspend_global_capture()
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Refuse bad options before anything is measured."""
    if ranks.group():
        die_with_parent()
    try:
        config.stash[OPTIONS] = options.parse(config)
    except DiagbenchError as error:
        raise _refused(error) from None
    capture = config.pluginmanager.getplugin("capturemanager")
    config.stash[PROGRESS] = Progress(capture.global_and_fixture_disabled) if capture else Progress()
    config.stash[ENDING] = Ending(config.stash[PROGRESS])
    config.pluginmanager.register(config.stash[ENDING])
    try:
        config.stash[ENDING].destination = _destination(config, config.stash[OPTIONS])
    except DiagbenchError as error:
        raise _refused(error) from None


def _destination(config: pytest.Config, asked: Options) -> Destination | None:
    """pytest-benchmark writes a partial file, which gets the run's names when the run is whole."""
    folder, own = asked.folder, None if asked.unwritten else config.getoption("benchmark_json")
    if folder is not None and asked.publish:
        folder = ROOT / "reports" / "data" / bench(config).machine.slug
        store.require_writable(folder, "--record")
    found = destination.of(folder, asked.stem, own and Path(own), packed.SUFFIX if asked.publish else ".json")
    if found is not None:
        config.option.benchmark_json = found.partial
    return found


def bench(config: pytest.Config) -> Bench:
    """The run's Bench, started when it is first needed. Raises pytest.UsageError where the worker cannot start."""
    ending = config.stash[ENDING]
    if ending.bench is None:
        asked = config.stash[OPTIONS]
        ending.interrupts.install()
        try:
            from suite.session.bench import start  # with torch: a refused option need not wait a second for it

            ending.bench = start(
                asked.entries,
                smoke=asked.smoke,
                progress=config.stash[PROGRESS],
                one_process=asked.sweep in HELD_OUT,
                journals=asked.folder,
                command=asked.command,
            )
        except WorkerFailed as failure:
            raise pytest.UsageError(f"the measuring process could not start: {failure.reason}") from None
        except DiagbenchError as error:
            raise _refused(error) from None
        except OSError as error:  # no temporary folder, no process, no descriptor to be had
            raise pytest.UsageError(f"the measuring process could not start: {one_line(str(error))}") from None
    return ending.bench


@pytest.fixture(name="bench")
def bench_fixture(request: pytest.FixtureRequest) -> Bench:
    """The run's Bench."""
    return bench(request.config)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Start the worker before any test is collected, so that what keeps it from starting is one line."""
    if not options.asks_for_measurements(session.config):
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
    """Tell which campaigns will be asked for."""
    own = [item for item in session.items if item.path.parent == HERE and hasattr(item, "callspec")]
    parameters = [item.callspec.params for item in own]
    named = [p for p in parameters if isinstance(p.get("contender"), str)]  # pytest's own mark stands for no parameters
    campaigns = {(p["case"], p["series"]): None for p in named}
    if campaigns:
        bench(session.config).expect((parse(case), series) for case, series in campaigns)


def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> tuple[str, str, str] | None:
    """No letter for a test that replays a number, nor for one that has none: the progress and the end say more."""
    if config.stash[ENDING].bench is None or report.failed or (report.when != "call" and not report.skipped):
        return None
    return report.outcome, "", report.outcome.upper()


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    """Describe the device; drop the host's name and the CPU's momentary clock, which differ each time."""
    machine_info.pop("node", None)
    for name in [name for name in machine_info.get("cpu", {}) if name.startswith("hz_")]:
        del machine_info["cpu"][name]
    if config.stash[ENDING].bench is not None or config.getoption("benchmark_compare"):
        machine_info["diagbench"] = bench(config).machine.model_dump(mode="json")


def pytest_benchmark_update_commit_info(commit_info: dict[str, Any]) -> None:
    """Where git knows no commit, the one that DIAGBENCH_COMMIT names, instead of git's error."""
    if "error" in commit_info and provenance.commit() != "unknown":
        commit_info.clear()
        commit_info["id"] = provenance.commit()


def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    """Add the Run: the sweep, the command, and what never got to a number."""
    ending = config.stash[ENDING]
    if ending.bench is None:
        return
    made, asked = ending.bench, config.stash[OPTIONS]
    made.finish()
    wanted = asked.folder is not None and ending.whole
    compiled = run_file.compiled(asked.entries, made.machine, config.stash[PROGRESS].say) if wanted else ()
    output_json["diagbench"] = run_file.run(made, asked.sweep, asked.command, compiled).model_dump(mode="json")
    ending.output = output_json


def pytest_benchmark_compare_machine_info(config: pytest.Config, compared_benchmark: dict[str, Any]) -> None:
    """Refuse to compare with another device's run: its times say nothing about this one."""
    theirs = compared_benchmark["machine_info"].get("diagbench", {}).get("name", "an unknown device")
    ours = bench(config).machine.name
    if theirs != ours:
        raise pytest.UsageError(f"the run to compare with was measured on {theirs}, this device is {ours}")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """The end, whatever stands in its way: a worker that is busy, a full disk, a second interrupt."""
    config = session.config
    ending = config.stash[ENDING]
    ending.interrupts.ending()
    try:
        return (yield)
    except (pytest.UsageError, pytest.exit.Exception):
        raise
    except Exception as error:
        ending.broken_off(session, error)
        return None
    finally:
        ending.heard(session, config.stash[HEARD])
        if ending.bench is not None:
            ending.bench.close()
        config.stash[OPTIONS].held.close()
        ending.interrupts.restore()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """One process for the tests where there is a CUDA device, whose memory several would share; else xdist's own."""
    return 1 if Path("/dev/nvidiactl").exists() else None
