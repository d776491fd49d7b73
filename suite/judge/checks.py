"""What is checked untimed: contract and gate, guards, probes, repeats, patched functions, threads and streams."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from operator import itemgetter

import torch

from suite.cases import Case
from suite.check.operands import bits
from suite.check.probes import Probe
from suite.judge import oracle
from suite.judge.trial import Bench, Caught, Raised, Trial, trial
from suite.record.judgement import WrongElements

REPEATED = Case(61, 257)
"""Small, so that a thousand launches and looks take a second; no side is a power of two."""

REPEATS_S = 8.0
"""For the repeated launches; a slow candidate gets to fewer of them."""

alone: AbstractContextManager[object] = nullcontext()
"""Held while a probe takes much of the device's memory; judges that work side by side share a lock here."""

LARGE_BYTES = 1 << 30

BEHIND_A_DELAY = (Case(4096, 4097), Case(64, 513))
"""First one that takes some 30 us on an H100, so that a copy of C that does not wait for the launch overtakes it."""


def load(bench: Bench) -> None:
    """Import the file in the candidate's process. Raises Raised."""
    row = {name: getattr(bench.entry, name) for name in bench.entry.__dataclass_fields__}
    bench.ask("load", bench.candidate.limits.load_s, entry=row)


def patched(bench: Bench, when: str) -> None:
    """Raises Caught where functions are no longer what they were before the import."""
    if bench.leaves_out("patched"):
        return
    changed = [str(name) for name in bench.ask("audit")["changed"]]
    if changed:
        raise Caught("patched", "refused", f"{when} it changed what judging rests on: {', '.join(changed[:4])}")


def gate(bench: Bench, case: Case) -> None:
    """Two launches on fresh inputs into poison, compared whole. Raises Caught and Raised."""
    with trial(bench, Probe(case, case.id)) as one:
        wrong, turn = _two_launches(one)
        if wrong is not None and not bench.leaves_out("gate"):
            when = "on the second launch, " if turn else ""
            raise Caught("gate", "incorrect", f"{when}{in_words(wrong)}", wrong)
        trespass = one.trespass()
        if trespass and not bench.leaves_out("guards"):
            raise Caught("guards", "incorrect", trespass)


def _two_launches(one: Trial) -> tuple[WrongElements | None, int]:
    """The first wrong C, and of which launch."""
    for turn in range(2):
        one.fill(one.bench.drawn())
        one.poison_out()
        wrong = one.launch()
        if wrong is not None:
            return wrong, turn
    return None, 0


def in_words(wrong: WrongElements) -> str:
    """One line: how many, where, and the first."""
    first = wrong.first
    return (
        f"{wrong.count} of {wrong.of} elements are wrong, {wrong.where}; "
        f"first, C[{first.row}, {first.col}] is {first.found}, not {first.expected}"
    )


@dataclass
class Probed:
    """What the probes showed, by the word under which each counts."""

    right: dict[str, int] = field(default_factory=dict)
    wrong: dict[str, list[WrongElements | str]] = field(default_factory=dict)
    raised: dict[str, str] = field(default_factory=dict)
    left_out: int = 0

    def right_for(self) -> tuple[str, ...]:
        """The groups without a wrong C."""
        return tuple(name for name in self.right if name not in self.wrong)

    def wrong_for(self) -> tuple[str, ...]:
        """The groups with one."""
        return tuple(self.wrong)

    def raises_for(self) -> tuple[str, ...]:
        """The groups that it declines, with the reason."""
        return tuple(f"{name}: {reason}" for name, reason in self.raised.items() if name not in self.wrong)

    def fault(self) -> Caught | None:
        """The verdict of the first wrong group."""
        for group, found in self.wrong.items():
            first = found[0]
            if isinstance(first, str):
                return Caught("probes", "incorrect", f"{group}: {first}")
            return Caught("probes", "incorrect", f"{group}: at {first.case}, {in_words(first)}", first)
        return None


def probes(bench: Bench, asked: Sequence[Probe], progress: Callable[[str], None], budget_s: float = math.inf) -> Probed:
    """Check every probe; a wrong one does not end the others. Raises Ended where the process goes.

    budget_s: after so long no probe is made but the first of its group.
    """
    found = Probed()
    until = time.monotonic() + budget_s
    for turn, probe in by_turns(asked):
        if turn and time.monotonic() > until:
            found.left_out += 1
            continue
        progress(f"probe {probe.id}")
        large = probe.case.rows * probe.case.cols * probe.case.itemsize > LARGE_BYTES
        try:
            with alone if large else nullcontext():
                fault = _probe(bench, probe)
        except Raised as error:
            found.raised.setdefault(probe.group, error.reason)
            continue
        except Caught as caught:
            fault = caught.reason
        except torch.OutOfMemoryError:
            continue
        if fault is None:
            found.right[probe.group] = found.right.get(probe.group, 0) + 1
        else:
            found.wrong.setdefault(probe.group, []).append(fault)
    return found


