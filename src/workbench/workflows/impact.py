"""Puts what a prediction means (A1) together from the records of a workspace."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from workbench import analytics, dispatch
from workbench.dispatch import procurement
from workbench.dispatch.days_off import DaysOff
from workbench.dispatch.orders import minutes_each
from workbench.domain.procurement import PurchaseState
from workbench.domain.work import OrderState, Priority
from workbench.workflows.history import TELLING, cases_like

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from workbench.domain.analysis import AnalyticsPackage, Resources
    from workbench.domain.equipment import MachineProfile, Technician
    from workbench.domain.predictions import Prediction
    from workbench.domain.work import WorkOrder
    from workbench.workflows.plan.crew import Crew
    from workbench.workspace import Workspace

# So far ahead somebody is looked for.
PEOPLE_DAYS = 28


def assess(
    ws: Workspace, machine_ids: Sequence[str] | None = None, *, as_of: datetime | None = None
) -> list[AnalyticsPackage]:
    """Return what each machine's prediction means (default: the fleet's) as of then; writes and orders nothing.

    Impact, expected loss, whether and when to act, and recommendations; raises ``NotFound`` for an unknown machine.
    """
    from workbench.workflows.onboard import chosen_machines
    from workbench.workflows.score import predict_one

    return [assess_machine(ws, predict_one(ws, one, as_of=as_of)) for one in chosen_machines(ws, machine_ids)]


def assess_machine(ws: Workspace, prediction: Prediction) -> AnalyticsPackage:
    """Return impact, decision, history and recommendations for ``prediction``; writes nothing.

    What the machine's own open orders hold of parts counts as free for it, and their work does not keep people busy.
    """
    profile, technicians = ws.machines.get(prediction.machine_id), ws.technicians.all()
    needed = analytics.remedy_for(profile, prediction.diagnosis.likeliest, technicians).resources
    people_from, nobody = _people_from(ws, prediction, profile, needed, technicians)
    ahead = prediction.as_of + timedelta(weeks=analytics.LOOK_AHEAD_WEEKS)
    return analytics.assess(
        prediction,
        profile,
        parts={part.part_id: part for part in ws.parts.all()},
        technicians=technicians,
        events=ws.events.frame(until=prediction.as_of, kinds=TELLING),
        planning_horizon_h=ws.settings.planning_horizon_h,
        currency=ws.settings.currency,
        machine_types=ws.machines.types(),
        free=_free_parts(ws, prediction.machine_id, needed),
        coming=_coming_parts(ws, prediction, needed),
        people_from=people_from,
        nobody=nobody,
        stops=ws.planned_stops.of_site(profile.site_id, prediction.as_of, ahead),
        similar=cases_like(
            ws, profile, prediction.diagnosis.likeliest, until=prediction.as_of, anomaly=prediction.anomaly
        ),
    )


def _free_parts(ws: Workspace, machine_id: str, needed: Resources) -> dict[str, int]:
    free = {part_id: ws.parts.available(part_id) for part_id, _ in needed.parts if ws.parts.find(part_id) is not None}
    for order in ws.orders.open(machine_id) if free else ():
        for held in ws.parts.reservations(order.order_id):
            if held.state == "reserved" and held.part_id in free:
                free[held.part_id] += held.quantity
    return free


def _coming_parts(
    ws: Workspace, prediction: Prediction, needed: Resources
) -> dict[str, tuple[tuple[datetime, int], ...]]:
    """Return pieces on order that no order of another machine waits for, as they come."""
    names = {part_id for part_id, _ in needed.parts}
    incoming = [one for one in ws.purchases.open() if one.part_id in names and one.state is PurchaseState.ORDERED]
    if not incoming:
        return {}
    others = [order for order in ws.orders.open() if order.machine_id != prediction.machine_id]
    return dict(
        procurement.allot(
            procurement.shortages_of(others, ws.parts.reservations()),
            free={},
            incoming=incoming,
            at=prediction.as_of,
        ).left
    )


def _people_from(
    ws: Workspace,
    prediction: Prediction,
    profile: MachineProfile,
    needed: Resources,
    technicians: Sequence[Technician],
) -> tuple[datetime | None, str]:
    """Return when those who could do the work can begin first, by the plan's rules, or why nobody can in the weeks ahead.

    Work that somebody has begun keeps them busy; all other work may be moved by a plan.
    """
    from workbench.workflows.plan.crew import Crew

    at, place = prediction.as_of, profile.site_id
    near = {place, *(person.site_id for person in technicians)}
    sites = {site.site_id: site for site in ws.sites.all() if site.site_id in near}
    urgency, _ = dispatch.judge_priority(prediction, profile, ws.settings.planning_horizon_h)
    crew = Crew(
        {person.technician_id: person for person in technicians},
        sites,
        at=at,
        days=PEOPLE_DAYS,
        days_off=DaysOff(sites, ws.absences.all()),
        emergencies=urgency is Priority.EMERGENCY,
    )
    minutes, overtime_min = max(1, round(60 * needed.labour_h / needed.technicians)), round(60 * ws.settings.overtime_h)
    busy = _busy_until(crew, ws.orders.open(), profile.machine_id, at, overtime_min)
    soonest = crew.soonest(needed.skill, place, needed.technicians, minutes, overtime_min=overtime_min, busy_until=busy)
    if soonest is not None:
        return soonest, ""
    fault = crew.choose(needed.skill, place, needed.technicians, minutes, overtime_min).fault
    if fault:
        return None, fault
    return at + timedelta(days=PEOPLE_DAYS), f"nobody who can do it is free within {PEOPLE_DAYS} days"


def _busy_until(
    crew: Crew, orders: Sequence[WorkOrder], machine_id: str, at: datetime, overtime_min: int
) -> dict[str, datetime]:
    """Return when people are done with work at other machines that they have begun."""
    busy: dict[str, datetime] = {}
    for order in orders:
        leads = order.technician_id or ""
        begun = order.state is OrderState.IN_PROGRESS and leads in crew.technicians
        if begun and order.machine_id != machine_id:
            _, done = crew.hours_of(leads, order.started_at or at, minutes_each(order), overtime_min)[-1]
            for name in (leads, *order.colleagues):
                busy[name] = max(done, at, busy.get(name, at))
    return busy
