"""The order of the checks, and what follows from them: one Judgement for one file."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backends import CATALOGUE, Entry, why_unavailable
from backends import _candidate as files
from suite.cases import ITEMSIZE, Case
from suite.check.probes import probes
from suite.device import chosen
from suite.device import machine as machines
from suite.judge import checks, compiled, memory
from suite.judge.process import Candidate, Limits
from suite.judge.timed_checks import Effort, Timed
from suite.judge.trial import FAULTS, Bench, as_caught
from suite.measure.campaign import CampaignFailed
from suite.measure.plan import CPU, Plan
from suite.record.compiled import Compiled
from suite.record.judgement import Check, JudgedTime, Judgement, JudgementVerdict, WrongElements
from suite.record.machine import Machine

QUICK = Plan(sample_s=2e-4, warmup_s=0.0, min_rounds=6, look_every=3, max_rounds=6, budget_s=0.0)
"""Enough rounds for the checks of the clock; no number of it is worth keeping."""

CPU_SETS = 24

REFERENCES = ("torch_broadcast", "triton_tuned")

DEFAULT_LIMITS = Limits()

CATALOGUE_S = 20.0
"""For a backend's probes before a run: one that compiles for every shape would take two minutes. A file meets all."""

Progress = Callable[[str], None]


@dataclass
class _Found:
    """What the checks have shown so far."""

    verdict: JudgementVerdict = "right"
    caught_by: Check | None = None
    reason: str = ""
    wrong: WrongElements | None = None
    probed: checks.Probed = field(default_factory=checks.Probed)
    times: list[JudgedTime] = field(default_factory=list)
    compiled: list[Compiled] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def catch(self, check: Check, verdict: JudgementVerdict, reason: str, wrong: WrongElements | None = None) -> None:
        """The first fault is the verdict."""
        if self.verdict == "right":
            self.verdict, self.caught_by, self.reason, self.wrong = verdict, check, reason, wrong


def judge(
    file: Path | Entry,
    cases: Sequence[Case],
    *,
    without: frozenset[Check] = frozenset(),
    plan: Plan | None = None,
    progress: Progress = lambda said: None,
    limits: Limits = DEFAULT_LIMITS,
    seed: int | None = None,
) -> Judgement:
    """Judge a file, or an entry of the catalogue, in these cases.

    without: checks to leave out. plan: how long the campaigns go on; one of a single round stands for QUICK, whose
    times are not kept. Raises UnknownBackend for a file that is no candidate.
    """
    entry = files.entry(file) if isinstance(file, Path) else file
    kind, sha256 = chosen.kind(), _sha256(entry)
    quick = plan is not None and plan.max_rounds == 1
    effort = _effort(plan, quick, kind)
    drawn_from = seed_of_a_run() if seed is None else seed
    found = _Found()
    with Candidate(kind, limits) as candidate:
        bench = Bench(candidate, entry, kind, drawn_from, without)
        _all_checks(bench, cases, effort, found, progress)
        machine = machines.describe(kind)
        if found.verdict in ("right", "implausible") and cases:
            found.compiled, why_not = compiled.compiled(bench, cases[0], machine)
            _note(found, why_not)
        found.notes += _printed(candidate)
    if quick or found.verdict not in ("right", "implausible"):
        found.times.clear()
    return _judgement(entry, sha256, machine, drawn_from, found)


def seed_of_a_run() -> int:
    """A seed that no file can foresee."""
    return random.SystemRandom().randrange(1 << 32)


def _effort(plan: Plan | None, quick: bool, kind: str) -> Effort:
    """On the CPU fewer sets than the series cold wants, for to draw and compare them takes its own time."""
    if kind == "cuda":
        # As long a sample as ever, so that a launch comes round several times in one capture.
        return Effort(replace(QUICK, sample_s=Plan().sample_s), pairs=10) if quick else Effort(plan or Plan())
    return Effort(QUICK, 200, 10, 3) if quick else Effort(plan or CPU, most_sets=CPU_SETS)


