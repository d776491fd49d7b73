"""What a row of the library of wrong kernels says."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from suite.record.judgement import Check, JudgementVerdict

Device = Literal["any", "cpu", "cuda"]

USUAL = "64x160-float32-contiguous"
"""Id of the case in which a mutant is wrong where its row says nothing else."""

LATER: tuple[Check, ...] = ("probes", "repeats", "secret", "steady")
"""Every check after the gate that looks at C: each rejects whatever is wrong in every launch."""

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Mutant:
    """One candidate file that is wrong or dishonest in one way, or that must not be refused."""

    name: str  # of the file, without .py
    caught_by: Check | None  # the check that must catch it; None for a file that must end as right
    verdict: JudgementVerdict  # "right" beside a caught_by: right, and the judgement says for what it raises
    device: Device = "any"
    also: tuple[Check, ...] = ()  # what may catch it before or after; without all of these it survives
    wrong_in: str = USUAL  # a case id, or "strided_a" or "broadcast_a", in which its C is wrong

    @property
    def path(self) -> Path:
        """The candidate file."""
        return FOLDER / f"{self.name}.py"

    @property
    def what(self) -> str:
        """What the file does, in the one sentence of its docstring."""
        return ast.get_docstring(ast.parse(self.path.read_text(encoding="utf-8"))) or ""

    @property
    def meets(self) -> tuple[Check, ...]:
        """Every check that may catch it."""
        return (*((self.caught_by,) if self.caught_by else ()), *self.also)

    @property
    def runs_on_cpu(self) -> bool:
        """Whether a machine without a GPU can try it."""
        return self.device != "cuda"


def group(
    caught_by: Check | None,
    verdict: JudgementVerdict,
    *names: str,
    device: Device = "any",
    also: tuple[Check, ...] = (),
    wrong_in: str = USUAL,
) -> tuple[Mutant, ...]:
    """Rows that differ in nothing but their names."""
    others = tuple(dict.fromkeys(check for check in also if check != caught_by))
    return tuple(Mutant(name, caught_by, verdict, device, others, wrong_in) for name in names)
