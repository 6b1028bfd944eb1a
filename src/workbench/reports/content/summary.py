"""The top of a fleet report: what it is about, the one sentence to remember, the figures, every machine at a glance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from workbench.domain.equipment import Site
from workbench.domain.predictions import ModelVersion, Severity
from workbench.domain.work import WorkOrder

from .fleet import Condition, FleetSnapshot, MachineView
from .markup import Fragment, chip, element, facts, fleet_anchor, machine_anchor, text
from .site_time import site_moment
from .wording import NO_BREAK, TASKS, count, moment, money, percent

_NAMED = 3
_SENSORS_ONLY = "What follows comes from the sensors themselves: anomalies, limits and trends."


def header(fleet: FleetSnapshot, *, title: str) -> Fragment:
    """Return title, workspace, as-of and data range, with the report's provenance for machines."""
    pairs = [
        ("Workspace", text(fleet.workspace)),
        ("As of", text(moment(fleet.as_of))),
        ("Data", text(data_range(fleet))),
        ("Machines", text(f"{len(fleet.machines):,}")),
    ]
    return head(fleet, pairs, title=title)


def head(fleet: FleetSnapshot, pairs: Sequence[tuple[str, str]], *, title: str) -> Fragment:
    """Return the top of a page: title, a few facts (term and markup), and the report's provenance for machines."""
    mark = chip("Simulated data", "simulated") if fleet.simulated else ""
    markup = element(
        "header",
        element("h1", text(title), mark and " " + mark),
        facts(pairs, "facts lead"),
        class_="report-head",
    )
    return Fragment(
        markup,
        {
            "title": title,
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
    return f"{TASKS[model.task]} ({model.scope}) {model.version_id[:8]}"


def data_range(fleet: FleetSnapshot, site: Site | None = None) -> str:
    """Return from when to when there are readings, and how many; in the time of a site, where it is of one."""
    if fleet.data_range is None:
        return "no readings yet"
    start, end = fleet.data_range
    first, last = (site_moment(at, site) if site else moment(at) for at in (start, end))
    return f"{first} to {last}, {count(fleet.readings, 'reading')}"


def headline(fleet: FleetSnapshot) -> Fragment:
    """Return the few sentences that matter most."""
    sentences = [_condition_sentence(fleet), _work_sentence(fleet), _parts_sentence(fleet), _age_sentence(fleet)]
    return Fragment(element("div", *(element("p", s) for s in sentences if s), class_="headline"))


def _condition_sentence(fleet: FleetSnapshot) -> str:
    if not fleet.machines:
        return text("This workspace has no machines yet. Add them with `workbench machines add`.")
    urgent = [view for view in fleet.by_urgency if view.needs_attention]
    if not urgent:
        return text(_calm(fleet))
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


def _calm(fleet: FleetSnapshot) -> str:
    if fleet.has_health:
        return f"None of {count(len(fleet.machines), 'machine')} needs attention now."
    flagged = "No limit, anomaly or case is flagged"
    if not fleet.machines_with_limits:
        flagged = "No anomaly or case is flagged, and no limits are declared"
    return f"{flagged}; health itself is not known: {_lack(fleet)}. {_SENSORS_ONLY}"


def _no_labels(fleet: FleetSnapshot) -> str:
    if fleet.has_health:
        return ""
    return text(f" Health state and remaining useful life: {_lack(fleet)}. {_SENSORS_ONLY}")


def _lack(fleet: FleetSnapshot) -> str:
    why = Counter(view.why_unknown for view in fleet.machines if view.why_unknown)
    return "not enough evidence" + (f": {why.most_common(1)[0][0]}" if why else "")


def _jump(view: MachineView) -> str:
    """Link to where a machine is treated; the fleet table always holds it."""
    return element("a", text(view.profile.title), href=f"#{fleet_anchor(view.machine_id)}")


def _work_sentence(fleet: FleetSnapshot) -> str:
    if not fleet.orders:
        return text("No work order is open.") if fleet.machines else ""
    # Orders are sorted by priority, then by due time.
    first = fleet.orders[0]
    which = ":" if len(fleet.orders) == 1 else "; most urgent"
    words = f"{count(len(fleet.orders), 'work order')} open{which} {_due(fleet, first)}"
    earliest = min(fleet.orders, key=lambda order: order.due_at)
    if earliest.due_at < first.due_at:
        words += f"; due even earlier: {_due(fleet, earliest)}"
    return text(f"{words}.")


def _due(fleet: FleetSnapshot, order: WorkOrder) -> str:
    """Name an order with those that are as urgent and due at the same time."""
    equal = [one.number for one in fleet.orders if (one.priority, one.due_at) == (order.priority, order.due_at)]
    named = ", ".join(equal[:_NAMED]) + (f" and {len(equal) - _NAMED:,} more" if len(equal) > _NAMED else "")
    site = next((view.site for view in fleet.machines if view.machine_id == order.machine_id), None)
    return f"{named} ({order.priority.name.lower()}), due {site_moment(order.due_at, site)}"


def _parts_sentence(fleet: FleetSnapshot) -> str:
    if not fleet.parts_to_order:
        return ""
    lines = [line for order in fleet.orders for line in order.parts if fleet.to_buy(order, line)]
    known = [line for line in lines if line.known]
    said = []
    if known:
        slowest = max(known, key=lambda line: line.lead_time_days).delivery
        said.append(f"the slowest{'' if len(known) == len(lines) else ' known'} takes {slowest} to arrive")
    unknown = sum(line.to_order for line in lines if not line.known)
    if unknown:
        said.append(f"price and delivery {'' if not known else f'of {unknown:,} '}not known")
    return text(f"{count(fleet.parts_to_order, 'part')} to order; {'; '.join(said)}.")


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
    least = "" if fleet.cost_at_risk_complete or not known else ", at least"
    risk = money(cost, fleet.currency) if known else "not known"
    nothing = "no cost is known" if any(_probability(view) for view in fleet.machines) else ""
    basis = nothing or "no probability of failure is known"
    if known:
        basis = f"next {days:g} calendar days, {count(known, 'machine')}{', some costs not known' if least else ''}"
    work = [
        card(f"{len(fleet.cases):,}", "Open cases"),
        card(f"{len(fleet.orders):,}", "Open work orders"),
        card(f"{fleet.parts_to_order:,}", "Parts to order"),
        card(risk, f"Cost at risk{least}", note=basis),
    ]
    return Fragment(
        element("div", *conditions, class_="cards conditions", role="list", aria_label="Machines")
        + element("div", *work, class_="cards", role="list", aria_label="Work and cost")
    )


def _probability(view: MachineView) -> bool:
    return bool(view.package and view.package.decision.failure_probability is not None)


def _condition_cards(fleet: FleetSnapshot) -> list[str]:
    tally = Counter(view.condition for view in fleet.machines)
    return [card(f"{tally[c]:,}", c.label, kind=c.value) for c in Condition]


def _signal_cards(fleet: FleetSnapshot) -> list[str]:
    """Return what the sensors say where no machine has a health state: zeros for each state would say nothing."""
    tally = Counter(view.condition for view in fleet.machines)
    said = [view.prediction for view in fleet.machines if view.prediction]
    limits = Counter(crossing.severity for prediction in said for crossing in prediction.limit_crossings)
    crossed = (
        [
            card(f"{limits[Severity.CRITICAL]:,}", "Critical limits crossed", kind="critical"),
            card(f"{limits[Severity.WARNING]:,}", "Warning limits crossed", kind="warning"),
        ]
        if fleet.machines_with_limits
        else [
            card("no limits", "Critical limits", kind="unknown"),
            card("no limits", "Warning limits", kind="unknown"),
        ]
    )
    return [
        *crossed,
        card(f"{sum(view.is_anomaly for view in fleet.machines):,}", "Machines with anomalies", kind="anomaly"),
        card(f"{sum(len(prediction.trends) for prediction in said):,}", "Trends"),
        card(f"{tally[Condition.UNKNOWN]:,}", "Health state: not enough evidence", kind="unknown"),
        card(f"{tally[Condition.OFFLINE]:,}", "Offline", kind="offline"),
    ]


def card(figure: str, label: str, *, kind: str = "", note: str = "") -> str:
    """Return one figure with its label; ``kind`` names a colour."""
    # Words in place of a figure are set smaller, so that they fit a narrow card.
    size = "figure-value" if any(sign.isdigit() for sign in figure) else "figure-value figure-words"
    return element(
        "div",
        element("span", text(figure), class_=size),
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
            label += f", fails within 7 calendar days: {percent(probability)}"
        signal = "!" if view.needs_attention else NO_BREAK
        cell = element(
            "a", signal, href=f"#{target}", class_=f"cell cell-{view.condition}", title=label, aria_label=label
        )
        cells.append(element("li", cell))
    legend = " ".join(chip(c.label, c.value) for c in Condition if any(v.condition is c for v in fleet.machines))
    note = element("p", legend, text(" One cell per machine; ! marks those that need attention."), class_="legend")
    return Fragment(element("ol", *cells, class_="strip", aria_label="Condition of every machine") + note)
