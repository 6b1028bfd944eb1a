"""Asset events from a file: the same strictness and idempotency as readings."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.telemetry.conftest import change, readings

from workbench.domain.observations import AssetEvent, EventKind
from workbench.errors import InputError, NotFound, RefusedFile
from workbench.store.records import EventLog, Events, Segments

TEXT = """machine_id,time,kind,failure_mode,source
motor_b,2025-03-01 08:00,failure,bearing_wear,shift log
motor_a,2025-02-01 08:00,Maintenance,,
motor_a,2025-02-01 08:00,Maintenance,,
"""


def daily(days: int = 20) -> list[str]:
    """Lines of a file: its header, and an event of each day."""
    return [
        "machine_id,time,kind,component",
        *(f"motor_a,2025-02-{day:02d} 08:00,error,e1" for day in range(1, days + 1)),
    ]


def counts(report) -> tuple[int, int, int, int]:
    return report.rows_read, report.rows_stored, report.rows_identical, report.rows_quarantined


def recorded(plant) -> pd.DataFrame:
    return Events(plant.database).frame()


def test_events_come_in_order_once_and_with_defaults(plant, tmp_path):
    report = plant.events(tmp_path / "events.csv", TEXT)
    assert counts(report) == (3, 2, 1, 0)
    assert report.machines == ("motor_a", "motor_b")
    assert (report.first_time.month, report.last_time.month, report.segments) == (2, 3, 0)
    found = recorded(plant)[["machine_id", "kind", "cause", "source"]]
    assert found.to_numpy().tolist() == [
        ["motor_a", EventKind.MAINTENANCE, "unknown", "events.csv"],
        ["motor_b", EventKind.FAILURE, "bearing_wear", "shift log"],
    ]
    assert plant.archive.quarantined(report.batch_id).empty
    assert plant.archive.rows() == 0


def test_local_times_and_parquet(plant, tmp_path):
    (tmp_path / "events.csv").write_text(TEXT)
    pd.read_csv(tmp_path / "events.csv").assign(shift="late").to_parquet(tmp_path / "events.parquet")
    first = plant.events(tmp_path / "events.csv", time_zone="Europe/Berlin")
    assert recorded(plant).time[0].hour == 7
    assert first.notes[0] == "times without a zone were read as local time of Europe/Berlin"
    again = plant.events(tmp_path / "events.parquet", time_zone="Europe/Berlin")
    assert counts(again) == (3, 0, 3, 0)
    assert again.notes[0] == "1 column that is no part of an event was ignored: shift"
    with pytest.raises(InputError, match="unknown"):
        plant.events(tmp_path / "events.csv", time_zone="Mars/Base")


def test_the_same_file_twice_changes_nothing_whatever_its_name(plant, tmp_path):
    first = plant.events(tmp_path / "events.csv", TEXT)
    with plant.unchanged():
        again = plant.events(tmp_path / "renamed.csv", TEXT)
    assert again.already_ingested
    assert again.batch_id == first.batch_id
    assert not first.already_ingested


def test_events_known_already_are_counted_and_only_new_ones_added(plant, tmp_path):
    event = AssetEvent(
        machine_id="motor_a", time=pd.Timestamp("2025-02-03 08:00", tz="UTC"), kind="error", cause="e1", source="other"
    )
    Events(plant.database).add([event], change())
    assert counts(plant.events(tmp_path / "a.csv", "\n".join(daily(5)))) == (5, 4, 1, 0)
    report = plant.events(tmp_path / "b.csv", "\n".join(daily(7)))
    assert counts(report) == (7, 2, 5, 0)
    assert [report.first_time.day, report.last_time.day] == [6, 7]
    assert recorded(plant).source.value_counts().to_dict() == {"a.csv": 4, "b.csv": 2, "other": 1}


def test_bad_rows_are_kept_with_their_number_reason_and_text(plant, tmp_path):
    lines = daily()
    lines[4] = "motor_a,2025-02-04 08:00,explosion,e1"
    lines[6] = "motor_a,some day,error,e1"
    lines[8] = f"motor_a,2025-02-08 08:00,error,{'e' * 201}"
    lines[9] = "motor_a,2025-02-09 08:00,error,e1,too,many"
    report = plant.events(tmp_path / "e.csv", "\n".join(lines))
    assert counts(report) == (20, 16, 0, 4)
    assert {fault.example for fault in report.faults} >= {"row 4: 'explosion'", "row 6: 'some day'"}
    kept = plant.archive.quarantined(report.batch_id)
    assert kept.quarantine_row.tolist() == [4, 6, 8, 9]
    assert kept.quarantine_reason.tolist() == [
        "kind is none of failure, replacement, maintenance, error, inspection, stop",
        "time cannot be read",
        "text is longer than 200 characters",
        "row has 6 fields, not 4",
    ]
    assert kept.quarantine_column.tolist() == ["kind", "time", "component", ""]
    assert kept.time.tolist()[1] == "some day"
    assert kept.component.tolist()[2] == "e" * 201
    assert plant.archive.sweep() == 0
    assert (plant.data / "quarantine" / f"{report.batch_id}.parquet").exists()


def test_batch_and_log_tell_what_came_from_where(plant, tmp_path):
    report = plant.events(tmp_path / "events.csv", TEXT)
    [batch] = Segments(plant.database).batches()
    assert (batch.source, batch.rows_read, batch.rows_stored, batch.report) == ("events.csv", 3, 2, report)
    [entry] = EventLog(plant.database).entries("ingest_batch")
    assert (entry.key, entry.actor) == (report.batch_id, "tester")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "empty"),
        ("machine_id,time,kind\n", "no rows"),
        ("time,kind\n2025-01-01,error\n", "'machine_id' is missing"),
        ("machine_id,time\nmotor_a,2025-01-01\n", "'kind' is missing"),
        ("machine_id,time,kind\nmotor_c,2025-01-01,error\n", "unknown. Did you mean"),
        ("machine_id,time,kind\n../motor_a,2025-01-01,error\n", "not allowed"),
        ("machine_id,time,kind\nmotor_a,2025-01-01,bang\nmotor_a,2025-01-01,error\n", "1 of 2 rows .* are bad"),
        ("machine_id,time,kind\nmotor_a,2025-01-01\n", "1 of 1 rows .* are bad.*2 fields, not 3"),
        ("\n".join(daily()).replace("02-07 08", "02-07 98"), None),
    ],
)
def test_file_faults_refuse_the_file_and_change_nothing(plant, tmp_path, text, match):
    plant.store(readings(10))
    plant.events(tmp_path / "before.csv", TEXT)
    with plant.unchanged(), pytest.raises(RefusedFile, match=match or "with --strict none is accepted") as caught:
        plant.events(tmp_path / "e.csv", text, strict=match is None)
    assert caught.value.exit_code == 2


def test_half_written_parquet_and_missing_files_are_refused(plant, tmp_path):
    (tmp_path / "events.csv").write_text(TEXT)
    pd.read_csv(tmp_path / "events.csv").to_parquet(tmp_path / "whole.parquet")
    payload = (tmp_path / "whole.parquet").read_bytes()
    (tmp_path / "half.parquet").write_bytes(payload[: len(payload) // 2])
    with plant.unchanged():
        with pytest.raises(RefusedFile, match="cannot be read as Parquet"):
            plant.events(tmp_path / "half.parquet")
        with pytest.raises(NotFound, match="does not exist"):
            plant.events(tmp_path / "none.csv")


def test_a_refused_commit_takes_the_quarantine_file_back(plant, tmp_path):
    lines = [line.replace("motor_a", "motor_new") for line in daily()]
    lines[4] = lines[4].replace("error", "bang")
    plant.profiles["motor_new"] = plant.profiles["motor_a"]
    with plant.unchanged(), pytest.raises(InputError, match="refuse this change"):
        plant.events(tmp_path / "e.csv", "\n".join(lines))
    assert not (plant.data / "quarantine").exists()
