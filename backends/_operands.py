"""Whether a, b and out are operands at all; what one backend alone cannot take is for that backend to say.

Set-up only: no launch passes here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch.autograd import forward_ad

from backends import CATALOGUE, BadOperands

DTYPES = tuple(dict.fromkeys(dtype for entry in CATALOGUE for dtype in entry.dtypes))

MOST_WORK = 100_000
"""Steps of numpy's search for an element that two tensors share. What it has not settled by then counts as shared."""


def require(**operands: torch.Tensor) -> None:
    """Refuse what no backend could take, or would compute something else with: a, b and, if given, out.

    Raises BadOperands.
    """
    _require_tensors(operands)
    _require_shapes(operands)
    _require_alike(operands)
    for name, operand in operands.items():
        _require_memory(name, operand)
    if "out" in operands:
        _require_own_memory(operands.pop("out"), operands)


def _require_tensors(operands: Mapping[str, torch.Tensor]) -> None:
    """Plain strided tensors that hold their values as they are, and that nobody differentiates."""
    for name, operand in operands.items():
        if type(operand) is not torch.Tensor:
            made = f"{type(operand).__module__}.{type(operand).__qualname__}"
            raise BadOperands(f"{name} must be a plain torch.Tensor, not {made}")
        if torch._C._functorch.is_functorch_wrapped_tensor(operand):
            raise BadOperands(f"{name} stands for others inside torch.func's vmap, grad or functionalize; bind outside")
        if operand.layout != torch.strided or operand.is_nested:
            kind = "nested" if operand.is_nested else str(operand.layout).removeprefix("torch.")
            raise BadOperands(f"{name} must be a strided tensor, not a {kind} one")
        if operand.requires_grad:
            raise BadOperands(f"{name} requires gradients, which no launch computes; use {name}.detach()")
        if operand.is_neg() or operand.is_conj():
            raise BadOperands(f"{name} is a view with a negation still to be done; use {name}.resolve_neg()")
        if forward_ad.unpack_dual(operand).tangent is not None:
            raise BadOperands(f"{name} carries a tangent, which no launch computes; use unpack_dual({name}).primal")
        if name == "out" and operand.is_inference() and not torch.is_inference_mode_enabled():
            raise BadOperands("out was made under torch.inference_mode(), outside of which nobody may write to it")


def _require_shapes(operands: Mapping[str, torch.Tensor]) -> None:
    a, b = operands["a"], operands["b"]
    if a.ndim != 1 or b.ndim != 2 or a.shape[0] != b.shape[0] or operands.get("out", b).shape != b.shape:
        shapes = _and(str(tuple(operand.shape)) for operand in operands.values())
        wanted = _and(["(N,)", "(N, M)", "(N, M)"][: len(operands)])
        raise BadOperands(f"{_and(operands)} must have the shapes {wanted}, not {shapes}")


def _require_alike(operands: Mapping[str, torch.Tensor]) -> None:
    """One dtype that a backend could take, on one device where one could run."""
    dtypes = [str(operand.dtype).removeprefix("torch.") for operand in operands.values()]
    if len({*dtypes}) > 1:
        raise BadOperands(f"{_and(operands)} must have one dtype, not {_and(dtypes)}")
    if dtypes[0] not in DTYPES:
        raise BadOperands(f"{_and(operands)} must be of dtype {', '.join(DTYPES)}, not {dtypes[0]}")
    devices = [operand.device for operand in operands.values()]
    if len({*devices}) > 1:
        raise BadOperands(f"{_and(operands)} must be on one device, not on {_and(map(str, devices))}")
    if devices[0].type not in ("cuda", "cpu"):
        raise BadOperands(f"{_and(operands)} must be on a CUDA device or the CPU, not on {devices[0]}")
    if devices[0].type == "cuda" and devices[0].index != torch.cuda.current_device():
        current = f"the current one is cuda:{torch.cuda.current_device()}"
        raise BadOperands(f"{_and(operands)} are on {devices[0]}, but {current}; enter torch.cuda.device({devices[0]})")


def _require_memory(name: str, operand: torch.Tensor) -> None:
    """What a view reaches lies within its memory, which may have been given back."""
    if operand.numel() and operand.storage_offset() + _span(operand) > _held(operand):
        raise BadOperands(f"{name} reaches past the {_held(operand)} elements that its memory holds")
    if operand.numel() and operand.data_ptr() == 0:  # as of torch's zeros that nobody has written yet
        raise BadOperands(f"{name} has no memory; use {name}.clone()")


def _held(operand: torch.Tensor) -> int:
    return operand.untyped_storage().nbytes() // operand.itemsize


def _span(operand: torch.Tensor) -> int:
    """Elements from the first one to the last one of a tensor that is not empty."""
    return 1 + sum((side - 1) * stride for side, stride in zip(operand.shape, operand.stride(), strict=True))


def _require_own_memory(out: torch.Tensor, inputs: Mapping[str, torch.Tensor]) -> None:
    if out.numel() and _overlaps_itself(out):
        raise BadOperands(f"elements of out share memory: its strides are {out.stride()}, its shape {tuple(out.shape)}")
    for name, operand in inputs.items():
        if out.numel() and _share(out, operand):
            raise BadOperands(f"out shares memory with {name}, which every launch reads anew; give it other memory")


def _overlaps_itself(matrix: torch.Tensor) -> bool:
    """Whether two of its elements have one place: i · s = j · S for some steps i, j within the sides, not both 0."""
    (small, short), (large, long) = sorted(zip(matrix.stride(), matrix.shape, strict=True))
    if large == 0:
        return matrix.numel() > 1
    common = math.gcd(small, large)
    return large // common < short and small // common < long


def _share(out: torch.Tensor, operand: torch.Tensor) -> bool:
    """Whether the two have an element in common, in whole or in part; no memory is looked at."""
    start, other = out.data_ptr(), operand.data_ptr()
    apart = start + _span(out) * out.itemsize <= other or other + _span(operand) * operand.itemsize <= start
    if apart or not operand.numel():
        return False
    import numpy

    shares_memory: Any = numpy.shares_memory
    try:
        return bool(shares_memory(numpy.asarray(_Placed(out)), numpy.asarray(_Placed(operand)), max_work=MOST_WORK))
    except numpy.exceptions.TooHardError:
        return True


class _Placed:
    """Where a tensor lies, in the words of numpy, which is told no value."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.__array_interface__ = {
            "version": 3,
            "data": (tensor.data_ptr(), True),
            "shape": tuple(tensor.shape),
            "strides": tuple(stride * tensor.itemsize for stride in tensor.stride()),
            "typestr": f"<u{tensor.itemsize}",
        }


def _and(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}"
