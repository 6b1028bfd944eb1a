"""Work orders in full, one after the other, so that who reads only the document can have the work done."""

from __future__ import annotations

from workbench.domain.work import WorkOrder

from .cycle import CycleSnapshot, Outcome
from .decision import money_at_stake
from .fleet import MachineView
from .markup import Fragment, element, empty, text
from .order import order_body
from .site_time import said_at
from .wording import count

# So many sheets are a document that people still read; the others are a command away.
MOST_SHEETS = 20


def order_sheets(cycle: CycleSnapshot) -> Fragment:
    """Return a sheet for each order that these runs opened or changed: why, when, what waiting costs, how.

    The most urgent come first. Orders that stand as they were, and those beyond ``MOST_SHEETS``, are named in a note.
    """
    views = {view.machine_id: view for view in cycle.fleet.machines}
    found = [(order, views[order.machine_id]) for order in cycle.fleet.orders if order.machine_id in views]
    if not found:
        return Fragment(empty("No work order is open.", short="no work orders"))
    touched = _touched(cycle)
    changed = [(order, view) for order, view in found if order.order_id in touched]
    fleet = cycle.fleet
    sheets = [
        element(
            "section", _why(order, view, fleet.currency), order_body(order, fleet, view), class_="machine sheet order"
        )
        for order, view in changed[:MOST_SHEETS]
    ]
    return Fragment(_note(len(found) - len(changed), len(changed) - len(sheets)) + "".join(sheets))


def _touched(cycle: CycleSnapshot) -> set[str | None]:
    """Return the orders that the runs opened or made more urgent, or whose plan moved; of a single run any."""
    changed = (Outcome.OPENED, Outcome.MORE_URGENT)
    touched = {view.run.order_id for view in cycle.runs if view.outcome in changed or len(cycle.runs) == 1}
    return touched | ({change.order_id for change in cycle.plan.plan.changes} if cycle.plan else set())


def _note(standing: int, beyond: int) -> str:
    words = [f"{count(standing, 'standing order')}, unchanged by this run"] if standing else []
    words += [f"{count(beyond, 'less urgent order')} beyond the first {MOST_SHEETS}"] if beyond else []
    if not words:
        return ""
    said = (
        f"Not in full here: {' and '.join(words)}; the list of work orders has every one, and this shows one in full: "
    )
    return element("p", text(said), element("code", "workbench orders show NUMBER"), class_="note")


def _why(order: WorkOrder, view: MachineView, currency: str) -> str:
    """Return the machine, the reasons of its prediction and of the decision, when to act, and what is at stake."""
    profile, package = view.profile, view.package
    whole = order.title if order.title.startswith(profile.title) else f"{profile.title}: {order.title}"
    parts = [element("h3", text(f"{order.number}, {whole}"), element("small", text(profile.machine_id)))]
    if view.prediction is not None:
        signs = "; ".join(
            said_at(reason, view, view.prediction.as_of).rstrip(".") for reason in view.prediction.reasons[:3]
        )
        parts.append(element("p", element("strong", "Seen: "), text(f"{signs}.")))
    if package is None or package.prediction_id not in order.evidence:
        return "".join(parts)
    reason = package.decision.reason.removeprefix("Act: ")
    parts.append(element("p", element("strong", "Ordered, because: "), text(said_at(reason, view, package.as_of))))
    if package.decision.when is not None:
        words = said_at(package.decision.timing, view, package.as_of)
        parts.append(element("p", element("strong", "When: "), text(words)))
    return "".join(parts) + money_at_stake(package, currency)
