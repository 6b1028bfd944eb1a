"""What a plan of work rests on, read from the records in bulk, and its fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from workbench.dispatch.days_off import DaysOff
from workbench.dispatch.working_time import on_site_clock
from workbench.domain.work import WorkOrder
from workbench.workflows.procurement.sharing import parts_expected

if TYPE_CHECKING:
    from workbench.domain.calendar import Absence, PlannedStop
    from workbench.domain.equipment import MachineProfile, Site, Technician
    from workbench.domain.permits import WorkPermit
    from workbench.domain.plans import WorkPlan
    from workbench.store.records.analysis import Odds, Stakes
    from workbench.workspace import Workspace

# Fields of an order that change what its plan is.
_OF_ORDER = (
    "machine_id",
    "priority",
    "state",
    "technician_id",
    "colleagues",
    "scheduled_at",
    "skill",
    "people",
    "labour_h",
    "repair_h",
    "parts_at",
    "fixed",
    "started_at",
    "approval",
)
WORDS = {
    "technicians": "the technicians or their shifts",
    "sites": "the sites",
    "stops": "the planned stops",
    "absences": "absences or days off",
    "permits": "the work permits",
    "machines": "where machines stand or what standing costs",
    "overtime": "the overtime that is allowed",
}


@dataclass(frozen=True)
class Plant:
    """Orders that are open, and all else that says who can do them when, except for predictions."""

    at: datetime
    days: int
    orders: tuple[WorkOrder, ...]
    machines: Mapping[str, MachineProfile]
    sites: Mapping[str, Site]
    technicians: Mapping[str, Technician]
    stops: tuple[PlannedStop, ...]
    currency: str
    overtime_h: float
    absences: tuple[Absence, ...] = ()
    permits: Mapping[str, tuple[WorkPermit, ...]] = field(default_factory=dict)

    @cached_property
    def days_off(self) -> DaysOff:
        """Who does not work when."""
        return DaysOff(self.sites, self.absences)

    def clock(self, site_id: str, moment: datetime) -> str:
        """Write a moment in the time of a site."""
        return on_site_clock(moment, self.zone(site_id))

    def zone(self, site_id: str) -> ZoneInfo:
        """Return the time zone of a site."""
        return ZoneInfo(self.sites[site_id].time_zone)

    def permits_of(self, order: WorkOrder) -> tuple[WorkPermit, ...]:
        """Return the work permits of an order, in whatever state; most orders need none."""
        return self.permits.get(order.order_id, ())

    def basis(self, orders: Iterable[WorkOrder] | None = None) -> dict[str, str]:
        """Return fingerprints: of each order by its id, and of technicians, sites, stops, absences, permits, machines and overtime."""
        marks = {
            "technicians": _mark(person.model_dump_json() for person in self.technicians.values()),
            "sites": _mark(site.model_dump_json() for site in self.sites.values()),
            "stops": _mark(stop.model_dump_json() for stop in self.stops),
            "absences": _mark(one.model_dump_json() for one in self.absences),
            "machines": _mark(
                f"{machine.machine_id} {machine.site_id} {machine.economics!r}" for machine in self.machines.values()
            ),
            "overtime": _mark([f"{self.overtime_h:g} h"]),
        }
        if self.permits:
            # Without permits a plan is the same as one that was made before there were any.
            permits = (permit for order_id in sorted(self.permits) for permit in self.permits[order_id])
            marks["permits"] = _mark(permit.model_dump_json() for permit in permits)
        return marks | {order.order_id: _order_mark(order) for order in (self.orders if orders is None else orders)}


@dataclass(frozen=True)
class Findings:
    """What is known of the failures behind orders: prediction and analytics by order id, and the plan people follow."""

    odds: Mapping[str, Odds]
    stakes: Mapping[str, Stakes]
    standing: WorkPlan | None


def read_plant(ws: Workspace, at: datetime, days: int) -> Plant:
    """Return the open orders raised until ``at`` and what else a plan of so many days from then on rests on."""
    sites = {site.site_id: site for site in ws.sites.all()}
    until = at + timedelta(days=days + 1)
    stops = [stop for stop in ws.planned_stops.all() if stop.ends_at > at and stop.starts_at < until]
    first, last = (at - timedelta(days=2)).date(), until.date()
    absences = [one for one in ws.absences.all() if one.last_day >= first and one.first_day <= last]
    orders = _with_parts_expected(ws, [order for order in ws.orders.open() if order.created_at <= at], at)
    return Plant(
        at=at,
        days=days,
        orders=tuple(sorted(orders, key=lambda order: (order.number, order.order_id))),
        machines={machine.machine_id: machine for machine in ws.machines.all()},
        sites=sites,
        technicians={person.technician_id: person for person in ws.technicians.all()},
        stops=tuple(sorted(stops, key=lambda stop: (stop.starts_at, stop.stop_id))),
        currency=ws.settings.currency,
        overtime_h=ws.settings.overtime_h,
        absences=tuple(absences),
        permits=ws.work_permits.of_orders(order.order_id for order in orders),
    )


def _with_parts_expected(ws: Workspace, orders: list[WorkOrder], at: datetime) -> list[WorkOrder]:
    """Return the orders with when their parts come as it looks ``at``: a date that has passed is no arrival."""
    if not any(lacks_parts(order) for order in orders):
        return orders
    there = parts_expected(ws, at)
    return [
        order.model_copy(update={"parts_at": there[order.order_id]})
        if lacks_parts(order) and order.order_id in there
        else order
        for order in orders
    ]


def lacks_parts(order: WorkOrder) -> bool:
    """Say whether pieces that an order needs are not set aside for it yet."""
    return any(line.to_order for line in order.parts)


def read_findings(ws: Workspace, plant: Plant) -> Findings:
    """Return the newest prediction that supports each order, with its analytics."""
    newest = {
        order.order_id: order.evidence[-1] if order.evidence else order.prediction_id
        for order in plant.orders
        if order.evidence or order.prediction_id
    }
    ids = {prediction_id for prediction_id in newest.values() if prediction_id}
    odds, stakes = ws.predictions.odds(ids), ws.packages.stakes(ids)
    return Findings(
        odds={order_id: odds[key] for order_id, key in newest.items() if key in odds},
        stakes={order_id: stakes[key] for order_id, key in newest.items() if key in stakes},
        standing=ws.plans.published(),
    )


def what_changed(before: Mapping[str, str], now: Mapping[str, str], plant: Plant) -> list[str]:
    """Say in words in what two fingerprints differ, orders by their number."""
    numbers = {order.order_id: order.number for order in plant.orders}
    said = []
    for key in sorted({*before, *now}, key=lambda key: (key not in WORDS, numbers.get(key, key))):
        if before.get(key) == now.get(key):
            continue
        if key in WORDS:
            said.append(WORDS[key])
        elif key not in now:
            said.append(f"order {key} is no longer open")
        else:
            said.append(f"{numbers.get(key, key)} {'is new' if key not in before else 'changed'}")
    return said


def _order_mark(order: WorkOrder) -> str:
    newest = order.evidence[-1] if order.evidence else order.prediction_id
    return _mark([repr([getattr(order, name) for name in _OF_ORDER]), str(newest), repr(order.parts)])


def _mark(parts: Iterable[str]) -> str:
    mark = hashlib.blake2b(digest_size=9)
    for part in parts:
        mark.update(part.encode())
        mark.update(b"\n")
    return mark.hexdigest()
