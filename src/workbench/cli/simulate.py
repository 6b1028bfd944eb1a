"""The command that simulates a failure through the maintenance cycle, marked as simulated in every line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import progress_bar, remark, say, say_json, table
from workbench.domain.simulation import MARK

if TYPE_CHECKING:
    from workbench.domain.progress import Progress
    from workbench.domain.simulation import FailureSimulation, SimulatedAnswer


@app.command()
def simulate(
    failure_mode: Annotated[
        str, typer.Option("--failure-mode", help="E.g. bearing_wear, motor_overheat, pump_cavitation.")
    ],
    machine: Annotated[
        str | None, typer.Option("-m", "--machine", help="Machine id; default: a sound one that shows the mode well.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of weather, duty, noise and how fast the fault grows; default: the workspace's.")
    ] = None,
    every: Annotated[float, typer.Option(help="Hours between two runs of the cycle.")] = 24.0,
    report: Annotated[bool, typer.Option("--report", help="Also write the report of the run that caught it.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Simulate a failure and see how early the maintenance cycle catches it.

    It runs in a scratch copy: stock, orders, predictions and labels of the workspace never change.
    """
    from workbench.workflows.simulate import simulate_failure

    with open_workspace() as ws, progress_bar(MARK.lower()) as bar:
        result = simulate_failure(
            ws,
            failure_mode=failure_mode,
            machine_id=machine,
            seed=seed,
            every_h=every,
            formats=("html",) if report else (),
            progress=_live(bar),
        )
        folder = ws.path
    if json_:
        say_json(result)
        return
    _show(result)
    for kind, place in result.outputs.items():
        say(f"{MARK} {'report' if kind != 'json' else 'result'}: {folder / place}")


def _live(bar: Progress) -> Progress:
    """Show every step on the bar, and what each run of the cycle said as a line beside the result."""

    def tell(fraction: float, message: str) -> None:
        bar(fraction, message)
        if " step " not in message:
            remark(f"{MARK} [{100 * fraction:3.0f} %] {message}")

    return tell


def _show(result: FailureSimulation) -> None:
    if result.prepared:
        say(f"{MARK}: {result.prepared}.")
    for note in result.notes:
        say(f"{MARK}: {note}.")
    headings = ("simulated, UTC", "damage", "state", "score", "remaining life", "P(failure)", "cause", "work")
    table(headings, [_row(answer) for answer in result.answers])
    say(f"\n{MARK}: the six steps of the run {'that caught it' if result.caught else 'before the failure'}")
    told = ""
    for step in result.steps:
        details = "for the same reason" if step.details and step.details == told else step.details
        told = step.details
        say(f"  {step.number} {step.name:<10} {step.state.value:<8} {details}")
    for notice in result.notices:
        say(f"  {notice.recipient}: {notice.subject}")
    for order in result.other_orders:
        when = "nothing was wrong yet" if order.before_onset else "another name for the fault"
        say(f"{MARK} order of {order.as_of:%Y-%m-%d %H:%M} UTC: {order.title} ({when})")
    if result.limit_crossed_at is None:
        say(f"{MARK}: a warning limit alone would not have told before the failure.")
    else:
        say(f"{MARK}: a warning limit alone would have told at {result.limit_crossed_at:%Y-%m-%d %H:%M} UTC.")
    say(result.in_words())


def _row(answer: SimulatedAnswer) -> tuple[str, ...]:
    life = answer.remaining_life
    unit = "h" if answer.life_unit.value == "operating_h" else answer.life_unit.value
    span = "" if life is None else f"{life.median:,.0f} {unit} ({life.lower:,.0f} to {life.upper:,.0f})"
    return (
        f"{answer.as_of:%Y-%m-%d %H:%M}",
        f"{100 * answer.damage:.0f} %",
        "" if answer.health_state is None else answer.health_state.name.lower(),
        "" if answer.health_score is None else f"{answer.health_score:.0f}",
        span,
        "" if answer.failure_probability is None else f"{100 * answer.failure_probability:.0f} %",
        f"{answer.likeliest_mode.replace('_', ' ')} ({100 * answer.likeliest_probability:.0f} %)",
        "ORDERED" if answer.acted else "",
    )
