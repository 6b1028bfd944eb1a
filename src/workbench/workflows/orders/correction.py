"""Corrections of a close-out, with audit (Z5): labels, stock, cost and value follow, and the log keeps what stood before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workbench.domain.closeout import AsFound, WorkDone
from workbench.domain.roles import Permission, require
from workbench.errors import InputError
from workbench.workflows.procurement import hold_orders, share_out

from .closing import assemble, book_value, check_findings, findings_from

if TYPE_CHECKING:
    from workbench.domain.base import Actor, Change
    from workbench.domain.closeout import CloseOut
    from workbench.domain.work import WorkOrder
    from workbench.workspace import Workspace


def correct_close_out(
    ws: Workspace, number: str, changes: Mapping[str, Any], reason: str, *, actor: Actor | None = None
) -> CloseOut:
    """Correct findings with which an order was closed, and return the new close-out.

    In one transaction: the events that the close-out made are replaced, the stock is corrected by the difference of the
    parts used, the order gets its new cost, and the value ledger a reversal and a new entry. Before and after stand in the
    event log with who, when and the reason. Models learn from it at the next training. Resolved cases stay resolved.

    Args:
        ws: The workspace.
        number: Of an order that was closed.
        changes: Fields of ``Findings`` as they should have been, e.g. ``{"found": "seal_leak"}``; the others stay, but
            ``failed_at`` goes when the machine had not failed, and ``component`` when nothing was replaced.
        reason: Why they are corrected.
        actor: Who corrects them.

    Raises:
        NotFound: the order is not in the records.
        InvalidDocument: findings that cannot be, with every fault.
        InputError: no reason, the order was not closed, nothing changes, or more parts were used than there were.
        NotPermitted: the actor's role does not close work.
    """
    require(actor or ws.actor, Permission.CLOSE_WORK)
    if not reason.strip():
        raise InputError(f"No reason is given to correct {number}.", "Say why; it stands in the log beside the change.")
    with ws.transaction() as tx:
        order = tx.orders.by_number(number)
        change = tx.change(f"close-out of {order.number} corrected: {reason.strip()}", actor)
        given = {one.part_id for one in tx.parts.reservations(order.order_id) if one.state == "used"}
        # Locked as when it was closed, so that two corrections follow each other.
        hold_orders(tx, given, order.order_id)
        order = tx.orders.get(order.order_id)
        before = tx.close_outs.find(order.order_id)
        if before is None:
            raise InputError(
                f"Order {order.number} is {order.state.value} and has no close-out to correct.",
                f"Close it first: workbench orders done {order.number}",
            )
        findings = findings_from(number, {**dict(before.findings), **_moot(changes), **changes})
        if before.findings == findings:
            raise InputError(f"The findings of order {order.number} are those that stand.", "Change what is wrong.")
        check_findings(tx, order, findings)
        after = assemble(tx, order, findings, closed_by=before.closed_by, revision=before.revision + 1)
        tx.close_outs.record(after, change)
        tx.events.replace(before.events, after.events, change)
        tx.parts.correct_use(order.order_id, findings.parts_used, change)
        costed = order.model_copy(update={"actual_cost": after.actual_cost})
        tx.orders.update(costed, change)
        _rebook(tx, costed, after, change)
        details = {"found": [before.cause, after.cause], "revision": after.revision, "reason": reason.strip()}
        tx.dispatch_history.add(order.order_id, order.machine_id, "close-out corrected", details, change)
        key = f"{order.order_id} {after.revision}"
        share_out(tx, given, change, why=f"the close-out of {order.number} was corrected", key=key)
    return after


def _moot(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what says nothing any more after ``changes``."""
    sound = str(changes.get("as_found", AsFound.FAILED)) != AsFound.FAILED
    kept = str(changes.get("done", WorkDone.REPLACED)) != WorkDone.REPLACED
    return ({"failed_at": None} if sound else {}) | ({"component": ""} if kept else {})


def _rebook(tx: Workspace, order: WorkOrder, after: CloseOut, change: Change) -> None:
    from workbench.analytics.value import reversal

    standing = tx.value_entries.standing(order.order_id)
    if standing is not None:
        tx.value_entries.add(reversal(standing, change.reason), change)
    book_value(tx, order, after, change)
