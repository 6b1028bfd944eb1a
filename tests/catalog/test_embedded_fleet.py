"""The catalogue that ships with the package: complete, consistent, honest about its sources."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from workbench.catalog import catalogue_faults, load_catalogue, parse_fleet, parse_profile, templates
from workbench.domain.equipment import NO_STANDARD, TYPICAL, MachineProfile, SensorRole
from workbench.domain.units import Quantity
from workbench.errors import InvalidDocument

TYPES = [
    "chiller",
    "cnc_machine",
    "compressor",
    "conveyor",
    "fan",
    "gearbox",
    "hydraulic_press",
    "motor",
    "pump",
    "robot_arm",
    "solar_pump",
    "transformer",
    "turbofan",
]
# The standard that covers the vibration of each type (T6); all others have none.
VIBRATION_STANDARD = {
    "motor": {"ISO 20816-3", "IEC 60034-14"},
    "fan": {"ISO 20816-3"},
    "pump": {"ISO 10816-7"},
    "gearbox": {"ISO 20816-9"},
    "compressor": {"ISO 20816-8"},
    "cnc_machine": {"ISO/TR 17243"},
}
DOCUMENTS_READ = ("OSHA 3120", "DOE-HDBK-1018/1-93")
MACHINES = load_catalogue().machines
BY_ID = pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.machine_id)


def test_fleet_has_26_machines_of_all_types_with_the_promised_names():
    ids = [machine.machine_id for machine in MACHINES]
    assert len(set(ids)) == 26
    assert {"motor_siemens_1la7_001", "pump_grundfos_cr3_004", "cnc_dmg_mori_nlx_010"} <= set(ids)
    assert sorted({machine.machine_type for machine in MACHINES}) == TYPES == sorted(templates())
    assert not [machine.machine_id for machine in MACHINES if machine.manufacturer == "Generic"]


def test_every_failure_mode_of_the_twin_occurs_on_at_least_three_machines():
    count = Counter(mode for machine in MACHINES if machine.twin for mode in machine.twin.faults)
    assert len(count) >= 8
    assert min(count.values()) >= 3, count
    for machine in MACHINES:
        assert set(machine.twin.faults) == {mode.name for mode in machine.failure_modes}
        assert set(machine.twin.sensors) == {sensor.name for sensor in machine.sensors}


@BY_ID
def test_machine_has_operating_sensors_and_some_that_show_its_health(machine: MachineProfile):
    operating = {sensor.name: sensor.unit for sensor in machine.sensors if sensor.role is SensorRole.OPERATING}
    assert operating["load_pct"] == "%"
    assert operating["ambient_temp_C"] == "degC"
    assert 5 <= len(machine.sensors) <= 9
    assert 3 <= len(machine.failure_modes) <= 5
    assert machine.energy_sources
    assert machine.running_rule
    assert machine.rated
    indicators = {sensor.name for sensor in machine.sensors} - set(operating)
    for mode in machine.failure_modes:
        assert mode.indicator in {symptom.sensor for symptom in mode.symptoms} <= indicators
        assert len(mode.repair.steps) >= 4
        assert any("lock" in step for step in mode.repair.safety)


@BY_ID
def test_symptoms_agree_with_what_the_twin_does(machine: MachineProfile):
    for mode in machine.failure_modes:
        effects = machine.twin.faults[mode.name].effects
        for symptom in mode.symptoms:
            assert symptom.sensor in effects, (mode.name, symptom.sensor)
            assert (effects[symptom.sensor] > 0) == (symptom.direction == "rises"), (mode.name, symptom.sensor)


@BY_ID
def test_modes_of_one_machine_can_be_told_apart_by_their_symptoms(machine: MachineProfile):
    tables = [frozenset((s.sensor, s.direction, s.weight) for s in mode.symptoms) for mode in machine.failure_modes]
    assert len(set(tables)) == len(tables)


@BY_ID
def test_healthy_machine_at_its_usual_load_is_within_its_limits(machine: MachineProfile):
    for sensor in machine.sensors:
        response = machine.twin.sensors[sensor.name]
        usual = response.base + response.load_gain * machine.twin.load_mean
        assert sensor.normal_low <= usual <= sensor.normal_high, (sensor.name, usual)
        if sensor.limits:
            low, high = sensor.limits.warning_low, sensor.limits.warning_high
            assert low is None or usual > low, (sensor.name, usual)
            assert high is None or usual < high, (sensor.name, usual)


@BY_ID
def test_sources_are_documents_read_or_say_typical(machine: MachineProfile):
    sources = [mode.source for mode in machine.failure_modes] + [machine.economics.source, machine.twin.source]
    sources += [rating.source for rating in machine.rated.values()]
    limits = [sensor.limits for sensor in machine.sensors if sensor.limits]
    sources += [limit.source for limit in limits if "workbench" not in limit.source]
    for source in sources:
        assert source.startswith(TYPICAL), source
        named = re.findall(r"[A-Z]{3,}[- ][A-Z0-9/-]*\d[\d/-]*", source)
        assert all(any(name in read for read in DOCUMENTS_READ) for name in named), source
    for limit in limits:
        if "workbench" in limit.source:
            assert "default" in limit.source
            assert "not" in limit.source


@BY_ID
def test_vibration_limits_name_the_standard_of_the_type(machine: MachineProfile):
    for sensor in machine.sensors:
        if sensor.limits and sensor.quantity is Quantity.VIBRATION_VELOCITY:
            assert sensor.limits.standard in VIBRATION_STANDARD.get(machine.machine_type, {NO_STANDARD})
        elif sensor.limits:
            assert sensor.limits.standard == NO_STANDARD
    if machine.machine_type == "motor":
        small = machine.rated["power"].value <= 15
        assert (machine.sensor("vibration_rms_mm_s").limits.standard == "IEC 60034-14") == small


def test_every_reference_of_the_catalogue_holds():
    catalogue = load_catalogue()
    assert catalogue_faults(catalogue) == []
    assert len(catalogue.technicians) >= 8
    assert len(catalogue.suppliers) >= 3
    assert len({site.time_zone for site in catalogue.sites}) >= 3
    used = {need.part_id for m in catalogue.machines for mode in m.failure_modes for need in mode.repair.parts}
    assert used == {part.part_id for part in catalogue.parts}


@BY_ID
def test_someone_at_the_site_can_do_every_repair(machine: MachineProfile):
    skills = {
        skill for person in load_catalogue().technicians if person.site_id == machine.site_id for skill in person.skills
    }
    assert {mode.repair.skill for mode in machine.failure_modes} <= skills


def test_a_catalogue_without_its_technicians_and_suppliers_says_what_is_missing():
    from dataclasses import replace

    faults = catalogue_faults(replace(load_catalogue(), technicians=(), suppliers=()))
    assert any("no technician has the skill 'mechanical'" in fault for fault in faults)
    assert any("makes no offer" in fault for fault in faults)


@pytest.mark.parametrize("machine_type", TYPES)
def test_template_is_a_complete_profile_of_its_type(machine_type: str):
    assert parse_profile(templates()[machine_type], where=machine_type).machine_type == machine_type


def test_scale_changes_ranges_limits_and_twin_of_one_sensor_alike():
    template = parse_profile(templates()["pump"], where="pump")
    text = "extends: pump\nmachine_id: pump_x_1\nscale: {power_kW: 2}\ntwin: {load_mean: 0.5}"
    scaled = parse_profile(text, where="x")
    assert scaled.sensor("power_kW").normal_high == 2 * template.sensor("power_kW").normal_high
    assert scaled.sensor("power_kW").limits.warning_high == 2 * template.sensor("power_kW").limits.warning_high
    assert scaled.twin.sensors["power_kW"].load_gain == 2 * template.twin.sensors["power_kW"].load_gain
    assert scaled.sensor("bearing_temp_C") == template.sensor("bearing_temp_C")
    assert (scaled.twin.load_mean, scaled.twin.duty) == (0.5, template.twin.duty)


def test_fleet_lists_the_faults_of_every_machine_with_their_lines():
    text = """
- extends: pump
  machine_id: pump_x_1
  criticality: Z
- extends: motro
  machine_id: motor_x_1
- extends: fan
  machine_id: fan_x_1
  scale: {speed_rmp: 2}
  sensors: {bearing_temp_C: {unit: degX}}
- extends: fan
  machine_id: fan_x_1
"""
    with pytest.raises(InvalidDocument) as caught:
        parse_fleet(text, where="fleet.yaml")
    listed = "\n".join(caught.value.faults)
    assert "line 4, [0].criticality: 'Z' is not one of" in listed
    assert "line 5, [1].extends: no template 'motro'; did you mean 'motor'?" in listed
    assert "line 9, [2].scale.speed_rmp" in listed
    assert "line 10, [2].sensors[3].unit: unit 'degX' is not declared" in listed


def test_fleet_rejects_a_machine_given_twice():
    with pytest.raises(InvalidDocument, match="'fan_x_1' is given twice"):
        parse_fleet("- {extends: fan, machine_id: fan_x_1}\n" * 2, where="fleet.yaml")
