"""The one filter for foreign text: names of files and GPUs, messages of exceptions; and how a share is written."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

UNSHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # what a terminal obeys and XML forbids
    "\u2028-\u202e\u2066-\u2069"  # line breaks of Unicode's own, and what turns the direction of writing
    "\ud800-\udfff\ufffe\uffff]"  # what UTF-8 cannot write, or XML hold
)
REPLACEMENT = "\ufffd"

LONGEST = 20_000
"""Characters. The longest text of a published record has under 3,000."""

MESSAGE = 600
"""Characters of a refusal: its beginning says what, its end why."""

NAME = 80
"""Characters of what somebody typed, where it is said back."""


def clean(text: str) -> str:
    """The text with everything replaced that no terminal, page or file should be given, and cut where it is endless."""
    if len(text) > LONGEST:
        text = text[:LONGEST] + "…"
    return UNSHOWN.sub(REPLACEMENT, text)


def one_line(text: str, longest: int = LONGEST) -> str:
    """The cleaned text without line breaks; where it is longer than that, its middle is left out."""
    if len(text) > longest:
        text = f"{text[: longest * 2 // 3]} … {text[-longest // 3 :]}"
    return " ".join(clean(text.replace("\r", "\n")).split())


def percent(share: float, decimals: int = 1, sign: str = "") -> str:
    """A share, 1 being the whole, in percent: 99.6 %; sign: "+" to write that of a gain too."""
    return f"{100 * share:{sign}.{decimals}f} %"


def console(columns: int | None = None, **options: Any) -> Console:
    """A Console that shows foreign text as it is: a path may hold [/x] or :bug:.

    columns: its width where standard output is no terminal.
    """
    from rich.console import Console

    width = None if sys.stdout is not None and sys.stdout.isatty() else columns
    return Console(markup=False, emoji=False, **{"width": width} | options)
