"""Scenarios (D3): trips stop them and say so, faults are listed all at once, and their figures agree with each other."""

from __future__ import annotations

import pytest

from workbench.catalog import load_catalogue
from workbench.catalog.scenarios import built_in_scenarios, parse_scenarios, scenarios_text
from workbench.domain.composition import OUTSIDE
from workbench.domain.twin import FaultInjection, RiskBand, Scenario
from workbench.errors import InvalidDocument
from workbench.twin.health import twin_health
from workbench.twin.injection import set_damage
from workbench.twin.scenarios import Start, compare_scenarios, step_for
from workbench.twin.state_model import twin_of

MACHINES = {p.machine_id: p for p in load_catalogue().machines}
MOTOR = MACHINES["motor_weg_w22_003"]
BARE = MOTOR.model_copy(update={"twin": None})


def _compare(profile, *scenarios, hours=200.0, samples=20, start=None, seed=0):
    model = twin_of(profile)
    p = model.parameters()
    signals = model.step(model.initial(p), {**OUTSIDE}, p, step_s=1.0)
    return compare_scenarios(
        model,
        profile,
        scenarios or built_in_scenarios(),
        hours=hours,
        samples=samples,
        seed=seed,
        start=start or Start(),
        health=twin_health(model, profile, model.damage(signals), running_h=0.0),
    )


@pytest.fixture(scope="module")
def motor():
    return _compare(MOTOR)


def test_the_four_built_in_scenarios_are_those_of_the_specification():
    told = {one.name: (one.load, one.cooling) for one in built_in_scenarios()}
    assert told == {"normal": (0.7, 1), "heavy_load": (1.5, 1), "overheated": (0.8, 0.2), "worn_bearings": (0.9, 1)}
    assert next(one for one in built_in_scenarios() if one.name == "worn_bearings").wear > 1
    assert parse_scenarios(scenarios_text(), where="copy") == built_in_scenarios()


def test_worked_as_usual_nothing_happens(motor):
    normal = motor.result("normal")
    assert normal.stops == ()
    assert normal.final_band is RiskBand.HEALTHY
    assert normal.trip_probability == normal.failure_probability == 0
    assert normal.hours == 200
    assert normal.first_stop_h is None


@pytest.mark.parametrize("name", ["heavy_load", "overheated"])
def test_protection_stops_a_scenario_and_says_what_and_when(motor, name):
    result = motor.result(name)
    assert result.trip_probability == 1
    (first, *_) = result.stops
    assert first.kind == "trip"
    assert first.title
    assert 0 < first.earliest_h <= first.median_h <= result.hours < 200
    # The time to a trip is told finer than the hour in which a long scenario is computed.
    assert result.step_h < 0.1


def test_without_protection_the_same_scenario_goes_on_and_wears_the_machine(motor):
    bare = Scenario(name="bare", title="No protection", load=0.8, cooling=0.2, protection=False)
    result = _compare(MOTOR, bare).result("bare")
    assert all(stop.kind == "failure" for stop in result.stops)
    assert result.peaks["winding_temp_C"] > motor.result("overheated").peaks["winding_temp_C"]
    assert result.hours == 200 or result.failure_probability == 1


def test_worn_bearings_fail_first(motor):
    worn = motor.result("worn_bearings")
    assert worn.damage["bearing_wear"].median[-1] > motor.result("normal").damage["bearing_wear"].median[-1]
    assert worn.final_health < motor.result("normal").final_health
    assert worn.final_remaining_useful_life < motor.result("normal").final_remaining_useful_life


@pytest.mark.parametrize("profile", [MOTOR, BARE], ids=["composition", "state_model"])
def test_figures_agree_with_each_other(profile):
    compared = _compare(profile, samples=10)
    assert compared.physics == ("composition" if profile is MOTOR else "state_model")
    for result in compared.results:
        shares = sum(stop.share for stop in result.stops)
        assert shares == pytest.approx(result.trip_probability + result.failure_probability)
        assert shares <= 1 + 1e-9
        for one in (result.health, result.remaining_useful_life, *result.sensors.values(), *result.damage.values()):
            assert len(one.lower) == len(one.median) == len(one.upper) == len(result.at_h)
            for low, mid, high in zip(one.lower, one.median, one.upper, strict=True):
                assert (low is None) == (mid is None) == (high is None)
                if low is not None:
                    assert low <= mid <= high
        assert result.at_h[-1] == pytest.approx(result.hours)
        assert result.energy_kWh > 0
    usual, heavy = compared.result("normal"), compared.result("heavy_load")
    assert usual.energy_kWh == pytest.approx(0.7 * 37 * 200, rel=0.15)
    assert max(v for v in heavy.sensors["power_kW"].median if v) > 1.8 * max(usual.sensors["power_kW"].median)


