"""Finding what is published: the runs, the variants and the profiles below reports/data/."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

from reports.places import DATA
from suite.cases import HEADLINE, HELD_OUT, SWEEPS
from suite.record.document import Document
from suite.record.machine import Machine
from suite.record.packed import SUFFIX
from suite.record.profile import Profile
from suite.record.run import Record
from suite.record.scaling import Scaling
from suite.record.store import BadRecord, is_run, read_document
from suite.record.variants import Variants

__all__ = [
    "DATA",
    "PassOver",
    "apart",
    "every",
    "newest",
    "profile_beside",
    "refuse",
    "run_files",
    "scalings",
    "tried",
]


class Measured(Protocol):
    """What names the machine it was measured on."""

    @property
    def machine(self) -> Machine: ...


class Published(Measured, Protocol):
    """A run, or what is left of it in memory."""

    @property
    def path(self) -> str: ...
    @property
    def utc(self) -> datetime: ...
    @property
    def sweep(self) -> str: ...


Each = TypeVar("Each", bound=Published)

Beside = TypeVar("Beside", bound=Document)
Of = TypeVar("Of", bound=Measured)

PassOver = Callable[[BadRecord], object]
"""Told of a file that cannot be read, or that lies in the folder of a device it was not measured on."""


def refuse(error: BadRecord) -> object:
    """Pass over nothing. Raises the BadRecord."""
    raise error


def every(data: Path, pass_over: PassOver, read: Callable[[Path], Each]) -> dict[str, tuple[Each, ...]]:
    """Device slug -> all its runs, newest first, those of no named sweep last; slugs in alphabetical order.

    The first run is the one that stands for the device: a few cases do not, however new. `read` is asked for each.
    Raises BadRecord, unless it is passed over.
    """
    found: dict[str, list[Each]] = {}
    for _, run in _sound(run_files(data), read, pass_over):
        found.setdefault(run.machine.slug, []).append(run)
    return {
        slug: tuple(sorted(each, key=lambda run: (run.sweep in SWEEPS, run.utc, run.path), reverse=True))
        for slug, each in found.items()
    }


def run_files(data: Path = DATA) -> list[Path]:
    """The files of runs, packed or plain, by name."""
    return sorted(path for path in [*data.glob("*/*.json"), *data.glob(f"*/*{SUFFIX}")] if is_run(path))


def apart(devices: Mapping[str, Sequence[Each]]) -> tuple[dict[str, tuple[Each, ...]], dict[str, tuple[Each, ...]]]:
    """The runs that answers rest on, and those of the held-out sweeps, by which answers are judged."""
    return _those(devices, held_out=False), _those(devices, held_out=True)


def _those(devices: Mapping[str, Sequence[Each]], *, held_out: bool) -> dict[str, tuple[Each, ...]]:
    chosen = {slug: tuple(r for r in runs if (r.sweep in HELD_OUT) == held_out) for slug, runs in devices.items()}
    return {slug: runs for slug, runs in chosen.items() if runs}


def _require_in_its_folder(path: Path, machine: Machine) -> None:
    if machine.slug != path.parent.name:
        raise BadRecord(f"{path}: measured on {machine.name}, so it belongs in {machine.slug}/")


def tried(data: Path = DATA, pass_over: PassOver = refuse) -> dict[str, tuple[str, Variants]]:
    """Device slug -> the newest measurement of the tuned kernel's variants there, and its file's name.

    Raises BadRecord, unless it is passed over.
    """
    return newest(Variants, data, pass_over)


def newest(kind: type[Beside], data: Path = DATA, pass_over: PassOver = refuse) -> dict[str, tuple[str, Beside]]:
    """Device slug -> the newest document of the kind there, and its file's name. Raises as `tried`."""
    found: dict[str, tuple[str, Beside]] = {}
    for path, each in _documents(kind, data, pass_over):
        slug = path.parent.name
        if slug not in found or each.utc >= found[slug][1].utc:
            found[slug] = path.name, each
    return found


def scalings(data: Path = DATA, pass_over: PassOver = refuse) -> dict[str, list[tuple[str, Scaling]]]:
    """Device slug -> what the row-sharded product gave on several such devices, newest first, with its file's name.

    Raises as `tried`.
    """
    found: dict[str, list[tuple[str, Scaling]]] = {}
    for path, each in reversed([*_documents(Scaling, data, pass_over)]):
        found.setdefault(path.parent.name, []).append((path.name, each))
    return found


def _documents(kind: type[Beside], data: Path, pass_over: PassOver) -> Iterator[tuple[Path, Beside]]:
    """Every document of the kind and its file, by name. Raises as `_sound`."""
    files = sorted(data.glob(f"*/*{kind.suffix}"))
    return _sound(files, lambda path: read_document(path, kind), pass_over)


def _sound(files: Iterable[Path], read: Callable[[Path], Of], pass_over: PassOver) -> Iterator[tuple[Path, Of]]:
    """What can be read and lies with its device, and its file. Raises BadRecord, unless it is passed over."""
    for path in files:
        try:
            each = read(path)
            _require_in_its_folder(path, each.machine)
        except BadRecord as error:
            pass_over(error)
            continue
        yield path, each


def profile_beside(record: Record, pass_over: PassOver = refuse) -> tuple[str, Profile] | None:
    """The profile that lies beside the run, and its file's name; None where the run's device has none.

    One of the headline case wins, then one of the run's commit, then the newest.
    Raises BadRecord for a profile that cannot be read, unless it is passed over.
    """
    beside = []
    for path in sorted(Path(record.path).parent.glob(f"*{Profile.suffix}")):
        try:
            beside.append((path.name, read_document(path, Profile)))
        except BadRecord as error:
            pass_over(error)
    of_device = [each for each in beside if each[1].machine.name == record.machine.name]
    commit = record.machine.commit
    return max(
        of_device, key=lambda e: (e[1].case == HEADLINE.id, e[1].machine.commit == commit, e[1].utc, e[0]), default=None
    )
