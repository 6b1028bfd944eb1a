"""One machine that needs attention: why, its sensors, how long it will last, the decision, the work ordered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from workbench.domain.predictions import UNKNOWN_MODE, Diagnosis
from workbench.domain.work import AnalyticsPackage, CostItem, Impact, Recommendation, WorkOrder, standing_out
from workbench.errors import InputError

from .charts import life_bar, sensor_chart
from .fleet import Condition, FleetSnapshot, MachineView
from .fleet_table import state_cell
from .markup import Fragment, element, empty, facts, fleet_anchor, link, listing, machine_anchor, text
from .tables import table
from .wording import (
    cost,
    count,
    day,
    days_between,
    mode_title,
    moment,
    money,
    percent,
    readable,
    remaining_life,
    sensor_title,
    sentence,
)

if TYPE_CHECKING:
    import pandas as pd

MOST_SENSORS = 4
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
        reasons = [text(readable(reason, view.profile)) for reason in prediction.reasons]
        parts += [element("h4", "Why"), listing(reasons, "reasons") or empty("No reason was recorded."), _outlook(view)]
        if view.package:
            parts.append(_decision(view, view.package, fleet.currency))
        parts.append(
            element("h4", text(f"Sensors, last {days:g} days")) + sensor_charts(fleet, view, readings, days=days)
        )
    parts += [_order(order, fleet, view) for order in view.orders]
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
    if rul.basis == "model" and rul.expected_failure_at and rul.life and not rul.life.upper_open:
        early, middle, late = rul.expected_failure_at
        pairs.append(("Expected failure", text(f"{day(middle)} ({days_between(early, late)})")))
    if prediction.failure_probability and view.week_probability is not None:
        chances = ", ".join(f"{_span(p.hours)}: {percent(p.probability)}" for p in prediction.failure_probability)
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


def _span(hours: float) -> str:
    return f"{float(f'{hours / 24:.2g}'):g} days" if hours >= 48 else f"{hours:.0f} h"


def _decision(view: MachineView, package: AnalyticsPackage, currency: str) -> str:
    decision = package.decision
    # The engine's reason begins with the verdict, which stands here in bold.
    reason = decision.reason.removeprefix("Act: ").removeprefix("Do not act: ")
    verdict = "Order the work now." if decision.act else "No work now."
    planned = "Inspect at a planned stop" if package.failure_mode == UNKNOWN_MODE else "Repair at a planned stop"
    impacts = (
        _impact("Run to failure", package.failure_impact, view, currency),
        _impact(planned, package.planned_impact, view, currency),
    )
    nothing = package.failure_impact.total == package.planned_impact.total == 0
    actions = [_action(r, view, decision.reason, currency) for r in sorted(package.recommendations, key=_rank)]
    return (
        element("h4", "Decision")
        + element("p", element("strong", verdict), text(f" {readable(reason, view.profile)}"), class_="sum")
        + (_how_to_cost(view) if nothing else element("div", *impacts, class_="impacts"))
        + (element("h5", "Recommended") + element("ol", *(element("li", a) for a in actions)) if actions else "")
    )


def _rank(recommendation: Recommendation) -> int:
    return recommendation.rank


def _action(recommendation: Recommendation, view: MachineView, decided: str, currency: str) -> str:
    """Return one recommendation; the decision's reason, which stands right above, is not said again."""
    reason = recommendation.reason.replace(decided, "").strip()
    saving = ""
    if recommendation.expected_saving > 0:
        rests = "" if recommendation.complete else " (rests on incomplete costs)"
        saving = f" Expected saving {money(recommendation.expected_saving, currency)}{rests}."
    return (
        element("strong", text(readable(recommendation.action, view.profile)))
        + (text(f" {readable(reason, view.profile)}") if reason else "")
        + (text(f" Act before {day(recommendation.act_before)}.") if recommendation.act_before else "")
        + text(saving)
    )


def _how_to_cost(view: MachineView) -> str:
    command = f"workbench machines show {view.machine_id}"
    return element(
        "p",
        text("No cost is known, so none can be weighed. Enter "),
        element("code", "production_loss_per_h"),
        text(" under economics in the machine's profile ("),
        element("code", text(command)),
        text(" prints it, "),
        element("code", "workbench machines add FILE"),
        text(" takes it back), and parts and technicians with "),
        element("code", "workbench plant parts FILE"),
        text(" and "),
        element("code", "workbench plant technicians FILE"),
        text("."),
        class_="note",
    )


def _item_amount(item: CostItem, currency: str) -> str:
    if item.known:
        return money(item.amount, currency)
    return f"at least {money(item.amount, currency)}" if item.amount else "not known"


def _impact(title: str, impact: Impact, view: MachineView, currency: str) -> str:
    rows = [
        (
            readable(item.name.replace("_", " "), None).rstrip("."),
            text(_item_amount(item, currency)),
            element("small", text(readable(item.inputs, view.profile).rstrip("."))),
        )
        for item in impact.items
    ]
    total = money(impact.total, currency) if impact.complete else f"at least {money(impact.total, currency)}"
    lacking = "" if impact.complete else element("small", text(sentence(f"{impact.lacks} not known")))
    rows.append(("Total", element("strong", text(total)), lacking))
    body = "".join(
        element("div", element("dt", text(name)), element("dd", amount), element("dd", basis, class_="basis"))
        for name, amount, basis in rows
    )
    heading = element("h5", text(f"{title}: {impact.downtime_h:.1f} h of downtime"))
    return element("div", heading, element("dl", body, class_="ledger"))


