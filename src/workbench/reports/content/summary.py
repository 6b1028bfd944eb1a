"""The top of a fleet report: what it is about, the one sentence to remember, the figures, every machine at a glance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from workbench.domain.predictions import ModelVersion, Severity

from .fleet import Condition, FleetSnapshot, MachineView
from .markup import Fragment, chip, element, facts, fleet_anchor, machine_anchor, text
from .wording import NO_BREAK, count, moment, money, percent

_NAMED = 3


def header(fleet: FleetSnapshot, *, title: str) -> Fragment:
    """Return title, workspace, as-of and data range, with the report's provenance for machines."""
    mark = chip("Simulated data", "simulated") if fleet.simulated else ""
    pairs = [
        ("Workspace", text(fleet.workspace)),
        ("As of", text(moment(fleet.as_of))),
        ("Data", text(_data_range(fleet))),
        ("Machines", text(f"{len(fleet.machines):,}")),
    ]
    markup = element(
        "header",
        element("h1", text(title), mark and " " + mark),
        facts(pairs, "facts lead"),
        class_="report-head",
    )
    return Fragment(
        markup,
        {
            "as_of": fleet.as_of.isoformat(),
            "data_hash": fleet.data_hash,
            "model_versions": {f"{m.task}/{m.scope}": m.version_id for m in fleet.models},
            "code_version": fleet.code_version,
            "simulated": fleet.simulated,
        },
    )


def made_from(fleet: FleetSnapshot, *, parameters: Mapping[str, object]) -> Fragment:
    """Return what else is needed to make the report again: models, data hash, code version, parameters."""
    pairs = [
        ("Model versions", text("; ".join(_model_label(model) for model in fleet.models) or "none")),
        ("Data hash", element("code", text(fleet.data_hash[:16] or "no data"))),
        ("Code version", text(fleet.code_version or "unknown")),
        ("Parameters", text(", ".join(f"{key} = {value!r}" for key, value in parameters.items()) or "none")),
    ]
    return Fragment(facts(pairs, "facts provenance"))


def _model_label(model: ModelVersion) -> str:
    return f"{model.task} ({model.scope}) {model.version_id[:8]}"


def _data_range(fleet: FleetSnapshot) -> str:
    if fleet.data_range is None:
        return "no readings yet"
    start, end = fleet.data_range
    return f"{moment(start)} to {moment(end)}, {count(fleet.readings, 'reading')}"


def headline(fleet: FleetSnapshot) -> Fragment:
    """Return the few sentences that matter most."""
    sentences = [_condition_sentence(fleet), _work_sentence(fleet), _parts_sentence(fleet), _age_sentence(fleet)]
    return Fragment(element("div", *(element("p", s) for s in sentences if s), class_="headline"))


def _condition_sentence(fleet: FleetSnapshot) -> str:
    if not fleet.machines:
        return text("This workspace has no machines yet. Add them with `workbench machines add`.")
    urgent = [view for view in fleet.by_urgency if view.needs_attention]
    if not urgent:
        calm = f"None of {count(len(fleet.machines), 'machine')} needs attention now."
        return text(calm) + _no_labels(fleet)
    named = ", ".join(_jump(view) for view in urgent[:_NAMED])
    more = f" and {len(urgent) - _NAMED:,} more" if len(urgent) > _NAMED else ""
    verb = "needs" if len(urgent) == 1 else "need"
    total = count(len(fleet.machines), "machine")
    return (
        element("strong", text(f"{len(urgent):,} of {total} {verb} attention"))
        + text(", most urgent first: ")
        + named
        + text(f"{more}.")
        + _no_labels(fleet)
    )


def _no_labels(fleet: FleetSnapshot) -> str:
    if fleet.has_health:
        return ""
    why = Counter(view.why_unknown for view in fleet.machines if view.why_unknown)
    reason = f": {why.most_common(1)[0][0]}" if why else ""
    return text(
        f" Health state and remaining useful life: not enough evidence{reason}. "
        "What follows comes from the sensors themselves: anomalies, limits and trends."
    )


def _jump(view: MachineView) -> str:
    """Link to where a machine is treated; the fleet table always holds it."""
    return element("a", text(view.profile.title), href=f"#{fleet_anchor(view.machine_id)}")


def _work_sentence(fleet: FleetSnapshot) -> str:
    if not fleet.orders:
        return text("No work order is open.") if fleet.machines else ""
    first = fleet.orders[0]
    due = f"{first.number} first, due {moment(first.due_at)}"
    return text(f"{count(len(fleet.orders), 'work order')} open; {due}.")


