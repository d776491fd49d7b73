"""The drop-in file as a model: its form, its product, its gradients; on a GPU, whatever the stream and the thread."""

from __future__ import annotations

import ast
import copy
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch

from backends.tests import matrix
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


def interpret_all() -> tuple[bool, list[bool], tuple[int, int]]:
    """The three above, in one process: to start one takes longer than they do."""
    return interpret_model(), interpret_gradients(), interpret_compiled_model()


@pytest.fixture(scope="module")
def interpreted() -> Any:
    return child(interpret_all, interpret=True)


def test_the_model_returns_the_product_laid_out_as_b(interpreted: Any) -> None:
    assert interpreted[0]


def test_the_model_has_gradients(interpreted: Any) -> None:
    assert len(interpreted[1]) == 11
    assert all(interpreted[1])


def test_the_model_is_one_graph_under_torch_compile(interpreted: Any) -> None:
    assert interpreted[2] == [1, 0]


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
