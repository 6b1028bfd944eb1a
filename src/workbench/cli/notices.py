"""The commands about notices: list them, send the e-mails that wait, put one that failed back into the outbox."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.main import ENVIRONMENT, app, open_workspace
from workbench.cli.output import remark, say, say_json, table
from workbench.cli.present import counted

if TYPE_CHECKING:
    from workbench.domain.notices import Notice

notices = typer.Typer(help="Notices to people, in the app and by e-mail.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(notices, name="notices")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


class State(StrEnum):
    """States that a list can be narrowed to."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


def _remark(notice: Notice) -> str:
    if notice.state == "queued" and notice.next_try_at is not None:
        return f"again {notice.next_try_at:%Y-%m-%d %H:%M} UTC: {notice.error}"
    return notice.error


@notices.command("list")
def list_notices(
    state: Annotated[State | None, typer.Option(help="Only those in this state.")] = None, json_: Json = False
) -> None:
    """List the notices, newest first, with how far each got."""
    with open_workspace() as ws:
        found = ws.notices.all(state.value if state else None)
    if json_:
        say_json({"notices": found})
    elif found:
        rows = [
            (
                n.notice_id,
                f"{n.created_at:%Y-%m-%d %H:%M}",
                n.address or n.recipient,
                n.subject[:200],
                n.state,
                _remark(n),
            )
            for n in found
        ]
        table(("notice", "written (UTC)", "to", "subject", "state", "remark"), rows)
    else:
        say("There are no notices." if state is None else f"No notice is {state.value}.")


@notices.command()
def send(json_: Json = False) -> None:
    """Send all e-mails that wait, now. A worker does so by itself when they are due."""
    from workbench.channels import MailServer
    from workbench.workflows.notices import send_notices

    with open_workspace() as ws:
        if not ws.settings.smtp_host:
            MailServer.from_settings(ws.settings, "")
        report = send_notices(ws, early=True)
    if json_:
        say_json(report)
    else:
        say(f"{counted(report.sent, 'e-mail')} sent, {report.failed} failed, {report.waiting} waiting")
    if report.problem:
        remark(report.problem)
        raise typer.Exit(ENVIRONMENT)


@notices.command()
def retry(notice: Annotated[str, typer.Argument(help="Notice id.")], json_: Json = False) -> None:
    """Make an e-mail that failed, or waits, due at once."""
    from workbench.workflows.notices import retry_notice

    with open_workspace() as ws:
        queued = retry_notice(ws, notice)
    if json_:
        say_json({"notice": queued})
    else:
        say(f"{queued.notice_id} waits for {queued.address}. Send it with: workbench notices send")
