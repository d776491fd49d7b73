"""Sets Triton's num_stages and num_warps by hand."""

import triton
import triton.language as tl

BLOCK = 64


@triton.jit
def scale(a, b, out, rows, cols, a_row, b_row, b_col, out_row, out_col, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    for start in tl.range(0, cols, BLOCK):
        j = (start + tl.arange(0, BLOCK)).to(tl.int64)
        b_value = tl.load(b + row * b_row + j * b_col, j < cols)
        tl.store(out + row * out_row + j * out_col, tl.load(a + row * a_row) * b_value, j < cols)


def bind(a, b, out, stream):
    strides = a.stride(0), *b.stride(), *out.stride()
    grid = (out.shape[0],)

    def launch():
        if out.numel():
            scale[grid](a, b, out, *out.shape, *strides, BLOCK=BLOCK, num_stages=4, num_warps=2)
        return out

    return launch
