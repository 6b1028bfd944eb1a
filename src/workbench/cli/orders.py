"""The commands about work orders: list, show what the technician reads, raise a ticket by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import say, say_json, table
from workbench.domain.money import money_text
from workbench.domain.work import OPEN_ORDER_STATES, OrderState, Priority
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.domain.closeout import CloseOut
    from workbench.domain.equipment import Site
    from workbench.workspace import Workspace

orders = typer.Typer(help="Work orders of the workspace.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(orders, name="orders")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


Number = Annotated[str, typer.Argument(help="Order number, e.g. WO-2026-0001.")]
Parts = Annotated[list[str] | None, typer.Option("--part", help="PART=QUANTITY, e.g. mechanical_seal=1; repeatable.")]
HISTORY = 12


def quantities(parts: list[str]) -> dict[str, int]:
    """Read PART=QUANTITY pairs; raises ``InputError``."""
    found = {}
    for text in parts:
        part, _, count = text.partition("=")
        if not part or not count.isdecimal():
            raise InputError(f"--part {text!r} is no part with a quantity.", "Write e.g. --part mechanical_seal=1")
        found[part] = int(count)
    return found


def site_of(ws: Workspace, number: str) -> Site:
    """Return the site of an order's machine: people there say times by its clock."""
    return ws.sites.get(ws.machines.get(ws.orders.by_number(number).machine_id).site_id)


@orders.command("list")
def list_orders(
    state: Annotated[list[OrderState] | None, typer.Option(help="Only these; repeatable.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Done and cancelled ones too.")] = False,
    limit: Annotated[int, typer.Option(help="How many to show at most.")] = 100,
    offset: Annotated[int, typer.Option(help="How many to leave out before them.")] = 0,
    json_: Json = False,
) -> None:
    """List the work orders that are not finished, the most urgent first."""
    from workbench.workflows import orders as workflow

    states = tuple(state or (OrderState if everything else OPEN_ORDER_STATES))
    with open_workspace() as ws:
        found, total = workflow.list_orders(ws, states, limit=limit, offset=offset)
    if json_:
        say_json({"orders": found, "total": total})
        return
    if not found:
        say("No such work order." if state or everything or offset else "No work order is open.")
        return
    rows = [
        (
            o.number,
            o.priority.name,
            o.state_in_words,
            f"{o.due_at:%Y-%m-%d %H:%M}",
            o.machine_id,
            o.title,
            o.technician_id or "nobody",
        )
        for o in found
    ]
    table(("order", "priority", "state", "due (UTC)", "machine", "work", "technician"), rows)
    if total > len(found):
        say(f"{offset + 1:,} to {offset + len(found):,} of {total:,} orders; see the rest with --offset or --limit.")


@orders.command()
def show(number: Number, json_: Json = False) -> None:
    """Show an order as the technician reads it.

    Summary, safety, lockout, permits, parts, steps, tools, timeline; times are the site's.
    """
    from workbench.dispatch.permits import permit_in_words
    from workbench.dispatch.wording import site_time
    from workbench.workflows.orders import order_record

    with open_workspace() as ws:
        record = order_record(ws, number)
        site = site_of(ws, number)
        zone = ZoneInfo(site.time_zone)
        currency = ws.settings.currency
    if json_:
        say_json(record)
        return
    order, report = record.order, record.report
    say(
        f"{order.number}  {order.title}  ({order.priority.name}, {order.state_in_words}, due {site_time(order.due_at, site)})"
    )
    if order.waits_for_approval and order.closed_at is None:
        say(f"Nobody plans or begins it: {order.technician_reason}.")
    if order.symptom:
        say(f"\nNoticed: {order.symptom}")
    if report is not None:
        say(f"\n{report.summary}\n\n{report.failure}")
    for heading, lines in (
        ("Safety", order.safety),
        (
            "Lockout",
            [f"{p.source}: {p.isolate}; {p.release}; prove it: {p.verify}" for p in report.lockout] if report else (),
        ),
        ("Permits", [f"{p.permit_id}: {permit_in_words(p, zone)}" for p in record.permits if p.needed]),
        ("Parts", [f"{p.needed} x {p.title}: {p.reserve} reserved, {p.to_order} to order" for p in order.parts]),
        ("Steps", [f"{n}. {step}" for n, step in enumerate(order.steps, start=1)]),
        ("Tools", order.tools),
        ("Timeline", [f"{site_time(when, site)}  {what}" for when, what in report.timeline] if report else ()),
        ("Closed", close_out_lines(record.close_out, currency) if record.close_out else ()),
        (
            "Worth",
            [f"{record.value.kind.value}: {money_text(record.value.amount, currency)}; {record.value.reason}"]
            if record.value
            else (),
        ),
        (
            "History",
            [f"{site_time(entry.at, site)}  {entry.event} by {entry.actor}" for entry in record.history[-HISTORY:]],
        ),
    ):
        if lines:
            say(f"\n{heading}")
            for line in lines:
                say(f"  {line}")


def close_out_lines(close_out: CloseOut, currency: str) -> Iterator[str]:
    """Say what was found, done and spent, and which labels came of it."""
    told = close_out.findings
    yield f"found {told.found}, {told.as_found.value} as found; {told.done.value}"
    if told.functional_failure_at is not None:
        yield f"failed at {told.functional_failure_at:%Y-%m-%d %H:%M} UTC"
    yield f"cost {money_text(close_out.actual_cost, currency)}"
    yield from (f"  {item.name}: {money_text(item.amount, currency)} ({item.inputs})" for item in close_out.cost_items)
    for event in close_out.events:
        yield f"label: {event.kind.value} ({event.cause}) at {event.time:%Y-%m-%d %H:%M} UTC"
    yield from (f"note: {note}" for note in close_out.notes)
    if told.note:
        yield told.note


@orders.command("raise")
def raise_order(
    machine: Annotated[str, typer.Argument(help="Machine id.")],
    title: Annotated[str, typer.Argument(help="What is wrong, in a few words.")],
    priority: Annotated[str, typer.Option(help="emergency, urgent, high or routine.")] = "routine",
    failure_mode: Annotated[str, typer.Option("--mode", help="Failure mode of its profile, where it is known.")] = "",
    symptom: Annotated[str, typer.Option(help="What was noticed, in words.")] = "",
    step: Annotated[list[str] | None, typer.Option(help="A step to take; repeatable.")] = None,
    skill: Annotated[str, typer.Option(help="Skill that it needs; default: of the failure mode.")] = "",
    labour_h: Annotated[float | None, typer.Option(help="Hours of work; default: of the failure mode, else 1.")] = None,
    part: Parts = None,
    json_: Json = False,
) -> None:
    """Raise a ticket by hand."""
    from workbench.workflows.orders import raise_ticket

    if priority.upper() not in Priority.__members__:
        raise InputError(f"{priority!r} is no priority.", f"Use one of: {', '.join(p.name.lower() for p in Priority)}.")
    with open_workspace() as ws:
        order = raise_ticket(
            ws,
            machine,
            title,
            steps=step or (),
            priority=Priority[priority.upper()],
            failure_mode=failure_mode,
            symptom=symptom,
            skill=skill,
            labour_h=labour_h,
            parts=quantities(part) if part else None,
        )
    if json_:
        say_json({"order": order})
    elif order.title == title.strip():
        say(f"{order.number} opened for {order.machine_id}, due {order.due_at:%Y-%m-%d %H:%M} UTC.")
        if order.waits_for_approval:
            say(f"It {order.technician_reason}.")
    else:
        say(f"{order.number} ({order.title}) is already open for this; what you reported stands in its history.")
