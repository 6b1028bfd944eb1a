"""Profiles as YAML and JSON: whole faults lists with places, and a round trip that loses nothing."""

from __future__ import annotations

import json

import pytest

from workbench.catalog import dump_profile, load_catalogue, parse_profile
from workbench.domain.equipment import TwinParameters
from workbench.errors import InvalidDocument

PROFILE = """\
machine_id: pump_ksb_1
machine_type: pump
title: Pump
manufacturer: KSB
model: Etanorm
site_id: plant_bremen
sensors:
- {name: bearing_temp_C, quantity: temperature, unit: degC, normal_low: 10, normal_high: 70,
   physical_low: -50, physical_high: 200}
"""

TEN_FAULTS = """\
machine_id: ../pump
machine_type: pump
titel: Pump
manufacturer: KSB
model: Etanorm
site_id: plant_bremen
sensors:
- name: bearing_temp_C
  quantity: temperature
  unit: degX
  normal_low: 70
  normal_high: 10
  physical_low: -50
  physical_high: 200
  limits: {warning_high: 90, critical_high: 80}
- name: current_A
  quantity: current
  unit: A
  normal_low: zero
  normal_high: 10
  physical_low: 0
  physical_high: 100
running_rule: {sensor: curent_A, above: 1}
failure_modes:
- name: bearing_wear
  title: Bearing wear
  iso14224_code: vib
  mechanism: fatigue
  indicator: vibration_mm_s
  pf_interval_h: [100, 1000]
  symptoms: [{sensor: bearing_temp_C, direction: rises}]
  repair: {skill: mechanical, labour_h: -1, repair_h: 2, steps: [Replace the bearing.]}
"""


def faults_of(text: str) -> list[str]:
    with pytest.raises(InvalidDocument) as caught:
        parse_profile(text, where="pump.yaml")
    assert "pump.yaml" in str(caught.value)
    assert caught.value.exit_code == 2
    return list(caught.value.faults)


def test_profile_with_ten_faults_lists_all_ten_and_the_missing_field_with_lines_and_paths():
    places = [fault.partition(": ")[0] for fault in faults_of(TEN_FAULTS)]
    assert places == [
        "line 1, machine_id",
        "line 1, title",  # missing, because line 3 misspells it
        "line 3, titel",
        "line 10, sensors[0].unit",
        "line 12, sensors[0].normal_high",
        "line 15, sensors[0].limits.critical_high",
        "line 19, sensors[1].normal_low",
        "line 23, running_rule.sensor",
        "line 27, failure_modes[0].iso14224_code",
        "line 29, failure_modes[0].indicator",
        "line 32, failure_modes[0].repair.labour_h",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TEN_FAULTS, "line 3, titel: unknown field; did you mean 'title'?"),
        (TEN_FAULTS, "names sensor 'curent_A', which is not declared; did you mean 'current_A'?"),
        (PROFILE + "title: Again\n", "line 10, title: key 'title' is given twice (first on line 3)"),
        (PROFILE + "rated_life: .inf\n", "line 10, rated_life: .inf is not a finite number"),
        (PROFILE + "rated_life: nan\n", "line 10, rated_life:"),
        (PROFILE + "rated_life: yes\n", "line 10, rated_life: True is not a finite number"),
        (PROFILE + "model_no: !!python/object/apply:os.getcwd []\n", "is not allowed"),
        (PROFILE.replace("unit: degC", "unit: bar"), "unit 'bar' measures pressure, not temperature"),
        (PROFILE.replace("unit: degC", "unit: %"), "put the value in quotes"),
        (PROFILE.replace("physical_low: -50", "physical_low: 20"), "10 is below physical_low = 20"),
        (PROFILE.replace("200}", "200, limits: {warning_hihg: 90}}"), "unknown field; did you mean 'warning_high'?"),
        (PROFILE + "economics: {production_loss: 3}\n", "economics.production_loss: unknown field; did you mean"),
        (PROFILE + "criticality: D\n", "'D' is not one of 'A', 'B' or 'C'"),
        (PROFILE + "model_no: !number 3\n", "tag '!number' is not allowed"),
        (PROFILE.replace("200}", "200, limits: {warning_high: 300}}"), "can never be reached"),
        (PROFILE.replace("machine_id: pump_ksb_1", "machine_id: 7"), "line 1, machine_id: must be text, not 7"),
        (PROFILE + "twin: {sensors: {x: {base: 1, noise_sd: 0}}, faults: {}}\n", "twin.sensors.x: names sensor 'x'"),
        ("", "the document is empty"),
        ("- a\n- b\n", "must be a mapping of fields"),
        ("a: [1\n", "cannot be read as YAML or JSON"),
        ("a: &x [*x]\n", "nested too deeply"),
        ("extends: pmup\n", "did you mean 'pump'?"),
        ("extends: pump\nscale: 3\n", "line 2, scale: must be a mapping"),
        ("extends: pump\nsensors: {flow: {unit: l/s}}\n", "did you mean 'flow_m3_h'?"),
    ],
)
def test_fault_says_what_is_wrong_where_and_what_was_meant(text: str, expected: str):
    assert any(expected in fault for fault in faults_of(text)), faults_of(text)


def test_sixty_sensors_are_too_many():
    sensor = PROFILE[PROFILE.index("- {") :]
    many = "".join(sensor.replace("bearing_temp_C", f"t{number}_C") for number in range(60))
    assert any("sensors" in fault and "50" in fault for fault in faults_of(PROFILE.replace(sensor, many)))


def test_json_with_tabs_is_read_and_its_faults_have_lines():
    text = json.dumps(load_catalogue().machines[0].model_dump(mode="json"), indent="\t")
    assert parse_profile(text, where="motor.json") == load_catalogue().machines[0]
    broken = text.replace('"manufacturer": "Siemens"', '"manufacturer": "Siemens",\n\t"maker": "x",\n\t"maker": "y"')
    faults = faults_of(broken)
    assert [fault.partition(": ")[2][:22] for fault in faults] == ["unknown field", "key 'maker' is given t"]
    assert all(fault.startswith("line ") for fault in faults)


@pytest.mark.parametrize("machine", load_catalogue().machines, ids=lambda machine: machine.machine_id)
def test_profile_survives_writing_and_reading(machine):
    text = dump_profile(machine, notes=("one", "two\nlines"))
    assert text.startswith("# one\n# two lines\n")
    assert parse_profile(text, where="x") == machine


def test_windows_line_ends_and_byte_order_mark_are_read():
    assert parse_profile("\ufeff" + PROFILE.replace("\n", "\r\n"), where="x") == parse_profile(PROFILE, where="x")


def test_empty_values_survive_writing_and_reading():
    changes = {"twin": TwinParameters(sensors={}, faults={}), "attributes": {"note": "", "serial": "007"}}
    profile = parse_profile(PROFILE, where="x").model_copy(update=changes)
    assert parse_profile(dump_profile(profile), where="x") == profile
