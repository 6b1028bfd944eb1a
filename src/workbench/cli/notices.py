"""The commands about notices: list and show them, send those that wait, put one that failed back, acknowledge one, show the texts."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.main import ENVIRONMENT, app, open_workspace
from workbench.cli.output import remark, say, say_json, table
from workbench.cli.present import counted

if TYPE_CHECKING:
    from workbench.domain.notices import Notice

notices = typer.Typer(
    help="Notices to people, in the app, by e-mail and by webhooks.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(notices, name="notices")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
NoticeId = Annotated[str, typer.Argument(help="Notice id.")]


class State(StrEnum):
    """States that a list can be narrowed to."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


def _remark(notice: Notice) -> str:
    if notice.acknowledged_at is not None:
        return f"acknowledged {notice.acknowledged_at:%Y-%m-%d %H:%M} UTC by {notice.acknowledged_by}"
    if notice.state != "queued":
        return notice.error
    if notice.next_try_at is not None:
        return f"again {notice.next_try_at:%Y-%m-%d %H:%M} UTC: {notice.error}"
    if notice.not_before is not None:
        return f"quiet hours until {notice.not_before:%Y-%m-%d %H:%M} UTC"
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
                n.webhook or n.channel.replace("_", "-"),
                n.address or n.recipient,
                n.subject[:200],
                n.state,
                n.attempts or "",
                _remark(n),
            )
            for n in found
        ]
        table(("notice", "written (UTC)", "by", "to", "subject", "state", "tries", "remark"), rows)
    else:
        say("There are no notices." if state is None else f"No notice is {state.value}.")


@notices.command()
def show(notice_id: NoticeId, json_: Json = False) -> None:
    """Show a notice whole: whom it is for, how far it got, and its text."""
    with open_workspace() as ws:
        notice = ws.notices.get(notice_id)
    if json_:
        say_json({"notice": notice})
        return
    way = notice.webhook or notice.channel.replace("_", "-")
    say(
        f"{notice.subject}\nTo {notice.address or notice.recipient} by {way}, {notice.state}. {_remark(notice)}".rstrip()
    )
    say(f"\n{notice.body}")


@notices.command()
def send(json_: Json = False) -> None:
    """Send all notices that wait, now, but in quiet hours only critical ones. A worker does so by itself when they are due."""
    from workbench.workflows.notices import send_notices
    from workbench.workflows.notices.send import need_channel

    with open_workspace() as ws:
        need_channel(ws)
        report = send_notices(ws, early=True)
    if json_:
        say_json(report)
    else:
        say(f"{counted(report.sent, 'notice')} sent, {report.failed} failed, {report.waiting} waiting")
    if report.problem:
        remark(report.problem)
        raise typer.Exit(ENVIRONMENT)


@notices.command()
def retry(notice: NoticeId, json_: Json = False) -> None:
    """Make a notice that failed, or waits, due at once."""
    from workbench.workflows.notices import retry_notice

    with open_workspace() as ws:
        queued = retry_notice(ws, notice)
    if json_:
        say_json({"notice": queued})
    else:
        say(f"{queued.notice_id} waits for {queued.address or queued.recipient}. Send it with: workbench notices send")


@notices.command()
def ack(notice: NoticeId, json_: Json = False) -> None:
    """Acknowledge a notice: you take care of it, and nobody else is told of its order."""
    from workbench.workflows.notices import acknowledge_notice

    with open_workspace() as ws:
        seen = acknowledge_notice(ws, notice)
    if json_:
        say_json({"notice": seen})
    else:
        say(f"{seen.subject}\nAcknowledged {seen.acknowledged_at:%Y-%m-%d %H:%M} UTC by {seen.acknowledged_by}.")


@notices.command()
def texts(json_: Json = False) -> None:
    """Show the texts of notices and check those of the workspace.

    A file data/templates/notices/<kind>.<form>.txt takes the place of one; forms are subject, body, chat and sms.
    """
    from workbench.dispatch.texts import placeholders
    from workbench.workflows.notices import notice_texts

    with open_workspace() as ws:
        found = notice_texts(ws)
    if json_:
        rows = [{"text": f"{kind.value}.{form}", "content": text} for (kind, form), text in found.items()]
        say_json({"texts": rows, "places": {kind.value: placeholders(kind) for kind, form in found}})
        return
    for (kind, form), text in found.items():
        if form == "subject":
            say(f"{kind.value}: may name {', '.join(f'${name}' for name in placeholders(kind))}")
        say(f"  {form}: " + text.replace("\n", f"\n  {' ' * len(form)}  "))