def sensor_charts(fleet: FleetSnapshot, view: MachineView, readings: pd.DataFrame, *, days: float) -> str:
    """Return charts of the sensors that matter most for this machine, as markup."""
    if readings.empty:
        return empty("There are no readings in this window.")
    running = _while_running(readings, view)
    drawn = [
        sensor_chart(
            running,
            view.profile.sensor(name),
            name=f"{view.machine_id}-{name}",
            title=sensor_title(name, view.profile),
            baseline=_baseline(view, name),
            as_of=fleet.as_of,
            days=days,
        )
        for name in sensors_that_matter(view)
        if name in readings
    ]
    drawn = [chart for chart in drawn if chart]
    if not drawn:
        return empty("There are no readings of these sensors in this window.")
    key = "" if running is readings else "Hours in which the machine does not run are left out. "
    key += "Band: normal range. Dotted: healthy baseline. Dashed: warning limit. Solid: critical limit."
    return element("div", *drawn, class_="figures") + element("p", text(key), class_="legend")


def _while_running(readings: pd.DataFrame, view: MachineView) -> pd.DataFrame:
    """Blank the readings of hours in which the machine stands; limits and baselines do not hold for those."""
    rule = view.profile.running_rule
    if rule is None or rule.sensor not in readings:
        return readings
    stands = ~(readings[rule.sensor] > rule.above)
    if stands.all() or not stands.any():
        return readings
    names = [sensor.name for sensor in view.profile.sensors if sensor.name in readings]
    blanked = readings.copy()
    blanked[names] = blanked[names].mask(stands)
    return blanked


def sensors_that_matter(view: MachineView, most: int = MOST_SENSORS) -> list[str]:
    """Return the sensors to show: at limits first, then anomalous, then trending, then those of the likely mode."""
    prediction = view.prediction
    ranked: list[str] = []
    if prediction:
        ranked += [crossing.sensor for crossing in prediction.limit_crossings]
        if prediction.anomaly:
            ranked += [part.sensor for part in standing_out(prediction.anomaly, most=2)]
        mode = view.profile.failure_mode(prediction.diagnosis.likeliest)
        if mode and view.condition is not Condition.HEALTHY:
            ranked += [mode.indicator, *(s.sensor for s in sorted(mode.symptoms, key=lambda s: -s.weight))]
        ranked += [trend.sensor for trend in sorted(prediction.trends, key=lambda t: t.p_value)]
    ranked += [s.name for s in view.profile.sensors if s.role == "indicator"]
    known = {sensor.name for sensor in view.profile.sensors}
    return [name for name in dict.fromkeys(ranked) if name in known][:most]


def _baseline(view: MachineView, sensor: str) -> float | None:
    anomaly = view.prediction.anomaly if view.prediction else None
    return next((c.baseline for c in anomaly.contributions if c.sensor == sensor), None) if anomaly else None


def _order(order: WorkOrder, fleet: FleetSnapshot, view: MachineView) -> str:
    who = fleet.technicians.get(order.technician_id or "", order.technician_id or "nobody yet")
    pairs = [
        ("Priority", text(order.priority.name.capitalize())),
        ("Due", text(moment(order.due_at))),
        (
            "Assigned to",
            text(who) + (element("small", text(order.technician_reason)) if order.technician_reason else ""),
        ),
        (
            "Work",
            text(
                f"{order.labour_h:g} h; estimated cost {cost(order.estimated_cost, order.estimate_lacks, fleet.currency)}"
            ),
        ),
    ]
    if order.tools:
        pairs.append(("Tools", text(", ".join(order.tools))))
    body = [element("h4", text(f"Work order {order.number}: {order.title}")), facts(pairs)]
    if order.safety:
        body.append(
            element("div", element("h5", "Safety"), listing(text(line) for line in order.safety), class_="safety")
        )
    body.append(
        element("h5", "Steps")
        + element("ol", *(element("li", text(readable(step, view.profile))) for step in order.steps))
    )
    if order.parts:
        rows = [
            {
                "part": text(line.title),
                "needed": f"{line.needed:,}",
                "reserve": f"{line.reserve:,}",
                "to_order": f"{line.to_order:,}",
                "lead": text(line.delivery.removeprefix("delivery ")) if line.to_order else "in stock",
            }
            for line in order.parts
        ]
        columns = {
            "part": "Part",
            "needed": "Needed",
            "reserve": "Reserved",
            "to_order": "To order",
            "lead": "Arrives in",
        }
        name = f"parts-{order.order_id}"
        body.append(
            table(name, columns, rows, caption=f"Parts for {order.number}", numeric=["needed", "reserve", "to_order"])
        )
    return element("div", *body, class_="order")
