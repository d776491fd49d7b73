"""How C = diag(A) · B is computed: one file per backend behind one interface, and the catalogue that lists them.

This room knows nothing of timing, checking or files. Importing it loads no array library, so listing the backends
costs milliseconds; `load` imports the one that is asked for.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, cast

from backends._catalogue import CATALOGUE, Entry, Exemption

if TYPE_CHECKING:
    import torch

__all__ = [
    "CATALOGUE",
    "Backend",
    "BadOperands",
    "CannotDo",
    "Compiled",
    "DiagbenchError",
    "Enqueue",
    "Entry",
    "Exemption",
    "Launch",
    "Unavailable",
    "UnknownBackend",
    "Unsupported",
    "bind",
    "compile_for",
    "find",
    "follower",
    "fresh",
    "load",
    "missing",
    "named",
    "why_unavailable",
    "why_unsupported",
]


Enqueue = Callable[[], "torch.Tensor"]
"""Anything that enqueues one product (or copy) when it is called, and returns the tensor that holds the result."""


class Launch(Protocol):
    """Enqueues one product and returns the tensor that holds C; does not wait for it. See `named`."""

    form: str
    """Which form of the backend runs, in its own words, for records; "" where there is only one."""

    def __call__(self) -> torch.Tensor:
        """Enqueue the product; returns C: (N, M)."""


class DiagbenchError(Exception):
    """What a command says in one line: the message tells what is wrong and what to do. Base of all such errors."""

    exit_code = 2
    """The command's exit code where the request makes no sense. CannotDo has another."""


class CannotDo(DiagbenchError):
    """The request makes sense, but cannot be met here."""

    exit_code = 1


class Unsupported(Exception):
    """A backend cannot take these operands; the message is the reason, one line."""


class Unavailable(Exception):
    """A backend of the catalogue whose import raised: a library that does not fit the others. One line says what."""


class BadOperands(DiagbenchError, ValueError):
    """Operands that are no a: (N,), b: (N, M), out: (N, M) of one dtype on one device; the message says how."""


class UnknownBackend(DiagbenchError, ValueError):
    """A name that the catalogue does not hold; the message lists the names it does."""


