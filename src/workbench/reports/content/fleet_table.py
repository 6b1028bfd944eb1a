"""The table of all machines, the most urgent first, and the charts beside it."""

from __future__ import annotations

import re

from workbench.dispatch.plain import sentence
from workbench.domain.equipment import MachineStatus
from workbench.domain.predictions import UNKNOWN_MODE, Severity

from .charts import life_charts, probability_chart
from .fleet import Condition, FleetSnapshot, MachineView
from .markup import Fragment, chip, element, empty, fleet_anchor, link, machine_anchor, text
from .site_time import expected_failure, said_at, site_moment
from .tables import table
from .wording import count, days_between, life_short, mode_title, percent, without_brackets, work_title


def fleet_table(fleet: FleetSnapshot, *, max_details: int) -> Fragment:
    """Return every machine with state, score, remaining life, probability of failure, likely mode and next action.

    A fleet without health states has its sensors' signals in place of columns that would all say the same.
    """
    if not fleet.machines:
        return Fragment(empty("There are no machines in this workspace."))
    detailed = {view.machine_id for view in fleet.detailed[:max_details]}
    several = len({view.profile.site_id for view in fleet.machines}) > 1
    rows = [_row(view, linked=view.machine_id in detailed, with_site=several) for view in fleet.by_urgency]
    columns = {"machine": "Machine", "state": "State", "signals": "Signals"}
    numeric: list[str] = []
    if fleet.has_health:
        columns |= {
            "score": "Score",
            "rul": "Remaining life (90 % interval)",
            "failure": "Fails within 7 calendar days",
            "mode": "Likely mode",
        }
        numeric = ["score", "failure"]
    columns["action"] = "Next action"
    return Fragment(
        table(
            "fleet",
            columns,
            rows,
            caption="All machines, the most urgent first",
            numeric=numeric,
            row_ids=[fleet_anchor(view.machine_id) for view in fleet.by_urgency],
        )
    )


def fleet_charts(fleet: FleetSnapshot) -> Fragment:
    """Return probability of failure and remaining life of the fleet as charts, or why there are none."""
    charts = probability_chart(fleet.machines) + life_charts(fleet.machines)
    if not charts:
        return Fragment(
            empty(
                "No machine has a probability of failure or a remaining life of its own to draw.",
                short="no probability of failure or remaining life to draw",
            )
        )
    return Fragment(element("div", charts, class_="figures"))


def _row(view: MachineView, *, linked: bool, with_site: bool) -> dict[str, str]:
    title = link(machine_anchor(view.machine_id), view.profile.title) if linked else text(view.profile.title)
    where = f"{view.machine_id} · {view.profile.site_id}" if with_site else view.machine_id
    prediction = view.prediction
    score = prediction.health_score if prediction else None
    return {
        "machine": title + element("small", text(where)),
        "state": state_cell(view),
        "score": f"{score:.0f}" if score is not None else "–",
        "rul": _life_cell(view),
        "failure": text(percent(view.week_probability)) if view.week_probability is not None else "–",
        "mode": text(_likely(view)),
        "signals": _signals(view),
        "action": next_action(view),
    }


def state_cell(view: MachineView) -> str:
    """Return the machine's condition as a chip, with its status or the reason for having none."""
    markup = chip(view.condition.label, view.condition.value)
    if view.status is MachineStatus.MAINTENANCE:
        markup += " " + chip("In maintenance", "plain")
    elif view.status is MachineStatus.PENDING:
        markup += element("small", text("not yet approved"))
    why = view.why_unknown
    return markup + (element("small", text(why)) if why else "")


def _life_cell(view: MachineView) -> str:
    prediction = view.prediction
    if prediction is None or view.condition is Condition.OFFLINE:
        return "–"
    rul = prediction.remaining_useful_life
    if rul.life is None:
        return text(rul.evidence.in_words())
    markup = text(life_short(rul.life, rul.life_unit))
    if rul.basis == "population":
        # Figures in brackets stand in the machine's own section and in the tooltip; the row stays readable.
        why = without_brackets("; ".join(rul.evidence.reasons))
        words = element("small", text(f"{why}. Population of this age: ") + markup)
        return element("span", text("Not enough evidence"), title="; ".join(rul.evidence.reasons)) + words
    if expected := expected_failure(view):
        early, _, late = expected
        markup += element("small", text(f"fails {days_between(early, late)}"))
    return markup


def _likely(view: MachineView) -> str:
    prediction = view.prediction
    if prediction is None or view.condition in (Condition.HEALTHY, Condition.OFFLINE):
        return "–"
    mode = prediction.diagnosis.likeliest
    if mode == UNKNOWN_MODE:
        return "unknown"
    chance = next(pair.probability for pair in prediction.diagnosis.modes if pair.mode == mode)
    return f"{mode_title(mode, view.profile)}, {percent(chance)}"


def _signals(view: MachineView) -> str:
    prediction = view.prediction
    if prediction is None:
        return "–"
    found: list[str] = []
    critical = sum(c.severity is Severity.CRITICAL for c in prediction.limit_crossings)
    if critical:
        found.append(chip(f"{count(critical, 'critical limit')}", "critical"))
    warnings = len(prediction.limit_crossings) - critical
    if warnings:
        found.append(chip(f"{count(warnings, 'warning limit')}", "warning"))
    if view.is_anomaly and prediction.anomaly:
        found.append(chip(f"anomaly {prediction.anomaly.score:.2f}", "anomaly"))
    if prediction.trends:
        found.append(chip(count(len(prediction.trends), "trend"), "plain"))
    return " ".join(found) or "none"


def next_action(view: MachineView) -> str:
    """Return what is to be done with the machine next: its order, else the decision of the last analysis."""
    if view.orders:
        first = min(view.orders, key=lambda order: (order.priority, order.due_at))
        return link(f"order-{first.order_id}", first.number) + text(
            f" by {site_moment(first.due_at, view.site)}: {work_title(first, view.profile.title)}"
        )
    if view.condition is Condition.OFFLINE:
        return "–"
    if view.package is None:
        return text("Not assessed yet") if view.prediction else text("Not predicted yet")
    if view.package.decision.act and view.package.recommendations:
        return text(sentence(view.package.recommendations[0].action))
    if view.package.decision.act:
        return text(sentence(view.package.decision.reason))
    if view.cases:
        worst = min(view.cases, key=lambda case: (list(Severity)[::-1].index(case.severity), case.opened_at))
        # The case's own row has since when and by which standard.
        what = said_at(re.split(r"; | \(|, since", worst.summary)[0], view, worst.last_seen_at)
        return text("Look at the case: ") + text(what[:1].lower() + what[1:])
    watched = view.needs_attention or view.condition is Condition.DEGRADING
    return text("Keep watching") if watched else text("None")
