"""Words and rows for predictions and summaries on a terminal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.output import remark
from workbench.domain.money import money_text

if TYPE_CHECKING:
    from workbench.domain.predictions import Prediction, RemainingUsefulLife
    from workbench.workflows.notices.send import OutboxReport
    from workbench.workflows.summary import FleetSummary

WEEK_H = 168.0


# The figures a person looks at first; `train --json` and the report give all.
HEADLINE_METRICS = (
    "f1",
    "pr_auc",
    "brier_skill",
    "ece",
    "rmse",
    "skill",
    "coverage_90",
    "alarm_episodes_per_machine_month",
    "macro_f1",
    "accuracy",
)


def metrics_in_words(metrics: Mapping[str, float | None]) -> str:
    """Return the headline figures of a model."""
    found = [(figure_label(name), metrics[name]) for name in HEADLINE_METRICS if metrics.get(name) is not None]
    return ", ".join(f"{name} {value:.3g}" for name, value in found)


def figure_label(name: str) -> str:
    """Return what a figure is called, with the horizon that it is for.

    >>> figure_label("brier_skill_warning"), figure_label("mae")
    ('Brier skill, warning', 'MAE')
    """
    from workbench.reports.content.method import METRICS

    stem, _, horizon = name.rpartition("_")
    if horizon in ("critical", "warning", "degrading"):
        return f"{figure_label(stem)}, {horizon}"
    return METRICS.get(name, name.replace("_", " "))


def unsent(mail: OutboxReport | None) -> None:
    """Remark that notices could not be sent, and why; nothing where all were, or none had to be."""
    if mail is not None and mail.problem:
        remark(f"{counted(mail.waiting, 'notice')} not sent yet: {mail.problem}")


def counted(number: int, word: str) -> str:
    """Return a number with its word, in the plural where it is due.

    >>> counted(1, "machine"), counted(1200, "row")
    ('1 machine', '1,200 rows')
    """
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def life_in_words(life: RemainingUsefulLife) -> str:
    """Return the remaining life with its interval, or why there is none."""
    unit = "h" if life.life_unit == "operating_h" else "cycles"
    if not life.evidence.enough or life.life is None:
        return life.evidence.in_words()
    if life.life.median_open:
        return f"more than {life.life.lower:,.0f} {unit}"
    upper = f"> {life.life.lower:,.0f}" if life.life.upper_open else f"{life.life.lower:,.0f} to {life.life.upper:,.0f}"
    return f"{life.life.median:,.0f} {unit} ({upper})"


def prediction_rows(predictions: Sequence[Prediction]) -> Iterator[tuple[str, ...]]:
    """Return one row a machine: state, score, remaining life, P(failure in 7 days), cause, first reasons."""
    for p in predictions:
        state = (
            p.health_state.name if p.health_state is not None else "OFFLINE" if p.status == "OFFLINE" else "not known"
        )
        score = "" if p.health_score is None else f"{p.health_score:.0f}"
        week = p.probability_within(WEEK_H)
        chance = "" if week is None else f"{100 * week:.0f} %"
        yield (
            p.machine_id,
            state,
            score,
            life_in_words(p.remaining_useful_life),
            chance,
            p.diagnosis.likeliest,
            "; ".join(p.reasons[:2]),
        )


def summary_lines(summary: FleetSummary) -> Iterator[str]:
    """Return the fleet's figures as lines."""
    conditions = ", ".join(f"{count} {label.lower()}" for label, count in summary.by_condition.items())
    mark = " (simulated)" if summary.simulated else ""
    yield f"Machines: {summary.machines}{mark}: {conditions}"
    yield f"Open cases: {summary.open_cases}   Work orders: {summary.open_orders}   Parts to order: {summary.parts_to_order}"
    if summary.cost_known_for:
        cost = money_text(summary.cost_at_risk, summary.currency)
        days = summary.planning_horizon_h / 24
        yield f"Cost at risk in the next {days:g} days: {cost} (known for {summary.cost_known_for} machines)"
    else:
        yield "Cost at risk: not known (no probability of failure is known)"


def command_name() -> str:
    """Return how to call this command from here: its name when it is on the path, else where it lies."""
    if shutil.which("workbench"):
        return "workbench"
    program = Path(sys.argv[0])
    return str(program.relative_to(Path.cwd())) if program.is_relative_to(Path.cwd()) else str(program)


def try_next(workspace: Path) -> Iterator[str]:
    """Return commands worth trying after the demo, each with what it does."""
    command = command_name()
    here = command if workspace == Path() else f"{command} -w {workspace}"
    rows = (
        (f"{here} predict --machine pump_grundfos_cr3_004", "one machine, with reasons"),
        (f"{command} init my_plant", "a workspace for your own data"),
        (f"{command} -w my_plant machines add --from-csv FILE --id MACHINE", "a profile proposed from your CSV"),
        ("make lab", "the same in JupyterLab: import workbench"),
        ("make dashboard", "the fleet's page in a browser"),
    )
    width = max(len(first) for first, _ in rows)
    for first, what in rows:
        yield f"{first:<{width}}   {what}"
