"""The plan of work in a report: what it comes to, who must still decide, what moved, what it waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from workbench.dispatch.days_off import DaysOff
from workbench.dispatch.plain import sentence
from workbench.domain.calendar import Absence, PlannedStop
from workbench.domain.equipment import MachineProfile, Site, Technician
from workbench.domain.plans import LeftOut, PlanChange, PlannedWork, WorkPlan
from workbench.domain.work import OPEN_ORDER_STATES, WorkOrder

from .fleet import FleetSnapshot
from .markup import Fragment, element, empty, facts, listing, text
from .site_time import site_clock, site_moment, zones_in_words
from .tables import table
from .wording import count, money
from .work import priority_chip

MOST_ROWS = 60
_COSTS = {
    "labour": "Labour",
    "travel": "Travel",
    "waiting": "Expected cost of waiting until the work is done",
    "deferred": "Expected cost of what is deferred",
    "overtime": "Overtime",
    "changes": "Weight of moving what was published",
}


@dataclass(frozen=True)
class PlanDossier:
    """A plan of work with what its words need: its sites, people, machines, orders and stops, by identifier.

    ``newer`` is as of when a later plan was made that people follow by now; with ``order_id`` only that order, and the days
    of those who do it, are listed.
    """

    plan: WorkPlan
    sites: Mapping[str, Site] = field(default_factory=dict)
    technicians: Mapping[str, Technician] = field(default_factory=dict)
    machines: Mapping[str, MachineProfile] = field(default_factory=dict)
    orders: Mapping[str, WorkOrder] = field(default_factory=dict)
    stops: tuple[PlannedStop, ...] = ()
    absences: tuple[Absence, ...] = ()
    newer: datetime | None = None
    order_id: str | None = None

    @cached_property
    def days_off(self) -> DaysOff:
        """Who does not work when."""
        return DaysOff(self.sites, self.absences)

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What is not in the plan, first what somebody must decide."""
        return tuple(one for one in (*self.plan.unplannable, *self.plan.deferred) if self._asked(one.order_id))

    @property
    def changes(self) -> tuple[PlanChange, ...]:
        """What is different from the plan before."""
        return tuple(one for one in self.plan.changes if self._asked(one.order_id))

    @property
    def works(self) -> tuple[PlannedWork, ...]:
        """What is done, by time."""
        if self.order_id is None:
            return self.plan.assignments
        people = {name for work in self.plan.of_order(self.order_id) for name in work.people}
        return tuple(work for work in self.plan.assignments if people & set(work.people))

    def _asked(self, order_id: str) -> bool:
        return self.order_id in (None, order_id)

    @cached_property
    def planned(self) -> dict[str, PlannedWork]:
        """The first shift of each planned order."""
        found: dict[str, PlannedWork] = {}
        for work in self.plan.assignments:
            found.setdefault(work.order_id, work)
        return found

    def site_of(self, machine_id: str) -> Site | None:
        """Return where a machine stands."""
        machine = self.machines.get(machine_id)
        return self.sites.get(machine.site_id) if machine else None

    def title_of(self, machine_id: str) -> str:
        """Return what people call a machine."""
        machine = self.machines.get(machine_id)
        return machine.title if machine else machine_id

    def name_of(self, technician_id: str) -> str:
        """Return what people call a technician; who has left the records is called as the plan does."""
        person = self.technicians.get(technician_id)
        return person.title if person else self._named.get(technician_id, technician_id)

    @cached_property
    def _named(self) -> dict[str, str]:
        works = ((work.people, work.names.split(" and ")) for work in self.plan.assignments)
        return {
            key: name
            for people, names in works
            if len(people) == len(names)
            for key, name in zip(people, names, strict=True)
        }


def plan_summary(dossier: PlanDossier | None, fleet: FleetSnapshot) -> Fragment:
    """Return what the plan comes to: orders and people, its cost, how near it is to the best, what it waits for."""
    if dossier is None and not fleet.orders:
        return Fragment(empty("There is nothing to plan.", short="no plan"))
    if dossier is None:
        why = "No plan of the days was published: every order names the technician matched to it. Make a plan: "
        return Fragment(element("p", text(why), element("code", "workbench orders plan --publish"), class_="empty"))
    plan = dossier.plan
    people = len({name for work in plan.assignments for name in work.people})
    words = [f"{count(len(dossier.planned), 'order')} planned for {count(people, 'person', 'people')}"]
    words += [f"{len(plan.deferred):,} deferred"] if plan.deferred else []
    words += [f"{len(plan.unplannable):,} for somebody to decide"] if plan.unplannable else []
    lead = element("p", element("strong", text(f"{'; '.join(words)}.")), text(f" {_until(dossier)}"))
    newer = f"A newer plan, as of {_everywhere(dossier, dossier.newer)}, replaces it." if dossier.newer else ""
    notes = "".join(
        element("p", text(sentence(note)), class_="note") for note in (newer, _scope(dossier), *plan.notes) if note
    )
    return Fragment(element("div", lead, notes, facts(_figures(dossier, fleet), "facts plan-facts"), class_="machine"))


