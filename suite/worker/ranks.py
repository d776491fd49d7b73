"""One process per GPU, started and watched by torch.distributed's elastic launcher; what they do is not known here.

torchrun sets the same variables, so a module that can be launched here can be launched on many hosts by it.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import re
import signal
import sys
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from backends import CannotDo, DiagbenchError
from suite.worker.process import epitaph

KEPT = "what was measured is kept, and the same command goes on from there"
CPU = "cpu"


class NoSuchGPU(DiagbenchError, ValueError):
    """What was asked for is no list of GPUs of this host; the message says what is."""


class RankFailed(CannotDo):
    """A rank ended before its time; the message says which, and how."""


def places(asked: str) -> tuple[str, ...]:
    """Where each rank of this host is to run: indices of GPUs, or "cpu". asked: all, 0,1 or, to try it, cpu,cpu.

    Raises NoSuchGPU.
    """
    named = tuple(word.strip() for word in asked.split(","))
    if set(named) == {CPU}:
        return named
    present = tuple(map(str, range(_gpus())))
    if asked == "all" and present:
        return present
    if set(named) <= set(present) and len(set(named)) == len(named):
        return named
    here = f"this host has {', '.join(present)}" if present else "this host has none; cpu,cpu tries it on the CPU"
    raise NoSuchGPU(f"--gpus takes all, or GPUs of this host without repetition, not {asked}: {here}")


def _gpus() -> int:
    import torch  # takes seconds, and only this command needs it in this process

    return torch.cuda.device_count()  # by NVML: no context is made


def launch(module: str, arguments: Sequence[str], count: int) -> int:
    """Run `python -m module arguments` in so many ranks of this host, to their end; returns the exit code.

    Where one rank ends badly the others are stopped. Raises RankFailed where a signal ended it, or this process.
    """
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    logging.getLogger("torch.distributed").setLevel(logging.CRITICAL)  # what it logs is said here in one line
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        run_id=uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        local_addr="localhost",
        max_restarts=0,  # a rank that failed would fail again; the same command is the restart
        logs_specs=DefaultLogsSpecs(),
    )
    try:
        elastic_launch(config, sys.executable)("-m", module, *arguments)
        return 0
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        if failure.exitcode < 0:
            raise RankFailed(f"rank {rank}: {epitaph(failure.exitcode)}; the others were stopped; {KEPT}") from None
        return int(failure.exitcode)
    except SignalException as error:
        raise RankFailed(f"stopped by {signal.Signals(error.sigval).name}; {KEPT}") from None


def alone(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what the elastic launcher put there: that of a process that is no rank."""
    mine = r"TORCHELASTIC_|TORCH_NCCL_ASYNC|(LOCAL_|GROUP_|ROLE_|)(RANK|WORLD_SIZE)$|ROLE_NAME$|MASTER_(ADDR|PORT)$"
    return {name: value for name, value in environment.items() if not re.match(mine, name)}


def visible(place: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables by which a process sees the GPU of this index among those visible here, or none for "cpu"."""
    shown = environment.get("CUDA_VISIBLE_DEVICES", "").split(",")
    return {"CUDA_VISIBLE_DEVICES": "" if place == CPU else shown[int(place)] if shown != [""] else place}


def host() -> str:
    """Four hexadecimal digits that tell this host from most others, and nobody its name."""
    try:
        machine = Path("/etc/machine-id").read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        machine = ""  # not uuid.getnode(): without a network card it is another random number in each process
    return hashlib.sha256(f"{platform.node()} {machine}".encode()).hexdigest()[:4]


def is_rank() -> bool:
    """Whether an elastic launcher started this process."""
    return "LOCAL_RANK" in os.environ
