"""A kernel author's own file as a catalogue entry: `bind`, a drop-in file's `ModelNew`, or a plain function of (A, B).

The file is read as Python reads it: a byte order mark, a coding cookie and definitions inside try, if or with count.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import io
import tokenize
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backends import CATALOGUE, Backend, Enqueue, Entry, UnknownBackend

if TYPE_CHECKING:
    import torch

PLAIN_NAMES = ("diag_matmul", "solution", "kernel_function", "custom_kernel", "forward")
"""What a plain function of (A, B) may be called where the file defines more than one."""

WRAPPER = (
    "wrap it in a Python file: `from torch.utils.cpp_extension import load_inline`, then "
    "`class ModelNew(torch.nn.Module)` whose forward(A, B) calls it"
)


class WantsArguments(Exception):
    """ModelNew cannot be made of what the file gives; the message says what it wants."""


def entry(path: Path) -> Entry:
    """The file's Entry, named by its stem; the file is parsed, not run.

    Raises UnknownBackend where there is no such file, it is not Python, or it defines none of the three forms.
    """
    if path.suffix in (".cu", ".cuh", ".cpp"):
        raise UnknownBackend(f"candidate {path} is no Python file; {WRAPPER}")
    if path.suffix != ".py":
        raise UnknownBackend(f"candidate {path} must be a Python file, its name ending in .py")
    tree = _parsed(path)
    defined = set(_defined(tree.body))
    if not defined & {"bind", "ModelNew"} and not _plain_names(tree.body):
        wanted = "neither bind(a, b, out, stream) nor class ModelNew nor a function (A, B)"
        raise UnknownBackend(f"candidate {path} defines {wanted}")
    if path.stem in {row.name for row in CATALOGUE}:
        raise UnknownBackend(f"candidate {path} has the name of a catalogue entry; rename the file")
    return Entry(
        name=path.stem,
        summary=f"candidate {path.name}",
        requires=("torch",),
        devices=("cuda", "cpu"),
        allocates="bind" not in defined,
        path=str(path.resolve()),
        caches=("TILELANG_CACHE_DIR",),  # of the compilers that candidates come with, the one that no backend here has
    )


def sources(path: str) -> list[Path]:
    """The candidate's file and the sources beside it, which it may import or read."""
    kinds = (".py", ".cu", ".cuh", ".h")
    return [Path(path), *(file for file in sorted(Path(path).parent.iterdir()) if file.suffix in kinds)]


def _parsed(path: Path) -> ast.Module:
    """The file's syntax tree. Raises UnknownBackend."""
    try:
        source = path.read_bytes()
    except OSError as error:
        raise UnknownBackend(f"candidate {path}: {error.strerror}") from None
    try:
        tokenize.detect_encoding(io.BytesIO(source).readline)
        return ast.parse(source, filename=path.name)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnknownBackend(f"candidate {path} is not Python: {error}") from None


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Every statement that runs in the module's own scope, those inside try, if, with and loops included."""
    for node in body:
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for field in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(node, field, []))
        for handler in getattr(node, "handlers", []):
            yield from _statements(handler.body)


def _defined(body: list[ast.stmt]) -> Iterator[str]:
    """The names that the module's statements define."""
    for node in _statements(body):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))


def _plain_names(body: list[ast.stmt]) -> list[str]:
    """Functions of the arguments (A, B), in either case, and those whose name says that they are it."""
    functions = [node for node in _statements(body) if isinstance(node, ast.FunctionDef) and not node.decorator_list]
    of_two = [node.name for node in functions if _required(node) == 2 and not node.name.startswith("_")]
    named = [name for name in PLAIN_NAMES if name in of_two]
    alike = [node.name for node in functions if [one.arg.lower() for one in node.args.args[:2]] == ["a", "b"]]
    return named or [name for name in alike if name in of_two]


def _required(node: ast.FunctionDef) -> int:
    return len(node.args.posonlyargs) + len(node.args.args) - len(node.args.defaults)


@cache
def load(path: str) -> Backend:
    """Run the file, once, and return its Backend. Raises whatever running it raises."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if hasattr(module, "bind"):
        return module
    if hasattr(module, "ModelNew"):
        return DropIn(module.ModelNew, getattr(module, "get_init_inputs", None))
    names = _plain_names(_parsed(Path(path)).body)
    return Plain(getattr(module, names[-1] if names[0] not in PLAIN_NAMES else names[0]))


class DropIn:
    """A Backend that calls ModelNew(*get_init_inputs())(A, B), which returns a fresh C."""

    def __init__(self, model: Callable[..., Any], init_inputs: Callable[[], Any] | None = None) -> None:
        self._model, self._init_inputs = model, init_inputs
        self._made: dict[torch.device, Any] = {}

    def model(self) -> Any:
        """A new ModelNew. Raises WantsArguments where it wants others than the file's get_init_inputs gives."""
        given = self._init_inputs() if self._init_inputs is not None else []
        given = list(given) if isinstance(given, list | tuple) else [given]
        try:
            inspect.signature(self._model).bind(*given)
        except TypeError as error:
            wants = f"ModelNew{inspect.signature(self._model)} wants other arguments: {error}"
            raise WantsArguments(f"{wants}; let get_init_inputs() return them") from None
        return self._model(*given)

    def bind(self, a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Enqueue:
        """Bind the operands as backends.Backend.bind says; `out` is left alone."""
        model = self.model().to(b.device)
        return without_grad(lambda: model(a, b))

    def fresh(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """The C that a model returns which was made once for each device, as a user calls it."""
        if b.device not in self._made:
            self._made[b.device] = self.model().to(b.device)
        return without_grad(lambda: self._made[b.device](a, b))()


class Plain:
    """A Backend that calls the file's function of (A, B), which returns a fresh C."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def bind(self, a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Enqueue:
        """Bind the operands as backends.Backend.bind says; `out` is left alone."""
        function = self._function
        return without_grad(lambda: function(a, b))

    def fresh(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """The C that the function returns, as a user calls it."""
        return without_grad(lambda: self._function(a, b))()


def without_grad(launch: Callable[[], Any]) -> Enqueue:
    """The launch under torch.no_grad(): a model may have parameters, and nobody differentiates here."""
    import torch

    def launched() -> Any:
        with torch.no_grad():
            return launch()

    return launched
