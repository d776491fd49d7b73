"""A kernel author's own file as a catalogue entry: `bind`, a drop-in file's `ModelNew`, or a plain function of (A, B).

The file is read as Python reads it: a byte order mark, a coding cookie and definitions inside try, if or with count.
It is run as an import runs it, and may import what lies beside it under a name that is free.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import io
import os
import re
import stat
import sys
import tokenize
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib.abc import SourceLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from backends import CATALOGUE, Backend, Enqueue, Entry, UnknownBackend

if TYPE_CHECKING:
    import torch

PLAIN_NAMES = ("diag_matmul", "solution", "kernel_function", "custom_kernel", "forward")
"""What a plain function of (A, B) may be called where the file defines more than one."""

LARGEST_BYTES = 1 << 22
"""More than anybody writes into a candidate's file, or into one that it names."""

MOST_FILES = 100
"""That are read for one candidate."""

NAME = re.compile(rb"\w[\w./-]*")
"""What may name a module or a file."""

ANY = "*"
"""What `from another import *` defines; which names, only running it tells."""

NOTHING = "neither bind(a, b, out, stream) nor class ModelNew nor a function (A, B)"

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
    if not defined & {"bind", "ModelNew", ANY} and not _plain_names(tree.body):
        raise UnknownBackend(f"candidate {path} defines {NOTHING}")
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


def sources(path: str) -> list[bytes]:
    """What the candidate's file holds, and the files beside it that it names, which it may import or read.

    Nothing else is looked into: what lies beside a candidate may be a pipe, a dangling link or a model's weights.
    """
    folders, rest, found = [Path(path).parent], [Path(path)], dict[Path, bytes]()
    while rest and len(found) < MOST_FILES:
        file = rest.pop(0)
        if file in found:
            continue
        with suppress(UnknownBackend):
            found[file] = _content(file)
            names = {name.decode(errors="replace") for name in NAME.findall(found[file])}
            modules = {part for name in names for part in name.split(".")}
            packages = {folders[0] / name for name in modules if os.path.isfile(folders[0] / name / "__init__.py")}
            folders += sorted(packages - {*folders})
            named = {*names, *(f"{module}.py" for module in modules), "__init__.py"}
            rest += sorted(beside for folder in folders for name in named if os.path.isfile(beside := folder / name))
    return list(found.values())


def _content(path: Path) -> bytes:
    """What the file holds. Raises UnknownBackend; what is no regular file, or endless, is not waited for."""
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode) and status.st_size > LARGEST_BYTES:
            raise UnknownBackend(f"candidate {path}: {status.st_size >> 20} MiB, more than any source has")
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            raise UnknownBackend(f"candidate {path}: no regular file")
        return path.read_bytes()
    except OSError as error:
        raise UnknownBackend(f"candidate {path}: {error.strerror}") from None


def _parsed(path: Path) -> ast.Module:
    """The file's syntax tree. Raises UnknownBackend."""
    source = _content(path)
    try:
        tokenize.detect_encoding(io.BytesIO(source).readline)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a docstring's backslash, say, which is its author's affair
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
        for branch in (*getattr(node, "handlers", []), *getattr(node, "cases", [])):
            yield from _statements(branch.body)


def _defined(body: list[ast.stmt]) -> Iterator[str]:
    """The names that the module's statements define."""
    for node in _statements(body):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
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
    """Run the file, once, and return its Backend. Raises whatever running it raises.

    Raises UnknownBackend where what it seemed to define is not there once it has run.
    """
    module = _imported(Path(path))
    if hasattr(module, "bind"):
        return cast(Backend, module)
    if hasattr(module, "ModelNew"):
        return DropIn(module.ModelNew, getattr(module, "get_init_inputs", None))
    names = _plain_names(_parsed(Path(path)).body)
    wanted = [*(name for name in names if name in PLAIN_NAMES), *reversed(names), *PLAIN_NAMES]
    function = next((getattr(module, name) for name in wanted if callable(getattr(module, name, None))), None)
    if function is None:
        raise UnknownBackend(f"once it has run, the file defines {NOTHING}")
    return Plain(function)


def _imported(path: Path) -> Any:
    """The file's module, run as an import would run it; never from a .pyc, which may be of a file as old and as long.

    The folder is searched last, so that no file in it takes the place of a library.
    """
    name = path.stem if _is_free(path.stem) else f"candidate_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert isinstance(spec.loader, SourceLoader)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = spec.loader.source_to_code(spec.loader.get_data(str(path)), str(path))
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    try:
        exec(code, vars(module))
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return sys.modules.get(name, module)


def _is_free(name: str) -> bool:
    """Whether a module of this name would take no other's place."""
    return name.isidentifier() and name not in sys.modules and importlib.util.find_spec(name) is None


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
