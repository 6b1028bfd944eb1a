"""The runs of a maintenance cycle: one row each, drawn over time; of a single run each step with its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from statistics import median

from workbench.dispatch.plain import sentence
from workbench.domain.runs import CYCLE_STEPS, CycleStep, StepState

from . import svg
from .charts import WIDTH, amount_bars, figure, short
from .cycle import CycleSnapshot, Outcome, RunView, clock, duration, steps_reached
from .decision import decision_block
from .markup import Fragment, chip, element, empty, facts, fleet_anchor, link, listing, text
from .site_time import said_at, site_moment
from .tables import table
from .wording import NO_BREAK, moment, money, percent

MOST_ROWS = 60
_ROW = 17.0
_UNITS = (("hours", 3600.0), ("minutes", 60.0), ("seconds", 1.0), ("milliseconds", 0.001))
_CHIPS = {
    Outcome.FAILED: "critical",
    Outcome.RUNNING: "warning",
    Outcome.OPENED: "degrading",
    Outcome.MORE_URGENT: "degrading",
    Outcome.SUPPORTED: "plain",
    Outcome.NOTHING: "plain",
}
_COLOURS = {"critical": svg.CRITICAL, "warning": svg.WARNING, "degrading": svg.DEGRADING}
_STEP_COLOURS = {
    StepState.DONE: svg.SERIES,
    StepState.SKIPPED: svg.FILL,
    StepState.FAILED: svg.CRITICAL,
    StepState.RUNNING: svg.WARNING,
}
_TITLES = {
    "predict": "Predict",
    "analyse": "Analyse the impact",
    "report": "Write the report",
    "inventory": "Check and reserve parts",
    "assign": "Assign a technician",
    "notify": "Tell people",
}


def run_table(cycle: CycleSnapshot) -> Fragment:
    """Return one row for each run: outcome, its six steps, what decided, the order, how long it took."""
    rows = [_run_row(view, cycle.fleet.currency) for view in _ordered(cycle)]
    columns = {
        "machine": "Machine",
        "outcome": "Outcome",
        "steps": "Steps",
        "why": "Decided by",
        "order": "Order",
        "took": "Took",
    }
    caption = (
        "Steps: 1 predict, 2 analyse, 3 report, 4 inventory, 5 assign, 6 notify. "
        "Filled: done; dashed: not needed; ×: failed; dot: not reached"
    )
    ids = [fleet_anchor(view.run.machine_id) for view in _ordered(cycle)]
    return Fragment(table("runs", columns, rows, caption=caption, numeric=["took"], row_ids=ids))


def _ordered(cycle: CycleSnapshot) -> list[RunView]:
    """Failed runs first, then those that acted, then the others; by machine."""
    return sorted(cycle.runs, key=lambda view: (list(Outcome).index(view.outcome), view.run.machine_id))


def _run_row(view: RunView, currency: str) -> dict[str, str]:
    order = view.view.orders[0] if view.view.orders else None
    return {
        "machine": text(view.title) + element("small", text(view.run.machine_id)),
        "outcome": chip(view.outcome.value.capitalize(), _CHIPS[view.outcome]),
        "steps": element("span", *(_mark(number, step) for number, (_, step) in enumerate(steps_reached(view), 1))),
        "why": text(_why(view, currency)),
        "order": link(f"order-{order.order_id}", order.number) if order else "–",
        "took": text(duration(view.seconds).replace(" ", NO_BREAK) if view.seconds is not None else "–"),
    }


def _why(view: RunView, currency: str) -> str:
    """Return what decided a run in one line; the whole sum stands with the single run and with the machine."""
    if view.outcome is Outcome.FAILED:
        return sentence(view.run.outcome or "the reason was not recorded")
    package = view.view.package
    if package is None:
        return "Not decided yet."
    decision = package.decision
    if decision.expected_failure_cost is None or decision.rule == "critical_limit":
        return said_at(decision.reason, view.view, package.as_of)
    failing = money(decision.expected_failure_cost, currency)
    least = "" if package.failure_impact.complete else "at least "
    return (
        f"Failing within {decision.horizon_h / 24:g} days ({percent(decision.failure_probability)}) is expected to cost "
        f"{least}{failing}, planned work {money(decision.planned_cost, currency)}."
    )


def _mark(number: int, step: CycleStep | None) -> str:
    """Return a small square for a step; its title says in words what its form and colour say."""
    name = CYCLE_STEPS[number - 1]
    if step is None:
        return element("span", "·", class_="step step-absent", title=f"{name}: not reached")
    words = f"{name}: {step.state.value}, {step.details}"
    sign = "×" if step.state is StepState.FAILED else f"{number}"
    return element("span", sign, class_=f"step step-{step.state.value}", title=words[:300], aria_label=words[:300])


def cycle_steps(cycle: CycleSnapshot) -> Fragment:
    """Return the steps of a single run with their evidence; of several runs how long steps took and when each ran."""
    if len(cycle.runs) == 1:
        return _one_run(cycle, cycle.runs[0])
    charts = _course(cycle) + _durations(cycle)
    return Fragment(element("div", charts, class_="figures") + _step_table(cycle))


def _course(cycle: CycleSnapshot) -> str:
    """Return the runs as bars over time, in the order in which they began."""
    shown = sorted(cycle.runs, key=lambda view: view.run.started_at)[:MOST_ROWS]
    rows = [
        (view.title, view.run.started_at, view.run.ended_at, _COLOURS.get(_CHIPS[view.outcome], svg.SERIES))
        for view in shown
    ]
    title = "When each run began and ended" + (f"; the first {MOST_ROWS}" if len(shown) < len(cycle.runs) else "")
    return spans(rows, name="cycle-course", title=title)


def spans(rows: Sequence[tuple[str, datetime, datetime | None, str]], *, name: str, title: str) -> str:
    """Return one bar for each label from its begin to its end, in its colour; one without an end runs to the edge."""
    first = min(begin for _, begin, _, _ in rows)
    ends = [(end or begin) - first for _, begin, end, _ in rows]
    longest = max(end.total_seconds() for end in ends) or 0.001
    unit, per_unit = next(((unit, size) for unit, size in _UNITS if longest >= 2 * size), _UNITS[-1])
    across = svg.Scale(0, longest / per_unit, 0.38 * WIDTH, WIDTH - 12)
    height = 38.0 + _ROW * len(rows)
    parts = []
    ticks = across.ticks(4)
    for value, words in zip(ticks, svg.tick_labels(ticks), strict=True):
        parts.append(svg.line(across(value), 4, across(value), height - 30, svg.RULE, width=0.6))
        parts.append(svg.label(across(value), height - 18, words, anchor="middle", colour=svg.MUTED))
    middle = (across.start + across.end) / 2
    parts.append(svg.label(middle, height - 4, f"{unit} from {clock(first)}", anchor="middle", colour=svg.MUTED))
    for row, (label, begin, end, colour) in enumerate(rows):
        y = 4 + _ROW * (row + 0.5)
        left = across((begin - first).total_seconds() / per_unit)
        right = across((end - first).total_seconds() / per_unit) if end else across.end
        parts.append(svg.label(across.start - 6, y + 3.6, short(label), anchor="end", colour=svg.MUTED))
        parts.append(svg.rect(left, y - 5, max(right - left, 1.5), 10, colour, edge=svg.MUTED))
        if end is None:
            parts.append(svg.arrow(right + 8, y, 8, colour))
    words = "; ".join(f"{label} {_took(begin, end)}" for label, begin, end, _ in rows)
    return figure(svg.drawing(WIDTH, height, parts, name=name, title=title, description=words), title)


def _took(begin: datetime, end: datetime | None) -> str:
    return duration((end - begin).total_seconds()) if end else "not finished"


def _lengths(cycle: CycleSnapshot, name: str) -> list[float]:
    """Return how long the step took in every run that did it, in seconds."""
    steps = [
        step for view in cycle.runs if (step := view.step(name)) and step.state is StepState.DONE and step.ended_at
    ]
    return [(step.ended_at - step.started_at).total_seconds() for step in steps if step.ended_at]


def _durations(cycle: CycleSnapshot) -> str:
    """Return how long each step took in the middle of all runs that did it, as bars."""
    found = [(name, lengths) for name in CYCLE_STEPS if (lengths := _lengths(cycle, name))]
    rows = [(_TITLES[name], median(lengths), duration(median(lengths)), svg.SERIES) for name, lengths in found]
    return amount_bars(rows, name="cycle-durations", title="How long each step took, median of the runs that did it")


def _step_table(cycle: CycleSnapshot) -> str:
    rows = []
    for number, name in enumerate(CYCLE_STEPS, 1):
        states = [step.state for view in cycle.runs if (step := view.step(name))]
        lengths = _lengths(cycle, name)
        rows.append(
            {
                "step": text(f"{number} {_TITLES[name]}"),
                "done": f"{states.count(StepState.DONE):,}",
                "skipped": f"{states.count(StepState.SKIPPED):,}",
                "failed": f"{states.count(StepState.FAILED):,}",
                "absent": f"{len(cycle.runs) - len(states):,}",
                "median": duration(median(lengths)) if lengths else "–",
                "longest": duration(max(lengths)) if lengths else "–",
            }
        )
    columns = {
        "step": "Step",
        "done": "Done",
        "skipped": "Not needed",
        "failed": "Failed",
        "absent": "Not reached",
        "median": "Median time",
        "longest": "Longest time",
    }
    return table("steps", columns, rows, caption="The six steps over all runs", numeric=list(columns)[1:])


def _one_run(cycle: CycleSnapshot, view: RunView) -> Fragment:
    """Return the course of a single run and each step with when, how long, what, and the evidence for it."""
    if not view.steps:
        return Fragment(empty("No step of this run is recorded yet."))
    rows = [(_TITLES[s.name], s.started_at, s.ended_at, _STEP_COLOURS[s.state]) for s in view.steps]
    course = spans(rows, name=f"course-{view.run.run_id}", title="When each step began and ended")
    sections = [_step_section(cycle, view, number, name, step) for number, (name, step) in _numbered(view)]
    return Fragment(element("div", course, class_="figures") + "".join(sections))


def _numbered(view: RunView) -> list[tuple[int, tuple[str, CycleStep | None]]]:
    return list(enumerate(steps_reached(view), 1))


def _step_section(cycle: CycleSnapshot, view: RunView, number: int, name: str, step: CycleStep | None) -> str:
    if step is None:
        heading = element("h3", text(f"{number} {_TITLES[name]} "), chip("not reached", "plain"))
        return element("section", heading, class_="machine")
    kind = {StepState.DONE: "healthy", StepState.FAILED: "critical"}.get(step.state, "plain")
    word = "not needed" if step.state is StepState.SKIPPED else step.state.value
    heading = element("h3", text(f"{number} {_TITLES[name]} "), chip(word, kind))
    at = moment(step.started_at).removesuffix(" UTC")
    when = element("small", text(f"{at}:{step.started_at:%S} UTC, took {_took(step.started_at, step.ended_at)}"))
    shown = _EVIDENCE[name](cycle, view) if step.state is StepState.DONE and name in _EVIDENCE else ""
    # What the evidence says first is what the step's details say.
    said = "" if shown and name != "report" else element("p", text(said_at(step.details, view.view, view.run.as_of)))
    return element("section", heading, when, said, shown, class_="machine")


def _prediction(cycle: CycleSnapshot, view: RunView) -> str:  # noqa: ARG001
    said = view.view.prediction
    if said is None:
        return ""
    versions = ", ".join(f"{task} {version[:8]}" for task, version in sorted(said.model_versions.items()))
    pairs = [
        ("Health state", text(view.view.condition.label)),
        ("Fails within 7 calendar days", text(percent(view.view.week_probability))),
        ("Models", text(versions or "none")),
        ("Data hash", element("code", text(said.data_hash[:16] or "not recorded"))),
    ]
    reasons = listing((text(said_at(reason, view.view, said.as_of)) for reason in said.reasons), "reasons")
    return facts(pairs) + reasons


def _analysis(cycle: CycleSnapshot, view: RunView) -> str:
    package = view.view.package
    if package is None:
        return ""
    return decision_block(view.view, package, cycle.fleet.currency)


def _dispatch_report(cycle: CycleSnapshot, view: RunView) -> str:
    report = cycle.dispatch_reports.get(view.run.run_id)
    if report is None:
        return ""
    timeline = listing(text(f"{site_moment(at, view.view.site)}: {what}") for at, what in report.timeline)
    return element("p", text(sentence(report.failure))) + (element("h5", "Timeline") + timeline if timeline else "")


_EVIDENCE = {"predict": _prediction, "analyse": _analysis, "report": _dispatch_report}
