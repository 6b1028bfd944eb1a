"""How fast and how frugally telemetry is stored and read back: 14 million readings of 26 simulated machines."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.domain.base import Actor, Change, Role
from workbench.domain.equipment import MachineProfile, Sensor
from workbench.domain.units import Quantity
from workbench.errors import WorkbenchError
from workbench.telemetry.readers.sources import open_source

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.telemetry import Archive

Progress = Callable[[float, str], None]
MACHINES = 26
STEP_S = 30
START = np.datetime64("2025-07-01T00:00:00", "us")
REPEATS = 3
QUERIES = 20
# name: quantity, unit, mean, standard deviation, decimals of the logger
SENSORS: dict[str, tuple[Quantity, str, float, float, int]] = {
    "bearing_temp_C": (Quantity.TEMPERATURE, "degC", 62.0, 4.0, 2),
    "vibration_rms_mm_s": (Quantity.VIBRATION_VELOCITY, "mm/s", 1.8, 0.2, 3),
    "current_A": (Quantity.CURRENT, "A", 41.0, 5.0, 2),
    "power_kW": (Quantity.POWER, "kW", 21.0, 3.0, 2),
    "flow_m3_h": (Quantity.FLOW, "m3/h", 88.0, 7.0, 1),
}
PROTOCOL = (
    "14 million readings of 26 simulated machines (5 sensors, every 30 s): both sides start from the same Arrow table in"
    " memory and write zstd Parquet by machine and month, ours with checks, hashes, syncing and records;"
    " ingest_ratio_to_pyarrow is the plain writer's time over ours (median of 3 each, in turn); aggregate_7d_ms is the"
    " median of 20 warm 7-day aggregations of one machine's whole history; csv_1gb_peak_mb is the highest resident memory"
    " of a child process that ingests a 1 GB CSV file"
)


@dataclass(frozen=True)
class Sizes:
    """How much is done in a full and in a quick run."""

    rows: int = 14_000_000
    csv_bytes: int = 1_000_000_000
    repeats: int = REPEATS


QUICK = Sizes(rows=260_000, csv_bytes=8_000_000, repeats=1)


def run(
    data: Path | None, seeds: Sequence[int], quick: bool, only: Sequence[str], progress: Progress
) -> dict[str, Any]:
    """Run the benchmark; see ``PROTOCOL``. The first seed makes the readings; ``data`` and ``only`` have no meaning."""
    del data, only
    sizes = QUICK if quick else Sizes()
    profiles = {profile.machine_id: profile for profile in _profiles()}
    with tempfile.TemporaryDirectory(prefix="workbench-telemetry-") as name:
        folder = Path(name)
        progress(0.0, "writing the CSV file")
        csv = _write_csv(folder / "fleet.csv", sizes.csv_bytes, seeds[0])
        progress(0.2, "ingesting the CSV file")
        child = _ingest_in_child(folder / "csv", csv)
        csv.unlink()
        shutil.rmtree(folder / "csv")
        progress(0.4, "writing the table")
        table = fleet_table(sizes.rows, seeds[0])
        ours_s, plain_s, ours_bytes, plain_bytes, aggregate_ms = _compare(folder, table, profiles, sizes, progress)
    metrics = {
        "rows": table.num_rows,
        "aggregate_7d_ms": aggregate_ms,
        "ingest_ratio_to_pyarrow": statistics.median(plain_s) / statistics.median(ours_s),
        "csv_1gb_peak_mb": child["peak_mb"],
        "ingest_rows_per_s": table.num_rows / statistics.median(ours_s),
        "bytes_ratio_to_pyarrow": ours_bytes / plain_bytes,
        "csv_rows": child["rows"],
        "csv_bytes": child["bytes"],
    }
    return {
        "data": [],
        "protocol": PROTOCOL,
        "metrics": metrics,
        "peers": {"pyarrow_write_dataset_s": statistics.median(plain_s)},
        "seconds": {"ingest": statistics.median(ours_s), "csv_ingest": child["seconds"]},
        "simulated": True,
        "chosen_by": "no model",
    }


def fleet_table(rows: int, seed: int) -> pa.Table:
    """Return ``rows`` readings machine by machine, each in order of time, as a fleet's export holds them."""
    import pyarrow as pa

    rng = np.random.default_rng(seed)
    each = -(-rows // MACHINES)
    ids = [profile.machine_id for profile in _profiles()]
    codes = np.repeat(np.arange(MACHINES, dtype=np.int32), each)[:rows]
    times = np.tile(START.astype(np.int64) + np.arange(each) * STEP_S * 1_000_000, MACHINES)[:rows]
    columns: dict[str, Any] = {
        "machine_id": pa.DictionaryArray.from_arrays(codes, ids).cast(pa.string()),
        "time": pa.array(times).cast(pa.timestamp("us", tz="UTC")),
    }
    for name, (_, _, mean, deviation, decimals) in SENSORS.items():
        columns[name] = np.round(rng.standard_normal(rows, dtype=np.float32) * deviation + mean, decimals).astype(float)
        columns[name] = np.round(np.abs(columns[name]), decimals)
    return pa.table(columns)


def _profiles() -> Iterator[MachineProfile]:
    for number in range(1, MACHINES + 1):
        yield MachineProfile(
            machine_id=f"benchmark_machine_{number:03d}",
            machine_type="benchmark_machine",
            title=f"Simulated machine {number}",
            manufacturer="simulated",
            model="simulated",
            site_id="benchmark",
            sensors=tuple(
                Sensor(
                    name=name,
                    quantity=quantity,
                    unit=unit,
                    normal_low=mean - 3 * deviation,
                    normal_high=mean + 3 * deviation,
                    physical_low=-1e4,
                    physical_high=1e4,
                )
                for name, (quantity, unit, mean, deviation, _) in SENSORS.items()
            ),
        )


def _change() -> Change:
    return Change(
        actor=Actor(id="benchmark", role=Role.SYSTEM), reason="benchmark", at=datetime(2026, 1, 1, tzinfo=UTC)
    )


@contextmanager
def _archive(folder: Path) -> Iterator[Archive]:
    """Yield an empty archive with its own records; the folder is removed afterwards."""
    from workbench.store.database import Database, sqlite_url
    from workbench.store.records import Machines
    from workbench.store.schema import migrate
    from workbench.telemetry import Archive

    folder.mkdir(parents=True)
    database = Database.open(sqlite_url(folder / "workbench.db"))
    try:
        migrate(database)
        for profile in _profiles():
            Machines(database).add(profile, _change())
        yield Archive(folder, database)
    finally:
        database.close()
        shutil.rmtree(folder)


def _compare(
    folder: Path, table: pa.Table, profiles: Mapping[str, MachineProfile], sizes: Sizes, progress: Progress
) -> tuple[list[float], list[float], int, int, float]:
    ours_s: list[float] = []
    plain_s: list[float] = []
    ours_bytes = plain_bytes = 0
    aggregate_ms = float("nan")
    partitioned = _with_month(table)
    for turn in range(sizes.repeats):
        progress(0.4 + 0.6 * turn / sizes.repeats, f"storing {table.num_rows:,} rows, turn {turn + 1}")
        plain = folder / "plain"
        plain_s.append(_timed(lambda plain=plain: _write_plainly(partitioned, plain)))  # type: ignore[misc]
        plain_bytes = _bytes(plain)
        shutil.rmtree(plain)
        os.sync()
        with _archive(folder / "ours") as archive:
            ours_s.append(
                _timed(
                    lambda archive=archive: archive.store(table, profiles, source="benchmark", change=_change())  # type: ignore[misc]
                )
            )
            stored = archive.rows()
            if stored != table.num_rows:
                raise WorkbenchError(f"{stored} of {table.num_rows} rows were stored.", "Report this.")
            ours_bytes = _bytes(folder / "ours" / "telemetry")
            if turn == sizes.repeats - 1:
                aggregate_ms = _aggregate_ms(archive, next(iter(profiles)))
        os.sync()
    return ours_s, plain_s, ours_bytes, plain_bytes, aggregate_ms


def _with_month(table: pa.Table) -> pa.Table:
    import pyarrow as pa

    months = table.column("time").cast(pa.int64()).to_numpy().astype("datetime64[us]").astype("datetime64[M]")
    codes = (months - months.min()).astype(np.int32)
    names = [str(months.min() + i) for i in range(int(codes.max()) + 1)]
    return table.append_column("month", pa.DictionaryArray.from_arrays(codes, names).cast(pa.string()))


def _write_plainly(table: pa.Table, folder: Path) -> None:
    import pyarrow.dataset as ds

    ds.write_dataset(
        table,
        folder,
        format="parquet",
        partitioning=["machine_id", "month"],
        partitioning_flavor="hive",
        file_options=ds.ParquetFileFormat().make_write_options(compression="zstd"),
    )


def _timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.parquet"))


def _aggregate_ms(archive: Archive, machine_id: str) -> float:
    archive.aggregate(machine_id, every="7d")
    return statistics.median(1000 * _timed(lambda: archive.aggregate(machine_id, every="7d")) for _ in range(QUERIES))


def _write_csv(path: Path, size: int, seed: int) -> Path:
    """Write at least ``size`` bytes of readings, machine by machine."""
    from pyarrow import csv

    sample = fleet_table(26_000, seed)
    csv.write_csv(sample, path)
    rows = int(size / path.stat().st_size * 26_000) + 26_000
    chunk = 1_000_000
    table = fleet_table(rows, seed)
    with csv.CSVWriter(path, table.schema) as writer:
        for start in range(0, rows, chunk):
            writer.write_table(table.slice(start, chunk))
    return path


def _ingest_in_child(folder: Path, csv: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "workbench.workflows.benchmarks.telemetry", str(folder), str(csv)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise WorkbenchError(f"Ingesting {csv} failed: {done.stderr[-500:]}", "Check space and memory, then try again.")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _peak_mb() -> float:
    """Highest resident memory of this process in MB (10^6 bytes).

    On Linux from VmHWM: ru_maxrss of a child also counts what its parent held when it was started.
    """
    import resource

    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e6


def _child(folder: Path, csv: Path) -> dict[str, float]:
    profiles = {profile.machine_id: profile for profile in _profiles()}
    with _archive(folder / "archive") as archive:
        started = time.perf_counter()
        report = archive.store_source(open_source(csv), profiles, change=_change())
        seconds = time.perf_counter() - started
    return {"peak_mb": _peak_mb(), "rows": report.rows_stored, "seconds": seconds, "bytes": csv.stat().st_size}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_child(Path(sys.argv[1]), Path(sys.argv[2]))))
