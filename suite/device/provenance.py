"""Which code is running: its commit, whether the tree is as committed, the libraries' versions. No array library."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
from collections.abc import Mapping
from functools import cache

import backends
from suite import ROOT
from suite.text import one_line

COMMIT = re.compile("[0-9a-f]{7,64}")

MEASURING = ("numpy", "pytest_benchmark")
"""What measures, beside what the backends require; import names."""


def versions() -> dict[str, str]:
    """Distribution -> version, as pip spells them, of all installed ones that the catalogue's backends come from."""
    modules = [*(name for entry in backends.CATALOGUE for name in entry.requires), *MEASURING]
    names = [name for module in modules for name in _distributions().get(module, ())]
    names += [name for entry in backends.CATALOGUE for name in entry.distributions if _is_installed(name)]
    return {name: importlib.metadata.version(name) for name in dict.fromkeys(names)}


@cache
def _distributions() -> Mapping[str, list[str]]:
    """Import name -> the distributions that bring it; asked once, since it reads every installed one (0.15 s)."""
    return importlib.metadata.packages_distributions()


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def commit() -> str:
    """The checked-out commit; DIAGBENCH_COMMIT where git has no answer; "unknown" without either, or if it is none.

    It becomes part of a file's name, and of a record that says what to check out.
    """
    found = _git("rev-parse", "HEAD") or os.environ.get("DIAGBENCH_COMMIT", "")
    return found if COMMIT.fullmatch(found) else "unknown"


def tree_clean() -> bool | None:
    """Whether every tracked file is as committed and nothing is untracked; None where git knows no commit."""
    return _git("status", "--porcelain") == "" if _git("rev-parse", "HEAD") else None


def why_unknown() -> str:
    """Why git names no commit here, in its own words: it is not installed, the checkout is another user's, ..."""
    done = _asked_git("rev-parse", "HEAD")
    if isinstance(done, OSError):
        return f"git cannot be run: {done.strerror}"
    return one_line(done.stderr.partition("\n")[0]) if done.returncode else "git names no commit"


def _git(*arguments: str) -> str | None:
    done = _asked_git(*arguments)
    return None if isinstance(done, OSError) or done.returncode else done.stdout.strip()


def _asked_git(*arguments: str) -> subprocess.CompletedProcess[str] | OSError:
    try:
        return subprocess.run(
            ("git", *arguments), cwd=ROOT, capture_output=True, text=True, errors="replace", check=False
        )
    except OSError as error:
        return error
