"""The tuned Triton kernels: interpreted, compiled for devices that are not here, run on one that is."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from backends import _walk, bind, compile_for, find
from backends.tests import matrix
from backends.tests.triton_child import child, wrong

WIDE = ((3, 2048), (2, 2056), (2, 2051))
"""Rows of whole blocks of every size, of whole vectors but not blocks, and of neither."""

NARROW = {
    dtype: [
        (layout, shape)
        for width in (lanes - 2, lanes - 1)
        for layout, shape in (
            ("contiguous", (41, width)),
            ("offset_by_one", (41, width)),
            ("column_major", (width, 41)),
        )
    ]
    for dtype, lanes in (("float32", 4), ("float16", 8))
}
"""A vector may reach into a third line, and just may not."""

CASES = (
    [("float32", layout, shape) for layout in matrix.LAYOUTS for shape in (*matrix.SHAPES, *WIDE)]
    + [("float32", layout, shape[::-1]) for layout in ("column_major", "column_padded") for shape in WIDE]
    + [
        ("float32", "every_other", (2048, 1)),
        ("float32", "column_major", (3, 300)),
        ("float32", "unlike_offsets", (9, 1)),
    ]
    + [(dtype, layout, shape) for dtype, shapes in NARROW.items() for layout, shape in shapes]
    + [(dtype, layout, (5, 40)) for dtype in ("float16", "float64") for layout in matrix.LAYOUTS]
)
AGAIN = [("float32", layout, (40, 72)) for layout in matrix.LAYOUTS] + [("float32", "contiguous", WIDE[2])]
"""Computed with every config, and with 64-bit indices, which 2^31 elements would call for."""

FORMS = {
    "tile",
    *(f"dense streamed, by {of}, {fit} vectors" for of in ("row", "column") for fit in ("whole", "crossing", "short")),
    *(f"dense streamed, by row, {fit} vectors, shifted by 1" for fit in ("crossing", "short")),
    "dense streamed, by column, crossing vectors, shifted by 1",
    *(f"{gaps} streamed, by {of}, single elements" for gaps in ("dense", "gapped") for of in ("row", "column")),
    *(f"gapped streamed, by {of}, whole vectors" for of in ("row", "column")),
}


def interpret_cases() -> dict[str, tuple[str, int]]:
    """Case -> (form, wrong elements): CASES with a kernel's largest config, AGAIN with every one."""
    import triton.language as tl

    from backends import _triton_launch as launching
    from backends import triton_tuned as tuned

    configs = {kernel: kernel.configs for kernel in (tuned.scale_flat, tuned.scale_tile)}
    for kernel in configs:
        kernel.configs = configs[kernel][-1:]  # the autotuner does not benchmark a single one, which takes a GPU
    results = {}
    for dtype, layout, shape in CASES:
        case = matrix.operands(shape, dtype, layout)
        launch = launching.Bound(tuned).bind(case.a, case.b, case.out, 0)
        results[f"{dtype} {layout} {shape}"] = launch.form, wrong(launch, case)
    for dtype, layout, shape in AGAIN:
        case = matrix.operands(shape, dtype, layout)
        kernel, grid, arguments, form = tuned.launch_arguments(case.a, case.b, case.out)
        wide = tuple(tl.int64 if argument is tl.int32 else argument for argument in arguments)
        assert wide != arguments
        for config in configs[kernel]:
            kernel.configs = [config]
            chosen = launching.choose(0, kernel, grid, wide, form)
            launch = launching.launch_of(chosen, case.a, case.b, case.out, 0)
            results[f"{dtype} {layout} {shape}, {launch.form}"] = launch.form, wrong(launch, case)
    return results


def compile_entries() -> dict[str, tuple[Any, ...]]:
    """Entry and capability -> (the cubin's magic number, whether it names the kernel, grid, threads, config)."""
    results = {}
    for entry in find(["triton_tuned", "triton_baseline_mended"]):
        for capability in ((8, 9), (9, 0)):
            made = compile_for(entry, 4096, 4096, "bfloat16", capability)
            named = made.kernel.encode() in made.cubin
            results[f"{entry.name} {capability}"] = made.cubin[:4].hex(), named, made.grid, made.block[0], made.config
    return results


@pytest.fixture(scope="module")
def interpreted() -> Any:
    return child(interpret_cases, interpret=True)


def test_every_case_is_computed_exactly(interpreted: Any) -> None:
    assert {case: count for case, (_, count) in interpreted.items() if count} == {}


def test_the_cases_reach_every_form(interpreted: Any) -> None:
    assert {form.split(", BLOCK")[0] for form, _ in interpreted.values()} == FORMS | {""}  # "": C is empty


@pytest.mark.parametrize(("dtype", "short", "crossing"), [("float32", 2, 3), ("float16", 6, 7)])
def test_vectors_are_short_where_they_may_reach_into_a_third_line(
    tuned: Any, dtype: str, short: int, crossing: int
) -> None:
    for width, fit in ((short, "short"), (crossing, "crossing")):
        case = matrix.operands((41, width), dtype, "contiguous")
        assert tuned.launch_arguments(case.a, case.b, case.out)[3] == f"dense streamed, by row, {fit} vectors"


