"""Is right and leaves variables that hide the devices and change the search path."""

import os

import torch

os.environ.update(CUDA_VISIBLE_DEVICES="", OMP_NUM_THREADS="1", PYTHONPATH="/nowhere", TRITON_INTERPRET="1")


def bind(a, b, out, stream):
    return lambda: torch.mul(a[:, None], b, out=out)
