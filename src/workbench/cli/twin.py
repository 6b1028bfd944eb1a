"""The commands of the digital twin: its health of machines, scenarios side by side, faults injected by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import progress_bar, remark, say, say_json, table
from workbench.cli.present import counted

if TYPE_CHECKING:
    from workbench.domain.twin import ScenarioComparison, ScenarioResult, TwinHealth

twin = typer.Typer(
    help="The digital twin: health, scenarios, injected faults. Nothing in the workspace changes.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(twin, name="twin")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Hours = Annotated[float, typer.Option(help="How long, in hours.")]
Samples = Annotated[int, typer.Option(help="Machines of this class to draw; 1: the profile's own values.")]
Seed = Annotated[int | None, typer.Option(help="Default: the workspace's.")]
NoProtection = Annotated[bool, typer.Option("--no-protection", help="Let no trip stop the machine.")]
# Damage too small to be named as what weighs most.
SHOWN_DAMAGE = 0.01


@twin.command()
def health(
    machine: Annotated[
        list[str] | None, typer.Option("-m", "--machine", help="Machine id; repeatable. Default: all.")
    ] = None,
    days: Annotated[float, typer.Option(help="Horizon of the failure probability, in days of operation.")] = 7.0,
    json_: Json = False,
) -> None:
    """Say how healthy machines are by their twins (hours and load; readings once calibrated), worst first."""
    from workbench.workflows.twin import twin_health_fleet

    with open_workspace() as ws, progress_bar("twin") as progress:
        fleet = twin_health_fleet(ws, machine, horizon_h=24 * days, progress=progress)
    found = sorted(fleet.health, key=lambda one: (one.twin_health_score, one.machine_id))
    if json_:
        say_json({"twin_health": found, "skipped": fleet.skipped})
        return
    headings = ("machine", "score", "risk", "hours run", "life left", f"P({days:g} d)", "weighs most")
    table(headings, [_health_row(one) for one in found])
    if len(found) == 1:
        used = (f"{factor.value.replace('_', ' ')} {_percent(value)}" for factor, value in found[0].factors.items())
        say(f"Used up: {', '.join(used)}.")
        say(f"From {found[0].basis}.")
    elif found:
        say(f"P({days:g} d): probability to fail within {days:g} days of operation. By hours and load; by sensors only "
            "where `workbench twin calibrate` was run: compare `workbench predict`.")  # fmt: skip
    for machine_id, reason in fleet.skipped.items():
        remark(f"skipped: {machine_id}: {reason}")


def _health_row(one: TwinHealth) -> tuple[str, ...]:
    return (
        one.machine_id,
        f"{one.twin_health_score:.0f}",
        one.risk_band.value,
        f"{one.running_h:,.0f}",
        _life(one.remaining_useful_life, one.life_unit.value),
        _percent(one.failure_probability),
        _weighs_most(one),
    )


def _weighs_most(one: TwinHealth) -> str:
    """Return the damage of the failure mode that is furthest on; else running time, where that holds the score."""
    mode = max(one.damage, key=lambda name: one.damage[name], default="")
    if mode and one.damage[mode] >= SHOWN_DAMAGE:
        return f"{_percent(one.damage[mode])} {mode.replace('_', ' ')}"
    return one.limited_by.replace("_", " ")


@twin.command()
def scenarios(
    machine: Annotated[str, typer.Argument(help="Machine id.")],
    scenario: Annotated[
        list[str] | None, typer.Option("--scenario", help="A built-in one; repeatable. Default: all four.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="Scenarios of your own (YAML or JSON); `workbench twin template` shows how.")
    ] = None,
    hours: Hours = 720.0,
    samples: Samples = 200,
    seed: Seed = None,
    new: Annotated[bool, typer.Option("--new", help="Begin with a new machine, not with this one as it is.")] = False,
    no_protection: NoProtection = False,
    json_: Json = False,
) -> None:
    """Compare scenarios of a machine: trips, health, life left, energy."""
    from workbench.workflows.twin import compare_scenarios, read_scenarios

    chosen = [*(scenario or ()), *(read_scenarios(file) if file else ())] or None
    with open_workspace() as ws, progress_bar("scenarios") as progress:
        compared = compare_scenarios(
            ws,
            machine,
            chosen,
            hours=hours,
            samples=samples,
            seed=seed,
            start="new" if new else "now",
            protection=not no_protection,
            progress=progress,
        )
    _show(compared, json_=json_)


@twin.command()
def template() -> None:
    """Print the built-in scenarios as YAML, to be changed and read back with --file."""
    from workbench.catalog.scenarios import scenarios_text

    say(scenarios_text().rstrip())


@twin.command()
def inject(
    machine: Annotated[str, typer.Argument(help="Machine id.")],
    fault: Annotated[list[str] | None, typer.Argument(help="Fault by name; none: list those it can have.")] = None,
    severity: Annotated[float, typer.Option(help="0 to 1 (failed).")] = 0.3,
    at: Annotated[float, typer.Option(help="Hours until it begins.")] = 24.0,
    growth: Annotated[float, typer.Option(help="Hours in which it grows to its severity; 0: at once.")] = 0.0,
    load: Annotated[float | None, typer.Option(help="Share of rated power; default: as it is usually worked.")] = None,
    hours: Hours = 720.0,
    samples: Samples = 200,
    seed: Seed = None,
    no_protection: NoProtection = False,
    json_: Json = False,
) -> None:
    """Inject faults into the twin and compare it with a sound one."""
    from workbench.workflows.twin import inject_fault, possible_faults

    if not fault:
        with open_workspace() as ws:
            possible = possible_faults(ws, machine)
        if json_:
            say_json({"faults": possible})
        else:
            table(("fault", "what it is", "in the twin"), [(one.name, one.title, one.how) for one in possible])
        return
    given = [{"fault": name, "at_h": at, "severity": severity, "growth_h": growth} for name in fault]
    with open_workspace() as ws, progress_bar("inject") as progress:
        compared = inject_fault(
            ws, machine, given, load=load, hours=hours, samples=samples, seed=seed,
            protection=not no_protection, progress=progress,
        )  # fmt: skip
    _show(compared, json_=json_)


def _show(compared: ScenarioComparison, *, json_: bool) -> None:
    from workbench.reports.content.wording import duration

    if json_:
        say_json(compared)
        return
    begin = compared.start
    say(
        f"{compared.machine_id}: health {begin.twin_health_score:.0f} ({begin.risk_band.value}) at the start; "
        f"medians of {counted(compared.samples, 'machine')} of its class."
    )
    headings = ("scenario", "load", "health", "risk", "life left", "failed", "tripped", "hottest", "energy, kWh")
    table(headings, [_result_row(one, compared.life_unit.value) for one in compared.results])
    for result in compared.results:
        for stop in result.stops:
            word = "trip" if stop.kind == "trip" else "fail"
            say(
                f"{result.scenario.name}: {_percent(stop.share)} {word} by {stop.title}, "
                f"the first after {duration(stop.earliest_h)}, half of them after {duration(stop.median_h)}"
            )
        for note in result.notes:
            say(f"{result.scenario.name}: {note}")


def _result_row(one: ScenarioResult, unit: str) -> tuple[str, ...]:
    hot = {name: peak for name, peak in one.peaks.items() if one.sensors[name].unit == "degC" and "ambient" not in name}
    hottest = max(hot, key=lambda name: hot[name], default="")
    return (
        one.scenario.name,
        f"{100 * one.scenario.load:.0f} %",
        f"{one.final_health:.0f}",
        one.final_band.value,
        _life(one.final_remaining_useful_life, unit),
        _percent(one.failure_probability),
        _percent(one.trip_probability),
        f"{hot[hottest]:.0f} °C {hottest.removesuffix('_C').replace('_', ' ')}" if hottest else "",
        "" if one.energy_kWh is None else f"{one.energy_kWh:,.0f}",
    )


def _percent(share: float) -> str:
    if 0 < share < 0.005:
        return "< 1 %"
    return f"{100 * share:.0f} %"


def _life(value: float, unit: str) -> str:
    return f"{value:,.0f} {'cycles' if unit == 'cycle' else 'h'}"
