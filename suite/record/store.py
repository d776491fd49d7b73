"""Where records are: their names, reading them field by field, and writing them whole or not at all."""

from __future__ import annotations

import errno
import itertools
import json
import os
import stat
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from backends import CannotDo
from suite.record import packed
from suite.record.document import Document
from suite.record.machine import Machine
from suite.record.measurement import Measurement
from suite.record.mutants import Mutants
from suite.record.nvbench import Nvbench
from suite.record.profile import Profile
from suite.record.run import Benchmark, Record, Run
from suite.record.sanitizers import Sanitizers
from suite.record.scaling import Scaling
from suite.record.variants import Variants
from suite.text import MESSAGE, NAME, one_line

SCHEMA = 1
PARTIAL = ".partial"
"""Ends the name of a file that is not complete."""

DOCUMENTS: tuple[type[Document], ...] = (Profile, Variants, Mutants, Sanitizers, Scaling, Nvbench)
"""What lies beside runs and is none."""

NO_RUN = "not a diagbench run; `tox -e bench` writes one"

LARGEST_BYTES = 1 << 28
"""More than any record has: a full sweep of 768 measurements has 5 MB."""

Written = TypeVar("Written", bound=Document)


class BadRecord(CannotDo, ValueError):
    """A file that is no record of this schema; the message names the file and what is wrong."""


class CannotWrite(CannotDo):
    """A record could not be written; the message says why."""


def stem(utc: datetime, commit: str, tree_clean: bool | None) -> str:
    """The name of a record's file without its ending: <utc>-<commit>, and whether the tree was dirty."""
    return f"{utc:%Y%m%dT%H%M%SZ}-{commit[:8]}{'-dirty' if tree_clean is False else ''}"


def is_run(path: Path) -> bool:
    """Whether a file of a device's folder is a run, by its name."""
    return not path.name.endswith(tuple(kind.suffix for kind in DOCUMENTS))


def read_run(path: Path, samples: bool = True) -> Record:
    """A run's file, plain or packed, checked field by field; without samples in half the time.

    Raises BadRecord: unreadable, cut short, not pytest-benchmark's JSON, of another schema, or with a field amiss.
    """
    unpack = packed.unpack_without_statistics if samples else packed.unpack_measurements
    raw = _packed(path, unpack) if _is_packed(path) else _json(path)
    if not isinstance(raw, dict) or not isinstance(raw.get("diagbench"), dict) or "benchmarks" not in raw:
        raise BadRecord(f"{path}: {NO_RUN}")
    version = raw["diagbench"].get("schema_version")
    if version != SCHEMA:
        other = one_line(f"record version {version}", NAME)
        raise BadRecord(f"{path}: {other}, this diagbench reads version {SCHEMA}; measure again")
    try:
        return _typed(path, raw, samples)
    except ValidationError as error:
        raise BadRecord(f"{path}: {error.title}{_first(error)}") from None
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise BadRecord(f"{path}: the field {one_line(str(error), NAME)} is missing or of another kind") from None


def export(path: Path) -> str:
    """A run as pytest-benchmark wrote it, a line per benchmark. Raises BadRecord."""
    raw = _packed(path, packed.unpack) if _is_packed(path) else _json(path)
    if not isinstance(raw, dict) or not isinstance(raw.get("benchmarks"), list):
        raise BadRecord(f"{path}: {NO_RUN}")
    try:
        return lines(raw)
    except RecursionError:
        raise BadRecord(f"{path}: {NO_RUN}") from None


def lines(run: Mapping[str, Any]) -> str:
    """A run's JSON with every benchmark on a line of its own: half as long as indented, and a line is a measurement."""
    above = json.dumps({key: value for key, value in run.items() if key != "benchmarks"})
    benchmarks = ",\n".join(map(json.dumps, run["benchmarks"]))
    return f'{above[:-1]}, "benchmarks": [\n{benchmarks}\n]}}\n'


def run_stem(path: Path) -> str:
    """The name of a run's file without its ending, which its pages share."""
    return path.name.removesuffix(packed.SUFFIX).removesuffix(".json")


def _is_packed(path: Path) -> bool:
    return path.name.endswith(packed.SUFFIX)


def _packed(path: Path, unpack: Callable[[bytes], dict[str, Any]]) -> dict[str, Any]:
    try:
        return unpack(content_of(path))
    except packed.NotPacked as error:
        raise BadRecord(f"{path}: {one_line(str(error), MESSAGE)}") from None


