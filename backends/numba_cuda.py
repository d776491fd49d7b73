"""Numba CUDA: the same walk as the CUDA C++ kernel, written in Python, 16 bytes per thread in every dtype.

LLVM cannot prove that a pointer lies on a 16-byte boundary, so it never widens the accesses of a plain Numba loop.
`load_vector` and `store_vector` are the places that state it. Kernels take bare pointers, which Numba passes on faster
than arrays.

These kernels repeat rowscale.cu step by step, on purpose: the same algorithm in two languages is the experiment.
"""

from __future__ import annotations

import functools
import operator
import re
import warnings
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from llvmlite import ir  # type: ignore[import-untyped,import-not-found,unused-ignore]
from numba import cuda, types
from numba.cuda.extending import intrinsic

from backends import Compiled, _driver, named
from backends._form import of_form
from backends._walk import VECTOR_BYTES, Template, Walk, require_arithmetic, walk, walk_contiguous

if TYPE_CHECKING:
    from backends import Launch


@intrinsic
def load_vector(typingctx, words, pointer, index):  # type: ignore[no-untyped-def]
    """Fill a local array of 16 bytes from pointer[index], which lies on a 16-byte boundary."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        local = _vector(context, builder, signature.args[0], args[0])  # type: ignore[no-untyped-call]
        address = builder.bitcast(builder.gep(args[1], [args[2]]), local.type)
        builder.store(builder.load(address, align=VECTOR_BYTES), local, align=4)
        return context.get_dummy_value()

    return types.void(words, pointer, types.int64), codegen


@intrinsic
def store_vector(typingctx, words, pointer, index):  # type: ignore[no-untyped-def]
    """Write a local array of 16 bytes to pointer[index], which lies on a 16-byte boundary."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        local = _vector(context, builder, signature.args[0], args[0])  # type: ignore[no-untyped-call]
        address = builder.bitcast(builder.gep(args[1], [args[2]]), local.type)
        builder.store(builder.load(local, align=4), address, align=VECTOR_BYTES)
        return context.get_dummy_value()

    return types.void(words, pointer, types.int64), codegen


@intrinsic
def store_vector_to_leave_first(typingctx, words, pointer, index):  # type: ignore[no-untyped-def]
    """Write a vector as store_vector does, to be dropped from L2 before others: PTX has that store, LLVM has not."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        local = _vector(context, builder, signature.args[0], args[0])  # type: ignore[no-untyped-call]
        four = builder.load(builder.bitcast(local, ir.VectorType(ir.IntType(32), 4).as_pointer()), align=4)
        values = [builder.extract_element(four, ir.Constant(ir.IntType(32), k)) for k in range(4)]
        address = builder.ptrtoint(builder.gep(args[1], [args[2]]), ir.IntType(64))
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(64), *(value.type for value in values)])
        text = "st.global.cs.v4.b32 [$0], {$1, $2, $3, $4};"
        builder.call(ir.InlineAsm(kind, text, "l,r,r,r,r,~{memory}", side_effect=True), [address, *values])
        return context.get_dummy_value()

    return types.void(words, pointer, types.int64), codegen


@intrinsic
def place(typingctx, words, k, element):  # type: ignore[no-untyped-def]
    """Make `element` the k-th of the vector in a local array of 16 bytes, whose words hold one or two elements."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        data, k, value = context.make_array(words)(context, builder, args[0]).data, args[1], args[2]
        if words.dtype.bitwidth > element.bitwidth:  # by shifts: a word written by halves would stay in local memory
            half = builder.and_(k, k.type(1))
            k = builder.lshr(k, k.type(1))
            word = builder.load(builder.gep(data, [k]))
            shift = builder.trunc(builder.shl(half, k.type(4)), word.type)
            others = builder.and_(word, builder.not_(builder.shl(word.type(0xFFFF), shift)))
            value = builder.or_(others, builder.shl(builder.zext(value, word.type), shift))
        builder.store(value, builder.gep(data, [k]))
        return context.get_dummy_value()

    return types.void(words, types.int64, element), codegen


@intrinsic
def multiplied(typingctx, n, divisor, magic, bits):  # type: ignore[no-untyped-def]
    """n // divisor for 0 <= n < 2^31, by what _walk.divider made of the divisor."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        n, _, magic, bits = args
        return builder.lshr(builder.add(builder.lshr(builder.mul(n, magic), n.type(32)), n), bits)

    return types.int64(types.int64, types.int64, types.int64, types.int64), codegen


@intrinsic
def divided(typingctx, n, divisor, magic, bits):  # type: ignore[no-untyped-def]
    """n // divisor for 0 <= n, in about 70 instructions."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.udiv(args[0], args[1])

    return types.int64(types.int64, types.int64, types.int64, types.int64), codegen


