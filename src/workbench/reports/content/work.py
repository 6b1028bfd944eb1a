"""What is to be done and bought: open cases, work orders, parts to order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from workbench.domain.equipment import MachineProfile, Site
from workbench.domain.work import PartLine, Priority, WorkOrder

from .fleet import FleetSnapshot
from .lateness import late_text
from .markup import Fragment, chip, element, empty, fleet_anchor, link, text
from .site_time import said_at, site_clock, zones_in_words
from .tables import table
from .wording import NO_BREAK, cost, count, day, mode_title, money, work_title

_PRIORITY_KIND = {
    Priority.EMERGENCY: "critical",
    Priority.URGENT: "warning",
    Priority.HIGH: "degrading",
    Priority.ROUTINE: "plain",
}


def order_table(fleet: FleetSnapshot, *, kind: str = "open work order") -> Fragment:
    """Return the work orders of the snapshot, the most urgent first; ``kind`` is what the caption calls one."""
    if not fleet.orders:
        return Fragment(empty("No work order is open.", short="no work orders"))
    profiles = {view.machine_id: view.profile for view in fleet.machines}
    sites = {view.machine_id: view.site for view in fleet.machines}
    places = {order.order_id: sites.get(order.machine_id) for order in fleet.orders}
    rows = [
        {
            "number": text(order.number),
            "machine": link(fleet_anchor(order.machine_id), fleet.title_of(order.machine_id)),
            "work": _work(order, fleet, profiles.get(order.machine_id)),
            "priority": priority_chip(order.priority),
            "begins": text(_begins(order, places[order.order_id])),
            "due": text(_unbroken(order.due_at, places[order.order_id]))
            + (element("small", text(late_text(order))) if late_text(order) else ""),
            "who": text(_people(order, fleet.technicians)),
            "cost": _estimate(order, fleet.currency),
        }
        for order in fleet.orders
    ]
    columns = {
        "number": "Order",
        "machine": "Machine",
        "work": "Work",
        "priority": "Priority",
        "begins": "Begins",
        "due": "Due",
        "who": "Assigned to",
        "cost": "Estimated cost",
    }
    zones = zones_in_words(places.values(), fleet.as_of)
    caption = f"{count(len(rows), kind)}, by priority, then by due time; times in {zones}"
    ids = [f"order-{order.order_id}" for order in fleet.orders]
    return Fragment(table("orders", columns, rows, caption=caption, numeric=["cost"], row_ids=ids))


def priority_chip(priority: Priority) -> str:
    """Return a priority as a small coloured label."""
    return chip(priority.name.capitalize(), _PRIORITY_KIND[priority])


def _work(order: WorkOrder, fleet: FleetSnapshot, profile: MachineProfile | None) -> str:
    title, mode = work_title(order, fleet.title_of(order.machine_id)), mode_title(order.failure_mode, profile)
    said = mode.lower() in title.lower()
    return text(title) if said else text(title) + element("small", text(f"for {mode}"))


def _estimate(order: WorkOrder, currency: str) -> str:
    if order.estimate_lacks and not order.estimated_cost:
        return "not known"
    lacking = element("small", text(f"{order.estimate_lacks} not known")) if order.estimate_lacks else ""
    return text(("at least " if lacking else "") + money(order.estimated_cost, currency)) + lacking


def _begins(order: WorkOrder, site: Site | None) -> str:
    if order.started_at is not None:
        return f"{_unbroken(order.started_at, site)}, in progress"
    if order.waits_for_approval:
        return order.state_in_words.partition(", ")[2]
    return _unbroken(order.scheduled_at, site) if order.scheduled_at else "not planned"


def _unbroken(at: datetime, site: Site | None) -> str:
    return site_clock(at, site).replace(" ", NO_BREAK)


def _people(order: WorkOrder, names: Mapping[str, str]) -> str:
    people = [*([order.technician_id] if order.technician_id else []), *order.colleagues]
    return ", ".join(names.get(one, one) for one in people) or "nobody yet"


@dataclass
class _Purchase:
    """One part over all orders that need it."""

    line: PartLine
    pieces: int = 0
    orders: list[str] = field(default_factory=list)
    coming: list[tuple[datetime, int]] = field(default_factory=list)


def purchase_table(fleet: FleetSnapshot) -> Fragment:
    """Return the parts that the open orders lack, the slowest to arrive first: what must be bought, what is on order."""
    wanted: dict[str, _Purchase] = {}
    for order in fleet.orders:
        for line in order.parts:
            if line.to_order:
                purchase = wanted.setdefault(line.part_id, _Purchase(line))
                purchase.pieces += fleet.to_buy(order, line)
                purchase.orders.append(order.number)
                purchase.coming += fleet.coming.get((order.order_id, line.part_id), ())
    if not wanted:
        why = "stock covers every open work order" if fleet.orders else "no work order is open"
        return Fragment(empty(f"Nothing has to be ordered: {why}.", short="no parts to order"))
    ranked = sorted(
        wanted.values(), key=lambda p: (not p.pieces, not p.line.known, -p.line.lead_time_days, p.line.part_id)
    )
    rows = [
        {
            "part": text(p.line.title) + element("small", text(p.line.part_id)),
            "pieces": f"{p.pieces:,}" + _on_order(p),
            "cost": text(_cost(p, fleet.currency)),
            "lead": text(p.line.delivery.removeprefix("delivery ")) if p.pieces else "",
            "supplier": text(fleet.suppliers.get(p.line.supplier_id, p.line.supplier_id) or "no supplier on record"),
            "orders": text(", ".join(dict.fromkeys(p.orders))),
        }
        for p in ranked
    ]
    columns = {
        "part": "Part",
        "pieces": "To order",
        "cost": "Cost",
        "lead": "Lead time",
        "supplier": "Supplier",
        "orders": "For",
    }
    unpriced = sum(bool(p.pieces) and not p.line.known for p in ranked)
    lacks = f"price of {count(unpriced, 'part')}" if unpriced else ""
    total = cost(sum(p.pieces * p.line.unit_cost for p in ranked), lacks, fleet.currency)
    buys = any(p.pieces for p in ranked)
    caption = f"Parts to order, the slowest first; together {total}" if buys else "Parts that are all on order"
    if unpriced:
        enter = "workbench plant parts FILE enters prices and delivery"
        caption = (
            f"{caption}; {enter}"
            if unpriced < sum(p.pieces > 0 for p in ranked)
            else f"Parts to order; prices not known: {enter}"
        )
    return Fragment(table("purchases", columns, rows, caption=caption, numeric=["pieces", "cost", "lead"]))


def _cost(purchase: _Purchase, currency: str) -> str:
    if not purchase.pieces:
        return ""
    return money(purchase.pieces * purchase.line.unit_cost, currency) if purchase.line.known else "not known"


def _on_order(purchase: _Purchase) -> str:
    """Say how many more pieces are on order and when they come."""
    days: dict[str, int] = defaultdict(int)
    for when, pieces in sorted(purchase.coming):
        days[day(when)] += pieces
    return (
        element("small", text("; ".join(f"{pieces:,} on order, due {when}" for when, pieces in days.items())))
        if days
        else ""
    )


def case_table(fleet: FleetSnapshot) -> Fragment:
    """Return the open cases, critical ones first."""
    if not fleet.cases:
        return Fragment(empty("No case is open.", short="no open cases"))
    views = {view.machine_id: view for view in fleet.machines}
    rows = [
        {
            "machine": link(fleet_anchor(case.machine_id), fleet.title_of(case.machine_id)),
            "severity": chip(case.severity.capitalize(), case.severity.lower()),
            "summary": text(said_at(case.in_words, views.get(case.machine_id), fleet.as_of)),
            "opened": text(day(case.opened_at)),
            "seen": text(day(case.last_seen_at) + (f", {case.occurrences} times" if case.occurrences > 1 else "")),
        }
        for case in fleet.cases
    ]
    columns = {
        "machine": "Machine",
        "severity": "Severity",
        "summary": "What",
        "opened": "Opened",
        "seen": "Last seen",
    }
    return Fragment(table("cases", columns, rows, caption=f"{count(len(rows), 'open case')}, critical first"))
