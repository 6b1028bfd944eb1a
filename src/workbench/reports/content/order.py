"""A work order as its technician needs it: by when, who, safety, steps, parts."""

from __future__ import annotations

from datetime import timedelta

from workbench.dispatch import lockout_of
from workbench.dispatch.permits import permit_lines
from workbench.dispatch.plain import sentence, with_units
from workbench.dispatch.wording import zone_of
from workbench.domain.work import OrderState, PartLine, WorkOrder

from .fleet import FleetSnapshot, MachineView
from .lateness import why_late
from .markup import element, facts, listing, text
from .site_time import said_at, site_moment
from .tables import table
from .wording import cost, work_title

# A start that near the best one is as good.
_AS_GOOD = timedelta(hours=2)


def order_block(order: WorkOrder, fleet: FleetSnapshot, view: MachineView) -> str:
    """Return one work order in full under its heading, as markup."""
    heading = element("h4", text(f"Work order {order.number}: {work_title(order, view.profile.title)}"))
    return element("div", heading, order_body(order, fleet, view), class_="order")


def order_body(order: WorkOrder, fleet: FleetSnapshot, view: MachineView) -> str:
    """Return what a work order says, as markup; its times are in site time."""
    body = [facts(_facts(order, fleet, view)), why_late(order, fleet, view), _who_and_why(order, fleet)]
    if order.safety:
        body.append(
            element(
                "div",
                element("h5", "Safety"),
                listing(text(with_units(line)) for line in order.safety),
                class_="safety",
            )
        )
    body.append(_lockout(order, view))
    steps = element("ol", *(element("li", text(said_at(step, view, order.created_at))) for step in order.steps))
    body.append(element("div", element("h5", "Steps"), steps, class_="steps"))
    body.append(_parts(order, fleet))
    return "".join(body)


def _facts(order: WorkOrder, fleet: FleetSnapshot, view: MachineView) -> list[tuple[str, str]]:
    site = view.site
    place = (site.title if site else view.profile.site_id, view.profile.location)
    state = sentence(order.state_in_words).rstrip(".")
    estimate = cost(order.estimated_cost, order.estimate_lacks, fleet.currency)
    return [
        ("Priority", text(f"{order.priority.name.capitalize()}, {state.lower()}")),
        *_start(order, view),
        ("Due", text(site_moment(order.due_at, site))),
        *_best_begun(order, view),
        ("Where", text(", ".join(word for word in place if word))),
        *([("Parts there", text(site_moment(order.parts_at, site)))] if order.parts_at else []),
        *_permits(order, fleet, view),
        ("Assigned to", text(_names(order, fleet))),
        ("Work", text(f"{order.labour_h:g} h; estimated cost {estimate}")),
        *([("Tools", text(", ".join(order.tools)))] if order.tools else []),
    ]


def _start(order: WorkOrder, view: MachineView) -> list[tuple[str, str]]:
    if order.state is OrderState.IN_PROGRESS and order.started_at is not None:
        return [("Begun", text(site_moment(order.started_at, view.site)))]
    return [("Start", text(site_moment(order.scheduled_at, view.site) if order.scheduled_at else "not planned yet"))]


def _permits(order: WorkOrder, fleet: FleetSnapshot, view: MachineView) -> list[tuple[str, str]]:
    """Return when its permits allow the work, and that it waits for one; nothing for an order that needs none."""
    lines = permit_lines(fleet.permits.get(order.order_id, ()), zone_of(view.site))
    return [("Permits", text(" ".join(lines)))] if lines else []


def _names(order: WorkOrder, fleet: FleetSnapshot) -> str:
    """Return who does it, and that somebody still has to be found where more are needed."""
    people = [*([order.technician_id] if order.technician_id else []), *order.colleagues]
    names = ", ".join(fleet.technicians.get(one, one) for one in people)
    missing = order.people - len(people)
    if not names:
        return "nobody yet"
    return names + (f", {missing} more to be found" if missing > 0 else "")


def _who_and_why(order: WorkOrder, fleet: FleetSnapshot) -> str:
    """Return why that technician, over the whole width; without the name, which the reason may begin with."""
    who = fleet.technicians.get(order.technician_id or "", order.technician_id or "")
    reason = order.technician_reason.removeprefix(f"{who}: ")
    if not reason:
        return ""
    return element("p", element("strong", text(f"Why {who}: " if who else "Not assigned: ")), text(sentence(reason)))


def _best_begun(order: WorkOrder, view: MachineView) -> list[tuple[str, str]]:
    """Return when the work is best begun by the analysis it rests on; nothing where it begins no more than hours off."""
    package = view.package
    if package is None or package.prediction_id not in order.evidence or package.decision.best_at is None:
        return []
    best = package.decision.best_at
    if order.scheduled_at is not None and abs(order.scheduled_at - best) <= _AS_GOOD:
        return []
    return [("Best begun", text(site_moment(best, view.site)))]


def _lockout(order: WorkOrder, view: MachineView) -> str:
    """Return how each energy source is isolated, released and proved dead; nothing where the profile names none."""
    rows = [
        {
            key: text(with_units(words))
            for key, words in point.model_dump(include={"source", "isolate", "release", "verify"}).items()
        }
        for point in lockout_of(view.profile)
    ]
    if not rows:
        return ""
    columns = {"source": "Energy", "isolate": "Isolate, lock and tag", "release": "Release", "verify": "Prove"}
    caption = "Lockout of each energy source; the maker's manual and the site's lockout card go before it"
    return element("div", table(f"lockout-{order.order_id}", columns, rows, caption=caption), class_="whole")


def _parts(order: WorkOrder, fleet: FleetSnapshot) -> str:
    if not order.parts:
        return ""
    rows = [
        {
            "part": text(line.title),
            "needed": f"{line.needed:,}",
            "reserve": f"{line.reserve:,}",
            "to_order": f"{fleet.to_buy(order, line):,}" + _on_order(fleet.on_order(order, line)),
            "lead": text(_lead(line, fleet.to_buy(order, line))),
        }
        for line in order.parts
    ]
    columns = {"part": "Part", "needed": "Needed", "reserve": "Reserved", "to_order": "To order", "lead": "Arrives in"}
    numbers = ["needed", "reserve", "to_order"]
    shown = table(f"parts-{order.order_id}", columns, rows, caption=f"Parts for {order.number}", numeric=numbers)
    return element("div", shown, class_="whole")


def _on_order(pieces: int) -> str:
    return element("small", text(f"{pieces:,} on order")) if pieces else ""


def _lead(line: PartLine, to_buy: int) -> str:
    if not line.to_order:
        return "in stock"
    return line.delivery.removeprefix("delivery ") if to_buy else "on order"
