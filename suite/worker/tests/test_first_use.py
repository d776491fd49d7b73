"""First uses that really happen, on the CPU; and what becomes of those that do not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from backends import _candidate as candidate
from backends import find
from suite.cases import Case
from suite.record.measurement import Outcome
from suite.record.run import FirstUse
from suite.worker.first_use import caches, first_use

CASE = Case(33, 17)
ROOT = Path(__file__).parents[3]
FILES = Path(__file__).parent / "candidates"


@pytest.fixture(autouse=True)
def _on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def test_a_compiling_backend_spends_its_first_use_importing_and_compiling() -> None:
    pytest.importorskip("numba")
    found = first_use(find(["numba_cpu"])[0], CASE)
    assert isinstance(found, FirstUse)
    assert (found.backend, found.case) == ("numba_cpu", CASE.id)
    assert found.import_s > 0.05
    assert found.bind_s > 0.05
    assert found.warm_bind_s > 0
    assert found.launch_s < found.bind_s


def test_torch_itself_is_no_part_of_a_first_use() -> None:
    found = first_use(find(["torch_broadcast"])[0], CASE)
    assert isinstance(found, FirstUse)
    assert found.import_s + found.bind_s < 0.5


@pytest.mark.parametrize(
    ("name", "timeout_s", "kind", "said"),
    [
        ("refuses", 60, "unsupported", "prime side"),
        ("raises_in_bind", 60, "crashed", "no such kernel"),
        ("segfaults", 60, "crashed", "SIGSEGV"),
        ("hangs", 1, "timeout", "1 s"),
        ("ends_in_bind", 60, "crashed", "exit code 3"),
    ],
)
def test_what_gets_to_no_product_is_an_outcome(name: str, timeout_s: float, kind: str, said: str) -> None:
    found = first_use(candidate.entry(FILES / f"{name}.py"), CASE, timeout_s)
    assert isinstance(found, Outcome)
    assert (found.backend, found.case, found.kind) == (name, CASE.id, kind)
    assert said in found.reason
    assert "\n" not in found.reason


def test_both_processes_share_caches_that_were_empty(tmp_path: Path) -> None:
    """By a candidate that notes which of its caches exist, and then makes them all."""
    seen = tmp_path / "seen"
    file = tmp_path / "compiles.py"
    file.write_text("def bind(a, b, out, stream): ...")
    variables = caches(candidate.entry(file))
    assert len(variables) > 1
    file.write_text(
        "import os, pathlib, torch\n"
        "def bind(a, b, out, stream):\n"
        f"    folders = [pathlib.Path(os.environ[name]) for name in {variables}]\n"
        f"    with open({str(seen)!r}, 'a') as log:\n"
        "        print(*folders, sum(folder.exists() for folder in folders), sep='|', file=log)\n"
        "    for folder in folders:\n"
        "        folder.mkdir(exist_ok=True)\n"
        "    return lambda: torch.mul(a[:, None], b, out=out)\n"
    )
    assert isinstance(first_use(candidate.entry(file), CASE), FirstUse)
    cold, warm = (line.split("|") for line in seen.read_text().splitlines())
    assert cold[:-1] == warm[:-1]
    assert len(set(cold[:-1])) == len(variables)
    assert (int(cold[-1]), int(warm[-1])) == (0, len(variables))
    assert not any(os.path.exists(folder) for folder in cold[:-1])


def test_every_first_use_has_a_process_of_its_own(tmp_path: Path) -> None:
    """By a candidate that notes its process, what torch has touched there, and how long the process has lived."""
    seen = tmp_path / "seen"
    file = tmp_path / "notes.py"
    file.write_text(
        "import os, sys, torch\n"
        "def bind(a, b, out, stream):\n"
        f"    with open({str(seen)!r}, 'a') as log:\n"
        "        print(os.getpid(), torch.cuda._is_in_bad_fork(), 'pytest' in sys.modules, file=log)\n"
        "    return lambda: torch.mul(a[:, None], b, out=out)\n"
    )
    for _ in range(2):
        assert isinstance(first_use(candidate.entry(file), CASE), FirstUse)
    notes = [line.split() for line in seen.read_text().splitlines()]
    assert len({process for process, *_ in notes}) == 4
    assert {bad_fork for _, bad_fork, _ in notes} == {"False"}
    assert {has_pytest for *_, has_pytest in notes} == {"False"}


@pytest.mark.gpu
def test_a_first_use_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    cold = first_use(find(["triton_tuned"])[0], Case(256, 256))
    assert isinstance(cold, FirstUse)
    assert cold.warm_bind_s < cold.bind_s


def test_the_parent_imports_no_array_library() -> None:
    script = "import sys, suite.worker.first_use; print({'torch', 'triton', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
