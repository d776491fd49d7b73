"""Lines that kernels asked L2 to keep, by evict_last or an access window: they outlive whoever asked."""

from __future__ import annotations

import ctypes
from contextlib import suppress


def forget_kept() -> None:
    """Let L2 treat the lines that it was asked to keep as any other, on the current CUDA device, which must be idle.

    Else they would serve whoever is timed next, and take from its share of L2. Nothing happens without a driver, and on
    devices that keep none (before compute capability 8.0), where the driver refuses.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libcuda.so.1").cuCtxResetPersistingL2Cache()
