"""The library of wrong kernels: what the judge must catch, and what it must not refuse.

Each is one candidate file of this folder, wrong or dishonest in one way. They show that a judge catches what it says
that it catches; nothing else runs them. Each stands alone, as others write such files. So what many share stands again
in each. No array library is imported to list them.
"""

from __future__ import annotations

from suite.check.mutants._broken import BROKEN
from suite.check.mutants._dishonest import DISHONEST
from suite.check.mutants._honest import HONEST, MEDDLERS
from suite.check.mutants._mutant import USUAL, Mutant
from suite.check.mutants._plain import PLAIN

MUTANTS: tuple[Mutant, ...] = (*PLAIN, *DISHONEST, *BROKEN)
"""Every file that must not end as right."""

__all__ = [
    "BROKEN",
    "DISHONEST",
    "HONEST",
    "MEDDLERS",
    "MUTANTS",
    "PLAIN",
    "USUAL",
    "Mutant",
]
