"""torch.compile on the CPU, by Inductor's C++: compiled code runs for every shape, never eager."""

from __future__ import annotations

import shutil
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from torch._dynamo.eval_frame import _debug_get_cache_entry_list as compiled_versions
from torch._inductor.runtime.triton_heuristics import CachingAutotuner
from torch.profiler import ProfilerActivity, profile

from backends import Unsupported, torch_compile
from backends._form import form_of
from backends.tests import matrix

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="no g++ for Inductor to compile with")


@pytest.fixture(autouse=True)
def fresh() -> None:
    torch_compile._COMPILED.clear()


def operations(launch: object) -> set[str]:
    """What torch's dispatcher ran, by the profiler."""
    assert callable(launch)
    with profile(activities=[ProfilerActivity.CPU], acc_events=True) as profiler:
        launch()
    return {event.name for event in profiler.events()}


def test_more_shapes_than_torch_recompiles_for_run_compiled() -> None:
    assert "aten::mul" in operations(lambda: torch_compile.product(torch.ones(2), torch.ones(2, 2), torch.ones(2, 2)))
    limit = torch._dynamo.config.recompile_limit
    for rows in range(3, limit + 6):
        case = matrix.operands((rows, 5), "float32", "contiguous")
        launch = torch_compile.bind(case.a, case.b, case.out, 0)
        case.b.copy_(torch.rand_like(case.b))
        case.out.fill_(matrix.POISON)
        ran = operations(launch)
        assert not ran & {"aten::mul", "aten::copy_"}, rows
        assert any("Torch-Compiled" in name or "CompiledFxGraph" in name for name in ran), ran
        assert case.differences() == 0, rows


def test_one_function_serves_all_operands_of_a_form(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    def remembered(function: Any, **options: Any) -> Any:
        made.append(function)
        return compile_(function, **options)

    compile_ = torch.compile
    monkeypatch.setattr(torch, "compile", remembered)
    for _ in range(20):
        case = matrix.operands((6, 4), "float32", "row_padded")
        assert torch_compile.bind(case.a, case.b, case.out, 0)() is case.out
        assert case.differences() == 0
    (function,) = made
    assert len(compiled_versions(function.__code__)) == 1


def test_operands_of_less_alignment_are_another_form() -> None:
    """Inductor copies operands that are less aligned than those it compiled for."""
    aligned, shifted = (matrix.operands((6, 4), "float32", name) for name in ("contiguous", "offset_by_one"))
    forms = [form_of(case.b) for case in (aligned, shifted)]
    assert aligned.b.stride() == shifted.b.stride()
    assert forms[0] != forms[1]


def test_the_form_is_what_the_tuner_chose_for_the_kernels_of_this_function() -> None:
    config = SimpleNamespace(kwargs={"XBLOCK": 1024}, num_warps=4)
    kernel = CachingAutotuner.__new__(CachingAutotuner)
    kernel.launchers = [SimpleNamespace(config=config)]
    module = ModuleType("made by Inductor")
    module.__dict__.update(kernel=kernel, alias=kernel, number=7)
    assert torch_compile.form([module, ModuleType("another")]) == "XBLOCK 1024, 4 warps"
    case = matrix.operands((4, 9), "float32", "contiguous")
    assert getattr(torch_compile.bind(case.a, case.b, case.out, 0), "form", None) == ""  # C++ has nothing to tune


def test_a_graph_break_and_a_full_cache_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        torch._dynamo.graph_break()
        return out.copy_(a[:, None] * b)

    case = matrix.operands((4, 4), "float32", "contiguous")
    with monkeypatch.context() as patched:
        patched.setattr(torch_compile, "product", broken)
        with pytest.raises(torch._dynamo.exc.Unsupported):
            torch_compile.bind(case.a, case.b, case.out, 0)
    with torch._dynamo.config.patch(recompile_limit=1):
        run = torch_compile.compiled(torch.ones(3), torch.ones(3, 2), torch.ones(3, 2))
        with pytest.raises(torch._dynamo.exc.FailOnRecompileLimitHit):
            run(torch.ones(3), torch.ones(3, 4), torch.ones(3, 4))


def test_a_compiler_that_is_switched_off_raises() -> None:
    case = matrix.operands((4, 4), "float32", "contiguous")
    for _ in range(2):
        with torch._dynamo.config.patch(disable=True), pytest.raises(RuntimeError, match=r"fullgraph|switched off"):
            torch_compile.bind(case.a, case.b, case.out, 0)
    with torch.compiler.set_stance("force_eager"), pytest.raises(RuntimeError, match=r"fullgraph|switched off"):
        torch_compile.bind(case.a, case.b, case.out, 0)


def test_binding_compiles_and_launching_does_not() -> None:
    case = matrix.operands((4, 9), "float32", "contiguous")
    launch = torch_compile.bind(case.a, case.b, case.out, 0)
    with torch.compiler.set_stance("fail_on_recompile"):
        launch()


def test_binding_again_launches_nothing() -> None:
    """Else the series call, a bind and a launch, would hold two products."""
    case = matrix.operands((4, 9), "float32", "contiguous")
    torch_compile.bind(case.a, case.b, case.out, 0)
    case.out.fill_(matrix.POISON)
    torch_compile.bind(case.a, case.b, case.out, 0)
    assert bool((case.out == matrix.POISON).all())


@pytest.mark.parametrize("layout", ["column_major", "offset_by_one", "every_other", "transposed", "expanded"])
def test_any_strides(layout: str) -> None:
    case = matrix.operands((5, 37), "float32", layout)
    assert torch_compile.bind(case.a, case.b, case.out, 0)() is case.out
    assert case.differences() == 0


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_every_dtype_is_rounded_once(dtype: str) -> None:
    case = matrix.operands((70, 65), dtype, "contiguous")
    torch_compile.bind(case.a, case.b, case.out, 0)()
    assert case.differences() == 0


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (1, 1)])
def test_empty_and_single(shape: tuple[int, int]) -> None:
    case = matrix.operands(shape, "float32", "contiguous")
    assert torch_compile.bind(case.a, case.b, case.out, 0)() is case.out
    assert case.differences() == 0


def test_a_cpu_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    case = matrix.operands((3, 7), "float32", "contiguous")
    with pytest.raises(Unsupported, match=r"needs a C\+\+ compiler"):
        torch_compile.bind(case.a, case.b, case.out, 0)
