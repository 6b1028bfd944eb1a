"""What a maintenance cycle did to the world: parts set aside, people told, and what went wrong."""

from __future__ import annotations

from workbench.domain.notices import Notice
from workbench.domain.runs import StepState
from workbench.domain.work import Reservation

from .cycle import CycleSnapshot, Outcome
from .markup import Fragment, chip, element, empty, fleet_anchor, link, text
from .tables import table
from .wording import count, moment

_STATES = {"sent": "healthy", "failed": "critical"}


def reserved_parts(cycle: CycleSnapshot) -> Fragment:
    """Return the parts that were set aside for the orders of these runs, and what became of them."""
    if not cycle.reservations:
        return Fragment(empty("No part was set aside.", short="no parts set aside"))
    orders = {order.order_id: order for order in cycle.fleet.orders}
    titles = {line.part_id: line.title for order in orders.values() for line in order.parts}
    found: dict[tuple[str, str], list[Reservation]] = {}
    for one in cycle.reservations:
        found.setdefault((one.part_id, one.state), []).append(one)
    rows = [
        {
            "part": text(titles.get(part_id, part_id)) + element("small", text(part_id)),
            "pieces": f"{sum(one.quantity for one in same):,}",
            "order": text(", ".join(orders[one.order_id].number for one in same if one.order_id in orders) or "–"),
            "state": chip(state.capitalize(), "plain"),
        }
        for (part_id, state), same in found.items()
    ]
    columns = {"part": "Part", "pieces": "Pieces", "order": "For", "state": "State now"}
    pieces = sum(one.quantity for one in cycle.reservations)
    return Fragment(table("reserved", columns, rows, caption=f"{count(pieces, 'part')} set aside", numeric=["pieces"]))


def people_told(cycle: CycleSnapshot) -> Fragment:
    """Return who was told of what, by which channel, and whether it arrived."""
    if not cycle.notices:
        return Fragment(empty("Nobody had to be told.", short="no notices"))
    rows = [
        {
            "who": text(_recipient(notice, cycle)) + element("small", text(notice.address)),
            "what": text(notice.subject),
            "channel": text(notice.channel.replace("_", "-")),
            "state": chip(notice.state.capitalize(), _STATES.get(notice.state, "plain"))
            + (element("small", text(notice.error)) if notice.error else ""),
            "sent": text(moment(notice.sent_at) if notice.sent_at else "–"),
        }
        for notice in cycle.notices
    ]
    columns = {"who": "Who", "what": "What", "channel": "By", "state": "State now", "sent": "Sent"}
    return Fragment(table("notices", columns, rows, caption=count(len(rows), "notice")))


def _recipient(notice: Notice, cycle: CycleSnapshot) -> str:
    """Return a recipient such as ``technician:anna`` for people."""
    role, _, name = notice.recipient.partition(":")
    sites = {view.site.site_id: view.site.title for view in cycle.fleet.machines if view.site is not None}
    return f"{cycle.fleet.technicians.get(name) or sites.get(name, name)} ({role})" if name else role


def failures(cycle: CycleSnapshot) -> Fragment:
    """Return the runs that failed: at which step, and why; or that none did."""
    found = [view for view in cycle.runs if view.outcome is Outcome.FAILED]
    if not found:
        return Fragment(element("p", "No run failed."))
    rows = []
    for view in found:
        step = next((one for one in view.steps if one.state is StepState.FAILED), None)
        rows.append(
            {
                "machine": link(fleet_anchor(view.run.machine_id), view.title),
                "step": text(f"{step.number} {step.name}" if step else "before the first step"),
                "at": text(moment(step.started_at if step else view.run.started_at)),
                "why": text((step.details if step else "") or view.run.outcome or "the reason was not recorded"),
            }
        )
    columns = {"machine": "Machine", "step": "At step", "at": "When", "why": "Why"}
    caption = f"{count(len(rows), 'failed run')}; `workbench run` does what is left over again"
    return Fragment(table("failures", columns, rows, caption=caption))


def cycle_method(cycle: CycleSnapshot) -> Fragment:
    """Return in words what each step does and what the words of this report mean."""
    notes = [
        (
            "Predict",
            "Health state, remaining life, anomaly and diagnosis from all data up to the as-of time; cases open or close.",
        ),
        ("Analyse the impact", "What a failure and a planned repair cost, and whether work is ordered now."),
        (
            "When to act",
            "The time of least expected cost among the earliest start, the days after it and the planned stops.",
        ),
        ("Write the report", "What the technician reads: failure, safety, steps, tools, parts."),
        ("Check and reserve parts", "Parts in stock are set aside for the order; the others are named for purchase."),
        (
            "Assign a technician",
            "The order is opened, or a standing one for the same failure gets the finding as further evidence.",
        ),
        (
            "The plan",
            "After the runs all open orders are planned together, at least expected cost; it replaces the matched technicians.",
        ),
        ("Tell people", "The technician and those who answer for the plant are told of new or more urgent orders."),
        ("Not needed", "Steps 3 to 6 are left out where no work is ordered, or where a standing order covers it."),
        ("Repeated runs", "The same machine, instant, models, data and settings are one run; it is not done again."),
        (
            "Time",
            f"The site's where its zone stands beside them, else UTC. Predictions use nothing later than the as-of time. Money: {cycle.fleet.currency}.",
        ),
    ]
    if cycle.fleet.simulated:
        notes.append(("Simulated data", "Readings, failures and every figure here come from a simulation."))
    body = "".join(element("dt", text(term)) + element("dd", text(words)) for term, words in notes)
    return Fragment(element("dl", body, class_="method"))
