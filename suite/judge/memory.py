"""Operands that the judge owns: shared memory on the CPU, CUDA IPC on a GPU, seen as tensors from both processes.

A set of operands lies in one arena. The judge makes it and gives it away as a file descriptor or as an IPC handle; the
candidate attaches. Both derive the same views from the same Probe, so that no address crosses the channel.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import torch

from suite.cases import Case
from suite.check.operands import GUARD, Guarded, Operands
from suite.check.probes import STRIDE, Column, Probe
from suite.device import memory

ALIGNMENT = 256
"""Bytes; what every allocator of a GPU keeps to."""

INTEGERS = {2: torch.int16, 4: torch.int32, 8: torch.int64}


class IpcFailed(Exception):
    """The driver would not share memory; the message is its function and its error number."""


@dataclass(frozen=True)
class Slot:
    """Where one operand lies in its arena: in elements of its dtype from the arena's start."""

    start: int
    elements: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int  # of the view within the slot

    @property
    def end(self) -> int:
        """The first element after it."""
        return self.start + self.elements


def slots(probe: Probe) -> tuple[Slot, Slot, Slot]:
    """The places of a, b and out in an arena, each inside its guard bands."""
    case = probe.case
    shapes = ((case.rows,), (case.rows, case.cols), (case.rows, case.cols))
    strides = (_a_strides(probe.column), _strides(case), _strides(case))
    found: list[Slot] = []
    start = 0
    for shape, stride in zip(shapes, strides, strict=True):
        span = 1 + sum((side - 1) * step for side, step in zip(shape, stride, strict=True))
        # Half of A's length on top: room for a ceiling's copy, which moves B, C and A's bytes as one flat block.
        elements = 2 * GUARD + _up(max(0, span) + 8 + case.rows // 2, 8)
        found.append(Slot(start, elements, shape, stride, GUARD + (case.layout == "offset_by_one")))
        start = _up(start + elements, ALIGNMENT)
    return found[0], found[1], found[2]


def bytes_of(probe: Probe) -> int:
    """The size of the arena that holds the probe's operands."""
    return slots(probe)[-1].end * probe.case.itemsize


def operands_in(arena: torch.Tensor, probe: Probe) -> Operands:
    """The operands in an arena of bytes, as either process sees them."""
    a, b, out = (_guarded(arena, probe.case, slot) for slot in slots(probe))
    return Operands(probe.case, (a, b, out))


def _guarded(arena: torch.Tensor, case: Case, slot: Slot) -> Guarded:
    """One operand, with a storage of its own, so that offsets count from its first guard band."""
    storage = arena.untyped_storage()[slot.start * case.itemsize : slot.end * case.itemsize]
    integers = torch.empty(0, dtype=INTEGERS[case.itemsize], device=arena.device).set_(storage)
    typed = integers.view(getattr(torch, case.dtype))
    return Guarded(integers, typed.as_strided(slot.shape, slot.strides, slot.offset))


def _strides(case: Case) -> tuple[int, int]:
    if case.layout == "column_major":
        return (1, max(1, case.rows))
    return (max(1, case.cols) + (8 if case.layout == "row_padded" else 0), 1)


def _a_strides(column: Column) -> tuple[int]:
    return ({"contiguous": 1, "strided": STRIDE, "broadcast": 0}[column],)


def _up(value: int, unit: int) -> int:
    return -(-value // unit) * unit


class Owned:
    """An arena of the judge's. `descriptor` or `handle` is what a candidate attaches by."""

    def __init__(self, size: int, kind: str) -> None:
        """kind: cuda or cpu. Raises torch.OutOfMemoryError or OSError where so many bytes are not to be had."""
        self.size, self.descriptor, self.handle = size, -1, ""
        if kind == "cuda":
            self._pointer, self.handle = _cuda_allocate(size)
            self.bytes = _cuda_tensor(self._pointer, size)
        else:
            if size > free_bytes(kind):  # a page that is not to be had ends the process that touches it
                raise torch.OutOfMemoryError(f"{size} bytes are not free")
            self.descriptor = os.memfd_create("diagbench-operands")
            os.ftruncate(self.descriptor, size)
            self.bytes = _mapped(self.descriptor, size)

    def close(self) -> None:
        """Give the memory back; its tensors must not be used any more."""
        self.bytes = torch.empty(0, dtype=torch.uint8)
        if self.descriptor >= 0:
            os.close(self.descriptor)
        elif self.handle:
            torch.cuda.synchronize()
            _driver("cuMemFree_v2", ctypes.c_uint64(self._pointer))
        self.descriptor, self.handle = -1, ""


def free_bytes(kind: str) -> int:
    """Memory of the device that can be taken now."""
    if kind == "cuda":
        return torch.cuda.mem_get_info()[0]
    return memory.free_bytes()


def attach(size: int, descriptor: int, handle: str) -> torch.Tensor:
    """The bytes of an arena of another process, given by a descriptor (which is closed here) or an IPC handle."""
    if handle:
        return torch.as_tensor(_Opened(_cuda_open(handle), size), device="cuda")
    try:
        return _mapped(descriptor, size)
    finally:
        os.close(descriptor)


def _mapped(descriptor: int, size: int) -> torch.Tensor:
    return torch.frombuffer(mmap.mmap(descriptor, size), dtype=torch.uint8)  # the tensor keeps the mapping


class _Handle(ctypes.Structure):
    _fields_ = (("reserved", ctypes.c_char * 64),)


def _driver(name: str, *arguments: object) -> None:
    """Call the CUDA driver, whose context torch has made current. Raises IpcFailed."""
    function: Callable[..., int] = getattr(ctypes.CDLL("libcuda.so.1"), name)
    error = function(*arguments)
    if error:
        raise IpcFailed(f"{name} gave error {error}")


def _cuda_allocate(size: int) -> tuple[int, str]:
    """Memory of its own, not a piece of torch's pool: a handle opens the whole allocation that an address lies in."""
    torch.zeros(1, device="cuda")  # makes torch's context current
    pointer, handle = ctypes.c_uint64(), _Handle()
    torch.cuda.empty_cache()
    if free_bytes("cuda") < size:
        raise torch.OutOfMemoryError(f"{size} bytes are not free")
    _driver("cuMemAlloc_v2", ctypes.byref(pointer), ctypes.c_size_t(size))
    _driver("cuIpcGetMemHandle", ctypes.byref(handle), pointer)
    return int(pointer.value or 0), bytes(handle).hex()


def _cuda_open(handle: str) -> int:
    torch.zeros(1, device="cuda")
    pointer = ctypes.c_uint64()
    given = _Handle.from_buffer_copy(bytes.fromhex(handle))
    _driver("cuIpcOpenMemHandle_v2", ctypes.byref(pointer), given, ctypes.c_uint(1))  # 1: LAZY_ENABLE_PEER_ACCESS
    return int(pointer.value or 0)


class _Memory:
    """What torch.as_tensor takes for memory on a GPU."""

    def __init__(self, pointer: int, size: int) -> None:
        self.__cuda_array_interface__ = {
            "shape": (size,),
            "typestr": "|u1",
            "data": (pointer, False),
            "version": 3,
            "strides": None,
        }


class _Opened(_Memory):
    """Memory of another process; closed with the last tensor of it, or its handle could not be opened again."""

    def __init__(self, pointer: int, size: int) -> None:
        super().__init__(pointer, size)
        self._pointer = pointer

    def __del__(self) -> None:
        with suppress(Exception):  # the interpreter may be at its end
            torch.cuda.synchronize()
            _driver("cuIpcCloseMemHandle", ctypes.c_uint64(self._pointer))


def _cuda_tensor(pointer: int, size: int) -> torch.Tensor:
    return torch.as_tensor(_Memory(pointer, size), device="cuda")
