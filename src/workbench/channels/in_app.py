"""The in-app channel: the notice's row is its delivery, since screens read it from the records."""

from __future__ import annotations

from workbench.domain.base import Change
from workbench.domain.notices import Notice
from workbench.errors import InputError
from workbench.store.records import Notices


def deliver(notices: Notices, notice: Notice, change: Change) -> Notice:
    """Record ``notice`` as sent and return it as recorded; delivering it again changes nothing.

    A row that another process left queued under the same id is marked sent. Raises ``InputError`` for
    a notice of another channel.
    """
    if notice.channel != "in_app":
        raise InputError(
            f"Notice {notice.notice_id} is for the channel {notice.channel!r}, not 'in_app'.",
            "Hand it to the channel that it names.",
        )
    notices.add(notice.model_copy(update={"state": "sent", "sent_at": change.at}), change)
    stored = notices.get(notice.notice_id)
    if stored.state != "sent":
        notices.mark(notice.notice_id, "sent", change)
    return notices.get(notice.notice_id)