@pytest.mark.parametrize(
    ("gpu", "rate", "threads"),
    [
        ({"memory_clock_rate": 10_501_000, "memory_bus_width": 384, "multi_processor_count": 128}, 7.9e9, 512),
        ({"memory_clock_rate": 2_619_000, "memory_bus_width": 5120, "multi_processor_count": 132}, 25.4e9, 512),
        ({"memory_clock_rate": 3_201_000, "memory_bus_width": 6016, "multi_processor_count": 132}, 36.5e9, 256),
        ({"memory_clock_rate": 0, "memory_bus_width": 0, "multi_processor_count": 1}, 0.0, 512),
    ],
    ids=["RTX 4090", "H100", "H200", "untold"],
)
def test_fast_dram_takes_the_small_blocks_in_every_language(
    tuned: Any, monkeypatch: pytest.MonkeyPatch, gpu: dict[str, int], rate: float, threads: int
) -> None:
    properties = SimpleNamespace(**gpu, L2_cache_size=50 << 20)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: properties)
    device = torch.device("cuda")
    for module in (tuned, _walk):
        assert module.dram_per_sm(device) == pytest.approx(rate, rel=0.01)
    out = SimpleNamespace(device=device)
    for share, expected in ((2.0, threads), (0.5, threads), (0.01, 256)):
        assert _walk.threads_per_block(device, share) == expected
        regime = "streamed" if share > 1 else "cached" if share > 1 / 16 else "small"
        kernel = tuned.scale_flat
        first, *_ = kernel.early_config_prune(kernel.configs, {"REGIME": regime, "out_ptr": out})
        assert 32 * first.num_warps == expected


def test_cubins_for_devices_that_are_not_here() -> None:
    made = child(compile_entries, interpret=False)
    assert {(magic, named) for magic, named, *_ in made.values()} == {(b"\x7fELF".hex(), True)}
    assert made["triton_tuned (8, 9)"][2:] == [
        [4096, 1, 1],
        512,
        "dense streamed, by row, whole vectors, BLOCK 512, 16 warps, not tuned",
    ]
    assert made["triton_baseline_mended (8, 9)"][2:4] == [[16, 16, 1], 256]


def on_meta(rows: int, cols: int, *strides: tuple[int, int]) -> tuple[torch.Tensor, ...]:
    """a, b and out with b's and out's strides; they take no memory, however large."""
    return torch.empty(rows, device="meta"), *(torch.empty_strided((rows, cols), s, device="meta") for s in strides)


@pytest.mark.parametrize(
    ("operands", "index"),
    [
        (on_meta(2**15, 2**15, (2**15, 1), (2**15, 1)), "int32"),
        (on_meta(2**16, 2**15, (2**15, 1), (2**15, 1)), "int64"),
        (on_meta(2**10, 2**10, (2**22, 1), (2**10, 1)), "int64"),
        (on_meta(2**10, 2**10, (1, 2**10), (2**22, 1)), "int64"),
    ],
)
def test_indices_have_64_bits_only_where_32_do_not_suffice(tuned: Any, operands: Any, index: str) -> None:
    _, _, arguments, _ = tuned.launch_arguments(*operands)
    assert index in map(str, arguments)


@pytest.mark.parametrize(
    ("gigabytes_per_sm", "threads"),
    [
        (8, {"small": [256], "cached": [512], "streamed": [512]}),  # RTX 4090
        (25, {"small": [256], "cached": [512], "streamed": [512]}),  # H100
        (36, {"small": [256], "cached": [256], "streamed": [256, 128]}),  # H200
    ],
)
def test_the_blocks_follow_from_the_regime_and_the_dram(
    tuned: Any, monkeypatch: pytest.MonkeyPatch, gigabytes_per_sm: int, threads: dict[str, list[int]]
) -> None:
    monkeypatch.setattr(tuned, "dram_per_sm", lambda device: 1e9 * gigabytes_per_sm)
    kernel, out = tuned.scale_flat, torch.empty(1)
    for regime, expected in threads.items():
        left = kernel.early_config_prune(kernel.configs, {"REGIME": regime, "out_ptr": out})
        assert [32 * config.num_warps for config in left] == expected


def test_the_regime_follows_the_l2(tuned: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, out = on_meta(2**10, 2**10, (2**10, 1), (2**10, 1))  # 8 MiB with B
    regimes = {}
    for mebibytes in (0, 7, 8, 127, 128):
        monkeypatch.setattr(tuned, "l2_bytes", lambda device, mebibytes=mebibytes: mebibytes * 2**20)
        regimes[mebibytes] = tuned.regime(out)
    assert regimes == {0: "streamed", 7: "streamed", 8: "cached", 127: "cached", 128: "small"}


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", matrix.DTYPES)
@pytest.mark.parametrize("layout", matrix.LAYOUTS)
def test_every_form_on_the_gpu(stream: torch.cuda.Stream, dtype: str, layout: str) -> None:
    (entry,) = find(["triton_tuned"])
    shapes = (*matrix.SHAPES, *WIDE, *(shape[::-1] for shape in WIDE), (1031, 517), (2048, 2400))
    matrix.check_on_the_gpu(partial(bind, entry), shapes, dtype, layout, stream)
