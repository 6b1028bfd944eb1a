"""In-app notices: the row is the delivery, once."""

from datetime import UTC, datetime

import pytest

from workbench.channels import in_app
from workbench.domain.base import Actor, Change, Role
from workbench.domain.notices import Notice
from workbench.domain.predictions import Severity
from workbench.errors import InputError
from workbench.store import schema
from workbench.store.database import Database, sqlite_url
from workbench.store.records import EventLog, Notices

AT = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


@pytest.fixture
def database(tmp_path):
    opened = Database.open(sqlite_url(tmp_path / "workbench.db"))
    schema.migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def change():
    return Change(actor=Actor(id="cycle", role=Role.SYSTEM), reason="step 6", at=AT)


@pytest.fixture
def notice():
    return Notice(
        notice_id="notice-1",
        recipient="technician:tech_one",
        severity=Severity.WARNING,
        subject="WO-2026-0001",
        body="You are assigned.",
        created_at=AT,
    )


def test_delivered_notice_is_recorded_as_sent(database, notice, change):
    delivered = in_app.deliver(Notices(database), notice, change)
    assert (delivered.state, delivered.sent_at) == ("sent", AT)
    assert Notices(database).all("sent") == [delivered]


def test_delivering_again_changes_nothing(database, notice, change):
    in_app.deliver(Notices(database), notice, change)
    before = EventLog(database).entries()
    in_app.deliver(Notices(database), notice, change)
    assert len(Notices(database).all()) == 1
    assert EventLog(database).entries() == before


def test_notice_left_queued_is_delivered(database, notice, change):
    Notices(database).add(notice, change)
    assert in_app.deliver(Notices(database), notice, change).state == "sent"
    assert Notices(database).all("queued") == []


def test_notice_of_another_channel_is_refused(database, notice, change):
    with pytest.raises(InputError, match="email"):
        in_app.deliver(Notices(database), notice.model_copy(update={"channel": "email"}), change)
    assert Notices(database).all() == []
