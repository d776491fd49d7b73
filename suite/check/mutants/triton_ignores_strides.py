"""Takes every operand for contiguous."""

import triton
import triton.language as tl

BLOCK = 64


@triton.jit
def scale(a, b, out, rows, cols, a_row, b_row, b_col, out_row, out_col, BLOCK: tl.constexpr):
    i = tl.program_id(0)
    j = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    b_value = tl.load(b + i * cols + j, j < cols)
    tl.store(out + i * cols + j, tl.load(a + i) * b_value, j < cols)


def bind(a, b, out, stream):
    strides = a.stride(0), *b.stride(), *out.stride()
    grid = out.shape[0], triton.cdiv(out.shape[1], BLOCK)

    def launch():
        if out.numel():
            scale[grid](a, b, out, *out.shape, *strides, BLOCK=BLOCK)
        return out

    return launch
