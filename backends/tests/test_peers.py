"""The backends that a user would pick instead: the plain ones here, and on a GPU all of them, in every layout."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from types import SimpleNamespace

import numpy
import pytest
import torch

import backends
from backends import CATALOGUE, Entry, Unsupported, find, missing, torch_diag_matmul
from backends.tests import matrix

PEERS = ("torch_compile", "cublas_dgmm", "cupy_broadcast", "torch_diag_matmul")
IN_PLACE = ("torch_compile", "cublas_dgmm", "cupy_broadcast")
"""Those that neither allocate nor run on streams of their own."""


def ordinary(shape: tuple[int, int], dtype: str, layout: str, device: str = "cpu") -> matrix.Operands:
    """Operands without special values, whose products are normal numbers."""
    case = matrix.operands(shape, dtype, layout, device)
    for storage in case.storages[:2]:
        storage.uniform_(0.5, 2.0)
    return case


@pytest.mark.parametrize("dtype", matrix.DTYPES)
@pytest.mark.parametrize("layout", matrix.LAYOUTS)
def test_a_diagonal_matrix_gives_the_product_to_the_bit(layout: str, dtype: str) -> None:
    for shape in matrix.SHAPES:
        case = ordinary(shape, dtype, layout)
        assert torch_diag_matmul.bind(case.a, case.b, case.out, 0)() is case.out
        assert case.differences() == 0, shape


def test_a_diagonal_matrix_is_built_from_what_a_holds_at_the_launch() -> None:
    case = ordinary((16, 64), "float32", "contiguous")
    launch = torch_diag_matmul.bind(case.a, case.b, case.out, 0)
    case.a.mul_(3)
    launch()
    assert case.differences() == 0


def test_a_diagonal_matrix_has_its_limit() -> None:
    rows = torch_diag_matmul.LARGEST
    torch_diag_matmul.bind(torch.ones(rows), torch.ones(rows, 1), torch.ones(rows, 1), 0)
    with pytest.raises(Unsupported, match=f"{rows} rows"):
        torch_diag_matmul.bind(torch.ones(rows + 1), torch.ones(rows + 1, 1), torch.ones(rows + 1, 1), 0)


@pytest.fixture
def tf32() -> Iterator[None]:
    before = torch.backends.cuda.matmul.fp32_precision
    torch.backends.cuda.matmul.fp32_precision = "tf32"
    yield
    torch.backends.cuda.matmul.fp32_precision = before


@pytest.mark.usefixtures("tf32")
def test_tf32_is_refused_where_it_would_round() -> None:
    for dtype, refused in (("float32", True), ("float64", False), ("bfloat16", False)):
        case = ordinary((4, 4), dtype, "contiguous")
        if refused:
            with pytest.raises(Unsupported, match="TF32"):
                torch_diag_matmul.bind(case.a, case.b, case.out, 0)
        else:
            torch_diag_matmul.bind(case.a, case.b, case.out, 0)()
            assert case.differences() == 0


def test_cupy_multiplies_in_place_on_the_stream_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """With numpy in CuPy's place, and a stream that notes what happens while it is the current one."""
    cupy_broadcast = pytest.importorskip("backends.cupy_broadcast")
    streams: list[int] = []

    class Stream:
        def __init__(self, handle: int) -> None:
            self.handle = handle

        @classmethod
        def from_external(cls, raw: object) -> Stream:
            return cls(raw.__cuda_stream__()[1])  # type: ignore[attr-defined]

        def __enter__(self) -> None:
            streams.append(self.handle)

        def __exit__(self, *raised: object) -> None:
            streams.append(0)

    def multiply(column: numpy.ndarray, matrix: numpy.ndarray, out: numpy.ndarray) -> None:
        assert streams[-1] == 0x1000
        numpy.multiply(column, matrix, out=out)

    fake = SimpleNamespace(
        asarray=lambda tensor: tensor.numpy(),
        multiply=multiply,
        cuda=SimpleNamespace(Stream=Stream, Device=nullcontext),
    )
    monkeypatch.setattr(cupy_broadcast, "cupy", fake)
    monkeypatch.setattr(cupy_broadcast, "_COMPILED", set())
    for layout in matrix.LAYOUTS:
        case = ordinary((70, 65), "float32", layout)
        launch = cupy_broadcast.bind(case.a, case.b, case.out, 0x1000)
        for storage in case.storages[:2]:
            storage.mul_(2)
        assert launch() is case.out
        assert case.differences() == 0
        streams.clear()
        cupy_broadcast.bind(case.a, case.b, case.out, 0x1000)
        assert streams == []  # no launch where it has compiled already


