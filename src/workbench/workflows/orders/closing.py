"""The close-out of work (Z5): the order done, stock used, labels written, cases resolved, value booked, or nothing at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workbench.domain import order_states
from workbench.domain.base import Actor
from workbench.domain.closeout import SAME_EVENT, CloseOut, Findings, labels_of, source_of, work_ended
from workbench.domain.roles import Permission, require
from workbench.errors import InvalidDocument
from workbench.workflows.procurement import share_out

from .approval import hold
from .costs import cost_of_work
from .settled import settle_cases
from .steps import instant, latest_instant

if TYPE_CHECKING:
    from workbench.domain.base import Change
    from workbench.domain.observations import AssetEvent
    from workbench.domain.value import ValueEntry
    from workbench.domain.work import WorkOrder
    from workbench.workspace import Workspace


def close_order(
    ws: Workspace, number: str, findings: Findings, *, at: datetime | None = None, actor: Actor | None = None
) -> CloseOut:
    """Close an order with what was found and done, all in one transaction, and return the close-out.

    The order is done at its actual cost, the parts used leave the stock and what else was reserved goes to the orders that
    wait, the findings become asset events (see ``labels_of``: failure, replacement, maintenance or inspection), open cases
    of the machine that the work was about are resolved (with no fault found they stay, and say so), and the value ledger
    gets its entry.

    Args:
        ws: The workspace.
        number: Of an order in progress, e.g. WO-2026-0001.
        findings: What was found and done.
        at: When the work was closed; default: the workspace's as-of. Not in the future, and not before the start.
        actor: Who closes it.

    Raises:
        NotFound: the order, or a part that was used, is not in the records.
        InvalidDocument: findings that cannot be, with every fault.
        InputError: the order is not in progress, the time cannot be, or more parts were used than there were.
        NotPermitted: the actor's role does not close work.
    """
    require(actor or ws.actor, Permission.CLOSE_WORK)
    closed_at = instant(ws, at)
    with ws.transaction() as tx:
        hold(tx, number)
        order = tx.orders.by_number(number)
        change = tx.change(f"order {order.number} closed", actor)
        reserved = {r.part_id: r.quantity for r in tx.parts.reservations(order.order_id) if r.state == "reserved"}
        freed = {name for name, pieces in reserved.items() if findings.parts_used.get(name, 0) < pieces}
        closing = order_states.done(order, closed_at, 0)
        check_findings(tx, closing, findings)
        close_out = assemble(tx, closing, findings, closed_by=change.actor.id)
        # Of two who close it at once the second is told here that it is done.
        tx.orders.advance(
            order.order_id, lambda now: order_states.done(now, closed_at, close_out.actual_cost), change, "done"
        )
        tx.parts.use(order.order_id, findings.parts_used, change)
        tx.events.add(close_out.events, change)
        tx.close_outs.record(close_out, change)
        resolved = settle_cases(tx, order, close_out, change)
        entry = book_value(tx, order, close_out, change)
        details = {
            "found": close_out.cause,
            "done": findings.done.value,
            "as_found": findings.as_found.value,
            "actual_cost": close_out.actual_cost,
            "cases": resolved,
            "value": None if entry is None else entry.kind.value,
        }
        tx.dispatch_history.add(order.order_id, order.machine_id, "closed", details, change)
        share_out(tx, freed, change, why=f"{order.number} did not need its parts", key=order.order_id)
    return close_out


def findings_from(number: str, fields: Mapping[str, Any]) -> Findings:
    """Return the findings that ``fields`` tell of an order; raises ``InvalidDocument`` with every fault."""
    from pydantic import ValidationError

    try:
        return Findings.model_validate(dict(fields))
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, fault['loc']))}{': ' if fault['loc'] else ''}{text}"
            for fault in error.errors()
            for text in fault["msg"].removeprefix("Value error, ").split("; ")
        ]
        raise InvalidDocument(f"The close-out of order {number}", faults) from error


def check_findings(tx: Workspace, order: WorkOrder, findings: Findings) -> None:
    """Raise ``InvalidDocument`` with every fault of ``findings`` as those of this order, which is done."""
    faults = []
    if order.simulated and not tx.settings.simulated:
        faults.append("the order is SIMULATED and the plant is not: its findings must not become labels; cancel it")
    end = work_ended(findings, _closed(order))
    times = {"failed_at": findings.failed_at, "downtime_start": findings.downtime_start}
    faults += [
        f"{name} {time:%Y-%m-%d %H:%M} UTC lies after the end of the work, {end:%Y-%m-%d %H:%M} UTC"
        for name, time in times.items()
        if time is not None and time > end
    ]
    if findings.downtime_end is not None and findings.downtime_end > latest_instant(tx):
        faults.append(f"downtime_end {findings.downtime_end:%Y-%m-%d %H:%M} UTC lies in the future")
    known = {part.part_id for part in tx.parts.all()}
    faults += [
        f"parts_used: there is no part {part!r} in the records" for part in sorted({*findings.parts_used} - known)
    ]
    if faults:
        raise InvalidDocument(f"The close-out of order {order.number}", faults)


def _closed(order: WorkOrder) -> datetime:
    assert order.closed_at is not None  # noqa: S101 - only orders that are done are closed out
    return order.closed_at


def assemble(tx: Workspace, order: WorkOrder, findings: Findings, *, closed_by: str, revision: int = 1) -> CloseOut:
    """Return the close-out of a done order: its cost, and its labels beside what others recorded of the same; writes nothing."""
    profile, closed_at = tx.machines.get(order.machine_id), _closed(order)
    labels = labels_of(findings, order, profile, closed_at, _recorded_elsewhere(tx, order, findings))
    items = cost_of_work(tx, order, findings, labels.cause, profile)
    return CloseOut(
        order_id=order.order_id,
        number=order.number,
        machine_id=order.machine_id,
        closed_at=closed_at,
        closed_by=closed_by,
        findings=findings,
        cause=labels.cause,
        actual_cost=sum(item.amount for item in items),
        cost_items=items,
        events=labels.events,
        notes=labels.notes,
        revision=revision,
        simulated=order.simulated,
    )


def _recorded_elsewhere(tx: Workspace, order: WorkOrder, findings: Findings) -> list[AssetEvent]:
    end = work_ended(findings, _closed(order))
    begin = min(findings.functional_failure_at or end, end)
    found = tx.events.between(order.machine_id, begin - SAME_EVENT, end + SAME_EVENT)
    return [event for event in found if event.source != source_of(order.number)]


def book_value(tx: Workspace, order: WorkOrder, close_out: CloseOut, change: Change) -> ValueEntry | None:
    """Add the entry that the close-out makes to the value ledger and return it; None where it makes none."""
    from workbench.analytics.value import value_entry
    from workbench.workflows.value import prospect_of

    entry = value_entry(order, close_out, prospect_of(tx, order, close_out))
    if entry is not None:
        tx.value_entries.add(entry, change)
    return entry
