"""The drop-in file as a model: its form, its product, its gradients, and what it remembers of a launch."""

from __future__ import annotations

import ast
import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from backends.tests import matrix, triton_device
from backends.tests.triton_child import ROOT, child


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


@pytest.fixture
def tuned() -> Any:
    return pytest.importorskip("backends.triton_tuned")


def test_the_model_returns_the_product_laid_out_as_b() -> None:
    assert child(interpret_model, interpret=True)


def test_the_model_has_gradients() -> None:
    assert all(child(interpret_gradients, interpret=True))


def test_the_model_is_one_graph_under_torch_compile() -> None:
    assert child(interpret_compiled_model, interpret=True) == [1, 0]


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


@pytest.fixture
def device(tuned: Any, monkeypatch: pytest.MonkeyPatch) -> triton_device.Device:
    """Nothing is remembered at first."""
    monkeypatch.setattr(tuned.ModelNew, "launches", {})
    monkeypatch.setattr(tuned.ModelNew, "turn", {"to tune": True})
    return triton_device.install(monkeypatch, tuned.scale_flat, tuned.scale_tile)


def operands(
    offset: int = 0, shape: tuple[int, int] = (9, 64), dtype: torch.dtype = torch.float32
) -> list[torch.Tensor]:
    """a, b and out; the offset is b's, in elements."""
    return [torch.ones(shape[0], dtype=dtype), shifted(offset, shape, dtype), torch.empty(shape, dtype=dtype)]


