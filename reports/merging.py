"""Runs of many hosts become one folder: checked, named, none twice."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from backends import DiagbenchError
from reports.sections import spread
from reports.site.layout import files
from reports.view import View
from suite.record import packed, store
from suite.record.run import Record


class NotMerged(DiagbenchError, ValueError):
    """Folders that cannot be put together; the message says which file, and why."""


@dataclass(frozen=True)
class Merged:
    """What a merge wrote: the runs, and a page for each group of runs that one command took."""

    runs: tuple[Path, ...]
    pages: tuple[Path, ...]


def merge(folders: Sequence[Path], to: Path) -> Merged:
    """Copy every run below the folders to `to`/<device>/, under its own name; nothing is written unless all are good.

    Raises BadRecord for a run that cannot be read or is of another schema. Raises NotMerged where there is no run, one
    run twice, two runs of one name, or a name that is taken. Raises CannotWrite.
    """
    found = [path for folder in folders for path in run_files(folder)]
    if not found:
        raise NotMerged(f"no run in {', '.join(map(str, folders))}; `tox -e bench` writes them")
    placed: dict[Path, Path] = {}
    for path in found:
        record = store.read_run(path)
        target = to / record.machine.slug / name(path, record)
        if target in placed:
            alike = "one run" if path.read_bytes() == placed[target].read_bytes() else "two runs of one name"
            raise NotMerged(f"{path} and {placed[target]} are {alike}; leave one out")
        if os.path.lexists(target):
            raise NotMerged(f"{target} is there already; choose another folder with --to")
        placed[target] = path
    for place in {target.parent for target in placed}:
        store.require_writable(place, "--to")
    kept = tuple(store.keep(target, path.read_bytes()) for target, path in placed.items())
    devices = sorted({path.parent for path in kept})
    return Merged(kept, tuple(page for device in devices for page in _pages(device)))


def run_files(folder: Path) -> list[Path]:
    """The files of runs in a folder and below it, by name; journals and what begins with a dot are none.

    Raises NotMerged for what is no folder.
    """
    if not os.path.isdir(folder):  # of any name, however long
        raise NotMerged(f"{folder} is no folder")
    every = sorted([*folder.rglob("*.json"), *folder.rglob(f"*{packed.SUFFIX}")])
    return [path for path in every if store.is_run(path) and not path.name.startswith(".")]


def name(path: Path, record: Record) -> str:
    """What a run's file is called: by its beginning, its commit and, in a group, its host and rank."""
    group, machine = record.run.group, record.machine
    label = f"-{group.label}" if group else ""
    began = group.utc if group else record.utc
    ending = path.name.removeprefix(store.run_stem(path))
    return f"{store.stem(began, machine.commit, machine.tree_clean)}{label}{ending}"


def _pages(folder: Path) -> list[Path]:
    """Write the page of every group among the runs of a device's folder."""
    runs = sorted((View(store.read_run(path)) for path in run_files(folder)), key=_began, reverse=True)
    pages = [spread.page(group, ".", runs) for group in spread.groups(runs)]
    written = {name: text for page in pages for name, text in files(page).items()}
    for name, text in written.items():
        store.write(folder / name, text)
    return [folder / name for name in written if name.endswith(".html")]


def _began(run: View) -> datetime:
    return run.record.utc
