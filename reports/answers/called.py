"""How a kernel is called decides what its time includes; each way has its name, its words and its sum."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from suite.cases import Case

Called = Literal["graph-cold", "graph-hot", "launched", "once", "first-use"]

Series = Literal["cold", "hot"]

WAYS: tuple[Called, ...] = get_args(Called)

DEFAULT: Called = "launched"

WORDS: dict[Called, str] = {
    "graph-cold": "replayed in a CUDA graph, operands in DRAM",
    "graph-hot": "replayed in a CUDA graph, operands reused",
    "launched": "launched from Python in a stream of launches, operands in DRAM",
    "once": "called once from tensors, operands in DRAM",
    "first-use": "first use included, operands in DRAM",
}
"""Each way, as an answer names it."""

CALLS = 1000
"""How many calls share a first use, unless another number is asked for."""

MOST_CALLS = 10**12
"""A month of the shortest."""

IN_SHORT: dict[Called, str] = {
    "graph-cold": "replayed in a graph, operands in DRAM",
    "graph-hot": "replayed in a graph, operands reused",
    "launched": "launched from Python, one after another",
    "once": "called once on tensors",
    "first-use": f"first use included, {CALLS} calls",
}
"""Each way, as wide as a phone: in the form and in tables."""


@dataclass(frozen=True)
class Question:
    """What is asked: a case, how the product is called, and for a first use among how many calls."""

    case: Case
    called: Called = DEFAULT
    calls: int = CALLS


BOTH: dict[Called, Callable[[float, float], float]] = {"launched": max, "once": operator.add, "first-use": max}
"""The host's and the device's seconds -> those per call, for the ways of calling that have a part of the host's.

In a stream of launches both work at the same time, so the slower counts. Called once, the device begins when the host
has done its part, so both count.
"""


def with_first(first: float, others: float, calls: int) -> float:
    """Seconds per call, if the first one takes `first` and each of the others so many."""
    return (first + (calls - 1) * others) / calls


@dataclass(frozen=True)
class Cost:
    """The seconds that one backend takes, by their cause."""

    device: float
    host: float = 0.0  # to enqueue a bound launch, or from tensors to C, by the way it is called
    first: float = 0.0  # import, compile, tune and launch, once

    def total(self, called: Called, calls: int = CALLS) -> float:
        """Seconds per call."""
        both = BOTH.get(called, max)(self.host, self.device)
        return with_first(self.first, both, calls) if called == "first-use" else both


def device_series(called: Called) -> Series:
    """The series that holds the device's time."""
    return "hot" if called == "graph-hot" else "cold"


def host_series(called: Called) -> Literal["launch", "call"] | None:
    """The series that holds the host's time; None where a graph is replayed, which costs the host nothing."""
    if called.startswith("graph"):
        return None
    return "call" if called == "once" else "launch"
