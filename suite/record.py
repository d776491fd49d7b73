"""The typed record: what diagbench adds to pytest-benchmark's JSON, and the only thing that reports/ reads.

A run is pytest-benchmark's own file. `benchmarks[i].extra_info` holds a Measurement, `machine_info.diagbench` a
Machine, and the top-level key `diagbench` a Run with what never got to a number. Units are in the names.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from suite.cases import Case, Layout, Regime, parse

SCHEMA = 1

Series = Literal["cold", "hot", "launch", "call"]
Verdict = Literal["FASTER", "SLOWER", "SAME", "UNDECIDED"]
Method = Literal["cuda_graph", "cuda_events", "host_clock"]
StopReason = Literal["precise", "max_rounds", "budget", "smoke"]
OutcomeKind = Literal["unavailable", "unsupported", "incorrect", "crashed", "timeout", "no_memory", "throttled"]


class BadRecord(ValueError):
    """A file that is no run of this schema; the message names the file and what is wrong, one line."""


class _Typed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Machine(_Typed):
    """What a run was measured on, asked of the machine itself."""

    kind: Literal["cuda", "cpu"]
    name: str = Field(min_length=1)  # the device's own name, e.g. "NVIDIA H100 80GB HBM3"
    compute_capability: tuple[int, int] | None = None
    sm_count: int | None = None
    cache_bytes: int  # L2 of a GPU, last-level cache of a CPU
    memory_bytes: int
    peak_bytes_per_s: float | None = None  # 2 · memory clock · bus width / 8; None where the device does not say
    memory_clock_mhz: int | None = None
    memory_bus_bits: int | None = None
    driver: str | None = None
    cuda: str | None = None  # the CUDA runtime that torch was built with
    event_tick_s: float | None = None  # smallest non-zero step seen between two events, or of the host clock
    null_kernel_s: float | None = None  # the smallest kernel between two events: what one launch costs at least
    empty_node_s: float | None = None  # an empty kernel as a node of a CUDA graph
    host_cpu: str = ""
    python: str = ""
    versions: dict[str, str] = Field(default_factory=dict)  # library -> version, of what is installed
    commit: str = "unknown"
    tree_clean: bool | None = None  # None: git could not be asked
    ecc: bool | None = None  # error-correcting memory switched on
    mig: bool | None = None  # a slice of the GPU rather than the whole

    @property
    def slug(self) -> str:
        """The device's name as a folder: lower case, words joined by dashes."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


class Outcome(_Typed):
    """A backend that did not get to a number, and why. It has no field for a time."""

    backend: str  # "all" for a case that no backend could be given
    case: str | None = None  # None: every case of the run
    series: Series | None = None  # None: every series
    kind: OutcomeKind
    reason: str


