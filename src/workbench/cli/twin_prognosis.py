"""The commands of one machine's own twin: calibrated to its readings, its future, and what alternatives gain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.main import open_workspace
from workbench.cli.output import progress_bar, say, say_json, table
from workbench.cli.twin import Json, Seed, twin

if TYPE_CHECKING:
    from workbench.domain.prognosis import AlternativeResult, CalibratedParameter

Machine = Annotated[str, typer.Argument(help="Machine id.")]
Horizon = Annotated[float, typer.Option(help="How far to look ahead, in operating hours.")]
Samples = Annotated[int, typer.Option(help="Machines that explain the readings, 50 to 20,000.")]


@twin.command()
def calibrate(
    machine: Machine,
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", help="component.parameter; repeatable. Default: all that differ.")
    ] = None,
    json_: Json = False,
) -> None:
    """Fit the twin to the machine's own sound hours, and say which parameters they cannot tell; kept for later answers."""
    from workbench.workflows.twin import calibrate_twin

    with open_workspace() as ws:
        made = calibrate_twin(ws, machine, parameters=parameter)
    if json_:
        say_json(made)
        return
    if not made.evidence.enough:
        say(f"{machine}: {made.evidence.in_words()}")
        return
    say(f"{machine}: {made.hours:,.0f} sound running hours compared.")
    table(
        ("parameter", "class", "this machine", "90 %", "unit"), [_row(one) for one in made.parameters if one.identified]
    )
    table(
        ("sensor", "noise", "twin differs by", "offset", "unit"),
        [(s.sensor, f"{s.noise_sd:.3g}", f"{s.residual_sd:.3g}", f"{s.bias:+.3g}", s.unit) for s in made.sensors],
    )
    say("The readings cannot tell (they keep their class's spread):")
    for one in made.parameters:
        if not one.identified:
            say(f"- {one.name}: {one.reason}")
    for note in made.notes:
        say(note)


def _row(one: CalibratedParameter) -> tuple[str, ...]:
    return one.name, f"{one.prior:.4g}", f"{one.estimate:.4g}", f"{one.lower:.4g} to {one.upper:.4g}", one.unit


@twin.command()
def prognosis(
    machine: Machine,
    horizon: Horizon = 2000.0,
    samples: Samples = 1000,
    seed: Seed = None,
    json_: Json = False,
) -> None:
    """Say how long the machine goes on by its twin, and by which failure mode it ends."""
    from workbench.workflows.twin import twin_prognosis

    with open_workspace() as ws:
        told = twin_prognosis(ws, machine, horizon_h=horizon, samples=samples, seed=seed)
    if json_:
        say_json(told)
        return
    say(f"{machine}: {told.in_words()}")
    if told.modes:
        say(f"{_percent(told.beyond_horizon or 0.0)} run longer than {told.horizon_h:,.0f} h.")
        rows = [
            (one.title, _percent(one.probability), f"{one.damage.median:.2f}",
             f"{one.damage.lower:.2f} to {one.damage.upper:.2f}", "yes" if one.seen else "no")
            for one in sorted(told.modes, key=lambda one: -one.probability)
        ]  # fmt: skip
        table(("failure mode", f"within {told.horizon_h:,.0f} h", "damage now", "90 %", "seen by sensors"), rows)
    for note in told.notes:
        say(f"Note: {note}.")


@twin.command("what-if")
def what_if_command(
    machine: Machine,
    file: Annotated[
        Path | None,
        typer.Option(help="Alternatives of your own (YAML or JSON): name, title, signals, parameters, repair."),
    ] = None,
    horizon: Horizon = 2000.0,
    samples: Samples = 1000,
    energy_price: Annotated[float, typer.Option(help="Price of a kWh in minor units (cents).")] = 12.0,
    seed: Seed = None,
    json_: Json = False,
) -> None:
    """Compare ways to treat a machine: load -20 %, repair now, better cooling, or your own; life, energy, money."""
    from workbench.domain.money import money_text
    from workbench.workflows.twin import read_alternatives, what_if

    chosen = read_alternatives(file) if file else None
    with open_workspace() as ws, progress_bar("what if") as progress:
        told = what_if(
            ws, machine, chosen, horizon_h=horizon, samples=samples, energy_price=energy_price, seed=seed, progress=progress
        )  # fmt: skip
        currency = ws.settings.currency
    if json_:
        say_json(told)
        return
    if not told.evidence.enough:
        say(f"{machine}: {told.evidence.in_words()}")
        return
    say(
        f"{machine}: the next {told.horizon_h:,.0f} operating hours, {told.samples:,} samples, the same chance for each."
    )

    def row(one: AlternativeResult) -> tuple[str, ...]:
        life = one.remaining_useful_life_h
        return (
            one.alternative.title,
            f"{'> ' if life.median_open else ''}{life.median:,.0f} h",
            f"{one.gained_life_h:+,.0f} h",
            _percent(one.failure_probability),
            "" if one.energy_kWh is None else f"{one.energy_kWh:,.0f} kWh",
            money_text(one.failure_cost, currency),
            money_text(one.repair_cost, currency),
            money_text(one.lost_output_cost, currency),
            money_text(one.total_cost, currency),
            money_text(one.saved, currency),
        )

    headings = (
        "alternative",
        "life left",
        "gained",
        "fails",
        "energy",
        "failures",
        "repair",
        "output",
        "total",
        "saved",
    )
    table(headings, [row(one) for one in told.results])
    for note in told.notes:
        say(f"Note: {note}.")


def _percent(share: float) -> str:
    return "< 1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"
