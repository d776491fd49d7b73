"""How C = diag(A) · B is computed: one file per backend behind one interface, and the catalogue that lists them.

This room knows nothing of timing, checking or files. The catalogue is light data: importing it loads no array
library, so listing the backends costs milliseconds; `load` imports the one that is asked for.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

if TYPE_CHECKING:
    import torch

Launch = Callable[[], "torch.Tensor"]
"""Enqueue one product and return the tensor that holds C; does not wait for it."""

Exemption = Literal["subnormal", "non_finite"]
"""Where an entry's arithmetic departs from the product rounded once, so that the gate asks it of ordinary values only.

subnormal: it may flush subnormal inputs and products to zero. non_finite: it adds zeros or multiplies by them, so that
an infinity or a NaN spreads over its column and a zero may lose its sign.
"""


class DiagbenchError(Exception):
    """What a command says in one line: the message tells what is wrong and what to do. Base of all such errors."""

    exit_code = 2
    """Of the command: the request makes no sense. CannotDo has another."""


class CannotDo(DiagbenchError):
    """The request makes sense, but cannot be met here."""

    exit_code = 1


class Unsupported(Exception):
    """A backend cannot take these operands; the message is the reason, one line."""


class BadOperands(DiagbenchError, ValueError):
    """Operands that are no a: (N,), b: (N, M), out: (N, M) of one dtype on one device; the message says how."""


class UnknownBackend(DiagbenchError, ValueError):
    """A name that the catalogue does not hold; the message lists the names it does."""


class Backend(Protocol):
    """A module of this package (or a candidate file) with this one function."""

    def bind(self, a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Launch:
        """Compile, convert and close over the operands; never timed as a launch.

        a: (N,), b: (N, M), out: (N, M) torch tensors of one dtype on one device, any strides that do not overlap in
        out; stream: the raw handle of the stream to enqueue on (0 on the CPU). The Launch enqueues on `stream` and
        neither synchronises nor allocates (unless Entry.allocates says so); it reads a and b anew each time.
        bind itself may launch on the operands (to autotune, say), so it may write out.

        Raises Unsupported(reason) for operands that the backend cannot take, and never computes them wrongly.
        """


@dataclass(frozen=True)
class Compiled:
    """What a JIT backend would run for one case on one compute capability; no device is needed to make it."""

    cubin: bytes
    kernel: str  # the entry's name in the cubin
    grid: tuple[int, int, int]  # blocks
    block: tuple[int, int, int]  # threads
    dynamic_shared_bytes: int = 0
    config: str = ""  # which form or tuning config this is, as the backend words it


@dataclass(frozen=True)
class Entry:
    """One row of the catalogue."""

    name: str  # library_technique: module name, test id, row label
    summary: str  # one line for tables
    requires: tuple[str, ...]  # import names
    devices: tuple[str, ...] = ("cuda",)
    dtypes: tuple[str, ...] = ("float32", "float16", "bfloat16", "float64")
    allocates: bool = False  # C is a fresh array per launch: then the allocation is timed, and said
    own_stream: bool = False  # ignores `stream`
    capturable: bool = True  # its launches can be captured into a CUDA graph
    compiles: bool = False  # has compile_for or, in Triton, plan: see compile_for
    tunes: bool = False  # chooses among forms by timing them, so that another run may choose otherwise
    known_defect: str = ""  # why the gate is expected to reject it; the reason to keep such an entry
    path: str = ""  # a candidate's file; empty for a module of this package
    exempt: tuple[Exemption, ...] = ()  # what the gate leaves out of its inputs; `caveat` says so to the reader
    caveat: str = ""  # what a reader of its numbers must know, one line


CATALOGUE: tuple[Entry, ...] = (
    Entry(
        "torch_broadcast",
        "PyTorch: torch.mul(a[:, None], b, out=out), all that its eager mode has for this",
        requires=("torch",),
        devices=("cuda", "cpu"),
    ),
    Entry(
        "triton_tuned",
        "Triton: one 16-byte vector per thread, form by shape and strides, autotuned; the drop-in file",
        requires=("torch", "triton"),
        tunes=True,
        compiles=True,
    ),
    Entry(
        "triton_baseline",
        "Triton: the untuned 2-D tile this project started from, its grid as it was",
        requires=("torch", "triton"),
        tunes=True,
        known_defect="its grid assumes blocks of 128 rows, so configs with 64-row blocks leave half of C unwritten",
    ),
    Entry(
        "triton_baseline_mended",
        "Triton: the untuned 2-D tile with the grid taken from the chosen config",
        requires=("torch", "triton"),
        tunes=True,
        compiles=True,
    ),
    Entry(
        "cupy_rawkernel",
        "CUDA C++ through cupy.RawModule: 16-byte vectors on contiguous operands",
        requires=("torch", "cupy"),
        compiles=True,
    ),
    Entry(
        "numba_cuda",
        "Numba CUDA: 16-byte vectors on contiguous operands",
        requires=("torch", "numba", "numba_cuda"),
        compiles=True,
    ),
    Entry(
        "torch_compile",
        "torch.compile of the broadcast product, dynamic=False",
        requires=("torch", "triton"),
        tunes=True,
        caveat="compiled anew for every shape, stride and dtype",
    ),
    Entry(
        "cublas_dgmm",
        "cuBLAS ?dgmm, by its C interface",
        requires=("torch",),
        dtypes=("float32", "float64"),
        caveat="float32 and float64 only",
    ),
    Entry(
        "cupy_broadcast",
        "CuPy: cupy.multiply(a[:, None], b, out=out)",
        requires=("torch", "cupy"),
        dtypes=("float32", "float16", "float64"),
        exempt=("subnormal",),
        caveat="flushes float32 subnormals to zero; no bfloat16",
    ),
    Entry(
        "jax_jit",
        "JAX: jax.jit of the broadcast product",
        requires=("torch", "jax"),
        dtypes=("float32", "float16", "bfloat16"),
        allocates=True,
        own_stream=True,
        capturable=False,
        exempt=("subnormal",),
        caveat="host's clock, on XLA's own stream: never under the host's dispatch; may flush subnormals to zero",
    ),
    Entry(
        "torch_diag_matmul",
        "the naive torch.diag(a) @ b",
        requires=("torch",),
        dtypes=("float32", "float16", "bfloat16"),
        exempt=("non_finite",),
        caveat="builds N × N zeros in every launch; 0 · inf spreads down a column; up to 1024 rows",
    ),
    Entry(
        "numba_cpu",
        "Numba on the CPU: @njit(parallel=True) over chunks of C along its memory",
        requires=("torch", "numba"),
        devices=("cpu",),
        dtypes=("float32", "float64"),
    ),
    Entry(
        "helion_tile",
        "Helion: a Triton kernel written for these very shapes and strides, config chosen by hand",
        requires=("torch", "triton", "helion"),
        compiles=True,
        caveat="compiled anew for every shape and stride",
    ),
    Entry(
        "cute_layout",
        "CuTe DSL: one layout algebra for A, B and C, 16-byte vectors on aligned operands",
        requires=("torch", "cutlass"),
        compiles=True,
        caveat="compiled anew for every shape and stride",
    ),
    Entry(
        "warp_tile",
        "NVIDIA Warp: tiles in registers, each element accessed in its own width",
        requires=("torch", "warp"),
        devices=("cuda", "cpu"),
        compiles=True,
    ),
)


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
    """Import the entry's module. A missing or broken library raises whatever its import raises."""
    if entry.path:
        from backends import _candidate as candidate

        return candidate.load(entry.path)
    return cast(Backend, importlib.import_module(f"backends.{entry.name}"))


