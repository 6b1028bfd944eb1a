"""A full or read-only disk: an environment failure, and everything as it was."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from functools import partial

import pytest
from tests.conftest import lacking
from tests.telemetry.conftest import Plant, readings, snapshot

from workbench.errors import EnvironmentFailure


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
    from workbench.telemetry import ingest as pipeline

    monkeypatch.setattr(pipeline, "SPOOL_BYTES", 100_000)
    with mounted(tmp_path / "small", "2500k") as disk:
        plant = Plant(disk / "data")
        plant.store(readings(500))
        files, records = snapshot(plant.data / "telemetry"), plant.records()
        frame = readings(200_000, start="2024-01-01", every="1min", seed=3)
        frame["bearing_temp_C"] += frame.index / 1e7
        (tmp_path / "big.csv").write_text(frame.to_csv(index=False))
        attempt = partial(plant.file, tmp_path / "big.csv") if kind == "csv" else partial(plant.store, frame)
        with pytest.raises(EnvironmentFailure, match="disk is full") as caught:
            attempt()
        assert caught.value.exit_code == 3
        assert snapshot(plant.data / "telemetry") == files
        assert plant.records() == records
        assert not (plant.data / "telemetry" / ".staging").exists()
        assert plant.store(readings(500)).already_ingested
        plant.database.close()


def test_a_read_only_workspace_is_an_environment_failure(tmp_path):
    with mounted(tmp_path / "disk", "20m") as disk:
        plant = Plant(disk / "data")
        plant.store(readings(100))
        plant.database.close()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(EnvironmentFailure, match="read-only"):
            plant.store(readings(10, start="2023-01-01"))
        plant.database.close()
