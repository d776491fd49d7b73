"""NVIDIA Warp: tiles in registers, their elements dealt out to the threads one at a time.

Neighbouring threads access neighbouring elements, each in its own width: Warp stores no wider. A is an array of C's
shape with a stride of 0, so one kernel serves rows and columns.
"""

import functools
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import warp as wp

from backends import Compiled, Unsupported, named
from backends._walk import Walk, require_arithmetic, walk, walk_contiguous

if TYPE_CHECKING:
    from backends import Launch

wp.config.log_level = wp.LOG_WARNING  # Warp announces itself, and every module it loads, on stdout
BLOCK = 256  # threads
TILE = 4 * BLOCK  # elements
DTYPES = {"float32": wp.float32, "float16": wp.float16, "bfloat16": wp.bfloat16, "float64": wp.float64}


@dataclass(frozen=True)
class Tiling:
    """C as tiles, over lines that follow its smaller stride; strides are from line to line, and along a line."""

    shape: tuple[int, int]  # of C: lines, and elements of a line
    strides: tuple[tuple[int, int], tuple[int, int], tuple[int, int]]  # of a, b and out, in elements
    tile: tuple[int, int]

    @property
    def grid(self) -> tuple[int, int]:
        """Tiles along each axis."""
        return (-(-self.shape[0] // self.tile[0]), -(-self.shape[1] // self.tile[1]))

    @property
    def form(self) -> str:
        """This tiling in words, for records."""
        order = "row" if self.strides[0][1] == 0 else "column"
        return f"tile {self.tile[0]} × {self.tile[1]}, {BLOCK} threads, by {order}"


def tiling_of(walked: Walk) -> Tiling:
    """The Tiling of these operands."""
    a_strides = (walked.a_stride, 0) if walked.by_row else (0, walked.a_stride)
    width = min(TILE, 1 << (walked.inner - 1).bit_length())
    if walked.outer > 1 and 0 < walked.b_strides[0] < walked.b_strides[1]:  # lines of out cross those of b
        width = min(width, 32)
    return Tiling(
        (walked.outer, walked.inner), (a_strides, walked.b_strides, walked.out_strides), (TILE // width, width)
    )


@functools.cache
def kernel_of(dtype: str, tile: tuple[int, int]) -> Any:
    """The kernel of this tile."""
    number, (height, width) = DTYPES[dtype], tile

    @wp.kernel(module="unique", enable_backward=False)
    def scale(a: wp.array2d(dtype=number), b: wp.array2d(dtype=number), out: wp.array2d(dtype=number)):  # type: ignore[no-untyped-def, valid-type]
        i, j = wp.tid()
        line = i * height
        place = j * width
        factors = wp.tile_load(a, shape=(height, width), offset=(line, place))
        x = wp.tile_load(b, shape=(height, width), offset=(line, place))
        wp.tile_store(out, wp.tile_map(wp.mul, factors, x), offset=(line, place))

    return scale


def command(dtype: str, tiling: Tiling, addresses: list[int], device: str) -> Any:
    """A launch of the kernel on these addresses of a, b and out, which Warp packs once. Raises Unsupported."""
    itemsize = wp.types.type_size_in_bytes(DTYPES[dtype])
    steps = [(lines * itemsize, places * itemsize) for lines, places in tiling.strides]
    if max(max(step) for step in steps) >= 2**31:
        raise Unsupported("Warp's strides are 32-bit counts of bytes, and these operands have larger ones")
    arrays = [
        wp.array(ptr=address, dtype=DTYPES[dtype], shape=tiling.shape, strides=step, device=device)
        for address, step in zip(addresses, steps, strict=True)
    ]
    kernel = kernel_of(dtype, tiling.tile)
    return wp.launch_tiled(kernel, dim=tiling.grid, inputs=arrays, block_dim=BLOCK, device=device, record_cmd=True)


@functools.cache
def stream_of(handle: int, device: str) -> Any:
    """Warp's stream of this handle, of which there must be one only."""
    return wp.Stream(device, cuda_stream=handle)


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> "Launch":
    """Bind the operands as backends.Backend.bind says.

    Unsupported: bfloat16 before compute capability 8.0, strides of 2^31 bytes.
    """
    dtype, device = str(out.dtype).removeprefix("torch."), str(out.device)
    if out.is_cuda:
        require_arithmetic(dtype, torch.cuda.get_device_capability(out.device))
    if out.numel() == 0:
        return named(lambda: out)
    tiling = tiling_of(walk(a, b, out))
    recorded = command(dtype, tiling, [tensor.data_ptr() for tensor in (a, b, out)], device)
    queue = stream_of(stream, device) if out.is_cuda else None

    def launch() -> torch.Tensor:
        recorded.launch(queue)
        return out

    return named(launch, tiling.form, operands=(a, b))


def compile_for(rows: int, cols: int, dtype: str, capability: tuple[int, int]) -> Compiled:
    """What bind would launch on contiguous, aligned operands; no device."""
    require_arithmetic(dtype, capability)
    tiling = tiling_of(walk_contiguous(rows, cols, dtype))
    kernel = kernel_of(dtype, tiling.tile)
    with tempfile.TemporaryDirectory() as folder:
        arch = 10 * capability[0] + capability[1]
        (path,) = wp.compile_aot_module(kernel.module, arch=arch, module_dir=folder, use_ptx=False)
        cubin = path.read_bytes()
    name = f"{kernel.get_mangled_name()}_cuda_kernel_forward"
    return Compiled(cubin, name, (tiling.grid[0] * tiling.grid[1], 1, 1), (BLOCK, 1, 1), config=tiling.form)
