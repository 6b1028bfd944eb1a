"""A small workspace of records and two machines for the telemetry tests."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from workbench.domain.base import Actor, Change
from workbench.domain.equipment import MachineProfile, Sensor
from workbench.store.database import Database, sqlite_url
from workbench.store.records import Machines, Segments
from workbench.store.schema import migrate
from workbench.telemetry import Archive
from workbench.telemetry.readers.sources import open_source


def make_profile(machine_id: str, **fields) -> MachineProfile:
    sensors = fields.pop("sensors", None) or (
        Sensor(
            name="bearing_temp_C",
            quantity="temperature",
            unit="degC",
            normal_low=20,
            normal_high=80,
            physical_low=-40,
            physical_high=200,
        ),
        Sensor(
            name="vibration_rms_mm_s",
            quantity="vibration_velocity",
            unit="mm/s",
            normal_low=0,
            normal_high=3,
            physical_low=0,
            physical_high=100,
        ),
    )
    return MachineProfile(
        machine_id=machine_id,
        machine_type="motor",
        title=machine_id,
        manufacturer="Test",
        model="T1",
        site_id="plant",
        sensors=sensors,
        **fields,
    )


def readings(rows: int = 1000, start: str = "2025-06-20", every: str = "1h", seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "time": pd.date_range(start, periods=rows, freq=every, tz="UTC").astype("datetime64[us, UTC]"),
            "bearing_temp_C": np.round(rng.normal(60, 5, rows), 3),
            "vibration_rms_mm_s": np.round(rng.gamma(4, 0.4, rows), 4),
        }
    )


def change(reason: str = "test") -> Change:
    return Change(actor=Actor(id="tester"), reason=reason, at=datetime(2026, 1, 1, tzinfo=UTC))


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@functools.cache
def _migrated() -> bytes:
    """An empty database; migrating once is enough for all tests."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(sqlite_url(Path(folder) / "workbench.db"))
        migrate(database)
        with database.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        return (Path(folder) / "workbench.db").read_bytes()


class Plant:
    """An archive with its records."""

    def __init__(self, data: Path) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self.data = data
        (data / "workbench.db").write_bytes(_migrated())
        self.database = Database.open(sqlite_url(data / "workbench.db"))
        self.archive = Archive(data, self.database)
        self.profiles = {name: make_profile(name) for name in ("motor_a", "motor_b")}
        machines = Machines(self.database)
        for profile in self.profiles.values():
            machines.add(profile, change())

    def add(self, profile: MachineProfile) -> None:
        Machines(self.database).add(profile, change())
        self.profiles[profile.machine_id] = profile

    def store(self, frame: pd.DataFrame, machine_id: str | None = "motor_a", **kwargs):
        table = pa.Table.from_pandas(frame, preserve_index=False)
        return self.archive.store(
            table, self.profiles, source="frame", change=change(), machine_id=machine_id, **kwargs
        )

    def file(self, path: Path, text: str | None = None, machine_id: str | None = "motor_a", **kwargs):
        if text is not None:
            path.write_text(text)
        mapping = kwargs.get("mapping")
        source = open_source(path, delimiter=mapping.delimiter if mapping else None)
        return self.archive.store_source(
            source, self.profiles, change=change(), machine_id=None if mapping else machine_id, **kwargs
        )

    def events(self, path: Path, text: str | None = None, **kwargs):
        if text is not None:
            path.write_text(text)
        return self.archive.store_events(path, self.profiles, change=change(), **kwargs)

    def batches(self):
        return Segments(self.database).batches()

    def files(self) -> list[str]:
        folder = self.data / "telemetry"
        return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and p.name != ".lock")

    def contents(self) -> dict[str, bytes]:
        """All files but the lock and the records, whose side files change when one only looks into them."""
        found = snapshot(self.data)
        return {name: found[name] for name in found if "workbench.db" not in name and not name.endswith(".lock")}

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Check that the block leaves every file and every record as it was."""
        files, records = self.contents(), self.records()
        yield
        assert self.contents() == files
        assert self.records() == records
        assert not (self.data / "telemetry" / ".staging").exists()

    def records(self) -> bytes:
        """All rows of all tables, as text."""
        import sqlite3
        from contextlib import closing

        with closing(sqlite3.connect(self.data / "workbench.db")) as connection:
            return "\n".join(connection.iterdump()).encode()


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    return Plant(tmp_path / "data")
