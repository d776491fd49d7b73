"""A Judgement as one screen: the verdict first, then where it holds, how fast it is, and what to look at next."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from suite.cases import parse
from suite.record.compiled import Compiled
from suite.record.judgement import JudgedTime, Judgement
from suite.text import percent

WIDTH = 110


def screen(found: Judgement) -> str:
    """The answer, in lines of at most WIDTH characters."""
    return "\n".join(line for paragraph in _paragraphs(found) for line in _wrapped(paragraph))


def _wrapped(paragraph: str) -> list[str]:
    return textwrap.wrap(paragraph, WIDTH, subsequent_indent="    ") or [""]


def _paragraphs(found: Judgement) -> Iterator[str]:
    caught = f" (check: {found.caught_by})" if found.caught_by else ""
    yield f"{found.file}: {found.verdict}{caught}" + (f": {found.reason}" if found.reason else "")
    if found.wrong:
        first = found.wrong.first
        yield f"  first wrong   C[{first.row}, {first.col}]: expected {first.expected}, found {first.found}"
        yield f"  how many      {found.wrong.count:,} of {found.wrong.of:,}, {found.wrong.where}; {found.wrong.case}"
    for words, groups in (("right for", found.right_for), ("wrong for", found.wrong_for), ("raises", found.raises_for)):
        if groups:
            yield f"  {words:<13} {'; '.join(groups)}"
    for time in found.times:
        yield from _time(time)
    for compiled in found.compiled:
        yield _compiled(compiled)
    for kernel, values in found.counters.items():
        yield f"  counted       {kernel}: " + ", ".join(f"{name} {round(value, 2):,}" for name, value in values.items())
    for note in found.notes:
        yield f"  note          {note}"
    for line in found.look_at:
        yield f"  look at       {line}"
    yield f"  {found.machine.name}; seed {found.seed}; sha256 {found.sha256[:16]}"


def _time(time: JudgedTime) -> Iterator[str]:
    yield f"  {time.case}: {time.median_s * 1e6:.2f} us a launch, {_share(time)}, {time.rounds} rounds"
    beside = [f"{value:.3f} [{low:.3f}, {high:.3f}] of {name}'s" for name, (value, low, high) in time.against.items()]
    low, high = time.control_ci99
    yield f"  its time      {'; '.join(beside)}; a reference against itself [{low:.3f}, {high:.3f}]"
    if time.launch_s is not None and time.call_s is not None:
        yield f"  host          {time.launch_s * 1e6:.1f} us to enqueue a launch, {time.call_s * 1e6:.1f} us for a call"


def _share(time: JudgedTime) -> str:
    if time.of_ceiling is None or time.of_ceiling_ci99 is None:
        return "by the host's clock, for it cannot be queued ahead of the device: no share of the ceiling"
    low, high = time.of_ceiling_ci99
    return f"{percent(time.of_ceiling)} of {time.ceiling} [{100 * low:.1f}, {100 * high:.1f}]"


def _compiled(one: Compiled) -> str:
    loads = ", ".join(f"{count} of {bits} bits" for bits, count in one.global_load_bits.items())
    capability = ".".join(map(str, one.compute_capability))
    return (
        f"  sm {capability:<10} {one.kernel}: {one.registers} registers, {one.spill_bytes} bytes spilled, "
        f"loads {loads}, occupancy {percent(one.occupancy, 0)} by {one.limiter}, {one.waves:.1f} waves"
    )


def look_at(found: Judgement) -> tuple[str, ...]:
    """What to look at next, each with the fact that it comes from."""
    said = [f"{group}: what the kernel assumes there" for group in found.wrong_for]
    for one in found.compiled:
        said += _of_compiled(one)
    said += _of_counters(found)
    for time in found.times:
        _, high = time.of_ceiling_ci99 or (0.0, 1.0)
        if high < 0.97:
            said.append(
                f"{time.case} reaches at most {percent(high, 0)} of a plain copy: width of accesses, blocks in flight"
            )
        if found.machine.kind == "cuda" and (time.launch_s or 0) > time.median_s:
            said.append(f"{time.case}: the host needs longer to enqueue a launch than the device to run it")
    return tuple(dict.fromkeys(said))[:8]


def _of_compiled(one: Compiled) -> Iterator[str]:
    widest = max((int(bits) for bits in one.global_load_bits), default=128)
    if one.occupancy < 0.5:
        yield f"{one.kernel}: occupancy {percent(one.occupancy, 0)}, bounded by {one.limiter}"
    if one.spill_bytes:
        yield f"{one.kernel}: {one.spill_bytes} bytes of registers spilled per thread"
    if widest < 128:
        yield f"{one.kernel}: its widest load has {widest} bits, a thread can load 128"
    if 1 < one.waves < 3:
        yield f"{one.kernel}: {one.waves:.1f} waves, so that the last one leaves SMs idle"


MORE_BYTES = 1.05
"""So many times the bytes that the case needs: above, the kernel moves some of them twice."""


def _of_counters(found: Judgement) -> Iterator[str]:
    counted = [sum(values[name] for name in BYTES) for values in found.counters.values() if values.keys() >= BYTES]
    needed = parse(found.counters_case).bytes_moved if counted else 0
    if sum(counted) > MORE_BYTES * needed:
        yield f"it moves {sum(counted) / needed:.2f} times the bytes that C = diag(A) B needs: what is read twice"
    if len(found.counters) > 1:
        yield f"{len(found.counters)} kernels a launch, where one would do"


BYTES = {"dram__bytes_read", "dram__bytes_write"}
