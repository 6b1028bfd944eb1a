"""A workspace is made, opened, upgraded and used; what stands in the way is said in words."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from sqlalchemy import Engine, create_engine, inspect, make_url, text
from tests.conftest import lacking

from workbench.domain.base import Actor, Role
from workbench.domain.equipment import MachineProfile, Quantity, Sensor
from workbench.domain.observations import AssetEvent, EventKind
from workbench.errors import EnvironmentFailure, InputError, InvalidDocument, NotFound, SchemaOutdated
from workbench.store import database, schema
from workbench.workflows.durable import executing
from workbench.workflows.upgrade import upgrade_workspace
from workbench.workspace import Workspace, open_workspace

START = datetime(2025, 7, 1, tzinfo=UTC)


def _profile(machine_id: str = "pump_01") -> MachineProfile:
    sensor = Sensor(
        name="temperature",
        quantity=Quantity.TEMPERATURE,
        unit="degC",
        normal_low=20,
        normal_high=70,
        physical_low=-40,
        physical_high=200,
    )
    return MachineProfile(
        machine_id=machine_id,
        machine_type="centrifugal_pump",
        title="Feed pump",
        manufacturer="unknown",
        model="unknown",
        site_id="north",
        sensors=(sensor,),
    )


def _hold_lock(file: Path) -> subprocess.Popen[str]:
    code = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN IMMEDIATE');"
        "print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AS_OF", "DATABASE_URL", "NAME"):
        monkeypatch.delenv(f"WORKBENCH_{name}", raising=False)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "plant"
    Workspace.init(path, settings={"name": "Plant"}).close()
    return path


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Iterator[Workspace]:
    shutil.copytree(made, tmp_path / "plant")
    workspace = Workspace.open(tmp_path / "plant", actor=Actor(id="ada", role=Role.OPERATOR))
    yield workspace
    workspace.close()


def test_a_new_workspace_has_its_folders_settings_and_tables(workspace: Workspace) -> None:
    names = sorted(entry.name for entry in workspace.path.iterdir())
    assert names == ["data", "models", "outputs", "workbench.toml"]
    assert workspace.settings.name == "Plant"
    with workspace.database.reading() as session:
        tables = set(inspect(session.connection()).get_table_names())
    assert {"machines", "work_orders", "event_log", "workflow_status", "datasource_outputs"} <= tables
    assert workspace.machines.all() == []


def test_a_workspace_is_not_made_over_another(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a workspace already"):
        Workspace.init(workspace.path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        Workspace.init(tmp_path / "file")


def test_an_interrupted_init_may_be_run_again(workspace: Workspace) -> None:
    (workspace.path / "workbench.toml").unlink()
    Workspace.init(workspace.path).close()
    Workspace.open(workspace.path).close()


def test_wrong_settings_make_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(InvalidDocument, match="currency"):
        Workspace.init(tmp_path / "plant", settings={"currency": "euro"})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_workspace_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=f"workbench init {tmp_path}"):
        Workspace.open(tmp_path)


def test_a_workspace_can_be_opened_and_read_while_another_process_writes(workspace: Workspace) -> None:
    holder = _hold_lock(workspace.path / "data" / "workbench.db")
    try:
        start = time.monotonic()
        with Workspace.open(workspace.path) as opened:
            assert opened.machines.ids() == []
            assert opened.log.entries() == []
        assert time.monotonic() - start < 2
    finally:
        holder.communicate("")


def test_a_write_waits_and_then_says_which_process_holds_the_records(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.2)
    file = workspace.path / "data" / "workbench.db"
    holder = _hold_lock(file)
    try:
        with (
            Workspace.open(workspace.path) as opened,
            pytest.raises(EnvironmentFailure, match="locked by another process") as caught,
        ):
            opened.machines.add(_profile(), opened.change("test"))
        assert caught.value.exit_code == 3
        assert str(file) in caught.value.what
        if sys.platform == "linux":
            assert f"(process {holder.pid})" in caught.value.what
            assert "-c import sqlite3" in caught.value.what
    finally:
        holder.communicate("")
    workspace.machines.add(_profile(), workspace.change("test"))


def test_nothing_is_executed_on_records_that_another_process_holds(workspace: Workspace) -> None:
    holder = _hold_lock(workspace.path / "data" / "workbench.db")
    try:
        start = time.monotonic()
        with pytest.raises(EnvironmentFailure, match="locked by another process") as caught, executing(workspace):
            pass
        assert time.monotonic() - start < 4
        assert caught.value.exit_code == 3
    finally:
        holder.communicate("")


def test_a_server_that_keeps_a_write_waiting_is_told_by_its_session(
    tmp_path: Path, fresh_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.2)
    workspace = Workspace.init(tmp_path / "plant", settings={"database_url": fresh_postgres_url})
    engine = create_engine(fresh_postgres_url, connect_args={"application_name": "somebody's import"})
    with engine.begin() as connection:
        connection.execute(text("LOCK TABLE machines IN EXCLUSIVE MODE"))
        connection.execute(text("INSERT INTO sites (site_id, body) VALUES ('north', '{}')"))
        assert Workspace.open(workspace.path).machines.ids() == []
        with pytest.raises(EnvironmentFailure, match="locked by another process: somebody's import"):
            workspace.machines.add(_profile(), workspace.change("test"))
    engine.dispose()
    workspace.close()


def test_a_read_only_workspace_is_reported(workspace: Workspace, tmp_path: Path) -> None:
    shown = tmp_path / "shown"
    shown.mkdir()
    workspace.close()
    done = subprocess.run(["mount", "--bind", str(workspace.path), str(shown)], capture_output=True, check=False)
    if done.returncode != 0:
        lacking("mount", "this user may not mount")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(shown)], check=True)
        with pytest.raises(EnvironmentFailure, match="read-only") as caught:
            Workspace.open(shown)
        assert str(shown) in caught.value.what
        with pytest.raises(EnvironmentFailure, match="read-only"):
            Workspace.init(shown / "inner")
    finally:
        subprocess.run(["umount", "-l", str(shown)], check=True)


def test_a_full_disk_makes_no_workspace(tmp_path: Path) -> None:
    disk = tmp_path / "small"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(disk)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        lacking("mount", "this user may not mount")
    try:
        with pytest.raises(EnvironmentFailure, match="full"):
            Workspace.init(disk / "plant")
        with pytest.raises(NotFound, match="workbench init"):
            Workspace.open(disk / "plant")
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture
def newer_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """This version of the workbench knows one schema more than the workspace was made with, which is returned."""
    made_with = schema.head()
    folder = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, folder)
    (folder / "versions" / "9999_colour.py").write_text(
        f"from alembic import op\nimport sqlalchemy as sa\nrevision, down_revision = '9999', '{made_with}'\n"
        "def upgrade():\n    op.add_column('machines', sa.Column('colour', sa.Text()))\n"
    )
    monkeypatch.setattr(schema, "MIGRATIONS", folder)
    return made_with


def test_an_older_schema_is_refused_until_it_is_upgraded_with_a_backup(
    workspace: Workspace, newer_version: str
) -> None:
    workspace.machines.add(_profile(), workspace.change("test"))
    workspace.close()
    with pytest.raises(SchemaOutdated, match="workbench upgrade") as caught:
        Workspace.open(workspace.path)
    assert caught.value.exit_code == 3
    said = upgrade_workspace(workspace.path)
    (backup,) = (workspace.path / "data" / "backups").iterdir()
    assert str(backup) in said
    assert "9999" in said
    with closing(sqlite3.connect(backup)) as old:
        assert old.execute("SELECT version_num FROM alembic_version").fetchone() == (newer_version,)
        assert old.execute("SELECT machine_id FROM machines").fetchall() == [("pump_01",)]
    opened = Workspace.open(workspace.path)
    assert opened.machines.ids() == ["pump_01"]
    assert "already" in upgrade_workspace(workspace.path)
    opened.close()


def test_an_upgrade_waits_for_nobody_and_changes_nothing_when_locked(workspace: Workspace, newer_version: str) -> None:
    workspace.close()
    holder = _hold_lock(workspace.path / "data" / "workbench.db")
    try:
        with pytest.raises(EnvironmentFailure, match="locked"):
            upgrade_workspace(workspace.path)
    finally:
        holder.communicate("")
    assert not (workspace.path / "data" / "backups").exists()


def test_a_transaction_keeps_all_or_nothing(workspace: Workspace) -> None:
    def fail_half_way() -> None:
        with workspace.transaction() as bound:
            bound.machines.add(_profile(), bound.change("test"))
            assert bound.machines.ids() == ["pump_01"]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert (workspace.machines.ids(), workspace.log.entries()) == ([], [])
    with workspace.transaction() as bound:
        bound.machines.add(_profile(), bound.change("commissioning"))
    (entry,) = workspace.log.entries()
    assert (entry.actor, entry.role, entry.reason, entry.key) == ("ada", "operator", "commissioning", "pump_01")


def test_every_kind_of_record_can_be_reached_also_within_a_transaction(workspace: Workspace) -> None:
    names = "sites technicians parts suppliers models packages cases orders dispatch_reports dispatch_history notices"
    names += " predictions runs reports"
    with workspace.transaction() as bound:
        for name in names.split():
            assert getattr(bound, name).all() == []
            assert getattr(workspace, name).all() == []
        assert bound.segments.list() == []
        assert bound.log.entries() == []


def test_a_workspace_closes_at_the_end_of_a_with_block(workspace: Workspace) -> None:
    with open_workspace(workspace.path) as opened:
        opened.sites.all()
        assert opened.database.engine.pool.checkedin() == 1
    assert opened.database.engine.pool.checkedin() == 0


def test_as_of_is_fixed_in_the_settings_or_runs_with_the_clock(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert abs(workspace.as_of() - datetime.now(UTC)) < timedelta(seconds=5)
    workspace.set_as_of(START)
    assert workspace.as_of() == START
    assert Workspace.open(workspace.path).as_of() == START
    workspace.set_as_of("live")
    assert workspace.settings.as_of == "live"
    with pytest.raises(InvalidDocument):
        workspace.set_as_of("yesterday")
    monkeypatch.setenv("WORKBENCH_AS_OF", "2020-01-01T00:00:00Z")
    with pytest.raises(InputError, match="WORKBENCH_AS_OF"):
        workspace.set_as_of(START)


def test_machine_data_are_never_later_than_as_of(workspace: Workspace) -> None:
    change = workspace.change("test")
    for machine_id in ("pump_01", "pump_02"):
        workspace.machines.add(_profile(machine_id), change)
    times = [START + timedelta(hours=hour) for hour in range(48)]
    table = pa.table(
        {
            "machine_id": ["pump_01"] * 48,
            "time": pa.array(times, pa.timestamp("us", "UTC")),
            "temperature": [40.0 + hour / 10 for hour in range(48)],
        }
    )
    profiles = {profile.machine_id: profile for profile in workspace.machines.all()}
    before = workspace.data_hash()
    workspace.telemetry.store(table, profiles, source="test", change=change)
    events = [AssetEvent(machine_id="pump_01", time=t, kind=EventKind.STOP, source="test") for t in times[::10]]
    workspace.events.add(events, change)
    assert workspace.data_hash() != before
    workspace.set_as_of(times[20])
    first, second = workspace.fleet_data()
    assert (first.profile.machine_id, len(first.telemetry), len(second.telemetry)) == ("pump_01", 21, 0)
    assert first.telemetry["time"].max() == times[20]
    assert list(first.events["time"]) == times[:21:10]
    assert list(first.events.columns) == ["time", "kind", "cause"]
    assert len(workspace.machine_data("pump_01", times[3]).telemetry) == 4
    with pytest.raises(NotFound, match="Did you mean"):
        workspace.machine_data("pump_03")


def test_importing_a_workspace_loads_no_engine_and_no_workflow_engine() -> None:
    code = (
        "import sys, workbench.workspace;"
        "print([m for m in ('dbos', 'pandas', 'sklearn', 'duckdb', 'pyarrow', 'alembic', 'workbench.ml',"
        "'workbench.telemetry') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Runs in a process of its own, because a process executes workflows for one workspace only.
WORKFLOW = """
import json, sys
from dbos import DBOS, DBOSPortableJSONSerializer, SQLAlchemyDatasource
from workbench.workspace import Workspace
from workbench.domain.equipment import Part