def by_turns(asked: Sequence[Probe]) -> list[tuple[int, Probe]]:
    """The probes with their place in their group: first one of each group, then the second of each, and so on."""
    met: Counter[str] = Counter()
    turns = []
    for probe in asked:
        turns.append((met[probe.group], probe))
        met[probe.group] += 1
    return sorted(turns, key=itemgetter(0))


def _probe(bench: Bench, probe: Probe) -> WrongElements | str | None:
    with trial(bench, probe) as one:
        wrong, _ = _two_launches(one)
        return wrong or one.trespass() or None


def repeats(bench: Bench, launches: int) -> str:
    """So many launches of one bind, each into poison and compared; contents change in between. Raises Caught.

    Returns a note where it is too slow for so many.
    """
    if bench.leaves_out("repeats"):
        return ""
    began = time.monotonic()
    with trial(bench, Probe(REPEATED, "")) as one:
        expected = torch.empty(0)
        for turn in range(launches):
            if turn % 50 == 0:
                one.fill(bench.drawn(ordinary=True))
                expected = _expected(one)
            one.poison_out()
            bench.ask("launch", index=0, freeze=False, poison_fresh=False)
            if turn > 100 and time.monotonic() - began > REPEATS_S:
                return f"launched {turn} times in {REPEATS_S:.0f} s instead of {launches}"
            if not torch.equal(bits(one.on.out), expected):
                wrong = one.departures()
                said = in_words(wrong) if wrong else "a C of other bits"
                raise Caught("repeats", "incorrect", f"launch {turn + 1} of {launches} of one bind: {said}", wrong)
    return ""


def _expected(one: Trial) -> torch.Tensor:
    device = one.on.b.device
    a = one.drawn.a(one.probe, device)
    return bits((a[:, None].double() * one.on.b.double()).to(one.on.b.dtype))


def threads(bench: Bench) -> str:
    """A note where threads of the candidate's work beside the one that launches.

    That is no fault by itself: the gate stops them all when the launch returns, and so finds a C that is not there.
    """
    if bench.leaves_out("threads"):
        return ""
    with trial(bench, Probe(REPEATED, "")) as one:
        one.fill(bench.drawn())
        at_work = bench.ask("threads", index=0, launches=20)["at_work"]
    return f"threads of its own are at work: {', '.join(map(str, at_work[:3]))}" if at_work else ""


def streams(bench: Bench) -> str:
    """Whether the product waits for what its stream waits for; returns a note. CUDA only. Raises Caught.

    A backend of the catalogue whose library has no other stream than its own is waited for whole.
    The inputs change while a delay holds the stream. A product of the inputs before did not wait on it. Code that
    names no stream runs on the legacy default one: then that becomes the stream that it is given, and the note says so.
    """
    if bench.kind != "cuda" or bench.leaves_out("threads") or bench.entry.own_stream:
        return ""
    if not _off_its_stream(bench):
        return ""
    bench.ask("stream", legacy=True)
    if not _off_its_stream(bench):
        return "launches on the legacy default stream, whatever stream it is given; judged and timed on that one"
    said = "nothing was enqueued on the stream that it was given: it works on another one, or not at all"
    raise Caught("threads", "refused", said)


def _off_its_stream(bench: Bench) -> bool:
    """Whether C is the product of inputs that were replaced before the stream came to the launch.

    A launch that takes longer to enqueue than the delay lasts is tried again on fewer rows.
    Raises Caught where C is not whole when the stream is past the launch.
    """
    for case in BEHIND_A_DELAY:
        with trial(bench, Probe(case, "")) as one:
            before = bench.drawn()
            one.fill(before)
            one.poison_out()
            bench.ask("launch", index=0, freeze=False, poison_fresh=False)  # what is compiled or loaded at first use
            late = bench.ask("hold", index=0)["late"]
            one.fill(bench.drawn())
            if late:
                continue
            if not bench.ask("settle", index=0)["fits"]:
                return False  # which the gate will say better
            if one.departures() is not None and oracle.departures(one.on, one.probe, before) is None:
                return True
            _require_whole(one)
            return False
    return False


def _require_whole(one: Trial) -> None:
    """Raises Caught where a copy that was enqueued behind the launch differs from the C that was there in the end."""
    in_the_end = bits(one.on.out).clone()
    one.bench.ask("behind", index=0)
    missing = int((bits(one.on.out) != in_the_end).sum())
    if missing:
        said = (
            f"C is not whole when its stream is past the launch: {missing} of {in_the_end.numel()} elements came later"
        )
        raise Caught("threads", "incorrect", said, one.departures())
