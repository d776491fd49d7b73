"""What a Triton backend would launch, compiled for a compute capability that need not be here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from backends import Compiled
from backends._triton_launch import config_text

WARP = 32  # threads
POINTERS = {torch.float32: "*fp32", torch.float16: "*fp16", torch.bfloat16: "*bf16", torch.float64: "*fp64"}


def compile_launch(
    launch_arguments: Callable[..., Any], rows: int, cols: int, dtype: str, capability: tuple[int, int]
) -> Compiled:
    """What a backend with these launch_arguments would launch on contiguous, aligned operands that come from DRAM.

    Which config wins the autotuning only a device can say: this takes the first.
    """
    shapes = ((rows,), (rows, cols), (rows, cols))
    operands = [torch.empty(shape, dtype=getattr(torch, dtype), device="meta") for shape in shapes]
    kernel, grid, arguments, form = launch_arguments(*operands)
    config = kernel.configs[0]
    return compile_kernel(
        kernel.fn,
        (*arguments, *config.kwargs.values()),
        (*grid(config.kwargs), 1, 1)[:3],
        {"num_warps": config.num_warps},
        capability,
        f"{form}, {config_text(config)}, not tuned",
    )


def compile_kernel(
    function: Any,
    arguments: tuple[Any, ...],
    grid: tuple[int, int, int],
    options: dict[str, Any],
    capability: tuple[int, int],
    config: str,
) -> Compiled:
    """One @triton.jit function, for these arguments and Triton's options, num_warps among them."""
    compiled = triton.compile(
        _specialised(function, arguments),
        target=GPUTarget("cuda", 10 * capability[0] + capability[1], WARP),
        options=options,
    )
    return Compiled(
        cubin=compiled.asm["cubin"],
        kernel=compiled.metadata.name,
        grid=grid,
        block=(WARP * options["num_warps"], 1, 1),
        dynamic_shared_bytes=compiled.metadata.shared,
        config=config,
    )


def _specialised(function: Any, arguments: tuple[Any, ...]) -> ASTSource:
    """The source as Triton's JIT compiles it for these arguments: 1 as a constant, multiples of 16 known as such."""
    signature, constants, attributes = {}, {}, {}
    for index, (parameter, value) in enumerate(zip(function.params, arguments, strict=True)):
        if isinstance(value, torch.Tensor):
            kind, multiple_of = POINTERS[value.dtype], value.data_ptr()
        elif parameter.is_constexpr or value == 1:
            kind, constants[(index,)], multiple_of = "constexpr", value, 1
        else:
            kind, multiple_of = "i32" if value < 2**31 else "i64", value
        signature[parameter.name] = kind
        if multiple_of % 16 == 0:
            attributes[(index,)] = [["tt.divisibility", 16]]
    return ASTSource(function, signature, constants, attributes)