def _json(path: Path) -> Any:
    text = _text(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRecord(f"{path}: not JSON, or cut short ({error})") from None


def _typed(path: Path, raw: dict[str, Any], samples: bool) -> Record:
    benchmarks = tuple(
        Benchmark(
            fullname=bench["fullname"],
            measurement=Measurement.model_validate(bench["extra_info"]),
            samples_s=tuple(bench["stats"].get("data", ())) if samples else (),
        )
        for bench in raw["benchmarks"]
    )
    return Record(
        path=str(path),
        utc=raw["datetime"],
        machine=Machine.model_validate(raw["machine_info"]["diagbench"]),
        run=Run.model_validate(raw["diagbench"]),
        benchmarks=benchmarks,
    )


def read_document(path: Path, kind: type[Written]) -> Written:
    """A profile's or variants' file. Raises BadRecord as `read_run` does."""
    try:
        return kind.model_validate_json(_text(path))
    except ValidationError as error:
        what = kind.__name__.lower()
        made = kind.command_that_writes
        raise BadRecord(f"{path}: no {what}{_first(error)}; `{made}` writes one") from None


def _text(path: Path) -> str:
    try:
        return content_of(path).decode()
    except UnicodeDecodeError as error:
        raise BadRecord(f"{path}: not JSON, or cut short ({error})") from None


def content_of(path: Path) -> bytes:
    """What the file holds; what is no regular file, or endless, is not waited for. Raises BadRecord."""
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(found.st_mode):
            raise BadRecord(f"{path}: no regular file")
        if found.st_size > LARGEST_BYTES:
            raise BadRecord(f"{path}: {found.st_size / 2**20:,.0f} MiB, more than any record has")
        return path.read_bytes()
    except OSError as error:
        raise BadRecord(f"{path}: cannot be read ({error.strerror})") from None


def _first(error: ValidationError) -> str:
    """The first field that is amiss, and how."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return one_line(f"{f', field {where}' if where else ''}: {first['msg']}", MESSAGE)


def write_document(document: Document, folder: Path) -> Path:
    """Store a profile or variants under its name in the folder; returns its path. Raises CannotWrite."""
    name = stem(document.utc, document.machine.commit, document.machine.tree_clean)
    path = folder / f"{name}{document.suffix}"
    require_writable(folder, "--out")
    return keep(path, document.model_dump_json(indent=1) + "\n")


def keep(path: Path, content: str | bytes) -> Path:
    """Store the content under this name or, where that is taken, the first free one of NAME-2, NAME-3, ...; returns it.

    What is there already is never replaced: two runs of one second are two files. Raises CannotWrite.
    """
    partly = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    stem, dot, ending = path.name.partition(".")
    numbered = (path.with_name(f"{stem}-{number}{dot}{ending}") for number in itertools.count(2))
    try:
        partly.write_bytes(content.encode() if isinstance(content, str) else content)
        return next(name for name in itertools.chain([path], numbered) if _named(partly, name))
    except OSError as error:
        raise CannotWrite(f"cannot write {path}: {error.strerror}") from None
    finally:
        with suppress(OSError):
            partly.unlink(missing_ok=True)


def _named(partly: Path, name: Path) -> bool:
    """Give the file this name, if it is free."""
    try:
        os.link(partly, name)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        if os.path.lexists(name):
            return False
        partly.rename(name)
    return True


def write(path: Path, text: str) -> None:
    """Put the text into the file, which is there whole or not at all. Raises CannotWrite."""
    if os.path.isdir(path):
        raise CannotWrite(f"cannot write {path}: {os.strerror(errno.EISDIR)}")
    partly = path.with_name(f".{path.name}{PARTIAL}")
    try:
        partly.write_text(text, encoding="utf-8")
        partly.replace(path)
    except OSError as error:
        with suppress(OSError):
            partly.unlink(missing_ok=True)
        raise CannotWrite(f"cannot write {path}: {error.strerror}") from None


def require_writable(folder: Path, option: str) -> None:
    """Make the folder, and see that a file can be made in it; option: what chooses another. Raises CannotWrite."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        why = "it is a file" if os.path.isfile(folder) else error.strerror
        raise CannotWrite(f"cannot write to {folder}: {why}; choose another folder with {option}") from None