class Backend(Protocol):
    """A module of this package (or a candidate file) with this one function."""

    def bind(self, a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Enqueue:
        """Compile, convert and close over the operands; never timed as a launch.

        a: (N,), b: (N, M), out: (N, M) torch tensors of one dtype on one device. Any strides, but none by which
        elements of out overlap. stream: the raw handle of the stream to enqueue on, 0 on the CPU.

        Returns a Launch (see `named`), or a plain function where there is one form only, which backends.bind completes.
        It enqueues on `stream` and neither synchronises nor allocates (unless Entry.allocates says so). It reads a and
        b anew each time. bind itself may launch on the operands (to autotune, say), so it may write out.

        Raises Unsupported(reason) for operands that the backend cannot take, and never computes them wrongly.
        """


class _Keeps(Launch, Protocol):
    operands: tuple[torch.Tensor, ...]


def named(enqueue: Enqueue, form: str = "", operands: tuple[torch.Tensor, ...] = ()) -> Launch:
    """The Launch that calls `enqueue`, under the name of the form that runs.

    operands: what must live as long as the Launch, where `enqueue` holds no more than addresses.
    It is `enqueue` itself with two attributes, because a call through an object of ours would be timed as the
    backend's. Only where it takes no attributes (a builtin, a bound method) is it wrapped.
    """
    launch = cast(_Keeps, enqueue)
    try:
        launch.form = form
    except AttributeError:
        return named(lambda: enqueue(), form, operands)
    if operands:
        launch.operands = operands
    return launch


@dataclass(frozen=True)
class Compiled:
    """What a JIT backend would run for one case on one compute capability; no device is needed to make it."""

    cubin: bytes
    kernel: str  # the entry's name in the cubin
    grid: tuple[int, int, int]  # blocks
    block: tuple[int, int, int]  # threads
    dynamic_shared_bytes: int = 0
    config: str = ""  # which form or tuning config this is, as the backend words it


def find(names: Iterable[str] | None = None) -> tuple[Entry, ...]:
    """The entries of these names in the catalogue's order; all of them for None.

    Raises UnknownBackend, naming those that exist.
    """
    if names is None:
        return CATALOGUE
    wanted = [name.strip() for name in names]
    known = [entry.name for entry in CATALOGUE]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        named = ", ".join(name or "of no name" for name in unknown)
        raise UnknownBackend(f"unknown backend {named}; choose from {', '.join(known)}")
    return tuple(entry for entry in CATALOGUE if entry.name in wanted)


def missing(entry: Entry) -> list[str]:
    """The import names that the entry requires and that are not installed here; nothing is imported to find out."""
    return [name for name in entry.requires if importlib.util.find_spec(name) is None]


def why_unavailable(entry: Entry, device: str) -> str:
    """Why the backend cannot run on a device of this kind ("cuda" or "cpu") here; empty where it can."""
    if device not in entry.devices:
        return why_unsupported(entry, entry.dtypes[0], device)
    absent = missing(entry)
    return f"{' and '.join(absent)} not installed" if absent else ""


def why_unsupported(entry: Entry, dtype: str, device: str = "") -> str:
    """Why the backend takes no operands of this dtype, on a device of this kind if one is named; empty if it does."""
    if dtype not in entry.dtypes:
        return f"takes {', '.join(entry.dtypes)}, not {dtype}"
    if device and device not in entry.devices:
        return f"runs on {' and '.join(entry.devices)}, this device is {device}"
    return ""


def load(entry: Entry) -> Backend:
    """Import and return the entry's module. Raises Unavailable for a library that is missing, broken or does not fit.

    A candidate's file raises whatever running it raises.

    A Triton backend says by `launch_arguments` what it launches, and _triton_launch binds that.
    """
    if entry.path:
        from backends import _candidate as candidate

        return candidate.load(entry.path)
    module = _imported(entry)
    if hasattr(module, "launch_arguments"):
        return cast(Backend, importlib.import_module("backends._triton_launch").Bound(module))
    return cast(Backend, module)


def _imported(entry: Entry) -> Any:
    try:
        return importlib.import_module(f"backends.{entry.name}")
    except (Unsupported, MemoryError):
        raise
    except Exception as error:  # libraries that do not fit one another raise anything
        said = str(error).strip().splitlines() or ["no message"]
        raise Unavailable(f"its import raised {type(error).__name__}: {said[0]}") from error


def bind(entry: Entry, a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int = 0) -> Launch:
    """Load the entry's backend and bind these operands, after looking at them; see Backend.bind.

    Raises BadOperands for operands that no backend could take, and for an out that is not memory of its own: some would
    compute that wrongly. Raises Unsupported for a dtype, a device or a layout that this one cannot.
    """
    from backends import _operands as operands

    operands.require(a=a, b=b, out=out)
    reason = why_unsupported(entry, str(b.dtype).removeprefix("torch."), b.device.type)
    if reason:
        raise Unsupported(f"{entry.name} {reason}")
    launch: Any = load(entry).bind(a, b, out, stream)
    if callable(launch) and not isinstance(getattr(launch, "form", None), str):
        return named(launch)
    return cast(Launch, launch)  # what cannot be called is for the gate to refuse


def fresh(entry: Entry, a: torch.Tensor, b: torch.Tensor, stream: int = 0) -> Enqueue:
    """The call that returns a new C each time, as it is written where there is no `out` to write to.

    A backend's own `fresh(a, b)`, on the current stream; else C is allocated, bound and launched on this one.
    Raises BadOperands; the operands are looked at now, and not at each call.
    """
    from backends import _operands as operands

    operands.require(a=a, b=b)
    backend: Any = load(entry)
    if hasattr(backend, "fresh"):
        return partial(backend.fresh, a, b)
    return lambda: cast("torch.Tensor", backend.bind(a, b, b.new_empty(b.shape), stream)())


def follower(entry: Entry) -> Callable[[], object] | None:
    """A backend's own `follow`, where it launches on streams of its own and has one.

    What it launches after a call of it waits, on the device, for what is on the current stream at the call. With it,
    the current stream waits for each launch.
    """
    follow: Callable[[], object] | None = getattr(load(entry), "follow", None)
    return follow


def compile_for(entry: Entry, rows: int, cols: int, dtype: str, capability: tuple[int, int]) -> Compiled:
    """What a backend that compiles would launch on contiguous, aligned operands; no device is needed to ask.

    What a Triton backend's `launch_arguments` says is compiled by _triton_compile; any other backend has its own
    compile_for(rows, cols, dtype, capability). A missing or broken library raises whatever its import raises.
    """
    backend: Any = load(entry)
    if hasattr(backend, "launch_arguments"):
        compiler: Any = importlib.import_module("backends._triton_compile")
        return cast(Compiled, compiler.compile_launch(backend.launch_arguments, rows, cols, dtype, capability))
    return cast(Compiled, backend.compile_for(rows, cols, dtype, capability))
