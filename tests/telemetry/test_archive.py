"""The archive: what is stored is read back, once, in order, and only what the records name exists."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from tests.telemetry.conftest import change, make_profile, readings, snapshot

from workbench.domain.observations import AssetEvent
from workbench.errors import CorruptArtifact, EnvironmentFailure, InputError
from workbench.store.records import Events
from workbench.telemetry import Archive
from workbench.telemetry.segments import sole_writer


def test_readings_come_back_as_they_were_stored(plant):
    frame = readings(1500)
    report = plant.store(frame)
    back = plant.archive.read("motor_a")
    pd.testing.assert_frame_equal(back, frame)
    assert (report.rows_read, report.rows_stored, report.rows_quarantined) == (1500, 1500, 0)
    assert report.machines == ("motor_a",)
    assert report.segments == 3
    assert plant.archive.rows() == plant.archive.rows("motor_a") == 1500
    assert plant.archive.span() == (frame.time.iloc[0].to_pydatetime(), frame.time.iloc[-1].to_pydatetime())
    assert plant.archive.span("motor_b") is None


def test_segments_lie_by_machine_and_month_and_carry_the_time_in_utc_microseconds(plant):
    plant.store(readings(1500))
    assert [name.rsplit("/", 1)[0] for name in plant.files()] == [f"motor_a/2025-0{month}" for month in (6, 7, 8)]
    table = pq.read_table(plant.data / "telemetry" / plant.files()[0], partitioning=None)
    assert table.column_names == ["machine_id", "time", "bearing_temp_C", "vibration_rms_mm_s"]
    assert str(table.schema.field("time").type) == "timestamp[us, tz=UTC]"
    assert set(table.column("machine_id").to_pylist()) == {"motor_a"}


def test_a_machine_without_readings_gives_an_empty_frame_with_a_time_column(plant):
    frame = plant.archive.read("motor_b", columns=["bearing_temp_C"])
    assert list(frame.columns) == ["time", "bearing_temp_C"]
    assert len(frame) == 0
    assert str(frame.time.dtype) == "datetime64[us, UTC]"
    assert plant.archive.aggregate("motor_b").empty
    assert plant.archive.rows("motor_b") == 0


def test_start_and_end_are_included_and_columns_are_chosen(plant):
    frame = readings(100)
    plant.store(frame)
    start, end = frame.time[10].to_pydatetime(), frame.time[20].to_pydatetime()
    part = plant.archive.read("motor_a", start=start, end=end, columns=["vibration_rms_mm_s", "unheard_of"])
    assert list(part.columns) == ["time", "vibration_rms_mm_s", "unheard_of"]
    assert len(part) == 11
    assert part.unheard_of.isna().all()
    assert plant.archive.read("motor_a", start=end + timedelta(days=900)).empty


def test_a_bound_without_a_zone_is_refused(plant):
    plant.store(readings(10))
    with pytest.raises(InputError, match="without a zone"):
        plant.archive.read("motor_a", end=datetime(2025, 7, 1))  # noqa: DTZ001


def test_aggregates_match_pandas(plant):
    frame = readings(3000)
    frame.loc[5:9, "bearing_temp_C"] = np.nan
    plant.store(frame)
    weeks = plant.archive.aggregate("motor_a", every="7d")
    expected = frame.set_index("time").resample("7D", origin=pd.Timestamp("2025-01-06", tz="UTC"))
    np.testing.assert_allclose(weeks.bearing_temp_C_mean, expected.bearing_temp_C.mean())
    np.testing.assert_allclose(weeks.vibration_rms_mm_s_max, expected.vibration_rms_mm_s.max())
    assert weeks.bearing_temp_C_count.tolist() == expected.bearing_temp_C.count().tolist()
    assert weeks["count"].sum() == 3000
    assert list(weeks.time) == list(expected.bearing_temp_C.mean().index)
    hours = plant.archive.aggregate("motor_a", every="12h", end=frame.time[23].to_pydatetime())
    assert hours["count"].tolist() == [12, 12]
    with pytest.raises(InputError, match="no interval"):
        plant.archive.aggregate("motor_a", every="fortnight")


def test_times_are_utc_whatever_zone_the_process_lives_in(plant, monkeypatch):
    import time

    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        frame = readings(48)
        plant.store(frame)
        assert plant.archive.read("motor_a").time.tolist() == frame.time.tolist()
        assert plant.archive.aggregate("motor_a", every="1d").time[0] == frame.time[0]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_same_readings_twice_change_nothing_byte_for_byte(plant):
    first = plant.store(readings())
    files, records = snapshot(plant.data / "telemetry"), plant.records()
    again = plant.store(readings())
    assert again.already_ingested
    assert again.batch_id == first.batch_id
    assert snapshot(plant.data / "telemetry") == files
    assert plant.records() == records


def test_readings_are_known_again_although_their_chunks_differ(plant):
    import pyarrow as pa

    table = pa.Table.from_pandas(readings(), preserve_index=False)
    pieces = pa.concat_tables([table.slice(0, 333), table.slice(333)])
    plant.archive.store(table, plant.profiles, source="a", change=change(), machine_id="motor_a")
    again = plant.archive.store(pieces, plant.profiles, source="a", change=change(), machine_id="motor_a")
    assert again.already_ingested


def test_a_late_file_adds_a_segment_of_the_same_month_and_reads_stay_ordered(plant):
    frame = readings(600)
    late = frame.iloc[100:110]
    plant.store(frame.drop(late.index))
    before = plant.archive.digest()
    report = plant.store(frame.iloc[90:120])
    assert (report.rows_stored, report.rows_identical) == (10, 20)
    assert sum(name.startswith("motor_a/2025-06") for name in plant.files()) == 2
    pd.testing.assert_frame_equal(plant.archive.read("motor_a"), frame)
    assert plant.archive.digest() != before


def test_compaction_joins_the_segments_of_a_month_and_keeps_every_reading(plant):
    frame = readings(600)
    for part in range(3):
        plant.store(frame.iloc[part::3])
    assert len(plant.files()) == 6
    joined = plant.archive.compact("motor_a", change("compaction"))
    assert joined == 2
    assert len(plant.files()) == 2
    pd.testing.assert_frame_equal(plant.archive.read("motor_a"), frame)
    assert plant.archive.compact("motor_a", change("again")) == 0
    assert plant.store(frame.iloc[0::3]).already_ingested


def test_columns_that_come_later_are_gaps_before(plant):
    from workbench.domain.mapping import ColumnMapping

    frame = readings(48)
    narrow = ColumnMapping(
        time_column="time", machine_id="motor_a", columns={"bearing_temp_C": {"sensor": "bearing_temp_C"}}
    )
    report = plant.store(frame.iloc[:24], None, mapping=narrow)
    assert any("vibration_rms_mm_s" in note for note in report.notes)
    plant.store(frame.iloc[24:])
    back = plant.archive.read("motor_a")
    assert back.vibration_rms_mm_s.isna().sum() == 24
    assert back.bearing_temp_C.notna().all()


def test_orphans_are_swept_and_recorded_files_stay(plant):
    plant.store(readings())
    kept = plant.files()
    orphan = plant.data / "telemetry" / "motor_b" / "2025-01" / ("0" * 64 + ".parquet")
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes((plant.data / "telemetry" / kept[0]).read_bytes())
    assert plant.archive.rows("motor_b") == 0
    assert plant.archive.read("motor_b").empty
    assert plant.archive.sweep() == 1
    assert plant.files() == kept
    assert not orphan.parent.parent.exists()


def test_what_a_crashed_process_left_is_swept_by_the_next_ingest(plant):
    staging = plant.data / "telemetry" / ".staging" / "dead"
    staging.mkdir(parents=True)
    (staging / "spool.arrow").write_bytes(b"x" * 100)
    orphan = plant.data / "telemetry" / "motor_a" / "2024-01" / ("1" * 64 + ".parquet")
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"half")
    plant.store(readings(10))
    assert not orphan.exists()
    assert len(plant.files()) == 1


def test_a_recorded_file_that_is_gone_is_reported(plant):
    plant.store(readings(10))
    (plant.data / "telemetry" / plant.files()[0]).unlink()
    with pytest.raises(CorruptArtifact, match="recorded but not there"):
        plant.archive.read("motor_a")


def test_digests_depend_on_content_only(plant, tmp_path):
    from tests.telemetry.conftest import Plant

    other = Plant(tmp_path / "other")
    frame = readings()
    plant.store(frame)
    other.store(frame)
    assert plant.archive.digest() == other.archive.digest() == plant.archive.digest("motor_a")
    assert plant.archive.digest("motor_b") != plant.archive.digest("motor_a")


def test_events_given_with_readings_are_recorded_in_the_same_transaction(plant):
    frame = readings(10)
    event = AssetEvent(
        machine_id="motor_a", time=frame.time[5].to_pydatetime(), kind="failure", cause="bearing_wear", source="test"
    )
    plant.store(frame, events=[event])
    assert Events(plant.database).frame("motor_a").cause.tolist() == ["bearing_wear"]


def test_standard_columns_are_kept_and_checked(plant):
    frame = readings(100).assign(state="RUNNING", life=np.arange(100.0), total_count=5.0)
    frame.loc[3, "state"] = "idle"
    frame.loc[4, "state"] = "dancing"
    frame.loc[5, "life"] = -1
    report = plant.store(frame)
    assert {fault.column for fault in report.faults} == {"state", "life"}
    back = plant.archive.read("motor_a")
    assert list(back.columns[-3:]) == ["state", "life", "total_count"]
    assert back.state[3] == "IDLE"
    assert len(back) == 98


def test_machines_may_share_a_sensor_name_with_other_units_and_ranges(plant):
    sensor = plant.profiles["motor_a"].sensors[0]
    hot = sensor.model_copy(
        update={"unit": "K", "normal_low": 280, "normal_high": 380, "physical_low": 200, "physical_high": 500}
    )
    plant.add(make_profile("motor_k", sensors=(hot, plant.profiles["motor_a"].sensors[1])))
    frame = readings(10)
    mixed = pd.concat([frame.assign(machine_id="motor_a"), frame.assign(machine_id="motor_k")])
    mixed = mixed.rename(columns={"bearing_temp_C": "bearing_temp_C [degC]"})
    plant.store(mixed, None)
    np.testing.assert_allclose(plant.archive.read("motor_k").bearing_temp_C, frame.bearing_temp_C + 273.15)
    np.testing.assert_allclose(plant.archive.read("motor_a").bearing_temp_C, frame.bearing_temp_C)


def test_only_one_process_writes(plant):
    with (
        sole_writer(plant.data),
        pytest.raises(EnvironmentFailure, match="is being written by another process") as caught,
        sole_writer(plant.data, 0.1),
    ):
        pass
    assert caught.value.exit_code == 3


def test_a_second_archive_object_sees_what_the_first_stored(plant):
    plant.store(readings(10))
    assert Archive(plant.data, plant.database).rows() == 10
    assert plant.archive.span()[0] == datetime(2025, 6, 20, tzinfo=UTC)
