"""The command that measures the variants: what it stores, and every error as one line."""

from __future__ import annotations

import importlib.util
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest

from suite.device import locks
from suite.record.store import BadRecord, read_document
from suite.record.variants import Row, Variants
from suite.variants import __main__ as variants
from suite.variants.tests.a_machine import MACHINE
from suite.worker.messages import Describe


def made(**replaced: Any) -> Variants:
    """A measurement without rows but one."""
    row = Row(
        case="64x64-float32-contiguous", series="cold", variant="block_512", role="variant", of_ceiling=0.9,
        of_ceiling_ci99=(0.89, 0.91), median_s=1e-6, rounds=40,
    )  # fmt: skip
    fields: dict[str, Any] = {
        "utc": "2026-01-02T03:04:05Z", "command": "tox -e variants", "machine": MACHINE, "variants": (), "cases": (),
        "rows": (row,), "seconds": 60.0,
    }  # fmt: skip
    return Variants.model_validate(fields | replaced)


@pytest.fixture
def libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variants, "_check_libraries", lambda: None)


@pytest.mark.usefixtures("libraries")
def test_what_was_measured_is_stored_and_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(variants, "measure", lambda command, say: made(command=command))
    assert variants.main(["--out", str(tmp_path / "new")]) == 0
    (path,) = (tmp_path / "new").iterdir()
    assert path.name == "20260102T030405Z-01234567.variants.json"
    assert str(path) in capsys.readouterr().out
    assert read_document(path, Variants) == made(command="tox -e variants")  # where the file goes repeats nothing


@pytest.mark.parametrize("content", [b"", b"{}", b'{"schema_version": 1', b"\xff\xfe"])
def test_a_file_that_holds_no_variants_is_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(BadRecord, match=r"no variants|not JSON") as error:
        read_document(tmp_path / "x.json", Variants)
    assert len(str(error.value).splitlines()) == 1


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    return said


def test_without_a_library_one_line_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert variants.main(["--out", str(tmp_path)]) == 1
    assert "torch and triton not installed" in one_line(capsys)


def test_without_a_gpu_one_line_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("triton")
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    assert variants.main(["--out", str(tmp_path)]) == 1
    assert "no CUDA device here" in one_line(capsys)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("libraries")
def test_a_folder_that_cannot_be_written_is_said_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(command: str, say: Any) -> Variants:
        raise AssertionError("measured")

    monkeypatch.setattr(variants, "measure", measure)
    (tmp_path / "file").touch()
    assert variants.main(["--out", str(tmp_path / "file" / "folder")]) == 1
    assert "choose another folder with --out" in one_line(capsys)


@pytest.mark.parametrize("kind", ["lost", "unforeseen"])
@pytest.mark.usefixtures("libraries")
def test_a_device_that_fails_is_one_line(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("triton")
    from suite.measure import timing
    from suite.variants import campaign as variant_campaign
    from suite.worker.failures import DeviceLost

    class Failing(variant_campaign.VariantServer):
        def answer(self, request: Any) -> Any:
            if isinstance(request, Describe):
                return MACHINE
            self.doing = "block_64"
            raise DeviceLost("crashed", "illegal address") if kind == "lost" else RuntimeError("illegal address\nmore")

    monkeypatch.setattr(timing.Device, "__init__", lambda self: setattr(self, "kind", "cuda"))
    monkeypatch.setattr(variant_campaign, "uuid", lambda kind: "one")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "locks"))
    (tmp_path / "locks").mkdir()
    monkeypatch.setattr(variant_campaign, "compile_ahead", lambda variants, cases: None)
    monkeypatch.setattr(variant_campaign, "VariantServer", Failing)
    assert variants.main(["--out", str(tmp_path)]) == 1
    assert re.search("lost at 256x256-float32-contiguous, block_64: .*illegal address", one_line(capsys))
    with locks.device("one"):  # it was given back
        assert variants.main(["--out", str(tmp_path)]) == 1
    assert "another run measures on the device" in one_line(capsys)


def test_an_unknown_option_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        variants.main(["--frobnicate"])
    assert ended.value.code == 2
    assert "--frobnicate" in one_line(capsys)