def _parts_sentence(fleet: FleetSnapshot) -> str:
    if not fleet.parts_to_order:
        return ""
    slowest = max(line.lead_time_days for order in fleet.orders for line in order.parts if line.to_order)
    return text(f"{count(fleet.parts_to_order, 'part')} to order; the slowest takes {slowest:g} days to arrive.")


def _age_sentence(fleet: FleetSnapshot) -> str:
    if not fleet.outdated:
        return ""
    return text(
        f"{count(fleet.outdated, 'prediction')} older than the data or from models no longer in use: "
        "renew with `workbench run`."
    )


def summary_cards(fleet: FleetSnapshot) -> Fragment:
    """Return the figures: machines by condition, open cases and orders, parts to order, cost at risk."""
    conditions = _condition_cards(fleet) if fleet.has_health else _signal_cards(fleet)
    cost, known = fleet.cost_at_risk
    days = fleet.planning_horizon_h / 24
    risk = money(cost, fleet.currency) if known else "not known"
    basis = f"next {days:g} days, {count(known, 'machine')}" if known else "no probability of failure is known"
    work = [
        _card(f"{len(fleet.cases):,}", "Open cases"),
        _card(f"{len(fleet.orders):,}", "Open work orders"),
        _card(f"{fleet.parts_to_order:,}", "Parts to order"),
        _card(risk, "Cost at risk", note=basis),
    ]
    return Fragment(
        element("div", *conditions, class_="cards conditions", role="list", aria_label="Machines")
        + element("div", *work, class_="cards", role="list", aria_label="Work and cost")
    )


def _condition_cards(fleet: FleetSnapshot) -> list[str]:
    tally = Counter(view.condition for view in fleet.machines)
    return [_card(f"{tally[c]:,}", c.label, kind=c.value) for c in Condition]


def _signal_cards(fleet: FleetSnapshot) -> list[str]:
    """Return what the sensors say where no machine has a health state: zeros for each state would say nothing."""
    tally = Counter(view.condition for view in fleet.machines)
    said = [view.prediction for view in fleet.machines if view.prediction]
    limits = Counter(crossing.severity for prediction in said for crossing in prediction.limit_crossings)
    return [
        _card(f"{limits[Severity.CRITICAL]:,}", "Critical limits crossed", kind="critical"),
        _card(f"{limits[Severity.WARNING]:,}", "Warning limits crossed", kind="warning"),
        _card(f"{sum(view.is_anomaly for view in fleet.machines):,}", "Machines with anomalies", kind="anomaly"),
        _card(f"{sum(len(prediction.trends) for prediction in said):,}", "Trends"),
        _card(f"{tally[Condition.UNKNOWN]:,}", "Health state: not enough evidence", kind="unknown"),
        _card(f"{tally[Condition.OFFLINE]:,}", "Offline", kind="offline"),
    ]


def _card(figure: str, label: str, *, kind: str = "", note: str = "") -> str:
    return element(
        "div",
        element("span", text(figure), class_="figure-value"),
        element("span", text(label), class_="figure-label"),
        element("span", text(note), class_="figure-note") if note else "",
        class_=f"card card-{kind}" if kind else "card",
        role="listitem",
    )


def state_strip(fleet: FleetSnapshot, *, max_details: int) -> Fragment:
    """Return one cell per machine, coloured by condition, the most urgent first; each links to the machine."""
    detailed = {view.machine_id for view in fleet.detailed[:max_details]}
    cells = []
    for view in fleet.by_urgency:
        target = machine_anchor(view.machine_id) if view.machine_id in detailed else fleet_anchor(view.machine_id)
        label = f"{view.profile.title}: {view.condition.label}"
        probability = view.week_probability
        if probability is not None:
            label += f", fails within 7 days: {percent(probability)}"
        signal = "!" if view.needs_attention else NO_BREAK
        cell = element(
            "a", signal, href=f"#{target}", class_=f"cell cell-{view.condition}", title=label, aria_label=label
        )
        cells.append(element("li", cell))
    legend = " ".join(chip(c.label, c.value) for c in Condition if any(v.condition is c for v in fleet.machines))
    note = element("p", legend, text(" One cell per machine; ! marks those that need attention."), class_="legend")
    return Fragment(element("ol", *cells, class_="strip", aria_label="Condition of every machine") + note)
