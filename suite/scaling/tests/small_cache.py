"""The command on a CPU whose last cache holds 1 MiB, so that a few operand sets are cold, whatever CPU is here."""

from __future__ import annotations

import sys

from suite.device import machine
from suite.scaling.__main__ import main

if __name__ == "__main__":
    machine.last_level_cache_bytes = lambda: 1 << 20
    sys.exit(main())
