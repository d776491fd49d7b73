"""Which code is running: its commit, whether the tree is as committed, the libraries' versions. No array library."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess

from suite import ROOT

LIBRARIES = (
    *("torch", "triton", "cupy-cuda13x", "cupy-cuda12x", "numba", "numba-cuda", "jax", "helion", "nvidia-cutlass-dsl"),
    *("warp-lang", "numpy", "pytest-benchmark"),
)


def versions() -> dict[str, str]:
    """Library -> version, of those that are installed."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """The checked-out commit; DIAGBENCH_COMMIT where git has no answer; "unknown" without either."""
    return _git("rev-parse", "HEAD") or os.environ.get("DIAGBENCH_COMMIT") or "unknown"


def tree_clean() -> bool | None:
    """Whether every tracked file is as committed and nothing is untracked; None where git knows no commit."""
    return _git("status", "--porcelain") == "" if _git("rev-parse", "HEAD") else None


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(("git", *arguments), cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
