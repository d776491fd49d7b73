"""How cublas_dgmm calls cuBLAS: against a library with its entry points and semantics that works on host memory."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from backends import Unsupported, cublas_dgmm
from backends.tests import matrix

SOURCE = Path(__file__).with_name("host_cublas.cpp")
SUPPORTED = ("contiguous", "row_padded", "column_major", "column_padded", "offset_by_one", "unlike_offsets")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("g++") is None:
        pytest.skip("no g++")
    library = tmp_path_factory.mktemp("cublas") / "libcublas.so.99"
    subprocess.run(["g++", "-std=c++17", "-O1", "-shared", "-fPIC", SOURCE, "-o", library], check=True)
    return library


@pytest.fixture
def library(built: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ctypes.CDLL]:
    """The host library in cuBLAS's place, found as cuBLAS is: by the soname of torch's major version of CUDA."""
    load = ctypes.CDLL
    monkeypatch.setattr(torch.version, "cuda", "99.1")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: load(str(built) if name == built.name else name))
    cached = (cublas_dgmm.library, cublas_dgmm.handle_of)
    for function in cached:
        function.cache_clear()
    host = cublas_dgmm.library()
    host.fail_with(0)
    host.stream_used.restype = ctypes.c_void_p
    yield host
    for function in cached:
        function.cache_clear()


@pytest.mark.parametrize("layout", SUPPORTED)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_layout_that_cublas_can_address(dtype: str, layout: str, library: ctypes.CDLL) -> None:
    for shape in matrix.SHAPES:
        case = matrix.operands(shape, dtype, layout)
        assert cublas_dgmm.bind(case.a, case.b, case.out, 0)() is case.out
        assert case.differences() == 0, shape


@pytest.mark.parametrize("layout", sorted(set(matrix.LAYOUTS) - set(SUPPORTED)))
def test_any_other_layout_is_refused(layout: str, library: ctypes.CDLL) -> None:
    case = matrix.operands((70, 65), "float32", layout)
    with pytest.raises(Unsupported, match="cuBLAS"):
        cublas_dgmm.bind(case.a, case.b, case.out, 0)
    assert bool((case.storages[2] == matrix.POISON).all())


@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("layout", ["row_padded", "column_padded"])
def test_a_with_a_stride(stride: int, layout: str, library: ctypes.CDLL) -> None:
    case = matrix.operands((9, 4), "float64", layout)
    a = torch.rand(1 + 8 * stride, dtype=torch.float64).as_strided((9,), (stride,))
    cublas_dgmm.bind(a, case.b, case.out, 0)()
    assert matrix.mismatches(case.out.contiguous(), matrix.oracle(a, case.b)) == 0


def test_a_of_one_element_repeated_is_refused(library: ctypes.CDLL) -> None:
    case = matrix.operands((9, 4), "float32", "contiguous")
    with pytest.raises(Unsupported, match="one and the same"):
        cublas_dgmm.bind(case.a[:1].expand(9), case.b, case.out, 0)


def test_each_launch_is_on_its_own_stream_whatever_was_bound_since(library: ctypes.CDLL) -> None:
    case = matrix.operands((4, 4), "float32", "contiguous")
    first, second = (cublas_dgmm.bind(case.a, case.b, case.out, stream) for stream in (0x1000, 0x2000))
    for launch, stream in ((first, 0x1000), (second, 0x2000), (first, 0x1000)):
        launch()
        assert library.stream_used() == stream


def test_a_status_is_an_error_in_cublas_s_words(library: ctypes.CDLL) -> None:
    case = matrix.operands((4, 4), "float32", "contiguous")
    launch = cublas_dgmm.bind(case.a, case.b, case.out, 0)
    library.fail_with(13)
    with pytest.raises(cublas_dgmm.CublasError, match=r"^cublasSdgmm_64 returned status 13: the execution failed$"):
        launch()


def test_a_library_that_is_not_there_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", "98.0")
    cublas_dgmm.library.cache_clear()
    case = matrix.operands((4, 4), "float32", "contiguous")
    with pytest.raises(Unsupported, match=r"libcublas\.so\.98"):
        cublas_dgmm.bind(case.a, case.b, case.out, 0)


def test_operands_outlive_their_names(library: ctypes.CDLL) -> None:
    case = matrix.operands((4, 4), "float32", "contiguous")
    launch = cublas_dgmm.bind(case.a.clone(), case.b.clone(), case.out, 0)
    assert torch.equal(launch.operands[1].nan_to_num(), case.b.nan_to_num())  # type: ignore[attr-defined]