def _scope(dossier: PlanDossier) -> str:
    return "" if dossier.order_id is None else "Listed below are this order and the days of those who do it."


def _until(dossier: PlanDossier) -> str:
    plan = dossier.plan
    begin, end = _everywhere(dossier, plan.as_of), _everywhere(dossier, plan.ends_at)
    state = "" if plan.state != "proposed" else " It is a proposal: nobody was told of it yet."
    return f"It covers {count(plan.days, 'day')}, from {begin} to {end}.{state}"


def _everywhere(dossier: PlanDossier, at: datetime) -> str:
    """Return a moment in the time of the site with most of the work."""
    places = [work.site_id for work in dossier.plan.assignments] or sorted(dossier.sites)
    return site_moment(at, dossier.sites.get(max(places, key=places.count)) if places else None)


def _figures(dossier: PlanDossier, fleet: FleetSnapshot) -> list[tuple[str, str]]:
    plan, currency = dossier.plan, fleet.currency
    split = [
        f"{_COSTS.get(name, name)} {money(amount, currency)}"
        for name, amount in plan.cost_parts.items()
        if money(amount, currency) != money(0, currency)
    ]
    return [
        ("Expected cost", element("strong", text(money(plan.cost, currency))) + listing(text(one) for one in split)),
        ("How near to the best", text(_nearness(plan))),
        ("Planned stops used", _stops_used(dossier)),
        ("Parts awaited", _awaited(dossier, fleet)),
    ]


def _nearness(plan: WorkPlan) -> str:
    """Say in words what the gaps and the time limit mean."""
    searched = f"It was searched for at most {plan.time_limit_s:g} s."
    if not plan.assignments and not plan.deferred:
        return "Nothing was to be planned."
    who = (
        "No other choice of people and days is cheaper: proven."
        if plan.gap <= 0
        else f"Another choice of people and days would cost at most {100 * plan.gap:.1f} % less."
    )
    order = (
        "Nor is another order within the days."
        if plan.gap <= 0 and plan.sequence_gap <= 0
        else "The order of jobs within the days is proven best."
        if plan.sequence_gap <= 0
        else f"The order of jobs within the days is not proven best (gap {100 * plan.sequence_gap:.0f} %)."
    )
    return f"{who} {order} {searched}"


def _stops_used(dossier: PlanDossier) -> str:
    """Return which orders are done in which planned stop."""
    found = []
    for stop in dossier.stops:
        within = [
            work.number
            for work in dossier.planned.values()
            if work.site_id == stop.site_id
            and stop.concerns(work.machine_id)
            and stop.starts_at <= work.starts_at < stop.ends_at
        ]
        site = dossier.sites.get(stop.site_id)
        whose = dossier.title_of(stop.machine_id) if stop.machine_id else site.title if site else stop.site_id
        span = f"{site_clock(stop.starts_at, site)} to {site_moment(stop.ends_at, site)}"
        used = ", ".join(within[:5]) + (f" and {len(within) - 5} more" if len(within) > 5 else "")
        found.append(f"{stop.title}, {whose}, {span}: {used or 'not used'}")
    return listing(text(one) for one in found) or text("No stop is planned in these days.")


def _awaited(dossier: PlanDossier, fleet: FleetSnapshot) -> str:
    """Return which parts orders lack, whether they were bought, and when they are there."""
    found = []
    for order in sorted(dossier.orders.values(), key=lambda one: (one.parts_at or one.due_at, one.number)):
        lacking = [line for line in order.parts if line.to_order] if order.state in OPEN_ORDER_STATES else []
        if lacking:
            pieces = ", ".join(f"{line.to_order:,} × {line.title}" for line in lacking)
            found.append(f"{order.number}: {pieces}, {_arrival(order, dossier, fleet)}")
    shown = listing(text(one) for one in found[:MOST_ROWS])
    more = text(f"and {len(found) - MOST_ROWS:,} more orders") if len(found) > MOST_ROWS else ""
    return shown + more if shown else text("None: every part is set aside.")


