"""The Warp kernel: run on the CPU, compiled for devices that are not here, run on one that is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from backends import Unsupported, bind, compile_for, find, load, missing
from backends.tests import matrix

(ENTRY,) = find(["warp_tile"])
pytestmark = pytest.mark.skipif(bool(missing(ENTRY)), reason="warp is not installed")
WIDE = ((3, 2048), (2, 2051))
"""Lines of whole tiles, and ragged ones of more than a tile."""


@pytest.mark.parametrize("dtype", matrix.DTYPES)
@pytest.mark.parametrize("layout", matrix.LAYOUTS)
def test_on_the_cpu(dtype: str, layout: str) -> None:
    for shape in (*matrix.SHAPES, *WIDE) if dtype == "float32" else ((5, 37), (5, 40)):
        case = matrix.operands(shape, dtype, layout)
        launch = load(ENTRY).bind(case.a, case.b, case.out, 0)
        case.storages[2].fill_(matrix.POISON)
        assert launch() is case.out
        assert case.differences() == 0, (shape, getattr(launch, "form", ""))


def test_a_launch_reads_its_operands_anew() -> None:
    case = matrix.operands((16, 64), "float32", "contiguous")
    launch = bind(ENTRY, case.a, case.b, case.out)
    launch()
    case.b.copy_(torch.rand_like(case.b))
    launch()
    assert case.differences() == 0


def test_strides_past_32_bits_are_refused() -> None:
    storage = torch.empty_strided((2, 2), (2**29, 1), device="cpu")  # 2 GiB that are never touched
    with pytest.raises(Unsupported, match="32-bit"):
        bind(ENTRY, torch.ones(2), storage, torch.ones(2, 2))


@pytest.mark.parametrize("capability", [(8, 9), (9, 0)])
@pytest.mark.parametrize("dtype", matrix.DTYPES)
def test_cubins_for_devices_that_are_not_here(dtype: str, capability: tuple[int, int]) -> None:
    made = compile_for(ENTRY, 4096, 4096, dtype, capability)
    assert made.cubin.startswith(b"\x7fELF")
    assert made.kernel.encode() in made.cubin
    assert made.grid[0] * 1024 == 4096 * 4096


def test_nothing_is_printed_to_where_a_command_answers() -> None:
    code = (
        "import backends, torch; x = torch.ones(4, 4)\nbackends.bind(backends.find(['warp_tile'])[0], x[0], x, x + x)()"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == ""


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", matrix.DTYPES)
@pytest.mark.parametrize("layout", matrix.LAYOUTS)
def test_every_form_on_the_gpu(dtype: str, layout: str, stream: torch.cuda.Stream) -> None:
    shapes = (*matrix.SHAPES, *WIDE, (1031, 517))
    matrix.check_on_the_gpu(load(ENTRY).bind, shapes, dtype, layout, stream)
