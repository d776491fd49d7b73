"""What a run has measured so far, on disk after every answer of the worker, so that a killed run can go on.

One JSON line per answer. The name of the file is a digest of everything that the answers depend on. That is the
command, the device itself, versions, threads, backends, plan, and the source of backends/ and suite/. So the same
command finds it again under the same conditions, and no other does.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import os
import stat
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from suite import ROOT
from suite.measure.samples import CampaignSamples
from suite.record.machine import Machine
from suite.record.measurement import Outcome
from suite.record.run import FirstUse
from suite.worker.messages import Examined

FRESH_S = 24 * 3600
"""An interrupted run older than this is begun anew: the machine may not be what it was."""

PASSING = ("crashed", "no_memory", "throttled", "invalid")
"""Outcomes that another try may not meet again; they are not kept. A timeout is: another try costs another timeout."""

CONDITIONS = (
    "OMP_",
    "MKL_",
    "KMP_",
    "GOMP_",
    "TORCH",
    "PYTORCH_",
    "CUDA_",
    "NVIDIA_",
    "TRITON_",
    "NUMBA_",
    "CUPY_",
    "JAX_",
    "XLA_",
    "WARP_",
)
"""What the variables begin with by which the libraries are told how to run."""

UNSTEADY = {"event_tick_s", "null_kernel_s", "empty_node_s", "commit", "tree_clean"}
"""What of a Machine is measured anew each time, or is in the digest of the source."""

Kind = Literal["began", "judgement", "gate", "campaign", "examination", "first_use"]
ANSWERS: dict[Kind, TypeAdapter[Any]] = {
    "began": TypeAdapter(float),  # when the run did, in seconds of the wall clock
    "judgement": TypeAdapter(Outcome | None),  # why a candidate may take part in no case
    "gate": TypeAdapter(Outcome | None),
    "campaign": TypeAdapter(CampaignSamples),
    "examination": TypeAdapter(Examined | Outcome),
    "first_use": TypeAdapter(FirstUse | Outcome),
}


def conditions(machine: Machine, uuid: str) -> list[object]:
    """Under what a run measures: two runs that differ in any of it are not to be mixed in one record."""
    told = sorted((name, value) for name, value in os.environ.items() if name.startswith(CONDITIONS))
    return [machine.model_dump(exclude=UNSTEADY), uuid, sorted(os.sched_getaffinity(0)), told]


def digest(parts: Iterable[object]) -> str:
    """Eight hexadecimal digits over the parts' texts and the source files of the kernels and of the measurement."""
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(f"{part}\0".encode())
    for folder in ("backends", "suite"):
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in (".py", ".cu") and "tests" not in file.relative_to(ROOT).parts:
                hashed.update(file.read_bytes())
    return hashed.hexdigest()[:8]


class Damaged(ValueError):
    """A line that is neither an answer nor cut short."""


class Journal:
    """Answers by kind and key; those of an interrupted run are there from the start."""

    def __init__(self, path: Path | None, say: Callable[[str], None] = lambda text: None) -> None:
        """Read what an interrupted run left at `path`; a line that was cut short, or an old file, counts as nothing.

        A damaged file is set aside, said so, and begun anew from the lines that are sound. None: nothing is kept beyond
        this process.
        """
        self.path, self._say = path, say
        self._lost = False  # an answer that could not be written, which has been said
        self._answers: dict[tuple[Kind, str], Any] = {}
        if path is not None:
            _remove_old(path.parent)
            if os.path.lexists(path) and not self._read(path):
                self._set_aside(path)
        self.resumed = sum(kind == "campaign" for kind, _ in self._answers)

    def _read(self, path: Path) -> bool:
        """Read the answers that are sound; returns whether there is nothing else."""
        if not stat.S_ISREG(path.lstat().st_mode):
            return False
        sound = True
        for text in path.read_bytes().splitlines():
            try:
                kind, key, answer = _answer(text)
                self._answers[kind, key] = answer
            except Damaged:
                sound = sound and not text.endswith(b"}")
        return sound

    def _set_aside(self, path: Path) -> None:
        """Give the damaged file another name, and begin a new one from what is sound."""
        aside = next(
            p for n in itertools.count(1) if not os.path.lexists(p := path.with_name(f"{path.name}.damaged-{n}"))
        )
        path.rename(aside)
        self._say(f"the journal {path.name} is damaged: it is now {aside}, and what of it is sound is kept")
        for kind, key in self._answers:
            self._append(kind, key)

    def answer(self, kind: Kind, key: str, ask: Callable[[], Any]) -> Any:
        """The answer of this kind and key: the one that is known, else what `ask` returns, kept."""
        if (kind, key) not in self._answers:
            self._answers[kind, key] = ask()
            self._append(kind, key)
        return self._answers[kind, key]

    def known(self, kind: Kind, key: str) -> Any:
        """The answer of this kind and key, or None."""
        return self._answers.get((kind, key))

    def _append(self, kind: Kind, key: str) -> None:
        known = self._answers[kind, key]
        met = [known] if isinstance(known, Outcome) else []
        if (
            isinstance(known, CampaignSamples) and not known.contenders
        ):  # with samples, it is worth more than another try
            met = known.outcomes
        if self.path is None or any(outcome.kind in PASSING for outcome in met):
            return
        answer = ANSWERS[kind].dump_python(known, mode="json")
        # The line end comes first, so that a line which a kill cut short does not spoil the next one.
        line = "\n" + json.dumps({"kind": kind, "key": key, "answer": answer})
        try:
            _write(self.path, line.encode())
        except OSError as error:
            if not self._lost:
                again = "the run goes on; were it cut short, it would measure that again"
                self._say(f"cannot write {self.path}: {error.strerror}; {again}")
            self._lost = True

    def discard(self) -> None:
        """The run is complete and recorded."""
        if self.path is not None:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)


def _answer(line: bytes) -> tuple[Kind, str, Any]:
    """One line's kind, key and answer. Raises Damaged."""
    try:
        read = json.loads(line.decode())
        kind, key = read["kind"], read["key"]
        answer = ANSWERS[kind].validate_python(read["answer"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Damaged(str(error)) from None
    if not isinstance(key, str) or (isinstance(answer, CampaignSamples) and not _is_sound(answer)):
        raise Damaged("samples that no campaign takes")
    return kind, key, answer


def _is_sound(campaign: CampaignSamples) -> bool:
    samples = [one.samples_s for one in campaign.contenders.values()]
    return all(each and all(0 < sample < math.inf for sample in each) for each in samples)


def _write(path: Path, line: bytes) -> None:
    """Append to the file, and through no link."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    with os.fdopen(handle, "wb") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _remove_old(folder: Path) -> None:
    """The journals in the folder that nobody will take up again."""
    for path in folder.glob(".*.journal"):
        with suppress(OSError):
            if time.time() - path.lstat().st_mtime > FRESH_S:
                path.unlink()
