# mypy: allow-untyped-defs, allow-incomplete-defs
"""C = diag(A) · B in Triton, tuned: two autotuned kernels, the rule that chooses between them, and a module to paste.

`scale_flat` streams B and C where both run through memory in the same order, `scale_tile` transposes where they do not.
Both multiply in the operands' own type, so that every product is rounded once.
"""

import torch
import torch.nn as nn
import triton
import triton.language as tl


@triton.autotune(
    configs=[
        triton.Config({"BLOCK": 512}, num_warps=4),
        triton.Config({"BLOCK": 1024}, num_warps=4),
        triton.Config({"BLOCK": 2048}, num_warps=8),
    ],
    key=["LINES", "BY_LINE", "LAYOUT", "REGIME", "SHIFT"],
)
@triton.jit
def scale_flat(
    a_ptr,
    b_ptr,
    out_ptr,
    lines,  # the rows of a row-major C, the columns of a column-major one
    width,  # elements of a line
    total,  # lines · width
    a_stride,
    b_line,  # from line to line and from element to element within one, in elements
    b_step,
    out_line,
    out_step,
    INDEX: tl.constexpr,  # tl.int32 where every index fits it, else tl.int64
    LINES: tl.constexpr,  # how many lines a block can touch: "one", "two" or "many"
    BY_LINE: tl.constexpr,  # A has an element for each line, else for each place within a line
    LAYOUT: tl.constexpr,  # of B and C: "dense", "aligned" (gaps, but lines of whole 16-byte vectors) or "strided"
    REGIME: tl.constexpr,  # of the size: "small", "cached" or "streamed"
    SHIFT: tl.constexpr,  # dense: elements between a 16-byte boundary and the first of B, and of C alike
    BLOCK: tl.constexpr,
):
    """C as one sequence of elements, BLOCK of them per program."""
    # Only the first element's line is found by division. Places that run past its end are in the next line or, where
    # lines are short, in the one that the width's reciprocal gives: exact, as place · width < 2^31.
    lane = tl.arange(0, BLOCK)
    start = tl.program_id(0).to(INDEX) * BLOCK - SHIFT
    if SHIFT:  # the first block begins before C, with places that are never written
        line = tl.maximum(start, 0) // width
        place = tl.maximum(start - line * width + lane, 0)
    else:
        line = start // width
        place = start - line * width + lane
    if LINES == "one":
        past = 0
    elif LINES == "two":
        past = (place >= width).to(tl.int32)
    else:
        past = tl.umulhi(2 * place.to(tl.int32), 0x7FFFFFFF // width + 1)
    place -= past * width

    if not BY_LINE:
        scale = tl.load(a_ptr + place * a_stride)
    elif LINES == "one":
        scale = tl.load(a_ptr + line * a_stride)
    elif LINES == "two":
        this = tl.load(a_ptr + line * a_stride)
        following = tl.load(a_ptr + (line + 1) * a_stride, line + 1 < lines)
        scale = tl.where(past == 0, this, following)
    else:
        scale = tl.load(a_ptr + tl.minimum(line + past, lines - 1) * a_stride)

    if LAYOUT == "dense":
        b_at = b_ptr + start + lane
        out_at = out_ptr + start + lane
    else:
        b_at = b_ptr + (line + past) * b_line + place * b_step
        out_at = out_ptr + (line + past) * out_line + place * out_step
    if LAYOUT == "aligned" or SHIFT:
        vector: tl.constexpr = 128 // b_ptr.dtype.element_ty.primitive_bitwidth
        b_at = tl.max_contiguous(tl.multiple_of(b_at, 16), vector)
        out_at = tl.max_contiguous(tl.multiple_of(out_at, 16), vector)

    # B bypasses L1 and C leaves L2 first, so that the next launch finds B there.
    load_policy: tl.constexpr = ".cg" if REGIME == "cached" else ""
    store_policy: tl.constexpr = ".cs" if REGIME == "cached" else ""
    # A branch: a mask would cost the 16-byte accesses wherever total is no multiple of them.
    if LINES == "one" or (start >= 0 and start + BLOCK <= total):
        tl.store(out_at, scale * tl.load(b_at, cache_modifier=load_policy), cache_modifier=store_policy)
    else:
        inside = (start + lane >= 0) & (start + lane < total)
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


def l2_bytes(device: torch.device) -> int:
    """The device's L2; 0 where there is none to ask, which plans for operands that come from DRAM."""
    return torch.cuda.get_device_properties(device).L2_cache_size if device.type == "cuda" else 0


def regime(out: torch.Tensor) -> str:
    """How B and C compare with the L2: "small" (a sixteenth of it or less), "cached" (it holds both) or "streamed"."""
    share = 2 * out.numel() * out.element_size() / max(l2_bytes(out.device), 1)
    return "streamed" if share > 1 else "cached" if share > 1 / 16 else "small"


def plan(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor):
    """What computes these operands: (kernel, grid, its arguments up to the tuned ones, the form in words).

    Reads shapes, strides and addresses only; out must not be empty.
    """
    rows, cols = out.shape
    largest = max(config.kwargs["BLOCK"] for config in scale_flat.configs)
    reach = [rows * cols + largest]
    reach += [sum((n - 1) * s for n, s in zip(t.shape, t.stride(), strict=True)) for t in (a, b, out)]
    index = tl.int32 if max(reach) < 2**31 else tl.int64

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

    vector = 16 // out.element_size()
    shift = 0
    if width > 1 and not b_step == out_step == 1:
        layout = "strided"
    elif lines == 1 or b_line == out_line == width:
        layout = "dense"
        if out.data_ptr() % 16 == b.data_ptr() % 16:
            shift = out.data_ptr() % 16 // out.element_size()
    elif any(n % vector for n in (width, b_line, out_line)) or any(t.data_ptr() % 16 for t in (b, out)):
        layout = "strided"
    else:
        layout = "aligned"
    sizes = (lines, width, rows * cols, a.stride(0), b_line, b_step, out_line, out_step)
    touched = "one" if width % largest == 0 and not shift else "two" if width >= largest else "many"
    flags = (index, touched, by_line, layout, regime(out), shift)
    return (
        scale_flat,
        lambda meta: (triton.cdiv(rows * cols + shift, meta["BLOCK"]),),
        (a, b, out, *sizes, *flags),
        f"flat {layout} {regime(out)}, by {'row' if by_line else 'column'}, {touched} per block"
        + (f", shifted by {shift}" if shift else ""),
    )


def scale(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """out = diag(a) · b on the current stream; a: (N,), b and out: (N, M), any strides. Returns out."""
    if out.numel() > 0:
        kernel, grid, arguments, _ = plan(a, b, out)
        with torch.cuda.device_of(out):
            kernel[grid](*arguments)
    return out


def config_text(config: triton.Config) -> str:
    """A tuning config in words, e.g. "BLOCK 512, 4 warps"."""
    return ", ".join([*(f"{name} {value}" for name, value in config.kwargs.items()), f"{config.num_warps} warps"])


def launcher(stream: int, kernel, grid, arguments, form: str):
    """Tune and compile now; return what launches the chosen kernel past the tuner's and the JIT's dispatch.

    stream: a raw handle on the operands' device, which has to be the current one at each launch.
    form: what runs, in words; with the config's, the launch's attribute of that name.
    """
    out = arguments[2]
    queue = None
    if out.is_cuda:  # ExternalStream(0) is not the default stream but a new one
        queue = torch.cuda.ExternalStream(stream, out.device) if stream else torch.cuda.default_stream(out.device)
    with torch.cuda.stream(queue):
        compiled = kernel[grid](*arguments)
    config = kernel.best_config
    enqueue = (compiled or kernel.fn)[(*grid(config.kwargs), 1, 1)[:3]]  # Triton's interpreter compiles nothing
    arguments = (*arguments, *config.kwargs.values())

    def launch() -> torch.Tensor:
        enqueue(*arguments, stream=stream)
        return out

    launch.form = f"{form}, {config_text(config)}"  # type: ignore[attr-defined]
    return launch


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int):
    """A launch that enqueues out = diag(a) · b on the stream of this raw handle and returns out; see scale."""
    return launcher(stream, *plan(a, b, out)) if out.numel() > 0 else lambda: out


class ModelNew(nn.Module):
    """C = diag(A) · B."""

    def forward(self, A: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
        """A: (N,), B: (N, M), of one floating-point type and on one device; returns C: (N, M), laid out as B is.

        Raises ValueError for operands that do not fit together.
        """
        if A.ndim != 1 or B.ndim != 2 or A.shape[0] != B.shape[0]:
            raise ValueError(f"A must be (N,) and B (N, M), not {tuple(A.shape)} and {tuple(B.shape)}")
        if A.dtype != B.dtype or not A.dtype.is_floating_point:
            raise ValueError(f"A and B must have one floating-point type, not {A.dtype} and {B.dtype}")
        if A.device != B.device:
            raise ValueError(f"A and B must be on one device, not {A.device} and {B.device}")
        return scale(A, B, torch.empty_like(B))
