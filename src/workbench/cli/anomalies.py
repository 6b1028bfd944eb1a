"""The command that looks through a machine's past for anomalies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.main import app, options
from workbench.cli.output import say, say_json, table
from workbench.cli.times import instant

if TYPE_CHECKING:
    from workbench.domain.anomalies import AnomalyEpisode


@app.command()
def anomalies(
    machine: Annotated[str, typer.Argument(help="Machine id.")],
    start: Annotated[str, typer.Option(help="From when on, e.g. 2026-01-01 (UTC); default: its first reading.")] = "",
    end: Annotated[str, typer.Option(help="Until when; default: the instant that the workspace looks at.")] = "",
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Show a machine's past anomalies as episodes."""
    from workbench.workflows.anomalies import anomalies as flow
    from workbench.workspace import Workspace

    with Workspace.open(options.workspace) as ws:
        found = flow(ws, machine, instant(start), instant(end))
    if json_:
        say_json(found)
        return
    span = f"from {found.start:%Y-%m-%d %H:%M} to {found.end:%Y-%m-%d %H:%M} UTC"
    if not found.evidence.enough:
        say(f"{machine}, {span}: {found.evidence.in_words()}")
        return
    judge = "its own first readings" if found.detector == "own" else f"the active model ({found.detector})"
    say(f"{machine}, {span}: {found.judged:,} rows judged by {judge}, threshold {found.threshold:.2f}")
    if not found.episodes:
        say("No anomaly.")
        return
    headings = ("from", "to", "severity", "peak score", "alarms", "sensors")
    table(headings, [_row(episode) for episode in found.episodes])


def _row(episode: AnomalyEpisode) -> tuple[str, ...]:
    sensors = ", ".join(f"{part.sensor} {part.deviation:+.1f} sd" for part in episode.sensors[:3])
    last = f"{episode.end:%Y-%m-%d %H:%M}" + (" (ongoing)" if episode.ongoing else "")
    return (
        f"{episode.start:%Y-%m-%d %H:%M}",
        last,
        episode.severity.value,
        f"{episode.peak_score:.2f}",
        str(episode.alarms),
        sensors,
    )