def test_the_same_seed_gives_the_same_answer_and_scenarios_share_their_machines():
    one, two = Scenario(name="one", title="One"), Scenario(name="two", title="Two")
    both = _compare(BARE, one, two, hours=50)
    assert both.result("one").sensors == both.result("two").sensors
    assert _compare(BARE, one, two, hours=50) == both
    assert _compare(BARE, one, two, hours=50, seed=1) != both


def test_a_scenario_begins_where_the_machine_is():
    model = twin_of(BARE)
    p = model.parameters()
    state = model.initial(p)
    state[:, model.state_names.index("machine.bearing_wear")] = 0.7
    worn = _compare(BARE, Scenario(name="on", title="On"), hours=50, start=Start(state, 30_000.0)).result("on")
    assert worn.final_band is RiskBand.WARNING
    assert worn.damage["bearing_wear"].median[0] >= 0.7


def test_a_fault_begins_at_its_hour():
    fault = FaultInjection(fault="winding_fault", at_h=30, severity=0.6)
    result = _compare(BARE, Scenario(name="hit", title="Hit", step_h=1, faults=(fault,)), hours=60).result("hit")
    health = dict(zip(result.at_h, result.health.median, strict=True))
    assert health[30.0] > 90 > health[31.0]
    assert result.final_band is RiskBand.WARNING


def test_shifts_are_worked_hour_by_hour():
    day = (0.0,) * 8 + (1.0,) * 16
    steady = Scenario(name="steady", title="Round the clock", load=0.9, step_h=1)
    shifts = Scenario(name="shifts", title="Two shifts", load=0.9, hourly=day, step_h=1)
    both = _compare(MOTOR, steady, shifts, hours=96, samples=1)
    power = dict(zip(both.result("shifts").at_h, both.result("shifts").sensors["power_kW"].median, strict=True))
    assert power[6.0] == pytest.approx(0, abs=0.5)
    assert power[12.0] > 30
    ratio = both.result("shifts").energy_kWh / both.result("steady").energy_kWh
    assert ratio == pytest.approx(16 / 24, rel=0.02)
    cool = both.result("shifts").sensors["winding_temp_C"]
    assert min(cool.median) < 40 < max(cool.median)


def test_a_supply_that_is_not_balanced_is_a_signal():
    uneven = Scenario(name="uneven", title="2 % negative sequence", signals={"voltage_unbalance": 0.02})
    both = _compare(MOTOR, Scenario(name="even", title="Even"), uneven, hours=24, samples=1)
    assert both.result("uneven").peaks["current_unbalance_pct"] > 2 * both.result("even").peaks["current_unbalance_pct"]


def test_a_fault_that_may_be_missing_is_left_out_and_said():
    fault = FaultInjection(fault="tool_wear", where_possible=True)
    result = _compare(BARE, Scenario(name="none", title="None", faults=(fault,)), hours=10).result("none")
    assert result.notes == ("left out: the machine cannot have tool_wear",)


def test_every_fault_of_the_question_is_listed_at_once():
    wrong = (
        Scenario(name="aa", title="A", faults=(FaultInjection(fault="tool_wear"), FaultInjection(fault="looseness", at_h=99))),
        Scenario(name="aa", title="A", parameters={"machine.colour": 1.0, "wing.span_m": 3.0}),
        Scenario(name="bb", title="B", parameters={"machine.rated_power_kW": -5.0}, signals={"moon_phase": 1.0}),
        Scenario(name="cc", title="C", load=2.0, hourly=(1.0, 2.0)),
    )  # fmt: skip
    with pytest.raises(InvalidDocument) as raised:
        _compare(BARE, *wrong, hours=-3, samples=0)
    text = str(raised.value)
    for told in (
        "hours is -3",
        "samples is 0",
        "'aa' is given twice",
        "cannot have fault 'tool_wear'",
        "cannot have fault 'looseness'",
        "no parameter 'machine.colour'; machine has: machine.rated_power_kW",
        "no parameter 'wing.span_m'; components: machine",
        "machine.rated_power_kW is -5 kW; physics allows",
        "no free signal 'moon_phase'",
        "load is 4 in hour 1; give at most 3",
    ):
        assert told in text


