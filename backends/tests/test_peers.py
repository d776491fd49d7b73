"""The peers, as far as no GPU is needed: torch.compile's code on the CPU, cuBLAS's arguments, the naive product."""

from __future__ import annotations

import ctypes
import shutil
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from backends import CATALOGUE, Unsupported, bind, cublas_dgmm, find, missing, torch_compile, torch_diag_matmul
from backends.tests import matrix

PEERS = ("torch_compile", "cublas_dgmm", "cupy_broadcast", "jax_jit", "torch_diag_matmul")
SHAPES = ((1, 1), (1, 40), (33, 1), (3, 7), (16, 64), (5, 37), (70, 65), (300, 9), (8, 8), (9, 9))


def test_what_departs_says_so() -> None:
    for entry in CATALOGUE:
        assert bool(entry.exempt or entry.tolerance_ulp or entry.own_stream) <= bool(entry.caveat), entry.name


@pytest.mark.skipif(shutil.which("g++") is None, reason="no g++ for Inductor to compile with")
def test_torch_compile_runs_compiled_code_in_more_shapes_than_it_recompiles_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from torch._dynamo.utils import counters

    counters.clear()
    for compilations, shape in enumerate(SHAPES, start=1):
        case = matrix.operands(shape, "float32", "contiguous")
        for _ in range(2):  # the second operand set of a case compiles nothing
            launch = torch_compile.bind(case.a, case.b, case.out, 0)
        case.storages[2].fill_(matrix.POISON)
        assert launch() is case.out
        assert case.differences() == 0, shape
        assert counters["stats"]["unique_graphs"] == compilations
    monkeypatch.setattr(torch_compile, "product", lambda a, b, out: torch._dynamo.graph_break())
    torch_compile.compiled.cache_clear()
    with pytest.raises(Exception, match=r"(?i)graph.break"):
        torch_compile.bind(case.a, case.b, case.out, 0)


@pytest.mark.parametrize("layout", ["contiguous", "row_padded", "column_major", "column_padded"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cublas_is_given_what_it_takes_by_its_documentation(
    dtype: str, layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against dgmm as documented: column-major C = diag(x) A or A diag(x), leading dimensions at least m."""
    scalar = {"float32": ctypes.c_float, "float64": ctypes.c_double}[dtype]

    def dgmm(handle: Any, side: int, m: int, n: int, A: int, lda: int, x: int, incx: int, C: int, ldc: int) -> int:
        assert min(lda, ldc) >= max(1, m)
        read, write = ((scalar * (ld * (n - 1) + m)).from_address(at) for at, ld in ((A, lda), (C, ldc)))
        factors = (scalar * (incx * ((m if side == cublas_dgmm.LEFT else n) - 1) + 1)).from_address(x)
        for j in range(n):
            for i in range(m):
                factor: Any = factors[incx * (i if side == cublas_dgmm.LEFT else j)]
                write[j * ldc + i] = torch.tensor(factor * read[j * lda + i], dtype=getattr(torch, dtype)).item()
        return 0

    name = {"float32": "cublasSdgmm_64", "float64": "cublasDdgmm_64"}[dtype]
    fake = SimpleNamespace(**{name: dgmm}, cublasCreate_v2=lambda at: 0, cublasSetStream_v2=lambda handle, stream: 0)
    monkeypatch.setattr(cublas_dgmm, "library", lambda: fake)
    cublas_dgmm.handle_of.cache_clear()
    for shape in (*SHAPES[:7], (0, 5)):
        case = matrix.operands(shape, dtype, layout)
        case.storages[2].fill_(matrix.POISON)
        assert cublas_dgmm.bind(case.a, case.b, case.out, 0)() is case.out
        assert case.differences() == 0, shape
    cublas_dgmm.handle_of.cache_clear()


@pytest.mark.parametrize("layout", ["every_other", "transposed", "expanded"])
def test_cublas_refuses_strides_that_it_has_no_words_for(layout: str) -> None:
    case = matrix.operands((6, 40), "float32", layout)
    with pytest.raises(Unsupported, match="cuBLAS"):
        cublas_dgmm.arguments(case.a, case.b, case.out)


def test_a_refusal_of_cublas_is_an_error() -> None:
    with pytest.raises(cublas_dgmm.CublasError, match="cublasSdgmm_64 returned status 7"):
        cublas_dgmm.check(7, "cublasSdgmm_64")


def test_the_naive_product_is_right_for_finite_operands_and_ends_where_it_is_too_slow() -> None:
    a, b = torch.randn(30), torch.randn(30, 17)
    out = torch.empty(30, 17)
    assert torch.equal(torch_diag_matmul.bind(a, b, out, 0)(), a[:, None] * b)
    tall = torch.empty(torch_diag_matmul.LARGEST + 1, 1)
    with pytest.raises(Unsupported, match="1024 rows"):
        torch_diag_matmul.bind(tall[:, 0], tall, tall, 0)


def test_jax_shares_torchs_memory_and_refuses_what_it_would_copy() -> None:
    pytest.importorskip("jax")
    from backends import jax_jit

    a, b = torch.randn(16), torch.randn(16, 32)
    launch = jax_jit.bind(a, b, torch.empty_like(b), 0)
    assert torch.equal(launch(), a[:, None] * b)
    b.neg_()
    assert torch.equal(launch(), a[:, None] * b)
    with pytest.raises(Unsupported, match="copy"):
        jax_jit.bind(a, torch.randn(32, 16).T, torch.empty(16, 32), 0)


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", matrix.DTYPES)
@pytest.mark.parametrize("name", PEERS)
def test_on_the_gpu_eager_and_captured(name: str, dtype: str) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    (entry,) = find([name])
    if missing(entry) or dtype not in entry.dtypes:
        pytest.skip(f"{name} is not installed, or does not take {dtype}")
    with torch.cuda.stream(torch.cuda.Stream()) as _:
        stream = torch.cuda.current_stream()
        for rows, cols in ((64, 64), (300, 517), (1024, 2400)):
            a, b = (torch.randn(s, device="cuda").to(getattr(torch, dtype)) for s in ((rows,), (rows, cols)))
            out = torch.empty_like(b)
            stream.synchronize()
            launch = bind(entry, a, b, out, stream.cuda_stream)
            b.neg_()
            stream.synchronize()
            result = launch()
            torch.cuda.synchronize()
            expected = (a[:, None].double() * b.double()).to(b.dtype)
            assert torch.equal(result, expected), (rows, cols)
            if entry.capturable:
                out.zero_()
                graph = torch.cuda.CUDAGraph()
                stream.synchronize()
                graph.capture_begin(capture_error_mode="thread_local")
                launch()
                graph.capture_end()
                graph.replay()
                torch.cuda.synchronize()
                assert torch.equal(out, expected), (rows, cols)
