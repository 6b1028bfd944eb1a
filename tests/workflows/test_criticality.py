"""Criticality and FMECA of a workspace: what is recorded counts, a person decides, and priorities follow."""

from __future__ import annotations

import json

import pytest
from tests.test_cli import Shell

import workbench
from workbench.dispatch import judge_priority
from workbench.domain.base import Actor, Role
from workbench.domain.criticality import Strategy
from workbench.domain.observations import AssetEvent, EventKind
from workbench.errors import InputError, NotFound, NotPermitted

from .conftest import END, SILENT

COMPRESSOR = "compressor_atlas_copco_lt_007"


def test_every_machine_has_a_class_a_loss_and_a_reason(plant):
    found = workbench.assess_criticality(plant)
    assert sorted(one.machine_id for one in found.machines) == plant.machines.ids()
    assert found.loss_per_year == sum(one.loss_per_year for one in found.machines)
    assert all(one.loss_per_year_95[0] < one.loss_per_year < one.loss_per_year_95[1] for one in found.machines)
    assert all(one.reason for one in found.machines)
    assert found.machine(COMPRESSOR).current == "A"
    # A silent machine is taken to run all the time, and nothing of it is seen.
    silent = workbench.fmeca(plant, SILENT)
    assert silent.operating_h_per_year == 8_760
    assert {mode.detection for mode in silent.modes} == {10}
    assert "No readings in the last 30 days" in silent.notes[0]
    with pytest.raises(NotFound, match="Did you mean"):
        workbench.fmeca(plant, "compressor_atlas_copco_lt_008")


def test_recorded_failures_of_the_type_raise_the_rate(plant):
    before = {mode.mode: mode for mode in workbench.fmeca(plant, COMPRESSOR).modes}
    assert before["filter_clogging"].failures_seen >= 1
    assert before["filter_clogging"].strategy is Strategy.CONDITION_BASED
    events = [
        AssetEvent(machine_id=COMPRESSOR, time=END.replace(year=2025, month=month), kind=EventKind.FAILURE, cause=cause, source="t")
        for month, cause in ((9, "valve_leak"), (10, "valve_leak"), (11, "flooded"))
    ]  # fmt: skip
    plant.events.add(events, plant.change("test"))
    found = workbench.fmeca(plant, COMPRESSOR)
    after = {mode.mode: mode for mode in found.modes}
    assert after["valve_leak"].failures_seen == before["valve_leak"].failures_seen + 2
    assert after["valve_leak"].cost_per_year > before["valve_leak"].cost_per_year
    assert "no failure mode of the profile, shared out over its modes: flooded (1)" in found.notes[-1]


def test_a_decision_is_a_new_profile_version_and_moves_priorities(ran):
    order = ran.orders.all()[0]
    said = ran.predictions.get(order.prediction_id)
    machine_id = order.machine_id

    def priority(letter: str) -> int:
        workbench.set_criticality(ran, machine_id, letter, "test")
        profile = ran.machines.get(machine_id)
        level, why = judge_priority(said, profile, ran.settings.planning_horizon_h)
        assert f"criticality {letter}" in why
        return int(level)

    levels = [priority(letter) for letter in "ABC"]
    assert levels == sorted(levels)
    assert levels[0] < levels[2]
    ann = Actor(id="ann", role=Role.SUPERVISOR)
    version = workbench.set_criticality(ran, machine_id, "B", "a standby was installed", actor=ann)
    assert version == len(ran.machines.versions(machine_id))
    assert workbench.set_criticality(ran, machine_id, "B", "the same again") == version
    entry = ran.log.entries("machine", machine_id)[0]
    assert (entry.actor, entry.reason) == ("ann", "criticality B: a standby was installed")
    assert json.loads(entry.after)["criticality"] == "B"
    with pytest.raises(NotPermitted):
        workbench.set_criticality(ran, machine_id, "A", "no", actor=Actor(id="olga", role=Role.OPERATOR))
    with pytest.raises(InputError, match="Give A, B or C"):
        workbench.set_criticality(ran, machine_id, "D", "worse")
    with pytest.raises(InputError, match="no reason"):
        workbench.set_criticality(ran, machine_id, "A", " ")


def test_commands_show_propose_and_set(plant, tmp_path):
    plant.close()
    shell = Shell(tmp_path)
    said = shell("-w", "W", "criticality")
    assert COMPRESSOR in said
    assert "Rule: A: machines that cost more than the average one" in said
    assert f"{COMPRESSOR}: criticality C (profile version 2)" in shell(
        "-w", "W", "criticality", "set", COMPRESSOR, "c", "--reason", "spare compressor"
    )
    plain = json.loads(shell("-w", "W", "criticality", "--json"))
    assert next(one for one in plain["machines"] if one["machine_id"] == COMPRESSOR)["current"] == "C"
    sheet = shell("-w", "W", "fmeca", COMPRESSOR)
    assert "S x O x D = RPN" in sheet
    assert "condition based" in sheet
    assert json.loads(shell("-w", "W", "fmeca", COMPRESSOR, "--json"))["modes"][0]["cost_per_year"] > 0
