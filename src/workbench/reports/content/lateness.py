"""Orders that are done after they are due: by how much, and why, so that nobody takes the sheet for a mistake."""

from __future__ import annotations

from datetime import datetime, timedelta

from workbench.dispatch.orders import DUE_WITHIN_H, minutes_each
from workbench.dispatch.plain import sentence
from workbench.domain.units import span_text
from workbench.domain.work import OrderState, WorkOrder

from .fleet import FleetSnapshot, MachineView
from .markup import element, text
from .site_time import said_at, site_moment

# So little is no delay that anybody plans by.
_WORTH_SAYING = timedelta(minutes=15)
_EXACT = timedelta(minutes=2)


def takes(order: WorkOrder) -> timedelta:
    """Return how long an order takes from its start: people's hours, or the machine's where that is more."""
    return timedelta(minutes=max(minutes_each(order), round(60 * (order.repair_h or 0.0))))


def late_by(order: WorkOrder) -> timedelta | None:
    """Return how long after its due time a planned order is done; None: in time, begun, or not planned."""
    if order.state is not OrderState.SCHEDULED or order.scheduled_at is None:
        return None
    late = order.scheduled_at + takes(order) - order.due_at
    return late if late >= _WORTH_SAYING else None


def late_text(order: WorkOrder) -> str:
    """Return in a few words that an order is done late; empty: it is not."""
    late = late_by(order)
    return f"done {span_text(late.total_seconds() / 3600)} later" if late is not None else ""


def why_late(order: WorkOrder, fleet: FleetSnapshot, view: MachineView) -> str:
    """Return as a paragraph that an order is done after its due time, what that time is, and why it cannot be kept."""
    late = late_by(order)
    if late is None or order.scheduled_at is None:
        return ""
    done = site_moment(order.scheduled_at + takes(order), view.site)
    lead = f"Done {span_text(late.total_seconds() / 3600)} after it is due, {done}. "
    because = f"{_wish(order)} {sentence(_reason(order, fleet, view, order.scheduled_at))}"
    return element("p", element("strong", text(lead)), text(because))


def _wish(order: WorkOrder) -> str:
    """Say what the due time rests on (``dispatch.due_date``)."""
    if order.due_at >= order.created_at + timedelta(hours=DUE_WITHIN_H[order.priority]) - _EXACT:
        return f"It is due {span_text(DUE_WITHIN_H[order.priority])} after the finding, as its priority asks."
    if order.due_at <= order.created_at + timedelta(hours=order.repair_h or 0.0) + _EXACT:
        return "It is due at once: it may fail sooner than the work can be done."
    return "It is due before the earliest likely failure."


def _reason(order: WorkOrder, fleet: FleetSnapshot, view: MachineView, starts: datetime) -> str:
    latest = order.due_at - takes(order)
    if order.parts_at is not None and order.parts_at > latest:
        return f"its parts come {site_moment(order.parts_at, view.site)}"
    package = view.package
    when = package.decision.when if package is not None and package.prediction_id in order.evidence else None
    earliest = when.earliest_at if when is not None else order.created_at
    said = []
    if package is not None and when is not None and earliest > latest:
        waits = (said_at(one, view, package.as_of).rstrip(".") for one in when.not_earlier)
        said = [f"earliest start: {one[:1].lower()}{one[1:]}" for one in waits] or [
            f"nobody can begin before {site_moment(earliest, view.site)}"
        ]
    first = _first(order, fleet, view, earliest, starts)
    if first is not None:
        who = " and ".join(fleet.technicians.get(key, key) for key in sorted(_people(first)))
        said.append(
            f"before it {who} {'do' if len(_people(first)) > 1 else 'does'} {first.number}, {first.priority.name.lower()}"
        )
    elif starts > max(earliest, latest) + _WORTH_SAYING:
        said.append("the plan weighs people against waiting by whole days, and this start costs least")
    return "; ".join(said)


def _first(
    order: WorkOrder, fleet: FleetSnapshot, view: MachineView, earliest: datetime, starts: datetime
) -> WorkOrder | None:
    """Return the last work that is done before an order, by its people or in their place by others with the skill."""
    places = {one.machine_id: one.profile.site_id for one in fleet.machines}
    before = [
        (other.scheduled_at, other)
        for other in fleet.orders
        if other.order_id != order.order_id
        and other.scheduled_at is not None
        and earliest - _WORTH_SAYING <= other.scheduled_at < starts
    ]
    own = [one for one in before if _people(one[1]) & _people(order)]
    others = [
        (at, other)
        for at, other in before
        if other.skill == order.skill
        and other.priority <= order.priority
        and places.get(other.machine_id) == view.profile.site_id
    ]
    return max(own or others, key=lambda one: one[0], default=(starts, None))[1]


def _people(order: WorkOrder) -> set[str]:
    return {*([order.technician_id] if order.technician_id else []), *order.colleagues}
