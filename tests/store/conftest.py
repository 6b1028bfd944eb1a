"""Databases to test on: a fresh SQLite file, a throw-away PostgreSQL database, a small disk, a read-only one."""

from __future__ import annotations

import multiprocessing
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, text
from tests.conftest import lacking

from workbench.domain.base import Actor, Change, Role
from workbench.domain.equipment import MachineProfile, Quantity, Sensor
from workbench.store import schema
from workbench.store.database import Database, sqlite_url
from workbench.store.records import Machines
from workbench.store.tables import metadata


@pytest.fixture
def change() -> Change:
    return Change(actor=Actor(id="ada", role=Role.OPERATOR), reason="a test", at=datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def profile() -> Callable[..., MachineProfile]:
    def make(machine_id: str = "pump_01", **fields: object) -> MachineProfile:
        sensor = Sensor(
            name="bearing_temperature",
            quantity=Quantity.TEMPERATURE,
            unit="degC",
            normal_low=20,
            normal_high=70,
            physical_low=-40,
            physical_high=200,
        )
        known = {
            "machine_id": machine_id,
            "machine_type": "centrifugal_pump",
            "title": "Feed pump",
            "manufacturer": "unknown",
            "model": "unknown",
            "site_id": "plant_north",
            "sensors": (sensor,),
        }
        return MachineProfile.model_validate({**known, **fields})

    return make


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "workbench.db"
    database = Database.open(sqlite_url(file))
    schema.migrate(database)
    database.close()
    return file


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    file = tmp_path / "workbench.db"
    shutil.copy(sqlite_template, file)
    database = Database.open(sqlite_url(file))
    yield database
    database.close()


@pytest.fixture(scope="session")
def postgres_migrated(postgres_url: str) -> Iterator[Database]:
    database = Database.open(postgres_url)
    schema.migrate(database)
    yield database
    database.close()


@pytest.fixture
def postgres_database(postgres_migrated: Database) -> Database:
    with postgres_migrated.writing() as session:
        # The event log refuses deletion; only a superuser's session of a throw-away database may pass over that.
        session.execute(text("SET LOCAL session_replication_role = replica"))
        for table in reversed(metadata.sorted_tables):
            session.execute(delete(table))
    return postgres_migrated


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    name = "sqlite_database" if request.param == "sqlite" else "postgres_database"
    found: Database = request.getfixturevalue(name)
    return found


@pytest.fixture
def fleet(database: Database, profile: Callable[..., MachineProfile], change: Change) -> Database:
    """A database with the machines pump_01 and fan_02."""
    for machine_id in ("pump_01", "fan_02"):
        Machines(database).add(profile(machine_id), change)
    return database


def _mounted(folder: Path, *options: str) -> None:
    folder.mkdir()
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lacking("mount", f"this user may not mount: {done.stderr.strip()}")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MiB."""
    folder = tmp_path / "small"
    _mounted(folder, "-t", "tmpfs", "-o", "size=4m", "tmpfs")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def make_read_only(tmp_path: Path) -> Iterator[Callable[[Path], Path]]:
    """A function that shows a folder read-only at another place."""
    places: list[Path] = []

    def show(folder: Path) -> Path:
        place = tmp_path / f"read_only_{len(places)}"
        _mounted(place, "--bind", str(folder))
        places.append(place)
        subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
        return place

    yield show
    for place in places:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def race() -> Callable[..., list[int | None]]:
    """A function that runs ``work(url, name, *more)`` in two processes at once and returns their exit codes."""

    def run(database: Database, work: Callable[..., None], *more: object) -> list[int | None]:
        # Connections must not be shared with a forked process.
        database.close()
        context = multiprocessing.get_context("fork")
        both = [context.Process(target=work, args=(database.url, name, *more)) for name in ("one", "two")]
        for process in both:
            process.start()
        for process in both:
            process.join(60)
        return [process.exitcode for process in both]

    return run
