"""What a candidate is bound to: sets of operands, and the stream that its launches are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch

from backends import Enqueue, Entry, Launch
from suite.check.operands import Operands
from suite.measure import timing


class LegacyStream(timing.Device):
    """The device with the legacy default stream as its own: what CUDA code launches on that names no stream."""

    def __init__(self) -> None:
        super().__init__()
        self._stream = torch.cuda.default_stream()


@dataclass
class Bound:
    """One set of operands with the launch that is bound to it, and what the launch returned last."""

    on: Operands
    launch: Launch | None = None
    result: Any = None

    def __call__(self) -> Any:
        """Launch once; the fresh C of the launch before is given back only then."""
        assert self.launch is not None
        return self.keep(self.launch)

    def keep(self, launch: Enqueue) -> Any:
        """Launch this, and hold what it returned."""
        self.result = launch()
        return self.result


class Attached(Protocol):
    """A candidate's process, as far as timing needs it."""

    device: timing.Device
    entry: Entry | None
    sets: dict[int, Bound]
