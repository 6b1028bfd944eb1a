"""The commands about purchases of parts: quotes, and purchases from proposal to delivery."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import remark, say, say_json, table
from workbench.cli.times import instant
from workbench.domain.money import minor_units, money_text
from workbench.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.domain.procurement import PurchaseOrder

purchases = typer.Typer(
    help="Purchases of parts, from proposal to delivery.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(purchases, name="purchases")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Number = Annotated[str, typer.Argument(help="Purchase number, e.g. PO-2026-0001.")]
PartId = Annotated[str, typer.Argument(help="Part id, see `parts list`.")]


def day(time: datetime | None) -> str:
    """Return the date of a time, or nothing."""
    return f"{time:%Y-%m-%d}" if time else ""


@purchases.command("list")
def list_purchases(
    everything: Annotated[bool, typer.Option("--all", help="Delivered, rejected and cancelled ones too.")] = False,
    late: Annotated[bool, typer.Option("--late", help="Only what should have come already.")] = False,
    json_: Json = False,
) -> None:
    """List the purchases that are proposed, approved or ordered."""
    from workbench.workflows.procurement import late_deliveries

    with open_workspace() as ws:
        overdue = late_deliveries(ws)
        found = overdue if late else ws.purchases.all() if everything else ws.purchases.open()
        currency = ws.settings.currency
    if json_:
        say_json({"purchases": found, "late": [purchase.number for purchase in overdue]})
    elif found:
        numbers = {purchase.number for purchase in overdue}
        rows = [
            (
                p.number,
                p.state.value,
                f"{p.quantity} x {p.part_id}",
                p.supplier_id,
                money_text(p.total, currency),
                f"{p.deal.score:.2f}",
                day(p.needed_by),
                day(p.expected_at) + (" LATE" if p.number in numbers else ""),
            )
            for p in found
        ]
        table(("purchase", "state", "what", "supplier", "total", "deal", "needed by", "expected"), rows)
    else:
        say("No delivery is late." if late else "There are no purchases.")


@purchases.command()
def show(number: Number, json_: Json = False) -> None:
    """Show a purchase: price, deal, why this supplier, approval and delivery."""
    from workbench.dispatch.procurement import few
    from workbench.domain.approvals import ApprovalKind

    with open_workspace() as ws:
        purchase = ws.purchases.numbered(number)
        approval = ws.approvals.latest(ApprovalKind.PURCHASE, purchase.number)
        currency = ws.settings.currency
    if json_:
        say_json({"purchase": purchase, "savings": purchase.savings, "total": purchase.total, "approval": approval})
        return
    p, deal = purchase, purchase.deal
    say(f"{p.number}  {p.quantity} x {p.part_id} from {p.supplier_id}  ({p.state.value}, {p.urgency.name.lower()})")
    say(f"Price      {money_text(p.unit_price, currency)} a piece, {money_text(p.total, currency)} in all")
    say(
        f"           quoted {money_text(p.quoted_price, currency)}, to negotiate for {money_text(p.target_price, currency)}"
    )
    say(f"Saved      {money_text(p.savings, currency)} on what was quoted")
    say(
        f"Deal       {deal.score:.2f} of 1: 0.4 x price {deal.price_saving:.2f} + 0.3 x reliability "
        f"{deal.reliability:.2f} + 0.3 x speed {deal.delivery_speed:.2f}"
    )
    say(f"Why        {p.reason}")
    say(f"Needed     {p.basis}" + (f"; by {day(p.needed_by)}" if p.needed_by else ""))
    if p.orders:
        say(f"Waiting    {few(p.orders)}")
    if approval is not None:
        answer = f"by {approval.decided_by}: {approval.comment}".rstrip(": ") if approval.decided_by else ""
        say(f"Approval   {approval.state.value} {answer}; asked for by {approval.asked_by}".replace(" ;", ";"))
    dates = (("ordered", p.ordered_at), ("expected", p.expected_at), ("delivered", p.delivered_at))
    known = [f"{what} {day(when)}" for what, when in dates if when]
    if known:
        say(f"Delivery   {', '.join(known)}; {p.received} of {p.quantity} received")


@purchases.command()
def quotes(
    part: PartId,
    urgency: Annotated[str, typer.Option(help="emergency, urgent, high or routine.")] = "routine",
    json_: Json = False,
) -> None:
    """Ask the suppliers' offers for a part; the best deal first, with the price to negotiate for."""
    from workbench.domain.work import Priority
    from workbench.workflows.procurement import request_quotes

    if urgency.upper() not in Priority.__members__:
        raise InputError(f"{urgency!r} is no urgency.", f"Use one of: {', '.join(p.name.lower() for p in Priority)}.")
    with open_workspace() as ws:
        found, currency = request_quotes(ws, part, urgency=Priority[urgency.upper()]), ws.settings.currency
    if json_:
        say_json({"quotes": found})
    elif found:
        rows = [
            (
                one.quote.supplier_id,
                money_text(one.quote.unit_price, currency),
                money_text(one.target_price, currency),
                f"{one.quote.delivery_days:g} days",
                f"{100 * one.deal.reliability:.0f} %",
                f"{one.deal.score:.2f}",
                one.quote.source,
            )
            for one in found
        ]
        table(("supplier", "asks", "negotiate for", "delivers in", "on time", "deal", "from"), rows)
    else:
        say(f"No supplier offers {part}. Enter a quote: workbench purchases quote {part} SUPPLIER PRICE DAYS")


