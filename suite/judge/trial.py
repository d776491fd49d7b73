"""One set of operands under check: made by the judge, attached and bound by the candidate, launched, compared."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import torch

from backends import Entry
from suite.check.probes import Probe
from suite.judge import memory, oracle
from suite.judge.oracle import Drawn
from suite.judge.process import Candidate, Ended
from suite.record.judgement import Check, JudgementVerdict, WrongElements


class Caught(Exception):
    """A check found something; the message is one line."""

    def __init__(
        self, check: Check, verdict: JudgementVerdict, reason: str, wrong: WrongElements | None = None
    ) -> None:
        super().__init__(reason)
        self.check, self.verdict, self.reason, self.wrong = check, verdict, reason, wrong


class Raised(Exception):
    """The candidate raised; the process lives. `kind` is as an Outcome's."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind, self.reason = kind, reason


FAULTS = (Caught, Ended, Raised, torch.OutOfMemoryError)
"""What a check of a candidate may end with."""


def as_caught(check: Check, error: BaseException) -> Caught:
    """What ended this check, as its finding."""
    if isinstance(error, Caught):
        return error
    if isinstance(error, Ended):
        return Caught(check, error.kind, error.reason)
    if isinstance(error, Raised):
        unjudged = check == "load" or error.kind == "unsupported"
        verdict: JudgementVerdict = "unjudged" if unjudged else "crashed"
        return Caught(check, "no_memory" if error.kind == "no_memory" else verdict, error.reason)
    return Caught(check, "unjudged", "the operands do not fit into the memory that is free")


@dataclass
class Bench:
    """What all checks work with: the candidate's process, what it says of itself, and the run's own randomness."""

    candidate: Candidate
    entry: Entry
    kind: str  # cuda or cpu
    seed: int
    without: frozenset[Check]
    random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def ask(self, what: str, limit_s: float | None = None, **content: Any) -> dict[str, Any]:
        """The candidate's answer. Raises Raised where it failed in words, Ended where the process is gone."""
        answer = self.candidate.ask(what, limit_s, **content)
        if "failed" in answer:
            raise Raised(str(answer["failed"])[:40], " ".join(str(answer.get("reason", "")).split())[:1000])
        return answer

    def leaves_out(self, check: Check) -> bool:
        """Whether this check is not made."""
        return check in self.without

    def drawn(self, ordinary: bool = False) -> Drawn:
        """New values; ordinary: such as every backend multiplies alike."""
        from suite.check.operands import ORDINARY

        seeds = self.random.randrange(1 << 40), self.random.randrange(1 << 40)
        return Drawn(*seeds, exempt=ORDINARY if ordinary else tuple(self.entry.exempt))


class Trial:
    """The judge's end of one set."""

    def __init__(self, bench: Bench, probe: Probe, index: int = 0) -> None:
        """Make and poison the memory, and let the candidate attach it. Raises torch.OutOfMemoryError."""
        self.bench, self.probe, self.index = bench, probe, index
        self.form = ""  # what it says of itself when it is bound
        size = memory.bytes_of(probe)
        self.arena = memory.Owned(size, bench.kind)
        self.on = memory.operands_in(self.arena.bytes, probe)
        self.drawn = bench.drawn()
        self.poison()
        bench.ask(
            "attach",
            descriptor=self.arena.descriptor,
            index=index,
            case=probe.case.id,
            column=probe.column,
            size=size,
            handle=self.arena.handle,
        )

    def poison(self) -> None:
        """Everything: operands, guard bands and gaps."""
        for guarded in self.on.guarded:
            guarded.poison()
        self._settle()

    def poison_out(self) -> None:
        """C and what lies around it."""
        self.on.guarded[2].poison()
        self._settle()

    def fill(self, drawn: Drawn) -> None:
        """Change the inputs."""
        self.drawn = drawn
        oracle.fill(self.on, self.probe, drawn)
        self._settle()

    def fill_a(self, drawn: Drawn) -> None:
        """Change A alone; B is written again as it is."""
        self.drawn = drawn
        self.on.b.copy_(self.on.b.clone())
        oracle.fill_a(self.on, self.probe, drawn)
        self._settle()

    def fill_again(self, only_a: bool) -> None:
        """Draw and write the inputs as they are, and C as it is unless only A changed."""
        if only_a:
            self.fill_a(self.drawn)
            return
        oracle.fill(self.on, self.probe, self.drawn)
        self.on.out.copy_(self.on.out.clone())
        self._settle()

    def _settle(self) -> None:
        if self.bench.kind == "cuda":
            torch.cuda.synchronize()

    def bind(self) -> None:
        """Let the candidate bind. Raises Raised."""
        self.form = str(self.bench.ask("bind", self.bench.candidate.limits.bind_s, index=self.index).get("form", ""))

    def launch(self, freeze: bool = True) -> WrongElements | None:
        """Launch once and compare the whole C, the candidate's process stopped meanwhile. Raises Raised and Caught."""
        answer = self.bench.ask("launch", index=self.index, freeze=freeze, poison_fresh=True)
        try:
            if freeze:
                self.bench.candidate.frozen()
            self._look_at_what_came_back(answer)
            return self.departures()
        finally:
            if freeze:
                self.bench.candidate.go_on()

    def _look_at_what_came_back(self, answer: dict[str, Any]) -> None:
        if self.bench.leaves_out("contract"):
            return
        out = self.on.out
        if not answer.get("fits"):
            said = answer.get("said") or str(answer.get("type"))
            wanted = f"{tuple(out.shape)} {out.dtype} on {out.device}"
            raise Caught("contract", "incorrect", f"its launch returned {said}, not {wanted}")
        if not answer.get("plain"):
            raise Caught("contract", "refused", f"its launch returned {answer.get('type')}, not a plain torch.Tensor")

    def departures(self) -> WrongElements | None:
        """Where C is wrong now."""
        return oracle.departures(self.on, self.probe, self.drawn)

    def trespass(self) -> str:
        """What was written that is not C; destroys what a view with gaps holds."""
        changed = oracle.inputs_changed(self.on, self.probe, self.drawn)
        if changed:
            return f"it changed its input {changed}"
        for name, guarded in zip(("a", "b", "out"), self.on.guarded, strict=True):
            stray = guarded.stray_writes()
            if stray:
                return f"it wrote {stray} elements outside of {name}"
        return ""

    def close(self) -> None:
        """Give the memory back."""
        self.arena.close()


@contextmanager
def trial(bench: Bench, probe: Probe) -> Iterator[Trial]:
    """One set, bound; nothing of it is left afterwards."""
    made = Trial(bench, probe)
    try:
        made.bind()
        yield made
    finally:
        with suppress(Ended):
            bench.candidate.ask("release")
        made.close()
