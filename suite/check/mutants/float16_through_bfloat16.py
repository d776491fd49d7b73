"""Multiplies float16 in bfloat16."""

import torch


def bind(a, b, out, stream):
    narrow = torch.bfloat16 if b.dtype == torch.float16 else b.dtype

    def launch():
        out.copy_(a.to(narrow)[:, None] * b.to(narrow))
        return out

    return launch
