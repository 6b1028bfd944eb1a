"""Makes a plan what people follow: orders get its people and times, and everybody concerned is told once, in one transaction."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.domain import order_states
from workbench.domain.base import Actor, Change
from workbench.domain.plans import PlanChange, PlannedWork, WorkPlan
from workbench.domain.roles import Permission, require
from workbench.domain.work import OrderState, WorkOrder
from workbench.errors import InputError, NotFound
from workbench.workflows.notices.of_orders import (
    change_line,
    in_words,
    people_of,
    tell_changes,
    tell_of_order,
    were_told,
)
from workbench.workflows.order_report import rewrite_report

from .sources import Plant, lacks_parts, read_plant, what_changed

if TYPE_CHECKING:
    from workbench.workspace import Workspace

SHOWN = 5


class StalePlan(InputError):
    """A plan that cannot be published any more: what it rests on has changed since it was made."""


def publish_plan(ws: Workspace, plan_id: str | None = None, *, actor: Actor | None = None) -> WorkPlan:
    """Make a proposed plan the one that people follow, and tell those whom it concerns; published already: nothing changes.

    Without ``plan_id`` it is the newest proposal.

    All of it is kept, or nothing. Every order gets its people, time and reason; an order that is left out loses those it
    had. People are told of orders that are new to them, and in one message of what moved.

    Raises:
        NotFound: there is no such plan, or none is proposed.
        StalePlan: orders, people, permits, sites or stops have changed since it was made (the message says which), a newer plan
            is followed, or its first work should have begun already.
        NotPermitted: the actor's role does not plan work.
    """
    plan = ws.plans.get(plan_id) if plan_id is not None else ws.plans.proposed()
    if plan is None:
        raise NotFound("No plan is proposed.", "Make one: workbench orders plan")
    return publish_now(ws, plan, now=ws.as_of(), actor=actor)


def publish_now(ws: Workspace, plan: WorkPlan, *, now: datetime, actor: Actor | None = None) -> WorkPlan:
    """Publish ``plan`` as if it were ``now``; see ``publish_plan``."""
    require(actor or ws.actor, Permission.ASSIGN_WORK)
    with ws.transaction() as tx:
        # Locked before they are read, in one order for all writers: nobody takes a step meanwhile that would be lost.
        for order_id in sorted(order.order_id for order in tx.orders.open()):
            tx.orders.lock(order_id)
        plan = tx.plans.get(plan.plan_id)
        if plan.state == "published":
            return plan
        plant = read_plant(tx, plan.as_of, plan.days)
        _refuse_stale(plan, plant, now)
        change = tx.change("plan published", actor)
        standing = tx.plans.published()
        after = _Publication(tx, plan, plant, standing, change).orders()
        return tx.plans.publish(plan.model_copy(update={"basis": plant.basis(after)}), change, change.at)


def _refuse_stale(plan: WorkPlan, plant: Plant, now: datetime) -> None:
    changed = what_changed(plan.basis, plant.basis(), plant)
    if changed:
        more = f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
        raise StalePlan(
            f"Plan {plan.plan_id} is out of date. Since it was made, these changed: {', '.join(changed[:SHOWN])}{more}.",
            "Plan again: workbench orders plan",
        )
    late = next((work for work in plan.assignments if not work.kept and work.starts_at < now), None)
    if late is not None:
        raise StalePlan(
            f"Plan {plan.plan_id} is out of date: {late.number} should have begun {late.when}.",
            "Plan again: workbench orders plan",
        )


class _Publication:
    """What publishing a plan writes, within one transaction."""

    def __init__(self, ws: Workspace, plan: WorkPlan, plant: Plant, standing: WorkPlan | None, change: Change) -> None:
        self.ws, self.plan, self.plant, self.change = ws, plan, plant, change
        self.work: dict[str, list[PlannedWork]] = defaultdict(list)
        for work in plan.assignments:
            self.work[work.order_id].append(work)
        self.left_out = {one.order_id: one.reason for one in (*plan.deferred, *plan.unplannable)}
        self.standing = standing
        self.lines: dict[str, list[tuple[WorkOrder, str]]] = defaultdict(list)

    def orders(self) -> list[WorkOrder]:
        """Write the orders, tell people, and return all open orders as they are then."""
        moved = {one.order_id: one for one in self.plan.changes}
        after = []
        for order in self.plant.orders:
            new = self._as_planned(order)
            if new != order:
                self.ws.orders.update(new, self.change)
                what = "put off" if new.scheduled_at is None else "planned anew" if self._known(order) else "planned"
                details = {
                    "plan_id": self.plan.plan_id,
                    "technician_id": new.technician_id,
                    "colleagues": list(new.colleagues),
                    "at": new.scheduled_at.isoformat() if new.scheduled_at else None,
                    "reason": new.technician_reason,
                }
                self.ws.dispatch_history.add(order.order_id, order.machine_id, what, details, self.change)
                rewrite_report(self.ws, new, self.change)
            elif lacks_parts(order) and order.parts_at != self.ws.orders.get(order.order_id).parts_at:
                self.ws.orders.update(order, self.change)
            self._tell(order, new, moved.get(order.order_id))
            after.append(new)
        tell_changes(self.ws, self.lines, ("plan", self.plan.plan_id), self.change, at=self.plan.as_of)
        return after

    def _known(self, order: WorkOrder) -> bool:
        """Say whether the plan before gave the order its time, or a person did."""
        planned = self.standing is not None and order.order_id in self.standing.basis
        return order.scheduled_at is not None and (planned or order.raised_by != "cycle")

    def _as_planned(self, order: WorkOrder) -> WorkOrder:
        work = self.work.get(order.order_id)
        if work is not None:
            if work[0].kept:
                return order
            people = tuple(dict.fromkeys(name for part in work for name in part.people))
            reason = f"{work[0].names.split(' and ')[0]}: {work[0].reason}"
            return order_states.scheduled(order, people[0], people[1:], work[0].starts_at, reason)
        reason = self.left_out.get(order.order_id, "")
        if order.fixed or order.state is OrderState.IN_PROGRESS:
            return order
        if order.state is OrderState.SCHEDULED:
            return order_states.put_off(order, reason)
        if order.technician_id is not None:
            return order.model_copy(update={"technician_id": None, "colleagues": (), "technician_reason": reason})
        return order

    def _tell(self, before: WorkOrder, order: WorkOrder, moved: PlanChange | None) -> None:
        """Tell people of an order that is new to them, or more urgent, and note for whoever was told of it what moved."""
        known = self.standing.basis.get(order.order_id) if self.standing is not None else None
        shifted = (people_of(before), before.scheduled_at) != (people_of(order), order.scheduled_at)
        if not (moved or shifted or known != self.plan.basis[order.order_id]):
            return
        profile = self.plant.machines.get(order.machine_id)
        site = self.plant.sites.get(profile.site_id) if profile is not None else None
        if profile is None or site is None:
            return
        people = {*people_of(before), *people_of(order), *(moved.people if moved else ())}
        informed = were_told(
            self.ws, order, [f"manager:{site.site_id}", *(f"technician:{person}" for person in people)]
        )
        why = self.left_out.get(order.order_id, "")
        lacks = why and order.technician_id is None and not order.waits_for_approval
        shown = order.model_copy(update={"technician_reason": why}) if lacks else order
        told = tell_of_order(self.ws, shown, self.change, at=self.plan.as_of, place=(profile, site))
        work = self.work.get(order.order_id)
        if not (moved or shifted) or (work is not None and work[0].kept) or before.waits_for_approval:
            # Whoever fixed, began or rejected it has told of it.
            return
        was = (moved.before if moved else "") or in_words(self.ws, before, site)
        now = (moved.after if moved else "") or in_words(self.ws, order, site)
        line = change_line(order, now or f"not planned any more: {why}", was)
        for recipient in informed - {notice.recipient for notice in told}:
            self.lines[recipient].append((order, line))
