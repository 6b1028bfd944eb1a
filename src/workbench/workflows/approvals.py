"""Approvals (U3): what waits for a person's yes or no, and what follows from the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from workbench.domain.approvals import Approval, ApprovalKind, ApprovalState
from workbench.domain.base import Actor, Change
from workbench.domain.equipment import MachineStatus
from workbench.domain.procurement import PurchaseState
from workbench.domain.roles import Permission, may, require
from workbench.errors import InputError, NotPermitted
from workbench.workflows.orders import approval

if TYPE_CHECKING:
    from workbench.workspace import Workspace


def pending_approvals(ws: Workspace) -> list[Approval]:
    """Return what waits for somebody to approve or reject it, the oldest question first."""
    return ws.approvals.pending()


def approve(ws: Workspace, kind: str, subject: str, *, comment: str = "", actor: Actor | None = None) -> Approval:
    """Say yes to what waits, e.g. ``approve(ws, "purchase", "PO-2026-0001")``; it takes effect at once.

    A machine goes online; a purchase may be placed; an order may be planned and begun. Nobody but an admin approves what they asked for themselves.

    Raises:
        NotFound: there is no such machine, purchase or order.
        InputError: nothing about the subject is pending, or the kind is none.
        NotPermitted: the actor's role may not approve, or it is their own request.
    """
    return _decide(ws, kind, subject, ApprovalState.APPROVED, comment, actor)


def reject(ws: Workspace, kind: str, subject: str, *, comment: str, actor: Actor | None = None) -> Approval:
    """Say no to what waits; ``comment`` tells those who asked why. Raises as ``approve``, and without a comment."""
    if not comment.strip():
        raise InputError(f"The rejection of {kind} {subject} has no comment.", "Say why, for those who asked.")
    return _decide(ws, kind, subject, ApprovalState.REJECTED, comment, actor)


def _decide(
    ws: Workspace, kind: str, subject: str, state: ApprovalState, comment: str, actor: Actor | None
) -> Approval:
    what, who = _kind(kind), actor or ws.actor
    require(who, Permission.APPROVE)
    subject = subject.strip().upper() if what in _NUMBERED else subject.strip()
    said = f": {comment.strip()}" if comment.strip() else ""
    with ws.transaction() as tx:
        # Locked before its approval, as by everybody who withdraws the question when the subject changes.
        _LOCKS[what](tx, subject)
        change = tx.change(f"{what.value} {subject} {state.value}{said}", who)
        decided = tx.approvals.decide(what, subject, state, comment.strip(), change)
        own = state is ApprovalState.APPROVED and decided.asked_by == who.id
        if own and not may(who, Permission.APPROVE_OWN):
            raise NotPermitted(
                f"{who.id} asked for {what.value} {subject} and may not approve it too.",
                "Ask another supervisor, or an admin.",
            )
        _EFFECTS[what](tx, decided, change)
    return decided


def _kind(kind: str) -> ApprovalKind:
    try:
        return ApprovalKind(kind.strip().lower())
    except ValueError:
        known = ", ".join(ApprovalKind)
        raise InputError(f"{kind!r} is nothing that is approved.", f"Use one of: {known}.") from None


def _settle_machine(tx: Workspace, decided: Approval, change: Change) -> None:
    # A rejected machine stays pending: its profile can be corrected and asked about again.
    if decided.state is ApprovalState.APPROVED:
        tx.machines.set_status(decided.subject, MachineStatus.ONLINE, change)


def _settle_purchase(tx: Workspace, decided: Approval, change: Change) -> None:
    approved = decided.state is ApprovalState.APPROVED
    state = PurchaseState.APPROVED if approved else PurchaseState.REJECTED
    tx.purchases.advance(decided.subject, lambda purchase: purchase.became(state), change)


_LOCKS: dict[ApprovalKind, Callable[[Workspace, str], object]] = {
    ApprovalKind.MACHINE: lambda tx, machine_id: tx.machines.lock(machine_id),
    ApprovalKind.PURCHASE: lambda tx, number: tx.purchases.lock(number),
    ApprovalKind.ORDER: approval.hold,
}
# Subjects that people know by a number written in capitals.
_NUMBERED = (ApprovalKind.PURCHASE, ApprovalKind.ORDER)
_EFFECTS: dict[ApprovalKind, Callable[[Workspace, Approval, Change], None]] = {
    ApprovalKind.MACHINE: _settle_machine,
    ApprovalKind.PURCHASE: _settle_purchase,
    ApprovalKind.ORDER: approval.settle,
}