def test_what_departs_says_so() -> None:
    for entry in CATALOGUE:
        assert bool(entry.exempt or entry.own_stream) <= bool(entry.caveat), entry.name


def here(name: str) -> Entry:
    (entry,) = find([name])
    if missing(entry):
        pytest.skip(f"{' and '.join(missing(entry))} not installed")
    return entry


@pytest.mark.gpu
@pytest.mark.parametrize("layout", matrix.LAYOUTS)
@pytest.mark.parametrize("dtype", matrix.DTYPES)
@pytest.mark.parametrize("name", PEERS)
def test_on_the_gpu(name: str, dtype: str, layout: str, stream: torch.cuda.Stream) -> None:
    entry = here(name)
    if dtype not in entry.dtypes:
        pytest.skip(f"takes {', '.join(entry.dtypes)}")
    make = ordinary if entry.exempt else matrix.operands
    for shape in ((0, 5), (1, 1), (1, 40), (33, 1), (5, 37), (300, 9), (517, 1031)):
        case = make(shape, dtype, layout, device="cuda")
        try:
            launch = backends.bind(entry, case.a, case.b, case.out, stream.cuda_stream)
        except Unsupported:
            assert name == "cublas_dgmm"
            assert layout in ("every_other", "transposed", "expanded")
            continue
        assert launch() is case.out
        stream.synchronize()
        assert case.differences() == 0, shape
        assert name != "torch_compile" or case.out.numel() == 0 or "BLOCK" in getattr(launch, "form", "")


@pytest.mark.gpu
@pytest.mark.parametrize("name", PEERS)
def test_a_captured_launch_reads_its_operands_anew(name: str, stream: torch.cuda.Stream) -> None:
    case = ordinary((70, 65), "float32", "contiguous", device="cuda")
    launch = backends.bind(here(name), case.a, case.b, case.out, stream.cuda_stream)
    case.check_replay(launch, stream)


@pytest.mark.gpu
@pytest.mark.parametrize("name", IN_PLACE)
def test_a_launch_neither_allocates_nor_synchronises(name: str, stream: torch.cuda.Stream) -> None:
    case = ordinary((512, 512), "float32", "contiguous", device="cuda")
    launch = backends.bind(here(name), case.a, case.b, case.out, stream.cuda_stream)
    case.check_enqueues(launch, stream)


@pytest.mark.gpu
@pytest.mark.parametrize("stride", [1, 3])
def test_cublas_gathers_a_with_its_stride(stride: int, stream: torch.cuda.Stream) -> None:
    for layout in ("row_padded", "column_padded"):
        case = ordinary((9, 4), "float32", layout, device="cuda")
        a = torch.rand(1 + 8 * stride, device="cuda").as_strided((9,), (stride,))
        backends.bind(here("cublas_dgmm"), a, case.b, case.out, stream.cuda_stream)()
        stream.synchronize()
        assert matrix.mismatches(case.out.contiguous(), matrix.oracle(a, case.b)) == 0


@pytest.mark.gpu
def test_cupy_flushes_float32_subnormals_as_its_entry_says(stream: torch.cuda.Stream) -> None:
    """And float16 none, whose subnormals are normal in float32; where this fails, the exemption can go."""
    entry = here("cupy_broadcast")
    for dtype, flushed in ((torch.float32, True), (torch.float16, False), (torch.float64, False)):
        tiny = torch.finfo(dtype).smallest_normal
        a, b = torch.full((4,), tiny, dtype=dtype, device="cuda"), torch.full((4, 4), 0.5, dtype=dtype, device="cuda")
        c = backends.bind(entry, a, b, torch.ones_like(b), stream.cuda_stream)()
        stream.synchronize()
        assert bool((c == 0).all()) is flushed, dtype


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_jax_on_the_gpu(dtype: str, stream: torch.cuda.Stream) -> None:
    entry = here("jax_jit")
    case = matrix.operands((512, 384), dtype, "contiguous", device="cuda")
    launch = backends.bind(entry, case.a, case.b, case.out, stream.cuda_stream)
    for _ in range(2):
        case.b.neg_()
        torch.cuda.synchronize()
        c = launch()
        torch.cuda.synchronize()
        assert matrix.mismatches(c, matrix.oracle(case.a, case.b)) == 0