def test_signals_that_physics_does_not_allow_are_listed_at_once():
    pump = MACHINES["pump_grundfos_cr3_004"]
    signals = {"speed": 0.0, "speed_rpm": float("inf"), "unbalance": float("nan"), "lubrication": -1.0}
    with pytest.raises(InvalidDocument) as raised:
        _compare(pump, Scenario(name="aa", title="A", signals=signals), hours=-3)
    text = str(raised.value)
    for told in (
        "hours is -3",
        "speed is 0; a scenario can drive it from 0.1 to 1.5",
        "speed_rpm is inf; a scenario can drive it from 0 to 5800",
        "unbalance is nan; a scenario can drive it from 0 to 1",
        "lubrication is -1",
    ):
        assert told in text


def test_two_faults_of_one_signal_are_no_worse_than_the_signal_can_be():
    faults = (FaultInjection(fault="looseness", severity=0.8), FaultInjection(fault="looseness", severity=0.9, at_h=2))
    one = Scenario(name="one", title="One", faults=(FaultInjection(fault="looseness", severity=1.0),))
    both = _compare(MOTOR, one, Scenario(name="two", title="Two", faults=faults), hours=10, samples=1)
    worst = max(both.result("one").peaks.values())
    assert max(both.result("two").peaks.values()) == pytest.approx(worst, rel=1e-3)


def test_every_fault_of_a_file_is_listed_at_once():
    with pytest.raises(InvalidDocument) as raised:
        parse_scenarios(
            "- {name: a1, title: x, load: 9, cooling: -1, step_h: -3, colour: red}\n"
            "- {name: b1, title: y, ambient_C: .nan, faults: [{fault: unbalance, severity: 2}]}\n"
            "- {name: b2, title: y, hours: 1, step_h: 2}\n",
            where="mine.yaml",
        )
    text = str(raised.value)
    for told in ("colour", "[0].load", "[0].cooling", "[0].step_h", "severity", "not a finite", "longer than"):
        assert told in text
    assert "line 1" in text
    assert "line 3" in text


def test_too_much_for_the_memory_is_refused_with_a_remedy():
    with pytest.raises(InvalidDocument, match="ask for fewer, or a longer step_h"):
        _compare(BARE, Scenario(name="fine", title="Fine", step_h=0.001), hours=2000, samples=1000)


def test_long_scenarios_take_longer_steps():
    assert step_for(24 * 365 * 20) <= 24 * 4
    assert step_for(1) < 0.01


@pytest.mark.parametrize("profile", MACHINES.values(), ids=lambda p: p.machine_id)
def test_what_a_machine_has_lived_through_stays_in_its_scenarios(profile):
    model = twin_of(profile)
    p = model.parameters()
    state = model.initial(p)
    for mode in model.composition.modes:
        set_damage(model, mode, 0.6, state, p)
    still = Scenario(name="still", title="Standing", load=0.0, running=0.0, hours=1, step_h=1, protection=False)
    result = _compare(profile, still, samples=1, start=Start(state, 1000.0)).result("still")
    assert all(damage.median[0] == pytest.approx(0.6, abs=0.05) for damage in result.damage.values())


def test_cooling_that_no_component_feels_is_said_to_change_nothing():
    motor = MOTOR.twin.composition
    deaf = motor.model_copy(
        update={
            "components": {
                name: part.model_copy(update={"inputs": {**part.inputs, "cooling": "running"}})
                if part.model == "induction_motor"
                else part
                for name, part in motor.components.items()
            }
        }
    )
    profile = MOTOR.model_copy(update={"twin": MOTOR.twin.model_copy(update={"composition": deaf})})
    hot, usual = Scenario(name="hot", title="Hot", cooling=0.2), Scenario(name="usual", title="Usual")
    compared = _compare(profile, hot, usual, hours=24, samples=1)
    assert compared.result("hot").notes == ("cooling changes nothing: no component of this twin is cooled by it",)
    assert compared.result("usual").notes == ()
    assert _compare(MOTOR, hot, hours=24, samples=1).result("hot").notes == ()
