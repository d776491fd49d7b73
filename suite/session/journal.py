"""What a run has measured so far, on disk after every answer of the worker, so that a killed run can go on.

One JSON line per answer. The name of the file is a digest of everything that the answers depend on: device, versions,
backends, plan, and the source of backends/ and suite/. So the same command finds it again and another does not.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from suite import ROOT
from suite.measure.samples import CampaignSamples
from suite.record.measurement import Outcome
from suite.record.run import FirstUse
from suite.worker.messages import Examined

FRESH_S = 24 * 3600
"""An interrupted run older than this is begun anew: the machine may not be what it was."""

PASSING = ("crashed", "no_memory", "throttled", "invalid")
"""Outcomes that another try may not meet again; they are not kept. A timeout is: another try costs another timeout."""

Kind = Literal["began", "judgement", "gate", "campaign", "examination", "first_use"]
ANSWERS: dict[Kind, TypeAdapter[Any]] = {
    "began": TypeAdapter(float),  # when the run did, in seconds of the wall clock
    "judgement": TypeAdapter(Outcome | None),  # why a candidate may take part in no case
    "gate": TypeAdapter(Outcome | None),
    "campaign": TypeAdapter(CampaignSamples),
    "examination": TypeAdapter(Examined | Outcome),
    "first_use": TypeAdapter(FirstUse | Outcome),
}


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


class Journal:
    """Answers by kind and key; those of an interrupted run are there from the start."""

    def __init__(self, path: Path | None) -> None:
        """Read what an interrupted run left at `path`; a line that was cut short, or an old file, counts as nothing.

        None: nothing is kept beyond this process.
        """
        self.path = path
        self._answers: dict[tuple[Kind, str], Any] = {}
        if path is not None and path.exists():
            if time.time() - path.stat().st_mtime > FRESH_S:
                path.unlink()
            else:
                self._read(path.read_text(encoding="utf-8").splitlines())
        self.resumed = sum(kind == "campaign" for kind, _ in self._answers)

    def _read(self, lines: list[str]) -> None:
        for text in lines:
            try:
                line = json.loads(text)
                self._answers[line["kind"], line["key"]] = ANSWERS[line["kind"]].validate_python(line["answer"])
            except (ValueError, KeyError, TypeError):
                continue

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
        ):  # with samples, these are worth more than another try
            met = known.outcomes
        if self.path is None or any(outcome.kind in PASSING for outcome in met):
            return
        answer = ANSWERS[kind].dump_python(known, mode="json")
        with self.path.open("a", encoding="utf-8") as file:
            # The line end comes first, so that a line which a kill cut short does not spoil the next one.
            file.write("\n" + json.dumps({"kind": kind, "key": key, "answer": answer}))
            file.flush()
            os.fsync(file.fileno())

    def discard(self) -> None:
        """The run is complete and recorded."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
