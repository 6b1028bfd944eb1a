"""The command that shows the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import say, say_json, table
from workbench.cli.times import instant

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


@app.command("audit")
def show_audit(
    entity: Annotated[str | None, typer.Option(help="Kind of record, e.g. work_order, purchase, part.")] = None,
    key: Annotated[
        str | None, typer.Option(help="Key of the record, e.g. a part's or machine's id, or WO-2026-0001.")
    ] = None,
    actor: Annotated[str | None, typer.Option(help="Who did it.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Not before this time, e.g. 2026-01-31 or 2026-01-31T08:00Z.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Before this time.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many, the newest.")] = 50,
    json_: Json = False,
) -> None:
    """Show who changed what, when and why, the newest first."""
    from workbench.workflows.audit import audit

    with open_workspace() as ws:
        found = audit(ws, entity, key, actor=actor, start=instant(since), end=instant(until), limit=limit)
    if json_:
        say_json({"entries": found.assign(at=found["at"].map(datetime.isoformat)).to_dict("records")})
    elif len(found):
        rows = [
            (
                f"{row['at']:%Y-%m-%d %H:%M:%S}",
                f"{row['actor']} ({row['role']})",
                f"{row['entity']} {row['key']}",
                row["action"],
                "; ".join(part for part in (row["reason"], row["change"]) if part),
            )
            for row in found.to_dict("records")
        ]
        table(("at (UTC)", "who", "what", "action", "why and what changed"), rows)
    else:
        say("The log has nothing of this kind.")
