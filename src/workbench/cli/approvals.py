"""The commands about approvals: what waits, approve it, reject it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import say, say_json, table

if TYPE_CHECKING:
    from workbench.domain.approvals import Approval

approvals = typer.Typer(
    help="What waits for a supervisor's or admin's yes or no.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(approvals, name="approvals")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Kind = Annotated[str, typer.Argument(help="machine, purchase or order.")]
Subject = Annotated[str, typer.Argument(help="Machine id or number, e.g. PO-2026-0001, WO-2026-0001.")]


@approvals.command("list")
def list_approvals(
    everything: Annotated[bool, typer.Option("--all", help="Decided ones too, newest first.")] = False,
    json_: Json = False,
) -> None:
    """List what waits for an approval, the oldest first."""
    from workbench.workflows.approvals import pending_approvals

    with open_workspace() as ws:
        found = ws.approvals.all() if everything else pending_approvals(ws)
    if json_:
        say_json({"approvals": found})
    elif found:
        rows = [
            (
                f"{a.kind.value} {a.subject}",
                a.title,
                f"{a.asked_by}, {a.asked_at:%Y-%m-%d %H:%M}",
                a.state.value,
                f"{a.decided_by}: {a.comment}".rstrip(": ") if a.decided_by else "",
            )
            for a in found
        ]
        table(("approval", "what", "asked by, at (UTC)", "state", "answer"), rows)
    else:
        say("Nothing waits for an approval.")


@approvals.command()
def approve(
    kind: Kind,
    subject: Subject,
    comment: Annotated[str, typer.Option(help="Kept with the approval.")] = "",
    json_: Json = False,
) -> None:
    """Approve a machine, purchase or order; it takes effect at once."""
    from workbench.workflows.approvals import approve as flow

    with open_workspace() as ws:
        _tell(flow(ws, kind, subject, comment=comment), json_)


@approvals.command()
def reject(
    kind: Kind,
    subject: Subject,
    comment: Annotated[str, typer.Option(help="Why, for those who asked.")],
    json_: Json = False,
) -> None:
    """Reject a machine, purchase or order, and say why."""
    from workbench.workflows.approvals import reject as flow

    with open_workspace() as ws:
        _tell(flow(ws, kind, subject, comment=comment), json_)


def _tell(decided: Approval, json_: bool) -> None:
    if json_:
        say_json({"approval": decided})
    else:
        said = decided.comment or decided.title
        say(f"{decided.kind.value} {decided.subject} {decided.state.value} by {decided.decided_by}: {said}")
