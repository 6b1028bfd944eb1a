"""The commands about machines: list, show, add (from a profile or a CSV), templates, and the plant around them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import say, say_json, table
from workbench.errors import InputError

machines = typer.Typer(help="Machines of the workspace.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(machines, name="machines")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


@machines.command("list")
def list_machines(json_: Json = False) -> None:
    """List the machines with status and the readings they have."""
    with open_workspace() as ws:
        statuses = ws.machines.statuses()
        readings = Counter[str]()
        for segment in ws.segments.list():
            readings[segment.machine_id] += segment.rows
        rows = [
            (
                p.machine_id,
                p.machine_type,
                p.title,
                p.site_id,
                statuses[p.machine_id].value,
                len(p.sensors),
                readings[p.machine_id],
            )
            for p in ws.machines.all()
        ]
    headings = ("machine", "type", "title", "site", "status", "sensors", "readings")
    if json_:
        say_json({"machines": [dict(zip(headings, row, strict=True)) for row in rows]})
    elif rows:
        table(headings, rows)
    else:
        say("No machines yet. Add one: workbench machines add --from-csv FILE --id MACHINE_ID")


@machines.command()
def show(machine_id: str, json_: Json = False) -> None:
    """Show a machine's profile, to be edited and added again."""
    from workbench.catalog import dump_profile

    with open_workspace() as ws:
        profile = ws.machines.get(machine_id)
    if json_:
        say_json(profile)
    else:
        say(dump_profile(profile))


@machines.command()
def template(machine_type: Annotated[str, typer.Argument(help="Machine type; leave out to list them.")] = "") -> None:
    """Print the profile template of a machine type, to fill in."""
    from workbench.catalog import templates

    known = templates()
    if not machine_type:
        say("\n".join(sorted(known)))
    elif machine_type in known:
        say(known[machine_type])
    else:
        raise InputError(f"There is no template for {machine_type!r}.", f"Types: {', '.join(sorted(known))}.")


@machines.command()
def add(
    profile: Annotated[Path | None, typer.Argument(help="Profile file (YAML or JSON).")] = None,
    from_csv: Annotated[
        Path | None, typer.Option("--from-csv", help="Propose a profile from this CSV or Parquet.")
    ] = None,
    machine_id: Annotated[str | None, typer.Option("--id", help="Machine id for the proposal, e.g. pump_07.")] = None,
    machine_type: Annotated[str | None, typer.Option("--type", help="Machine type, see `machines template`.")] = None,
    site: Annotated[str | None, typer.Option(help="Site id; default: the workspace's first site.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write the proposal; default MACHINE_ID.yaml.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Add the proposal at once, without editing.")] = False,
    json_: Json = False,
) -> None:
    """Add a machine from a profile. From a CSV a profile is proposed for you to edit."""
    from workbench.workflows import onboard
    from workbench.workflows.admission import why_pending

    if (profile is None) == (from_csv is None):
        raise InputError("Give either a profile file or --from-csv FILE.", "See `workbench machines add --help`.")
    notes: tuple[str, ...] = ()
    if from_csv is not None:
        if not machine_id:
            raise InputError("--from-csv needs --id.", "Name the machine, e.g. --id compressor_01.")
        with open_workspace() as ws:
            if site:
                onboard.check_site(ws, site, of=machine_id)
            proposed = onboard.propose_machine(
                from_csv,
                machine_id=machine_id,
                machine_type=machine_type,
                out=out,
                site_id=site or onboard.default_site(ws),
            )
        notes, profile = tuple(proposed.notes), proposed.path
        if not json_:
            say(f"Profile proposed in {profile}: {len(proposed.profile.sensors)} sensors.")
            for note in notes:
                say(f"  {note}")
        if not yes:
            if json_:
                say_json({"profile": str(profile), "notes": notes, "added": False})
            else:
                say(f"Look it through, then: workbench machines add {quote(str(profile))}")
            return
    assert profile is not None  # noqa: S101  (one of the two was given)
    with open_workspace() as ws:
        added, version = onboard.add_machine(ws, profile)
        waits = why_pending(ws, added.machine_id)
    if json_:
        say_json(
            {
                "profile": str(profile),
                "notes": notes,
                "added": True,
                "machine_id": added.machine_id,
                "version": version,
                "pending": waits,
            }
        )
        return
    say(f"{added.machine_id} added, profile version {version}.")
    if waits:
        say(f"It is not scored and gets no orders yet: {waits}.")
    if from_csv is not None:
        say(f"Next: workbench ingest {quote(str(from_csv))} --machine {added.machine_id}")


@app.command()
def plant(
    kind: Annotated[str, typer.Argument(help="sites, technicians, parts or suppliers.")],
    file: Annotated[Path | None, typer.Argument(help="YAML or JSON list; leave out to see an example.")] = None,
) -> None:
    """Add or change sites, technicians, parts or suppliers."""
    from workbench.workflows.onboard import add_plant, plant_example

    if file is None:
        say(plant_example(kind))
        return
    with open_workspace() as ws:
        say(f"{add_plant(ws, kind, file)} {kind} stored")
