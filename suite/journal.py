"""What a run has measured so far, on disk after every gate and every campaign, so that a killed run can go on.

One JSON line per answer of the worker. The name of the file is a digest of everything that the answers depend on
(device, versions, cases, backends, plan, and the source of backends/ and suite/), so the same command finds it again
and any other does not.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from suite.messages import Measured
from suite.record import Outcome

ROOT = Path(__file__).parent.parent
FRESH_S = 24 * 3600
"""An interrupted run older than this is begun anew: the machine may not be what it was."""

_MEASURED = TypeAdapter(Measured)
_GATED = TypeAdapter(Outcome | None)


def digest(parts: Iterable[object]) -> str:
    """Eight hexadecimal digits over the parts' texts and the source files of the kernels and of the measurement."""
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(f"{part}\0".encode())
    for folder in ("backends", "suite"):
        for file in sorted((ROOT / folder).iterdir()):
            if file.suffix in (".py", ".cu"):
                hashed.update(file.read_bytes())
    return hashed.hexdigest()[:8]


class Journal:
    """Answers by key; those of an interrupted run are there from the start."""

    def __init__(self, path: Path | None) -> None:
        """Read what an interrupted run left at `path`; a line that was cut short, or an old file, counts as nothing.

        None: nothing is kept beyond this process.
        """
        self.path = path
        self._gates: dict[str, Outcome | None] = {}
        self._campaigns: dict[str, Measured] = {}
        if path is not None and path.exists():
            if time.time() - path.stat().st_mtime > FRESH_S:
                path.unlink()
            else:
                self._read(path.read_text(encoding="utf-8").splitlines())
        self.resumed = len(self._campaigns)

    def _read(self, lines: list[str]) -> None:
        for text in lines:
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if line["kind"] == "gate":
                self._gates[line["key"]] = _GATED.validate_python(line["value"])
            else:
                self._campaigns[line["key"]] = _MEASURED.validate_python(line["value"])

    def has_gate(self, key: str) -> bool:
        """Whether the gate has answered for this key."""
        return key in self._gates

    def gate(self, key: str) -> Outcome | None:
        """The gate's answer. Raises KeyError where there is none."""
        return self._gates[key]

    def campaign(self, key: str) -> Measured | None:
        """The campaign of this key; None where there is none."""
        return self._campaigns.get(key)

    def add_gate(self, key: str, outcome: Outcome | None) -> None:
        """Keep the gate's answer."""
        self._gates[key] = outcome
        self._append("gate", key, _GATED.dump_python(outcome, mode="json"))

    def add_campaign(self, key: str, measured: Measured) -> None:
        """Keep a campaign."""
        self._campaigns[key] = measured
        self._append("campaign", key, _MEASURED.dump_python(measured, mode="json"))

    def _append(self, kind: str, key: str, value: Any) -> None:
        if self.path is None:
            return
        with self.path.open("a", encoding="utf-8") as file:
            # The line end comes first, so that a line which a kill cut short does not spoil the next one.
            file.write("\n" + json.dumps({"kind": kind, "key": key, "value": value}))
            file.flush()
            os.fsync(file.fileno())

    def discard(self) -> None:
        """The run is complete and recorded."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
