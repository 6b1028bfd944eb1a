"""Orders over the plant's limit wait for a supervisor's yes before anybody plans or begins them (U1, U3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.domain import order_states
from workbench.domain.analysis import cost_text
from workbench.domain.approvals import Approval, ApprovalKind, ApprovalState
from workbench.domain.base import Actor, Change
from workbench.domain.money import money_text
from workbench.domain.roles import Permission, may, require
from workbench.errors import InputError
from workbench.workflows.notices import tell_change
from workbench.workflows.order_report import rewrite_report
from workbench.workflows.procurement import hold_orders, share_out, take_parts

if TYPE_CHECKING:
    from workbench.domain.work import WorkOrder
    from workbench.workspace import Workspace


def ask_if_costly(tx: Workspace, order: WorkOrder, change: Change) -> WorkOrder:
    """Ask for the approval of an order that was just opened; return it as it stands.

    It is asked for where the estimate is over ``order_approval_limit``, or leaves out what nobody knows. An admin's own
    order is approved at once, as everything that an admin asks for. ``tx`` is a workspace in a transaction.
    """
    limit = tx.settings.order_approval_limit
    if limit is None or (order.estimated_cost <= limit and not order.estimate_lacks):
        return order
    if may(change.actor, Permission.APPROVE_OWN):
        tx.approvals.ask(ApprovalKind.ORDER, order.number, _title(tx, order), change)
        said = "approved at once: an admin raised it"
        tx.approvals.decide(ApprovalKind.ORDER, order.number, ApprovalState.APPROVED, said, change)
        return tx.orders.advance(order.order_id, order_states.approved, change, "approved")
    return ask(tx, order, change)


def ask(tx: Workspace, order: WorkOrder, change: Change, reason: str = "") -> WorkOrder:
    """Ask for an order's approval and return it: open, without person and time, until somebody has answered.

    An emergency waits for no answer: it keeps person and time and is planned at once. One that was rejected gets again what is
    free of its parts.
    """
    over = _over(tx, order)
    words = f"waits for approval: {_estimated(tx, order)}{over}"
    title = f"{_title(tx, order)}{over}{f'; {reason}' if reason else ''}"
    waiting = tx.orders.advance(
        order.order_id, lambda now: order_states.held(now, ApprovalState.PENDING, words), change, "approval asked for"
    )
    if order.approval is ApprovalState.REJECTED:
        waiting = take_parts(tx, waiting, change)
    tx.approvals.ask(ApprovalKind.ORDER, order.number, title, change)
    tx.dispatch_history.add(order.order_id, order.machine_id, "approval asked for", {"title": title}, change)
    return waiting


def request_order_approval(ws: Workspace, number: str, reason: str, *, actor: Actor | None = None) -> WorkOrder:
    """Ask again for the approval of an order that was rejected, and say what speaks for it now; returns the order.

    Raises:
        NotFound: there is no such order.
        InputError: no reason, or the order's approval was not rejected.
        NotPermitted: the actor's role does not raise orders.
    """
    require(actor or ws.actor, Permission.RAISE_TICKETS)
    if not reason.strip():
        raise InputError(f"No reason is given to ask again for {number}.", "Say what speaks for it now.")
    with ws.transaction() as tx:
        order = tx.orders.lock(tx.orders.by_number(number).order_id)
        if order.closed_at is not None or order.approval is not ApprovalState.REJECTED:
            raise InputError(
                f"Order {order.number} is {order.state_in_words}: there is no rejection to ask again about.",
                f"See it: workbench orders show {order.number}",
            )
        change = tx.change(f"approval asked for again: {reason.strip()}", actor)
        waiting = ask(tx, order, change, reason.strip())
        rewrite_report(tx, waiting, change)
    return waiting


def settle(tx: Workspace, decided: Approval, change: Change) -> None:
    """Let an approved order be planned and begun; a rejected one stays open with the reason, and nobody plans or begins it."""
    before = tx.orders.by_number(decided.subject)
    if decided.state is ApprovalState.APPROVED:
        event = "approved"
        order = tx.orders.advance(before.order_id, order_states.approved, change, event)
    else:
        event, words = "approval rejected", f"approval rejected by {decided.decided_by}: {decided.comment}"
        order = tx.orders.advance(
            before.order_id, lambda now: order_states.held(now, ApprovalState.REJECTED, words), change, event
        )
        if order.waits_for_approval:
            tell_change(tx, before, order, words, change)
    tx.dispatch_history.add(order.order_id, order.machine_id, event, {"comment": decided.comment}, change)
    rewrite_report(tx, order, change)
    _settle_parts(tx, order, change)


def hold(tx: Workspace, number: str) -> None:
    """Lock an order that may give its parts back, with those that may get them, until the transaction ends."""
    order = tx.orders.by_number(number)
    hold_orders(tx, _parts(order), order.order_id)


def _settle_parts(tx: Workspace, order: WorkOrder, change: Change) -> None:
    """Give the parts of a rejected order to those that wait for them; one that is approved gets what is free of its own."""
    if order.waits_for_approval:
        tx.parts.release(order.order_id, change)
        why = f"{order.number} was not approved and gave its parts back"
        share_out(tx, _parts(order), change, why=why, key=order.order_id)
    elif order.approval is ApprovalState.APPROVED and any(line.to_order for line in order.parts):
        share_out(tx, _parts(order), change, why=f"{order.number} was approved", key=order.order_id)


def withdraw(tx: Workspace, order: WorkOrder, reason: str, change: Change) -> None:
    """Take back the question about an order that was called off."""
    if order.approval is ApprovalState.PENDING:
        tx.approvals.decide(ApprovalKind.ORDER, order.number, ApprovalState.WITHDRAWN, reason, change)


def _parts(order: WorkOrder) -> set[str]:
    return {line.part_id for line in order.parts}


def _title(tx: Workspace, order: WorkOrder) -> str:
    return f"{order.title}, machine {order.machine_id}, {_estimated(tx, order)}"


def _estimated(tx: Workspace, order: WorkOrder) -> str:
    said = cost_text(order.estimated_cost, order.estimate_lacks, tx.settings.currency)
    return (
        f"estimated {said}" if order.estimated_cost or not order.estimate_lacks else f"{order.estimate_lacks} not known"
    )


def _over(tx: Workspace, order: WorkOrder) -> str:
    """Say that the estimate is over the limit, or that what is not known may take it there."""
    limit = tx.settings.order_approval_limit
    if limit is None:
        return ""
    relation = "over" if order.estimated_cost > limit or not order.estimate_lacks else "so it may be over"
    return f", {relation} the limit of {money_text(limit, tx.settings.currency)}"
