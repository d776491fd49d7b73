"""The Triton kernels: computed by Triton's interpreter, compiled for devices that are not here, run on one that is.

The interpreter is switched on by the environment before triton is imported, and excludes the compiler from its process:
either has one of its own. It multiplies bfloat16 as if it were integers, so that type is left to the GPU.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from backends import Launch, Unsupported, _walk, compile_for, find, load
from backends.tests import matrix

ROOT = Path(__file__).parents[2]
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


def backend_of(name: str) -> Any:
    pytest.importorskip("triton")
    (entry,) = find([name])
    return load(entry)


def child(function: str, *, interpret: bool) -> Any:
    """What this module's function returns in a process of its own, with Triton's interpreter or its compiler."""
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    if interpret:
        environment["TRITON_INTERPRET"] = "1"
    code = f"import json; from backends.tests import test_triton as t; print(json.dumps(t.{function}()))"
    command = [sys.executable, "-W", "ignore::RuntimeWarning", "-c", code]  # the interpreter's numpy on inf · 0
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def wrong(launch: Launch, case: matrix.Operands) -> int:
    """Elements in and around C that are not as they must be after a launch into poison."""
    case.storages[2].fill_(matrix.POISON)
    assert launch() is case.out
    return case.differences()


def interpret_cases() -> dict[str, tuple[str, int]]:
    """Case -> (form, wrong elements): CASES with a kernel's largest config, AGAIN with every one."""
    import triton.language as tl

    from backends import triton_tuned as tuned

    configs = {kernel: kernel.configs for kernel in (tuned.scale_flat, tuned.scale_tile)}
    for kernel in configs:
        kernel.configs = configs[kernel][-1:]  # the autotuner does not benchmark a single one, which takes a GPU
    results = {}
    for dtype, layout, shape in CASES:
        case = matrix.operands(shape, dtype, layout)
        launch = tuned.bind(case.a, case.b, case.out, 0)
        results[f"{dtype} {layout} {shape}"] = getattr(launch, "form", ""), wrong(launch, case)
    for dtype, layout, shape in AGAIN:
        case = matrix.operands(shape, dtype, layout)
        kernel, grid, arguments, form = tuned.launch_arguments(case.a, case.b, case.out)
        wide = tuple(tl.int64 if argument is tl.int32 else argument for argument in arguments)
        assert wide != arguments
        for config in configs[kernel]:
            kernel.configs = [config]
            launch = tuned.launcher(0, kernel, grid, wide, form)
            results[f"{dtype} {layout} {shape}, {launch.form}"] = launch.form, wrong(launch, case)
    return results


def interpret_model() -> bool:
    """Whether ModelNew computes the product into its own tensor, laid out as B is."""
    from backends import triton_tuned as tuned

    for kernel in (tuned.scale_flat, tuned.scale_tile):
        kernel.configs = kernel.configs[:1]
    case = matrix.operands((5, 37), "float32", "column_major")
    C = tuned.ModelNew()(case.a, case.b)
    return C.stride() == case.b.stride() and matrix.mismatches(C, matrix.oracle(case.a, case.b)) == 0


def interpret_gradients() -> list[bool]:
    """Whether dA and dB are right: both asked for, only one, and from a second backward pass through the first."""
    from backends import triton_tuned as tuned

    for kernel in (tuned.scale_flat, tuned.scale_tile):
        kernel.configs = kernel.configs[:1]
    g, model = torch.randn(5, 37), tuned.ModelNew()
    right = []
    for wanted in ((True, True), (True, False), (False, True)):
        A, B = torch.randn(5, requires_grad=wanted[0]), torch.randn(5, 37, requires_grad=wanted[1])
        model(A, B).backward(g)
        right.append(A.grad is None or torch.allclose(A.grad, (g * B).sum(dim=1), rtol=1e-5, atol=1e-5))
        right.append(B.grad is None or bool(torch.equal(B.grad, A[:, None] * g)))
        right.append([A.grad is not None, B.grad is not None] == list(wanted))
    A, B = (torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in ((3,), (3, 8)))
    right.append(torch.autograd.gradgradcheck(model, (A, B)))
    with torch.no_grad():
        right.append(model(A, B).grad_fn is None)
    return right


def interpret_compiled_model() -> tuple[int, int]:
    """Graphs that torch.compile makes of the model, and elements of its product that are wrong."""
    from backends import triton_tuned as tuned

    for kernel in (tuned.scale_flat, tuned.scale_tile):
        kernel.configs = kernel.configs[:1]
    graphs = []

    def backend(graph: torch.fx.GraphModule, inputs: Any) -> Any:
        graphs.append(graph)
        return graph.forward

    compiled = torch.compile(tuned.ModelNew(), backend=backend, fullgraph=True)
    case = matrix.operands((5, 37), "float32", "contiguous")
    wrong = matrix.mismatches(compiled(case.a, case.b), matrix.oracle(case.a, case.b))
    return len(graphs), wrong


