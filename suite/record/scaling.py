"""What the row-sharded product gave on several devices of one kind: a document of its own beside the runs."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from suite.cases import parse
from suite.record.document import Document
from suite.record.measurement import Method, Outcome
from suite.record.typed import Typed

Way = Literal["weak", "strong"]


class Scaled(Typed):
    """One contender on shards of one case. Seconds are per launch; each rank checked its own shard first."""

    contender: str
    way: Way  # weak: every rank has what one alone has; strong: all ranks share what one alone has
    in_place: bool = False  # C takes B's place, so that B may fill most of a device's memory
    case: str  # of one rank's shard
    whole: str  # of the whole B and C, over all ranks
    together_s: float = Field(gt=0)  # the slowest rank's time of each round, median over the rounds
    fastest_together_s: float = Field(gt=0)  # the same of the fastest rank
    alone_s: float | None = Field(default=None, gt=0)  # one rank while the others wait, the slowest of them in turn
    efficiency: float | None = Field(default=None, gt=0)  # alone / (together, times the ranks where strong), per round
    efficiency_ci99: tuple[float, float] | None = None  # within this run
    rounds: int
    launches_per_sample: int
    buffer_sets: int
    buffer_sets_needed: int

    @model_validator(mode="after")
    def _of_cases_that_exist(self) -> Scaled:
        parse(self.case)
        parse(self.whole)
        return self


class Dispatch(Typed):
    """Host time to enqueue one product with a fresh C: through DTensor, and by the same torch operator on the shard."""

    case: str
    dtensor_s: float = Field(gt=0)
    local_s: float = Field(gt=0)


class Broadcast(Typed):
    """What it costs first where A lives on one rank: A's broadcast to all, the slowest rank, per broadcast."""

    whole: str
    bytes: int
    method: Method  # cuda_events: the device's time alone, the host having enqueued ahead; host_clock: on the CPU
    seconds: float = Field(gt=0)
    product_s: float | None = Field(default=None, gt=0)  # the product's on the shards, the fastest contender's


class Scaling(Document):
    """One measurement on a mesh of ranks."""

    suffix: ClassVar[str] = ".scaling.json"
    command_that_writes: ClassVar[str] = "tox -e scaling"

    ranks: int = Field(ge=1)
    hosts: int = Field(ge=1)
    collectives: str  # the library that carries A between ranks: nccl or gloo
    rows: tuple[Scaled, ...] = ()
    dispatches: tuple[Dispatch, ...] = ()
    broadcasts: tuple[Broadcast, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    seconds: float = 0.0  # it took, compilation included
