"""The process that compute-sanitizer watches: one backend, a launch in each of CASES.

Every operand has device memory of its own, exactly as large as it is. So an access beyond it is one beyond what was
allocated. C is uninitialised and copied after its launch, so that an element never written is read.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

import backends
from suite.cases import Case
from suite.check import operands
from suite.record.measurement import Outcome
from suite.worker.failures import why
from suite.worker.process import die_with_parent

CASES = (
    Case(61, 61),
    Case(7, 1025),
    Case(129, 31, "bfloat16"),
    Case(33, 2049, "float16"),
    Case(67, 130, "float32", "row_padded"),
    Case(67, 130, "bfloat16", "column_major"),
    Case(61, 257, "float32", "offset_by_one"),
)
"""Small, for a launch takes up to a thousand times as long; no side is a power of two."""

SEED = 40_000

NO_CACHE = {"PYTORCH_NO_CUDA_MEMORY_CACHING": "1"}
"""The environment in which torch allocates each tensor by itself."""


def launch_all(entry: backends.Entry, answer: Path) -> None:
    """Launch, and write how many products were launched, or the Outcome of what failed, into `answer`."""
    launched = 0
    for case in CASES:
        if backends.why_unsupported(entry, case.dtype):
            continue
        try:
            _launch(entry, case)
        except backends.Unsupported:
            continue
        except Exception as error:
            kind, reason = why(error)
            failed = Outcome(backend=entry.name, case=case.id, kind=kind, reason=reason)
            answer.write_text(failed.model_dump_json(), encoding="utf-8")
            return
        launched += 1
    answer.write_text(json.dumps({"launches": launched}), encoding="utf-8")


def _launch(entry: backends.Entry, case: Case) -> None:
    """Bind and launch once, on a stream that is not the default one, when all tuners have chosen.

    To try a kernel they copy C as it is, which is no read of the kernel's.
    """
    made = operands.allocate(case, torch.device("cuda"))
    made.fill(SEED)
    a, b = _alone(made.a).copy_(made.a), _alone(made.b).copy_(made.b)
    out = _alone(made.out)
    torch.cuda.synchronize()
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream), torch.no_grad():
        backends.bind(entry, a, b, _alone(made.out).zero_(), stream.cuda_stream)()
        backends.bind(entry, a, b, out, stream.cuda_stream)().clone()
    torch.cuda.synchronize()


def _alone(view: torch.Tensor) -> torch.Tensor:
    """An uninitialised tensor laid out as the view is, without its guard bands."""
    offset = view.storage_offset() - operands.GUARD
    span = 1 + sum((side - 1) * stride for side, stride in zip(view.shape, view.stride(), strict=True))
    return view.new_empty(offset + span).as_strided(view.shape, view.stride(), offset)


if __name__ == "__main__":
    die_with_parent()  # a tool that is ended leaves what it watches
    launch_all(backends.find([sys.argv[1]])[0], Path(sys.argv[2]))
