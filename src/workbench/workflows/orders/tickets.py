"""Tickets that people raise by hand (R4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from workbench import dispatch
from workbench.domain.base import Actor, stable_id
from workbench.domain.predictions import UNKNOWN_MODE
from workbench.domain.roles import Permission, require
from workbench.domain.work import InventoryCheck, Priority, WorkOrder
from workbench.errors import InputError
from workbench.workflows.admission import check_approved
from workbench.workflows.notices import tell_of_order
from workbench.workflows.procurement import expect_parts_of, hold_orders

from .approval import ask_if_costly
from .steps import make_more_urgent

if TYPE_CHECKING:
    from workbench.domain.base import Minor
    from workbench.domain.equipment import MachineProfile
    from workbench.workspace import Workspace

TICKET_H = 1.0


def raise_ticket(
    ws: Workspace,
    machine_id: str,
    title: str,
    *,
    steps: Sequence[str] = (),
    priority: Priority = Priority.ROUTINE,
    failure_mode: str = "",
    symptom: str = "",
    skill: str = "",
    labour_h: float | None = None,
    parts: Mapping[str, int] | None = None,
    actor: Actor | None = None,
) -> WorkOrder:
    """Open a work order by hand and return it.

    An emergency or urgent one is told to the site's manager at once, others when they are planned. A failure mode that already
    has an open order of this machine opens no second one: that order is returned, more urgent where ``priority`` is, and what
    was reported stands in its history. An order over the plant's limit, or of a cost that is not all known, waits for an approval.

    Args:
        ws: The workspace.
        machine_id: The machine.
        title: What is wrong, in a few words.
        steps: What to do; default: the steps of the failure mode's repair, else to look.
        priority: How urgent it is.
        failure_mode: A mode of the machine's profile, where it is known; it brings repair, parts, tools and skill.
        symptom: What was noticed, in words.
        skill: What whoever does it must be able to do; default: that of the failure mode.
        labour_h: Hours of work; default: those of the failure mode, else 1.
        parts: Part and quantity; default: those of the failure mode. What is free of them is reserved.
        actor: Who raises it.

    Raises:
        NotFound: the machine or a part is unknown.
        InputError: no title, no such failure mode, or hours or quantities that are none; all faults at once.
        NotPermitted: the actor's role does not raise tickets.
    """
    require(actor or ws.actor, Permission.RAISE_TICKETS)
    check_approved(ws, machine_id)
    profile = ws.machines.get(machine_id)
    faults = _faults(profile, title, failure_mode, labour_h, parts or {})
    if faults:
        raise InputError(f"The ticket for {machine_id} cannot be raised: {'; '.join(faults)}.", "Correct it.")
    at = ws.as_of()
    known = profile.failure_mode(failure_mode)
    hours = labour_h or (known.repair.labour_h if known else TICKET_H)
    ability = skill or (known.repair.skill if known else "")
    needs = dict(parts) if parts is not None else {n.part_id: n.quantity for n in known.repair.parts} if known else {}
    with ws.transaction() as tx:
        change = tx.change("ticket raised by hand", actor)
        number = tx.orders.claim_number(at.year)
        standing = [one.order_id for one in tx.orders.open(machine_id) if one.failure_mode == failure_mode]
        hold_orders(tx, (), *standing)
        inventory = _inventory(tx, needs, named=parts is not None)
        drafted = dispatch.raise_ticket(
            profile,
            order_id=stable_id("ticket", machine_id, number),
            number=number,
            title=title.strip(),
            steps=steps,
            priority=priority,
            labour_h=hours,
            at=at,
            failure_mode=failure_mode,
            symptom=symptom.strip(),
            skill=ability,
            inventory=inventory if needs else None,
            simulated=ws.settings.simulated,
            estimate=_estimate(tx, profile, failure_mode, ability, hours, needs),
        )
        order, opened = tx.orders.open_or_support(drafted, change)
        if opened and needs:
            wanted = [(line.part_id, line.reserve) for line in order.parts if line.reserve]
            tx.parts.reserve(order.order_id, wanted, change)
        details = {"title": title.strip(), "symptom": symptom.strip()}
        event = "raised by hand" if opened else "reported again by hand"
        tx.dispatch_history.add(order.order_id, machine_id, event, details, change)
        if opened:
            order = ask_if_costly(tx, expect_parts_of(tx, order, change, at=at), change)
        elif drafted.priority < order.priority:
            order = make_more_urgent(tx, order, drafted.priority, drafted.due_at, change)
        if order.priority <= Priority.URGENT:
            tell_of_order(tx, order, change, at=at)
    return order


def _faults(
    profile: MachineProfile, title: str, failure_mode: str, labour_h: float | None, parts: Mapping[str, int]
) -> list[str]:
    faults = [] if title.strip() else ["it has no title; say in a few words what is wrong"]
    if failure_mode and profile.failure_mode(failure_mode) is None:
        modes = ", ".join(mode.name for mode in profile.failure_modes) or "none"
        faults.append(
            f"{failure_mode!r} is no failure mode of its profile ({modes}); without one, say the symptom in words"
        )
    if labour_h is not None and not 0 < labour_h <= 1000:
        faults.append(f"{labour_h:g} hours of work; give more than 0, at most 1,000")
    return faults + [f"{count} x {part}; give 1 or more" for part, count in sorted(parts.items()) if count < 1]


def _inventory(tx: Workspace, needs: Mapping[str, int], *, named: bool) -> InventoryCheck:
    """Check what is free; a part that a person names must be known, one that the profile names need not.

    The parts stay locked until the transaction ends: what is free now can be reserved for the order.
    """
    known = {part_id: tx.parts.lock(part_id) for part_id in sorted(needs) if named or tx.parts.find(part_id)}
    available = {part_id: tx.parts.available(part_id) for part_id in known}
    return dispatch.check_inventory(list(needs.items()), known, available)


def _estimate(
    tx: Workspace, profile: MachineProfile, mode: str, skill: str, labour_h: float, needs: Mapping[str, int]
) -> tuple[Minor, str]:
    """Return what the work costs as planned, and what that leaves out."""
    from workbench import analytics

    technicians = tx.technicians.all()
    remedy = analytics.remedy_for(profile, mode or UNKNOWN_MODE, technicians)
    asked = {"labour_h": labour_h, "parts": tuple(needs.items())} | ({"skill": skill} if skill else {})
    remedy = replace(remedy, resources=remedy.resources.model_copy(update=asked))
    planned = analytics.cost_when_planned(
        remedy,
        profile.economics,
        parts={part.part_id: part for part in tx.parts.all()},
        rate=analytics.labour_rate(remedy.resources.skill, profile.site_id, technicians),
        currency=tx.settings.currency,
    )
    return planned.repair_cost, planned.repair_lacks
