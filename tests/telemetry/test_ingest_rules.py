"""Bad input: what refuses a file, what quarantines a row, and that a refusal changes nothing."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.telemetry.conftest import Plant, change, make_profile, readings, snapshot

from workbench.domain.equipment import Sensor
from workbench.domain.mapping import ColumnMapping
from workbench.errors import InputError, NotFound, RefusedFile
from workbench.telemetry import ingest as pipeline
from workbench.telemetry.readers.csv import CsvSource
from workbench.telemetry.readers.sources import ParquetSource


def csv_text(rows: int = 100, **columns) -> str:
    return readings(rows).assign(**columns).to_csv(index=False)


def edited(frame: pd.DataFrame, row: int, column: str, value: str) -> str:
    text = frame.astype(object)
    text.loc[row, column] = value
    return text.to_csv(index=False)


@pytest.fixture
def refused(plant, tmp_path):
    """Ingest a file that must be refused and must leave everything as it was."""
    plant.store(readings(50, start="2025-01-01"))

    def check(text: str | bytes, match: str, *, name: str = "file.csv", **kwargs) -> RefusedFile:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        with plant.unchanged(), pytest.raises(RefusedFile, match=match) as caught:
            plant.file(path, **kwargs)
        assert caught.value.exit_code == 2
        return caught.value

    return check


def test_an_empty_file_is_refused(refused):
    refused("", "is empty")
    refused("\n\n", "is empty", name="blank.csv")
    refused("time,bearing_temp_C,vibration_rms_mm_s\n", "no rows", name="header.csv")


def test_a_missing_file_is_named(plant, tmp_path):
    with plant.unchanged(), pytest.raises(NotFound, match=r"nothing\.csv does not exist") as caught:
        plant.file(tmp_path / "nothing.csv")
    assert caught.value.exit_code == 2


def test_a_missing_sensor_column_is_refused(refused):
    refused(readings(10).drop(columns="vibration_rms_mm_s").to_csv(index=False), "'vibration_rms_mm_s' missing")


def test_a_missing_time_or_machine_column_is_refused(refused):
    refused(readings(10).drop(columns="time").to_csv(index=False), "time column is missing")
    refused(csv_text(10), "'machine_id' is missing", machine_id=None)


def test_an_unknown_machine_is_refused_and_close_names_are_given(refused):
    refused(csv_text(10, machine_id="motor_c"), "'motor_c' is unknown. Did you mean motor_", machine_id=None)


def test_a_machine_id_with_a_path_is_refused_before_any_path_is_made(refused, plant, tmp_path):
    refused(csv_text(10, machine_id="../../motor_a"), "is not allowed", machine_id=None)
    assert not (tmp_path / "motor_a").exists()
    refused(csv_text(10), "is not allowed", machine_id="../motor_a")


def test_an_undeclared_unit_is_refused(refused):
    text = csv_text(10).replace("bearing_temp_C", "bearing_temp_C [furlong]")
    refused(text, "unit 'furlong' is not declared")
    refused(csv_text(10).replace("bearing_temp_C", "bearing_temp_C [bar]"), "cannot be converted to degC", name="b.csv")


def test_a_mapping_that_names_a_missing_column_is_refused(refused):
    mapping = ColumnMapping(time_column="time", machine_id="motor_a", columns={"T1": {"sensor": "bearing_temp_C"}})
    refused(csv_text(10), "column 'T1' is missing", mapping=mapping)


def test_a_mapping_that_names_an_unknown_sensor_is_refused(refused):
    columns = {"bearing_temp_C": {"sensor": "bearing_tmp_C"}, "vibration_rms_mm_s": {"sensor": "vibration_rms_mm_s"}}
    mapping = ColumnMapping(time_column="time", machine_id="motor_a", columns=columns)
    refused(csv_text(10), "bearing_tmp_C, which no profile has. Did you mean bearing_temp_C", mapping=mapping)
    elsewhere = ColumnMapping(time_column="time", machine_id="motor_z", columns=columns)
    refused(csv_text(10), "'motor_z' is unknown", mapping=elsewhere)


def test_a_column_that_is_there_twice_is_refused(refused):
    refused("time,bearing_temp_C,bearing_temp_C,vibration_rms_mm_s\n2025-01-01,1,2,3\n", "there twice")


def test_half_written_parquet_is_refused(refused, tmp_path):
    whole = tmp_path / "whole.parquet"
    readings(5000).to_parquet(whole)
    payload = whole.read_bytes()
    refused(payload[: len(payload) // 2], "cannot be read as Parquet", name="half.parquet")
    damaged = bytearray(payload)
    damaged[200:20_000] = bytes(19_800)
    refused(bytes(damaged), "cannot be read as Parquet|bad", name="damaged.parquet")


def test_bytes_that_are_no_text_are_refused(refused):
    refused(bytes(range(256)) * 100, "not a text file")


def test_text_in_a_number_column_quarantines_the_row_only(plant, tmp_path):
    frame = readings(100)
    report = plant.file(tmp_path / "a.csv", edited(frame, 41, "bearing_temp_C", "sensor error"))
    assert (report.rows_stored, report.rows_quarantined) == (99, 1)
    assert report.faults[0].reason == "not a number"
    assert report.faults[0].example == "row 42: 'sensor error'"
    kept = plant.archive.quarantined(report.batch_id)
    assert kept.quarantine_row.tolist() == [42]
    assert kept.bearing_temp_C.tolist() == ["sensor error"]
    assert kept.vibration_rms_mm_s.astype(float).tolist() == [frame.vibration_rms_mm_s[41]]


def test_more_than_a_fifth_of_bad_rows_refuses_the_file(refused, plant, tmp_path):
    frame = readings(100).astype(object)
    frame.loc[:20, "bearing_temp_C"] = "broken"
    refused(frame.to_csv(index=False), "21 of 100 rows .* are bad.*not a number")
    frame.loc[20, "bearing_temp_C"] = 50.0
    assert plant.file(tmp_path / "b.csv", frame.to_csv(index=False)).rows_quarantined == 20


def test_strict_refuses_for_one_bad_row(refused):
    refused(edited(readings(100), 3, "bearing_temp_C", "x"), "with --strict none is accepted", strict=True)


def test_values_outside_the_physical_range_and_infinities_are_quarantined(plant):
    frame = readings(100)
    frame.loc[7, "bearing_temp_C"] = 5000.0
    frame.loc[8, "vibration_rms_mm_s"] = np.inf
    frame.loc[9, "vibration_rms_mm_s"] = -0.1
    report = plant.store(frame)
    assert report.rows_quarantined == 3
    kept = plant.archive.quarantined(report.batch_id)
    assert kept.quarantine_row.tolist() == [8, 9, 10]
    assert kept.quarantine_reason[0] == "outside the physical range -40 to 200 degC"
    assert len(plant.archive.read("motor_a")) == 97


def test_times_that_cannot_be_read_are_quarantined(plant, tmp_path):
    frame = readings(100).astype({"time": str})
    frame.loc[3, "time"] = "yesterday"
    frame.loc[4, "time"] = ""
    frame.loc[5, "time"] = "1969-10-14 09:00:00+00:00"
    report = plant.file(tmp_path / "a.csv", frame.to_csv(index=False))
    assert report.rows_quarantined == 3
    assert {fault.reason for fault in report.faults} == {"time cannot be read", "time is outside 1970 to 2100"}


def test_identical_duplicates_are_counted_and_others_are_conflicts(plant):
    frame = readings(100)
    changed = frame.iloc[[20]].assign(bearing_temp_C=1.0)
    report = plant.store(pd.concat([frame, frame.iloc[10:13], changed]))
    assert (report.rows_read, report.rows_stored, report.rows_identical, report.rows_quarantined) == (104, 100, 3, 1)
    assert report.faults[0].reason == "same time with another value earlier in the file"
    pd.testing.assert_frame_equal(plant.archive.read("motor_a"), frame)


def test_a_conflict_with_the_archive_keeps_what_was_stored(plant):
    frame = readings(100)
    plant.store(frame)
    changed = frame.copy()
    changed.loc[50, "bearing_temp_C"] += 0.5
    report = plant.store(changed)
    assert (report.rows_stored, report.rows_identical, report.rows_quarantined) == (0, 99, 1)
    kept = plant.archive.quarantined(report.batch_id)
    assert kept.quarantine_row.tolist() == [51]
    assert kept.quarantine_reason.tolist() == ["same time is stored with another value"]
    pd.testing.assert_frame_equal(plant.archive.read("motor_a"), frame)


def test_a_gap_is_identical_only_to_a_gap(plant):
    frame = readings(10)
    frame.loc[4, "bearing_temp_C"] = np.nan
    plant.store(frame)
    report = plant.store(frame.assign(vibration_rms_mm_s=frame.vibration_rms_mm_s).iloc[::-1])
    assert report.rows_identical == 10
    report = plant.store(frame.fillna(60.0))
    assert report.rows_quarantined == 1
    assert "gaps where this row has values" in report.faults[0].reason


def test_backward_times_are_put_in_order_and_noted(plant, tmp_path):
    frame = readings(200)
    shuffled = frame.sample(frac=1, random_state=1)
    report = plant.file(tmp_path / "a.csv", shuffled.to_csv(index=False))
    assert report.rows_stored == 200
    assert any(note.startswith("order restored") for note in report.notes)
    pd.testing.assert_frame_equal(plant.archive.read("motor_a"), frame)


def test_a_nan_flood_is_kept_as_gaps_and_noted(plant, tmp_path):
    frame = readings(100)
    frame.loc[10:69, ["bearing_temp_C", "vibration_rms_mm_s"]] = np.nan
    frame.loc[70:79, "bearing_temp_C"] = np.nan
    report = plant.file(tmp_path / "a.csv", frame.to_csv(index=False, na_rep="NaN"))
    assert (report.rows_stored, report.rows_quarantined) == (100, 0)
    assert "60 rows hold no value of any sensor; they are kept as gaps" in report.notes
    assert any(note.startswith("bearing_temp_C: no value in 70 rows (70.0 %)") for note in report.notes)
    assert not any(note.startswith("vibration_rms_mm_s") for note in report.notes), "the empty rows tell of it already"
    pd.testing.assert_frame_equal(plant.archive.read("motor_a"), frame)


def test_a_file_without_any_value_is_refused(refused):
    text = readings(50).assign(bearing_temp_C=np.nan, vibration_rms_mm_s=np.nan).to_csv(index=False)
    refused(text, "no row holds a value")


def test_gaps_in_time_are_noted(plant):
    frame = readings(100)
    report = plant.store(frame.drop(index=range(40, 60)))
    assert any("1 gaps in time" in note and "21.0 h" in note for note in report.notes)


def test_more_than_fifty_sensors_are_refused_by_the_profile_and_extra_columns_are_ignored(plant, tmp_path):
    sensors = tuple(
        Sensor(
            name=f"t{i}",
            quantity="temperature",
            unit="degC",
            normal_low=0,
            normal_high=1,
            physical_low=0,
            physical_high=9,
        )
        for i in range(60)
    )
    with pytest.raises(ValidationError, match="at most 50"):
        make_profile("wide", sensors=sensors)
    report = plant.file(tmp_path / "a.csv", csv_text(20, **{f"extra_{i}": i for i in range(60)}))
    assert report.rows_stored == 20
    assert any("60 columns that are no sensor" in note for note in report.notes)


def test_rows_without_a_machine_are_quarantined(plant, tmp_path):
    frame = readings(50).assign(machine_id="motor_a")
    frame.loc[3, "machine_id"] = None
    report = plant.file(tmp_path / "a.csv", frame.to_csv(index=False), machine_id=None)
    assert report.faults[0].reason == "no machine is named"
    assert report.rows_stored == 49


def test_a_corrected_range_lets_the_same_file_in_again(plant):
    frame = readings(100)
    frame.loc[7, "bearing_temp_C"] = 250.0
    assert plant.store(frame).rows_quarantined == 1
    hotter = plant.profiles["motor_a"].sensors[0].model_copy(update={"physical_high": 300.0})
    plant.profiles["motor_a"] = make_profile("motor_a", sensors=(hotter, plant.profiles["motor_a"].sensors[1]))
    report = plant.store(frame)
    assert (report.already_ingested, report.rows_stored, report.rows_identical) == (False, 1, 99)


# -- files ---------------------------------------------------------------------------------------------------


def test_the_same_file_twice_changes_nothing(plant, tmp_path):
    path = tmp_path / "a.csv"
    first = plant.file(path, csv_text(300))
    moved = tmp_path / "renamed.csv"
    moved.write_bytes(path.read_bytes())
    with plant.unchanged():
        again = plant.file(moved)
    assert again.already_ingested
    assert again.batch_id == first.batch_id


def test_csv_parquet_gzip_semicolon_and_decimal_comma_say_the_same(plant, tmp_path):
    frame = readings(200)
    plant.store(frame)
    plain = frame.assign(time=frame.time.dt.tz_localize(None))
    plain.to_parquet(tmp_path / "a.parquet")
    plain.to_csv(tmp_path / "german.csv", sep=";", decimal=",", index=False)
    plain.to_csv(tmp_path / "tab.tsv", sep="\t", index=False)
    (tmp_path / "bom.csv").write_bytes(b"\xef\xbb\xbf" + plain.to_csv(index=False).encode())
    (tmp_path / "wide.csv").write_bytes(plain.to_csv(index=False).encode("utf-16"))
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(plain.to_csv(index=False).encode()))
    for name in ("a.parquet", "german.csv", "tab.tsv", "bom.csv", "wide.csv", "packed.csv.gz"):
        report = plant.file(tmp_path / name)
        assert (report.rows_identical, report.rows_quarantined) == (200, 0), name
    assert any("decimal comma" in note for note in notes_of(plant, tmp_path / "german.csv"))


def notes_of(plant, path):
    return next(batch.report.notes for batch in plant.batches() if batch.source == path.name)


def test_units_in_the_header_or_mapping_are_converted(plant, tmp_path):
    frame = readings(50)
    text = frame.assign(bearing_temp_C=frame.bearing_temp_C * 9 / 5 + 32).to_csv(index=False)
    plant.file(tmp_path / "f.csv", text.replace("bearing_temp_C", "bearing_temp_C [degF]"))
    np.testing.assert_allclose(plant.archive.read("motor_a").bearing_temp_C, frame.bearing_temp_C)
    mapping = ColumnMapping(
        time_column="when",
        machine_id="motor_b",
        columns={
            "T lager": {"sensor": "bearing_temp_C", "unit": "degF"},
            "vib [in/s]": {"sensor": "vibration_rms_mm_s"},
        },
    )
    text = pd.DataFrame(
        {
            "when": frame.time,
            "T lager": frame.bearing_temp_C * 9 / 5 + 32,
            "vib [in/s]": frame.vibration_rms_mm_s / 25.4,
        }
    ).to_csv(index=False)
    plant.file(tmp_path / "g.csv", text, mapping=mapping)
    back = plant.archive.read("motor_b")
    np.testing.assert_allclose(back.bearing_temp_C, frame.bearing_temp_C)
    np.testing.assert_allclose(back.vibration_rms_mm_s, frame.vibration_rms_mm_s)


def test_machines_may_have_other_names_in_the_file(plant, tmp_path):
    frame = readings(20)
    mapping = ColumnMapping(
        time_column="time",
        machine_column="Anlage",
        machine_names={"M 1": "motor_a", "M 2": "motor_b"},
        columns={name: {"sensor": name} for name in ("bearing_temp_C", "vibration_rms_mm_s")},
    )
    both = pd.concat([frame.assign(Anlage="M 1"), frame.assign(Anlage="M 2")]).sort_values("time")
    report = plant.file(tmp_path / "a.csv", both.to_csv(index=False), mapping=mapping)
    assert report.machines == ("motor_a", "motor_b")
    pd.testing.assert_frame_equal(plant.archive.read("motor_b"), frame)


def test_rows_with_too_few_or_too_many_fields_keep_their_number_and_text(plant, tmp_path):
    lines = csv_text(100).splitlines()
    lines[11] = "2025-06-20 10:00:00+00:00,1,2,3,4"
    lines[31] = "2025-06-21 06:00:00+00:00,55"
    lines[51] = lines[51].rsplit(",", 1)[0] + ",wrong"
    report = plant.file(tmp_path / "a.csv", "\n".join(lines) + "\n")
    assert (report.rows_read, report.rows_stored, report.rows_quarantined) == (100, 97, 3)
    kept = plant.archive.quarantined(report.batch_id)
    assert kept.quarantine_row.tolist() == [11, 31, 51]
    assert kept.quarantine_reason.tolist() == ["row has 5 fields, not 3", "row has 2 fields, not 3", "not a number"]
    assert kept.time[0] == lines[11]
    assert kept.vibration_rms_mm_s[2] == "wrong"


def test_large_files_are_spooled_and_split_with_the_same_result(plant, tmp_path, monkeypatch):
    frame = readings(4000, every="5min")
    both = pd.concat([frame.assign(machine_id="motor_a"), frame.assign(machine_id="motor_b")]).sort_values("time")
    both = pd.concat([both, both.iloc[100:110]]).astype(object)
    both.iloc[500, 1] = "x"
    (tmp_path / "a.csv").write_text(both.to_csv(index=False))
    monkeypatch.setattr(pipeline, "SPOOL_BYTES", 50_000)
    monkeypatch.setattr(pipeline, "SEGMENT_BYTES", 30_000)
    monkeypatch.setattr(CsvSource, "block_bytes", 20_000)
    seen: list[float] = []
    report = plant.file(tmp_path / "a.csv", machine_id=None, progress=lambda fraction, _: seen.append(fraction))
    assert (report.rows_stored, report.rows_identical, report.rows_quarantined) == (7999, 10, 1)
    assert report.segments > 4
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    back = pd.concat([plant.archive.read("motor_a"), plant.archive.read("motor_b")])
    lost = both.iloc[[500]].machine_id.iloc[0]
    assert len(plant.archive.read(lost)) == 3999
    assert back.bearing_temp_C.sum() == pytest.approx(2 * frame.bearing_temp_C.sum() - frame.bearing_temp_C.iloc[250])
    assert plant.archive.read("motor_a").time.is_monotonic_increasing
    assert not (plant.data / "telemetry" / ".staging").exists()


rows = st.lists(
    st.tuples(
        st.integers(0, 60),
        st.one_of(st.floats(-100, 300), st.just(float("nan"))),
        st.sampled_from(["motor_a", "motor_b"]),
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(batches=st.lists(rows, min_size=1, max_size=3))
def test_every_row_is_accounted_for_and_reads_are_unique_and_ordered(batches, tmp_path_factory):
    plant = Plant(tmp_path_factory.mktemp("accounted"))
    try:
        for batch in batches:
            frame = pd.DataFrame(batch, columns=["hour", "bearing_temp_C", "machine_id"])
            frame["time"] = pd.Timestamp("2025-01-30", tz="UTC") + pd.to_timedelta(frame.pop("hour"), unit="h")
            frame["vibration_rms_mm_s"] = 1.0
            before = plant.archive.rows()
            try:
                report = plant.store(frame, None)
            except RefusedFile:
                assert plant.archive.rows() == before
                continue
            if report.already_ingested:
                continue
            assert report.rows_read == report.rows_stored + report.rows_identical + report.rows_quarantined
            assert plant.archive.rows() == before + report.rows_stored
            assert len(plant.archive.quarantined(report.batch_id)) == report.rows_quarantined
        for machine in plant.profiles:
            back = plant.archive.read(machine)
            assert back.time.is_monotonic_increasing
            assert back.time.is_unique
            assert len(back) == plant.archive.rows(machine)
    finally:
        plant.database.close()


def test_an_arrow_table_without_rows_is_refused(plant):
    with pytest.raises(RefusedFile, match="no rows"):
        plant.store(readings(5).iloc[:0])
    with pytest.raises(RefusedFile, match="unknown"):
        plant.archive.store(
            pa.Table.from_pandas(readings(5)), plant.profiles, source="x", change=None, machine_id="motor_z"
        )


def test_a_refused_commit_takes_back_what_was_placed(plant):
    plant.store(readings(10))
    files = snapshot(plant.data / "telemetry")
    plant.profiles["motor_new"] = make_profile("motor_new")
    frame = readings(2000, seed=2)
    frame.loc[3, "bearing_temp_C"] = 999.0
    with pytest.raises(InputError, match="refuse this change"):
        plant.store(frame, "motor_new")
    assert snapshot(plant.data / "telemetry") == files
    assert not (plant.data / "quarantine").exists()


def test_bad_rows_of_parquet_are_kept_as_text_with_their_number(plant, tmp_path, monkeypatch):
    monkeypatch.setattr(ParquetSource, "batch_rows", 40)
    frame = readings(100)
    frame["vibration_rms_mm_s"] = frame.vibration_rms_mm_s.astype("float32").astype(float)
    frame.loc[[5, 95], "bearing_temp_C"] = 1e6
    frame["extra"] = [{"a": i} for i in range(100)]
    frame.to_parquet(tmp_path / "a.parquet")
    report = plant.file(tmp_path / "a.parquet")
    assert (report.rows_stored, report.rows_quarantined) == (98, 2)
    kept = plant.archive.quarantined(report.batch_id)
    assert kept.quarantine_row.tolist() == [6, 96]
    assert kept.bearing_temp_C.tolist() == ["1000000", "1000000"]
    assert kept.extra[1] == "{'a': 95}"


def test_parquet_columns_of_any_type_are_numbers_or_faults(plant, tmp_path):
    frame = readings(30)
    table = pa.table(
        {
            "time": pa.array(frame.time).cast(pa.timestamp("ns", "UTC")),
            "machine_id": pa.array(["motor_a"] * 30).dictionary_encode(),
            "bearing_temp_C": pa.array(np.arange(30), pa.int16()),
            "vibration_rms_mm_s": pa.array(["1.5", " 2,5 ".replace(",", "."), "n/a"] * 10).dictionary_encode(),
        }
    )
    report = plant.archive.store(table, plant.profiles, source="types", change=change())
    assert report.rows_stored == 30
    back = plant.archive.read("motor_a")
    assert back.bearing_temp_C.tolist() == list(range(30))
    assert back.vibration_rms_mm_s[:2].tolist() == [1.5, 2.5]
    assert back.vibration_rms_mm_s.isna().sum() == 10
    times = table.set_column(2, "bearing_temp_C", table.column("time"))
    with pytest.raises(RefusedFile, match="is not a number"):
        plant.archive.store(times, plant.profiles, source="types", change=change())
    with pytest.raises(InputError, match="There is no batch"):
        plant.archive.quarantined("nothing")


def test_states_are_compared_too(plant):
    frame = readings(10).assign(state="RUNNING")
    frame.loc[2, "state"] = None
    plant.store(frame)
    assert plant.store(frame.iloc[:9]).rows_identical == 9
    changed = frame.copy()
    changed.loc[5, "state"] = "DOWN"
    assert plant.store(changed).faults[0].reason == "same time is stored with another value"


@pytest.mark.parametrize("name", ["metropt3_hourly", "steel_industry_energy"])
def test_real_files_go_in_by_a_proposed_profile(plant, tmp_path, datasets, name):
    from workbench.catalog import propose_profile

    frame = pd.read_parquet(datasets / f"{name}.parquet").head(3000)
    frame.to_csv(tmp_path / f"{name}.csv", index=False)
    proposal = propose_profile(pd.read_csv(tmp_path / f"{name}.csv"), machine_id="machine_x")
    plant.add(proposal.profile)
    report = plant.file(tmp_path / f"{name}.csv", mapping=ColumnMapping.model_validate(proposal.mapping))
    assert report.rows_read == 3000
    assert report.rows_stored + report.rows_identical > 2900
