"""What lies ahead of one machine: its health state, how long it will last, how likely it fails, and of what."""

from __future__ import annotations

from workbench.dispatch.plain import sentence
from workbench.domain.analysis import AnalyticsPackage
from workbench.domain.predictions import UNKNOWN_MODE, HealthState, Prediction

from . import svg
from .charts import COLOURS, amount_bars, life_bar, life_rows, probability_bars, stacked_bar
from .decision import costs, recommended, verdict
from .dossier import MachineDossier
from .explanations import sensor_waterfall, worth_showing
from .fleet import Condition, MachineView
from .history import similar_cases
from .machine import span
from .markup import Fragment, element, empty, facts, listing, text
from .site_time import expected_failure, said_at
from .wording import day, days_between, life, mode_title, money, percent

_STATE_COLOURS = {
    HealthState.HEALTHY: svg.HEALTHY,
    HealthState.DEGRADING: svg.DEGRADING,
    HealthState.WARNING: svg.WARNING,
    HealthState.CRITICAL: svg.CRITICAL,
}
_METHODS = {
    "classifier": "a classifier trained on labelled failures",
    "symptom_table": "the symptom table of the machine's profile",
    "unknown": "nothing: no failure mode is declared, or none fits",
}


def machine_outlook(machine: MachineDossier) -> Fragment:
    """Return state probabilities, remaining life, probability of failure and diagnosis, drawn, and what they rest on."""
    said = machine.prediction
    if said is None:
        return Fragment(empty("No prediction was made for this machine; `workbench run` makes one."))
    if machine.view.condition is Condition.OFFLINE:
        return Fragment(empty("The machine is out of service or silent, so its state and life are not judged."))
    drawn = [_state(machine, said), _remaining(machine, said), _failure(machine, said), _diagnosis(machine, said)]
    return Fragment(element("div", *drawn, class_="figures") + facts(_notes(said, machine.view)))


def _state(machine: MachineDossier, said: Prediction) -> str:
    if said.health_probabilities is None:
        return ""
    pairs = zip(HealthState, said.health_probabilities, strict=True)
    shares = [(state.name.capitalize(), share, _STATE_COLOURS[state]) for state, share in pairs]
    return stacked_bar(shares, name=f"state-{machine.machine_id}", title="Health state: how likely each is")


def _remaining(machine: MachineDossier, said: Prediction) -> str:
    rul = said.remaining_useful_life
    if rul.life is None:
        return ""
    if rul.basis == "model":
        return life_bar(machine.machine_id, rul.life, rul.life_unit, machine.view.condition)
    title = "Remaining useful life: not enough evidence for this machine; others of its age, median and 90 % interval"
    rows = [("Population of its age", rul.life, svg.OFFLINE)]
    return life_rows(rows, rul.life_unit, name=f"life-{machine.machine_id}", title=title)


def _failure(machine: MachineDossier, said: Prediction) -> str:
    if machine.view.week_probability is None:
        return ""
    colour = COLOURS[machine.view.condition]
    rows = [(f"within {span(one.hours)}", one.probability, colour) for one in said.failure_probability]
    return probability_bars(rows, name=f"failure-{machine.machine_id}", title="Probability of failure, calendar time")


def _diagnosis(machine: MachineDossier, said: Prediction) -> str:
    modes = sorted(said.diagnosis.modes, key=lambda pair: -pair.probability)[:6]
    if [pair.mode for pair in modes] == [UNKNOWN_MODE]:
        return ""
    rows = [
        (
            mode_title(pair.mode, machine.profile),
            pair.probability,
            svg.OFFLINE if pair.mode == UNKNOWN_MODE else svg.SERIES,
        )
        for pair in modes
    ]
    return probability_bars(rows, name=f"mode-{machine.machine_id}", title="Diagnosis: likely failure modes")


def _notes(said: Prediction, view: MachineView) -> list[tuple[str, str]]:
    rul, pairs = said.remaining_useful_life, []
    if not said.health_evidence.enough:
        pairs.append(("Health state", text(sentence(said.health_evidence.in_words()))))
    if not rul.evidence.enough:
        pairs.append(("Remaining useful life", text(sentence(rul.evidence.in_words()))))
    if rul.basis == "population" and rul.life is not None:
        pairs.append(("Machines of its age", text(life(rul.life, rul.life_unit))))
    if expected := when_it_fails(view):
        pairs.append(("Expected failure", text(expected)))
    pairs.append(("Diagnosis by", text(_METHODS[said.diagnosis.method])))
    if said.observed_state is not None and said.observed_state is not said.health_state:
        alone = said.observed_state.name.capitalize()
        pairs.append(("Latest reading alone", text(f"{alone}; the state shown falls only after three such readings")))
    pairs.append(("Running readings since reset", f"{said.readings:,}"))
    return pairs


def when_it_fails(view: MachineView) -> str:
    """Return when the machine is expected to fail, in words; empty when that cannot be told."""
    expected = expected_failure(view)
    return f"{day(expected[1])} ({days_between(expected[0], expected[2])})" if expected else ""


def machine_reasons(machine: MachineDossier) -> Fragment:
    """Return why the machine is judged as it is, the most important reason first."""
    reasons = machine.prediction.reasons if machine.prediction else ()
    if not reasons:
        return Fragment(empty("No reason was recorded.", short="no reasons"))
    listed = listing((text(said_at(reason, machine.view, machine.fleet.as_of)) for reason in reasons), "reasons")
    return Fragment(
        listed
        + "".join(str(sensor_waterfall(one, profile=machine.profile)) for one in worth_showing(machine.explanations))
    )


def machine_decision(machine: MachineDossier) -> Fragment:
    """Return what waiting and acting cost, the verdict with its sum, what is recommended, and similar failures."""
    package = machine.view.package
    if package is None:
        return Fragment(empty("Costs and actions were not assessed; `workbench run` does that."))
    view, currency = machine.view, machine.fleet.currency
    first = element(
        "div", _cost_bars(machine, package), element("div", recommended(view, package, currency)), class_="outlook"
    )
    body = verdict(view, package) + first + costs(view, package, currency) + similar_cases(machine, package)
    return Fragment(element("section", body, class_="machine"))


def _cost_bars(machine: MachineDossier, package: AnalyticsPackage) -> str:
    """Return the costs that are weighed against each other as bars; nothing where fewer than two are known."""
    currency, decision = machine.fleet.currency, package.decision
    rows = [
        (f"waiting {decision.horizon_h / 24:g} days", decision.expected_failure_cost, svg.WARNING),
        ("planned work now", decision.planned_cost, svg.HEALTHY),
        ("if it fails", package.failure_impact.total, svg.CRITICAL),
    ]
    known = [(label, float(amount), money(amount, currency), colour) for label, amount, colour in rows if amount]
    title = "What it is expected to cost" + ("" if package.failure_impact.complete else ", at least")
    return amount_bars(known, name=f"cost-{machine.machine_id}", title=title) if len(known) > 1 else ""


def likely_cause(machine: MachineDossier) -> str:
    """Return the likeliest failure mode with its probability in words; empty when the cause is not known."""
    said = machine.prediction
    if said is None or said.diagnosis.likeliest == UNKNOWN_MODE:
        return ""
    best = max(said.diagnosis.modes, key=lambda pair: pair.probability)
    return f"{mode_title(best.mode, machine.profile)} ({percent(best.probability)})"
