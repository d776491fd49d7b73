"""rowscale.cu: built for the host under address and undefined-behaviour sanitizers and run; and read as PTX."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch

from backends import Unsupported
from backends._walk import Walk, divider, walk, walk_contiguous
from backends.tests import matrix

pytest.importorskip("cupy")
from backends import cupy_rawkernel

HERE = Path(__file__).parent
SHAPES = (*matrix.SHAPES, (3, 1024), (1024, 3), (128, 136))


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("g++") is None:
        pytest.skip("no g++ to build rowscale.cu for the host with")
    binary = tmp_path_factory.mktemp("host") / "rowscale"
    sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    warnings = ["-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas"]
    options = ["-std=c++17", "-O1", "-fno-strict-aliasing", *sanitizers, *warnings]
    subprocess.run(["g++", *options, str(HERE / "host_driver.cpp"), "-o", str(binary)], check=True)
    return binary


def exact(tensor: torch.Tensor, storage: torch.Tensor) -> torch.Tensor:
    """A tensor's storage up to its last element, none of the guard behind it."""
    last = sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True))
    return storage[: tensor.storage_offset() + last + 1]


def job(case: matrix.Operands, walked: Walk, kernel: str) -> bytes:
    """What host_driver.cpp reads for one launch."""
    views = (case.a, case.b, case.out)
    parts = [exact(view, storage) for view, storage in zip(views, case.storages, strict=True)]
    sizes = [
        (part.numel() * part.element_size(), view.storage_offset() * view.element_size())
        for part, view in zip(parts, views, strict=True)
    ]
    numbers = [walked.grid[0], walked.block, *(number for pair in sizes for number in pair), *walked.arguments]
    header = f"{kernel}|{' '.join(map(str, numbers))}\n".encode()
    return header + b"".join(part.view(torch.uint8).numpy().tobytes() for part in parts)


@pytest.mark.parametrize("layout", matrix.LAYOUTS)
@pytest.mark.parametrize("dtype", matrix.DTYPES)
def test_on_the_host(program: Path, dtype: str, layout: str) -> None:
    cases, jobs = [], []
    for shape in SHAPES:
        case = matrix.operands(shape, dtype, layout)
        if case.out.numel() == 0:  # bind launches nothing
            continue
        for walked in (one := walk(case.a, case.b, case.out), replace(one, cached=True)):
            kernel = cupy_rawkernel.instantiation(walked, dtype)
            assert ", unsigned," in kernel
            for name in (kernel, kernel.replace("unsigned", "unsigned long long")):
                cases.append((shape, name, case))
                jobs.append(job(case, walked, name))
    run = subprocess.run([program], input=b"".join(jobs), capture_output=True)
    assert run.returncode == 0, run.stderr.decode()
    output = torch.frombuffer(bytearray(run.stdout), dtype=matrix.DTYPES[dtype])
    for shape, name, case in cases:
        storage = exact(case.out, case.storages[2])
        storage.copy_(output[: storage.numel()])
        output = output[storage.numel() :]
        assert case.differences() == 0, (shape, name)
    assert output.numel() == 0


def test_the_matrix_reaches_every_kernel() -> None:
    reached = {
        walk(case.a, case.b, case.out).template[:3]
        for dtype in matrix.DTYPES
        for layout in matrix.LAYOUTS
        for shape in SHAPES
        if (case := matrix.operands(shape, dtype, layout)).out.numel()
    }
    assert len(reached) == 8


def test_the_divider_divides_all_that_it_is_used_for() -> None:
    random = Random(0)
    divisors = [1, 2, 3, 7, 37, 4095, 4096, 4097, 2**30, 2**31 - 1, *(random.randrange(1, 2**31) for _ in range(5000))]
    for divisor in divisors:
        magic, bits = divider(divisor)
        assert magic < 2**32
        edges = (multiple + step for multiple in (0, divisor, 2**31 // divisor * divisor) for step in (-1, 0, 1))
        for n in (*edges, random.randrange(2**31)):
            if 0 <= n < 2**31:
                assert (n + (n * magic >> 32)) >> bits == n // divisor, (n, divisor)


def test_past_32_bits_the_index_is_wider_and_the_grid_fits() -> None:
    assert not walk_contiguous(32_768, 65_536, "float16").wide
    walked = walk_contiguous(32_769, 65_536, "float16")
    assert walked.wide
    assert "unsigned long long" in cupy_rawkernel.instantiation(walked, "float16")
    assert walk_contiguous(2**20, 2**18, "float32").grid[0] < 2**31


@pytest.mark.parametrize("dtype", matrix.DTYPES)
def test_ptx_flushes_nothing_and_accesses_16_bytes(dtype: str) -> None:
    nvrtc = pytest.importorskip("cuda.bindings.nvrtc")

    def call(function: Callable[..., tuple[Any, ...]], *arguments: Any) -> Any:
        status, *values = function(*arguments)
        assert status == nvrtc.nvrtcResult.NVRTC_SUCCESS, function
        return values[0] if values else None

    name = cupy_rawkernel.instantiation(walk_contiguous(64, 64, dtype), dtype)
    program = call(nvrtc.nvrtcCreateProgram, cupy_rawkernel.SOURCE.encode(), b"rowscale.cu", 0, [], [])
    call(nvrtc.nvrtcAddNameExpression, program, name.encode())
    options = [b"--std=c++17", b"-ftz=true", b"-arch=compute_89"]  # CuPy adds -ftz=true to everything
    call(nvrtc.nvrtcCompileProgram, program, len(options), options)
    ptx = b" " * call(nvrtc.nvrtcGetPTXSize, program)
    call(nvrtc.nvrtcGetPTX, program, ptx)
    assert b".ftz" not in ptx
    assert ptx.count(b"ld.global.nc.v4") + ptx.count(b"ld.global.nc.v2") == 1
    assert ptx.count(b"st.global.v4") + ptx.count(b"st.global.v2") == 1


@pytest.mark.parametrize("dtype", matrix.DTYPES)
def test_compile_for_a_device_that_is_not_here(dtype: str) -> None:
    pytest.importorskip("cuda.core")
    compiled = cupy_rawkernel.compile_for(4096, 4096, dtype, (8, 9))
    assert compiled.cubin.startswith(b"\x7fELF")
    assert compiled.kernel.encode() in compiled.cubin
    assert compiled.grid[0] * compiled.block[0] * 16 == 4096 * 4096 * matrix.DTYPES[dtype].itemsize


def test_bfloat16_needs_an_ampere() -> None:
    with pytest.raises(Unsupported, match=r"bfloat16 needs compute capability 8\.0, this device has 7\.5"):
        cupy_rawkernel.compile_for(64, 64, "bfloat16", (7, 5))
