"""Profiles proposed from files of readings, on real data sets and on awkward ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.catalog import parse_profile, propose_profile, templates
from workbench.domain.equipment import SensorRole
from workbench.domain.units import Quantity
from workbench.errors import InputError, InvalidDocument

HOURS = 400


def readings(**columns: object) -> pd.DataFrame:
    time = pd.date_range("2025-03-01", periods=HOURS, freq="h").strftime("%Y-%m-%d %H:%M:%S")
    noise = np.random.default_rng(3).normal(size=HOURS)
    base = {"timestamp": time, "bearing_temp_C": 50 + 3 * noise, "vibration_rms_mm_s": 1.2 + 0.1 * np.abs(noise)}
    return pd.DataFrame({**base, **columns})


def as_csv(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    frame.to_csv(folder / "readings.csv", index=False)
    return pd.read_csv(folder / "readings.csv")


@pytest.fixture(scope="module")
def metro(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    return as_csv(pd.read_parquet(datasets / "metropt3_hourly.parquet"), tmp_path_factory.mktemp("metro"))


@pytest.fixture(scope="module")
def steel(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    return as_csv(pd.read_parquet(datasets / "steel_industry_energy.parquet"), tmp_path_factory.mktemp("steel"))


def test_metro_compressor_becomes_a_profile_that_reads_back_and_keeps_every_reading(metro: pd.DataFrame):
    proposal = propose_profile(metro, machine_id="metro_compressor", machine_type="compressor")
    profile = proposal.profile
    assert parse_profile(proposal.text, where="proposal") == profile
    assert proposal.mapping["time_column"] == "timestamp"
    assert len(profile.sensors) == 15
    assert profile.sensor("Oil_Temperature_C").quantity is Quantity.TEMPERATURE
    assert profile.sensor("Motor_Current_A").unit == "A"
    assert profile.sensor("Low_Pressure_Switch_Status").unit == "1"  # a switch, though its name says pressure
    for column, target in proposal.mapping["columns"].items():
        sensor = profile.sensor(target["sensor"])
        assert metro[column].dropna().between(sensor.physical_low, sensor.physical_high).all(), column
    assert [mode.name for mode in profile.failure_modes] == ["valve_leak", "filter_clogging", "cooling_fouling"]
    assert profile.failure_modes[1].indicator == "Cyclone_Filter_Drop_Pressure_bar"
    assert any("valve_leak is kept without discharge_temp_C" in note for note in proposal.notes)
    assert any("bearing_wear is left out" in note and "vibration_rms_mm_s" in note for note in proposal.notes)


def test_steel_plant_ignores_text_second_dates_and_the_clock_with_a_reason_each(steel: pd.DataFrame):
    proposal = propose_profile(steel, machine_id="steel_plant")
    assert parse_profile(proposal.text, where="proposal") == proposal.profile
    assert proposal.mapping["time_column"] == "timestamp"
    assert proposal.mapping["columns"]["CO2(tCO2)"] == {"sensor": "CO2_tCO2", "unit": "1"}
    assert proposal.mapping["columns"]["Usage_kWh"] == {"sensor": "Usage_kWh", "unit": "kWh"}
    assert proposal.profile.sensor("Lagging_Current_Power_Factor").unit == "%"
    notes = " ".join(proposal.notes)
    assert "'NSM' is ignored: it repeats the time of day" in notes
    assert "'Load_Type' is ignored: it holds dates or text" in notes
    assert "'date' is ignored" in notes
    assert len(proposal.profile.sensors) == 6


def test_publishers_dates_with_the_day_first_are_read_with_their_pattern(steel: pd.DataFrame):
    text = pd.to_datetime(steel["timestamp"]).dt.strftime("%d/%m/%Y %H:%M")
    proposal = propose_profile(steel.drop(columns=["timestamp"]).assign(date=text), machine_id="steel_plant")
    assert (proposal.mapping["time_column"], proposal.mapping["time_format"]) == ("date", "%d/%m/%Y %H:%M")


def test_skab_labels_never_become_sensors(datasets: Path):
    proposal = propose_profile(pd.read_parquet(datasets / "skab.parquet"), machine_id="skab_rig", machine_type="pump")
    assert {"anomaly", "changepoint"} & set(proposal.mapping["columns"]) == set()
    assert proposal.mapping["columns"]["Volume Flow RateRMS"]["sensor"] == "Volume_Flow_RateRMS"


def test_azure_machine_number_is_not_a_sensor(datasets: Path):
    frame = pd.read_parquet(datasets / "azure_pdm_telemetry.parquet").head(2000)
    proposal = propose_profile(frame, machine_id="azure_001")
    assert set(proposal.mapping["columns"]) == {"volt", "rotate", "pressure", "vibration"}


def test_template_gives_limits_and_modes_where_quantities_match_and_readings_fit():
    frame = readings(acceleration_g=0.6 + 0.01 * np.arange(HOURS) % 0.2)
    profile = propose_profile(frame, machine_id="motor_1", machine_type="motor").profile
    assert profile.sensor("bearing_temp_C").limits.warning_high == 75
    assert profile.sensor("vibration_rms_mm_s").limits.standard == "ISO 20816-3"
    assert {mode.name for mode in profile.failure_modes} == {"bearing_wear", "unbalance"}
    assert profile.energy_sources
    own = propose_profile(frame, machine_id="motor_1").profile.sensor("bearing_temp_C").limits
    assert (own.standard, own.warning_high != 75) == ("no standard", True)


def test_limits_that_the_file_already_passes_are_not_taken():
    frame = readings()
    frame["bearing_temp_C"] += 40
    proposal = propose_profile(frame, machine_id="motor_1", machine_type="motor")
    limits = proposal.profile.sensor("bearing_temp_C").limits
    assert limits.standard == "no standard"
    assert limits.warning_high > frame["bearing_temp_C"].mean() > 85
    assert any("Limits of bearing_temp_C are not taken" in note for note in proposal.notes)


def test_limits_are_converted_to_the_unit_of_the_file():
    frame = readings()
    frame = frame.assign(**{"Bearing temp [degF]": frame.pop("bearing_temp_C") * 1.8 + 32})
    sensor = propose_profile(frame, machine_id="motor_1", machine_type="motor").profile.sensor("Bearing_temp_degF")
    assert (sensor.unit, sensor.limits.warning_high) == ("degF", pytest.approx(167.0))


def test_normal_range_is_that_of_the_first_third_even_if_rows_are_shuffled():
    rising = np.where(np.arange(HOURS) < 0.3 * HOURS, 50.0, 90.0) + np.sin(np.arange(HOURS))
    frame = readings(oil_temp_C=rising).sample(frac=1, random_state=1)
    sensor = propose_profile(frame, machine_id="motor_1").profile.sensor("oil_temp_C")
    assert 48 < sensor.normal_low < 50 < sensor.normal_high < 53
    assert sensor.physical_low >= -273.15
    assert sensor.physical_high > 91


def test_index_of_the_frame_plays_no_part():
    halves = pd.concat([readings().iloc[:250], readings().iloc[250:].reset_index(drop=True)])
    assert propose_profile(halves, machine_id="motor_1") == propose_profile(readings(), machine_id="motor_1")


def test_sentinels_lie_outside_the_physical_range():
    frame = readings()
    frame.loc[[7, 90], "bearing_temp_C"] = [-9999.0, 65535.0]
    sensor = propose_profile(frame, machine_id="motor_1").profile.sensor("bearing_temp_C")
    assert sensor.physical_low > -9999
    assert sensor.physical_high < 65535


def test_operating_columns_and_a_running_rule_are_found():
    current = np.where(np.arange(HOURS) % 24 < 8, 0.1, 30.0) + 0.01 * np.arange(HOURS)
    frame = readings(ambient_temp_C=np.arange(HOURS) % 24 / 2.1, current_A=current, load_pct=current * 3)
    profile = propose_profile(frame, machine_id="motor_1").profile
    roles = {sensor.name: sensor.role for sensor in profile.sensors}
    assert roles["ambient_temp_C"] == roles["load_pct"] == SensorRole.OPERATING
    assert roles["current_A"] == roles["bearing_temp_C"] == SensorRole.INDICATOR
    assert profile.running_rule.sensor == "current_A"
    assert 0 < profile.running_rule.above < 25


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (1_740_787_200 + 3600 * np.arange(HOURS), None),
        ((1_740_787_200 + 3600 * np.arange(HOURS)) * 1000, None),
        (pd.date_range("2025-03-01", periods=HOURS, freq="h", tz="Europe/Berlin").astype(str), None),
        (pd.date_range("2025-03-01", periods=HOURS, freq="h").strftime("%m/%d/%Y %I:%M:%S %p"), "%m/%d/%Y %I:%M:%S %p"),
        (pd.date_range("2025-03-01", periods=HOURS, freq="h").strftime("%d.%m.%Y %H:%M"), "%d.%m.%Y %H:%M"),
    ],
    ids=["seconds", "milliseconds", "with zone", "american", "german"],
)
def test_time_column_is_found_in_every_common_form(times, expected):
    frame = readings().drop(columns="timestamp").assign(recorded_time=times)
    proposal = propose_profile(frame, machine_id="motor_1")
    assert proposal.mapping["time_column"] == "recorded_time"
    assert proposal.mapping.get("time_format") == expected
    assert set(proposal.mapping["columns"]) == {"bearing_temp_C", "vibration_rms_mm_s"}


def test_columns_are_renamed_ignored_or_read_as_standard_with_a_note():
    frame = readings(
        **{
            "Lager °C [degC]": np.linspace(40, 44, HOURS),
            "Lager (degC)": np.linspace(30, 34, HOURS) + np.arange(HOURS) % 3,
            "state": ["RUNNING", "IDLE"] * (HOURS // 2),
            "row": np.arange(HOURS),
            "nothing": 3.5,
            "door_open": np.arange(HOURS) % 2,
            "comment": "ok",
            "typed": ["7.5", "8.5", "oops", "9"] * (HOURS // 4),
        }
    )
    proposal = propose_profile(frame, machine_id="motor_1")
    columns = {column: target["sensor"] for column, target in proposal.mapping["columns"].items()}
    assert columns["Lager °C [degC]"] == "Lager_C_degC"
    assert columns["Lager (degC)"] == "Lager_degC"
    assert proposal.mapping["state"] == "state"
    assert {"row", "nothing", "comment", "typed"} & set(columns) == set()
    assert proposal.profile.sensor("door_open").unit == "1"
    notes = " ".join(proposal.notes)
    assert "'row' is ignored: it counts the rows" in notes
    assert "'nothing' is ignored: it is always 3.5" in notes


def test_columns_that_would_share_a_sensor_name_are_told_apart():
    frame = readings(**{"a b": np.arange(HOURS) % 7, "a-b": np.arange(HOURS) % 5, "A_B": np.arange(HOURS) % 3})
    sensors = [target["sensor"] for target in propose_profile(frame, machine_id="motor_1").mapping["columns"].values()]
    assert sensors[2:] == ["a_b", "a_b_2", "A_B_3"]


def test_more_than_fifty_sensors_are_refused_with_the_limit_named():
    wide = readings(**{f"t{n}_C": np.random.default_rng(n).normal(size=HOURS) for n in range(60)})
    with pytest.raises(InputError, match="62 numeric columns that vary; a machine has at most 50 sensors"):
        propose_profile(wide, machine_id="motor_1")


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (readings().drop(columns="timestamp"), {}, "No column can be read as a time; the file has: bearing_temp_C"),
        (readings(), {"time_column": "when"}, "There is no time column 'when'"),
        (readings(), {"time_column": "bearing_temp_C"}, "cannot be read as times"),
        (readings(), {"machine_type": "pmup"}, "did you mean 'pump'"),
        (readings()[["timestamp"]], {}, "no numeric column that varies"),
        (readings().head(0), {}, "There are no readings"),
        (readings().set_axis(["timestamp", "a", "a"], axis=1), {}, "Columns are given twice: a"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_words(frame, options, message):
    with pytest.raises(InputError, match=message):
        propose_profile(frame, machine_id="motor_1", **options)


def test_a_machine_id_that_is_a_path_is_refused():
    with pytest.raises(InvalidDocument, match="machine_id"):
        propose_profile(readings(), machine_id="../etc")


@pytest.mark.parametrize("machine_type", sorted(templates()))
def test_a_file_with_the_sensors_of_a_template_gets_all_its_failure_modes(machine_type: str):
    template = parse_profile(templates()[machine_type], where=machine_type)
    wave = (1 + np.sin(np.arange(HOURS) / 5.0)) / 2
    columns = {
        s.name: s.normal_low + (0.2 + 0.5 * np.roll(wave, 3 * i)) * (s.normal_high - s.normal_low)
        for i, s in enumerate(template.sensors)
    }
    frame = readings().loc[:, ["timestamp"]].assign(**columns)
    profile = propose_profile(frame, machine_id="own_1", machine_type=machine_type).profile
    assert profile.failure_modes == template.failure_modes
    assert [sensor.unit for sensor in profile.sensors] == [sensor.unit for sensor in template.sensors]
    for sensor in template.sensors:
        assert profile.sensor(sensor.name).role == sensor.role


def test_limits_come_from_the_healthy_beginning_and_say_so():
    rng = np.random.default_rng(0)
    rows = 1000
    frame = pd.DataFrame(
        {
            "time": pd.date_range("2025-01-01", periods=rows, freq="h"),
            "bearing_temp_C": 60 + rng.normal(0, 2, rows) + np.linspace(0, 30, rows),
            "flow_m3_h": 40 + rng.normal(0, 1, rows),
            "load_pct": 50 + rng.normal(0, 10, rows),
        }
    )
    proposal = propose_profile(frame, machine_id="pump_01")
    limits = {sensor.name: sensor.limits for sensor in proposal.profile.sensors}
    assert 66 < limits["bearing_temp_C"].warning_high < 80
    assert limits["bearing_temp_C"].warning_low is None
    assert limits["bearing_temp_C"].critical_high is None
    assert limits["bearing_temp_C"].standard == "no standard"
    assert "3 standard deviations" in limits["bearing_temp_C"].source
    assert 36 < limits["flow_m3_h"].warning_low < 38.5
    assert limits["load_pct"] is None
    assert any("enter the maker's" in note for note in proposal.notes)
