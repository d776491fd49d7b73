"""A kernel author's own file as a catalogue entry: a Backend module with `bind`, or a drop-in file with `ModelNew`."""

from __future__ import annotations

import ast
import importlib.util
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backends import CATALOGUE, Backend, Enqueue, Entry, UnknownBackend

if TYPE_CHECKING:
    import torch


def entry(path: Path) -> Entry:
    """The file's Entry, named by its stem; the file is parsed, not run.

    Raises UnknownBackend where there is no such file, it is not Python, or it defines neither `bind` nor `ModelNew`.
    """
    if path.suffix != ".py":
        raise UnknownBackend(f"candidate {path} must be a Python file, its name ending in .py")
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=path.name)
    except OSError as error:
        raise UnknownBackend(f"candidate {path}: {error.strerror}") from None
    except (SyntaxError, ValueError) as error:
        raise UnknownBackend(f"candidate {path} is not Python: {error}") from None
    defined = {name for node in tree.body for name in _names(node)}
    if not defined & {"bind", "ModelNew"}:
        raise UnknownBackend(f"candidate {path} defines neither bind(a, b, out, stream) nor class ModelNew")
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


def _names(node: ast.stmt) -> list[str]:
    """What a statement at the top of a module defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.ImportFrom):
        return [alias.asname or alias.name for alias in node.names]
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


@cache
def load(path: str) -> Backend:
    """Run the file, once, and return its Backend. Raises whatever running it raises."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module if hasattr(module, "bind") else DropIn(module.ModelNew)


class DropIn:
    """A Backend that calls ModelNew()(A, B), which returns a fresh C."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def bind(self, a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Enqueue:
        """Bind the operands as backends.Backend.bind says; `out` is left alone."""
        model = self._model().to(b.device)
        return lambda: model(a, b)
