"""numba_cuda under Numba's simulator and as PTX; numba_cpu as it runs."""

from __future__ import annotations

import os
import subprocess
import sys

import llvmlite.binding
import pytest
import torch

from backends import Unsupported
from backends._walk import walk_contiguous
from backends.tests import matrix

pytest.importorskip("numba")
from backends import numba_cpu

CHUNKED = (3, 2 * numba_cpu.CHUNK + 5)


ON_THE_CPU = [
    *(("float32", layout) for layout in matrix.LAYOUTS),
    *((dtype, layout) for dtype in ("float16", "bfloat16", "float64") for layout in ("contiguous", "every_other")),
]
"""Each pair is compiled anew, which takes a second."""


@pytest.mark.parametrize(("dtype", "layout"), ON_THE_CPU)
def test_on_the_cpu(dtype: str, layout: str) -> None:
    for shape in (*matrix.SHAPES, CHUNKED, CHUNKED[::-1]):
        case = matrix.operands(shape, dtype, layout)
        assert numba_cpu.bind(case.a, case.b, case.out, 0)() is case.out
        assert case.differences() == 0, shape


def test_a_launch_on_the_cpu_reads_its_operands_anew() -> None:
    case = matrix.operands((16, 64), "float32", "contiguous")
    launch = numba_cpu.bind(case.a, case.b, case.out, 0)
    launch()
    case.b.copy_(torch.rand_like(case.b))
    launch()
    assert case.differences() == 0


def test_every_product_of_16_bits_is_rounded_once() -> None:
    """All float16 and bfloat16, by some of each kind: products of every exponent, ties, subnormals and NaN."""
    every = torch.arange(-(2**15), 2**15, dtype=torch.int16)
    for dtype in (torch.float16, torch.bfloat16):
        a, b = every[::509].view(dtype), every.view(dtype).expand(len(every[::509]), -1)
        out = torch.empty_like(b, memory_format=torch.contiguous_format)
        numba_cpu.bind(a, b, out, 0)()
        assert matrix.mismatches(out, matrix.oracle(a, b)) == 0


def test_a_cpu_that_does_not_convert_float16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llvmlite.binding, "get_host_cpu_features", lambda: {"f16c": False})
    case = matrix.operands((3, 7), "float16", "contiguous")
    with pytest.raises(Unsupported, match="does not convert float16"):
        numba_cpu.bind(case.a, case.b, case.out, 0)


def test_under_the_simulator() -> None:
    pytest.importorskip("numba_cuda")
    run = subprocess.run(
        [sys.executable, "-m", "backends.tests.numba_simulator"],
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"},
        capture_output=True,
        text=True,
    )
    assert run.stdout == "all products are right\n", run.stderr


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("dtype", matrix.DTYPES)
def test_ptx_flushes_nothing_and_accesses_16_bytes(dtype: str, cached: bool) -> None:
    pytest.importorskip("numba_cuda")
    from numba import cuda

    from backends import numba_cuda

    template = walk_contiguous(64, 64, dtype).template._replace(cached=cached)
    kernel, signature = numba_cuda.kernel_of(template, dtype)
    ptx, _ = cuda.compile_ptx(kernel, signature, cc=(8, 9))
    assert ".ftz" not in ptx
    assert ".local" not in ptx
    assert ptx.count("ld.global.v4") + ptx.count("ld.global.v2") == 1
    assert ptx.count("st.global.cs.v4") == cached
    assert ptx.count("st.global.v4") + ptx.count("st.global.v2") + cached == 1


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_compile_for_a_device_that_is_not_here(dtype: str) -> None:
    pytest.importorskip("numba_cuda")
    pytest.importorskip("cuda.core")
    from backends import numba_cuda

    compiled = numba_cuda.compile_for(4096, 4096, dtype, (8, 9))
    assert compiled.cubin.startswith(b"\x7fELF")
    assert compiled.kernel.encode() in compiled.cubin
    assert compiled.grid[0] * compiled.block[0] * 16 == 4096 * 4096 * matrix.DTYPES[dtype].itemsize
