"""What the backends' tests share: the drop-in file, and a stream of their own on a GPU."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch


@pytest.fixture
def tuned() -> Any:
    """The drop-in file; the test is skipped where there is no Triton."""
    return pytest.importorskip("backends.triton_tuned")


@pytest.fixture
def stream() -> Iterator[torch.cuda.Stream]:
    """A stream that is not the default one; the test is skipped where there is no GPU."""
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    with torch.cuda.stream(torch.cuda.Stream()):
        yield torch.cuda.current_stream()
