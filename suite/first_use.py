"""What the first product of a backend costs: its import, its bind and its first launch, each in a fresh process.

`python -m suite.first_use BACKEND CASE` prints them as one line of JSON. What every backend needs is there before the
clock starts: torch, the device's context and the operands. The parent's side imports no array library.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from backends import Entry, Unsupported, candidate, find, load
from suite.cases import Case, parse
from suite.record import FirstUse, Outcome

ROOT = Path(__file__).parent.parent
CACHES = ("CUDA_CACHE_PATH", "CUPY_CACHE_DIR", "NUMBA_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR")
"""The environment variables that say where the compilers keep what they made."""

TIMEOUT_S = 180.0


def first_use(entry: Entry, case: Case, timeout_s: float = TIMEOUT_S) -> FirstUse | Outcome:
    """The cost of a first use with the compilers' caches empty, and of its bind with the caches that it left."""
    spent = []
    with tempfile.TemporaryDirectory() as folder:
        caches = {name: os.path.join(folder, name.lower()) for name in CACHES}
        for _ in ("cold", "warm"):
            answer = _in_a_fresh_process(entry, case, caches, timeout_s)
            if "kind" in answer:
                return Outcome(backend=entry.name, case=case.id, **answer)
            spent.append(answer)
    cold, warm = spent
    return FirstUse(backend=entry.name, case=case.id, warm_bind_s=warm["bind_s"], **cold)


def _in_a_fresh_process(entry: Entry, case: Case, caches: Mapping[str, str], timeout_s: float) -> dict[str, Any]:
    """What `spent` returns there, or the kind and the reason of an Outcome."""
    command = [sys.executable, "-m", "suite.first_use", entry.path or entry.name, case.id]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=os.environ | caches, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        return {"kind": "timeout", "reason": f"no first product within {timeout_s:.0f} s"}
    if done.returncode < 0:
        return {"kind": "crashed", "reason": f"its process was ended by {signal.Signals(-done.returncode).name}"}
    if done.returncode > 0:
        return {"kind": "crashed", "reason": f"its process ended with exit code {done.returncode}"}
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def spent(entry: Entry, case: Case) -> dict[str, float]:
    """Seconds of the backend's import, its bind and its first launch, in this process. Raises what they raise."""
    from suite import operands, timing

    device = timing.Device()
    with device.active():
        on = operands.allocate(case, device.torch)
        on.fill(seed=0)
        device.synchronize()
        marks = [time.perf_counter()]
        backend = load(entry)
        marks.append(time.perf_counter())
        launch = backend.bind(on.a, on.b, on.out, device.stream)
        device.synchronize()
        marks.append(time.perf_counter())
        launch()
        device.synchronize()
        marks.append(time.perf_counter())
    seconds = (after - before for before, after in itertools.pairwise(marks))
    return dict(zip(("import_s", "bind_s", "launch_s"), seconds, strict=True))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what the first product costs here, or why there is none."""
    parser = argparse.ArgumentParser(prog="python -m suite.first_use", description=__doc__)
    parser.add_argument("backend", help="a name of the catalogue, or a candidate's file")
    parser.add_argument("case", type=parse, help="such as 4096x4096-float32-contiguous")
    chosen = parser.parse_args(arguments)
    path = Path(chosen.backend)
    entry = candidate.entry(path) if path.suffix else find([chosen.backend])[0]
    try:
        answer: dict[str, Any] = spent(entry, chosen.case)
    except Unsupported as error:
        answer = {"kind": "unsupported", "reason": str(error)}
    except Exception as error:
        from suite.server import one_line

        answer = {"kind": "crashed", "reason": one_line(error)}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