def _all_checks(bench: Bench, cases: Sequence[Case], effort: Effort, found: _Found, progress: Progress) -> None:
    """Every check in turn until one finds something; probes are made in any case, for a fault may be a partial one."""
    steps: list[tuple[Check, str, Callable[[], Any]]] = [
        ("load", "import", lambda: checks.load(bench)),
        ("patched", "functions", lambda: checks.patched(bench, "in its import")),
        ("threads", "streams", lambda: _note(found, checks.streams(bench))),
        *(("gate", f"gate {case.id}", lambda case=case: checks.gate(bench, case)) for case in cases),
        ("probes", "probes", lambda: _probe(bench, cases, found, progress)),
        ("repeats", "repeats", lambda: _note(found, checks.repeats(bench, effort.repeats))),
        ("threads", "threads", lambda: _note(found, checks.threads(bench))),
        ("patched", "functions", lambda: checks.patched(bench, "in bind or launch")),
        *(("clock", f"times {case.id}", lambda case=case: _time(bench, case, effort, found)) for case in cases),
        ("patched", "functions", lambda: checks.patched(bench, "while it was timed")),
    ]
    for check, words, work in steps:
        progress(words)
        fault = _attempt(check, work, found)
        if fault == "gate" and "probes" not in bench.without:
            _attempt("probes", lambda: _probe(bench, cases, found, progress), found)
        if fault:
            return


def _note(found: _Found, note: str) -> None:
    found.notes += [note] if note else []


def _attempt(check: Check, work: Callable[[], Any], found: _Found) -> Check | None:
    """Which check found something in this step, if one did."""
    try:
        work()
        return None
    except FAULTS as error:
        caught = as_caught(check, error)
        found.catch(caught.check, caught.verdict, caught.reason, caught.wrong)
        return caught.check
    except CampaignFailed as error:
        found.catch(check, "unjudged", str(error))
        return check


def _probe(bench: Bench, cases: Sequence[Case], found: _Found, progress: Progress) -> None:
    """Raises Caught at the first wrong group, when all have been looked at."""
    if bench.leaves_out("probes"):
        return
    dtypes = list(dict.fromkeys([*(case.dtype for case in cases), *bench.entry.dtypes, *ITEMSIZE]))
    taken = [dtype for dtype in dtypes if dtype in bench.entry.dtypes]
    # On the CPU, to draw and compare 2^31 elements takes minutes.
    largest = int(memory.free_bytes("cuda") * 0.7) if bench.kind == "cuda" else 0
    asked = probes(taken, largest_bytes=largest)
    found.probed = checks.probes(bench, asked, progress, math.inf if bench.entry.path else CATALOGUE_S)
    if found.probed.left_out:
        _note(found, f"{found.probed.left_out} of {len(asked)} probes were left out after {CATALOGUE_S:.0f} s")
    fault = found.probed.fault()
    if fault:
        raise fault


def _time(bench: Bench, case: Case, effort: Effort, found: _Found) -> None:
    """The campaign of one case with all that is checked of its times. Raises Caught."""
    if not case.rows * case.cols:
        return
    references = [entry.name for entry in CATALOGUE if entry.name in REFERENCES]
    names = tuple(
        entry.name for entry in CATALOGUE if entry.name in references and not why_unavailable(entry, bench.kind)
    )
    timed = Timed(bench, case, effort, names)
    try:
        found.notes += [note for note in [timed.prepared["note"], *timed.prepared["left_out"]] if note]
        timed.graph()
        timed.rounds(lambda rounds, width: None)
        timed.steady()
        timed.clock()
        try:
            timed.ceiling()
        finally:
            if effort.plan.max_rounds > QUICK.max_rounds:
                found.times.append(timed.judged())
    finally:
        timed.close()


def _printed(candidate: Candidate) -> list[str]:
    """Its first line of output, as a note."""
    text = bytes(candidate.printed[:2000]).decode(errors="replace").strip()
    return [f"it printed: {text.splitlines()[0][:120]}"] if text else []


def _file(entry: Entry) -> Path:
    return Path(entry.path) if entry.path else Path(files.__file__).parent / f"{entry.name}.py"


def _sha256(entry: Entry) -> str:
    """The digest of the file as it is before it runs, which may change or remove it."""
    return hashlib.sha256(_file(entry).read_bytes()).hexdigest()


def _judgement(entry: Entry, sha256: str, machine: Machine, seed: int, found: _Found) -> Judgement:
    return Judgement(
        utc=datetime.now(UTC),
        file=_file(entry).name,
        sha256=sha256,
        seed=seed,
        machine=machine,
        verdict=found.verdict,
        caught_by=found.caught_by,
        reason=found.reason,
        wrong=found.wrong,
        right_for=found.probed.right_for(),
        wrong_for=found.probed.wrong_for(),
        raises_for=found.probed.raises_for(),
        times=tuple(found.times),
        compiled=tuple(found.compiled),
        notes=tuple(dict.fromkeys(found.notes)),
    )
