"""What can be said of one contender's time against another's."""

from __future__ import annotations

from typing import Literal

Verdict = Literal["FASTER", "SLOWER", "SAME", "UNDECIDED"]
"""FASTER, SLOWER: by more than the margin δ. SAME: by no more than δ. UNDECIDED: the data cannot tell."""
