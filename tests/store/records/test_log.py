"""The event log can be searched, and only grows: the database itself refuses to change or delete what it holds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from workbench.domain.base import Actor, Change
from workbench.domain.equipment import Part
from workbench.errors import WorkbenchError
from workbench.store import schema
from workbench.store.database import Database
from workbench.store.records import EventLog, Parts


def _put(database: Database, change: Change, stock: int) -> None:
    part = Part(part_id="seal", title="Seal", unit_cost=1, stock=stock, lead_time_days=1, supplier_id="one")
    Parts(database).put(part, change)


def test_entries_are_found_by_actor_and_time(database: Database, change: Change) -> None:
    hour = timedelta(hours=1)
    bob = change.model_copy(update={"actor": Actor(id="bob"), "at": change.at + hour})
    _put(database, change, 1)
    _put(database, bob, 2)
    log = EventLog(database)
    assert [entry.actor for entry in log.entries()] == ["bob", "ada"]
    assert [entry.actor for entry in log.entries(actor="ada")] == ["ada"]
    assert [entry.actor for entry in log.entries(start=change.at + hour)] == ["bob"]
    assert [entry.actor for entry in log.entries(end=change.at + hour)] == ["ada"]
    assert log.entities() == ["part"]


ATTACKS = {
    "update": "UPDATE event_log SET actor = 'nobody'",
    "delete": "DELETE FROM event_log",
    "delete one": "DELETE FROM event_log WHERE actor = 'ada'",
    "delete none": "DELETE FROM event_log WHERE actor = 'zoe'",
    "sqlite replace": "INSERT OR REPLACE INTO event_log SELECT * FROM event_log",
    "postgresql truncate": "TRUNCATE event_log",
}


def test_no_entry_is_ever_changed_or_deleted(database: Database, change: Change) -> None:
    kind = "sqlite" if database.is_sqlite else "postgresql"
    other = "postgresql" if database.is_sqlite else "sqlite"
    attacks = {name: attack for name, attack in ATTACKS.items() if not name.startswith(other)}
    assert any(name.startswith(kind) for name in attacks)
    if database.is_sqlite:
        # A row trigger: there is no row to refuse.
        del attacks["delete none"]
    _put(database, change, 1)
    before = EventLog(database).entries()
    for attack in attacks.values():
        with pytest.raises((WorkbenchError, DBAPIError), match="can only grow"), database.writing() as session:
            session.execute(text(attack))
        assert EventLog(database).entries() == before
    _put(database, change, 2)
    assert len(EventLog(database).entries()) == 2


def test_the_copy_of_a_database_keeps_its_log_too(sqlite_database: Database, change: Change, tmp_path) -> None:
    _put(sqlite_database, change, 1)
    copy = Database.open(f"sqlite:///{schema.back_up(sqlite_database, tmp_path / 'backups', change.at)}")
    with pytest.raises(WorkbenchError, match="can only grow"), copy.writing() as session:
        session.execute(text("DELETE FROM event_log"))
    copy.close()
