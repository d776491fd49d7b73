"""The variants of the tuned kernel: interpreted by Triton, compiled for sm_89, and through the gate on the CPU."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from statistics import median
from typing import Any

import pytest

from backends import Unsupported
from backends.tests import matrix
from backends.tests.triton_child import child
from suite import ROOT
from suite.cases import Case
from suite.measure.plan import SMOKE
from suite.measure.samples import CampaignSamples, Samples
from suite.variants.catalogue import CASES, REFERENCES, VARIANTS, Variant
from suite.variants.tests.a_machine import MACHINE

COMPUTED = (
    ("float32", "contiguous", (70, 65)),
    ("float32", "contiguous", (2, 8192)),
    ("float32", "offset_by_one", (5, 37)),
    ("float16", "contiguous", (300, 5)),
    ("float16", "contiguous", (300, 7)),
    ("float16", "row_padded", (3, 2048)),
)
"""Rows that end inside vectors, of whole blocks, shifted, shorter than a vector, and with gaps between."""


def interpret() -> tuple[dict[str, dict[str, int | str]], dict[str, Any]]:
    """What each variant computes, and what is measured of a wrong one; in one process, which takes seconds to start."""
    return compute(), measure_with_a_wrong_one()


def compute() -> dict[str, dict[str, int | str]]:
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
    return child(interpret, interpret=True)


@pytest.fixture(scope="module")
def compiled() -> Any:
    return child(compile_for_sm_89, interpret=False)


def test_every_variant_is_exact_where_it_runs(interpreted: Any) -> None:
    computed, _ = interpreted
    assert set(computed) == {variant.name for variant in VARIANTS}
    wrong = {name: of for name, of in computed.items() if any(isinstance(n, int) and n for n in of.values())}
    assert wrong == {}


def test_a_variant_is_left_out_only_where_it_is_none_of_its_own(interpreted: Any) -> None:
    computed, _ = interpreted
    refused = {name: {case for case, n in of.items() if isinstance(n, str)} for name, of in computed.items()}
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


def test_a_wrong_variant_is_reported_and_never_timed(interpreted: Any) -> None:
    _, found = interpreted
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


def test_who_asks_l2_to_keep_lines_says_so_and_no_backend_does() -> None:
    from suite.variants import campaign

    keeping = {each.name for each in campaign.entries(VARIANTS) if each.keeps}
    assert keeping == {"keep_b", "keep_b_two_512", "keep_b_256"}


@pytest.mark.gpu
def test_a_variant_that_keeps_lines_leaves_none_of_them_to_the_next() -> None:
    """A copy in the series cold takes as long after keep_b, once L2 was let forget, as after itself."""
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    from suite.check import operands
    from suite.device import machine
    from suite.measure import ceilings, timing
    from suite.measure.plan import CEILINGS
    from suite.variants import kernel

    device, case = timing.Device(), Case(4096, 4096)
    keeping = next(each for each in VARIANTS if each.name == "keep_b")
    with device.active():
        needed = timing.sets_needed(case.bytes_moved, machine.cache_bytes("cuda"))
        sets = [operands.allocate(case, device.torch) for _ in range(needed)]
        copies, _ = ceilings.ceilings(sets)[CEILINGS[1]]
        copy = timing.GraphSampler(copies, 10 * needed)
        keep = timing.GraphSampler(
            [kernel.bind(keeping, on.a, on.b, on.out, device.stream) for on in sets], 10 * needed
        )
        seconds: dict[bool, list[float]] = {False: [], True: []}
        for turn in range(120):
            after_it = bool(turn % 2)
            (keep if after_it else copy).take()
            device.settle()
            copy.collect()
            copy.take()
            device.settle()
            seconds[after_it] += copy.collect()
        after_itself, after_keep = (median(each[20:]) for each in seconds.values())
    assert after_keep == pytest.approx(after_itself, rel=0.005)
