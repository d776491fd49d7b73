"""A launch by the CUDA driver's own call, which finds its arguments in memory: they are packed once."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

Shape = tuple[int, int, int]


class Packed:
    """64-bit arguments of a kernel, packed as cuLaunchKernel wants them for as long as this lives."""

    def __init__(self, arguments: tuple[int, ...]) -> None:
        self._values = (ctypes.c_int64 * len(arguments))(*arguments)
        first = ctypes.addressof(self._values)
        self.places = (ctypes.c_void_p * len(arguments))(*(first + 8 * i for i in range(len(arguments))))

    @property
    def address(self) -> int:
        """Where the array of addresses lies."""
        return ctypes.addressof(self.places)


@functools.cache
def library() -> Any:
    """The driver, by its C interface. Raises OSError where there is none."""
    return ctypes.CDLL("libcuda.so.1")


def enqueuer(kernel: int, grid: Shape, block: Shape, stream: int, arguments: tuple[int, ...]) -> Callable[[], None]:
    """The function that launches a CUfunction or CUkernel of 64-bit arguments. Raises OSError where there is no driver.

    ctypes converts nothing at a launch, as all that it passes is C's already.
    """
    packed, launch_kernel = Packed(arguments), library().cuLaunchKernel
    sizes = (ctypes.c_uint(size) for size in (*grid, *block, 0))
    given = (ctypes.c_void_p(kernel), *sizes, ctypes.c_void_p(stream), packed.places, None)

    def enqueue(_kept: Packed = packed) -> None:
        status = launch_kernel(*given)
        if status:
            raise RuntimeError(f"the driver refused a launch: CUDA error {status}")

    return enqueue
