"""Files as people have them, from the proposal of a profile to the readings: decimal comma, words, two machines."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.telemetry.conftest import change, make_profile, readings

from workbench.domain.equipment import FailureMode, Repair, Symptom
from workbench.domain.mapping import ColumnMapping
from workbench.errors import InputError, RefusedFile
from workbench.telemetry.readers.csv import CsvSource
from workbench.telemetry.readers.sources import open_source
from workbench.workflows.ingest import ingest
from workbench.workflows.onboard import add_machine, create_workspace, propose_machine, read_sample, save_profile

HOURS = 600


def german(path: Path, *, spoil: bool = True) -> pd.DataFrame:
    """Write a file as a German logger does; return the numbers in it."""
    rng = np.random.default_rng(4)
    values = pd.DataFrame(
        {
            "Temperatur Lager [°C]": np.round(57 + rng.normal(size=HOURS), 2),
            "Druck [bar]": np.round(6.3 + 0.1 * rng.normal(size=HOURS), 2),
            "Drehzahl [1/min]": np.round(1480 + rng.normal(size=HOURS), 2),
        }
    )
    text = values.map(lambda number: f"{number:.2f}".replace(".", ","))
    if spoil:
        text.loc[100:110, "Temperatur Lager [°C]"] = "n.v."
        text.loc[200, "Druck [bar]"] = "Störung"
        text.loc[300:301, "Druck [bar]"] = "-"
        text.loc[400, "Druck [bar]"] = "1.234,5"
    times = pd.date_range("2025-01-01 01:00", periods=HOURS, freq="h").strftime("%d.%m.%Y %H:%M")
    text.insert(0, "Zeitpunkt", times)
    text.to_csv(path, sep=";", index=False, encoding="cp1252")
    return values


@pytest.fixture
def workspace(tmp_path):
    with create_workspace(tmp_path / "plant") as ws:
        yield ws


def test_the_decimal_comma_is_found_beside_german_dates(tmp_path):
    german(tmp_path / "pumpe.csv")
    assert CsvSource(tmp_path / "pumpe.csv").decimal == ","
    (tmp_path / "point.csv").write_text("Zeit;T\n01.01.2025 01:00;57.04\n01.01.2025 02:00;57.05\n")
    assert CsvSource(tmp_path / "point.csv").decimal == "."


def test_a_point_that_may_stand_for_thousands_is_not_guessed_at(plant, tmp_path):
    frame = readings(50).assign(vibration_rms_mm_s=1.25)
    frame = frame.assign(time=frame.time.dt.strftime("%Y-%m-%d %H:%M"))
    lines = frame.to_csv(index=False, sep=";", decimal=",").splitlines()
    lines[8] = lines[8].replace("1,25", "1.250")
    lines[9] = lines[9].replace("1,25", "1.25")
    report = plant.file(tmp_path / "a.csv", "\n".join(lines))
    assert (report.rows_stored, report.rows_quarantined) == (49, 1)
    assert report.faults[0].reason.endswith("1.234 or 1234?")
    assert set(plant.archive.read("motor_a").vibration_rms_mm_s) == {1.25}


def test_a_sample_holds_the_numbers_that_an_ingest_reads(tmp_path):
    values = german(tmp_path / "pumpe.csv")
    sample = read_sample(tmp_path / "pumpe.csv")
    assert sample["Zeitpunkt"][0] == "01.01.2025 01:00"
    assert sample["Drehzahl [1/min]"].tolist() == values["Drehzahl [1/min]"].tolist()
    assert sample["Druck [bar]"][200] == "Störung"
    assert pd.isna(sample["Druck [bar]"][300])
    assert sample["Druck [bar]"][5] == values["Druck [bar]"][5]


def test_a_german_file_goes_in_without_editing(workspace, tmp_path):
    values = german(tmp_path / "pumpe.csv")
    proposed = propose_machine(tmp_path / "pumpe.csv", machine_id="pumpe_1", out=tmp_path / "p.yaml")
    assert {sensor.name: sensor.unit for sensor in proposed.profile.sensors} == {
        "Temperatur_Lager_C": "degC",
        "Druck_bar": "bar",
        "Drehzahl_1_min": "rpm",
    }
    assert any("holds 11 cells that are no number, e.g. 'n.v.'" in note for note in proposed.notes)
    assert any("holds 2 cells that are no number" in note for note in proposed.notes)
    add_machine(workspace, proposed.path)
    outcome = ingest(workspace, tmp_path / "pumpe.csv", machine_id="pumpe_1")
    [report] = outcome.reports
    assert (report.rows_stored, report.rows_quarantined) == (HOURS - 13, 13)
    kept = workspace.telemetry.quarantine_file(report.batch_id)
    assert kept.is_file()
    assert any(str(kept) in note for note in outcome.notes)
    stored = workspace.telemetry.read("pumpe_1")
    assert stored.Drehzahl_1_min.iloc[0] == values["Drehzahl [1/min]"][0]
    assert stored.time.iloc[0].isoformat() == "2025-01-01T01:00:00+00:00"


def two_machines(path: Path, *names: str) -> pd.DataFrame:
    frame = readings(100).assign(machine=[names[i % len(names)] for i in range(100)])
    frame.to_csv(path, index=False)
    return frame


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_file_of_two_machines_is_not_one_machines(plant, tmp_path, suffix):
    frame = two_machines(tmp_path / "two.csv", "A 1", "B 2")
    frame.to_parquet(tmp_path / "two.parquet")
    with plant.unchanged(), pytest.raises(RefusedFile, match="column 'machine' has the values 'A 1', 'B 2'") as caught:
        plant.file(tmp_path / f"two.{suffix}")
    assert "machine_column: machine" in caught.value.remedy
    assert "machine_names: {'A 1': a_1, 'B 2': b_2}" in caught.value.remedy
    mapping = ColumnMapping(
        time_column="time",
        machine_id="motor_a",
        columns={"bearing_temp_C": {"sensor": "bearing_temp_C"}},
    )
    with plant.unchanged(), pytest.raises(RefusedFile, match="to be read for motor_a, holds readings of 2 machines"):
        plant.file(tmp_path / f"two.{suffix}", mapping=mapping)


def test_a_column_that_names_one_machine_only_is_fine(plant, tmp_path):
    two_machines(tmp_path / "one.csv", "A 1")
    assert plant.file(tmp_path / "one.csv").rows_stored == 100


def test_the_mapping_that_the_message_names_takes_both_machines_in(workspace, tmp_path):
    two_machines(tmp_path / "two.csv", "A 1", "B 2")
    for name in ("motor_a", "motor_b"):
        save_profile(workspace, make_profile(name).model_copy(update={"site_id": "main_site"}))
    (tmp_path / "m.yaml").write_text(
        "time_column: time\nmachine_column: machine\nmachine_names: {A 1: motor_a, B 2: motor_b}\n"
        "columns:\n  bearing_temp_C: {sensor: bearing_temp_C}\n  vibration_rms_mm_s: {sensor: vibration_rms_mm_s}\n"
    )
    outcome = ingest(workspace, tmp_path / "two.csv", mapping=tmp_path / "m.yaml")
    assert outcome.reports[0].rows_stored == 100
    assert [workspace.telemetry.rows(name) for name in ("motor_a", "motor_b")] == [50, 50]


def test_units_in_header_and_mapping_may_be_spelt_as_usual(plant, tmp_path):
    frame = readings(50)
    text = frame.to_csv(index=False).replace("bearing_temp_C", "bearing_temp_C [°C]", 1)
    plant.file(tmp_path / "a.csv", text.replace("vibration_rms_mm_s", "vibration_rms_mm_s [mm/sec]", 1))
    pd.testing.assert_frame_equal(plant.archive.read("motor_a"), frame)
    mapping = ColumnMapping(
        time_column="time", machine_id="motor_b", columns={"bearing_temp_C": {"sensor": "bearing_temp_C", "unit": "°F"}}
    )
    plant.file(tmp_path / "b.csv", frame.to_csv(index=False), mapping=mapping)
    warm = plant.archive.read("motor_b").bearing_temp_C
    np.testing.assert_allclose(warm, (frame.bearing_temp_C - 32) * 5 / 9)
    with plant.unchanged(), pytest.raises(RefusedFile, match="unit 'degCC' is not declared; did you mean 'degC'"):
        plant.file(tmp_path / "c.csv", frame.to_csv(index=False).replace("temp_C", "temp_C [degCC]", 1))


def mode(name: str) -> FailureMode:
    return FailureMode(
        name=name,
        title=name,
        iso14224_code="VIB",
        mechanism="wear",
        indicator="bearing_temp_C",
        pf_interval_h=(10, 100),
        symptoms=(Symptom(sensor="bearing_temp_C", direction="rises"),),
        repair=Repair(skill="mechanical", labour_h=1, repair_h=1, steps=("Replace it.",)),
    )


def test_causes_that_no_failure_mode_has_and_events_in_the_future_are_noted(plant, tmp_path):
    plant.add(make_profile("pump_07", failure_modes=(mode("bearing_wear"), mode("seal_leak"))))
    soon = change().at + timedelta(days=3)
    report = plant.events(
        tmp_path / "events.csv",
        "machine_id,time,kind,failure_mode\n"
        "pump_07,2025-03-01 08:00,failure,air_leak\npump_07,2025-04-01 08:00,replacement,air_leak\n"
        "pump_07,2025-05-01 08:00,failure,bearing_wear\npump_07,2025-06-01 08:00,error,e17\n"
        f"pump_07,{soon:%Y-%m-%d %H:%M},failure,seal_leak\n",
    )
    assert report.rows_stored == 5
    [cause, future] = report.notes
    assert cause.startswith("pump_07: the cause of 2 of its failures and replacements is no failure mode")
    assert "air_leak (2); the profile has: bearing_wear, seal_leak" in cause
    assert future.startswith("1 event lies in the future")


def test_what_is_no_data_file_or_no_profile_says_what_to_do(workspace, tmp_path):
    (tmp_path / "x.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(RefusedFile, match=r"spreadsheet\. Save it as CSV"):
        open_source(tmp_path / "x.xlsx")
    (tmp_path / "compressor.csv").write_text("time,a\n2025-01-01,1\n")
    with pytest.raises(InputError, match=r"machines add --from-csv .*compressor\.csv"):
        add_machine(workspace, tmp_path / "compressor.csv")
    with pytest.raises(InputError, match=r"characters a-z, 0-9 and _, e.g. --id compressor_1\."):
        propose_machine(tmp_path / "compressor.csv", machine_id="Compressor 1")


def test_american_times_are_read_or_the_key_that_names_their_format_is(plant, tmp_path):
    frame = readings(500, start="2025-02-01")
    american = frame.assign(time=frame.time.dt.strftime("%m/%d/%Y %I:%M %p"))
    assert plant.file(tmp_path / "a.csv", american.to_csv(index=False)).rows_stored == 500
    pd.testing.assert_frame_equal(plant.archive.read("motor_a"), frame)
    with plant.unchanged(), pytest.raises(RefusedFile, match=r"could be day/month.*time_format under file_mapping"):
        plant.file(tmp_path / "b.csv", american.head(40).to_csv(index=False))


def test_a_name_that_is_no_machine_id_can_be_mapped(plant, tmp_path):
    two_machines(tmp_path / "two.csv", "A 1", "B 2")
    with plant.unchanged(), pytest.raises(RefusedFile, match=r"machine_names: \{'A 1': MACHINE_ID\}"):
        plant.file(tmp_path / "two.csv", machine_id=None)


def test_columns_left_aside_are_counted_when_there_are_many(plant, tmp_path):
    extra = {f"extra_{i}": i for i in range(25)}
    report = plant.file(tmp_path / "a.csv", readings(20).assign(**extra).to_csv(index=False))
    [note] = [note for note in report.notes if note.startswith("25 columns")]
    assert note.endswith("extra_19 and 5 more columns")
