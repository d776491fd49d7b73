"""The command that profiles, without a device: the file's shape, and every error as one line.

A script stands in for ncu; it records how it was called, and writes what ncu and the process under it would have.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

import backends
from suite.cases import HEADLINE
from suite.evidence import ncu, profile
from suite.evidence.ncu import METRICS
from suite.evidence.tests.ncu_output import METRICS_OF_VALUES, passed, printed
from suite.record import store
from suite.record.machine import Machine
from suite.record.measurement import Outcome
from suite.record.profile import Profile
from suite.worker.messages import Describe, Identify
from suite.worker.process import Worker

FIVE = ["sm__throughput", "launch__grid_size", "sm__warps_active", "dram__throughput", "lts__t_sector_hit_rate"]
"""The names of the project's first published profile."""

MACHINE = Machine(
    kind="cuda", name="NVIDIA H100 80GB HBM3", compute_capability=(9, 0), cache_bytes=50 << 20, memory_bytes=1,
    commit="0123456789abcdef", tree_clean=True,
)  # fmt: skip

Fake = Callable[..., Path]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Puts an ncu onto PATH that writes `log` and `answer` where it is told to, says `said`, and exits with `code`.

    log, answer: those of every run; or, as a list, of the run that counts traffic and of the other.
    """

    def make(
        log: str | list[str] = "",
        answer: str | list[str] | None = None,
        said: str = "",
        code: int = 0,
        sleep_s: float = 0.0,
    ) -> Path:
        logs = log if isinstance(log, list) else [log] * 2
        answers = answer if isinstance(answer, list) else [answer] * 2
        script = tmp_path / "bin" / "ncu"
        script.parent.mkdir()
        script.write_text(
            f"#!{sys.executable}\n"
            "import json, sys, time; from pathlib import Path\n"
            "if '--version' in sys.argv: print('Copyright (c) 2018\\nVersion 2025.3.1.0 (build 1)'); sys.exit()\n"
            "run = 'dram__bytes_read' not in sys.argv[sys.argv.index('--metrics') + 1]\n"
            f"Path({str(tmp_path / 'called')!r} + f'{{run:d}}.json').write_text(json.dumps(sys.argv[1:]))\n"
            f"Path(sys.argv[sys.argv.index('--log-file') + 1]).write_text({logs!r}[run])\n"
            f"answer = {answers!r}[run]\n"
            "if answer is not None: Path(sys.argv[-1]).write_text(answer)\n"
            f"print({said!r}); sys.stdout.flush(); time.sleep({sleep_s}); sys.exit({code})\n"
        )
        script.chmod(0o755)
        monkeypatch.setenv("PATH", str(script.parent))
        monkeypatch.setattr(profile, "held_device", lambda: nullcontext(MACHINE))
        monkeypatch.setattr(backends, "missing", lambda entry: [])
        return tmp_path / "to"

    return make


FORM = json.dumps({"form": "flat, 16 bytes per thread"})


def test_a_profile_has_the_published_shape(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    folder = fake(printed("scale_flat"), FORM)
    assert profile.main(["--backends", "triton_tuned", "--out", str(folder)]) == 0
    (path,) = folder.iterdir()
    assert path.name.endswith("-01234567.profile.json")
    assert str(path) in capsys.readouterr().out
    raw = json.loads(path.read_text())
    assert raw["kernels"] == {"scale_flat": METRICS_OF_VALUES}
    assert list(raw["kernels"]["scale_flat"])[:5] == FIVE
    assert raw["backends"] == {"triton_tuned": ["scale_flat"]}
    assert raw["units"]["gpu__time_duration"] == "ns"
    assert (raw["case"], raw["tool"]) == (HEADLINE.id, "2025.3.1.0")
    assert raw["command"] == "tox -e profile -- --backends=triton_tuned"
    assert store.read_document(path, Profile).forms == {"triton_tuned": "flat, 16 bytes per thread"}


def test_a_device_on_which_another_process_measures_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = {Describe: MACHINE, Identify: "one"}
    monkeypatch.setattr(Worker, "request", lambda self, request: answers[type(request)])
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with profile.held_device() as machine:
        assert machine == MACHINE
        assert profile.main(["--backends", "triton_tuned", "--out", str(tmp_path / "to")]) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert "another run measures on the device one" in said
    assert list((tmp_path / "to").iterdir()) == []


def test_kernels_of_one_name_are_numbered(fake: Fake) -> None:
    folder = fake(printed("mul", "mul"), FORM)
    assert profile.main(["--backends", "torch_broadcast,cupy_rawkernel", "--out", str(folder)]) == 0
    found = store.read_document(next(folder.iterdir()), Profile)
    assert found.backends == {"torch_broadcast": ("mul", "mul #2"), "cupy_rawkernel": ("mul #3", "mul #4")}
    assert set(found.kernels) == {"mul", "mul #2", "mul #3", "mul #4"}


def test_the_copy_that_is_a_ceiling_is_counted_too_unless_backends_are_named(fake: Fake) -> None:
    folder = fake(printed("k"), FORM)
    assert profile.main(["--out", str(folder)]) == 0
    (path,) = folder.iterdir()
    counted = store.read_document(path, Profile).backends
    assert next(iter(counted)) == "ceiling_copy"
    assert set(counted) == {"ceiling_copy", *(each.name for each in backends.CATALOGUE if "cuda" in each.devices)}


def test_the_child_is_told_backend_and_case(fake: Fake, tmp_path: Path) -> None:
    profile.main(["--backends", "numba_cuda", "--out", str(fake(printed("k"), FORM))])
    for run, names in enumerate(ncu.RUNS):
        called, options = json.loads((tmp_path / f"called{run}.json").read_text()), ncu.options(names)
        assert tuple(called[: len(options)]) == options
        child = called[len(options) + 2 :]
        assert child[:5] == [sys.executable, "-m", "suite.evidence.profiled_launch", "numba_cuda", HEADLINE.id]


def test_bytes_are_those_of_the_run_that_puts_nothing_back(fake: Fake) -> None:
    repeated = printed("k", dram__bytes_write=("byte", "46,000,000"), launch__grid_size=("", "7"))
    folder = fake([passed(1, printed("k")), passed(9, repeated)], FORM)
    assert profile.main(["--backends", "triton_tuned", "--out", str(folder)]) == 0
    found = store.read_document(next(folder.iterdir()), Profile)
    assert found.kernels["k"]["dram__bytes_write"] == METRICS_OF_VALUES["dram__bytes_write"]
    assert found.kernels["k"]["launch__grid_size"] == 7
    assert found.options[: len(ncu.COMMON)] == ncu.COMMON
    asked = {metric for option in found.options for metric in option.split(",")}
    assert asked >= {metric.ncu for metric in METRICS.values()}


def test_a_backend_that_chooses_anew_in_the_second_run_is_said(
    fake: Fake, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = fake(printed("k"), [json.dumps({"form": form}) for form in ("flat 512", "flat 1024")])
    assert profile.main(["--backends", "triton_tuned", "--out", str(folder)]) == 0
    forms = store.read_document(next(folder.iterdir()), Profile).forms
    assert forms == {"triton_tuned": "flat 512; in ncu's second run: flat 1024"}


def test_other_kernels_in_the_second_run_are_no_profile(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    assert profile.main(["--backends", "triton_tuned", "--out", str(fake([printed("k"), printed("tile")], FORM))]) == 1
    assert "triton_tuned: crashed: the process launched other kernels" in capsys.readouterr().out


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """What stands on stderr, which must be one line."""
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Traceback" not in said
    return said


def test_without_permission_one_line_says_how_to_get_it(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    denied = (
        "==ERROR== ERR_NVGPUCTRPERM - The user does not have permission to access NVIDIA GPU Performance Counters\n"
    )
    folder = fake(denied, FORM, code=1)
    assert profile.main(["--out", str(folder)]) == 1
    said = one_line(capsys)
    assert "NVreg_RestrictProfilingToAdminUsers=0" in said
    assert "CAP_SYS_ADMIN" in said
    assert list(folder.iterdir()) == []


def test_without_ncu_one_line_says_where_to_get_it(
    fake: Fake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(ncu, "INSTALLED", ())
    assert profile.main([]) == 1
    assert "install Nsight Compute" in one_line(capsys)


def test_without_a_gpu_one_line_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    cpu = Machine(kind="cpu", name="Some CPU", cache_bytes=1, memory_bytes=1)
    monkeypatch.setattr(Worker, "request", lambda *_: cpu)
    assert profile.main([]) == 1
    assert "no CUDA device here" in one_line(capsys)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--backends", "none_such"], "unknown backend none_such; choose from"),
        (["--case", "4096"], "not a case id: '4096'"),
        (["--case", "0x64-float32-contiguous"], "is empty"),
    ],
)
def test_a_request_that_makes_no_sense_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert profile.main(arguments) == 2
    assert message in one_line(capsys)


def test_an_unknown_option_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        profile.main(["--frobnicate"])
    assert left.value.code == 2
    assert "--frobnicate" in one_line(capsys)


def test_a_folder_that_cannot_be_written_is_one_line(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    folder = fake(printed("k"), FORM)
    folder.write_text("a file")
    assert profile.main(["--backends", "triton_tuned", "--out", str(folder)]) == 1
    assert "choose another folder with --out" in one_line(capsys)


INCORRECT = Outcome(backend="triton_tuned", kind="incorrect", reason="C is wrong").model_dump_json()


@pytest.mark.parametrize(
    ("log", "answer", "said", "reason"),
    [
        (printed(), INCORRECT, "", "incorrect: C is wrong"),
        (printed(), None, "Segmentation fault", "crashed: Segmentation fault"),
        ("==ERROR== The driver is too old\n", FORM, "noise", "crashed: The driver is too old"),
        (printed(), FORM, "", "crashed: Nsight Compute saw no kernel"),
    ],
)
def test_a_backend_that_fails_is_left_out_with_its_reason(
    log: str, answer: str | None, said: str, reason: str, fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = fake(log, answer, said)
    assert profile.main(["--backends", "triton_tuned", "--out", str(folder)]) == 1
    out, err = capsys.readouterr()
    assert f"triton_tuned: {reason}" in out
    assert err == "profile: no backend could be profiled\n"
    assert list(folder.iterdir()) == []


def test_a_process_that_hangs_is_ended(
    fake: Fake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(profile, "SILENCE_S", 0.5)
    assert profile.main(["--backends", "triton_tuned", "--out", str(fake(sleep_s=60.0))]) == 1
    assert "triton_tuned: timeout" in capsys.readouterr().out


def test_what_cannot_run_on_the_gpu_is_said(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    folder = fake(printed("k"), FORM)
    assert profile.main(["--backends", "numba_cpu,triton_tuned", "--out", str(folder)]) == 0
    (outcome,) = store.read_document(next(folder.iterdir()), Profile).outcomes
    assert (outcome.backend, outcome.kind) == ("numba_cpu", "unavailable")
    assert "numba_cpu: unavailable: runs on cpu" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b'{"schema_version": 2}', b"\xff"])
def test_a_file_that_is_no_profile_is_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.profile.json"
    path.write_bytes(content)
    with pytest.raises(store.BadRecord) as bad:
        store.read_document(path, Profile)
    assert str(path) in str(bad.value)
    assert len(str(bad.value).splitlines()) == 1