def shifted(offset: int, shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """A tensor that starts so many elements past a 16-byte boundary."""
    size = torch.Size(shape).numel()
    return torch.ones(size + offset, dtype=dtype)[offset:].view(shape)


def test_a_form_is_compiled_once_and_every_launch_reads_addresses_and_stream_anew(
    tuned: Any, device: triton_device.Device
) -> None:
    for stream in (3, 4, 5):
        device.stream, (a, b, out) = stream, operands()
        assert tuned.scale(a, b, out) is out
        blocks, queue, *arguments = device.launches[-1]
        assert (blocks, queue) == ((1, 1, 1), stream if len(device.launches) > 1 else triton_device.STREAM)
        assert arguments[:3] == [a.data_ptr(), b.data_ptr(), out.data_ptr()]
        assert len(arguments) == len(tuned.scale_flat.fn.params)
    assert [name for name, _ in device.compiled] == ["scale_flat"]
    assert len(device.launches) == 3, "finding out how to launch launched nothing"


def test_all_that_a_launch_depends_on_is_its_form(tuned: Any, device: triton_device.Device) -> None:
    shape = (9, 64)
    a, b, out = operands()
    unlike = [
        (a, b, out),
        (a, shifted(1, shape), out),
        (a, shifted(2, shape), out),
        (a, b, shifted(1, shape)),
        (shifted(1, (9,)), b, out),
        (torch.ones(18)[::2], b, out),
        (a, torch.ones(9, 68)[:, :64], out),
        (a, b, torch.ones(9, 68)[:, :64]),
        (a, torch.ones(64, 9).t(), out),
        (a[:1].expand(9), b, out),
        operands(shape=(64, 9)),
        operands(dtype=torch.float16),
        operands(dtype=torch.bfloat16),
    ]
    for count, each in enumerate(unlike, start=1):
        for _ in range(2):
            tuned.scale(*each)
        assert (len(tuned.ModelNew.launches), len(device.compiled)) == (count, count)


def test_what_is_remembered_is_bounded(tuned: Any, device: triton_device.Device) -> None:
    tuned.ModelNew.launches.update(dict.fromkeys(range(1024)))
    tuned.scale(*operands())
    assert len(tuned.ModelNew.launches) == 1


def test_a_triton_with_another_inside_is_launched_by_its_public_way(
    tuned: Any, device: triton_device.Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled, calls = SimpleNamespace(run=lambda grid: None, function=1, packed_metadata=()), []
    by_grid = lambda *arguments: calls.append(arguments)  # noqa: E731
    inside = type("Inside", (SimpleNamespace,), {"__getitem__": lambda self, grid: by_grid})
    monkeypatch.setattr(tuned.scale_flat.fn, "run", lambda *_, **__: inside(**vars(compiled)))
    for _ in range(2):
        a, b, out = operands()
        tuned.scale(a, b, out)
    (called,) = calls
    assert called[:3] == (a.data_ptr(), b.data_ptr(), out.data_ptr())


@pytest.mark.parametrize("hindrance", ["capture", "another thread"])
def test_where_it_may_not_tune_it_launches_and_remembers_nothing(
    tuned: Any, device: triton_device.Device, monkeypatch: pytest.MonkeyPatch, hindrance: str
) -> None:
    monkeypatch.setattr(tuned, "dram_per_sm", lambda device: 40e9)  # two configs are left
    if hindrance == "capture":
        monkeypatch.setattr(torch.Tensor, "is_cuda", True, raising=False)
        monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: True)
    else:
        tuned.ModelNew.turn.clear()
    a, b, out = operands()
    monkeypatch.setattr(tuned, "regime", lambda out: "streamed")
    tuned.scale(a, b, out)
    assert [options["BLOCK"] for _, options in device.compiled] == [256]
    assert not tuned.ModelNew.launches


def test_the_tuned_config_is_what_is_remembered_and_the_turn_is_given_back(
    tuned: Any, device: triton_device.Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuned, "dram_per_sm", lambda device: 40e9)
    for _ in range(2):
        tuned.scale(*operands())
    assert [options["num_warps"] for _, options in device.compiled] == [4]
    assert tuned.ModelNew.turn == {"to tune": True}
    monkeypatch.setattr(tuned.scale_flat, "_bench", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tuned.scale(*operands(dtype=torch.float64))
    assert tuned.ModelNew.turn == {"to tune": True}


def test_operands_of_another_device_than_the_current_one(
    tuned: Any, device: triton_device.Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned.scale(*operands())
    entered: list[int] = []
    device.current = 3
    monkeypatch.setattr(torch.cuda, "device", lambda index: entered.append(index) or nullcontext())  # type: ignore[func-returns-value]
    tuned.scale(*operands())
    assert (entered, len(device.launches)) == ([triton_device.CPU], 2)


def test_the_model_can_be_copied_and_pickled(tuned: Any, device: triton_device.Device) -> None:
    model, (a, b, _) = tuned.ModelNew(), operands()
    model(a, b)
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        copied(a, b)
    assert len(device.compiled) == 1
    assert model.state_dict() == {}


def test_gradients_are_not_lost_to_what_is_remembered(tuned: Any, device: triton_device.Device) -> None:
    model, (a, b, _) = tuned.ModelNew(), operands()
    assert not model(a, b).requires_grad
    assert model(a, b.requires_grad_()).requires_grad
    with torch.inference_mode():
        assert not model(a, b).requires_grad


@pytest.mark.gpu
def test_the_model_on_the_gpu_compiled_captured_and_learning(tuned: Any, stream: torch.cuda.Stream) -> None:
    A, B = torch.randn(300, device="cuda"), torch.randn(300, 517, device="cuda")
    model, expected = tuned.ModelNew(), A[:, None] * B
    assert torch.equal(torch.compile(model, fullgraph=True)(A, B), expected)
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


@pytest.mark.gpu
def test_the_model_on_the_gpu_on_every_stream_thread_and_device(tuned: Any, stream: torch.cuda.Stream) -> None:
    model = copy.deepcopy(tuned.ModelNew())
    devices = [torch.device("cuda", index) for index in range(torch.cuda.device_count())]

    def right(device: torch.device) -> bool:
        """Whether products are right that are enqueued on a stream of their own, behind their late operands."""
        found = []
        for n in range(1, 33):
            with torch.inference_mode(), torch.cuda.stream(torch.cuda.Stream(device)):
                torch.cuda._sleep(100_000)
                A, B = (torch.randn(shape, device=device) for shape in ((n,), (n, 4099)))
                with torch.cuda.device(devices[-1] if n % 2 else devices[0]):
                    C = model(A, B)
                found.append(torch.equal(C, A[:, None] * B))
        return all(found)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(right, devices * 8))
