"""What the catalogue's own kernels compile to for compute capability 8.9.

What compiles a backend runs in a process of its own, without the simulators that the other tests may run under.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from math import prod
from typing import Any

import pytest

import backends
from suite import ROOT
from suite.cases import HEADLINE, ITEMSIZE, Case
from suite.evidence import sass
from suite.record.compiled import Compiled
from suite.record.run import Run


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in sass.SIMULATORS}
    return subprocess.run(
        [sys.executable, "-m", "suite.evidence.sass", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The catalogue at the headline shape in every dtype on compute capability 8.9, as the command writes it."""
    file = tmp_path_factory.mktemp("compiled") / "ada.json"
    done = command("--capability", "8.9", "--json", str(file))
    assert done.returncode == 0, done.stderr
    run = Run.model_validate_json(file.read_text(encoding="utf-8"))
    assert all(result.backend in done.stdout for result in run.compiled + run.outcomes)
    return run


def row_of(run: Run, backend: str, dtype: str = "float32") -> Compiled:
    case = Case(HEADLINE.rows, HEADLINE.cols, dtype).id
    for outcome in run.outcomes:
        if outcome.backend == backend:
            assert outcome.kind == "unavailable", outcome.reason
            pytest.skip(outcome.reason)
    return next(row for row in run.compiled if (row.backend, row.case) == (backend, case))


def test_the_untuned_tile_fills_a_sixth_of_an_ada_sm(ada: Run) -> None:
    row = row_of(ada, "triton_baseline_mended")
    assert (row.active_warps, row.max_warps, row.limiter) == (8, 48, "registers")


NARROW = ("triton_baseline_mended", "warp_tile")  # Warp's tiles are accessed an element at a time
TUNED = [entry.name for entry in backends.CATALOGUE if entry.compiles and entry.name not in NARROW]


@pytest.mark.parametrize("dtype", ITEMSIZE)
@pytest.mark.parametrize("backend", TUNED)
def test_tuned_kernels_move_16_bytes_at_a_time_and_fill_the_sm(ada: Run, backend: str, dtype: str) -> None:
    row = row_of(ada, backend, dtype)
    assert set(row.global_store_bits) == {"128"}
    assert "128" in row.global_load_bits
    assert row.spill_bytes == 0
    assert row.occupancy == 1.0
    threads = prod(row.grid) * prod(row.block)
    assert threads * 16 == HEADLINE.rows * HEADLINE.cols * ITEMSIZE[dtype]  # one vector each, none masked off


COMPILED = """
import json, torch
from backends import _triton_compile as triton_compile, triton_tuned
from suite.evidence import cubin
from suite.evidence.occupancy import occupancy
shifted = {}
for dtype in ("float32", "float16", "bfloat16", "float64"):
    flat = torch.empty(4096 * 4096 + 1, dtype=getattr(torch, dtype))
    b = flat[1:].view(4096, 4096)  # aligned buffers begin on 16-byte boundaries, so this does not
    asked = lambda *_: triton_tuned.launch_arguments(b[:, 0], b, b)
    made = triton_compile.compile_launch(asked, 4096, 4096, dtype, (8, 9))
    shifted[dtype] = [made.config, *cubin.access_bits(cubin.disassemble(made.cubin, made.kernel))]
found = {}
for config in triton_tuned.scale_flat.configs:
    triton_tuned.scale_flat.configs = [config]
    for dtype in ("float32", "float16", "bfloat16", "float64"):
        for cols in (4096, 4097):
            made = triton_compile.compile_launch(triton_tuned.launch_arguments, 4096, cols, dtype, (8, 9))
            text = cubin.disassemble(made.cubin, made.kernel)
            registers, local, shared = cubin.resources(text, made.kernel, (8, 9))
            held = occupancy((8, 9), made.block[0], registers, shared + made.dynamic_shared_bytes)
            found[f"{dtype} {cols} {made.config}"] = [*cubin.access_bits(text), local, held.fraction]
print(json.dumps([found, shifted]))
"""


@pytest.fixture(scope="module")
def tuned() -> Any:
    """What the tuned kernel is compiled to: with every config, and off a boundary."""
    pytest.importorskip("triton")
    environment = {name: value for name, value in os.environ.items() if name not in sass.SIMULATORS}
    command = [sys.executable, "-c", COMPILED]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_every_config_of_the_tuned_kernel_moves_16_bytes_and_fills_the_sm(tuned: Any) -> None:
    """Also on ragged widths, whose last block alone stores element by element."""
    found, _ = tuned
    assert len(found) == 24
    for name, (loads, stores, local_bytes, occupancy) in found.items():
        assert "128" in loads, name
        assert "128" in stores, name
        assert (local_bytes, occupancy) == (0, 1.0), name


def test_operands_off_a_boundary_alike_are_still_moved_16_bytes_at_a_time(tuned: Any) -> None:
    _, shifted = tuned
    assert set(shifted) == {"float32", "float16", "bfloat16", "float64"}
    for dtype, (form, loads, stores) in shifted.items():
        assert "shifted by 1" in form, dtype
        assert "128" in loads, dtype
        assert "128" in stores, dtype
