"""The commands that close an order with what was found and done, and that correct it afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from workbench.cli.main import open_workspace
from workbench.cli.order_steps import At
from workbench.cli.orders import Json, Number, Parts, close_out_lines, orders, quantities, site_of
from workbench.cli.output import say, say_json
from workbench.cli.times import instant
from workbench.domain.closeout import AsFound, WorkDone
from workbench.domain.money import minor_units

if TYPE_CHECKING:
    from workbench.domain.closeout import CloseOut
    from workbench.workspace import Workspace

FOUND = "Failure mode of the profile, another cause in words, or 'no fault found'."
COMPONENT = "What was replaced, as failure mode or 'machine'; default: of what was found."
REPAIR_H = "Hours of hands on the machine, without waiting."
Done = Annotated[WorkDone, typer.Option("--did", help="What was done.")]
Severity = Annotated[AsFound, typer.Option("--as-found", help="State in which the machine was found.")]
Hours = Annotated[float, typer.Option("--hours", help="Hours worked, all people together.")]
FailedAt = Annotated[
    str | None, typer.Option(help="When it failed (site time, or with a zone); default: begin of the downtime.")
]
DownFrom = Annotated[str | None, typer.Option(help="Begin of the downtime (site time, or with a zone).")]
DownTo = Annotated[str | None, typer.Option(help="End of the downtime.")]
RepairHours = Annotated[float | None, typer.Option("--repair-h", help=REPAIR_H)]
Cost = Annotated[float | None, typer.Option(help="Actual cost; default: labour, parts and tools.")]


@orders.command()
def done(
    number: Number,
    found: Annotated[str, typer.Option(help=FOUND)],
    did: Done,
    as_found: Severity,
    hours: Hours,
    component: Annotated[str, typer.Option(help=COMPONENT)] = "",
    failed_at: FailedAt = None,
    down_from: DownFrom = None,
    down_to: DownTo = None,
    repair_h: RepairHours = None,
    part: Parts = None,
    cost: Cost = None,
    note: Annotated[str, typer.Option(help="Anything else worth knowing.")] = "",
    at: At = None,
    json_: Json = False,
) -> None:
    """Close an order with what was found and done; it becomes the label that models learn from."""
    from workbench.workflows.orders import close_order, findings_from

    with open_workspace() as ws:
        zone = ZoneInfo(site_of(ws, number).time_zone)
        told = _fields(
            ws, zone, found=found, done=did, as_found=as_found, hours_worked=hours, component=component, failed_at=failed_at,
            downtime_start=down_from, downtime_end=down_to, active_repair_h=repair_h, parts_used=part, actual_cost=cost,
            note=note,
        )  # fmt: skip
        close_out = close_order(ws, number, findings_from(number, told), at=instant(at, zone))
        _say(close_out, ws.settings.currency, "done", json_=json_)


@orders.command()
def correct(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why; it stands in the log beside the change.")],
    found: Annotated[str | None, typer.Option(help=FOUND)] = None,
    did: Annotated[WorkDone | None, typer.Option("--did", help="What was done.")] = None,
    as_found: Annotated[AsFound | None, typer.Option("--as-found", help="State as found.")] = None,
    hours: Annotated[float | None, typer.Option("--hours", help="Hours worked, all people together.")] = None,
    component: Annotated[str | None, typer.Option(help=COMPONENT)] = None,
    failed_at: FailedAt = None,
    down_from: DownFrom = None,
    down_to: DownTo = None,
    repair_h: RepairHours = None,
    part: Parts = None,
    cost: Cost = None,
    note: Annotated[str | None, typer.Option(help="Anything else worth knowing.")] = None,
    json_: Json = False,
) -> None:
    """Correct how an order was closed: label, stock, cost and value follow; what you leave out stays.

    Parts are given whole: all that were used.
    """
    from workbench.workflows.orders import correct_close_out

    with open_workspace() as ws:
        changes = _fields(
            ws, ZoneInfo(site_of(ws, number).time_zone), found=found, done=did, as_found=as_found, hours_worked=hours, component=component, failed_at=failed_at,
            downtime_start=down_from, downtime_end=down_to, active_repair_h=repair_h, parts_used=part, actual_cost=cost,
            note=note,
        )  # fmt: skip
        close_out = correct_close_out(ws, number, changes, reason)
        _say(close_out, ws.settings.currency, f"corrected (revision {close_out.revision})", json_=json_)


def _fields(ws: Workspace, zone: ZoneInfo, **options: Any) -> dict[str, Any]:
    """Return the findings that were given, as their fields hold them; times without a zone are in ``zone``."""
    given = {name: value for name, value in options.items() if value is not None}
    for name in ("failed_at", "downtime_start", "downtime_end"):
        if name in given:
            given[name] = instant(given[name], zone)
    if "parts_used" in given:
        given["parts_used"] = quantities(given["parts_used"])
    if "actual_cost" in given:
        given["actual_cost"] = minor_units(given["actual_cost"], ws.settings.currency)
    return given


def _say(close_out: CloseOut, currency: str, what: str, *, json_: bool) -> None:
    if json_:
        say_json({"close_out": close_out})
        return
    say(f"{close_out.number} is {what}.")
    for line in close_out_lines(close_out, currency):
        say(f"  {line}")
