"""torch_broadcast on the CPU; and, on a GPU, the required backends against the same oracle."""

from __future__ import annotations

import pytest
import torch

from backends import Backend, find, load
from backends.tests import matrix

ON_A_GPU = ("torch_broadcast", "triton_tuned", "cupy_rawkernel", "numba_cuda")


def backend_of(name: str) -> Backend:
    (entry,) = find([name])
    for module in entry.requires:
        pytest.importorskip(module)
    return load(entry)


@pytest.mark.parametrize("layout", matrix.LAYOUTS)
@pytest.mark.parametrize("dtype", matrix.DTYPES)
def test_on_the_cpu(dtype: str, layout: str) -> None:
    backend = backend_of("torch_broadcast")
    for shape in matrix.SHAPES:
        case = matrix.operands(shape, dtype, layout)
        assert backend.bind(case.a, case.b, case.out, 0)() is case.out
        assert case.differences() == 0, shape


@pytest.mark.gpu
@pytest.mark.parametrize("layout", matrix.LAYOUTS)
@pytest.mark.parametrize("dtype", matrix.DTYPES)
@pytest.mark.parametrize("name", ON_A_GPU)
def test_on_the_gpu(name: str, dtype: str, layout: str, stream: torch.cuda.Stream) -> None:
    shapes = (*matrix.SHAPES, (1031, 517), (512, 4096))
    matrix.check_on_the_gpu(backend_of(name).bind, shapes, dtype, layout, stream)


@pytest.mark.gpu
@pytest.mark.parametrize("name", ON_A_GPU)
def test_a_captured_launch_reads_its_operands_anew(name: str, stream: torch.cuda.Stream) -> None:
    case = matrix.operands((70, 65), "float32", "contiguous", device="cuda")
    launch = backend_of(name).bind(case.a, case.b, case.out, stream.cuda_stream)
    case.check_replay(launch, stream)


@pytest.mark.gpu
@pytest.mark.parametrize("name", ON_A_GPU)
def test_a_launch_neither_allocates_nor_synchronises(name: str, stream: torch.cuda.Stream) -> None:
    case = matrix.operands((512, 512), "float32", "contiguous", device="cuda")
    launch = backend_of(name).bind(case.a, case.b, case.out, stream.cuda_stream)
    case.check_enqueues(launch, stream)


@pytest.mark.gpu
@pytest.mark.parametrize("layout", ["contiguous", "offset_by_one", "row_padded"])
@pytest.mark.parametrize("name", ON_A_GPU)
def test_more_elements_than_32_bits_count(name: str, layout: str, stream: torch.cuda.Stream) -> None:
    rows, cols = 65_538, 65_536 if layout == "row_padded" else 65_537
    pitch, offset = cols + 16 * (layout == "row_padded"), int(layout == "offset_by_one")
    count = rows * pitch + offset
    if torch.cuda.mem_get_info()[0] < 2.2 * 2 * count:
        pytest.skip(f"needs {2.2 * 2 * count / 2**30:.0f} GiB of free device memory")
    b = torch.ones(count, dtype=torch.float16, device="cuda").as_strided((rows, cols), (pitch, 1), offset)
    out = torch.zeros(count, dtype=torch.float16, device="cuda").as_strided((rows, cols), (pitch, 1), offset)
    a = (torch.arange(rows, device="cuda") % 251).half()
    backend_of(name).bind(a, b, out, stream.cuda_stream)()
    for begin in range(0, rows, 4096):
        block = slice(begin, begin + 4096)
        assert bool((out[block] == a[block, None]).all()), begin
