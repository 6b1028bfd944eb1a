"""The command that forecasts a sensor."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import say, say_json, table


@app.command()
def forecast(
    machine: Annotated[str, typer.Argument(help="Machine id.")],
    sensor: Annotated[str | None, typer.Option(help="Which sensor; default: the first temperature.")] = None,
    days: Annotated[float, typer.Option(help="How far ahead.")] = 7.0,
    model: Annotated[
        list[str] | None, typer.Option(help="boosting, theta, prophet; repeatable. Default: those installed.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Forecast a sensor hourly with 95 % intervals, by the model that did best in a backtest."""
    from workbench.workflows.forecast import forecast as flow

    with open_workspace() as ws:
        made = flow(ws, machine, sensor, horizon_h=24 * days, models=model or None)
    if json_:
        say_json(made)
        return
    if not made.evidence.enough:
        say(f"{machine}, {made.sensor}: {made.evidence.in_words()}")
        return
    say(f"{machine}, {made.sensor} ({made.unit}): {made.reason}.")
    per_day = max(round(24 / made.step_h), 1)
    ends = [n for n in range(len(made.median)) if (n + 1) % per_day == 0 or n + 1 == len(made.median)]
    rows = [
        (f"{made.times[n]:%Y-%m-%d %H:%M}", *(f"{side[n]:.4g}" for side in (made.median, made.lower, made.upper)))
        for n in ends
    ]
    table(("UTC", "median", "95 % from", "to"), rows)
    headings = ("model", "MAE", "MASE", "MAPE %", "95 % coverage")
    table(headings, [_score(one.model, one.mae, one.mase, one.mape, one.coverage_95) for one in made.scores])
    for lack in made.left_out:
        say(f"Not tested: {lack}")


def _score(name: str, *figures: float | None) -> tuple[str, ...]:
    return (name, *("" if value is None else f"{value:.3g}" for value in figures))
