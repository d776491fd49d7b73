"""The CuTe DSL kernel: its body as a loop on the CPU, compiled for devices that are not here, run on one that is.

A host's own bfloat16 instructions flush subnormal numbers, so on the CPU that type is left to what its PTX says.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

pytest.importorskip("cutlass")
import cutlass
from cutlass import cute

from backends import Unsupported, cute_layout
from backends._walk import walk, walk_contiguous
from backends.tests import matrix

MULTIPLICATIONS = {"float32": "mul.f32", "float16": "mul.f16x2", "bfloat16": "fma.rn.bf16x2", "float64": "mul.f64"}
"""The products' PTX for compute capability 8.9. It has no bfloat16 product: x · y + -0 is rounded once as well."""


@cute.jit
def scale_on_the_cpu(a: cute.Pointer, b: cute.Pointer, out: cute.Pointer, form: cutlass.Constexpr) -> None:
    for vector in range(form.threads):
        cute_layout.scale_vector(a, b, out, form, vector)


def compute(case: matrix.Operands, dtype: str) -> cute_layout.Form:
    """Compute the case on the CPU; returns the form that did."""
    form = cute_layout.form_of(walk(case.a, case.b, case.out))
    addresses = [tensor.data_ptr() for tensor in (case.a, case.b, case.out)]
    pointers = cute_layout.pointers(dtype, form, addresses, cute.AddressSpace.generic)
    cute.compile(scale_on_the_cpu, *pointers, form)(*pointers)
    return form


@pytest.mark.parametrize("layout", matrix.LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float16", "float64"])
def test_on_the_cpu(dtype: str, layout: str) -> None:
    for shape in (*matrix.SHAPES, (5, 40)):
        if 0 not in shape:
            case = matrix.operands(shape, dtype, layout)
            form = compute(case, dtype)
            assert case.differences() == 0, (shape, form.words)


def test_a_needs_no_alignment_of_its_own() -> None:
    case = matrix.operands((40, 8), "float32", "column_major")
    off_by_one = torch.cat([case.a[:1], case.a])[1:]
    case = matrix.Operands(off_by_one, case.b, case.out, case.storages)
    assert compute(case, "float32").lanes == 4
    assert case.differences() == 0


def test_the_cases_reach_every_form() -> None:
    cases = [matrix.operands(shape, "float32", layout) for layout in matrix.LAYOUTS for shape in matrix.SHAPES[2:]]
    forms = {cute_layout.form_of(walk(case.a, case.b, case.out)).words for case in cases}
    orders, kinds = ("row", "column"), ("layout, 1", "layout, 4", "ragged vectors, 4")
    assert forms == {f"{kind} elements per thread, by {order}" for kind in kinds for order in orders}


@pytest.mark.parametrize("dtype", matrix.DTYPES)
@pytest.mark.parametrize("shape", [(64, 64), (33, 37)])
def test_ptx_rounds_once_flushes_nothing_and_accesses_16_bytes(
    dtype: str, shape: tuple[int, int], tmp_path: Path
) -> None:
    form = cute_layout.form_of(walk_contiguous(*shape, dtype))
    made = cute_layout.compile_form(form, dtype, f"--gpu-arch sm_89 --keep-ptx --dump-dir {tmp_path}")
    ptx = made.artifacts.PTX
    assert ".ftz" not in ptx
    assert ".local" not in ptx
    assert MULTIPLICATIONS[dtype] in ptx
    assert len(re.findall(r"ld\.global\.v[24]\.b(?:32|64)", ptx)) == 1
    assert len(re.findall(r"st\.global\.v[24]\.b(?:32|64)", ptx)) == 1


@pytest.mark.parametrize("capability", [(8, 9), (9, 0)])
@pytest.mark.parametrize("dtype", matrix.DTYPES)
def test_compile_for_a_device_that_is_not_here(dtype: str, capability: tuple[int, int]) -> None:
    compiled = cute_layout.compile_for(4096, 4096, dtype, capability)
    assert compiled.cubin.startswith(b"\x7fELF")
    assert compiled.kernel.encode() in compiled.cubin
    assert compiled.grid[0] * compiled.block[0] * 16 == 4096 * 4096 * matrix.DTYPES[dtype].itemsize


@pytest.mark.parametrize("strides", [(2**22, 1), (1, 2**22)])
def test_offsets_past_32_bits_are_refused(strides: tuple[int, int]) -> None:
    near = torch.empty(2**10, 2**10, device="meta")
    far = torch.empty_strided(near.shape, strides, device="meta")
    for b, out in ((near, far), (far, near)):
        with pytest.raises(Unsupported, match=r"past 2\^31 elements"):
            cute_layout.form_of(walk(near[0], b, out))


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", matrix.DTYPES)
@pytest.mark.parametrize("layout", matrix.LAYOUTS)
def test_every_form_on_the_gpu(dtype: str, layout: str, stream: torch.cuda.Stream) -> None:
    shapes = (*matrix.SHAPES, (1031, 517), (517, 2051))
    matrix.check_on_the_gpu(cute_layout.bind, shapes, dtype, layout, stream)
