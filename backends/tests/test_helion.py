"""The Helion kernels: as torch operations, as the Triton code that Helion writes, compiled, and run on a GPU.

Helion's reference mode, Triton's interpreter and Triton's compiler exclude one another, so each has a process of its
own. The interpreter multiplies bfloat16 as if it were integers; the reference mode takes every dtype.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import torch

from backends import compile_for, find, missing
from backends.tests import matrix

(ENTRY,) = find(["helion_tile"])
pytestmark = pytest.mark.skipif(bool(missing(ENTRY)), reason="helion is not installed")

ROOT = Path(__file__).parents[2]
WIDE = ((3, 2048), (2, 2051))
"""Rows of whole tiles, and ragged ones of more than a tile."""

MODES = {"reference": "HELION_INTERPRET", "interpreted": "TRITON_INTERPRET"}


def child(function: str, mode: str = "") -> Any:
    """What this module's function returns in a process of its own, in one of MODES or, for "", with the compiler."""
    environment = {name: value for name, value in os.environ.items() if name not in MODES.values()}
    if mode:
        environment[MODES[mode]] = "1"
    code = f"import json; from backends.tests import test_helion as t; print(json.dumps(t.{function}()))"
    command = [sys.executable, "-W", "ignore::RuntimeWarning", "-c", code]  # the interpreter's numpy on inf · 0
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def reference() -> dict[str, int]:
    """Case -> wrong elements in and around C."""
    from backends import helion_tile

    wrong = {}
    for case, operands in cases(matrix.DTYPES, matrix.SHAPES):
        tiling = helion_tile.tiling(operands.a, operands.b, operands.out)
        helion_tile.kernel_of(tiling.function, tiling.index)(*tiling.arguments)
        wrong[case] = operands.differences()
    return wrong


def interpreted() -> dict[str, int]:
    """Case -> wrong elements in and around C; some with 64-bit indices, which need 2^31 elements to be chosen."""
    from backends import helion_tile

    wrong = {}
    for dtype, index in (("float32", None), ("float16", None), ("float64", torch.int64)):
        if index is not None:
            helion_tile.Tiling.index = index  # type: ignore[method-assign]
        for case, operands in cases([dtype], matrix.SHAPES if dtype == "float32" else matrix.SHAPES[-2:]):
            launch = helion_tile.bind(operands.a, operands.b, operands.out, 0)
            operands.storages[2].fill_(matrix.POISON)
            assert launch() is operands.out
            wrong[f"{case} {launch.form}"] = operands.differences()
    return wrong


def cases(dtypes: Iterable[str], shapes: tuple[tuple[int, int], ...]) -> list[tuple[str, matrix.Operands]]:
    """Every layout of these shapes, as far as they have elements, and of WIDE in these dtypes."""
    return [
        (f"{dtype} {layout} {shape}", matrix.operands(shape, dtype, layout))
        for dtype in dtypes
        for layout in matrix.LAYOUTS
        for shape in (*shapes, *WIDE)
        if 0 not in shape
    ]


def compiled() -> dict[str, Any]:
    """Capability and dtype -> (the cubin's magic number, whether it names the kernel, grid, threads)."""
    results = {}
    for capability in ((8, 9), (9, 0)):
        for dtype in matrix.DTYPES:
            made = compile_for(ENTRY, 4096, 4096, dtype, capability)
            named = made.kernel.encode() in made.cubin
            results[f"{capability} {dtype}"] = made.cubin[:4].hex(), named, made.grid, made.block
    return results


@pytest.mark.parametrize("mode", MODES)
def test_every_case_is_computed_exactly(mode: str) -> None:
    wrong = child(mode, mode)
    assert len(wrong) > 100
    assert {case: count for case, count in wrong.items() if count} == {}


def test_cubins_for_devices_that_are_not_here() -> None:
    for case, (magic, named, grid, block) in child("compiled").items():
        assert (magic, named) == (b"\x7fELF".hex(), True)
        assert block == [128, 1, 1]
        itemsize = matrix.DTYPES[case.split()[-1]].itemsize
        assert grid[0] * 128 * 16 == 4096 * 4096 * itemsize  # 16 bytes per thread


@pytest.mark.parametrize(
    ("strides", "index"),
    [((2**10, 1), torch.int32), ((2**22, 1), torch.int64), ((1, 2**22), torch.int64)],
)
def test_indices_have_64_bits_where_strides_reach_further_than_elements_count(
    strides: tuple[int, int], index: torch.dtype
) -> None:
    from backends import helion_tile

    a, out = torch.empty(2**10, device="meta"), torch.empty(2**10, 2**10, device="meta")
    b = torch.empty_strided(out.shape, strides, device="meta")
    assert helion_tile.tiling(a, b, out).index is index
    assert helion_tile.tiling(a, out, b).index is index


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", matrix.DTYPES)
@pytest.mark.parametrize("layout", matrix.LAYOUTS)
def test_every_form_on_the_gpu(dtype: str, layout: str, stream: torch.cuda.Stream) -> None:
    from backends import helion_tile

    shapes = (*matrix.SHAPES, *WIDE, (1031, 517))
    matrix.check_on_the_gpu(helion_tile.bind, shapes, dtype, layout, stream)
