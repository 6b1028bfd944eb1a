"""The top of a machine report: what it is about, what to do by when, and the figures that matter most."""

from __future__ import annotations

from workbench.dispatch.plain import sentence
from workbench.dispatch.wording import zone_of
from workbench.domain.equipment import MachineStatus
from workbench.domain.predictions import Prediction, Severity

from .dossier import MachineDossier
from .fleet import Condition
from .markup import Fragment, chip, element, empty, text
from .order import order_block
from .outlook import likely_cause, when_it_fails
from .site_time import said_at, site_moment
from .summary import card, data_range, head
from .tables import table
from .wording import count, day, life, life_short, life_unit_label, money, percent

_GOOD = (Condition.HEALTHY, Condition.DEGRADING)


def machine_header(machine: MachineDossier, *, title: str) -> Fragment:
    """Return the title with the machine's name, its name plate and place, as-of and data range."""
    profile, fleet = machine.profile, machine.fleet
    site = machine.site.title if machine.site else profile.site_id
    where = ", ".join(part for part in (site, profile.location) if part)
    known = [word for word in (profile.manufacturer, profile.model) if word.strip().lower() not in ("", "unknown")]
    pairs = [
        (
            "As of",
            text(site_moment(fleet.as_of, machine.site))
            + element("small", text(f"Data: {data_range(fleet, machine.site)}")),
        ),
        ("Place", text(where)),
        ("Machine", text(profile.machine_id) + element("small", text(" ".join(known) or profile.machine_type))),
        ("Criticality", text(profile.criticality)),
    ]
    return head(fleet, pairs, title=f"{title}: {profile.title}" if title else profile.title)


def machine_headline(machine: MachineDossier) -> Fragment:
    """Return the sentences that matter most: the state and why, what to do by when, how long it will last."""
    sentences = [_state(machine), _work(machine), _life(machine), _age(machine)]
    return Fragment(element("div", *(element("p", s) for s in sentences if s), class_="headline"))


def _state(machine: MachineDossier) -> str:
    view, said = machine.view, machine.prediction
    condition = view.condition
    if condition is Condition.OFFLINE:
        if view.status is MachineStatus.PENDING:
            return element("strong", "Not yet approved") + text("; it is not predicted for.")
        last = (
            f"; its last reading is of {site_moment(said.data_until, machine.site)}" if said and said.data_until else ""
        )
        return element("strong", "Offline") + text(f": the machine is out of service or silent{last}.")
    if condition is Condition.UNKNOWN:
        return element("strong", "Health state not known") + text(f": not enough evidence: {view.why_unknown}.")
    words = [f"{percent(p)} probability of failure within 7 calendar days"] if (p := view.week_probability) else []
    if (cause := likely_cause(machine)) and condition is not Condition.HEALTHY:
        words.append(f"likely cause: {cause}")
    words += [_limits_crossed(said)] if said and said.limit_crossings else []
    return element("strong", text(condition.label)) + text(f": {'; '.join(words)}." if words else ".")


def _limits_crossed(said: Prediction) -> str:
    critical = sum(one.severity is Severity.CRITICAL for one in said.limit_crossings)
    kinds = [(critical, "critical"), (len(said.limit_crossings) - critical, "warning")]
    return " and ".join(f"{count(number, f'{kind} limit')} crossed" for number, kind in kinds if number)


def _work(machine: MachineDossier) -> str:
    view, fleet = machine.view, machine.fleet
    if view.orders:
        first = min(view.orders, key=lambda order: (order.priority, order.due_at))
        who = fleet.technicians.get(first.technician_id or "", first.technician_id or "nobody yet")
        more = f"; {count(len(view.orders) - 1, 'more order')} open" if len(view.orders) > 1 else ""
        begins = f", begins {site_moment(first.scheduled_at, machine.site)}" if first.scheduled_at else ""
        return element("strong", text(f"Do {first.number} by {site_moment(first.due_at, machine.view.site)}")) + text(
            f" ({first.priority.name.lower()}){begins}, assigned to {who}{more}."
        )
    if view.package and view.package.decision.act:
        first_step = min(view.package.recommendations, key=lambda one: one.rank, default=None)
        what = said_at(first_step.action, machine.view, machine.fleet.as_of) if first_step else "Order the work now."
        until = (
            f" Act before {site_moment(first_step.act_before, machine.view.site)}."
            if first_step and first_step.act_before
            else ""
        )
        return element("strong", "To do: ") + text(what + until)
    if view.cases:
        return text(f"{count(len(view.cases), 'case')} open: look into {'it' if len(view.cases) == 1 else 'them'}.")
    if machine.prediction is None or view.condition is Condition.OFFLINE:
        return ""
    return text("No work is needed now." if view.condition in _GOOD else "No work order is open; keep watching.")


def _life(machine: MachineDossier) -> str:
    said = machine.prediction
    if said is None or machine.view.condition is Condition.OFFLINE:
        return ""
    rul = said.remaining_useful_life
    if rul.basis == "model" and rul.life is not None:
        when = when_it_fails(machine.view)
        return text(
            f"Remaining useful life {life(rul.life, rul.life_unit)}" + (f"; expected failure {when}." if when else ".")
        )
    other = f" Others of its age: {life(rul.life, rul.life_unit)}." if rul.life is not None else ""
    return text(f"Remaining useful life: {rul.evidence.in_words()}.{other}")


