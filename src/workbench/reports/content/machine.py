"""One machine that needs attention: why, its sensors, how long it will last, the decision, the work ordered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from workbench.domain.predictions import Diagnosis
from workbench.errors import InputError

from .charts import life_bar
from .decision import decision_block
from .fleet import FleetSnapshot, MachineView
from .fleet_table import state_cell
from .markup import Fragment, element, empty, facts, fleet_anchor, link, listing, machine_anchor, text
from .order import order_block
from .sensors import sensor_charts, sensors_that_matter
from .site_time import expected_failure, said_at
from .wording import count, day, days_between, mode_title, percent, remaining_life

if TYPE_CHECKING:
    import pandas as pd

Readings = Callable[[str], "pd.DataFrame"]


def machine_details(fleet: FleetSnapshot, readings: Readings, *, max_details: int, days: float) -> Fragment:
    """Return a section for each machine that needs attention, the most urgent first.

    Args:
        fleet: the snapshot.
        readings: gives a machine's telemetry (column ``time`` and one per sensor) by its identifier.
        max_details: most sections; the report says how many are left out.
        days: how far back the sensor charts go.

    Raises:
        InputError: ``max_details`` is negative or ``days`` not positive.
    """
    if max_details < 0 or not days > 0:
        raise InputError(
            f"max_details = {max_details} and days = {days:g} cannot be used.",
            "Give max_details of at least 0 and days above 0.",
        )
    views = fleet.detailed
    if not views:
        return Fragment(empty("No machine needs attention."))
    shown = views[:max_details]
    sections = [machine_section(fleet, view, readings(view.machine_id), days=days) for view in shown]
    left = len(views) - len(shown)
    if left:
        note = (
            f"{count(left, 'machine')} more {'is' if left == 1 else 'are'} left out here (max_details = {max_details})"
        )
        sections.append(element("p", text(f"{note}; the fleet table lists all of them."), class_="note"))
    return Fragment("".join(sections))


def machine_section(fleet: FleetSnapshot, view: MachineView, readings: pd.DataFrame, *, days: float) -> str:
    """Return one machine's section as markup."""
    parts = [
        element("h3", text(view.profile.title), " ", link(fleet_anchor(view.machine_id), "↑ fleet")),
        element("p", state_cell(view), element("small", text(_name_plate(view))), class_="machine-line"),
    ]
    prediction = view.prediction
    if prediction is None:
        parts.append(empty("No prediction was made for this machine."))
    else:
        reasons = [text(said_at(reason, view, fleet.as_of)) for reason in prediction.reasons]
        parts += [element("h4", "Why"), listing(reasons, "reasons") or empty("No reason was recorded."), _outlook(view)]
        if view.package:
            parts += [element("h4", "Decision"), decision_block(view, view.package, fleet.currency)]
        parts.append(
            element("h4", text(f"Sensors, last {days:g} days"))
            + sensor_charts(view, readings, sensors_that_matter(view), as_of=fleet.as_of, days=days)
        )
    parts += [order_block(order, fleet, view) for order in view.orders]
    return element("section", *parts, class_="machine", id=machine_anchor(view.machine_id))


def _name_plate(view: MachineView) -> str:
    profile = view.profile
    known = [word for word in (profile.manufacturer, profile.model) if word.strip().lower() not in ("", "unknown")]
    where = ", ".join(part for part in (profile.site_id, profile.location) if part)
    plate = (profile.machine_id, " ".join(known), where, f"criticality {profile.criticality}")
    return " · ".join(part for part in plate if part)


def _outlook(view: MachineView) -> str:
    prediction = view.prediction
    if prediction is None:
        return ""
    rul = prediction.remaining_useful_life
    drawn = rul.life if rul.basis == "model" else None
    pairs = [] if drawn else [("Remaining useful life", text(remaining_life(rul)))]
    if expected := expected_failure(view):
        early, middle, late = expected
        pairs.append(("Expected failure", text(f"{day(middle)} ({days_between(early, late)})")))
    if prediction.failure_probability and view.week_probability is not None:
        chances = ", ".join(f"{span(p.hours)}: {percent(p.probability)}" for p in prediction.failure_probability)
        pairs.append(("Probability of failure (calendar time)", text(chances)))
    if prediction.health_score is not None:
        pairs.append(("Health score", text(f"{prediction.health_score:.0f} of 100")))
    pairs.append(("Diagnosis", text(_diagnosis(prediction.diagnosis, view))))
    chart = life_bar(view.machine_id, drawn, rul.life_unit, view.condition) if drawn else ""
    return element("h4", "Outlook") + element("div", chart, facts(pairs), class_="outlook")


def _diagnosis(diagnosis: Diagnosis, view: MachineView) -> str:
    if diagnosis.method == "unknown":
        return "unknown cause, to be inspected"
    modes = sorted(diagnosis.modes, key=lambda pair: -pair.probability)[:3]
    named = ", ".join(f"{mode_title(m.mode, view.profile)} {percent(m.probability)}" for m in modes)
    return f"{named} (by {diagnosis.method.replace('_', ' ')})"


def span(hours: float) -> str:
    """Return a time in days, or in hours where it is short."""
    return f"{float(f'{hours / 24:.2g}'):g} days" if hours >= 48 else f"{hours:.0f} h"
