"""The one filter for foreign text: file names, messages of exceptions, names of CPUs and GPUs, git's words."""

from __future__ import annotations

import re

UNSHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # what a terminal obeys and XML forbids
    "\u2028-\u202e\u2066-\u2069"  # line breaks of Unicode's own, and what turns the direction of writing
    "\ud800-\udfff\ufffe\uffff]"  # what UTF-8 cannot write, or XML hold
)
REPLACEMENT = "\ufffd"

LONGEST = 20_000
"""Characters. The longest text of a published record has under 3,000."""


def clean(text: str) -> str:
    """The text with everything replaced that no terminal, page or file should be given, and cut where it is endless."""
    if len(text) > LONGEST:
        text = text[:LONGEST] + "…"
    return UNSHOWN.sub(REPLACEMENT, text)


def one_line(text: str) -> str:
    """The cleaned text without line breaks."""
    return " ".join(clean(text.replace("\r", "\n")).split())
