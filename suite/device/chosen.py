"""Which device is measured: the current CUDA GPU, or the CPU where there is no GPU or the CPU is asked for."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Literal

import torch

from backends import CannotDo
from suite.text import one_line

VISIBLE = "CUDA_VISIBLE_DEVICES"
NONE_OF_THEM = ("", "-1", "none", "void", "nodevfiles")
"""Values of VISIBLE by which the CPU is asked for: CUDA's own, the container toolkit's and Slurm's."""

CONTROL_FILE = Path("/dev/nvidiactl")
"""Where it is, the driver is loaded and this process is meant to see GPUs."""


class UnusableGpu(CannotDo):
    """A GPU is here that torch cannot use; the message says which, why, and what to do."""


def kind() -> Literal["cuda", "cpu"]:
    """The kind of the device. Raises UnusableGpu where a GPU is here that torch cannot use, unless VISIBLE hides it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of what is said here in one line
        if torch.cuda.is_available():
            return "cuda"
    visible = os.environ.get(VISIBLE)
    if visible is not None and visible.strip().lower() in NONE_OF_THEM:
        return "cpu"
    seen = _seen()
    if not seen:
        return "cpu"
    chosen = f" with {VISIBLE}={visible}" if visible else ""
    raise UnusableGpu(
        f"{seen} is here, but torch {torch.__version__}{_built_for()} cannot use it{chosen}: {_why_not()}; "
        f"see to that, or measure the CPU by {VISIBLE}=-1"
    )


def _built_for() -> str:
    return f", built for CUDA {torch.version.cuda}," if torch.version.cuda else ", built without CUDA,"


def _why_not() -> str:
    """torch's own reason."""
    try:
        torch.cuda.init()
    except Exception as error:  # a RuntimeError or an AssertionError, by what is amiss
        return one_line(str(error)).removesuffix(".")
    return "it names no reason"


def _seen() -> str:
    """The GPUs that NVML sees, and their driver; empty where there is none. It does not heed CUDA_VISIBLE_DEVICES."""
    try:
        import pynvml
    except ImportError:
        return ""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return f"an NVIDIA GPU, which NVML cannot ask ({error})," if CONTROL_FILE.exists() else ""
    try:
        count = pynvml.nvmlDeviceGetCount()
        names = [_text(pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByIndex(index))) for index in range(count)]
        cuda = pynvml.nvmlSystemGetCudaDriverVersion()
        offers = f"for CUDA {cuda // 1000}.{cuda % 1000 // 10}"
        driver = f"driver {_text(pynvml.nvmlSystemGetDriverVersion())}, {offers}"
    except pynvml.NVMLError as error:
        return f"an NVIDIA GPU, which NVML cannot ask ({error}),"
    finally:
        pynvml.nvmlShutdown()
    return f"{' and '.join(dict.fromkeys(names))} ({driver})" if names else ""


def _text(said: str | bytes) -> str:
    """Older bindings give bytes."""
    return said.decode(errors="replace") if isinstance(said, bytes) else said
