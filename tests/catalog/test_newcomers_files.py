"""Files as people have them: other units, umlauts, several machines, sensors that a template expects but are absent."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

from workbench.catalog import dump_profile, parse_profile, propose_profile, templates
from workbench.catalog.column_names import guess_column
from workbench.domain.unit_spellings import SPELLINGS, declared_unit
from workbench.domain.units import UNITS, Quantity
from workbench.errors import InputError, InvalidDocument

HOURS = 400
NOISE = np.random.default_rng(5).normal(size=HOURS)


def readings(**columns: object) -> pd.DataFrame:
    time = pd.date_range("2025-03-01", periods=HOURS, freq="h").strftime("%Y-%m-%d %H:%M:%S")
    return pd.DataFrame({"timestamp": time, **columns})


def propose(frame: pd.DataFrame, **options: str):
    return propose_profile(frame, machine_id="pump_1", **options)


@pytest.mark.parametrize(
    ("column", "sensor", "quantity", "unit"),
    [
        ("Drehzahl [1/min]", "Drehzahl_1_min", Quantity.SPEED, "rpm"),
        ("Drehzahl (U/min)", "Drehzahl_U_min", Quantity.SPEED, "rpm"),
        ("Speed [min-1]", "Speed_min_1", Quantity.SPEED, "rpm"),
        ("speed RPM", "speed_RPM", Quantity.SPEED, "rpm"),
        ("Öl [°C]", "Oel_C", Quantity.TEMPERATURE, "degC"),
        ("Oil [C]", "Oil_C", Quantity.TEMPERATURE, "degC"),
        ("Durchfluß [m³/h]", "Durchfluss_m3_h", Quantity.FLOW, "m3/h"),
        ("Größe é [mm/sec]", "Groesse_e_mm_sec", Quantity.VIBRATION_VELOCITY, "mm/s"),
        ("Füllstand [%]", "Fuellstand", Quantity.OTHER, "%"),
        ("Drehzahl", "Drehzahl", Quantity.SPEED, "rpm"),
    ],
)
def test_units_are_known_in_their_usual_spellings_and_names_are_transliterated(column, sensor, quantity, unit):
    guess = guess_column(column)
    assert (guess.sensor, guess.quantity, guess.unit) == (sensor, quantity, unit)


def test_every_spelling_stands_for_a_declared_unit():
    assert set(SPELLINGS.values()) <= set(UNITS)
    assert all(declared_unit(unit) == unit for unit in UNITS)


def test_a_unit_that_is_not_declared_gets_the_nearest_suggested():
    notes = " ".join(propose(readings(**{"druck [barr]": 5 + NOISE, "x [furlong]": NOISE})).notes)
    assert "'barr' in its name is no declared unit; did you mean 'bar'?" in notes
    assert "'furlong' in its name is no declared unit, no unit is known" in notes
    text = templates()["pump"].replace("unit: bar", "unit: barr")
    with pytest.raises(InvalidDocument, match="unit 'barr' is not declared; did you mean 'bar'"):
        parse_profile(text, where="pump.yaml")


def test_what_cannot_be_negative_has_no_negative_bounds_unless_the_readings_are():
    running = np.arange(HOURS) % 24 > 4
    profile = propose(
        readings(
            speed_rpm=np.where(running, 1480 + NOISE, 0.0),
            flow_m3_h=np.where(running, 40 + NOISE, 0.0),
            level_pct=5 + np.abs(NOISE),
            noisy_A=np.where(running, 30 + NOISE, 0.2 * NOISE),
            feed_in_kW=50 * np.sin(np.arange(HOURS) / 9),
            drift_C=5 + 10 * NOISE,
        )
    ).profile
    for name in ("speed_rpm", "flow_m3_h", "level_pct"):
        assert (profile.sensor(name).normal_low >= 0, profile.sensor(name).physical_low) == (True, 0.0), name
    lowest = (0.2 * NOISE[~running]).min()
    assert -10 < profile.sensor("noisy_A").physical_low < lowest
    assert profile.sensor("feed_in_kW").physical_low < -500
    assert profile.sensor("drift_C").physical_low < -100


@pytest.mark.parametrize("column", ["machine", "machine_id", "Asset", "Equipment ID", "machineName"])
def test_a_file_of_two_machines_is_refused_with_the_way_to_take_it_in(column):
    frame = readings(oil_temp_C=50 + NOISE, **{column: np.where(np.arange(HOURS) % 2, "A 1", "B 2")})
    with pytest.raises(InputError, match=f"2 machines: column '{column}' has the values 'A 1', 'B 2'") as caught:
        propose(frame)
    for word in ("--mapping", f"machine_column: {column}", "machine_names: {'A 1': a_1, 'B 2': b_2}"):
        assert word in caught.value.remedy
    assert "oil_temp_C" in propose(frame.assign(**{column: "A 1"})).mapping["columns"]


def test_a_measured_column_called_unit_no_or_machine_is_no_list_of_machines():
    assert propose(readings(oil_temp_C=50 + NOISE, machine=NOISE)).profile.sensors


def test_modes_stay_with_the_symptoms_that_have_a_sensor():
    template = parse_profile(templates()["pump"], where="pump")
    wanted = {mode.name: mode for mode in template.failure_modes}
    proposal = propose(
        readings(Vibration_mm_s=1 + 0.1 * np.abs(NOISE), Bearing_Temperature_C=50 + NOISE), machine_type="pump"
    )
    mode = proposal.profile.failure_mode("bearing_wear")
    assert mode is not None
    assert {symptom.sensor for symptom in mode.symptoms} == {"Vibration_mm_s", "Bearing_Temperature_C"}
    heaviest = max(mode.symptoms, key=lambda symptom: symptom.weight)
    assert heaviest.weight >= 2
    assert wanted["bearing_wear"].indicator == "acceleration_rms_g"
    assert mode.indicator == heaviest.sensor
    notes = " ".join(proposal.notes)
    assert "Failure mode bearing_wear is kept without acceleration_rms_g" in notes
    assert f"{mode.indicator} is its indicator instead" in notes
    assert "Failure mode cavitation is left out" in notes
    assert parse_profile(proposal.text, where="proposal") == proposal.profile


def test_american_times_with_am_and_pm_are_read_and_a_doubt_is_said():
    times = pd.date_range("2020-02-01", periods=HOURS, freq="h")
    clear = propose(readings(oil_C=50 + NOISE).assign(timestamp=times.strftime("%m/%d/%Y %I:%M %p")))
    assert clear.mapping["time_format"] == "%m/%d/%Y %I:%M %p"
    assert not any("would also fit" in note for note in clear.notes)
    short = readings(oil_C=50 + NOISE).assign(timestamp=times.strftime("%m/%d/%Y %I:%M %p")).head(200)
    unsure = propose(short)
    assert unsure.mapping["time_format"] == "%m/%d/%Y %I:%M %p"  # days in a row, not the first of nine months
    assert any("would also fit %d/%m/%Y %I:%M %p" in n and "time_format under file_mapping" in n for n in unsure.notes)


def test_the_proposal_says_how_to_change_the_zone_and_what_money_means():
    proposal = propose(readings(oil_C=50 + NOISE))
    assert any("time_zone under file_mapping" in note for note in proposal.notes)
    text = dump_profile(proposal.profile)
    assert "(cents): 45000 means 450.00" in text
    before = text.split("economics:")[0].splitlines()[-1]
    assert before.startswith("# Money")


def test_money_with_decimals_is_answered_with_the_number_to_write():
    raw = yaml.safe_load(propose(readings(oil_C=50 + NOISE)).text)
    raw["economics"]["production_loss_per_h"] = 450.50
    with pytest.raises(InvalidDocument, match=r"minor units of the currency \(cents\): write 45050 for 450.50"):
        parse_profile(yaml.safe_dump(raw), where="pump.yaml")


def test_a_machine_id_that_is_not_allowed_is_explained_in_words():
    raw = yaml.safe_load(propose(readings(oil_C=50 + NOISE)).text)
    raw["machine_id"] = "Pump 1"
    with pytest.raises(InvalidDocument, match=r"use 3 to 100 of the characters a-z, 0-9 and _, e.g. pump_07"):
        parse_profile(yaml.safe_dump(raw), where="pump.yaml")


def test_words_among_numbers_are_counted_not_a_reason_to_drop_the_column():
    cells = pd.Series(50 + NOISE, dtype=object)
    cells[[3, 7, 9]] = "n.v."
    proposal = propose(readings(oil_C=cells))
    assert proposal.profile.sensor("oil_C").unit == "degC"
    assert any("'oil_C' holds 3 cells that are no number, e.g. 'n.v.'" in note for note in proposal.notes)
