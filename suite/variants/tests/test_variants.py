"""The variants of the tuned kernel: computed by Triton's interpreter, compiled for sm_89, measured and stored.

CampaignSamples by way of the server's own gate and campaign; every error is one line.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from backends import Unsupported
from backends.tests import matrix
from suite.cases import Case
from suite.device import locks
from suite.measure.plan import SMOKE
from suite.measure.samples import CampaignSamples, Samples
from suite.record.machine import Machine
from suite.record.store import BadRecord, read_document
from suite.record.variants import Row, Variants
from suite.variants import __main__ as variants
from suite.variants.catalogue import CASES, REFERENCES, VARIANTS, Variant
from suite.worker.messages import Describe

ROOT = Path(__file__).parents[3]
MACHINE = Machine(
    kind="cuda", name="NVIDIA H100 80GB HBM3", compute_capability=(9, 0), cache_bytes=50 << 20, memory_bytes=1,
    commit="0123456789abcdef", tree_clean=True,
)  # fmt: skip

COMPUTED = (
    ("float32", "contiguous", (70, 65)),
    ("float32", "contiguous", (2, 8192)),
    ("float32", "offset_by_one", (5, 37)),
    ("float16", "contiguous", (300, 5)),
    ("float16", "contiguous", (300, 7)),
    ("float16", "row_padded", (3, 2048)),
)
"""Rows that end inside vectors, of whole blocks, shifted, shorter than a vector, and with gaps between."""


def child(function: str, *, interpret: bool) -> Any:
    """What this module's function returns in a process of its own, with Triton's interpreter or its compiler."""
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    if interpret:
        environment["TRITON_INTERPRET"] = "1"
    code = f"import json; from suite.variants.tests import test_variants as t; print(json.dumps(t.{function}()))"
    command = [sys.executable, "-W", "ignore::RuntimeWarning", "-c", code]  # the interpreter's numpy on inf · 0
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def interpret() -> dict[str, dict[str, int | str]]:
    """Variant -> case -> wrong elements in and around C, or why the variant does not take it."""
    from suite.variants import kernel as variant_kernel

    results: dict[str, dict[str, int | str]] = {}
    for variant in VARIANTS:
        of = results.setdefault(variant.name, {})
        for dtype, layout, shape in COMPUTED:
            case = matrix.operands(shape, dtype, layout)
            case.storages[2].fill_(matrix.POISON)
            try:
                assert variant_kernel.bind(variant, case.a, case.b, case.out, 0)() is case.out
                of[f"{dtype} {layout} {shape}"] = case.differences()
            except Unsupported as error:
                of[f"{dtype} {layout} {shape}"] = str(error)
    return results


def measure_with_a_wrong_one() -> dict[str, Any]:
    """What the server makes of two variants of which one writes zeros, on the CPU."""
    from suite.measure import timing
    from suite.measure.comparisons import Comparisons
    from suite.variants import campaign as variant_campaign
    from suite.variants import kernel as variant_kernel

    right = variant_kernel.bind

    def bind(variant: Variant, a: Any, b: Any, out: Any, stream: int) -> Any:
        return out.zero_ if variant.name == "wrong" else right(variant, a, b, out, stream)

    variant_kernel.bind = bind
    tried = [Variant("good", "", 128, 4), Variant("wrong", ""), Variant("uniform", "", read="uniform")]
    server = variant_campaign.VariantServer(timing.Device(), tried)
    measured = server.measured(Case(40, 72), "hot", variant_campaign.entries(tried), SMOKE)
    rows = variant_campaign.to_rows(Comparisons(Case(40, 72), "hot", measured, MACHINE))
    return {
        "rows": {row.variant: row.role for row in rows},
        "outcomes": {outcome.backend: outcome.kind for outcome in measured.outcomes},
    }


def compile_for_sm_89() -> dict[str, dict[str, int]]:
    """Variant -> global loads and stores of float32 in PTX."""
    import torch
    import triton
    from triton.backends.compiler import GPUTarget

    from backends import _triton_compile as triton_compile
    from suite.variants import kernel as variant_kernel

    operands = [torch.empty(shape, device="meta") for shape in ((4096,), (4096, 4096), (4096, 4096))]
    results = {}
    for variant in VARIANTS:
        try:
            _, arguments = variant_kernel.plan(variant, *operands)
        except Unsupported:
            continue
        source = triton_compile._specialised(variant_kernel.scale_variant, arguments)
        target, options = GPUTarget("cuda", 89, 32), {"num_warps": variant.warps}
        ptx = triton.compile(source, target=target, options=options).asm["ptx"]
        results[variant.name] = dict(Counter(re.findall(r"\b(?:ld|st)\.global[\w.:]*", ptx)))
    return results


@pytest.fixture(scope="module")
def interpreted() -> Any:
    pytest.importorskip("triton")
    return child("interpret", interpret=True)


@pytest.fixture(scope="module")
def compiled() -> Any:
    pytest.importorskip("triton")
    return child("compile_for_sm_89", interpret=False)


def test_every_variant_is_exact_where_it_runs(interpreted: Any) -> None:
    assert set(interpreted) == {variant.name for variant in VARIANTS}
    wrong = {name: of for name, of in interpreted.items() if any(isinstance(n, int) and n for n in of.values())}
    assert wrong == {}


def test_a_variant_is_left_out_only_where_it_is_none_of_its_own(interpreted: Any) -> None:
    refused = {name: {case for case, n in of.items() if isinstance(n, str)} for name, of in interpreted.items()}
    refused = {name: cases for name, cases in refused.items() if cases}
    assert refused == {
        "uniform": {key(*case) for case in COMPUTED if case[2] != (2, 8192)},
        "uniform_256": {key(*case) for case in COMPUTED if case[2] not in ((2, 8192), (3, 2048))},
        "crossing": {key(*case) for case in COMPUTED if case[2] in ((70, 65), (5, 37), (300, 5), (300, 7))},
        "short": {key(*COMPUTED[3])},
    }


def key(dtype: str, layout: str, shape: tuple[int, int]) -> str:
    return f"{dtype} {layout} {shape}"


def test_each_knob_reaches_the_machine_code(compiled: Any) -> None:
    wide = {"ld.global.v4.b32", "st.global.v4.b32"}
    assert wide <= set(compiled["block_512"])
    assert not wide & set(compiled["half_vectors"])
    assert compiled["two_512"]["st.global.v4.b32"] == 2 * compiled["block_512"]["st.global.v4.b32"]
    assert compiled["masked"]["st.global.v4.b32"] == 1
    assert compiled["short"]["ld.global.b32"] == 4
    assert compiled["crossing"]["ld.global.b32"] == 2
    assert "st.global.cs.v4.b32" in compiled["stores_cs"]
    assert "ld.global.cg.v4.b32" in compiled["loads_cg"]
    assert any("evict_last" in access for access in compiled["keep_b"] if access.startswith("ld"))


def test_all_variants_compile_at_the_headline(compiled: Any) -> None:
    assert set(compiled) == {variant.name for variant in VARIANTS}


def test_a_wrong_variant_is_reported_and_never_timed() -> None:
    pytest.importorskip("triton")
    found = child("measure_with_a_wrong_one", interpret=True)
    assert found["outcomes"]["wrong"] == "incorrect"
    assert found["outcomes"]["uniform"] == "unsupported"
    assert {name: role for name, role in found["rows"].items() if role != "ceiling"} == {
        "good": "variant",
        "control_aa": "control",
    }


def test_shares_are_paired_with_the_ceiling_and_with_the_tuned_kernel() -> None:
    pytest.importorskip("torch")
    variant_campaign = pytest.importorskip("suite.variants.campaign")
    from suite.measure.comparisons import Comparisons

    times = {"ceiling_memcpy": 2.0, "ceiling_copy": 1.0, "triton_tuned": 1.25, "block_64": 1.0}
    sampled = {name: Samples([t * (1 + i / 100) for i in range(20)], "cuda_graph", 9) for name, t in times.items()}
    rows = variant_campaign.to_rows(Comparisons(Case(64, 64), "cold", CampaignSamples(sampled), MACHINE))
    assert {row.variant: round(row.of_ceiling, 9) for row in rows} == {
        "ceiling_memcpy": 0.5, "ceiling_copy": 1.0, "triton_tuned": 0.8, "block_64": 1.0
    }  # fmt: skip
    assert {row.variant: round(row.of_tuned, 9) for row in rows} == {
        "ceiling_memcpy": 0.625, "ceiling_copy": 1.25, "triton_tuned": 1.0, "block_64": 1.25
    }  # fmt: skip
    assert {row.rounds for row in rows} == {20}


def test_names_and_forms_are_unlike() -> None:
    assert len({variant.name for variant in VARIANTS} | set(REFERENCES)) == len(VARIANTS) + len(REFERENCES)
    assert len({variant.what for variant in VARIANTS}) == len(VARIANTS)
    assert all(variant.why for variant in VARIANTS)


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


def test_reading_variants_imports_no_array_library() -> None:
    heavy = "('torch', 'triton', 'cupy', 'numba')"
    code = f"import sys, suite.variants.catalogue; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.gpu
def test_the_variants_on_the_gpu() -> None:
    """Every variant in every case passes the gate or says why it is none; one round of each campaign."""
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    from suite.variants import campaign as variant_campaign

    machine, rows, outcomes = variant_campaign.measure(VARIANTS, CASES, lambda line: None, SMOKE)
    assert machine.kind == "cuda"
    assert {outcome.kind for outcome in outcomes if outcome.backend not in REFERENCES} <= {"unsupported"}
    names = {variant.name for variant in VARIANTS}
    for series, of in CASES.items():
        for case in of:
            here = {row.variant for row in rows if (row.series, row.case) == (series, case.id)}
            refused = {each.backend for each in outcomes if (each.series, each.case) == (series, case.id)}
            assert names | {*REFERENCES, "ceiling_memcpy", "ceiling_copy"} <= here | refused, case.id
