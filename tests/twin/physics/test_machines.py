"""All embedded machines as compositions: as their profiles describe them, and as standards demand of some."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.catalog import load_catalogue
from workbench.domain.composition import OUTSIDE
from workbench.errors import InputError
from workbench.twin.model import compile_twin
from workbench.twin.physics import COMPONENTS
from workbench.twin.run import run_twin

PROFILES = {machine.machine_id: machine for machine in load_catalogue().machines}
MODES = [(name, mode.name) for name, profile in PROFILES.items() for mode in profile.failure_modes]
MOTORS = [name for name, profile in PROFILES.items() if profile.machine_type == "motor"]
HOUR = 3600.0
STEP_H = 12
MECHANICAL = ("fan", "gearbox", "conveyor", "cnc_machine", "robot_arm")
CLASS_F_C = 155.0
# Share of the week in which a machine of the duty runs: P-F intervals are calendar hours, damage grows in operating ones.
UTILISATION = {"two_shift": 80 / 168}


@dataclass(frozen=True)
class Band:
    """How far physics may lie from the profile: shares of its life, of its P-F bounds, and of what a symptom moves by."""

    life: tuple[float, float] = (0.5, 2.0)
    seen: tuple[float, float] = (0.8, 1.5)
    moved: tuple[float, float] = (0.4, 2.5)
    of_weak_symptoms: bool = True


ELECTRICAL = Band(life=(0.5, 1.0), moved=(0.45, 2.8))
FLUID = Band(life=(0.5, 1.7), seen=(0.5, 1.5), moved=(0.4, np.inf), of_weak_symptoms=False)
BANDS = {"motor": ELECTRICAL, "transformer": ELECTRICAL} | dict.fromkeys(
    ("pump", "solar_pump", "compressor", "chiller", "hydraulic_press", "turbofan"), FLUID
)
# Bearings of motors outlive the embedded records, which are of a fleet whose faults are to be seen within months.
OUTLIVES = {("motor", "bearing_wear"): (0.5, 4.0)}
# What stands in them has a temperature of its own.
OWN_WATER = ("chiller", "solar_pump")
# The impeller's damage also shows a clogged strainer.
WORN_TOGETHER = {"impeller": "strainer"}


@cache
def twin(machine):
    return compile_twin(PROFILES[machine])


def usual(machine, **known):
    return {"load": PROFILES[machine].twin.load_mean, "ambient_C": 20.0} | known


def keep_new(model, mode):
    """Return an intervention that keeps all new but what the mode damages."""
    own = model.composition.modes[mode].damage.partition(".")[0]
    worn = {own, WORN_TOGETHER.get(own)}
    others = [
        column
        for column, (name, state) in enumerate(zip(model.state_names, model.states, strict=True))
        if state.monotone and name.partition(".")[0] not in worn
    ]

    def renew(_step, state, _parameters):
        state[:, others] = 0.0

    return renew


@pytest.mark.parametrize("machine", PROFILES)
def test_when_new_its_sensors_read_what_is_normal(machine):
    model, profile = twin(machine), PROFILES[machine]
    assert set(model.composition.sensors) == {sensor.name for sensor in profile.sensors}
    assert set(model.composition.modes) == {mode.name for mode in profile.failure_modes}
    run = run_twin(model, usual(machine), steps=48, step_s=HOUR, parameters=model.parameters())
    assert run.stopped_by == ("",)
    for sensor in profile.sensors:
        response = profile.twin.sensors[sensor.name]
        read = run.sensors[sensor.name][-1, 0]
        assert sensor.normal_low <= read <= sensor.normal_high, sensor.name
        if sensor.name != "ambient_temp_C":
            described = response.base + response.load_gain * profile.twin.load_mean
            assert read == pytest.approx(described, rel=0.15), sensor.name


@pytest.mark.parametrize(("machine", "name"), MODES)
def test_each_mode_runs_to_failure_and_moves_its_symptoms(machine, name):
    model, profile = twin(machine), PROFILES[machine]
    mode, fault = profile.failure_mode(name), profile.twin.faults[name]
    band = BANDS.get(profile.machine_type, Band())
    least, most = OUTLIVES.get((profile.machine_type, name), band.life)
    run = run_twin(
        model, usual(machine), steps=int(most * fault.life_h / STEP_H), step_s=STEP_H * HOUR,
        parameters=model.parameters(), intervene=keep_new(model, name), protection=False,
    )  # fmt: skip
    assert run.stopped_by == (name,)
    end = int(run.stopped_at[0])
    assert end * STEP_H > least * fault.life_h
    damage = run.damage[name][: end + 1, 0]
    assert np.all(np.diff(damage) >= 0)
    seen_h = (end - np.argmax(damage > 0.01)) * STEP_H / UTILISATION.get(profile.twin.duty, 1.0)
    assert band.seen[0] * mode.pf_interval_h[0] <= seen_h <= band.seen[1] * mode.pf_interval_h[1]
    for symptom in mode.symptoms:
        values = run.sensors[symptom.sensor][:, 0]
        moved = values[end] - values[1]
        assert moved > 0 if symptom.direction == "rises" else moved < 0, symptom.sensor
        if symptom.sensor in fault.effects and (band.of_weak_symptoms or symptom.weight > 1):
            assert band.moved[0] < moved / fault.effects[symptom.sensor] < band.moved[1], symptom.sensor


@pytest.mark.parametrize("machine", [name for name, p in PROFILES.items() if p.machine_type not in OWN_WATER])
def test_a_standing_machine_cools_down_and_takes_nothing(machine):
    model, profile = twin(machine), PROFILES[machine]
    p = model.parameters()
    warm = model.initial(p, usual(machine))
    run = run_twin(model, {"load": 0.0, "running": 0.0}, steps=200, step_s=HOUR, parameters=p, state=warm)
    for sensor in profile.sensors:
        off = profile.twin.sensors[sensor.name].off_value
        if sensor.unit == "degC":
            assert run.sensors[sensor.name][-1, 0] == pytest.approx(20.0, abs=0.5)
        elif off is not None:
            assert run.sensors[sensor.name][-1, 0] == pytest.approx(off, abs=max(0.1, 0.1 * abs(off)))
    for damage in run.damage.values():
        assert np.ptp(damage) == 0.0


@pytest.mark.parametrize("machine", PROFILES)
def test_it_stands_any_step_and_any_outside(machine):
    model = twin(machine)
    for step_s in (1.0, 86_400.0):
        for load, ambient, running in ((0.0, -20.0, 0.0), (1.2, 45.0, 1.0), (0.5, 20.0, 0.4)):
            run = run_twin(
                model,
                {"load": load, "ambient_C": ambient, "running": running},
                steps=5,
                step_s=step_s,
                parameters=model.parameters(8, rng=np.random.default_rng(0)),
                samples=8,
                rng=np.random.default_rng(0),
                protection=False,
            )
            for name, values in run.sensors.items():
                assert np.isfinite(values).all(), name


def test_an_input_usually_lies_in_its_range():
    declared = [(kind.model, one) for kind in COMPONENTS.values() for one in kind.inputs if one.name not in OUTSIDE]
    assert declared
    for model, one in declared:
        assert np.isfinite([one.low, one.high]).all(), (model, one.name)
        assert np.isnan(one.start) or one.low <= one.start <= one.high, (model, one.name)


@pytest.mark.parametrize("machine", PROFILES)
def test_it_bears_every_free_input_at_the_ends_of_its_range(machine):
    model = twin(machine)
    for name, ends in model.free_ranges.items():
        for value in ends:
            ran = run_twin(
                model, usual(machine, **{name: value}), steps=3, step_s=HOUR, parameters=model.parameters(),
                protection=False, stop_at_failure=False,
            )  # fmt: skip
            assert all(np.isfinite(read).all() for read in (*ran.sensors.values(), *ran.damage.values())), (name, value)
            assert all((read >= 0).all() for sensor, read in ran.sensors.items() if sensor.endswith("_kW")), (
                name,
                value,
            )
    for name in model.free_ranges:
        with pytest.raises(InputError, match=f"{name} lies outside"):
            run_twin(model, {name: np.inf}, steps=1, step_s=HOUR, parameters=model.parameters())


@settings(max_examples=15, deadline=None)
@given(
    machine=st.sampled_from(sorted(PROFILES)),
    step_s=st.sampled_from([1.0, 600.0, HOUR, 24 * HOUR]),
    outside=st.lists(
        st.tuples(st.floats(0, 1.6), st.floats(-30, 50), st.floats(0, 1), st.floats(0.05, 2)), min_size=8, max_size=8
    ),
    seed=st.integers(0, 99),
)
def test_damage_only_grows_whatever_happens(machine, step_s, outside, seed):
    model, rng = twin(machine), np.random.default_rng(seed)
    signals = dict(zip(("load", "ambient_C", "running", "cooling"), np.array(outside).T, strict=True))
    p = model.parameters(4, rng=rng)
    old = model.initial(p, samples=4)
    for column, (name, state) in enumerate(zip(model.state_names, model.states, strict=True)):
        if state.monotone and not name.endswith(".damage"):
            old[:, column] = rng.uniform(0.8, 1.05, 4)
    run = run_twin(
        model, signals, steps=8, step_s=step_s, parameters=p, state=old, samples=4, protection=False,
        stop_at_failure=False,
    )  # fmt: skip
    for damage in run.damage.values():
        assert np.all((damage >= 0) & (damage <= 1))
        assert np.all(np.diff(damage, axis=0) >= -1e-12)
    assert all(np.all(np.isfinite(values)) for values in run.sensors.values())


@pytest.mark.parametrize("machine", [name for name, p in PROFILES.items() if p.machine_type in MECHANICAL])
def test_vibration_is_judged_by_the_limit_of_the_profile(machine):
    limits = next(s.limits for s in PROFILES[machine].sensors if s.name == "vibration_rms_mm_s")
    assert twin(machine).defaults["vibration.limit_mm_s"] == limits.critical_high


def test_a_spindle_wears_its_tool_in_its_first_hour_after_a_stop():
    model = twin("cnc_mazak_integrex_012")
    outside = usual("cnc_mazak_integrex_012", running=np.array([0.0, 0.0, 1.0, 1.0]))
    run = run_twin(model, outside, steps=4, step_s=HOUR, parameters=model.parameters(), record=["tool.used"])
    used = np.diff(run.signals["tool.used"][:, 0])
    assert used[0] == 0.0
    assert used[1] > 0
    assert used[1] == pytest.approx(used[2])


@pytest.mark.parametrize(
    ("machine", "trip", "known"),
    [
        ("gearbox_sew_mc_016", "oil_temperature", {"load": 1.0, "cooling": 0.4}),
        ("robot_kuka_kr210_022", "joint_temperature", {"load": 1.3, "ambient_C": 45.0, "cooling": 0.4}),
        ("conveyor_interroll_mcp_009", "winding_temperature", {"load": 1.0, "cooling": 0.3}),
        ("cnc_mazak_integrex_012", "spindle_temperature", {"load": 1.0, "cooling": 0.3}),
    ],
)
def test_lost_cooling_trips_the_protection_before_anything_fails(machine, trip, known):
    model = twin(machine)
    run = run_twin(model, usual(machine) | known, steps=240, step_s=600.0, parameters=model.parameters())
    assert run.stopped_by == (trip,)


@pytest.mark.parametrize("machine", ["gearbox_sew_mc_016", "gearbox_flender_h2_017"])
def test_a_gear_unit_gives_off_what_it_loses(machine):
    model = twin(machine)
    run = run_twin(
        model, usual(machine), steps=48, step_s=HOUR, parameters=model.parameters(),
        record=["gears.loss_kW", "oil.heat_kW"],
    )  # fmt: skip
    lost, given = (run.signals[name][-1, 0] for name in ("gears.loss_kW", "oil.heat_kW"))
    assert given == pytest.approx(lost, rel=1e-3)
    assert lost < 0.06 * PROFILES[machine].rated["power"].value


def test_lives_of_a_class_scatter_around_that_of_the_machine():
    model = twin("fan_nicotra_gebhardt_rdh_014")
    p = model.parameters(400, rng=np.random.default_rng(3))
    run = run_twin(
        model, usual("fan_nicotra_gebhardt_rdh_014"), steps=1200, step_s=24 * HOUR, parameters=p, samples=400,
        protection=False, intervene=keep_new(model, "bearing_wear"),
    )  # fmt: skip
    lives = run.stopped_at * 24
    early, middle = np.quantile(lives, [0.1, 0.5])
    # Weibull slope 1.5: the median fatigue life is (ln 2 / ln(1 / 0.9))**(1 / 1.5) = 3.5 times the rating life. The growth
    # of the spall, some 750 h, adds to both.
    assert middle == pytest.approx(6700, rel=0.2)
    assert (middle - 750) / (early - 750) == pytest.approx(3.5, rel=0.25)


def overload_current(model, p, times):
    """Return the load at which the motor draws ``times`` its rated current."""
    loads = np.linspace(1.0, 2.5, 1501)
    known = {name: np.full(loads.size, value) for name, value in p.items()}
    state = model.initial(known, {"load": 0.5}, samples=loads.size)
    currents = model.step(state, {"load": loads, "ambient_C": 20.0}, known, step_s=1e-3)["motor.current_A"]
    return float(np.interp(times * p["motor.rated_current_A"], currents, loads))


@pytest.mark.parametrize("machine", MOTORS)
@pytest.mark.parametrize("overload", ["1.5 x rated current for 2 min", "1.6 x rated torque for 15 s"])
def test_occasional_overload_of_iec_60034_1_harms_nothing(machine, overload, record_property):
    """IEC 60034-1, 9.3.2 and 9.4.1, from rated load settled at 40 degC."""
    model = twin(machine)
    p = model.parameters()
    hot = model.initial(p, {"load": 1.0, "ambient_C": 40.0})
    if "current" in overload:
        load, seconds = overload_current(model, p, 1.5), 120
    else:
        slip = 1 - p["motor.rated_speed_rpm"] / p["motor.synchronous_speed_rpm"]
        load, seconds = 1.6 * (1 - 1.6 * slip) / (1 - slip), 15
    outside = {"load": load, "ambient_C": 40.0}
    told = ["motor.winding_C", "motor.current_A", "overload.level", "insulation.used"]
    run = run_twin(model, outside, steps=seconds, step_s=1.0, parameters=p, state=hot, record=told)
    assert run.stopped_by == ("",)
    if "current" in overload:
        assert run.signals["motor.current_A"][-1, 0] == pytest.approx(1.5 * p["motor.rated_current_A"], rel=1e-3)
    assert run.damage["winding_insulation"].max() == 0
    assert run.signals["insulation.used"].max() < 1e-4
    hottest = run.signals["motor.winding_C"].max()
    record_property("winding_C against the limit of class F, 155 degC", float(hottest))
    assert hottest < CLASS_F_C
    assert run.signals["overload.level"].max() < 1


@pytest.mark.parametrize("machine", MOTORS)
def test_heavy_load_trips_the_overload_relay_and_lost_cooling_the_winding_sensors(machine):
    model = twin(machine)
    p = model.parameters()
    warm = model.initial(p, {"load": 0.7})
    current = "motor.equivalent_current_A"
    before = run_twin(model, {"load": 0.7}, steps=1, step_s=10.0, parameters=p, state=warm, record=[current])
    heavy = run_twin(model, {"load": 1.5}, steps=240, step_s=10.0, parameters=p, state=warm, record=[current])
    assert heavy.stopped_by == ("thermal_overload",)
    base, i, i_p = p["overload.base_current_A"], heavy.signals[current][-1, 0], before.signals[current][-1, 0]
    due_s = p["overload.tau_s"] * np.log((i**2 - i_p**2) / (i**2 - (1.05 * base) ** 2))
    assert (heavy.stopped_at[0] + 1) * 10.0 == pytest.approx(due_s, rel=0.02)
    lost = run_twin(model, {"load": 0.8, "cooling": 0.2}, steps=48, step_s=HOUR, parameters=p, state=warm)
    assert lost.stopped_by == ("winding_temperature",)
    bare = run_twin(model, {"load": 1.5}, steps=24, step_s=HOUR, parameters=p, state=warm, protection=False)
    assert bare.sensors["winding_temp_C"][-1, 0] > CLASS_F_C


def test_a_motor_with_better_cooling_or_less_load_lives_longer():
    model = twin("motor_weg_w22_003")
    p = model.parameters()
    used = {
        what: run_twin(model, outside, steps=100, step_s=10 * HOUR, parameters=p, record=["insulation.used"])
        .signals["insulation.used"][-1, 0]
        for what, outside in {
            "usual": {"load": 0.72}, "cooler": {"load": 0.72, "cooling": 1.3}, "lighter": {"load": 0.58}
        }.items()
    }  # fmt: skip
    assert used["cooler"] < 0.95 * used["usual"]
    assert used["lighter"] < 0.9 * used["usual"]


def test_an_overloaded_transformer_trips_on_its_oil_or_hot_spot():
    model = twin("transformer_siemens_tunorma_024")
    run = run_twin(model, {"load": 1.5}, steps=48, step_s=900.0, parameters=model.parameters())
    assert run.stopped_by[0] in ("top_oil", "hot_spot") or run.sensors["winding_temp_C"].max() > 130
    normal = run_twin(model, {"load": 1.0}, steps=48, step_s=HOUR, parameters=model.parameters())
    assert normal.stopped_by == ("",)


@pytest.mark.parametrize("machine", [name for name in PROFILES if "bearing.fatigue" in twin(name).state_names])
def test_a_day_half_of_which_it_runs_tires_bearings_as_twelve_hours_of_running_do(machine):
    model = twin(machine)
    p, column, tired = model.parameters(), model.state_names.index("bearing.fatigue"), []
    for hours, running in ((24.0, 0.5), (12.0, 1.0)):
        state, outside = model.initial(p, usual(machine)), usual(machine, running=running)
        signals = model.step(state.copy(order="F"), outside, p, step_s=1.0)
        model.step(state, {**signals, **outside}, p, step_s=hours * HOUR)
        tired.append(state[0, column])
    assert tired[0] == pytest.approx(tired[1], rel=0.01)


@pytest.mark.parametrize("machine", PROFILES)
def test_cooling_nearly_lost_is_felt_by_every_machine(machine):
    model = twin(machine)
    p = model.parameters()
    cool, hot = (
        run_twin(model, usual(machine, cooling=c), steps=12, step_s=HOUR, parameters=p, protection=False).sensors
        for c in (1.0, 0.2)
    )
    assert max(float(np.max(hot[name] - cool[name])) for name in hot if name.endswith("_C")) > 10


def test_an_engine_whose_oil_is_no_longer_cooled_stops_at_the_oils_limit():
    machine = next(name for name, profile in PROFILES.items() if profile.machine_type == "turbofan")
    model = twin(machine)
    p = model.parameters()
    ran = run_twin(
        model, usual(machine, cooling=0.2), steps=60, step_s=60.0, parameters=p, state=model.initial(p, usual(machine))
    )
    assert ran.stopped_by == ("oil_temperature",)
    assert np.nanmax(ran.sensors["oil_temp_C"]) < 170