def bind(entry: Entry, a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int = 0) -> Launch:
    """Load the entry's backend and bind these operands, after looking at them; see Backend.bind.

    Raises BadOperands for operands that no backend could take, Unsupported for a dtype, a device or a layout that this
    one cannot.
    """
    if a.ndim != 1 or b.ndim != 2 or a.shape[0] != b.shape[0] or out.shape != b.shape:
        shapes = ", ".join(str(tuple(operand.shape)) for operand in (a, b, out))
        raise BadOperands(f"a, b and out must have the shapes (N,), (N, M) and (N, M), not {shapes}")
    if not a.dtype == b.dtype == out.dtype:
        raise BadOperands(f"a, b and out must have one dtype, not {a.dtype}, {b.dtype} and {out.dtype}")
    if not a.device == b.device == out.device:
        raise BadOperands(f"a, b and out must be on one device, not on {a.device}, {b.device} and {out.device}")
    if out.numel() > 0 and any(side > 1 and stride == 0 for side, stride in zip(out.shape, out.stride(), strict=True)):
        raise BadOperands("elements of out share memory: it has a stride of 0")
    reason = why_unsupported(entry, str(b.dtype).removeprefix("torch."), b.device.type)
    if reason:
        raise Unsupported(f"{entry.name} {reason}")
    return load(entry).bind(a, b, out, stream)


def compile_for(entry: Entry, rows: int, cols: int, dtype: str, capability: tuple[int, int]) -> Compiled:
    """What a backend that compiles would launch on contiguous, aligned operands; no device is needed to ask.

    A Triton backend says by `plan` what it launches, and triton_compile compiles that; any other has its own
    compile_for(rows, cols, dtype, capability). A missing or broken library raises whatever its import raises.
    """
    backend: Any = load(entry)
    if hasattr(backend, "plan"):
        compiler: Any = importlib.import_module("backends._triton_compile")
        return cast(Compiled, compiler.compile_plan(backend.plan, rows, cols, dtype, capability))
    return cast(Compiled, backend.compile_for(rows, cols, dtype, capability))
