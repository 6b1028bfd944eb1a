"""The command that shows the key figures of the plant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import remark, say, say_json, table
from workbench.cli.present import counted
from workbench.cli.times import instant
from workbench.domain.kpis import NOT_AVAILABLE as NOTHING

if TYPE_CHECKING:
    from workbench.domain.kpis import PlantKpis

SHOWN = ("oee", "operational_availability", "mtbf_h", "mean_down_time_h", "downtime_h", "energy_kWh")


@app.command("kpis")
def show_kpis(
    machine: Annotated[
        list[str] | None, typer.Option("-m", "--machine", help="Machine id; repeatable. Default: all.")
    ] = None,
    site: Annotated[str | None, typer.Option(help="Only machines of this site.")] = None,
    since: Annotated[str | None, typer.Option(help="Begin, e.g. 2025-07-01. Default: a year before the end.")] = None,
    until: Annotated[str | None, typer.Option(help="End. Default: as-of.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Show OEE, MTBF, down time, availability, how work was planned, backlog, energy and savings.

    Each with its 95 % interval where it is a sample, what it rests on, and why where it is not available.
    """
    from workbench.workflows.kpis import kpis

    with open_workspace() as ws:
        found = kpis(ws, machine_ids=machine, site=site, start=instant(since), end=instant(until))
    if json_:
        say_json(found)
        return
    _show(found)


def _show(found: PlantKpis) -> None:
    currency = found.currency
    mark = ", simulated data" if found.simulated else ""
    say(
        f"{counted(len(found.machines), 'machine')}, {found.start:%Y-%m-%d %H:%M} to {found.end:%Y-%m-%d %H:%M} UTC{mark}"
    )
    rows = [
        (
            kpi.title,
            kpi.value_text(currency),
            kpi.interval_text(currency),
            counted(kpi.n, kpi.n_of.removesuffix("s")),
            kpi.source if kpi.value is not None else kpi.lacks,
        )
        for kpi in found.figures
    ]
    table(("figure", "value", "95 % interval", "rests on", "how, or why not"), rows)
    told = [one for one in found.machines if any(one.figure(name).value_text() != NOTHING for name in SHOWN)]
    if len(found.machines) > 1 and told:
        say()
        titles = {kpi.name: kpi.title.partition(",")[0] for kpi in found.machines[0].figures}
        each = [
            (
                one.machine_id,
                f"{one.figure('mtbf_h').n:,}",
                *(_cell(one.figure(name).value_text(currency)) for name in SHOWN),
            )
            for one in told
        ]
        table(("machine", "failures", *(titles[name] for name in SHOWN)), each)
    if found.backlog:
        say()
        lines = [
            (
                line.skill.replace("_", " ") or "not known",
                line.orders,
                f"{line.hours:,.1f} h",
                "nobody has it" if line.technician_weeks is None else f"{line.technician_weeks:.1f}",
                line.technicians,
            )
            for line in found.backlog
        ]
        table(("backlog by skill", "orders", "labour", "technician weeks", "technicians"), lines)
    if found.simulated:
        remark("The data are simulated.")


def _cell(text: str) -> str:
    return "" if text == NOTHING else text
