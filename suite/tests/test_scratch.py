"""What a killed process leaves is taken away by the next one, and what a living one uses is not."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest

from suite.scratch import PREFIX, SETTLED_S, Scratch, require_home


def left(place: Path, name: str, age_s: float) -> Path:
    folder = place / f"{PREFIX}{name}"
    folder.mkdir()
    (folder / "kernel.cubin").touch()
    then = time.time() - age_s
    os.utime(folder, (then, then))
    return folder


def test_what_was_left_behind_is_swept_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    with Scratch(tmp_path) as used:
        os.utime(used, (0, 0))
        old, new = left(tmp_path, "old", 2 * SETTLED_S), left(tmp_path, "new", 0)
        (tmp_path / f"{PREFIX}file").touch()
        (tmp_path / f"{PREFIX}link").symlink_to(tmp_path)
        with Scratch(tmp_path):
            assert (used.exists(), old.exists(), new.exists()) == (True, False, True)
    assert not used.exists()
    assert new.exists()


def test_another_user_s_folder_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = left(tmp_path, "old", 2 * SETTLED_S)
    monkeypatch.setattr("os.getuid", lambda: os.stat(tmp_path).st_uid + 1)
    Scratch(tmp_path).close()
    assert old.exists()


def test_a_user_id_without_a_name_has_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr("pwd.getpwuid", nobody)
    monkeypatch.setenv("HOME", "/mine")
    require_home()
    assert Path.home() == Path("/mine")
    monkeypatch.delenv("HOME")
    require_home()
    assert Path.home() == Path(tempfile.gettempdir())


def test_a_folder_is_taken_away_once(tmp_path: Path) -> None:
    folder = Scratch(tmp_path)
    folder.close()
    folder.close()
    assert list(tmp_path.iterdir()) == []