def _age(machine: MachineDossier) -> str:
    if not machine.outdated or machine.prediction is None:
        return ""
    made = site_moment(machine.prediction.as_of, machine.site)
    return text(f"The prediction is of {made} or from models no longer in use: renew with `workbench run`.")


def machine_cards(machine: MachineDossier) -> Fragment:
    """Return the figures: state, score, probability of failure, remaining life; anomaly, limits, orders, cost."""
    view, said = machine.view, machine.prediction
    shown = None if view.condition is Condition.OFFLINE else said
    score = f"{shown.health_score:.0f}" if shown and shown.health_score is not None else "not known"
    chance = percent(view.week_probability) if shown else "not known"
    anomaly = shown.anomaly if shown else None
    limits = shown.limit_crossings if shown else ()
    worst = min((one.severity for one in limits), default=None)
    declared = any(sensor.limits for sensor in machine.profile.sensors)
    return Fragment(
        element(
            "div",
            card(view.condition.label, "Health state", kind=view.condition.value),
            card(score, "Health score, of 100", kind=view.condition.value),
            card(chance, "Fails within 7 calendar days", kind=view.condition.value),
            _life_card(shown),
            class_="cards",
            role="list",
            aria_label="Outlook",
        )
        + element(
            "div",
            card(
                anomaly.shown()[0] if anomaly else "not judged",
                "Anomaly score, of 1",
                kind="anomaly" if view.is_anomaly else "",
                note=f"threshold {anomaly.shown()[1]}" if anomaly else "",
            ),
            card(
                f"{len(limits):,}" if declared else "no limits",
                "Limits crossed",
                kind=worst.lower() if worst else "",
                note="" if declared else "none is declared in the profile",
            ),
            card(f"{len(view.orders):,}", "Open work orders", note=f"{count(len(view.cases), 'open case')}"),
            _cost_card(machine),
            class_="cards",
            role="list",
            aria_label="Signals and work",
        )
    )


def _life_card(said: Prediction | None) -> str:
    rul = said.remaining_useful_life if said else None
    if rul is None or rul.life is None or rul.basis == "none":
        return card("not known", "Remaining useful life")
    unit = life_unit_label(rul.life_unit)
    if rul.basis == "population":
        return card("not known", "Remaining useful life", note=f"its age: {life_short(rul.life, rul.life_unit)}")
    if rul.life.upper_open:
        return card(f"> {rul.life.lower:,.0f}", f"Remaining useful life, {unit}")
    note = f"90 % interval {rul.life.lower:,.0f} to {rul.life.upper:,.0f}"
    return card(f"{rul.life.median:,.0f}", f"Remaining useful life, {unit}", note=note)


def _cost_card(machine: MachineDossier) -> str:
    package, currency = machine.view.package, machine.fleet.currency
    if package is None or not package.failure_impact.total:
        return card("not known", "Cost of a failure")
    least = "" if package.failure_impact.complete else ", at least"
    planned = money(package.decision.planned_cost, currency) if package.decision.planned_cost else "not known"
    return card(
        money(package.failure_impact.total, currency), f"Cost of a failure{least}", note=f"planned work: {planned}"
    )


def machine_cases(machine: MachineDossier) -> Fragment:
    """Return the machine's open cases, critical ones first."""
    if not machine.view.cases:
        return Fragment(empty("No case is open.", short="no open cases"))
    zone = zone_of(machine.site)
    rows = [
        {
            "severity": chip(case.severity.capitalize(), case.severity.lower()),
            "summary": text(said_at(case.in_words, machine.view, machine.fleet.as_of)),
            "opened": text(day(case.opened_at.astimezone(zone))),
            "seen": text(
                day(case.last_seen_at.astimezone(zone))
                + (f", {case.occurrences} times" if case.occurrences > 1 else "")
            ),
        }
        for case in machine.fleet.cases
    ]
    columns = {"severity": "Severity", "summary": "What", "opened": "Opened", "seen": "Last seen"}
    return Fragment(table("cases", columns, rows, caption=f"{count(len(rows), 'open case')}, critical first"))


def machine_orders(machine: MachineDossier) -> Fragment:
    """Return the standing work orders in full, the most urgent first."""
    if not machine.fleet.orders:
        return Fragment(empty("No work order is open.", short="no open work orders"))
    blocks = [order_block(order, machine.fleet, machine.view) for order in machine.fleet.orders]
    return Fragment("".join(element("section", block, class_="machine") for block in blocks))


def past_orders(machine: MachineDossier) -> Fragment:
    """Return the machine's work orders that are done or cancelled, newest first."""
    if not machine.past_orders:
        return Fragment(empty("No earlier work order is on record.", short="no earlier work orders"))
    currency = machine.fleet.currency
    rows = [
        {
            "number": text(order.number),
            "work": text(order.title),
            "state": chip(order.state_in_words.capitalize(), "plain"),
            "opened": text(day(order.created_at)),
            "cost": text(money(order.actual_cost, currency) if order.actual_cost is not None else "not known"),
        }
        for order in machine.past_orders
    ]
    columns = {"number": "Order", "work": "Work", "state": "State", "opened": "Opened", "cost": "Actual cost"}
    caption = sentence(f"{count(len(rows), 'earlier work order')}, newest first").rstrip(".")
    return Fragment(table("past-orders", columns, rows, caption=caption, numeric=["cost"]))