class Measurement(_Typed):
    """One candidate in one case and series. Times are seconds per launch."""

    schema_version: Literal[1] = 1
    backend: str
    role: Literal["backend", "ceiling", "control"]
    gate: Literal["passed", "not_applicable"]  # not_applicable: a ceiling computes no product
    case: str
    rows: int
    cols: int
    dtype: str
    layout: Layout
    regime: Regime
    series: Series
    bytes_moved: int
    median_s: float = Field(gt=0)
    mean_s: float = Field(gt=0)
    p5_s: float = Field(gt=0)
    p95_s: float = Field(gt=0)
    noise_relative_iqr: float
    bandwidth_bytes_per_s: float
    ceiling: str | None = None  # the candidate that was the ceiling; None in the series launch and call
    of_ceiling: float | None = None  # time of the ceiling / time of this one, from paired rounds
    of_ceiling_ci99: tuple[float, float] | None = None
    above_ceiling: bool = False  # in the DRAM-bound regime, more than the A/A control explains: look before believing
    of_peak: float | None = None
    reference: str  # what `ratio` and `verdict` compare with: the fastest correct backend of the case and series
    ratio: float  # time of this one / time of the reference
    ratio_ci99: tuple[float, float]
    verdict: Verdict  # of this one against the reference
    margin: float  # δ: differences under it are not claimed, max(1 %, 2 · the A/A half-width)
    control_ratio: float | None = None  # the A/A control of this campaign: one candidate against itself
    control_ci99: tuple[float, float] | None = None
    method: Method
    launches_per_sample: int
    buffer_sets: int
    buffer_sets_needed: int  # so many make every launch of the series cold find its operands in DRAM
    rounds: int
    rounds_dropped: int = 0
    stop_reason: StopReason
    allocates: bool = False
    form: str = ""  # which of its forms or configs the backend ran, as it words it
    apart: bool = False  # in a campaign of its own beside the reference and the ceilings: its rounds are no one else's

    @model_validator(mode="after")
    def _no_time_without_the_gate(self) -> Measurement:
        if self.role != "ceiling" and self.gate != "passed":
            raise ValueError(f"{self.backend} did not pass the gate, so it can hold no time")
        return self

    @model_validator(mode="after")
    def _of_the_case_it_says(self) -> Measurement:
        case = parse(self.case)
        if case != Case(self.rows, self.cols, self.dtype, self.layout) or self.bytes_moved != case.bytes_moved:
            raise ValueError(f"shape, dtype, layout or bytes_moved are not those of {self.case}")
        return self


class Compiled(_Typed):
    """What a compiler made of one backend for one case and compute capability, read from the cubin."""

    backend: str
    case: str
    compute_capability: tuple[int, int]
    kernel: str
    config: str
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    registers: int  # per thread
    spill_bytes: int  # local memory per thread
    shared_bytes: int  # static and dynamic, per block
    global_load_bits: dict[str, int]  # width of a load in bits -> how many such instructions, e.g. {"128": 4}
    global_store_bits: dict[str, int]
    warps_per_block: int
    blocks_per_sm: int
    occupancy: float  # theoretical: resident warps / the most an SM holds
    active_warps: int  # the numerator
    max_warps: int  # the denominator
    limiter: str  # registers, threads, blocks or shared memory: what keeps more blocks out
    sm_count: int
    waves: float  # grid / (blocks_per_sm · sm_count)


class Profile(_Typed):
    """Nsight Compute's counters of one launch of each backend in one case: a file of its own beside the runs."""

    schema_version: Literal[1] = 1
    utc: AwareDatetime
    command: str  # what to type to repeat it
    machine: Machine
    case: str
    tool: str  # Nsight Compute's version
    options: tuple[str, ...]  # its options: what it did with clocks and caches, the metrics by their full names
    units: dict[str, str]  # metric -> its unit
    kernels: dict[str, dict[str, int | float]]  # kernel -> metric -> value; a name met again is numbered, "name #2"
    backends: dict[str, tuple[str, ...]]  # backend -> the kernels that one product launched, in order
    forms: dict[str, str] = Field(default_factory=dict)  # backend -> which of its forms or configs ran
    outcomes: tuple[Outcome, ...] = ()

    @model_validator(mode="after")
    def _of_a_case_and_kernels_that_exist(self) -> Profile:
        parse(self.case)
        if not {name for names in self.backends.values() for name in names} <= set(self.kernels):
            raise ValueError("a backend names a kernel that has no metrics")
        return self


class State(_Typed):
    """The device at one moment of the run, as NVML reads it; a field is None where the device does not say."""

    when: Literal["before", "during", "after"]
    seconds: float  # since the run began
    sm_clock_mhz: int | None = None
    memory_clock_mhz: int | None = None
    temperature_c: int | None = None
    power_w: float | None = None
    slowdown: tuple[str, ...] = ()  # reasons that the device gives for clocks below what was asked, e.g. "thermal"
    other_processes: int | None = None  # on the same GPU, this run's own left out


