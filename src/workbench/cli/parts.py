"""The commands about spare parts: what is in stock, who holds it, and what to order."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import say, say_json, table
from workbench.cli.procurement import day
from workbench.domain.money import money_text

parts = typer.Typer(help="Spare parts: stock, and what is short.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(parts, name="parts")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
_STOCK_COLUMNS = ("part_id", "title", "stock", "reserved", "free", "on_order", "reorder_level")


@parts.command("list")
def list_parts(json_: Json = False) -> None:
    """List the parts: in stock, set aside for orders, free, on order."""
    from workbench.workflows.procurement import parts_overview

    with open_workspace() as ws:
        found, currency = parts_overview(ws), ws.settings.currency
    if json_:
        say_json({"parts": found.to_dict("records")})
    elif len(found):
        rows = [
            (*(row[name] for name in _STOCK_COLUMNS), money_text(row["unit_cost"], currency))
            for row in found.to_dict("records")
        ]
        table(("part", "title", "in stock", "set aside", "free", "on order", "reorder level", "a piece"), rows)
    else:
        say("No part is recorded. See an example: workbench plant parts")


@parts.command()
def show(part: Annotated[str, typer.Argument(help="Part id; see `parts list`.")], json_: Json = False) -> None:
    """Show a part: what there is, which orders hold it, what is on its way."""
    with open_workspace() as ws:
        known, currency = ws.parts.get(part), ws.settings.currency
        held = [one for one in ws.parts.reservations() if one.part_id == part and one.state == "reserved"]
        numbers = {one.order_id: ws.orders.get(one.order_id).number for one in held}
        coming, free = ws.purchases.open(part), ws.parts.available(part)
    if json_:
        say_json({"part": known, "free": free, "reservations": held, "purchases": coming})
        return
    price = money_text(known.unit_cost, currency)
    say(
        f"{known.part_id}  {known.title}, {price} a piece, delivered in {known.lead_time_days:g} days{', critical' * known.critical}"
    )
    say(f"{known.stock} in stock, {free} free, reorder level {known.reorder_level}")
    for one in held:
        say(f"  {one.quantity} set aside for {numbers[one.order_id]}")
    for purchase in coming:
        when = f", expected {day(purchase.expected_at)}" if purchase.expected_at else ""
        say(f"  {purchase.outstanding} to come with {purchase.number} ({purchase.state.value}{when})")


@parts.command()
def reorder(json_: Json = False) -> None:
    """Show what to order, how many and why, the most urgent first."""
    from workbench.workflows.procurement import reorder_proposals

    with open_workspace() as ws:
        found = reorder_proposals(ws)
    if json_:
        say_json({"proposals": found})
    elif found:
        rows = [(p.part_id, p.quantity, p.urgent or "", day(p.needed_by), p.urgency.name, p.basis) for p in found]
        table(("part", "order", "waited for", "needed by", "urgency", "because"), rows)
        say("Propose to buy them all: workbench purchases propose")
    else:
        say("Nothing is short.")
