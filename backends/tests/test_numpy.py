"""numpy_broadcast, on every layout."""

from __future__ import annotations

import pytest

from backends import bind, find
from backends.tests import matrix


@pytest.mark.parametrize("layout", matrix.LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float16", "float64"])
def test_products_are_rounded_once(dtype: str, layout: str) -> None:
    (entry,) = find(["numpy_broadcast"])
    for shape in matrix.SHAPES:
        case = matrix.operands(shape, dtype, layout)
        assert bind(entry, case.a, case.b, case.out)() is case.out
        assert case.differences() == 0, shape
