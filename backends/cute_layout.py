"""CuTe DSL: A, B and C as layouts of one shape, so that one body computes every form of operands.

A is broadcast by a stride of 0. Shapes and strides are constants of the compiled kernel. So CuTe gets from a vector's
number to its place by a division by a constant.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cutlass
import torch
from cuda.bindings.driver import CUstream
from cutlass import cute
from cutlass.cute.runtime import make_fake_stream, make_ptr

from backends import Compiled, Unsupported, named
from backends._walk import VECTOR_BYTES, Walk, require_arithmetic, walk, walk_contiguous

if TYPE_CHECKING:
    from backends import Launch

BLOCK = 512  # threads
DTYPES = {
    "float32": cutlass.Float32,
    "float16": cutlass.Float16,
    "bfloat16": cutlass.BFloat16,
    "float64": cutlass.Float64,
}


@dataclass(frozen=True)
class Form:
    """The constants of a kernel. Shapes and strides are of the index along a line of C, then of the line."""

    shape: tuple[int, int]
    a_stride: tuple[int, int]
    b_stride: tuple[int, int]
    out_stride: tuple[int, int]
    lanes: int  # elements per thread
    ragged: bool  # C is one line of vectors, which cross the ends of rows, and has a rest

    @property
    def size(self) -> int:
        """Elements of C."""
        return self.shape[0] * self.shape[1]

    @property
    def threads(self) -> int:
        """Threads: one for every vector, and one for the rest."""
        return -(-self.size // self.lanes)

    @property
    def words(self) -> str:
        """This form in words, for records."""
        kind = "ragged vectors" if self.ragged else "layout"
        order = "row" if self.a_stride[0] == 0 else "column"
        return f"{kind}, {self.lanes} elements per thread, by {order}"


def form_of(walked: Walk) -> Form:
    """The Form of these operands. Raises Unsupported where an offset does not fit CuTe's 32 bits."""
    a_strides = (walked.a_stride, 0) if walked.by_row else (0, walked.a_stride)
    for strides in (a_strides, walked.b_strides, walked.out_strides):
        last = (walked.outer - 1) * strides[0] + (walked.inner - 1) * strides[1]
        if last + VECTOR_BYTES >= 2**31:
            raise Unsupported("CuTe layouts have 32-bit offsets; these operands reach past 2^31 elements")
    vectors = walked.lanes > 1 and walked.shift == 0 and (walked.flat or walked.inner % walked.lanes == 0)
    return Form(
        shape=(walked.inner, walked.outer),
        a_stride=(0, walked.a_stride) if walked.by_row else (walked.a_stride, 0),
        b_stride=walked.b_strides[::-1],
        out_stride=walked.out_strides[::-1],
        lanes=walked.lanes if vectors else 1,
        ragged=vectors and walked.inner % walked.lanes != 0,
    )


@cute.jit
def scale_vector(
    a: cute.Pointer, b: cute.Pointer, out: cute.Pointer, form: cutlass.Constexpr, vector: cutlass.Int32
) -> None:
    """Compute the elements of C that this thread number stands for."""
    a = cute.make_tensor(a, cute.make_layout(form.shape, stride=form.a_stride))
    if cutlass.const_expr(form.ragged):
        b = cute.make_tensor(b, cute.make_layout((form.size, 1)))
        out = cute.make_tensor(out, cute.make_layout((form.size, 1)))
        first = vector * form.lanes
        if first + form.lanes <= form.size:
            x, y = [cute.zipped_divide(tensor, (form.lanes, 1))[(None, vector)] for tensor in (b, out)]
            factors = cute.make_rmem_tensor_like(x)
            for k in cutlass.range_constexpr(form.lanes):
                factors[k] = a[first + k]
            y.store(factors.load() * x.load())
        else:
            for k in cutlass.range_constexpr(form.size % form.lanes):
                out[first + k] = a[first + k] * b[first + k]
    else:
        b = cute.make_tensor(b, cute.make_layout(form.shape, stride=form.b_stride))
        out = cute.make_tensor(out, cute.make_layout(form.shape, stride=form.out_stride))
        a, b, out = [cute.zipped_divide(tensor, (form.lanes, 1))[(None, vector)] for tensor in (a, b, out)]
        out.store(a.load() * b.load())


@cute.kernel
def scale(a: cute.Pointer, b: cute.Pointer, out: cute.Pointer, form: cutlass.Constexpr) -> None:
    """Compute C, one vector per thread."""
    thread, _, _ = cute.arch.thread_idx()
    block, _, _ = cute.arch.block_idx()
    vector = block * BLOCK + thread
    if vector < form.threads:
        scale_vector(a, b, out, form, vector)


@cute.jit
def enqueue(a: cute.Pointer, b: cute.Pointer, out: cute.Pointer, stream: CUstream, form: cutlass.Constexpr) -> None:
    """Launch the kernel."""
    scale(a, b, out, form).launch(grid=(-(-form.threads // BLOCK), 1, 1), block=(BLOCK, 1, 1), stream=stream)


def pointers(dtype: str, form: Form, addresses: Sequence[int], space: Any = cute.AddressSpace.gmem) -> list[Any]:
    """Typed pointers to a, b and out; b's and out's are as aligned as the form's accesses, a's as its elements."""
    numeric = DTYPES[dtype]
    itemsize = numeric.width // 8
    alignments = (itemsize, itemsize * form.lanes, itemsize * form.lanes)
    return [
        make_ptr(numeric, address, space, assumed_align=alignment)
        for address, alignment in zip(addresses, alignments, strict=True)
    ]


def compile_form(form: Form, dtype: str, options: str = "") -> Any:
    """CuTe's compiled `enqueue`; options are cute.compile's."""
    return cute.compile(enqueue, *pointers(dtype, form, (0, 0, 0)), make_fake_stream(), form, options=options)


@functools.cache
def compiled(form: Form, dtype: str, device: int) -> Any:
    """The launcher of this form on this device, the current one; its library is loaded."""
    return compile_form(form, dtype).to(device)


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Launch:
    """Bind the operands as backends.Backend.bind says.

    Unsupported: bfloat16 before compute capability 8.0, operands of 2^31 elements.
    """
    dtype = str(out.dtype).removeprefix("torch.")
    require_arithmetic(dtype, torch.cuda.get_device_capability(out.device))
    if out.numel() == 0:
        return named(lambda: out)
    form = form_of(walk(a, b, out))
    with torch.cuda.device_of(out):
        enqueue_on_device = compiled(form, dtype, out.device.index)
    arguments = (*pointers(dtype, form, [tensor.data_ptr() for tensor in (a, b, out)]), CUstream(stream))

    def launch() -> torch.Tensor:
        enqueue_on_device(*arguments)
        return out

    return named(launch, form.words, operands=(a, b))


def compile_for(rows: int, cols: int, dtype: str, capability: tuple[int, int]) -> Compiled:
    """What bind would launch on contiguous, aligned operands; no device."""
    require_arithmetic(dtype, capability)
    form = form_of(walk_contiguous(rows, cols, dtype))
    with tempfile.TemporaryDirectory() as folder:
        made = compile_form(
            form, dtype, f"--gpu-arch sm_{capability[0]}{capability[1]} --keep-cubin --dump-dir {folder}"
        )
    (kernel,) = made.kernel_info
    return Compiled(made.artifacts.CUBIN, kernel, (-(-form.threads // BLOCK), 1, 1), (BLOCK, 1, 1), config=form.words)