class Agreement(_Typed):
    """The same launches by another timer: what the campaign's number is worth. Seconds per launch, medians."""

    backend: str
    case: str
    series: Series
    timer: Literal["cupti", "cuda_events"]
    seconds: float = Field(gt=0)
    campaign_seconds: float = Field(gt=0)
    profiled_events_seconds: float | None = Field(default=None, gt=0)  # by events around what CUPTI watched, as a whole

    @property
    def ratio(self) -> float:
        """The other timer's time / the campaign's."""
        return self.seconds / self.campaign_seconds

    @property
    def of_same_launches(self) -> float | None:
        """CUPTI's time / that of events around the same launches, where they were taken."""
        return self.seconds / self.profiled_events_seconds if self.profiled_events_seconds else None

    @property
    def changed(self) -> float | None:
        """What being watched makes of the launches: their time by events / the campaign's."""
        return self.profiled_events_seconds / self.campaign_seconds if self.profiled_events_seconds else None


class FirstUse(_Typed):
    """What the first product costs in a fresh process, in seconds, once; and again with the compilers' caches warm."""

    backend: str
    case: str
    import_s: float
    bind_s: float  # compile, tune and load, all caches cold
    launch_s: float  # the first launch, to its end
    warm_bind_s: float  # bind in a second fresh process, caches warm: what of bind_s is no compilation


class Energy(_Typed):
    """Energy per launch, from the device's total energy counter over a batch of launches."""

    backend: str
    case: str
    joules_per_launch: float
    launches: int
    seconds: float


class Run(_Typed):
    """The top-level key `diagbench` of a run's file."""

    schema_version: Literal[1] = 1
    sweep: str
    command: str  # what to type to repeat it
    seconds_measuring: float = 0.0
    outcomes: tuple[Outcome, ...] = ()
    compiled: tuple[Compiled, ...] = ()
    states: tuple[State, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    first_uses: tuple[FirstUse, ...] = ()
    energies: tuple[Energy, ...] = ()
    caveats: dict[str, str] = Field(default_factory=dict)  # backend -> what a reader of its numbers must know, one line


class Benchmark(_Typed):
    """A Measurement with its samples, one per round, in the order they were taken."""

    fullname: str
    measurement: Measurement
    samples_s: tuple[Annotated[float, Field(gt=0)], ...]  # none where the run was saved without its data

    @model_validator(mode="after")
    def _a_sample_per_round(self) -> Benchmark:
        if len(self.samples_s) not in (0, self.measurement.rounds):
            raise ValueError(f"{len(self.samples_s)} samples of {self.measurement.rounds} rounds")
        return self


class Record(_Typed):
    """One whole run."""

    path: str
    utc: AwareDatetime
    machine: Machine
    run: Run
    benchmarks: tuple[Benchmark, ...]


def read(path: Path) -> Record:
    """A run's file, checked field by field.

    Raises BadRecord: unreadable, cut short, not pytest-benchmark's JSON, of another schema, or with a field amiss.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadRecord(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise BadRecord(f"{path}: not JSON, or cut short ({error})") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("diagbench"), dict) or "benchmarks" not in raw:
        raise BadRecord(f"{path}: not a diagbench run; `tox -e bench` writes one")
    version = raw["diagbench"].get("schema_version")
    if version != SCHEMA:
        raise BadRecord(f"{path}: record version {version}, this diagbench reads version {SCHEMA}; measure again")
    try:
        return _typed(path, raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadRecord(f"{path}: {error.title}{f', field {where}' if where else ''}: {first['msg']}") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise BadRecord(f"{path}: the field {error} is missing or of another kind") from None


def _typed(path: Path, raw: dict[str, Any]) -> Record:
    benchmarks = tuple(
        Benchmark(
            fullname=bench["fullname"],
            measurement=Measurement.model_validate(bench["extra_info"]),
            samples_s=tuple(bench["stats"].get("data", ())),
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
