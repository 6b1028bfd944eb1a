"""Tables and migrations agree; an older schema is upgraded after a backup, DBOS's tables are left alone."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, select, text

from workbench.domain.base import Change
from workbench.domain.equipment import MachineProfile
from workbench.domain.history import PastWork
from workbench.errors import EnvironmentFailure
from workbench.store import schema
from workbench.store.database import Database
from workbench.store.records import History, Machines
from workbench.store.tables import metadata, past_work

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_tables_and_migrations_agree(database: Database) -> None:
    with database.reading() as session:
        assert schema.differences(session.connection()) == []
        assert schema.revision(session.connection()) == schema.head()


def test_migrations_are_named_by_their_number() -> None:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(schema._config())
    assert schema.known_revisions() == {script.revision for script in scripts.walk_revisions()}
    assert schema.head() == scripts.get_current_head()


def test_a_difference_would_be_seen(sqlite_database: Database) -> None:
    with sqlite_database.writing() as session:
        session.execute(text("ALTER TABLE machines ADD COLUMN colour TEXT"))
        found = schema.differences(session.connection())
    assert [difference[0] for difference in found] == ["remove_column"]


def test_migrations_make_the_same_indexes_as_the_tables(sqlite_database: Database) -> None:
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    with sqlite_database.reading() as session:
        migrated = {row.name: row.sql for row in session.execute(text(query))}
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        metadata.create_all(connection)
        created = {row.name: row.sql for row in connection.execute(text(query))}
    assert migrated == created
    assert sum("WHERE" in sql for sql in created.values()) == 5


def test_tables_of_the_workflow_engine_are_not_ours(sqlite_database: Database) -> None:
    from dbos import DBOS, SQLAlchemyDatasource

    DBOS.migrate(sqlite_database.url)
    SQLAlchemyDatasource.migrate(sqlite_database.url)
    with sqlite_database.reading() as session:
        assert "workflow_status" in inspect(session.connection()).get_table_names()
        assert schema.differences(session.connection()) == []
    schema.migrate(sqlite_database)


def test_migrating_twice_changes_nothing(database: Database) -> None:
    schema.migrate(database)
    database.probe()


def test_a_migration_can_be_taken_back(sqlite_database: Database) -> None:
    from alembic import command

    config = schema._config()
    with sqlite_database.writing() as session:
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "base")
    with sqlite_database.reading() as session:
        assert inspect(session.connection()).get_table_names() == ["alembic_version"]


def test_past_work_of_an_older_schema_is_listed_by_its_date(database: Database, change: Change) -> None:
    from alembic import command

    config = schema._config()
    dates = {"old": {"raised_at": "2024-05-01T06:00:00Z"}, "new": {"ended_at": "2025-03-01T10:00:00+02:00"}, "none": {}}
    orders = [PastWork.model_validate({"work_id": k, "source": "s", "text": "t", **v}) for k, v in dates.items()]
    History(database).record(orders, change)
    with database.writing() as session:
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "0005")
        command.upgrade(config, "head")
        assert schema.differences(session.connection()) == []
    assert [order.work_id for order in History(database).page(limit=2).orders] == ["new", "old"]
    with database.reading() as session:
        at = session.scalar(select(past_work.c.happened_at).where(past_work.c.work_id == "new"))
    assert at == datetime(2025, 3, 1, 8, tzinfo=UTC)


def test_a_failing_migration_changes_nothing(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, folder)
    newest = schema.head()
    (folder / "versions" / "9999_fails.py").write_text(
        f"from alembic import op\nrevision, down_revision = '9999', '{newest}'\n"
        "def upgrade():\n    op.execute('CREATE TABLE half (x)')\n    op.execute('no sql')\n"
    )
    monkeypatch.setattr(schema, "MIGRATIONS", folder)
    with pytest.raises(Exception, match="syntax error"):
        schema.migrate(sqlite_database)
    with sqlite_database.reading() as session:
        assert "half" not in inspect(session.connection()).get_table_names()
        assert schema.revision(session.connection()) == newest


def test_a_backup_holds_everything_and_can_be_opened_alone(
    sqlite_database: Database, profile: Callable[..., MachineProfile], change: Change, tmp_path: Path
) -> None:
    Machines(sqlite_database).add(profile(), change)
    copy = schema.back_up(sqlite_database, tmp_path / "backups", NOW)
    assert copy.name == "workbench-20260101T000000000000Z.db"
    assert [file.name for file in copy.parent.iterdir()] == [copy.name]
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT machine_id FROM machines").fetchall() == [("pump_01",)]
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_backup_on_a_full_disk_leaves_nothing(
    sqlite_database: Database, profile: Callable[..., MachineProfile], change: Change, small_disk: Path
) -> None:
    (small_disk / "ballast").write_bytes(b"x" * (shutil.disk_usage(small_disk).free - 50_000))
    with pytest.raises(EnvironmentFailure, match="full"):
        schema.back_up(sqlite_database, small_disk, NOW)
    assert [file.name for file in small_disk.iterdir()] == ["ballast"]


def test_without_pg_dump_a_server_is_not_migrated_unsaved(
    postgres_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentFailure, match="pg_dump is not installed"):
        schema.back_up(postgres_database, tmp_path / "backups", NOW)


@pytest.mark.skipif(shutil.which("pg_dump") is None, reason="pg_dump is not installed")
def test_a_server_is_backed_up_as_sql(
    postgres_database: Database, profile: Callable[..., MachineProfile], change: Change, tmp_path: Path
) -> None:
    Machines(postgres_database).add(profile(), change)
    copy = schema.back_up(postgres_database, tmp_path / "backups", NOW)
    content = copy.read_text()
    assert "CREATE TABLE public.machines" in content
    assert "pump_01" in content
