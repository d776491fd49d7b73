"""tox.ini as tox reads it: any path of the checkout will do, and the variables of the caches come through."""

from __future__ import annotations

import configparser
import tomllib
from fnmatch import fnmatch

import backends
from backends import _candidate as candidate
from suite import ROOT
from suite.worker.first_use import caches


def settings() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "tox.ini")
    return parser


def test_no_setting_holds_the_checkouts_path_which_may_have_a_space() -> None:
    """pip splits its variables there, and tox its commands."""
    tox = settings()
    paths = ("tox_root", "toxinidir", "env_dir", "work_dir")
    held = [
        (name, value) for name in tox for value in tox[name].values() if any(f"{{{path}}}" in value for path in paths)
    ]
    assert held == []
    assert "-c constraints.txt" in tox["testenv"]["install_command"]
    assert (ROOT / "constraints.txt").is_file()


def test_every_variable_that_cures_a_read_only_home_is_passed_on() -> None:
    passed = settings()["testenv"]["pass_env"].replace("\\", "").replace(",", " ").split()
    file = ROOT / "suite" / "check" / "mutants" / "honest_plain.py"
    wanted = {*caches(candidate.entry(file)), *(name for row in backends.CATALOGUE for name in row.caches)}
    wanted |= {
        "XDG_CACHE_HOME",
        "TORCH_EXTENSIONS_DIR",
        "TORCH_HOME",
        "JAX_PLATFORMS",
        "MAX_JOBS",
        "CUDAHOSTCXX",
        "USER",
    }
    wanted |= {"LC_ALL", "CUDA_VISIBLE_DEVICES", "CUDA_CACHE_PATH", "NVIDIA_VISIBLE_DEVICES", "DIAGBENCH_COMMIT"}
    assert [name for name in sorted(wanted) if not any(fnmatch(name, pattern) for pattern in passed)] == []


def test_the_pythons_that_tox_looks_for_are_those_that_are_supported() -> None:
    """Where none is found, tox names them in one line, instead of pip's ResolutionImpossible."""
    looked_for = settings()["testenv"]["base_python"].split()
    supported = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert looked_for == [supported, "python3.13", "python3.12", "python3.11"]