@purchases.command()
def quote(
    part: PartId,
    supplier: Annotated[str, typer.Argument(help="Supplier id.")],
    price: Annotated[float, typer.Argument(help="Price of a piece, e.g. 431.50.")],
    days: Annotated[float, typer.Argument(help="Days from order to delivery.")],
    available: Annotated[int | None, typer.Option(help="Pieces the supplier has; default: any number.")] = None,
    json_: Json = False,
) -> None:
    """Enter a quote that a supplier gave."""
    from workbench.workflows.procurement import enter_quote

    with open_workspace() as ws:
        currency = ws.settings.currency
        entered = enter_quote(ws, part, supplier, minor_units(price, currency), days, available=available)
    if json_:
        say_json({"quote": entered})
    else:
        say(f"{supplier}: {money_text(entered.unit_price, currency)} a piece in {days:g} days, recorded.")


@purchases.command()
def propose(
    part: Annotated[str | None, typer.Argument(help="Part id; leave out for all that is short.")] = None,
    quantity: Annotated[int | None, typer.Option(help="How many; default: what is short.")] = None,
    supplier: Annotated[str | None, typer.Option(help="Buy only there.")] = None,
    needed_by: Annotated[str | None, typer.Option(help="When it must be there, e.g. 2026-01-31.")] = None,
    json_: Json = False,
) -> None:
    """Propose to buy what is short, or one part, where it costs least in all; each waits for an approval."""
    from workbench.workflows.procurement import propose_purchases

    with open_workspace() as ws:
        made = propose_purchases(ws, part, quantity=quantity, supplier_id=supplier, needed_by=instant(needed_by))
        currency = ws.settings.currency
    if json_:
        say_json(made)
    else:
        _say_proposed(made.purchases, currency)
    for name, reason in made.problems:
        remark(f"not proposed: {name}: {reason}")


def _say_proposed(made: Sequence[PurchaseOrder], currency: str) -> None:
    for p in made:
        say(f"{p.number}  {p.quantity} x {p.part_id} from {p.supplier_id}, {money_text(p.total, currency)}: {p.reason}")
    waits = "waits" if len(made) == 1 else "wait"
    say(f"{len(made)} proposed, {waits} for an approval: workbench approvals list" if made else "Nothing is short.")


@purchases.command()
def approve(
    number: Number, comment: Annotated[str, typer.Option(help="Kept with the approval.")] = "", json_: Json = False
) -> None:
    """Approve a proposed purchase (supervisor or admin)."""
    from workbench.cli import approvals

    approvals.approve("purchase", number, comment, json_)


@purchases.command()
def reject(
    number: Number, comment: Annotated[str, typer.Option(help="Why, for those who asked.")], json_: Json = False
) -> None:
    """Reject a proposed purchase (supervisor or admin), and say why."""
    from workbench.cli import approvals

    approvals.reject("purchase", number, comment, json_)


@purchases.command()
def place(
    number: Number,
    price: Annotated[float | None, typer.Option(help="Agreed price of a piece, if less than quoted.")] = None,
    expected: Annotated[str | None, typer.Option(help="Delivery date that the supplier confirmed.")] = None,
    json_: Json = False,
) -> None:
    """Record that an approved purchase was ordered; orders that wait are told when their parts come."""
    from workbench.workflows.procurement import place_purchase

    with open_workspace() as ws:
        currency = ws.settings.currency
        agreed = None if price is None else minor_units(price, currency)
        placed = place_purchase(ws, number, unit_price=agreed, expected_at=instant(expected))
    if json_:
        say_json({"purchase": placed})
    else:
        saved = f", {money_text(placed.savings, currency)} saved" if placed.savings else ""
        say(
            f"{placed.number} ordered for {money_text(placed.total, currency)}{saved}; expected {day(placed.expected_at)}."
        )


@purchases.command()
def deliver(
    number: Number,
    quantity: Annotated[int | None, typer.Option(help="Pieces that came; default: all outstanding.")] = None,
    json_: Json = False,
) -> None:
    """Book a delivery into the stock; orders that wait get their parts."""
    from workbench.workflows.procurement import receive_delivery

    with open_workspace() as ws:
        booked = receive_delivery(ws, number, quantity=quantity)
    if json_:
        say_json({"purchase": booked})
    else:
        left = f", {booked.outstanding} still to come" if booked.outstanding else ""
        say(f"{booked.number}: {booked.received} of {booked.quantity} x {booked.part_id} received{left}.")


@purchases.command()
def cancel(number: Number, reason: Annotated[str, typer.Option(help="Why.")], json_: Json = False) -> None:
    """Cancel a purchase that has not been delivered."""
    from workbench.workflows.procurement import cancel_purchase

    with open_workspace() as ws:
        cancelled = cancel_purchase(ws, number, reason=reason)
    if json_:
        say_json({"purchase": cancelled})
    else:
        say(f"{cancelled.number} cancelled: {reason}")
