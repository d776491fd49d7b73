"""The index of all devices and runs, with the one table that compares devices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reports import units
from reports.answers.brief import Brief
from reports.answers.evidence import Evidence
from reports.answers.regret import Judgement
from reports.device import device, sm, whose
from reports.document import Table
from reports.sections import for_good, regret, scaling, spread, tried
from reports.sections.what import summary
from reports.site.first_screen import situations
from reports.site.layout import Files, template
from reports.view import BASELINE, TUNED, View
from suite.cases import HEADLINE
from suite.record.scaling import Scaling
from suite.record.variants import Variants


def index(
    devices: Mapping[str, Sequence[Brief]],
    files: Files,
    others: Mapping[str, Variants],
    scaled: Mapping[str, Sequence[tuple[str, Scaling]]],
    evidence: Evidence,
    judged: Mapping[str, Judgement],
) -> str:
    """The overview of all devices and runs, and of what else was tried; `files` are those it may refer to."""
    newest_first = sorted(devices.values(), key=lambda runs: (runs[0].utc, runs[0].machine.slug), reverse=True)
    costs = regret.overview(judged.values())
    return template(
        "index.md.j2",
        devices=newest_first,
        situations=[*situations(evidence), *for_good.overview(evidence.devices.values()), *costs],
        table=devices_table(newest_first),
        headline=f"{HEADLINE.rows} × {HEADLINE.cols} {HEADLINE.dtype}",
        files=files,
        summary=summary,
        tried={slug: (found, tried.summary(found)) for slug, found in others.items()},
        groups=[
            (found[0].machine.slug, spread.stem(group), len(group), group[0])
            for found in newest_first
            for group in spread.groups(found)
        ],
        scalings=[
            (slug, scaling.stem(found), scaling.title(found), scaling.summary(found))
            for slug, each in scaled.items()
            for _, found in each
        ],
        timers=[(found[0].machine.slug, found[0].machine) for found in newest_first],
        foreign=all(whose(runs[0].machine) for runs in newest_first),
        device=device,
        compiled=lambda run: ", ".join(map(sm, run.capabilities)),
    )


def devices_table(devices: Iterable[Sequence[Brief]]) -> Table:
    """Share of the ceiling at the headline case, cold: a row per device, a column per own kernel and the baseline.

    Each device's runs stand newest first; the first that measured the case counts.
    """
    held = ([run for run in runs if run.shares] for runs in devices)
    newest = [runs[0].view for runs in held if runs]
    names = [n for n in (*TUNED, BASELINE) if any(run.one("cold", n, HEADLINE.id) for run in newest)]
    rows = tuple(
        (device(run.machine), f"{run.record.utc:%Y-%m-%d}", run.interval, *(_device_cell(run, name) for name in names))
        for run in newest
    )
    return Table(("device", "run", "intervals", *names), rows, text=3)


def _device_cell(run: View, name: str) -> str:
    m = run.one("cold", name, HEADLINE.id)
    if m is None:
        return units.ABSENT
    share, remark = units.percent_interval(m.of_ceiling, m.of_ceiling_ci99), run.remark(name)
    return f"{share}, {remark}" if remark else share
