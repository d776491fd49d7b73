"""A candidate's file is read and run as Python would, and of what lies beside it only what it names is opened."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

import backends
from backends import UnknownBackend
from backends import _candidate as candidate

BIND = """
def bind(a, b, out, stream):
    return lambda: torch.mul(a[:, None], b, out=out)
"""
CLASS = "class ModelNew(torch.nn.Module):\n    def forward(self, A, B):\n        return A[:, None] * B\n"


@pytest.fixture(autouse=True)
def _as_before(tmp_path: Path) -> Iterator[None]:
    path, modules = [*sys.path], {*sys.modules}
    yield
    sys.path[:] = path
    for name in {*sys.modules} - modules:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def right(file: Path) -> bool:
    """Whether the file's C is right, once it is loaded as an entry."""
    a, b = torch.arange(3.0), torch.ones(3, 5)
    launch = backends.bind(candidate.entry(file), a, b, torch.empty(3, 5))
    return torch.equal(launch(), a[:, None] * b)


def indented(text: str, by: str = "    ") -> str:
    return "".join(f"{by}{line}\n" for line in text.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        "import torch\nif torch:\n" + indented(BIND),
        "try:\n    import torch\nexcept ImportError:\n    pass\nelse:\n" + indented(CLASS),
        "import torch\nmatch 1:\n    case 1:\n" + indented(CLASS, " " * 8),
        "import torch\nfrom typing import Any\n" + BIND.replace("bind", "_made") + "bind: Any = _made\n",
        "import torch\nfrom typing import Any\n" + CLASS.replace("ModelNew", "Model") + "ModelNew: Any = Model\n",
        '"""C = \\diag(A) B."""\nimport torch\n' + BIND,
        "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom typing import ClassVar\n"
        "import torch\n@dataclass\nclass Config:\n    x: int = 3\n    many: ClassVar[int] = 2\n" + BIND,
        "import sys, torch\nassert sys.modules[__name__].__file__ == __file__\n" + BIND,
        "import torch\ndef forward(x):\n    return x\ndef mine(A, B):\n    return A[:, None] * B\n",
    ],
    ids=["if", "try", "match", "bind: Any", "ModelNew: Any", "backslash", "dataclass", "sys.modules", "plain"],
)
def test_a_file_is_run_as_python_would(text: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(text)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert right(tmp_path / "mine.py")


@pytest.mark.parametrize("start", ["import torch\nfrom beside import *\n", "import beside\nbind = beside.bind\n"])
def test_a_file_may_import_what_lies_beside_it(start: str, tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text(f"import torch\n{BIND}")
    (tmp_path / "mine.py").write_text(start)
    assert right(tmp_path / "mine.py")


def test_no_file_takes_the_place_of_a_library(tmp_path: Path) -> None:
    """A folder of candidates has a triton.py among them."""
    for name in ("select.py", "colorsys.py", "triton.py"):
        (tmp_path / name).write_text("raise AssertionError('of this folder')\n")
    (tmp_path / "colorsys.py").write_text(f"import torch\n{BIND}")
    (tmp_path / "mine.py").write_text(f"import select, torch\n{BIND}")
    assert right(tmp_path / "colorsys.py")
    assert right(tmp_path / "mine.py")
    assert "colorsys" not in sys.modules or not str(sys.modules["colorsys"].__file__).startswith(str(tmp_path))


def test_a_file_as_old_and_as_long_as_another_is_not_taken_for_it(tmp_path: Path) -> None:
    for number in (1, 2):
        file = tmp_path / "mine.py"
        file.write_text(f"import torch\nNUMBER = {number}\n{BIND}")
        os.utime(file, (1e9, 1e9))
        candidate.load.cache_clear()
        assert number == candidate.load(str(file)).NUMBER  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "text", ["if not torch:\n" + indented(BIND), "from beside import *\n", "def mine(A, B): 0\ndel mine\n"]
)
def test_what_is_not_there_once_the_file_has_run_is_said(text: str, tmp_path: Path) -> None:
    (tmp_path / "beside.py").touch()
    (tmp_path / "mine.py").write_text(f"import torch\n{text}")
    entry = candidate.entry(tmp_path / "mine.py")
    with pytest.raises(UnknownBackend, match="neither bind"):
        backends.load(entry)


def test_a_file_that_raises_is_no_module(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(f"import torch\n{BIND}\nraise SystemExit(3)\n")
    with pytest.raises(SystemExit):
        backends.load(candidate.entry(tmp_path / "mine.py"))
    assert "mine" not in sys.modules


ODD: dict[str, Callable[[Path], object]] = {
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "an editor's lock": lambda path: path.symlink_to("somebody@host.4711"),
    "3 GB": lambda path: path.touch() or os.truncate(path, 3 << 30),  # type: ignore[func-returns-value]
    "endless": lambda path: path.symlink_to("/dev/zero"),
    "unreadable": lambda path: path.touch(mode=0),
}


@pytest.mark.parametrize("kind", ODD)
def test_what_lies_beside_a_file_is_no_hindrance(kind: str, tmp_path: Path) -> None:
    for name in ("data.h", "kernel.cu", ".#mine.py"):
        ODD[kind](tmp_path / name)
    text = f"import torch\nNAMED = 'data.h', 'kernel.cu'\n{BIND}".encode()
    (tmp_path / "mine.py").write_bytes(text)
    found = candidate.sources(str(tmp_path / "mine.py"))
    assert [content for content in found if content] == [text]
    assert right(tmp_path / "mine.py")


@pytest.mark.parametrize("kind", [kind for kind in ODD if kind != "unreadable"])
def test_a_candidate_that_is_no_file_is_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    ODD[kind](tmp_path / "mine.py")
    with pytest.raises(UnknownBackend, match=r"candidate .*mine\.py: ") as caught:
        candidate.entry(tmp_path / "mine.py")
    assert len(str(caught.value).splitlines()) == 1


def test_what_a_candidate_names_is_read_and_nothing_else(tmp_path: Path) -> None:
    package = tmp_path / "parts"
    package.mkdir()
    texts = {
        "mine.py": "import helper\nfrom parts import tile\nSOURCE = 'scale.cu'\n",
        "helper.py": "import mine\n",
        "scale.cu": '#include "scale.cuh"\n',
        "scale.cuh": "// the kernel\n",
        "parts/__init__.py": "# of the package\n",
        "parts/tile.py": "TILE = 4\n",
        "unrelated.py": "raise SystemExit\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    read = {content.decode() for content in candidate.sources(str(tmp_path / "mine.py"))}
    assert read == {text for name, text in texts.items() if name != "unrelated.py"}
