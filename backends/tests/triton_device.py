"""A CUDA device that is not there: Triton compiles for it and gets as far as its launcher's one call into C.

Operands are tensors on the CPU, which torch numbers -1.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

CPU = -1
STREAM = 5


class Device:
    """What was compiled for the device, and what it was asked to launch."""

    def __init__(self) -> None:
        self.launches: list[tuple[Any, ...]] = []
        self.compiled: list[tuple[str, dict[str, Any]]] = []
        self.stream, self.current = STREAM, CPU

    def into_c(self, *given: Any) -> None:
        """Note a launch of some blocks; the order of what is given is that of Triton 3.7, else that of 3.6."""
        arguments = given[-1] if isinstance(given[-1], tuple) else given[13:]
        if given[0]:
            self.launches.append((given[:3], given[3], *arguments))

    def run(self, function: Any) -> Any:
        """What stands in for `function.run`, by which a kernel is compiled and launched."""
        from triton.backends.nvidia.driver import CudaLauncher

        from backends._triton_compile import _specialised

        def run(*arguments: Any, grid: Any, warmup: bool, **options: Any) -> Any:
            meta = {name: value for name, value in options.items() if name.startswith("BLOCK")}
            source = _specialised(function, (*arguments, *meta.values()))
            self.compiled.append((function.__name__, options))
            made = Compiled(source, grid(meta) if callable(grid) else grid)
            made.run = CudaLauncher(source, made.metadata)
            made.run.launch = self.into_c
            made[made.blocks](*arguments, *meta.values())
            return made

        return run


class Compiled:
    """A compiled kernel, in what a launch needs of it."""

    function, packed_metadata = 7, (4, 1, 0)

    def __init__(self, source: Any, blocks: tuple[int, ...]) -> None:
        self.source = source
        self.blocks: Any = (*blocks, 1, 1)[:3]
        names = ("global_scratch_size", "global_scratch_align", "profile_scratch_size", "profile_scratch_align")
        self.metadata = SimpleNamespace(
            **dict.fromkeys(names, 0),
            launch_cooperative_grid=False,
            launch_pdl=False,
            num_ctas=1,
            cluster_dims=(1, 1, 1),
        )
        self.run: Any = None

    def __getitem__(self, grid: tuple[int, int, int]) -> Any:
        def by_grid(*arguments: Any, stream: int = STREAM) -> None:
            addresses = (value.data_ptr() if isinstance(value, torch.Tensor) else value for value in arguments)
            self.run(*grid, stream, self.function, self.packed_metadata, None, None, None, *addresses)

        return by_grid


def install(monkeypatch: pytest.MonkeyPatch, *kernels: Any) -> Device:
    """Let these kernels be compiled for, and launched on, such a device, on which the fewest warps are the fastest."""
    import triton
    from triton.backends.nvidia import driver as nvidia

    device = Device()
    utils = SimpleNamespace(launch=device.into_c)
    active = SimpleNamespace(utils=utils, get_current_stream=lambda index: device.stream)
    monkeypatch.setattr(triton.runtime.driver, "_active", active)
    monkeypatch.setattr(nvidia, "annotate_arguments", lambda signature: "annotations", raising=False)
    monkeypatch.setattr(nvidia, "make_kernel_signature", lambda signature: b"signature", raising=False)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: device.current)
    for kernel in kernels:
        monkeypatch.setattr(kernel.fn, "run", device.run(kernel.fn))
        monkeypatch.setattr(kernel, "_bench", lambda *_, config, **__: config.num_warps)
        monkeypatch.setattr(kernel, "cache", {})
    return device
