# mypy: allow-untyped-defs, allow-incomplete-defs, allow-any-generics
"""C = diag(A) · B in Triton, tuned: two autotuned kernels, the rule that chooses between them, and a module to paste.

`scale_flat` streams B and C where both run through memory in the same order, `scale_tile` transposes where they do not.
Both multiply in the operands' own type, so that every product is rounded once.

What _walk.py and backends/__init__.py also have stands here again, because people paste this file by itself.
"""

import torch
import torch.nn as nn
import triton
import triton.language as tl


@triton.autotune(
    configs=[  # BLOCK counts vectors of 16 bytes: one per thread, the last two
        triton.Config({"BLOCK": 512}, num_warps=16),
        triton.Config({"BLOCK": 256}, num_warps=8),
        triton.Config({"BLOCK": 256}, num_warps=4),
    ],
    key=["INDEX", "VECTOR", "FIT", "BY_LINE", "DENSE", "REGIME", "SHIFT"],
    prune_configs_by={"early_config_prune": lambda configs, arguments, **_: configs_to_try(configs, arguments)},
    # By CUDA graphs, as the suite measures: launches one by one scatter with the host.
    do_bench=lambda call, quantiles: triton.testing.do_bench_cudagraph(call, rep=10, quantiles=quantiles),
)
@triton.jit
def scale_flat(
    a_ptr,
    b_ptr,
    out_ptr,
    lines,  # the rows of a row-major C, the columns of a column-major one
    width,  # elements of a line
    total,  # lines · width
    magic,  # with bits: the divisor `width` as a multiplication and a shift, see divider
    bits,
    a_stride,
    b_line,  # from line to line and from element to element within one, in elements
    b_step,
    out_line,
    out_step,
    INDEX: tl.constexpr,  # tl.int32 where every index fits it, else tl.int64
    VECTOR: tl.constexpr,  # consecutive elements that go together: 16 bytes of them, or 1
    FIT: tl.constexpr,  # of a vector into lines: "whole", "crossing" (may reach into the next line) or "short" (and on)
    BY_LINE: tl.constexpr,  # A has an element for each line, else for each place within a line
    DENSE: tl.constexpr,  # B and C have no gaps between lines
    REGIME: tl.constexpr,  # of the size: "small", "cached" or "streamed"
    SHIFT: tl.constexpr,  # dense: elements between a 16-byte boundary and the first of B, and of C alike
    BLOCK: tl.constexpr,
):
    """C as one sequence of elements, BLOCK times 16 bytes of them per program."""
    SIZE: tl.constexpr = BLOCK * (128 // b_ptr.dtype.element_ty.primitive_bitwidth)
    k = tl.arange(0, VECTOR)[None, :]
    start = tl.program_id(0).to(INDEX) * SIZE - SHIFT
    first = start + VECTOR * tl.arange(0, SIZE // VECTOR)[:, None]  # of each vector
    at = first + k

    # The line of each vector or, where it may reach through several, of each element. The first block of a shifted C
    # begins before it, the last block ends behind it: there, any line that exists will do.
    asked = at if FIT == "short" else first
    counted = tl.maximum(asked, 0) if SHIFT else asked
    if tl.int32 == INDEX:
        dividend = counted.to(tl.uint32)
        line = ((tl.umulhi(dividend, tl.cast(magic, tl.uint32)) + dividend) >> bits).to(tl.int32)
    else:
        line = counted // width
    place = asked - line * width

    if BY_LINE:
        scale = tl.load(a_ptr + tl.minimum(line, lines - 1) * a_stride)
        if FIT == "crossing":
            following = tl.load(a_ptr + tl.minimum(line + 1, lines - 1) * a_stride)
            scale = tl.where(place + k < width, scale, following)
    else:
        j = place if FIT == "short" else place + k
        if FIT == "crossing":
            j = tl.where(j < width, j, j - width)
        if SHIFT:
            j = tl.maximum(j, 0)
        scale = tl.load(a_ptr + j * a_stride)

    if DENSE:
        b_at = b_ptr + at
        out_at = out_ptr + at
    else:
        b_at = b_ptr + (line * b_line + place * b_step) + k * b_step
        out_at = out_ptr + (line * out_line + place * out_step) + k * out_step
    if VECTOR > 1:
        b_at = tl.max_contiguous(tl.multiple_of(b_at, (16, 16)), (1, VECTOR))
        out_at = tl.max_contiguous(tl.multiple_of(out_at, (16, 16)), (1, VECTOR))

    # What fits L2 is found there by the next launch, if C leaves it before B does.
    store_policy: tl.constexpr = "" if REGIME == "streamed" else ".cs"
    # A branch: a mask would cost the 16-byte accesses wherever total is no multiple of them.
    if (start >= 0) & (start + SIZE <= total):
        tl.store(out_at, scale * tl.load(b_at), cache_modifier=store_policy)
    else:
        inside = (at >= 0) & (at < total)
        tl.store(out_at, scale * tl.load(b_at, inside), inside)


@triton.autotune(
    configs=[
        triton.Config({"BLOCK_N": 32, "BLOCK_M": 32}, num_warps=4),
        triton.Config({"BLOCK_N": 64, "BLOCK_M": 32}, num_warps=4),
        triton.Config({"BLOCK_N": 64, "BLOCK_M": 64}, num_warps=8),
    ],
    key=["INDEX"],
)
@triton.jit
def scale_tile(
    a_ptr,
    b_ptr,
    out_ptr,
    rows,
    cols,
    a_stride,
    b_row,
    b_col,
    out_row,
    out_col,
    INDEX: tl.constexpr,
    BLOCK_N: tl.constexpr,
    BLOCK_M: tl.constexpr,
):
    """A tile per program, read in B's order and written in C's; Triton turns it round in shared memory."""
    across = tl.cdiv(cols, BLOCK_M)  # one grid dimension: the second one ends at 65,535
    i = (tl.program_id(0) // across).to(INDEX) * BLOCK_N + tl.arange(0, BLOCK_N)
    j = (tl.program_id(0) % across).to(INDEX) * BLOCK_M + tl.arange(0, BLOCK_M)
    inside = (i < rows)[:, None] & (j < cols)[None, :]
    scale = tl.load(a_ptr + i * a_stride, i < rows)
    b = tl.load(b_ptr + i[:, None] * b_row + j[None, :] * b_col, inside)
    tl.store(out_ptr + i[:, None] * out_row + j[None, :] * out_col, scale[:, None] * b, inside)


def configs_to_try(configs: list[triton.Config], arguments) -> list[triton.Config]:
    """The configs among which to tune: one, where it is known to be the best within a percent or so.

    Large blocks leave fewer to schedule, but an SM loses more while one drains. That is too much where a launch is a
    part of a wave. So it is where DRAM is so fast that all of an SM's threads have to wait for it at once.
    `tox -e variants` shows both sides of the limit: an H100 (25e9 bytes/s for each SM) and an H200 (36e9).
    Where two configs are left, the first shape of a key decides, and its operands stay in place while it is timed.
    """
    large, small, deep = configs
    if arguments["REGIME"] == "small":
        return [small]
    if dram_per_sm(arguments["out_ptr"].device) < 30e9:
        return [large]
    return [small, deep] if arguments["REGIME"] == "streamed" else [small]


def dram_per_sm(device: torch.device) -> float:
    """Peak bytes/s between DRAM and each SM; 0 where there is no device to ask."""
    if device.type != "cuda":
        return 0.0
    gpu = torch.cuda.get_device_properties(device)  # its clock in kHz, at twice the data rate; its width in bits
    return 2e3 * gpu.memory_clock_rate * gpu.memory_bus_width / 8 / gpu.multi_processor_count


def l2_bytes(device: torch.device) -> int:
    """The device's L2; 0 where there is none to ask, which plans for operands that come from DRAM."""
    return torch.cuda.get_device_properties(device).L2_cache_size if device.type == "cuda" else 0


def regime(out: torch.Tensor) -> str:
    """How B and C compare with the L2: "small" (a sixteenth of it or less), "cached" (it holds both) or "streamed"."""
    share = 2 * out.numel() * out.element_size() / max(l2_bytes(out.device), 1)
    return "streamed" if share > 1 else "cached" if share > 1 / 16 else "small"


def divider(width: int) -> tuple[int, int]:
    """(magic, bits) by which the kernel divides without a division; magic is a signed int32.

    n // width == (n + (n · magic >> 32)) >> bits for 0 <= n < 2^31.
    After Granlund and Montgomery, "Division by invariant integers using multiplication", 1994.
    """
    bits = (width - 1).bit_length()
    magic = 2**32 * (2**bits - width) // width + 1
    return (magic if magic < 2**31 else magic - 2**32), bits


def launch_arguments(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor):
    """How these operands are launched: (kernel, grid, its arguments up to the tuned ones, the form in words).

    Reads shapes, strides and addresses only; out must not be empty.
    """
    rows, cols = out.shape
    lanes = 16 // out.element_size()
    largest = lanes * max(config.kwargs["BLOCK"] for config in scale_flat.configs)
    reach = [sum((n - 1) * s for n, s in zip(t.shape, t.stride(), strict=True)) for t in (a, b, out)]
    index = tl.int32 if max(rows * cols + largest, *reach) < 2**31 else tl.int64

    # Lines run along the axis on which C's elements lie closest; strides of an axis of one element mean nothing.
    by_line = rows == 1 or (cols > 1 and out.stride(1) <= out.stride(0))
    lines, width = (rows, cols) if by_line else (cols, rows)
    b_line, b_step = b.stride() if by_line else b.stride()[::-1]
    out_line, out_step = out.stride() if by_line else out.stride()[::-1]
    if lines > 1 and 0 < b_line < b_step:
        return (
            scale_tile,
            lambda meta: (triton.cdiv(rows, meta["BLOCK_N"]) * triton.cdiv(cols, meta["BLOCK_M"]),),
            (a, b, out, rows, cols, a.stride(0), *b.stride(), *out.stride(), index),
            "tile",
        )

    run = width == 1 or b_step == out_step == 1
    dense = run and (lines == 1 or b_line == out_line == width)
    offset, b_offset = out.data_ptr() % 16, b.data_ptr() % 16
    aligned = run and not any(n % lanes for n in (width, b_line, out_line)) and offset == b_offset == 0
    vector = lanes if aligned or (dense and offset == b_offset) else 1
    shift = offset // out.element_size() if dense and vector > 1 else 0
    fit = "whole" if width % vector == 0 and not shift else "crossing" if width >= vector - 1 else "short"
    sizes = (lines, width, rows * cols, *divider(width), a.stride(0), b_line, b_step, out_line, out_step)
    return (
        scale_flat,
        lambda meta: (triton.cdiv(rows * cols + shift, lanes * meta["BLOCK"]),),
        (a, b, out, *sizes, index, vector, fit, by_line, dense, regime(out), shift),
        f"{'dense' if dense else 'gapped'} {regime(out)}, by {'row' if by_line else 'column'}, "
        + (f"{fit} vectors" if vector > 1 else "single elements")
        + (f", shifted by {shift}" if shift else ""),
    )


def refuse_what_does_not_fit(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> None:
    """Raises ValueError for operands that have no product here, or none that `out` could hold."""
    if a.ndim != 1 or b.ndim != 2 or a.shape[0] != b.shape[0]:
        raise ValueError(f"A must be (N,) and B (N, M), not {tuple(a.shape)} and {tuple(b.shape)}")
    if a.dtype != b.dtype or not a.dtype.is_floating_point:
        raise ValueError(f"A and B must have one floating-point type, not {a.dtype} and {b.dtype}")
    if a.device != b.device:
        raise ValueError(f"A and B must be on one device, not {a.device} and {b.device}")
    if (out.shape, out.dtype, out.device) != (b.shape, b.dtype, b.device):
        raise ValueError(f"C must be as B, {tuple(b.shape)} {b.dtype}, not {tuple(out.shape)} {out.dtype}")


def more_than_memory(A: torch.Tensor, B: torch.Tensor) -> bool:
    """Whether there is more to these operands than their memory, or less: then the product is left to PyTorch.

    Subclasses (distributed tensors, fake ones) and tensors on "meta" have none of their own. A sign may still have to
    be changed, a tangent to be carried on. torch.jit.trace sees operators alone.
    """
    return (
        type(A) not in ModelNew.plain
        or type(B) not in ModelNew.plain
        or torch.autograd.forward_ad._current_level >= 0
        or torch.jit.is_tracing()
        or B.is_meta
        or A.is_neg()
        or B.is_neg()
    )


def scale(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """out = diag(a) · b on the current stream; a: (N,), b and out: (N, M), any strides. Returns out.

    Their memory must be all there is to them: see more_than_memory. Raises ValueError for what does not fit together.
    What to launch follows from the form of the operands, all that a plan and a compiled kernel depend on. It is found
    once per form. Addresses are read anew at every call, and of them the form has only what is left modulo 16.
    """
    a_at, b_at, out_at = a.data_ptr(), b.data_ptr(), out.data_ptr()
    form = (
        *(a.shape, a.stride(), a.dtype, a.get_device(), a_at % 16),
        *(b.shape, b.stride(), b.dtype, b.get_device(), b_at % 16),
        *(out.shape, out.stride(), out.dtype, out.get_device(), out_at % 16),
    )
    launch = ModelNew.launches.get(form)
    if launch is not None:
        launch(a_at, b_at, out_at)
    else:
        first_launch(form, a, b, out)
    return out


def first_launch(form: tuple, a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> None:
    """Plan, tune, compile and launch; remember what was launched for the next operands of this form.

    Raises ValueError for operands that do not fit together. It may not tune while the stream is captured, nor while
    another thread tunes, since Triton's tuner is for one. Then it launches the likeliest config and remembers nothing.
    Nor is anything remembered of the host's memory. Triton takes it where it is pinned, and refuses it where it is not.
    """
    refuse_what_does_not_fit(a, b, out)
    if out.numel() == 0:
        return
    kernel, grid, arguments, _ = launch_arguments(a, b, out)
    with torch.cuda.device_of(out):
        configs = configs_left(kernel, arguments)
        tunes, final = len(configs) > 1, out.is_cuda and not torch.cuda.is_current_stream_capturing()
        if final and tunes:
            final = ModelNew.turn.pop("to tune", False)
        if final and tunes:
            try:
                compiled, config = kernel[grid](*arguments), kernel.best_config
            finally:
                ModelNew.turn["to tune"] = True
        else:
            config = configs[0]
            compiled = kernel.fn[grid](*arguments, **config.all_kwargs())
        if final and compiled is not None:  # Triton's interpreter compiles nothing
            if len(ModelNew.launches) >= 1024:  # forms; a model has a few, a loop over odd shapes has no end of them
                ModelNew.launches.clear()
            ModelNew.launches[form] = launcher(compiled, grid(config.kwargs)[0], arguments, config)


def configs_left(kernel, arguments: tuple) -> list[triton.Config]:
    """The configs among which to tune these arguments, the likeliest first."""
    if kernel.early_config_prune is None or len(kernel.configs) == 1:
        return kernel.configs
    return kernel.early_config_prune(kernel.configs, dict(zip(kernel.arg_names, arguments, strict=False)))


def launcher(compiled, blocks: int, arguments: tuple, config: triton.Config):
    """The function of three addresses (a, b, out) that launches this compiled kernel on the current stream.

    It takes the short way into C. Where this Triton has another it takes the public one, `[grid]`.
    """
    index, rest = arguments[2].get_device(), (*arguments[3:], *config.kwargs.values())
    stream, here = triton.runtime.driver.active.get_current_stream, torch.cuda.current_device
    try:
        into_c, fixed, as_one = call_into_c(compiled, 3 + len(rest))
    except (AttributeError, TypeError, ValueError):
        by_grid = compiled[(blocks, 1, 1)]

        def enqueue(*addresses: int) -> None:
            by_grid(*addresses, *rest)
    else:

        def enqueue(*addresses: int) -> None:
            if as_one:
                into_c(blocks, 1, 1, stream(index), *fixed, (*addresses, *rest))
            else:
                into_c(blocks, 1, 1, stream(index), *fixed, *addresses, *rest)

    def launch(*addresses: int) -> None:
        if here() == index:
            enqueue(*addresses)
        else:
            with torch.cuda.device(index):
                enqueue(*addresses)

    return launch


def call_into_c(compiled, count: int) -> tuple:
    """How Triton launches a compiled kernel of so many arguments: (function, what is between, whether they are one).

    Triton's launcher ends in one call into C of grid, stream, some fixed arguments and the kernel's own, one by one or
    as one tuple. A copy of the launcher, whose call is noted instead, tells which. Raises AttributeError, TypeError or
    ValueError where this Triton does otherwise, or has to allocate for each launch.
    """
    run, noted = compiled.run, []
    if run.global_scratch_size or run.profile_scratch_size:
        raise ValueError("it allocates")
    copy = object.__new__(type(run))
    vars(copy).update(vars(run), launch=lambda *given: noted.append(given))
    start, own = (1, 1, 1, object()), tuple(object() for _ in range(count))
    copy(*start, compiled.function, compiled.packed_metadata, None, None, None, *own)
    (given,) = noted
    if given[:4] != start or own not in (given[-1], given[-count:]):
        raise ValueError("it calls with other arguments")
    return run.launch, given[4:-1] if own == given[-1] else given[4:-count], own == given[-1]


@torch.library.custom_op("diagbench::product", mutates_args=())
def product(A: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
    """diag(A) · B as one operator for torch.compile and autograd, which look at what it returns, not into it."""
    return scale(A, B, torch.empty_like(B))


@product.register_fake
def product_like(A: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
    """What `product` returns, without its values."""
    return torch.empty_like(B)


def keep_operands(ctx, inputs, output) -> None:
    """Both gradients need the other operand."""
    ctx.save_for_backward(*inputs)


def gradients(ctx, g: torch.Tensor):
    """(dA, dB) from g: (N, M), the gradient of C: dA = sum over columns of g · B, dB = diag(A) · g."""
    A, B = ctx.saved_tensors
    dA = (g * B).sum(dim=1) if ctx.needs_input_grad[0] else None
    return dA, product(A, g) if ctx.needs_input_grad[1] else None


product.register_autograd(gradients, setup_context=keep_operands)


class ModelNew(nn.Module):
    """C = diag(A) · B."""

    launches: dict = {}  # noqa: RUF012  # form -> what launches it, for all models; see scale
    turn: dict = {"to tune": True}  # noqa: RUF012  # taken by the thread that tunes
    plain = (torch.Tensor, nn.Parameter)  # see more_than_memory

    def forward(self, A: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
        """A: (N,), B: (N, M), of one floating-point type and on one device; returns C: (N, M), laid out as B is.

        Differentiable in both; one operator under torch.compile. functorch's transforms are refused, in words.
        Raises ValueError for operands that do not fit together.
        """
        compiling = torch.compiler.is_compiling()
        if not compiling and more_than_memory(A, B):
            refuse_what_does_not_fit(A, B, B)
            return A.unsqueeze(1) * B
        if compiling or ((A.requires_grad or B.requires_grad) and torch.is_grad_enabled()):
            refuse_what_does_not_fit(A, B, B)
            return product(A, B)
        return scale(A, B, torch.empty_like(B))
