"""A full or read-only disk, locked records: an environment failure, and everything as it was."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from contextlib import closing, contextmanager
from functools import partial

import pytest
from tests.conftest import lacking
from tests.telemetry.conftest import Plant, readings, snapshot

from workbench.errors import EnvironmentFailure
from workbench.store import database
from workbench.telemetry import ingest as pipeline


@contextmanager
def mounted(folder, size: str):
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lacking("tmpfs", f"a tmpfs cannot be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("kind", ["table", "csv"])
def test_a_full_disk_leaves_archive_and_records_as_they_were(tmp_path, kind, monkeypatch):
    monkeypatch.setattr(pipeline, "SPOOL_BYTES", 100_000)
    with mounted(tmp_path / "small", "1500k") as disk:
        plant = Plant(disk / "data")
        plant.store(readings(500))
        frame = readings(100_000, start="2024-01-01", every="1min", seed=3)
        frame["bearing_temp_C"] += frame.index / 1e7
        if kind == "csv":
            frame.to_csv(tmp_path / "big.csv", index=False)
        attempt = partial(plant.file, tmp_path / "big.csv") if kind == "csv" else partial(plant.store, frame)
        with plant.unchanged(), pytest.raises(EnvironmentFailure, match="disk is full") as caught:
            attempt()
        assert caught.value.exit_code == 3
        assert plant.store(readings(500)).already_ingested
        plant.database.close()


@pytest.mark.parametrize("left_kb", [0, 200])
def test_a_full_disk_takes_no_event_and_leaves_no_quarantine_file(tmp_path, left_kb):
    rows = [f"motor_a,{time:%Y-%m-%d %H:%M}Z,error,e{i % 9}" for i, time in enumerate(readings(5000).time)]
    rows[7] = "motor_a,some day,error,e1"
    (tmp_path / "events.csv").write_text("machine_id,time,kind,cause\n" + "\n".join(rows) + "\n")
    with mounted(tmp_path / "small", "4m") as disk:
        plant = Plant(disk / "data")
        plant.store(readings(10))
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(shutil.disk_usage(disk).free - left_kb * 1024))
        with plant.unchanged(), pytest.raises(EnvironmentFailure, match="full") as caught:
            plant.events(tmp_path / "events.csv")
        assert caught.value.exit_code == 3
        ballast.unlink()
        assert plant.events(tmp_path / "events.csv").rows_stored == 4999
        plant.database.close()


def test_a_read_only_workspace_is_an_environment_failure(tmp_path):
    with mounted(tmp_path / "disk", "20m") as disk:
        plant = Plant(disk / "data")
        plant.store(readings(100))
        plant.database.close()
        files = snapshot(plant.data)
        (tmp_path / "events.csv").write_text("machine_id,time,kind\nmotor_a,2025-01-01,stop\n")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        for attempt in (
            partial(plant.store, readings(10, start="2023-01-01")),
            partial(plant.events, tmp_path / "events.csv"),
        ):
            with pytest.raises(EnvironmentFailure, match="read-only") as caught:
                attempt()
            assert caught.value.exit_code == 3
        assert snapshot(plant.data) == files
        plant.database.close()


def test_records_locked_by_another_process_take_neither_readings_nor_events(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.1)
    plant = Plant(tmp_path / "data")
    plant.store(readings(10))
    frame = readings(100, start="2023-01-01")
    frame.loc[3, "bearing_temp_C"] = 999.0
    rows = "\n".join(f"motor_a,{day},stop" for day in ["2025-01-01", "2025-01-02", "2025-01-03", "2025-01-04", "?"])
    (tmp_path / "events.csv").write_text(f"machine_id,time,kind\n{rows}\n")
    attempts = (partial(plant.store, frame), partial(plant.events, tmp_path / "events.csv"))
    with closing(sqlite3.connect(plant.data / "workbench.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for attempt in attempts:
            with plant.unchanged(), pytest.raises(EnvironmentFailure, match="locked by another process") as caught:
                attempt()
            assert caught.value.exit_code == 3
    assert [attempt().rows_stored for attempt in attempts] == [99, 4]
