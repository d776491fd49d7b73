"""Runs numba_cuda's kernels under Numba's simulator: python -m backends.tests.numba_simulator, NUMBA_ENABLE_CUDASIM=1.

A process of its own, since Numba decides at import between simulator and compiler. The simulator runs the kernels' own
Python; only the intrinsics, which are LLVM and PTX, get stand-ins here. Pointers are arrays that begin at the
operand's first element.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numba import config, cuda
from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray

from backends import numba_cuda
from backends._walk import Walk, walk
from backends.tests import matrix

SHAPES = ((1, 1), (1, 40), (33, 1), (3, 7), (4, 24), (5, 19))
THREADS = 16  # of a block; each is a thread of the operating system here
HELD_AS = {"float32": np.float32, "float64": np.float64, "float16": np.uint16, "bfloat16": np.uint16}


def load_vector(words: np.ndarray, pointer: np.ndarray, index: int) -> None:
    assert (pointer.ctypes.data + index * pointer.itemsize) % 16 == 0
    words[:] = pointer[index : index + 16 // pointer.itemsize].view(words.dtype)


def store_vector(words: np.ndarray, pointer: np.ndarray, index: int) -> None:
    assert (pointer.ctypes.data + index * pointer.itemsize) % 16 == 0
    pointer[index : index + 16 // pointer.itemsize] = words.view(pointer.dtype)


def multiplied(n: int, divisor: int, magic: int, bits: int) -> int:
    return ((int(n) * magic >> 32) + int(n)) >> bits


def place(words: np.ndarray, k: int, element: Any) -> None:
    words.view(element.dtype)[k] = element


def product_of_pairs(dtype: torch.dtype) -> Any:
    def product(x: Any, y: Any) -> Any:
        x, y = (torch.tensor([int(pair)], dtype=torch.int64).to(torch.uint32).view(dtype) for pair in (x, y))
        return (x.double() * y.double()).to(dtype).view(torch.uint32).numpy()[0]

    return product


def pointer_to(view: torch.Tensor, storage: torch.Tensor, dtype: str) -> FakeCUDAArray:
    """The storage from the view's first element on, as the kernel holds its elements; where it lies, not a copy."""
    bits = storage.view(matrix.BITS[storage.element_size()]).numpy()
    return FakeCUDAArray(bits[view.storage_offset() :].view(HELD_AS[dtype]))


def launch(case: matrix.Operands, walked: Walk, dtype: str) -> None:
    """As numba_cuda.bind does, in smaller blocks."""
    kernel, _ = numba_cuda.kernel_of(walked.template, dtype)
    views = (case.a, case.b, case.out)
    pointers = [pointer_to(view, storage, dtype) for view, storage in zip(views, case.storages, strict=True)]
    cuda.jit(kernel)[-(-walked.threads // THREADS), THREADS](*pointers, *walked.arguments)


def main() -> None:
    assert config.ENABLE_CUDASIM
    warnings.simplefilter("ignore", RuntimeWarning)  # NumPy's, of overflow and NaN
    numba_cuda.load_vector, numba_cuda.place, numba_cuda.multiplied = load_vector, place, multiplied
    numba_cuda.store_vector = numba_cuda.store_vector_to_leave_first = store_vector
    for dtype in ("float16", "bfloat16"):
        product = product_of_pairs(matrix.DTYPES[dtype])
        numba_cuda.ARITHMETIC[dtype] = replace(numba_cuda.ARITHMETIC[dtype], product=product)
    templates = set()
    for dtype in matrix.DTYPES:
        for layout in matrix.LAYOUTS:
            for shape in SHAPES:
                case = matrix.operands(shape, dtype, layout)
                walked = walk(case.a, case.b, case.out)
                templates.add(walked.template)
                launch(case, walked, dtype)
                assert case.differences() == 0, (dtype, layout, shape, walked.form)
    assert len(templates) == 8
    print("all products are right")


if __name__ == "__main__":
    main()
