"""The catalogue: one Entry per backend, light data that is listed without importing any array library.

Adding a backend adds its file and its row here, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Exemption = Literal["subnormal", "non_finite"]
"""Where an entry's arithmetic departs from the product rounded once, so that the gate asks it of ordinary values only.

subnormal: it may flush subnormal inputs and products to zero. non_finite: it adds zeros or multiplies by them. An
infinity or a NaN then spreads over its column, and a zero may lose its sign.
"""

DRIVER_CACHE = "CUDA_CACHE_PATH"
"""Where CUDA's driver keeps what it compiles from PTX, which some libraries leave to it."""


@dataclass(frozen=True)
class Entry:
    """One row of the catalogue."""

    name: str  # library_technique: module name, test id, row label
    summary: str  # one line for tables
    requires: tuple[str, ...]  # import names; the versions of what brings them are recorded
    devices: tuple[str, ...] = ("cuda",)
    dtypes: tuple[str, ...] = ("float32", "float16", "bfloat16", "float64")
    allocates: bool = False  # C is a fresh array per launch: then the allocation is timed, and said
    own_stream: bool = False  # ignores `stream`
    capturable: bool = True  # its launches can be captured into a CUDA graph
    keeps: bool = False  # asks L2 to keep lines that it touched (evict_last), for longer than its launch
    compiles: bool = False  # has compile_for or, in Triton, launch_arguments: see backends.compile_for
    tunes: bool = False  # chooses among forms by timing them, so that another run may choose otherwise
    known_defect: str = ""  # why the gate is expected to reject it; the reason to keep such an entry
    path: str = ""  # a candidate's file; empty for a module of this package
    exempt: tuple[Exemption, ...] = ()  # what the gate leaves out of its inputs; `caveat` says so to the reader
    caveat: str = ""  # what a reader of its numbers must know, one line
    distributions: tuple[str, ...] = ()  # as pip spells them: those that no import name of `requires` leads to
    caches: tuple[str, ...] = ()  # environment variables that say where its compilers keep what they made
    ours: bool = False  # a kernel written and tuned here; the first such row is the one that reports argue about
    baseline: bool = False  # what everyone has anyway, so that any other first use has to pay off against it
    for_reference: bool = False  # kept for comparison, not to be chosen
    controlled: bool = False  # steady enough for the A/A control, which doubles the first such contender
    colour: str = ""  # its own in every figure; "" is grey, because more than eight cannot be told apart
    """Okabe and Ito's palette (2008), told apart with any colour vision, and browns for the untuned tiles."""


CATALOGUE: tuple[Entry, ...] = (
    Entry(
        "torch_broadcast",
        "PyTorch: torch.mul(a[:, None], b, out=out), all that its eager mode has for this",
        requires=("torch",),
        devices=("cuda", "cpu"),
        baseline=True,
        colour="#b87a00",
    ),
    Entry(
        "triton_tuned",
        "Triton: one 16-byte vector per thread, form by shape and strides, autotuned; the drop-in file",
        requires=("torch", "triton"),
        tunes=True,
        compiles=True,
        caches=("TRITON_CACHE_DIR",),
        ours=True,
        controlled=True,
        colour="#d55e00",
    ),
    Entry(
        "triton_baseline",
        "Triton: the untuned 2-D tile this project started from, its grid as it was",
        requires=("torch", "triton"),
        tunes=True,
        known_defect="its grid assumes blocks of 128 rows, so configs with 64-row blocks leave half of C unwritten",
        caches=("TRITON_CACHE_DIR",),
        for_reference=True,
        colour="#8c5a3c",
    ),
    Entry(
        "triton_baseline_mended",
        "Triton: the untuned 2-D tile with the grid taken from the chosen config",
        requires=("torch", "triton"),
        tunes=True,
        compiles=True,
        caches=("TRITON_CACHE_DIR",),
        for_reference=True,
        colour="#b08968",
    ),
    Entry(
        "cupy_rawkernel",
        "CUDA C++ through cupy.RawModule: 16-byte vectors on contiguous operands",
        requires=("torch", "cupy"),
        compiles=True,
        caches=("CUPY_CACHE_DIR",),
        ours=True,
        controlled=True,
        colour="#009e73",
    ),
    Entry(
        "numba_cuda",
        "Numba CUDA: 16-byte vectors on contiguous operands",
        requires=("torch", "numba", "numba_cuda"),
        compiles=True,
        caches=("NUMBA_CACHE_DIR", DRIVER_CACHE),
        ours=True,
        colour="#0072b2",
    ),
    Entry(
        "torch_compile",
        "torch.compile of the broadcast product, dynamic=False",
        requires=("torch", "triton"),
        devices=("cuda", "cpu"),
        tunes=True,
        caveat="compiled anew for every shape, stride and dtype",
        caches=("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"),
        colour="#2b8cbe",
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
        caches=("CUPY_CACHE_DIR",),
    ),
    Entry(
        "jax_jit",
        "JAX: jax.jit of the broadcast product",
        requires=("torch", "jax"),
        devices=("cuda", "cpu"),
        dtypes=("float32", "float16", "bfloat16"),
        allocates=True,
        own_stream=True,
        capturable=False,
        exempt=("subnormal",),
        caveat="on XLA's own stream, whose gaps between launches it is charged with; may flush subnormals to zero",
        caches=("JAX_COMPILATION_CACHE_DIR", DRIVER_CACHE),
    ),
    Entry(
        "torch_diag_matmul",
        "the naive torch.diag(a) @ b",
        requires=("torch",),
        dtypes=("float32", "float16", "bfloat16"),
        exempt=("non_finite",),
        caveat="builds N × N zeros in every launch; 0 · inf spreads down a column; up to 1024 rows",
        for_reference=True,
    ),
    Entry(
        "numba_cpu",
        "Numba on the CPU: @njit(parallel=True) over chunks of C along its memory; 16-bit types by their bits",
        requires=("torch", "numba"),
        devices=("cpu",),
        caches=("NUMBA_CACHE_DIR",),
        ours=True,
        controlled=True,
        colour="#cc79a7",
    ),
    Entry(
        "numpy_broadcast",
        "NumPy: numpy.multiply(a[:, None], b, out=out), on one thread",
        requires=("torch", "numpy"),
        devices=("cpu",),
        dtypes=("float32", "float16", "float64"),
        caveat="one thread; no bfloat16",
    ),
    Entry(
        "helion_tile",
        "Helion: a Triton kernel written for these very shapes and strides, config chosen by hand",
        requires=("torch", "triton", "helion"),
        compiles=True,
        caveat="compiled anew for every shape and stride",
        caches=("TRITON_CACHE_DIR",),
    ),
    Entry(
        "cute_layout",
        "CuTe DSL: one layout algebra for A, B and C, 16-byte vectors on aligned operands",
        requires=("torch", "cutlass"),
        compiles=True,
        caveat="compiled anew for every shape and stride",
        distributions=("nvidia-cutlass-dsl",),
        caches=("CUTE_DSL_CACHE_DIR",),
    ),
    Entry(
        "warp_tile",
        "NVIDIA Warp: tiles in registers, each element accessed in its own width",
        requires=("torch", "warp"),
        devices=("cuda", "cpu"),
        compiles=True,
        caches=("WARP_CACHE_PATH", DRIVER_CACHE),
    ),
)