def interpret_baselines() -> dict[str, tuple[int, dict[str, int]]]:
    """Backend -> rows of C, of 200, that it writes with 64-row tiles, and wrong elements with every config."""
    results = {}
    for name in ("triton_baseline", "triton_baseline_mended"):
        backend = backend_of(name)
        case = matrix.operands((200, 40), "float16", "row_padded")
        kernel, *_ = backend.launch_arguments(case.a, case.b, case.out)
        wrongs = {}
        for config in kernel.configs:
            kernel.configs = [config]
            launch = backend.bind(case.a, case.b, case.out, 0)
            wrongs[launch.form] = wrong(launch, case)
            if config.kwargs["BLOCK_N"] == 64:
                rows = int((case.out != matrix.POISON).any(dim=1).sum())
        results[name] = rows, wrongs
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
    pytest.importorskip("triton")
    return child("interpret_cases", interpret=True)


@pytest.fixture
def tuned() -> Any:
    return backend_of("triton_tuned")


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


def test_the_model_returns_the_product_laid_out_as_b() -> None:
    pytest.importorskip("triton")
    assert child("interpret_model", interpret=True)


def test_the_model_has_gradients() -> None:
    pytest.importorskip("triton")
    assert all(child("interpret_gradients", interpret=True))


def test_the_model_is_one_graph_under_torch_compile() -> None:
    pytest.importorskip("triton")
    assert child("interpret_compiled_model", interpret=True) == [1, 0]


@pytest.mark.gpu
def test_the_model_on_the_gpu_compiled_captured_and_learning(tuned: Any) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    A, B = torch.randn(300, device="cuda"), torch.randn(300, 517, device="cuda")
    model, expected = tuned.ModelNew(), A[:, None] * B
    assert torch.equal(torch.compile(model, fullgraph=True)(A, B), expected)
    with torch.cuda.stream(torch.cuda.Stream()):
        model(A, B)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            C = model(A, B)
        B.neg_()
        graph.replay()
        torch.cuda.synchronize()
    assert torch.equal(C, -expected)
    for each in (A, B):
        each.requires_grad_()
    g = torch.randn_like(B)
    for call in (model, torch.compile(model, fullgraph=True)):
        A.grad = B.grad = None
        call(A, B).backward(g)
        torch.testing.assert_close(A.grad, (g * B).sum(dim=1), rtol=1e-4, atol=1e-4)
        assert torch.equal(B.grad, A[:, None] * g)


class FakeKernel:
    """A compiled kernel of a Triton whose inside is as given; notes how it was enqueued."""

    function, packed_metadata = 1, (2,)

    def __init__(self, inside: str) -> None:
        self.calls: list[tuple[Any, ...]] = []
        runs: dict[str, Any] = {
            "as known": lambda x, y, z, stream, function, metadata, launch, on, off, *rest: self.calls.append(rest),
            "other arguments": lambda grid, stream: None,
        }
        if inside in runs:
            self.run = runs[inside]

    def __getitem__(self, grid: tuple[int, int, int]) -> Any:
        return lambda *arguments, stream: self.calls.append((grid, stream, *arguments))


@pytest.mark.parametrize("inside", ["as known", "other arguments", "gone"])
def test_a_triton_with_another_inside_is_enqueued_by_its_public_way(tuned: Any, inside: str) -> None:
    kernel, tensor = FakeKernel(inside), torch.ones(3)
    if hasattr(tuned.enqueuer, "proven"):
        del tuned.enqueuer.proven
    enqueue = tuned.enqueuer(kernel, (7, 1, 1), 5, (tensor, 4))
    kernel.calls.clear()
    enqueue()
    assert kernel.calls == [(tensor.data_ptr(), 4) if inside == "as known" else ((7, 1, 1), 5, tensor, 4)]


def test_the_baselines_grid_leaves_rows_unwritten_and_the_mended_one_does_not() -> None:
    pytest.importorskip("triton")
    results = child("interpret_baselines", interpret=True)
    rows, wrongs = results["triton_baseline"]
    assert rows == 128
    assert {form: count > 0 for form, count in wrongs.items()} == {form: "BLOCK_N 64" in form for form in wrongs}
    assert len(wrongs) == 5
    rows, wrongs = results["triton_baseline_mended"]
    assert rows == 200
    assert set(wrongs.values()) == {0}


