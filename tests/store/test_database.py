"""Units of work, and what the probe says when the database cannot be used."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from workbench.domain.base import Change
from workbench.domain.equipment import MachineProfile
from workbench.domain.observations import AssetEvent, EventKind
from workbench.errors import EnvironmentFailure, InputError, SchemaOutdated
from workbench.store import schema
from workbench.store.database import Database, sqlite_url
from workbench.store.records import EventLog, Events, Machines
from workbench.store.tables import sites


def _names(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(sites.c.site_id).order_by(sites.c.site_id)))


def test_writes_are_kept_together_or_not_at_all(database: Database) -> None:
    with database.writing() as session:
        session.execute(insert(sites).values(site_id="first", body="{}"))

    def fail_half_way() -> None:
        with database.writing() as session:
            session.execute(insert(sites).values(site_id="second", body="{}"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert _names(database) == ["first"]


def test_repositories_bound_to_a_session_share_its_transaction(
    database: Database, profile: Callable[..., MachineProfile], change: Change
) -> None:
    def fail_half_way() -> None:
        with database.writing() as session:
            bound = database.bound(session)
            Machines(bound).add(profile("pump_01"), change)
            Machines(bound).add(profile("fan_02"), change)
            assert Machines(bound).ids() == ["fan_02", "pump_01"]
            assert len(EventLog(bound).entries()) == 2
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert Machines(database).ids() == []
    assert EventLog(database).entries() == []


def test_sqlite_is_set_up_to_wait_and_to_survive_a_crash(sqlite_database: Database) -> None:
    with sqlite_database.reading() as session:
        assert session.execute(text("PRAGMA busy_timeout")).scalar() == 10_000
        assert session.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert session.execute(text("PRAGMA foreign_keys")).scalar() == 1
        assert session.execute(text("PRAGMA synchronous")).scalar() == 1


def test_readers_go_on_while_someone_writes(sqlite_database: Database) -> None:
    with sqlite_database.writing() as session:
        session.execute(insert(sites).values(site_id="first", body="{}"))
        assert _names(sqlite_database) == []
    assert _names(sqlite_database) == ["first"]


def test_a_reading_unit_sees_one_state_throughout(database: Database) -> None:
    with database.reading() as session:
        assert session.scalars(select(sites.c.site_id)).all() == []
        with database.writing() as other:
            other.execute(insert(sites).values(site_id="first", body="{}"))
        assert session.scalars(select(sites.c.site_id)).all() == []


def test_a_lock_held_by_another_process_is_reported_in_time(sqlite_database: Database) -> None:
    file = sqlite_database.file
    with closing(sqlite3.connect(str(file), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        start = time.monotonic()
        with pytest.raises(EnvironmentFailure, match="locked by another process") as caught:
            sqlite_database.probe()
        assert time.monotonic() - start < 4
        assert str(file) in caught.value.what
        assert "Wait until it has finished" in caught.value.remedy
        assert caught.value.exit_code == 3
        sqlite_database.probe_for_reading()
    sqlite_database.probe()


def test_records_that_nobody_can_read_are_reported_in_time(sqlite_database: Database) -> None:
    with closing(sqlite3.connect(str(sqlite_database.file), isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        start = time.monotonic()
        with pytest.raises(EnvironmentFailure, match="locked by another process"):
            sqlite_database.probe_for_reading()
        assert time.monotonic() - start < 4


def test_the_probe_of_a_usable_database_says_nothing(database: Database) -> None:
    database.probe()
    database.probe_for_reading()


def test_a_missing_file_is_not_made_anew(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailure, match="missing"):
        Database.open(sqlite_url(tmp_path / "none.db")).probe()
    assert list(tmp_path.iterdir()) == []


def test_records_removed_while_they_are_in_use_are_missing_and_not_made_anew(sqlite_database: Database) -> None:
    assert _names(sqlite_database) == []
    file = sqlite_database.file
    assert file is not None
    for part in file.parent.glob("workbench.db*"):
        part.unlink()
    with pytest.raises(EnvironmentFailure, match="missing"):
        _names(sqlite_database)
    assert not file.exists()


def test_a_process_goes_on_with_the_records_that_were_put_back(
    sqlite_database: Database, sqlite_template: Path
) -> None:
    with sqlite_database.writing() as session:
        session.execute(insert(sites).values(site_id="lost", body="{}"))
    file = sqlite_database.file
    assert file is not None
    for part in file.parent.glob("workbench.db*"):
        part.unlink()
    shutil.copy(sqlite_template, file)
    with sqlite_database.writing() as session:
        session.execute(insert(sites).values(site_id="kept", body="{}"))
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT site_id FROM sites").fetchall() == [("kept",)]


def test_an_empty_file_in_the_place_of_the_records_is_told_of(sqlite_database: Database) -> None:
    file = sqlite_database.file
    assert file is not None
    file.write_bytes(b"")
    sqlite_database.close()
    with pytest.raises(EnvironmentFailure, match="empty file"):
        _names(sqlite_database)


def test_a_damaged_file_is_called_damaged(tmp_path: Path) -> None:
    file = tmp_path / "workbench.db"
    file.write_bytes(b"this is no database, but long enough to be taken for one" * 100)
    with pytest.raises(EnvironmentFailure, match="damaged") as caught:
        Database.open(sqlite_url(file)).probe()
    assert "backup" in caught.value.remedy


def test_a_file_without_tables_asks_for_upgrade(tmp_path: Path) -> None:
    file = tmp_path / "workbench.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE other (x)")
    with pytest.raises(SchemaOutdated, match="workbench upgrade"):
        Database.open(sqlite_url(file)).probe()


def test_records_of_a_newer_version_are_left_alone(database: Database) -> None:
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(EnvironmentFailure, match="newer version"):
            database.probe()
    finally:
        with database.writing() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": schema.head()})


def test_a_read_only_disk_is_reported(
    sqlite_database: Database, make_read_only: Callable[[Path], Path], tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    sqlite_database.close()
    Path(str(sqlite_database.file)).rename(folder / "workbench.db")
    shown = make_read_only(folder)
    with pytest.raises(EnvironmentFailure, match="read-only"):
        Database.open(sqlite_url(shown / "workbench.db")).probe()


def test_a_full_disk_is_reported_and_leaves_the_records_whole(small_disk: Path) -> None:
    database = Database.open(sqlite_url(small_disk / "workbench.db"))
    schema.migrate(database)
    database.close()
    rows = [{"site_id": f"site_{number}", "body": "x" * 100_000} for number in range(200)]
    with pytest.raises(EnvironmentFailure, match="full"), database.writing() as session:
        session.execute(insert(sites), rows)
    assert _names(database) == []
    database.close()
    (small_disk / "ballast").write_bytes(b"x" * (shutil.disk_usage(small_disk).free - 100_000))
    with pytest.raises(EnvironmentFailure, match="full"):
        database.probe()
    (small_disk / "ballast").unlink()
    database.probe()
    database.close()


def test_unusual_folder_names_are_no_obstacle(tmp_path: Path) -> None:
    folder = tmp_path / "Werk #1, 50 % ü"
    folder.mkdir()
    database = Database.open(sqlite_url(folder / "workbench.db"))
    schema.migrate(database)
    database.probe()
    assert database.file == folder / "workbench.db"
    database.close()
    with pytest.raises(InputError, match="question mark"):
        sqlite_url(tmp_path / "why?" / "workbench.db")


@pytest.mark.parametrize("url", ["mysql://host/name", "sqlite://", "no url at all"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(InputError, match="postgresql://"):
        Database.open(url)


def test_messages_never_show_the_password() -> None:
    database = Database.open("postgresql://ada:secret@127.0.0.1:1/none")
    with pytest.raises(EnvironmentFailure, match="cannot be reached") as caught:
        database.probe()
    assert "secret" not in str(caught.value)
    assert "ada" in str(caught.value)


def test_a_record_of_an_unknown_machine_is_refused_in_words(database: Database, change: Change) -> None:
    event = AssetEvent(machine_id="nobody", time=change.at, kind=EventKind.FAILURE, source="test")
    with pytest.raises(InputError, match="refuse this change"):
        Events(database).add([event], change)
    assert EventLog(database).entries() == []
