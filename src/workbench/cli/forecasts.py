"""The command that forecasts a sensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import say, say_json, table
from workbench.domain.units import number_text

if TYPE_CHECKING:
    from workbench.domain.forecasts import ModelScore


@app.command()
def forecast(
    machine: Annotated[str, typer.Argument(help="Machine id.")],
    sensor: Annotated[str | None, typer.Option(help="Which sensor; default: the first temperature.")] = None,
    days: Annotated[float, typer.Option(help="How far ahead.")] = 7.0,
    model: Annotated[
        list[str] | None, typer.Option(help="boosting, linear, theta, prophet; repeatable. Default: those installed.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Forecast a sensor hourly with 95 % intervals. The model that did best in a backtest is used."""
    from workbench.workflows.forecast import forecast as flow

    with open_workspace() as ws:
        made = flow(ws, machine, sensor, horizon_h=24 * days, models=model or None)
    if json_:
        say_json(made)
        return
    if not made.evidence.enough:
        say(f"{machine}, {made.sensor}: {made.evidence.in_words()}")
        return
    from workbench.dispatch.plain import unit_label

    say(f"{machine}, {made.sensor} ({unit_label(made.unit)}): {made.reason.replace('_', ' ')}.")
    per_day = max(round(24 / made.step_h), 1)
    ends = [n for n in range(len(made.median)) if (n + 1) % per_day == 0 or n + 1 == len(made.median)]
    rows = [
        (f"{made.times[n]:%Y-%m-%d %H:%M}", *(number_text(side[n]) for side in (made.median, made.lower, made.upper)))
        for n in ends
    ]
    table(("UTC", "median", "95 % from", "to"), rows)
    percentages = any(one.mape is not None for one in made.scores)
    headings = ("model", "MAE", "MASE", "95 % held, %", *(["MAPE %"] if percentages else ()))
    table(headings, [_score(one, percentages=percentages) for one in made.scores])
    for lack in made.left_out:
        say(f"Not tested: {lack}")


def _score(one: ModelScore, *, percentages: bool) -> tuple[str, ...]:
    held = None if one.coverage_95 is None else 100 * one.coverage_95
    figures = (one.mae, one.mase, held, *((one.mape,) if percentages else ()))
    return (one.model.replace("_", " "), *("" if value is None else f"{value:.3g}" for value in figures))