ws = Workspace.open(sys.argv[1])
change = ws.change("workflow")
ws.parts.put(Part(part_id="bearing", title="B", unit_cost=1, stock=3, lead_time_days=1, supplier_id="north"), change)
serializer = DBOSPortableJSONSerializer()
DBOS(config={"name": "workbench", "system_database_url": ws.database.url, "serializer": serializer,
             "log_level": "CRITICAL"})
ds = SQLAlchemyDatasource.create(ws.database.url, engine=ws.database.engine, serializer=serializer)

def reserve(order_id, fail):
    bound = ws.bound(ds.sql_session())
    held = bound.parts.reserve(order_id, [("bearing", 2)], change)
    if fail:
        raise RuntimeError("after the write")
    return [line.quantity for line in held]

@DBOS.workflow()
def cycle(order_id, fail):
    return ds.run_tx_step({"name": "reserve"}, reserve, order_id, fail)

DBOS.listen_queues([])
DBOS.launch()
results = [cycle("one", False)]
try:
    cycle("lost", True)
except RuntimeError:
    results.append("rolled back")
results.append(cycle("two", False))
DBOS.destroy()
print(json.dumps([results, len(ws.parts.reservations()), ws.parts.available("bearing")]))
"""


def _run_workflow(path: Path) -> object:
    done = subprocess.run([sys.executable, "-c", WORKFLOW, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_workflow_step_writes_in_the_transaction_of_its_checkpoint(workspace: Workspace) -> None:
    assert _run_workflow(workspace.path) == [[[2], "rolled back", [1]], 2, 0]


def test_a_postgresql_url_moves_everything(tmp_path: Path, postgres_server: Engine, fresh_postgres_url: str) -> None:
    # As people write it: without the name of a driver.
    url = make_url(fresh_postgres_url).set(drivername="postgresql")
    settings = {"database_url": url.render_as_string(hide_password=False)}
    Workspace.init(tmp_path / "plant", settings=settings).close()
    workspace = Workspace.open(tmp_path / "plant")
    workspace.machines.add(_profile(), workspace.change("test"))
    assert list((workspace.path / "data").iterdir()) == []
    with workspace.database.reading() as session:
        inspector = inspect(session.connection())
        assert "workflow_status" in inspector.get_table_names("dbos")
        assert "machines" in inspector.get_table_names("public")
    assert _run_workflow(workspace.path) == [[[2], "rolled back", [1]], 2, 0]
    assert "already" in upgrade_workspace(workspace.path)
    workspace.close()
    with postgres_server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {url.database} WITH (FORCE)"))
    with pytest.raises(EnvironmentFailure, match=str(url.database)):
        Workspace.open(tmp_path / "plant")


def test_failure_recorded_again_without_its_cause_counts_once(tmp_path):
    from workbench.workspace import _named_once

    events = pd.DataFrame(
        {
            "time": pd.to_datetime(["2025-01-01", "2025-01-01", "2025-02-01", "2025-02-01"], utc=True),
            "kind": ["failure", "failure", "failure", "replacement"],
            "cause": ["air_leak", "unknown", "unknown", "unknown"],
        }
    )
    assert _named_once(events)["cause"].tolist() == ["air_leak", "unknown", "unknown"]
    assert _named_once(events.iloc[:0]).empty


def test_a_notebook_shows_results_in_short_and_repr_gives_all(tmp_path):
    from IPython.lib.pretty import pretty

    from workbench.workflows.cycle import FleetRun

    profile = _profile()
    shown = pretty([profile, profile])
    assert shown.count("machine_id='pump_01'") == 2
    assert "sensors=<1 Sensor>" in shown
    assert len(shown) < len(repr([profile, profile]))
    assert "Quantity.TEMPERATURE" in repr(profile)
    run = FleetRun(as_of=datetime(2026, 1, 1, tzinfo=UTC), results=({"outcome": "x"},) * 5, repeated=0, failed=())
    assert pretty(run) == "FleetRun(as_of=2026-01-01 00:00 UTC, results=<5 items>, repeated=0)"
    with Workspace.init(tmp_path / "W", settings={"name": "Mill"}) as ws:
        assert repr(ws) == f"<workspace 'Mill' in {tmp_path / 'W'}>"
