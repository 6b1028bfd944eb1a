"""The commands about alerts: the rules of a machine, its past alerts, and the plant's alarm figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import say, say_json, table
from workbench.cli.times import instant
from workbench.domain.units import against_limit, limit_text, unit_text

if TYPE_CHECKING:
    from workbench.domain.alerts import Rate

alerts = typer.Typer(help="Alert rules, past alerts, alarm figures.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(alerts, name="alerts")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Machine = Annotated[str, typer.Argument(help="Machine id.")]
Start = Annotated[str, typer.Option(help="From when on, e.g. 2026-01-01 (UTC).")]
End = Annotated[str, typer.Option(help="Until when; default: the instant that the workspace looks at.")]


@alerts.command()
def rules(machine: Machine, json_: Json = False) -> None:
    """Show the rules that a machine is watched by, and where each comes from.

    A file alerts.yaml in the workspace sets rules of your own.
    """
    from workbench.workflows.alerts import alert_rules

    with open_workspace() as ws:
        found = alert_rules(ws, machine)
    if json_:
        say_json({"machine_id": machine, "rules": found})
    elif found:
        rows = [
            (
                one.severity.value + (f" {one.label}" if one.label else ""),
                one.in_words(),
                one.standard,
                one.origin.value,
                one.source,
            )
            for one in found
        ]
        table(("severity", "rule", "standard", "from", "source"), rows)
    else:
        say("No rule: neither the profile nor the defaults set a limit.")


@alerts.command()
def history(machine: Machine, start: Start = "", end: End = "", json_: Json = False) -> None:
    """Show a machine's past alerts and sensor faults as episodes."""
    from workbench.workflows.alerts import alert_history

    with open_workspace() as ws:
        found = alert_history(ws, machine, instant(start), instant(end))
    if json_:
        say_json(found)
        return
    say(f"{machine}, from {found.start:%Y-%m-%d %H:%M} to {found.end:%Y-%m-%d %H:%M} UTC: {found.judged:,} rows judged")
    for note in found.notes:
        say(f"Note: {note}.")
    if found.episodes:
        rows = [
            (
                f"{one.start:%Y-%m-%d %H:%M}",
                f"{one.end:%Y-%m-%d %H:%M} ({one.ended_by or 'ongoing'})",
                one.rule.severity.value,
                f"{one.rule.sensor} {one.rule.direction} {limit_text(one.rule.limit)}{unit_text(one.rule.unit)}",
                against_limit(one.peak, one.rule.limit),
                str(one.readings),
            )
            for one in found.episodes
        ]
        table(("from (UTC)", "to", "severity", "rule", "peak", "readings"), rows)
    else:
        say("No alert.")
    for fault in found.faults:
        say(f"{fault.in_words()}{'' if fault.ongoing else f', over {fault.until:%Y-%m-%d %H:%M} UTC'}")


@alerts.command()
def figures(
    start: Start = "",
    end: End = "",
    operators: Annotated[int, typer.Option(help="People who look at cases at the same time.")] = 1,
    json_: Json = False,
) -> None:
    """Show the plant's alarm figures after ISA-18.2, with 95 % intervals."""
    from workbench.workflows.alerts import alarm_figures

    with open_workspace() as ws:
        found = alarm_figures(ws, instant(start), instant(end), operators=operators)
    if json_:
        say_json(found)
        return
    mark = " (simulated)" if found.simulated else ""
    say(
        f"{found.machines} machines{mark}, from {found.start:%Y-%m-%d %H:%M} to {found.end:%Y-%m-%d %H:%M} UTC: "
        f"{found.alerts} alerts, {found.cases} cases, {found.sensor_cases} of them about sensors"
    )
    rows = [
        ("alerts per machine-week", _figure(found.alerts_per_machine_week)),
        ("cases per machine-week", _figure(found.cases_per_machine_week)),
        (f"cases per operator-hour ({found.operators} at a time)", _figure(found.cases_per_operator_hour)),
        ("cases actioned", _figure(found.share_actioned, percent=True)),
        ("rules that chatter (3 alerts within 60 readings)", _figure(found.share_chattering, percent=True)),
        ("alerts on for more than 24 h", _figure(found.share_stale, percent=True)),
    ]
    table(("figure", "value (95 % interval)"), rows)
    if found.top_offenders:
        say()
        table(
            ("machine", "sensor", "severity", "alerts", "of all"),
            [
                (o.machine_id, o.sensor, o.severity.value, o.episodes, f"{100 * o.share:.0f} %")
                for o in found.top_offenders
            ],
        )
    for note in found.notes:
        say(f"Note: {note}.")


def _figure(rate: Rate, *, percent: bool = False) -> str:
    if rate.value is None or rate.lower is None or rate.upper is None:
        return "not known"
    scale, unit = (100, " %") if percent else (1, "")
    return f"{scale * rate.value:.3g}{unit} ({scale * rate.lower:.3g} to {scale * rate.upper:.3g}{unit})"