def _vector(context, builder, kind, array):  # type: ignore[no-untyped-def]
    """The address of a local array of 16 bytes, as that of one vector of its words."""
    vector = ir.VectorType(context.get_data_type(kind.dtype), VECTOR_BYTES * 8 // kind.dtype.bitwidth)
    return builder.bitcast(context.make_array(kind)(context, builder, array).data, vector.as_pointer())


def product_of_pairs(dtype: str) -> Callable[[Any, Any], Any]:
    """The function that multiplies two "f16x2" or "bf16x2", each product rounded once.

    It is a fused multiply-add, as mul.bf16x2 needs sm_90, and x·y + -0 is x·y with its sign. Numba's own
    16-bit types multiply by a call into separately compiled C++.
    """

    @intrinsic
    def product(typingctx, x, y):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            pair = ir.IntType(32)
            fma = ir.InlineAsm(ir.FunctionType(pair, [pair] * 3), f"fma.rn.{dtype} $0, $1, $2, $3;", "=r,r,r,r")
            return builder.call(fma, [*args, ir.Constant(pair, 0x80008000)])

        return types.uint32(types.uint32, types.uint32), codegen

    return cast(Callable[[Any, Any], Any], product)


_PREPARED: dict[Hashable, Prepared] = {}


@dataclass(frozen=True)
class Arithmetic:
    """How a kernel holds and multiplies the elements of one dtype."""

    element: Any  # as in memory
    word: Any  # what one multiplication takes: two elements of 16 bits, or one wider element
    product: Callable[[Any, Any], Any]  # of two words

    @property
    def lanes(self) -> int:
        """Elements per vector."""
        return VECTOR_BYTES * 8 // int(self.element.bitwidth)


ARITHMETIC = {
    "float32": Arithmetic(types.float32, types.float32, operator.mul),
    "float64": Arithmetic(types.float64, types.float64, operator.mul),
    "float16": Arithmetic(types.uint16, types.uint32, product_of_pairs("f16x2")),
    "bfloat16": Arithmetic(types.uint16, types.uint32, product_of_pairs("bf16x2")),
}


def flat_kernel(  # noqa: C901  # half of its branches are decided at compile time
    numbers: Arithmetic, by_row: bool, whole: bool, wide: bool, cached: bool
) -> Callable[..., None]:
    """The kernel for b and out dense and equally far, `shift` elements, past a 16-byte boundary; a contiguous.

    Vectors start on boundaries: on ragged widths one may cross runs, and the first and the last may reach past C.
    whole: none does either.
    """
    word, product = numbers.word, numbers.product
    lanes, words = numbers.lanes, VECTOR_BYTES * 8 // word.bitwidth
    quotient, store = (divided if wide else multiplied), (store_vector_to_leave_first if cached else store_vector)

    def flat(a, b, out, size, inner_size, shift, magic, bits):  # type: ignore[no-untyped-def]
        thread = np.int64(cuda.blockIdx.x) * cuda.blockDim.x + cuda.threadIdx.x
        first = thread * lanes - shift
        if first >= 0 and first + lanes <= size:
            x = cuda.local.array(words, word)
            load_vector(x, b, first)
            factor = cuda.local.array(words, word)
            outer = quotient(first, inner_size, magic, bits)
            inner = first - outer * inner_size
            if by_row and (whole or inner + lanes <= inner_size):
                row = a[outer]
                for k in range(lanes):
                    place(factor, k, row)
            elif whole:
                load_vector(factor, a, inner)
            else:
                for k in range(lanes):
                    place(factor, k, a[outer if by_row else inner])
                    inner += 1
                    if inner == inner_size:
                        inner = 0
                        outer += 1
            for w in range(words):
                x[w] = product(factor[w], x[w])
            store(x, out, first)
        elif not whole:
            for e in range(max(first, 0), min(first + lanes, size)):
                outer = quotient(e, inner_size, magic, bits)
                out[e] = product(a[outer if by_row else e - outer * inner_size], b[e])

    return flat


def strided_kernel(numbers: Arithmetic, by_row: bool, vector: bool, wide: bool, cached: bool) -> Callable[..., None]:
    """The kernel for any strides; vector: both inner strides are 1 and every run starts on a 16-byte boundary."""
    word, product = numbers.word, numbers.product
    lanes, words = numbers.lanes if vector else 1, VECTOR_BYTES * 8 // word.bitwidth
    quotient, store = (divided if wide else multiplied), (store_vector_to_leave_first if cached else store_vector)

    def strided(  # type: ignore[no-untyped-def]
        a, b, out, outer_size, inner_size, a_stride, b_outer, b_inner, out_outer, out_inner, magic, bits
    ):
        thread = np.int64(cuda.blockIdx.x) * cuda.blockDim.x + cuda.threadIdx.x
        threads_per_run = (inner_size + lanes - 1) // lanes
        outer = quotient(thread, threads_per_run, magic, bits)
        inner = (thread - outer * threads_per_run) * lanes
        if outer >= outer_size:
            return
        b_first = outer * b_outer + inner * b_inner
        out_first = outer * out_outer + inner * out_inner
        if vector and inner + lanes <= inner_size:
            x = cuda.local.array(words, word)
            load_vector(x, b, b_first)
            factor = cuda.local.array(words, word)
            for k in range(lanes):
                place(factor, k, a[(outer if by_row else inner + k) * a_stride])
            for w in range(words):
                x[w] = product(factor[w], x[w])
            store(x, out, out_first)
        else:
            for k in range(min(lanes, inner_size - inner)):
                factor_k = a[(outer if by_row else inner + k) * a_stride]
                out[out_first + k * out_inner] = product(factor_k, b[b_first + k * b_inner])

    return strided


def kernel_of(template: Template, dtype: str) -> tuple[Callable[..., None], Any]:
    """The kernel of a Walk's template, uncompiled, and its signature."""
    name, *flags = template
    factory, integers = (flat_kernel, 5) if name == "flat" else (strided_kernel, 9)
    numbers = ARITHMETIC[dtype]
    pointer = types.CPointer(numbers.element)
    return factory(numbers, *flags), types.void(pointer, pointer, pointer, *[types.int64] * integers)


@functools.cache
def compiled(template: Template, dtype: str, device: int) -> Any:
    """The dispatcher for this device, the current one. With one signature, a launch does not look at argument types."""
    kernel, signature = kernel_of(template, dtype)
    return cuda.jit(signature, lto=False)(kernel)  # the path through PTX that compile_for shows


def enqueuer(dispatcher: Any, walked: Walk, stream: int, arguments: tuple[int, ...]) -> Callable[[], None]:
    """The function that launches the dispatcher's one kernel, by the driver's own call.

    Where Numba does not show its kernel's handle, it is Numba's own launch. That looks at the arguments each time, and
    costs several times as much.
    """
    block = (walked.block, 1, 1)
    try:
        (overload,) = dispatcher.overloads.values()
        handle = int(overload._codelibrary.get_cufunc().kernel.handle)
        return _driver.enqueuer(handle, walked.grid, block, stream, arguments)
    except (OSError, AttributeError, TypeError):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*Grid size")  # small operands make small grids
            kernel = dispatcher[walked.grid, block, cuda.external_stream(stream)]
        return lambda: kernel(*arguments)


@dataclass(frozen=True)
class Prepared:
    """What operands of one form are launched with."""

    dispatcher: Any
    walked: Walk
    integers: tuple[int, ...]  # the kernel's arguments behind its three pointers
    form: str  # in words


def prepare(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> Prepared:
    """Choose the kernel and compile it. Raises Unsupported."""
    dtype = str(out.dtype).removeprefix("torch.")
    require_arithmetic(dtype, torch.cuda.get_device_capability(out.device))
    walked = walk(a, b, out)
    return Prepared(compiled(walked.template, dtype, out.device.index), walked, walked.arguments, walked.form)


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Launch:
    """Bind the operands as backends.Backend.bind says. Unsupported: bfloat16 before compute capability 8.0."""
    if out.numel() == 0:
        return named(lambda: out)
    prepared = of_form(_PREPARED, prepare, a, b, out)
    pointers = (a.data_ptr(), b.data_ptr(), out.data_ptr())
    enqueue = enqueuer(prepared.dispatcher, prepared.walked, stream, (*pointers, *prepared.integers))

    def launch() -> torch.Tensor:
        enqueue()
        return out

    return named(launch, prepared.form, operands=(a, b))


def compile_for(rows: int, cols: int, dtype: str, capability: tuple[int, int]) -> Compiled:
    """What bind would launch on contiguous, aligned operands: NVVM and nvJitLink, no device."""
    from cuda.core import Linker, LinkerOptions, ObjectCode

    require_arithmetic(dtype, capability)
    walked = walk_contiguous(rows, cols, dtype)
    kernel, signature = kernel_of(walked.template, dtype)
    ptx, _ = cuda.compile_ptx(kernel, signature, cc=capability)
    options = LinkerOptions(arch="sm_{}{}".format(*capability))
    cubin = Linker(ObjectCode.from_ptx(ptx.encode()), options=options).link("cubin").code
    name = re.search(r"\.entry\s+(\w+)", ptx)[1]  # type: ignore[index]  # a kernel's PTX has an entry
    return Compiled(cubin, name, walked.grid, (walked.block, 1, 1), config=walked.form)
