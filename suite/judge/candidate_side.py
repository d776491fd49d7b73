"""What runs in a candidate's process: attaches the judge's memory, loads the file, binds, launches, answers.

It decides nothing. What it needs after the file has run it takes before.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import torch

import backends
from backends import Entry, Unsupported
from backends._candidate import DropIn
from suite.cases import parse
from suite.check.operands import POISON
from suite.check.probes import Probe
from suite.judge import memory, messages
from suite.judge.audit import Audit, Threads
from suite.judge.bound import Bound, LegacyStream
from suite.judge.timed_side import Timed
from suite.measure import timing

LAST_ROWS = 16
"""The end of C, copied first behind a launch: a kernel comes to it last."""

MOST_POISONED_BYTES = 1 << 30
"""Fresh outputs larger than this are not poisoned beforehand: the allocator gives them new pages anyway."""


class Side:
    """The candidate's process as the judge sees it: one method for each request."""

    def __init__(self, kind: str) -> None:
        self.device = timing.Device()
        assert self.device.kind == kind
        self.entry: Entry | None = None
        self.sets: dict[int, Bound] = {}
        self.failed = False  # since the last release
        self._freeze = partial(os.killpg, os.getpid(), signal.SIGSTOP)
        self._describe = _describe
        _warm(self.device)
        self._threads = Threads()
        self._audit = Audit()

    def load(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Import the file."""
        self.entry = Entry(**entry)
        backend = backends.load(self.entry)
        if isinstance(backend, DropIn):
            backend.model()  # says now what it wants to be made of
        return {}

    def stream(self, legacy: bool) -> dict[str, Any]:
        """Choose the stream that launches are given."""
        self.device = LegacyStream() if legacy else timing.Device()
        return {}

    def attach(
        self, index: int, case: str, column: Any, size: int, handle: str, descriptor: int = -1
    ) -> dict[str, Any]:
        """See a set of operands of the judge's."""
        probe = Probe(parse(case), "", column)
        self.sets[index] = Bound(memory.operands_in(memory.attach(size, descriptor, handle), probe))
        return {}

    def release(self) -> dict[str, Any]:
        """Forget all sets and what is bound to them."""
        self.sets.clear()
        if self.failed:  # what was raised may hold its frames, and they the operands, in a circle
            gc.collect()
        self.failed = False
        return {}

    def bind(self, index: int) -> dict[str, Any]:
        """Bind the candidate to a set."""
        assert self.entry is not None
        bound = self.sets[index]
        on = bound.on
        bound.launch = backends.bind(self.entry, on.a, on.b, on.out, self.device.stream)
        self._wait()
        return {"callable": callable(bound.launch), "form": str(getattr(bound.launch, "form", ""))[:200]}

    def launch(self, index: int, freeze: bool, poison_fresh: bool) -> dict[str, Any]:
        """Launch once, and put C where the judge reads it."""
        bound = self.sets[index]
        if poison_fresh:
            _poison_fresh(bound.on.out)
        result = bound()
        if self._own_stream():
            self.device.synchronize()
        found = self._describe(result, bound.on.out)
        if found["fits"] and not found["is_out"]:
            bound.on.out.copy_(result)
        del result
        self._wait()
        return found | {"freeze": freeze}

    def hold(self, index: int) -> dict[str, Any]:
        """Launch behind a delay on the stream, enqueue copies of C behind the launch, and answer.

        late: whether the delay was over by then, for a stream takes only so many launches at a time.
        """
        bound = self.sets[index]
        out, late = bound.on.out, torch.cuda.Event()
        copy, last_rows = torch.empty_like(out), torch.empty(out[-LAST_ROWS:].shape, dtype=out.dtype, pin_memory=True)
        torch.cuda._sleep(600_000_000)  # 0.3 s at 2 GHz
        late.record()
        result = bound()
        if self._describe(result, out)["fits"]:
            last_rows.copy_(result[-LAST_ROWS:], non_blocking=True)  # by a copy engine: it needs no SM to be free
            copy.copy_(result)
            self._behind = copy, last_rows
        return {"late": late.query()}

    def settle(self, index: int) -> dict[str, Any]:
        """Wait for the device, and put C where the judge reads it."""
        bound = self.sets[index]
        found = self._describe(bound.result, bound.on.out)
        self.device.synchronize()
        if found["fits"] and not found["is_out"]:
            bound.on.out.copy_(bound.result)
            self.device.synchronize()
        return found

    def behind(self, index: int) -> dict[str, Any]:
        """Put the copies that `hold` enqueued where the judge reads C."""
        copy, last_rows = self._behind
        copy[-LAST_ROWS:] = last_rows.to(copy.device)
        self.sets[index].on.out.copy_(copy)
        self.device.synchronize()
        return {}

    def audit(self) -> dict[str, Any]:
        """What was changed of the functions that were taken before the file ran."""
        return {"changed": [name[:100] for name in self._audit.changed()[:8]]}

    def threads(self, index: int, launches: int) -> dict[str, Any]:
        """Which threads worked beside the one that launches."""
        bound = self.sets[index]
        work = self._threads.at_work(lambda: [bound() for _ in range(launches)], self.device.synchronize)
        return {"at_work": [name[:100] for name in work[:8]]}

    def copy_back(self) -> dict[str, Any]:
        """Put every set's last C where the judge reads it."""
        for bound in self.sets.values():
            if isinstance(bound.result, torch.Tensor) and not _is_out(bound.result, bound.on.out):
                bound.on.out.copy_(bound.result)
        self.device.synchronize()
        return {}

    def compiled(self, rows: int, cols: int, dtype: str, capability: Sequence[int]) -> dict[str, Any]:
        """What the file would launch on such a device; empty where it has no function that says so."""
        assert self.entry is not None
        backend = backends.load(self.entry)
        if not hasattr(backend, "plan") and not hasattr(backend, "compile_for"):
            return {}
        made = backends.compile_for(self.entry, rows, cols, dtype, (capability[0], capability[1]))
        return asdict(made) | {"cubin": made.cubin.hex()}

    def _own_stream(self) -> bool:
        """Whether it is a backend of the catalogue that uses no stream that it is given."""
        return self.entry is not None and self.entry.own_stream

    def _wait(self) -> None:
        """Wait for the given stream and no other: what runs elsewhere has not been enqueued on it."""
        if self.device.kind == "cuda" and not self._own_stream():
            torch.cuda.current_stream().synchronize()
        else:
            self.device.synchronize()


def _is_out(result: torch.Tensor, out: torch.Tensor) -> bool:
    return result.data_ptr() == out.data_ptr() and result.stride() == out.stride()


def _describe(result: Any, out: torch.Tensor) -> dict[str, Any]:
    """What a launch returned, as far as the contract asks."""
    found = {"plain": type(result) is torch.Tensor, "type": type(result).__name__[:100], "is_out": False}
    if not isinstance(result, torch.Tensor):
        return found | {"fits": False, "said": ""}
    if result.layout != torch.strided:
        return found | {"fits": False, "said": f"a tensor of layout {result.layout}"}
    if result.is_neg() or result.is_conj():
        return found | {"fits": False, "said": "a view with a negation still to be done"}
    said = f"{tuple(result.shape)} {result.dtype} on {result.device}"[:200]
    fits = (result.shape, result.dtype, result.device) == (out.shape, out.dtype, out.device)
    return found | {"fits": fits, "said": said, "is_out": fits and _is_out(result, out)}


def _poison_fresh(out: torch.Tensor) -> None:
    """Leave poison in the memory that the allocator will hand out next for a tensor like out."""
    size = out.numel() * out.element_size()
    if 0 < size <= MOST_POISONED_BYTES:
        integers = memory.INTEGERS[out.element_size()]
        taken = [torch.empty(out.numel(), dtype=integers, device=out.device) for _ in range(2)]
        for each in taken:
            each.fill_(POISON[out.element_size()])


def _warm(device: timing.Device) -> None:
    """Let torch import and start what it does at first use, before the functions are taken."""
    with device.active():
        column, matrix = torch.ones(64, 1, device=device.torch), torch.ones(64, 64, device=device.torch)
        torch.mul(column, matrix, out=torch.empty_like(matrix))
        device.synchronize()


def _failure(error: BaseException) -> dict[str, Any]:
    from suite.worker.failures import why

    if isinstance(error, MemoryError) or "can't allocate memory" in str(error) or "not enough memory" in str(error):
        return {"failed": "no_memory", "reason": "memory ran out"}
    kind, reason = why(error)
    cause = error.__cause__ if isinstance(error, timing.CaptureFailed) else error
    return {"failed": "unsupported" if isinstance(cause, Unsupported) else kind, "reason": reason[:1000]}


def serve(channel: socket.socket, kind: str) -> None:
    """Answer requests until the judge closes its end."""
    side = Side(kind)
    timed = Timed(side)
    requests: dict[str, Callable[..., dict[str, Any] | None]] = {
        name: getattr(owner, name) for owner, names in ((side, REQUESTS), (timed, timed.REQUESTS)) for name in names
    }
    send, receive, freeze, leave, whoami = messages.send, messages.receive, side._freeze, os._exit, os.getpid
    first = whoami()
    while True:
        try:
            request, descriptor = receive(channel)
        except messages.Closed:
            leave(messages.CUT_OFF)  # the judge has ended, or the file has closed what was not its own
        work = requests[request.pop("what")]
        if descriptor >= 0:
            request["descriptor"] = descriptor
        try:
            with torch.no_grad(), side.device.active():
                answer = work(**request)
        except BaseException as error:  # a file may raise SystemExit or KeyboardInterrupt
            answer = _failure(error)
            side.failed = True
        if whoami() != first:
            send(channel, {messages.FORKED: True})
            leave(1)
        if answer is None:
            continue
        freezes = answer.pop("freeze", False)
        try:
            send(channel, answer)
        except messages.Closed:
            leave(messages.CUT_OFF)
        if freezes:
            freeze()


REQUESTS = (
    *(
        "load",
        "stream",
        "attach",
        "release",
        "bind",
        "launch",
        "hold",
        "settle",
        "behind",
        "audit",
        "threads",
        "copy_back",
    ),
    "compiled",
)
