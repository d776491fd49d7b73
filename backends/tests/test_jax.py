"""jax_jit on the CPU, where JAX is installed: torch's memory without a copy, or a reason."""

from __future__ import annotations

import os

import pytest
import torch

from backends import Unsupported
from backends.tests import matrix

jax = pytest.importorskip("jax")
jax_jit = pytest.importorskip("backends.jax_jit")

SHAPES = ((1, 1), (16, 64), (5, 37), (70, 65), (0, 5), (5, 0))


def ordinary(shape: tuple[int, int], dtype: str) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Values whose products are no subnormals, which XLA flushes on the CPU."""
    a, b = torch.rand(shape[0]) + 0.5, torch.rand(shape) + 0.5
    kind = matrix.DTYPES[dtype]
    return a.to(kind), b.to(kind), torch.full(shape, matrix.POISON, dtype=kind)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_products_are_rounded_once_and_fresh(dtype: str) -> None:
    for shape in SHAPES:
        a, b, out = ordinary(shape, dtype)
        c = jax_jit.bind(a, b, out, 0)()
        assert (c.shape, c.dtype) == (b.shape, b.dtype)
        assert matrix.mismatches(c, matrix.oracle(a, b)) == 0, shape
        assert bool((out == matrix.POISON).all())


def test_each_launch_reads_torch_s_memory_anew() -> None:
    a, b, out = ordinary((16, 64), "float32")
    launch = jax_jit.bind(a, b, out, 0)
    before = launch()
    b.mul_(2)
    a.add_(1)
    assert matrix.mismatches(launch(), matrix.oracle(a, b)) == 0
    assert not torch.equal(before, launch())


def test_the_memory_is_shared() -> None:
    _, b, _ = ordinary((16, 64), "float32")
    assert jax_jit.shared(b).unsafe_buffer_pointer() == b.data_ptr()


def test_what_would_be_copied_at_every_launch_is_refused() -> None:
    a, b, out = ordinary((16, 64), "float32")
    spaced = torch.rand(48)[::3]
    for refused in ((a, b.T.contiguous().T, out), (a, torch.rand(16, 80)[:, :64], out), (spaced, b, out)):
        with pytest.raises(Unsupported, match="JAX"):
            jax_jit.bind(*refused, 0)


def test_memory_that_jax_cannot_share_is_refused_in_one_line() -> None:
    b = torch.rand(16 * 64 + 1)[1:].view(16, 64)
    with pytest.raises(Unsupported, match="boundaries") as caught:
        jax_jit.bind(torch.rand(16), b, torch.empty(16, 64), 0)
    assert "\n" not in str(caught.value)


def test_jax_leaves_the_device_s_memory_to_others() -> None:
    assert os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"