def test_cubins_for_devices_that_are_not_here() -> None:
    pytest.importorskip("triton")
    made = child("compile_entries", interpret=False)
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


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (torch.ones(3), torch.ones(4, 5), r"A must be \(N,\) and B \(N, M\), not \(3,\) and \(4, 5\)"),
        (torch.ones(3, 1), torch.ones(3, 5), r"A must be \(N,\) and B \(N, M\), not \(3, 1\) and \(3, 5\)"),
        (torch.ones(3), torch.ones(3, 5).half(), "one floating-point type, not torch.float32 and torch.float16"),
        (torch.ones(3).int(), torch.ones(3, 5).int(), "one floating-point type, not torch.int32 and torch.int32"),
        (torch.ones(3, device="meta"), torch.ones(3, 5), "on one device, not meta and cpu"),
    ],
)
def test_the_model_refuses_operands_that_do_not_fit(tuned: Any, a: torch.Tensor, b: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tuned.ModelNew()(a, b)


@pytest.mark.parametrize(
    ("rows", "cols", "reason"), [(2**15, 2**15, "2\\^30 elements are too large"), (1, 2**24, "too many")]
)
def test_the_baselines_refuse_what_their_indices_or_grid_can_not_hold(rows: int, cols: int, reason: str) -> None:
    for name in ("triton_baseline", "triton_baseline_mended"):
        with pytest.raises(Unsupported, match=reason):
            backend_of(name).bind(*on_meta(rows, cols, (cols, 1), (cols, 1)), 0)


def test_the_drop_in_file_has_its_form() -> None:
    """Imports, kernels, functions, the model; and one statement, which tells autograd of the operator's gradients."""
    source = (ROOT / "backends" / "triton_tuned.py").read_text(encoding="utf-8")
    docstring, *body = ast.parse(source).body
    imports, registration, model = body[:4], body.pop(-2), body[-1]
    functions = [node for node in body[4:-1] if isinstance(node, ast.FunctionDef)]
    kernels = [node for node in functions if "triton" in "".join(map(ast.unparse, node.decorator_list))]

    assert ast.unparse(registration).startswith("product.register_autograd(")

    assert isinstance(docstring, ast.Expr)
    assert [ast.unparse(node) for node in imports] == [
        "import torch",
        "import torch.nn as nn",
        "import triton",
        "import triton.language as tl",
    ]
    assert functions == body[4:-1]
    assert functions[: len(kernels)] == kernels
    assert isinstance(model, ast.ClassDef)
    assert (model.name, ast.unparse(model.bases[0])) == ("ModelNew", "nn.Module")
    (forward,) = (node for node in model.body if isinstance(node, ast.FunctionDef))
    assert (forward.name, [argument.arg for argument in forward.args.args]) == ("forward", ["self", "A", "B"])
    for kernel in kernels:
        tuning, jit = kernel.decorator_list
        assert ast.unparse(jit) == "triton.jit"
        assert isinstance(tuning, ast.Call)
        assert ast.unparse(tuning.func) == "triton.autotune"
        configs = next(keyword.value for keyword in tuning.keywords if keyword.arg == "configs")
        assert isinstance(configs, ast.List)
        assert 2 <= len(configs.elts) <= 4
        sides = [ast.literal_eval(config.args[0]) for config in configs.elts if isinstance(config, ast.Call)]
        assert all(side >= 16 and side & (side - 1) == 0 for config in sides for side in config.values())
        assert all(side <= 1024 for config in sides if len(config) > 1 for side in config.values())
    lambdas = [node for function in functions for node in ast.walk(function) if isinstance(node, ast.Lambda)]
    assert sum("meta['BLOCK" in ast.unparse(node) for node in lambdas) == len(kernels)


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", matrix.DTYPES)
@pytest.mark.parametrize("layout", matrix.LAYOUTS)
def test_every_form_on_the_gpu(tuned: Any, dtype: str, layout: str) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    with torch.cuda.stream(torch.cuda.Stream()):
        stream = torch.cuda.current_stream()
        for shape in (*matrix.SHAPES, *WIDE, *(shape[::-1] for shape in WIDE), (1031, 517), (2048, 2400)):
            case = matrix.operands(shape, dtype, layout, device="cuda")
            launch = tuned.bind(case.a, case.b, case.out, stream.cuda_stream)
            case.storages[2].fill_(matrix.POISON)
            assert launch() is case.out
            stream.synchronize()
            assert case.differences() == 0, (shape, getattr(launch, "form", ""))
