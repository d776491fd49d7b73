"""What a candidate's compiler made of its kernel, where the file says what it would launch: by `plan` or `compile_for`.

The candidate's process compiles; the judge reads the cubin. A file without either function has no such evidence here.
"""

from __future__ import annotations

from typing import Any

from backends import Compiled as Made
from suite.cases import Case
from suite.evidence import cubin
from suite.evidence.devices import RTX_4090, Capability
from suite.evidence.occupancy import UnknownCapability
from suite.judge.process import Ended
from suite.judge.trial import Bench, Raised
from suite.record.compiled import Compiled
from suite.record.machine import Machine


def compiled(bench: Bench, case: Case, machine: Machine) -> tuple[list[Compiled], str]:
    """What was made for this device and for sm_89, and why something is not there."""
    if case.layout != "contiguous" or not case.rows * case.cols:
        return [], ""
    wanted: dict[Capability, int] = {RTX_4090.capability: RTX_4090.sm_count}
    if machine.compute_capability is not None and machine.sm_count is not None:
        wanted[machine.compute_capability] = machine.sm_count
    found: list[Compiled] = []
    for capability, sms in wanted.items():
        try:
            answer = bench.ask(
                "compiled",
                bench.candidate.limits.bind_s,
                rows=case.rows,
                cols=case.cols,
                dtype=case.dtype,
                capability=capability,
            )
            if not answer:
                return [], ""
            found.append(cubin.read(_made(answer), bench.entry.name, case, capability, sms))
        except (Raised, Ended, ValueError, TypeError, KeyError, cubin.MissingTool, cubin.Unreadable) as error:
            return found, f"no compiled evidence: {' '.join(str(error).split())[:150]}"
        except UnknownCapability as error:
            return found, str(error)
    return found, ""


def _made(answer: dict[str, Any]) -> Made:
    """The answer as the catalogue's type; what a candidate's process says of itself is only read, never run."""
    grid, block = (tuple(int(side) for side in answer[name]) for name in ("grid", "block"))
    return Made(
        cubin=bytes.fromhex(answer["cubin"]),
        kernel=str(answer["kernel"]),
        grid=(grid[0], grid[1], grid[2]),
        block=(block[0], block[1], block[2]),
        dynamic_shared_bytes=int(answer["dynamic_shared_bytes"]),
        config=str(answer["config"])[:200],
    )
