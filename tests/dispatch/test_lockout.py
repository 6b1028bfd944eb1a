"""Lockout: every energy source of every machine is isolated, released and proved dead in its own way."""

import pytest

from workbench.catalog import load_catalogue
from workbench.dispatch import lockout_of
from workbench.dispatch.procedure import safety_of


@pytest.mark.parametrize(
    ("source", "isolate", "verify"),
    [
        ("electrical 400 V", "lock it in OFF", "test all poles dead"),
        ("electrical 20 kV and 400 V, both sides", "authorised for high voltage", "dead and earthed"),
        ("electrical: photovoltaic DC up to 600 V", "live in any light", "no DC voltage"),
        ("hydraulic: 250 bar and accumulators", "stop the pump", "0 bar"),
        ("pneumatic: gripper 6 bar", "lock it vented", "nothing moves"),
        ("pressure: refrigerant R134a", "certified for refrigerants", "manifold"),
        ("pressure: water column", "suction", "0 bar"),
        ("gravity: pump hanging in the borehole", "a brake alone does not hold it", "does not sink"),
        ("mechanical: impeller may turn in the draught", "pin it", "does not turn"),
        ("thermal: hot oil", "heating", "infrared"),
        ("chemical: caustic 30 %", "safety data sheet", "sample"),
        ("magnetic: lifting magnet", "find its isolating device", "none is left"),
        ("electrical 11kV", "authorised for high voltage", "dead and earthed"),
        ("electrical: 6,600 V motor", "authorised for high voltage", "dead and earthed"),
        ("6.6/0.4 kV supply", "authorised for high voltage", "dead and earthed"),
        ("electrical 0.4 kV, 630 kVA", "lock it in OFF", "two-pole tester"),
        ("supply 400VAC", "lock it in OFF", "two-pole tester"),
        ("electrical: 1,200 V DC link", "lock it in OFF", "two-pole tester"),
        ("mains", "lock it in OFF", "two-pole tester"),
        ("mains water 6 bar", "suction", "nothing flows"),
        ("steam mains 10 bar", "two valves in series", "40 °C"),
        ("mechanical: 3 V-belts", "pin it", "does not turn"),
        ("3 V-belts", "pin it", "does not turn"),
        ("refrigerant gas R410A", "certified for refrigerants", "manifold"),
        ("pressure: natural gas", "source of ignition", "gas detector"),
        ("pneumatic: natural gas", "source of ignition", "gas detector"),
        ("fuel gas", "source of ignition", "gas detector"),
        ("hydrogen 30 bar", "source of ignition", "gas detector"),
        ("LPG", "source of ignition", "gas detector"),
        ("biogas", "source of ignition", "gas detector"),
        ("ammonia gas", "safety data sheet", "gas reading"),
        ("chemical: hydrogen sulphide", "safety data sheet", "gas reading"),
        ("pressure: process gas", "which gas it is", "measure the air"),
        ("nitrogen 200 bar", "which gas it is", "measure the air"),
        ("hydraulic: accumulators charged with nitrogen gas", "stop the pump", "0 bar"),
        ("pressure: water, flange with gasket", "suction", "nothing flows"),
        ("electrical: PV string 800 V", "live in any light", "no DC voltage"),
        ("battery 48 V", "insulated tools", "behind the isolator"),
        ("electrical: UPS batteries", "insulated tools", "behind the isolator"),
        ("electrical: 1,200 V AC, 24 V DC control", "authorised for high voltage", "dead and earthed"),
        ("mechanical: springs under load", "maker's locking device", "slack"),
        ("mechanical: suspended counterweight", "props rated for its weight", "does not sink"),
        ("gas spring of the hood", "maker's locking device", "slack"),
        ("refrigerant R290", "source of ignition", "gas detector"),
        ("ammonia refrigerant (R717)", "safety data sheet", "gas reading"),
    ],
)
def test_each_kind_of_energy_has_its_own_steps(profile, source, isolate, verify):
    (point,) = lockout_of(profile.model_copy(update={"energy_sources": (source,)}))
    assert point.source == source
    assert isolate in point.isolate
    assert verify in point.verify
    assert point.release


@pytest.mark.parametrize(
    "source",
    [
        *("refrigerant gas R410A", "pressure: natural gas", "fuel gas", "ammonia gas", "exhaust gas", "pneumatic: gas"),
        *("hydrogen", "LPG", "biogas", "methane", "chlorine gas", "carbon dioxide", "gas", "pneumatic: nitrogen 6 bar"),
        *("thermal: ammonia plant, cold", "compressed natural gas (CNG)", "oxygen", "gas-fired boiler"),
    ],
)
def test_no_gas_that_could_harm_is_vented_to_the_air(profile, source):
    for point in lockout_of(profile.model_copy(update={"energy_sources": (source,)})):
        assert "vent lines" not in point.release
        assert "open vent" not in point.release
        assert "vent and drain" not in point.release


@pytest.mark.parametrize(
    ("source", "verify"),
    [
        ("electrical 400 V and fuel gas", ["two-pole tester", "gas detector"]),
        ("electrical 400 V and raised load", ["two-pole tester", "does not sink"]),
        ("steam and natural gas", ["drain open and dry", "gas detector"]),
        ("pneumatic: spring return cylinder", ["nothing moves", "slack"]),
        ("hot water 6 bar", ["nothing flows", "infrared"]),
        ("raised load on springs", ["does not sink", "slack"]),
    ],
)
def test_a_source_that_names_two_kinds_has_a_point_for_each(profile, source, verify):
    points = lockout_of(profile.model_copy(update={"energy_sources": (source,)}))
    assert [word in point.verify for word, point in zip(verify, points, strict=True)] == [True, True]


def test_a_battery_is_never_shorted(profile):
    (point,) = lockout_of(profile.model_copy(update={"energy_sources": ("battery room, 1,200 V",)}))
    assert "never be shorted" in point.release
    assert "discharge rod" not in point.release


def test_high_voltage_is_proved_dead_before_it_is_earthed(profile):
    safety = safety_of(profile.model_copy(update={"energy_sources": ("electrical 20 kV",)}), "bearing_wear")
    steps = " ".join(safety)
    assert 0 < steps.index("test every phase dead") < steps.index("only then earth")


def test_what_is_cold_is_not_taken_for_safe(profile):
    (point,) = lockout_of(profile.model_copy(update={"energy_sources": ("thermal: cryogenic line",)}))
    assert "cold" in point.release
    assert "between 0 and 40 °C" in point.release


def test_every_source_of_the_embedded_fleet_is_of_a_known_kind():
    for machine in load_catalogue().machines:
        points = lockout_of(machine)
        assert [point.source for point in points] == list(machine.energy_sources)
        assert not [point for point in points if point.isolate.startswith("find its isolating device")]


def test_safety_isolates_all_before_it_releases_and_proves(profile):
    safety = safety_of(profile, "bearing_wear")
    isolated = [n for n, line in enumerate(safety) if line.startswith("Lock out and tag")]
    released = [n for n, line in enumerate(safety) if line.startswith("Release ")]
    (proved,) = [n for n, line in enumerate(safety) if line.startswith("Prove that it is dead")]
    assert len(isolated) == len(released) == len(profile.energy_sources)
    assert max(isolated) < min(released) <= max(released) < proved
    assert all(source in safety[proved] for source in profile.energy_sources)
