"""A device that was never measured: PREDICTED from compiled kernels for an RTX 4090, not known for any other."""

from pathlib import Path
from typing import Any

import pytest

from reports.answers.answer import Answer
from reports.answers.called import Called, Question
from reports.answers.condense import evidence
from reports.answers.select import answer
from reports.answers.words import text
from reports.tests import factory
from suite.cases import Case

LARGE = Case(8192, 8192)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    own: dict[str, Any] = {"compute_capability": [9, 0], "sm_count": 132}
    slow: dict[str, Any] = {"global_load_bits": {"32": 1}, "warps_per_block": 1, "blocks_per_sm": 1}
    kernels = [
        factory.compiled(),
        factory.compiled("cupy_rawkernel", **slow),
        factory.compiled("triton_baseline_mended"),
        factory.compiled(**own),
        factory.compiled("triton_baseline_mended", **own, **slow),
    ]
    factory.write(tmp_path, factory.run(compiled=kernels))
    return tmp_path


def ask(data: Path, device: str, case: Case = LARGE, called: Called = "graph-cold") -> Answer:
    return answer(evidence(data), Question(case, called), device)


@pytest.mark.parametrize("device", ["RTX 4090", "NVIDIA GeForce RTX 4090", "rtx4090", "sm_89"])
def test_an_rtx_4090_is_predicted_and_said_to_be(device: str, data: Path) -> None:
    reply = ask(data, device)
    assert (reply.status, reply.exit_code, reply.device) == ("predicted", 4, "NVIDIA GeForce RTX 4090")
    assert (reply.backend, reply.tied, reply.seconds, reply.runs) == ("triton_tuned", (), None, ())
    assert reply.predicted_s is not None
    assert reply.bound_s is not None
    assert reply.bound_s == pytest.approx(LARGE.bytes_moved / 1008e9)
    assert reply.bound_s < reply.predicted_s[0]
    assert "PREDICTED" in text(reply)
    assert len(text(reply).splitlines()) <= 6


def test_the_model_s_error_is_of_backends_that_may_be_chosen(data: Path) -> None:
    low, high = ask(data, "RTX 4090").model_errors["NVIDIA H100 80GB HBM3"]
    assert -0.2 < low <= high < 0.2  # that of the untuned tile is larger by far


@pytest.mark.parametrize(
    ("case", "called"),
    [
        (Case(64, 64), "graph-cold"),
        (Case(8192, 8192), "once"),
        (Case(8192, 8192), "graph-hot"),
        (Case(8192, 8192, "float16"), "graph-cold"),
        (Case(8192, 8192, "float32", "row_padded"), "graph-cold"),
    ],
)
def test_where_the_model_has_no_word_it_is_not_known(case: Case, called: Called, data: Path) -> None:
    reply = ask(data, "RTX 4090", case, called)
    assert (reply.status, reply.backend, reply.predicted_s) == ("unknown", "", None)


@pytest.mark.parametrize("device", ["RTX 4090 Laptop", "RTX 4080", "RTX 4090 D", "sm_90"])
def test_any_other_device_is_not_known(device: str, data: Path) -> None:
    reply = ask(data, device)
    assert (reply.status, reply.device) == ("unknown", device)
    assert reply.nearest == ("NVIDIA H100 80GB HBM3",)
    assert "nearest measured: NVIDIA H100 80GB HBM3" in text(reply)
    assert (reply.backend, reply.seconds, reply.worst, reply.share, reply.tied) == ("", None, None, None, ())


def test_a_measured_rtx_4090_is_not_predicted(data: Path) -> None:
    factory.write(data, factory.run(factory.ADA))
    assert ask(data, "RTX 4090", Case(4096, 4096)).status == "measured"
