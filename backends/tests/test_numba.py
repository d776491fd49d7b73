"""numba_cuda under Numba's simulator and as PTX; numba_cpu as it runs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from backends import Unsupported
from backends._walk import walk_contiguous
from backends.tests import matrix

pytest.importorskip("numba")
from backends import numba_cpu

CHUNKED = (3, 2 * numba_cpu.CHUNK + 5)


@pytest.mark.parametrize("layout", matrix.LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
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


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_the_cpu_has_no_16_bit_arithmetic(dtype: str) -> None:
    case = matrix.operands((3, 7), dtype, "contiguous")
    with pytest.raises(Unsupported, match=rf"Numba has no {dtype} arithmetic on the CPU"):
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
