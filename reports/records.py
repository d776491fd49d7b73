"""Finding the published runs, and asking one run for its cases, its candidates, its headline and its ties."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from suite.cases import HEADLINE, ITEMSIZE
from suite.record.machine import Machine
from suite.record.measurement import Measurement, Series
from suite.record.profile import Profile
from suite.record.run import Record
from suite.record.store import BadRecord, is_run, read_document, read_run
from suite.record.variants import Variants

DATA = Path(__file__).parent / "data"
"""<device-slug>/<utc>-<commit>.json, append-only; beside them .profile.json and .variants.json, which are no runs."""

ROLES = ("backend", "ceiling", "control")

TUNED = ("triton_tuned", "cupy_rawkernel", "numba_cuda", "numba_cpu")
"""The backends whose kernels are written here and tuned; all others are what they are measured against."""

BASELINE = "torch_broadcast"
"""What is there already wherever torch is: the others have to pay off against it."""


def runs(data: Path = DATA) -> dict[str, tuple[Record, ...]]:
    """Device slug -> its runs, newest first; slugs in alphabetical order.

    Raises BadRecord for a file that cannot be read or that lies in the folder of a device it was not measured on.
    """
    found: dict[str, list[Record]] = {}
    for path in sorted(data.glob("*/*.json")):
        if not is_run(path):
            continue
        record = read_run(path)
        if record.machine.slug != path.parent.name:
            raise BadRecord(f"{path}: measured on {record.machine.name}, so it belongs in {record.machine.slug}/")
        found.setdefault(record.machine.slug, []).append(record)
    return {
        slug: tuple(sorted(each, key=lambda run: (run.utc, run.path), reverse=True)) for slug, each in found.items()
    }


def tried(data: Path = DATA) -> dict[str, tuple[str, Variants]]:
    """Device slug -> the newest measurement of the tuned kernel's variants there, and its file's name.

    Raises BadRecord for a file that cannot be read or that lies in the folder of a device it was not measured on.
    """
    found: dict[str, tuple[str, Variants]] = {}
    for path in sorted(data.glob(f"*/*{Variants.suffix}")):
        each, slug = read_document(path, Variants), path.parent.name
        if each.machine.slug != slug:
            raise BadRecord(f"{path}: measured on {each.machine.name}, so it belongs in {each.machine.slug}/")
        if slug not in found or each.utc >= found[slug][1].utc:
            found[slug] = path.name, each
    return found


def profile_beside(record: Record) -> tuple[str, Profile] | None:
    """The profile that lies beside the run, and its file's name; of several, of the headline case rather than another,
    of the run's commit rather than another, and then the newest. None where the run's device has none.

    Raises BadRecord for a profile that cannot be read.
    """
    beside = ((path.name, read_document(path, Profile)) for path in Path(record.path).parent.glob(f"*{Profile.suffix}"))
    of_device = [each for each in beside if each[1].machine.name == record.machine.name]
    commit = record.machine.commit
    return max(
        of_device, key=lambda e: (e[1].case == HEADLINE.id, e[1].machine.commit == commit, e[1].utc, e[0]), default=None
    )


def stem(record: Record) -> str:
    """The file name of a run without its ending, which its pages share."""
    return Path(record.path).stem


def capability(machine: Machine) -> str:
    """The compute capability as compilers name it, sm_90; empty where the device has none."""
    return f"sm_{machine.compute_capability[0]}{machine.compute_capability[1]}" if machine.compute_capability else ""


def is_rtx_4090(machine: Machine) -> bool:
    """Whether it is the device that the project is about."""
    return machine.compute_capability == (8, 9) and re.search(r"\bRTX 4090$", machine.name) is not None


def device(machine: Machine) -> str:
    """The device's own name, with its compute capability where it has one."""
    return f"{machine.name} ({capability(machine)})" if machine.compute_capability else machine.name


def measured(record: Record, series: Series, case: str | None = None) -> list[Measurement]:
    """The measurements of a series, and of one case if one is named, in the run's order."""
    every = (bench.measurement for bench in record.benchmarks)
    return [each for each in every if each.series == series and case in (None, each.case)]


def of(measurements: Iterable[Measurement], backend: str) -> Measurement | None:
    """The first of one backend or other candidate."""
    return next((each for each in measurements if each.backend == backend), None)


def cases(measurements: Iterable[Measurement]) -> list[Measurement]:
    """One measurement per case: contiguous ones first, then by dtype, bytes and shape."""
    first: dict[str, Measurement] = {}
    for each in measurements:
        first.setdefault(each.case, each)
    dtypes = list(ITEMSIZE)
    return sorted(
        first.values(),
        key=lambda m: (
            m.layout != "contiguous",
            dtypes.index(m.dtype) if m.dtype in dtypes else len(dtypes),
            m.bytes_moved,
            m.case,
        ),
    )


def label(case: Measurement) -> str:
    """A case for a reader: 4096 × 4096 float32, the layout named unless contiguous."""
    layout = "" if case.layout == "contiguous" else f" {case.layout}"
    return f"{case.rows} × {case.cols} {case.dtype}{layout}"


def candidates(measurements: Iterable[Measurement], roles: Sequence[str] = ROLES) -> list[str]:
    """The names of the candidates in these roles, role by role, each in the run's order."""
    every = list(measurements)
    return list(dict.fromkeys(each.backend for role in roles for each in every if each.role == role))


def ranked(measurements: Iterable[Measurement]) -> list[str]:
    """The backends with a share of the ceiling, the highest median over their own cases first."""
    shares: dict[str, list[float]] = {}
    for each in measurements:
        if each.role == "backend" and each.of_ceiling is not None:
            shares.setdefault(each.backend, []).append(each.of_ceiling)
    return sorted(shares, key=lambda name: (-median(shares[name]), name))


def caveat(record: Record, backend: str) -> str:
    """What the run says for the backend's numbers to be taken with; empty for most, and in runs from before it did."""
    return record.run.caveats.get(backend, "")


def remark(record: Record, backend: str) -> str:
    """What has to be said wherever the backend's numbers are shown: that it allocates C, and its caveat."""
    allocates = any(each.measurement.allocates for each in record.benchmarks if each.measurement.backend == backend)
    return "; ".join(filter(None, ("allocates C" if allocates else "", caveat(record, backend))))


def remarks(record: Record, backends: Iterable[str]) -> dict[str, str]:
    """Those of these backends that have a remark, in their order -> the remark."""
    said = {backend: remark(record, backend) for backend in backends}
    return {backend: words for backend, words in said.items() if words}


def headline(record: Record) -> list[Measurement]:
    """The candidates of the headline case, 4096 × 4096 float32 cold, backends first and each role fastest first.

    Where the run did not measure it, the contiguous cold case of the most bytes stands in; empty if there is none.
    """
    contiguous = [each for each in measured(record, "cold") if each.layout == "contiguous"]
    chosen = max(contiguous, key=lambda m: (m.case == HEADLINE.id, m.bytes_moved, m.case), default=None)
    if chosen is None:
        return []
    return sorted(measured(record, "cold", chosen.case), key=lambda m: (ROLES.index(m.role), m.ratio, m.backend))


def tied(measurements: Iterable[Measurement]) -> list[Measurement]:
    """The backends that are not SLOWER than the fastest, fastest first: what the run cannot tell apart from it.

    One that was timed apart may be FASTER than the fastest of the others: then it stands alone.
    """
    backends = [each for each in measurements if each.role == "backend"]
    ties = [each for each in backends if each.verdict == "FASTER"] or [m for m in backends if m.verdict != "SLOWER"]
    return sorted(ties, key=lambda m: (m.ratio, m.backend))
