"""Is right and leaves the largest share of the L2 set aside for what it calls persisting."""

import ctypes

import torch

PERSISTING_L2_BYTES = 6  # cudaLimitPersistingL2CacheSize
MOST_PERSISTING_BYTES = 108  # cudaDevAttrMaxPersistingL2CacheSize


def bind(a, b, out, stream):
    with torch.cuda.device(b.device):
        runtime = ctypes.CDLL("libcudart.so." + torch.version.cuda.split(".")[0])
        most = ctypes.c_int()
        runtime.cudaDeviceGetAttribute(ctypes.byref(most), MOST_PERSISTING_BYTES, b.device.index or 0)
        runtime.cudaDeviceSetLimit(PERSISTING_L2_BYTES, ctypes.c_size_t(most.value))
    return lambda: torch.mul(a[:, None], b, out=out)
