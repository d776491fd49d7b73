"""Is it right, and how fast: checks and measures the backends, and writes the record. Imports no array library itself.

The data flow of `tox -e bench`:

    cases ──► worker, a process that owns the device ──────────────────► record ──► reports/
                operands ─► gate       is C right, to the bit?
                operands ─► campaign   interleaved rounds of samples (timing), until statistics says enough

session/ asks the worker for one case after the other. The worker answers with outcomes and samples.
session/bench_throughput.py replays the samples into pytest-benchmark. The run is one pytest-benchmark JSON file, whose
extra_info is typed by record/.
"""

from pathlib import Path

ROOT = Path(__file__).parent.parent
"""The checkout: what git describes, where reports/ lies, and the folder that child processes start in."""

LOCAL = ROOT / "reports" / "local"
"""Where commands write what is not published."""