def _arrival(order: WorkOrder, dossier: PlanDossier, fleet: FleetSnapshot) -> str:
    """Say when all that an order lacks is there, and what must be done for it."""
    to_buy = any(fleet.to_buy(order, line) for line in order.parts)
    if order.parts_at is None:
        return f"not known when{', not ordered yet' if to_buy else ''}"
    at = site_moment(order.parts_at, dossier.site_of(order.machine_id))
    if order.parts_at <= dossier.plan.as_of:
        return f"expected {at}, not here yet"
    return f"{at}{' if ordered now' if to_buy else ', on order'}"


def plan_left_out(dossier: PlanDossier | None) -> Fragment:
    """Return the orders that are not in the plan, first those that somebody must decide, each with the reason."""
    if dossier is None or not dossier.left_out:
        return Fragment(empty("Every open order is planned.", short=""))
    decide = {one.order_id for one in dossier.plan.unplannable}
    rows = [
        {
            "number": element("strong", text(one.number)) + " " + priority_chip(one.priority),
            "work": text(dossier.title_of(one.machine_id)) + element("small", text(short_title(one, dossier))),
            "what": text("Somebody must decide" if one.order_id in decide else "Deferred"),
            "why": text(sentence(one.reason)) + _due(dossier, one.order_id),
        }
        for one in dossier.left_out[:MOST_ROWS]
    ]
    columns = {"number": "Order", "work": "Machine and work", "what": "What", "why": "Why"}
    caption = f"Not in the plan: {count(len(dossier.left_out), 'order')}{_capped(len(dossier.left_out))}"
    return Fragment(table("plan-left-out", columns, rows, caption=caption))


def _capped(number: int) -> str:
    return f"; the first {MOST_ROWS}, all with workbench orders plan" if number > MOST_ROWS else ""


def short_title(one: LeftOut | PlannedWork, dossier: PlanDossier) -> str:
    """Return what is to be done without the machine's title, which stands beside it."""
    title = one.title.removeprefix(f"{dossier.title_of(one.machine_id)}: ")
    return title[:1].upper() + title[1:]


def _due(dossier: PlanDossier, order_id: str) -> str:
    order = dossier.orders.get(order_id)
    if order is None:
        return ""
    return element("small", text(f"Due {site_moment(order.due_at, dossier.site_of(order.machine_id))}"))


def plan_changes(dossier: PlanDossier | None) -> Fragment:
    """Return what is different from the plan before; nothing where there was none."""
    if dossier is None or dossier.plan.replaces is None:
        return Fragment(empty("There was no plan before.", short=""))
    changes = [change for change in dossier.changes if change.what != "added"]
    added = len(dossier.changes) - len(changes)
    new = f"{count(added, 'order')} came in anew" if added else ""
    if not changes:
        words = "Nothing that was planned before has moved"
        return Fragment(element("p", text(f"{words}{f'; {new}' if new else ''}.")))
    rows = [
        {
            "number": element("strong", text(one.number)),
            "what": text(one.what[:1].upper() + one.what[1:]),
            "after": text(one.after or _why_not(dossier, one)),
            "before": text(one.before or "not planned"),
            "who": text(", ".join(dossier.name_of(name) for name in one.people)),
        }
        for one in changes[:MOST_ROWS]
    ]
    columns = {"number": "Order", "what": "What", "after": "Now", "before": "Before", "who": "Concerns"}
    zones = zones_in_words(_sites(dossier, [one.order_id for one in changes]), dossier.plan.as_of)
    caption = f"Moved against the plan before: {count(len(changes), 'order')}{_capped(len(changes))}{f'; {new}' if new else ''}; times in {zones}"
    return Fragment(table("plan-changes", columns, rows, caption=caption))


def _sites(dossier: PlanDossier, order_ids: Sequence[str]) -> list[Site | None]:
    """Return the sites of these orders, as far as they are known."""
    works = [dossier.planned[key].machine_id for key in order_ids if key in dossier.planned]
    known = [dossier.orders[key].machine_id for key in order_ids if key in dossier.orders]
    return [dossier.site_of(machine_id) for machine_id in (*works, *known)] or list(dossier.sites.values())


def _why_not(dossier: PlanDossier, change: PlanChange) -> str:
    reason = next((one.reason for one in dossier.left_out if one.order_id == change.order_id), "")
    return sentence(reason) or "no longer open"
