"""How machines come into service (U3): an admin's at once, another's when a supervisor or admin has approved it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.domain.approvals import ApprovalKind, ApprovalState
from workbench.domain.base import Change
from workbench.domain.equipment import MachineProfile, MachineStatus
from workbench.domain.roles import Permission, may, require
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.workspace import Workspace


def enter_machine(tx: Workspace, profile: MachineProfile, change: Change) -> None:
    """Record a new machine in a transaction: an admin's is online at once, another's waits for an approval (U3).

    The identical machine again changes nothing. Raises as ``Machines.add``, and ``NotPermitted``.
    """
    require(change.actor, Permission.ADD_MACHINES)
    machine_id, approved = profile.machine_id, may(change.actor, Permission.APPROVE_OWN)
    known = machine_id in tx.machines.ids()
    tx.machines.add(profile, change, MachineStatus.ONLINE if approved else MachineStatus.PENDING)
    if known:
        return
    ask_approval(tx, profile, change)
    if approved:
        said = "approved at once: an admin added it"
        tx.approvals.decide(ApprovalKind.MACHINE, machine_id, ApprovalState.APPROVED, said, change)


def ask_approval(tx: Workspace, profile: MachineProfile, change: Change) -> None:
    """Ask for a machine's approval, unless that is asked already."""
    title = f"new machine: {profile.title} at {profile.site_id}"
    tx.approvals.ask(ApprovalKind.MACHINE, profile.machine_id, title, change)


def why_pending(ws: Workspace, machine_id: str) -> str:
    """Say in words why a pending machine is not scored and gets no orders; empty for one that is not pending."""
    if ws.machines.status(machine_id) is not MachineStatus.PENDING:
        return ""
    last = ws.approvals.latest(ApprovalKind.MACHINE, machine_id)
    if last is not None and last.state is ApprovalState.REJECTED:
        return f"its approval was rejected by {last.decided_by}: {last.comment}"
    asked = f", asked for by {last.asked_by} at {last.asked_at:%Y-%m-%d %H:%M} UTC" if last is not None else ""
    return f"it waits for an approval{asked}"


def check_approved(ws: Workspace, machine_id: str) -> None:
    """Raise ``InputError`` for a machine that is not approved yet, ``NotFound`` for an unknown one."""
    if why := why_pending(ws, machine_id):
        raise InputError(
            f"Machine {machine_id} is not approved: {why}.",
            f"A supervisor or admin approves it: workbench approvals approve machine {machine_id}",
        )


def pending_machines(ws: Workspace) -> list[tuple[str, str]]:
    """Return the machines that are left out because they are not approved, each with why."""
    pending = [name for name, status in ws.machines.statuses().items() if status is MachineStatus.PENDING]
    return [(machine_id, why_pending(ws, machine_id)) for machine_id in pending]
