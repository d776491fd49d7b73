"""Whether the answers still hold: valid, drifted and by how much, another device; by measurements that are made up."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from backends import CannotDo
from reports.__main__ import main
from reports.answers import revalidate as module
from reports.answers.condense import evidence
from reports.answers.evidence import Evidence
from reports.answers.revalidate import Check, checks, drifted, lines, revalidate
from reports.tests import factory
from suite.cases import Case, parse
from suite.record.machine import Machine
from suite.record.measurement import Measurement, Outcome
from suite.record.recheck import Recheck

CASES = (Case(256, 256), Case(2048, 2048), Case(4096, 4096), Case(4096, 4095), Case(8192, 8192))
SHARES = {"triton_tuned": 0.99, "numba_cuda": 0.97, "torch_broadcast": 0.8}
SERIES = ("cold", "hot", "launch", "call")
H100 = Machine.model_validate(factory.H100)

Asked = Mapping[str, Sequence[Check]]


@pytest.fixture
def known(tmp_path: Path) -> Evidence:
    factory.write(tmp_path, factory.run(cases=CASES, backends=SHARES, series=SERIES))
    return evidence(tmp_path)


def again(shares: Mapping[str, float], machine: Machine = H100, noise: float = 0.0005) -> Callable[[Asked], Recheck]:
    """A machine that gives every backend this share of the ceiling in every check."""

    def measure(asked: Asked) -> Recheck:
        own = asked.get(machine.slug, ())
        return Recheck(
            machine=machine, measurements=tuple(m for c in own for m in _of(c, shares, noise)), asked=len(own),
            taken=len(own), seconds=12.0,
        )  # fmt: skip

    return measure


def _of(check: Check, shares: Mapping[str, float], noise: float) -> list[Measurement]:
    names = (check.backend, *check.rivals)
    raw = factory.run(cases=[parse(check.case)], backends={n: shares[n] for n in names}, series=(check.series,))
    found = [Measurement.model_validate(bench["extra_info"]) for bench in raw["benchmarks"]]
    return [
        m.model_copy(
            update={"ratio_ci99": (m.ratio * (1 - noise), m.ratio * (1 + noise))}
            | ({"of_ceiling_ci99": (m.of_ceiling * (1 - noise), m.of_ceiling * (1 + noise))} if m.of_ceiling else {})
        )
        for m in found
    ]


def test_a_check_of_every_class_and_of_the_host_each_with_rivals(known: Evidence) -> None:
    (device,) = known.devices.values()
    asked = checks(device, "launched")
    assert len(asked) <= module.MOST
    assert {(c.case, c.series) for c in asked} >= {
        ("4096x4096-float32-contiguous", "cold"),
        ("4096x4095-float32-contiguous", "cold"),
        ("2048x2048-float32-contiguous", "cold"),
        ("4096x4096-float32-contiguous", "launch"),
    }
    assert all(c.backend == "triton_tuned" and c.rivals == ("numba_cuda", "torch_broadcast") for c in asked)
    assert {c.series for c in checks(device, "graph-hot")} == {"hot"}


def test_what_is_as_it_was_is_valid_and_what_else_changed_is_said(known: Evidence) -> None:
    found = revalidate(known, "launched", again(SHARES))
    assert (found.verdict, found.exit_code, found.drifts, found.differs) == ("valid", 0, (), ())
    newer = H100.model_copy(update={"versions": {**H100.versions, "torch": "9.9"}})
    found = revalidate(known, "graph-cold", again(SHARES, newer))
    assert found.verdict == "valid"
    assert found.differs == ("torch 9.9, was 2.11.0",)


def test_a_choice_that_no_longer_holds_has_drifted_by_so_much(known: Evidence) -> None:
    found = revalidate(known, "graph-cold", again(SHARES | {"triton_tuned": 0.90}))
    assert (found.verdict, found.exit_code) == ("drifted", 6)
    said = "\n".join(lines(found))
    assert "4096x4096-float32 cold: triton_tuned takes 1.078 × the time of numba_cuda, at worst 1.0" in said
    assert "% of the best copy" in said


def test_less_than_the_bar_and_what_the_interval_covers_is_no_drift(known: Evidence) -> None:
    assert revalidate(known, "graph-cold", again(SHARES | {"triton_tuned": 0.98})).verdict == "valid"
    slower = SHARES | {"triton_tuned": 0.96}
    assert revalidate(known, "graph-cold", again(slower)).verdict == "drifted"
    assert revalidate(known, "graph-cold", again(slower, noise=0.018)).verdict == "valid"


def test_what_is_too_noisy_to_tell_is_not_called_valid(known: Evidence) -> None:
    with pytest.raises(CannotDo, match="too few rounds came about"):
        revalidate(known, "graph-cold", again(SHARES, noise=0.5))


def test_a_faster_device_is_a_drift_too() -> None:
    check = Check("4096x4096-float32-contiguous", "cold", "triton_tuned", ("numba_cuda",), 1.0, (0.80, 0.81))
    (m,) = (m for m in _of(check, SHARES, 0.001) if m.backend == "triton_tuned")
    (said,) = drifted(check, m)
    assert "80.0 to 81.0 % in the records" in said


def test_a_recommended_backend_that_is_wrong_here_is_a_drift(known: Evidence) -> None:
    def measure(asked: Asked) -> Recheck:
        found = again(SHARES)(asked)
        wrong = Outcome(
            backend="triton_tuned", case="4096x4096-float32-contiguous", kind="incorrect", reason="C is off"
        )
        left = tuple(m for m in found.measurements if (m.backend, m.case) != (wrong.backend, wrong.case))
        return found.model_copy(update={"measurements": left, "outcomes": (wrong,)})

    found = revalidate(known, "graph-cold", measure)
    assert found.drifts == ("4096x4096-float32 cold: triton_tuned has no time, incorrect: C is off",)


def test_another_device_is_said_to_be_one(known: Evidence) -> None:
    ada = Machine.model_validate(factory.ADA)
    found = revalidate(known, "launched", again(SHARES, ada))
    assert (found.verdict, found.exit_code, found.device) == ("another device", 5, ada.name)
    assert "measured: NVIDIA H100" in "\n".join(lines(found))


def test_the_command_measures_and_says_so(
    tmp_path: Path, known: Evidence, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "measure", again(SHARES | {"triton_tuned": 0.5}))
    assert main(["select", "--revalidate", "--json"], data=tmp_path, published=tmp_path) == 6
    assert json.loads(capsys.readouterr().out)["verdict"] == "drifted"
    assert main(["select", "--revalidate", "--rows", "5"], data=tmp_path, published=tmp_path) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_where_torch_is_not_installed_the_bench_s_environment_measures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("sys.prefix", str(tmp_path / "select"))
    with pytest.raises(CannotDo, match="tox run -e bench --notest"):
        module.measure({})
    beside = tmp_path / "bench" / "bin" / "python"
    beside.parent.mkdir(parents=True)
    beside.write_text("#!/bin/sh\necho it could not start >&2\n")
    beside.chmod(0o755)
    with pytest.raises(CannotDo, match="it could not start"):
        module.measure({})
