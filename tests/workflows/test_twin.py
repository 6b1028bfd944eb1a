"""The digital twin as people use it: health from the record, scenarios, injected faults; nothing in the workspace changes."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from inspect import isfunction, signature
from itertools import islice

import pandas as pd
import pytest
from typer.testing import CliRunner

import workbench
from workbench.cli import commands  # noqa: F401  (registers the commands)
from workbench.cli.main import app
from workbench.cli.twin import _health_row
from workbench.domain.composition import ModePhysics
from workbench.domain.twin import RiskBand, Scenario
from workbench.errors import InvalidDocument, NotFound, Stopped
from workbench.reports import content
from workbench.workflows.onboard import add_catalogue, create_workspace, save_profile
from workbench.workflows.simulate_copy import store_readings
from workbench.workflows.twin import current_twin
from workbench.workflows.twin.current import renews_machine
from workbench.workflows.twin.record import read_record

END = datetime(2026, 1, 1, tzinfo=UTC)
MOTOR, SILENT = "motor_weg_w22_003", "fan_greenheck_bisw_015"
QUICK = {"hours": 48, "samples": 10}


@pytest.fixture(scope="module")
def plant(simulated_plant, tmp_path_factory):
    """A workspace with a month of one motor, and a fan that never reported."""
    with simulated_plant(tmp_path_factory.mktemp("twin") / "W", [MOTOR], SILENT, days=30) as ws:
        yield ws


@pytest.fixture(scope="module")
def compared(plant):
    return workbench.compare_scenarios(plant, MOTOR, **QUICK)


def test_health_follows_from_the_record(plant):
    health = workbench.twin_health(plant, MOTOR)
    assert health.physics == "composition"
    assert health.as_of == END
    # A motor in two shifts, two years old: about half of the hours since.
    assert 6_000 < health.running_h < 12_000
    assert health.risk_band is RiskBand.HEALTHY
    assert "load on record since 2025-12-02" in health.basis
    assert 0 < health.remaining_useful_life < health.rated_life


def test_a_machine_without_readings_is_taken_as_new_and_says_so(plant):
    health = workbench.twin_health(plant, SILENT)
    assert "no reading on record" in health.basis
    assert max(health.damage.values()) == pytest.approx(0, abs=1e-6)


def _bare_motor(ws):
    """Add the motor with one sensor and no twin of its own."""
    add_catalogue(ws, only=(MOTOR,))
    motor = ws.machines.get(MOTOR)
    bare = {"twin": None, "failure_modes": (), "running_rule": None}
    save_profile(ws, motor.model_copy(update={"sensors": (motor.sensor("winding_temp_C"),), **bare}))


def test_a_machine_that_does_not_tell_its_load_says_which_was_taken(tmp_path):
    with create_workspace(tmp_path / "W", settings={"name": "Bare", "as_of": END.isoformat()}) as ws:
        _bare_motor(ws)
        time = pd.date_range(END - timedelta(days=3), END, freq="h", inclusive="left")
        store_readings(ws, MOTOR, pd.DataFrame({"time": time, "state": "RUNNING", "winding_temp_C": 75.0}), "bare")
        assert "at the usual load of 70 %" in workbench.twin_health(ws, MOTOR).basis


def test_the_fleet_is_read_in_the_order_asked_for(plant):
    fleet = workbench.twin_health_fleet(plant, [SILENT, MOTOR])
    assert [one.machine_id for one in fleet.health] == [SILENT, MOTOR]
    assert fleet.skipped == {}
    assert len(workbench.twin_health_fleet(plant).health) == 2


def test_a_machine_whose_twin_has_faults_is_skipped_with_the_reason(tmp_path):
    with create_workspace(tmp_path / "W", settings={"as_of": END.isoformat()}) as ws:
        add_catalogue(ws, only=(MOTOR, SILENT))
        profile = ws.machines.get(SILENT)
        broken = profile.twin.composition.model_copy(
            update={"modes": {"unbalance": ModePhysics(damage="rotor.colour", factor="wear", detectability=5)}}
        )
        save_profile(ws, profile.model_copy(update={"twin": profile.twin.model_copy(update={"composition": broken})}))
        fleet = workbench.twin_health_fleet(ws)
        assert [one.machine_id for one in fleet.health] == [MOTOR]
        assert "rotor.colour" in fleet.skipped[SILENT]
        told = _command(ws, "health")
        assert told.exit_code == 0


def test_hours_and_lives_only_grow_with_the_record(plant):
    half = current_twin(plant, MOTOR, as_of=END - timedelta(days=15))
    whole = current_twin(plant, MOTOR)
    assert whole.running_h > half.running_h
    lives = [n for n, declared in enumerate(whole.model.states) if declared.monotone]
    assert (whole.state[0, lives] >= half.state[0, lives]).all()


def test_scenarios_begin_with_the_machine_as_it_is_or_new(plant, compared):
    assert compared.start == workbench.twin_health(plant, MOTOR, horizon_h=48)
    new = workbench.compare_scenarios(plant, MOTOR, ["normal"], start="new", **QUICK)
    assert new.start.running_h == 0
    assert new.result("normal").final_remaining_useful_life > compared.result("normal").final_remaining_useful_life


def test_a_simulation_changes_nothing(plant):
    def counts():
        return (
            len(plant.orders.all()), len(plant.events.frame(MOTOR)), plant.data_hash(), plant.parts.all(),
            len(plant.cases.open()), len(plant.log.entries("machine", MOTOR)),
        )  # fmt: skip

    before = counts()
    workbench.compare_scenarios(plant, MOTOR, ["heavy_load"], **QUICK)
    workbench.inject_fault(plant, MOTOR, [{"fault": "unbalance", "severity": 0.9}], **QUICK)
    assert counts() == before


def test_an_injected_fault_shows_beside_the_sound_machine(plant):
    both = workbench.inject_fault(plant, MOTOR, [{"fault": "unbalance", "at_h": 10, "severity": 0.7}], **QUICK)
    sound, faulty = both.result("sound"), both.result("faulty")
    assert faulty.peaks["vibration_rms_mm_s"] > 1.5 * sound.peaks["vibration_rms_mm_s"]
    assert faulty.final_health < 80 < sound.final_health
    assert faulty.scenario.load == sound.scenario.load == pytest.approx(0.72)


def test_wrong_questions_are_refused_with_everything_that_is_wrong(plant):
    with pytest.raises(NotFound, match="normal, heavy_load, overheated, worn_bearings"):
        workbench.compare_scenarios(plant, MOTOR, ["hurricane"])
    with pytest.raises(NotFound):
        workbench.twin_health(plant, "no_such_machine")
    with pytest.raises(InvalidDocument, match=r"(?s)severity: should be.*load: should be"):
        workbench.inject_fault(plant, MOTOR, [{"fault": "unbalance", "severity": -1}], load=9)
    with pytest.raises(InvalidDocument, match=r"(?s)severity: .*load: .*hours is 0;.*cannot have fault 'tool_wear'"):
        workbench.inject_fault(plant, MOTOR, [{"fault": "tool_wear", "severity": 3}], load=9, hours=0)
    with pytest.raises(InvalidDocument, match="cannot have fault 'tool_wear'; it can have: bearing_defect"):
        workbench.inject_fault(plant, MOTOR, [{"fault": "tool_wear"}], **QUICK)


def test_scenarios_of_ones_own_are_read_from_a_file(plant, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("- {name: night, title: Night shift, load: 0.4, running: 0.3}\n", encoding="utf-8")
    (night,) = workbench.read_scenarios(path)
    assert night == Scenario(name="night", title="Night shift", load=0.4, running=0.3)
    both = workbench.compare_scenarios(plant, MOTOR, ["normal", night], **QUICK)
    assert both.result("night").energy_kWh < 0.5 * both.result("normal").energy_kWh


def test_progress_says_what_is_done_from_the_beginning(plant):
    told = []
    workbench.compare_scenarios(plant, MOTOR, ["normal"], progress=lambda *said: told.append(said), **QUICK)
    assert told[0] == (0.0, "running the twin through its record")
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == pytest.approx(1.0)


def test_it_can_be_stopped(plant):
    with pytest.raises(Stopped):
        workbench.compare_scenarios(plant, MOTOR, ["normal"], should_stop=lambda: True, **QUICK)


def test_scenarios_are_drawn_with_words_for_those_who_cannot_see(plant, compared):
    drawn = content.scenario_charts(compared, profile=plant.machines.get(MOTOR)).html
    assert drawn.count("<svg") >= 3 + len(compared.results)
    assert 'role="img"' in drawn
    assert "Twin health" in drawn
    assert "trips after" in drawn
    (stopped,) = (one for one in compared.results if one.scenario.name == "heavy_load")
    some = stopped.model_copy(update={"stops": (stopped.stops[0].model_copy(update={"share": 0.6}),)})
    partly = content.scenario_table(compared.model_copy(update={"results": (some,)})).html
    assert re.search(r"60\s%\strip\safter", partly)
    assert "nan" not in drawn.lower().replace("nanometre", "")
    one = content.scenario_charts(compared, sensors=["winding_temp_C"]).html
    assert one.count("<figure>") == 3
    alone = workbench.compare_scenarios(plant, MOTOR, ["normal", "overheated"], hours=24, samples=1)
    assert "winding temperature" in content.scenario_charts(alone, profile=plant.machines.get(MOTOR)).html
    rows = content.scenario_table(compared).html
    assert "Cooling nearly lost" in rows
    factors = content.twin_factors(compared.start).html
    assert "Running time" in factors
    assert "operating hours" in factors


def _command(ws, *words):
    return CliRunner().invoke(app, ["-w", str(ws.path), "twin", *words])


def test_the_commands_say_the_same(plant, compared):
    told = _command(plant, "scenarios", MOTOR, "--hours", "48", "--samples", "10", "--json")
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout) == compared.model_dump(mode="json")
    shown = _command(plant, "scenarios", MOTOR, "--hours", "48", "--samples", "10", "--scenario", "heavy_load")
    assert "heavy_load" in shown.stdout
    assert "trip by" in shown.stdout
    bare = _command(
        plant, "scenarios", MOTOR, "--hours", "48", "--samples", "1", "--scenario", "heavy_load", "--no-protection"
    )
    assert bare.exit_code == 0, bare.output
    assert "trip by" not in bare.stdout
    health = _command(plant, "health", "--json")
    assert {one["machine_id"] for one in json.loads(health.stdout)["twin_health"]} == {MOTOR, SILENT}
    one = _command(plant, "health", "-m", MOTOR)
    assert "HEALTHY" in one.stdout
    assert "load on record" in one.stdout
    assert "Used up: thermal" in one.stdout


def test_the_fleets_table_fits_a_terminal_of_a_hundred_columns(plant):
    health = workbench.twin_health(plant, MOTOR)
    clogged = health.model_copy(update={"damage": {**health.damage, "bearing_wear": 0.61}})
    assert _health_row(clogged)[-1] == "61 % bearing wear"
    aged = health.model_copy(update={"damage": dict.fromkeys(health.damage, 0.0), "limited_by": "running_time"})
    assert _health_row(aged)[-1] == "running time"
    # Six gaps of three columns, and the longest id of the catalogue.
    assert len("press_dieffenbacher_compress_021") + sum(map(len, _health_row(aged)[1:])) + 6 * 3 <= 100


def test_the_command_lists_and_injects_faults(plant):
    listed = _command(plant, "inject", MOTOR)
    assert "bearing_defect" in listed.stdout
    assert "phase_unbalance" in listed.stdout
    injected = _command(
        plant, "inject", MOTOR, "bearing_defect", "--severity", "0.9", "--hours", "48", "--samples", "5"
    )
    assert injected.exit_code == 0, injected.output
    assert "faulty" in injected.stdout
    assert "- name: overheated" in _command(plant, "template").stdout


def test_a_replaced_part_is_new_again(plant, tmp_path):
    """Last, for it adds an event to the workspace."""
    worn = current_twin(plant, MOTOR)
    path = tmp_path / "events.csv"
    path.write_text(
        f"machine_id,time,kind,cause,source\n{MOTOR},2025-12-31T00:00:00Z,replacement,bearing_wear,fitter\n",
        encoding="utf-8",
    )
    workbench.ingest(plant, "events", path)
    renewed = current_twin(plant, MOTOR)
    (bearing,) = [n for n, name in enumerate(worn.model.state_names) if name == "bearing.fatigue"]
    assert renewed.state[0, bearing] < 0.2 * worn.state[0, bearing]
    assert "1 failure mode renewed" in renewed.basis


def _replaced(ws, tmp_path, machine_id, cause, at):
    path = tmp_path / "events.csv"
    path.write_text(
        f"machine_id,time,kind,cause,source\n{machine_id},{at},replacement,{cause},fitter\n", encoding="utf-8"
    )
    workbench.ingest(ws, "events", path)


def test_a_machine_that_was_renewed_is_new_from_then_on(simulated_plant, tmp_path):
    with simulated_plant(tmp_path / "W", [MOTOR], SILENT, days=20) as ws:
        worn = current_twin(ws, MOTOR)
        _replaced(ws, tmp_path, MOTOR, "machine", "2025-11-12T00:00:00Z")
        # Thirty days before a record of twenty, in two shifts with weekends.
        assert 450 < current_twin(ws, MOTOR).running_h < 700 < worn.running_h
        _replaced(ws, tmp_path, MOTOR, "unknown", "2025-12-31T00:00:00Z")
        new = current_twin(ws, MOTOR)
        lived = [column for column, declared in enumerate(new.model.states) if declared.monotone]
        used = worn.state[0, lived] > 1e-6
        assert used.any()
        assert (new.state[0, lived][used] < 0.2 * worn.state[0, lived][used]).all()
        assert 8 < new.running_h < 24
        assert "the whole machine renewed on 2025-12-31" in new.basis
        assert new.health(168).twin_health_score > worn.health(168).twin_health_score
        assert new.health(168).failure_probability < worn.health(168).failure_probability
        assert set(read_record(ws, MOTOR, None).renewed) == set(new.model.composition.modes)
        # After the last reading.
        _replaced(ws, tmp_path, MOTOR, "overhaul", END.isoformat())
        assert current_twin(ws, MOTOR).running_h == 0
        assert (current_twin(ws, MOTOR).state[0, lived][used] < new.state[0, lived][used]).all()


def test_a_replacement_after_a_failure_of_nobody_knows_what_is_its_repair_alone():
    day = timedelta(days=1)
    events = pd.DataFrame(
        {
            "time": pd.to_datetime([END, END + 0.5 * day, END + 3 * day, END + 5 * day]),
            "kind": ["failure", "replacement", "replacement", "replacement"],
            "cause": ["bearing_wear", "unknown", "unknown", "seal_leak"],
        }
    )
    assert renews_machine(events) == [False, False, True, False]


def test_a_counter_of_hours_begins_anew_with_the_machine(tmp_path):
    with create_workspace(tmp_path / "W", settings={"name": "Counter", "as_of": END.isoformat()}) as ws:
        _bare_motor(ws)
        hours = 240
        times = pd.date_range(END - timedelta(hours=hours), periods=hours, freq="h").as_unit("us")
        frame = pd.DataFrame({"time": times, "running_h": 5_000.0 + pd.RangeIndex(hours), "winding_temp_C": 75.0})
        store_readings(ws, MOTOR, frame.assign(state="RUNNING"), "counter")
        assert current_twin(ws, MOTOR).running_h == 5_239
        _replaced(ws, tmp_path, MOTOR, "overhaul", (END - timedelta(hours=100)).isoformat())
        assert current_twin(ws, MOTOR).running_h == 99


def test_a_counter_that_was_changed_goes_on_where_the_one_before_stood(tmp_path):
    with create_workspace(tmp_path / "W", settings={"name": "Counters", "as_of": END.isoformat()}) as ws:
        _bare_motor(ws)
        counter = [20.0 + 0.1 * hour for hour in range(140)] + [float(hour) for hour in range(100)]
        times = pd.date_range(END - timedelta(hours=240), periods=240, freq="h").as_unit("us")
        frame = pd.DataFrame({"time": times, "running_h": counter, "winding_temp_C": 75.0, "state": "RUNNING"})
        store_readings(ws, MOTOR, frame, "counters")
        assert current_twin(ws, MOTOR).running_h == pytest.approx(33.9 + 99)
        # Changed with the machine: the new one has passed the old one's last reading.
        _replaced(ws, tmp_path, MOTOR, "overhaul", (END - timedelta(hours=100.5)).isoformat())
        assert current_twin(ws, MOTOR).running_h == pytest.approx(99)


def test_every_verb_draws_with_the_workspaces_seed_unless_told_another(tmp_path):
    verbs = [getattr(workbench, name) for name in workbench.__all__]
    seeded = {one.__name__: signature(one).parameters.get("seed") for one in verbs if isfunction(one)}
    defaults = {name: parameter.default for name, parameter in seeded.items() if parameter is not None}
    assert {"train", "seed_data", "simulate_failure", "stream_machine", "plan_work", "compare_scenarios"} <= set(
        defaults
    )
    assert set(defaults.values()) == {None}

    def read(ws, **seed):
        return [one.values for one in islice(workbench.stream_machine(ws, MOTOR, **seed), 3)]

    settings = {"name": "Seeded", "as_of": END.isoformat(), "seed": 7}
    with create_workspace(tmp_path / "W", settings=settings) as ws:
        add_catalogue(ws, only=(MOTOR,))
        assert read(ws) == read(ws, seed=7) != read(ws, seed=0)
