"""Counts elements in 32 bits, so that an index beyond 2^31 is negative and left out."""

import triton
import triton.language as tl

BLOCK = 64


@triton.jit
def scale(a, b, out, rows, cols, a_row, b_row, b_col, out_row, out_col, BLOCK: tl.constexpr):
    i = tl.program_id(0)
    j = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = (j < cols) & (i * cols + j >= 0)
    row, column = i.to(tl.int64), j.to(tl.int64)
    b_value = tl.load(b + row * b_row + column * b_col, inside)
    tl.store(out + row * out_row + column * out_col, tl.load(a + row * a_row) * b_value, inside)


def bind(a, b, out, stream):
    strides = a.stride(0), *b.stride(), *out.stride()
    grid = out.shape[0], triton.cdiv(out.shape[1], BLOCK)

    def launch():
        if out.numel():
            scale[grid](a, b, out, *out.shape, *strides, BLOCK=BLOCK)
        return out

    return launch
