"""Lockout: every energy source of every machine is isolated, released and proved dead in its own way."""

import pytest

from workbench.catalog import load_catalogue
from workbench.dispatch import lockout_of
from workbench.dispatch.procedure import safety_of


@pytest.mark.parametrize(
    ("source", "isolate", "verify"),
    [
        ("electrical 400 V", "lock it in OFF", "test all poles dead"),
        ("electrical 20 kV and 400 V, both sides", "authorised for high voltage", "high-voltage detector"),
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
    ],
)
def test_each_kind_of_energy_has_its_own_steps(profile, source, isolate, verify):
    (point,) = lockout_of(profile.model_copy(update={"energy_sources": (source,)}))
    assert point.source == source
    assert isolate in point.isolate
    assert verify in point.verify
    assert point.release


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
