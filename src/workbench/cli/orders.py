"""The commands about work orders: list, show what the technician reads, raise a ticket by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import say, say_json, table
from workbench.errors import InputError

orders = typer.Typer(help="Work orders of the workspace.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(orders, name="orders")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


@orders.command("list")
def list_orders(
    everything: Annotated[bool, typer.Option("--all", help="Done and cancelled ones too.")] = False, json_: Json = False
) -> None:
    """List the open work orders, the most urgent first."""
    with open_workspace() as ws:
        found = sorted(
            ws.orders.all() if everything else ws.orders.open(), key=lambda o: (o.priority, o.due_at, o.number)
        )
    if json_:
        say_json({"orders": found})
    elif found:
        rows = [
            (
                o.number,
                o.priority.name,
                o.state.value,
                f"{o.due_at:%Y-%m-%d %H:%M}",
                o.machine_id,
                o.title,
                o.technician_id or "nobody",
            )
            for o in found
        ]
        table(("order", "priority", "state", "due (UTC)", "machine", "work", "technician"), rows)
    else:
        say("No work order is open.")


@orders.command()
def show(number: Annotated[str, typer.Argument(help="Order number, e.g. WO-2026-0001.")], json_: Json = False) -> None:
    """Show an order as the technician reads it.

    Summary, safety, parts, steps, tools, timeline.
    """
    from workbench.workflows.orders import find_order

    with open_workspace() as ws:
        order, report = find_order(ws, number)
    if json_:
        say_json({"order": order, "report": report})
        return
    say(
        f"{order.number}  {order.title}  ({order.priority.name}, {order.state.value}, due {order.due_at:%Y-%m-%d %H:%M} UTC)"
    )
    if report is not None:
        say(f"\n{report.summary}\n\n{report.failure}")
    for heading, lines in (
        ("Safety", order.safety),
        ("Parts", [f"{p.needed} x {p.title}: {p.reserve} reserved, {p.to_order} to order" for p in order.parts]),
        ("Steps", [f"{n}. {step}" for n, step in enumerate(order.steps, start=1)]),
        ("Tools", order.tools),
        ("Timeline", [f"{when:%Y-%m-%d %H:%M} UTC  {what}" for when, what in report.timeline] if report else ()),
    ):
        if lines:
            say(f"\n{heading}")
            for line in lines:
                say(f"  {line}")


@orders.command("raise")
def raise_order(
    machine: Annotated[str, typer.Argument(help="Machine id.")],
    title: Annotated[str, typer.Argument(help="What is wrong, in a few words.")],
    priority: Annotated[str, typer.Option(help="emergency, urgent, high or routine.")] = "routine",
    step: Annotated[list[str] | None, typer.Option(help="A step to take; repeatable.")] = None,
    labour_h: Annotated[float, typer.Option(help="Hours of work expected.")] = 1.0,
    json_: Json = False,
) -> None:
    """Raise a ticket by hand."""
    from workbench.domain.work import Priority
    from workbench.workflows.orders import raise_ticket

    if priority.upper() not in Priority.__members__:
        raise InputError(f"{priority!r} is no priority.", f"Use one of: {', '.join(p.name.lower() for p in Priority)}.")
    with open_workspace() as ws:
        order = raise_ticket(
            ws, machine, title, steps=step or (), priority=Priority[priority.upper()], labour_h=labour_h
        )
    if json_:
        say_json({"order": order})
    else:
        say(f"{order.number} opened for {order.machine_id}, due {order.due_at:%Y-%m-%d %H:%M} UTC.")
