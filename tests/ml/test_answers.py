"""What is said where little or nothing is known: after repairs and failures, in silence, without readings."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from workbench.domain.equipment import LifeUnit, MachineStatus
from workbench.domain.observations import MachineData
from workbench.domain.predictions import Task
from workbench.ml import Lifetimes, Models, predict_machine
from workbench.ml.answers import condition_series
from workbench.ml.context import Context

SENSORS = ["load_pct", "vibration_mm_s", "bearing_temp_C"]


@pytest.fixture(scope="module")
def failing(small_fleet):
    return small_fleet[7]


def with_event(machine, build_machine, moment, kind, cause="imbalance"):
    events = pd.concat([machine.events, build_machine.events([(moment, kind, cause)])], ignore_index=True)
    return MachineData(machine.profile, machine.telemetry, events)


@pytest.mark.parametrize("later_h", [0, 5])
def test_replacement_at_or_after_the_last_reading_leaves_nothing_to_judge_by(models, failing, build_machine, later_h):
    end = build_machine.end(failing)
    machine = with_event(failing, build_machine, end + timedelta(hours=later_h), "replacement")
    prediction = predict_machine(machine, models, as_of=end + timedelta(hours=6))
    words = "no reading since the replacement (imbalance) at 2025-03-"
    assert prediction.status is MachineStatus.ONLINE
    assert prediction.readings == 0
    assert prediction.health_state is None
    assert words in prediction.health_evidence.in_words()
    assert prediction.anomaly is None
    assert words in prediction.anomaly_evidence.in_words()
    life = prediction.remaining_useful_life
    assert words in life.evidence.in_words()
    assert (life.basis, life.model_life) == ("population", None)
    assert prediction.diagnosis.method == "unknown"


@pytest.mark.parametrize("later_h", [0, 5])
def test_machine_down_after_a_failure_has_no_life_left_to_tell(models, failing, build_machine, later_h):
    end = build_machine.end(failing)
    machine = with_event(failing, build_machine, end + timedelta(hours=later_h), "failure")
    prediction = predict_machine(machine, models, as_of=end + timedelta(hours=6))
    life = prediction.remaining_useful_life
    assert prediction.status is MachineStatus.OFFLINE
    assert prediction.readings == 0
    assert (life.basis, life.life, life.model_life, life.expected_failure_at) == ("none", None, None, None)
    assert "no reading since the failure (imbalance) at 2025-03-" in life.evidence.in_words()
    assert prediction.anomaly is None
    assert prediction.diagnosis.likeliest == "unknown"
    assert prediction.failure_probability == ()


def test_machine_that_stands_since_a_failure_is_not_judged_by_readings_before_it(models, build_machine):
    machine = build_machine.worn("pump_down_001", 3, hours=660, lives=[(649, "imbalance")])
    frame = machine.telemetry.copy()
    frame.loc[frame.index[650:], "load_pct"] = 0.0
    cut = MachineData(machine.profile, frame, machine.events.iloc[:1])
    prediction = predict_machine(cut, models, as_of=build_machine.end(machine))
    assert prediction.health_state is None
    assert "no running reading since the failure (imbalance)" in prediction.health_evidence.in_words()
    assert prediction.readings == 0


def test_repair_after_the_last_reading_counts_as_a_reset(models, build_machine):
    machine = build_machine.worn("pump_down_002", 3, hours=652, lives=[(649, "imbalance")])
    assert machine.events["kind"].tolist() == ["failure", "replacement"]
    prediction = predict_machine(machine, models, as_of=build_machine.start + timedelta(hours=655))
    assert prediction.readings == 0
    assert "no reading since the replacement (imbalance)" in prediction.health_evidence.in_words()


def test_expected_failure_never_lies_in_the_past(models, failing, build_machine):
    later = build_machine.end(failing) + timedelta(hours=60)
    life = predict_machine(failing, models, as_of=later).remaining_useful_life
    assert life.expected_failure_at is not None
    assert min(life.expected_failure_at) >= later
    silent = predict_machine(failing, models, as_of=later + timedelta(days=3)).remaining_useful_life
    assert silent.expected_failure_at is None
    assert silent.basis == "population"
    assert silent.model_life is not None
    assert "offline: no reading for" in silent.evidence.in_words()


def cycles(build_machine, rows=60):
    machine = build_machine.worn("engine_test_001", 5, hours=rows, life_unit="cycle", running_rule=None)
    frame = machine.telemetry.assign(time=pd.date_range(build_machine.start, periods=rows, freq="D"))
    return MachineData(machine.profile, frame, machine.events.iloc[:0])


def test_machine_that_counts_cycles_goes_stale_too(build_machine):
    machine = cycles(build_machine)
    assert machine.profile.life_unit is LifeUnit.CYCLE
    end = build_machine.end(machine)
    fresh = predict_machine(machine, Models.empty(), as_of=end + timedelta(days=20))
    stale = predict_machine(machine, Models.empty(), as_of=end + timedelta(days=25))
    assert fresh.status is MachineStatus.ONLINE
    assert stale.status is MachineStatus.OFFLINE
    assert stale.reasons[0] == "the machine is offline: no reading for 25.0 days"


def judged(prediction):
    return prediction.health_evidence.enough or prediction.anomaly_evidence.enough


def test_one_reading_tells_nothing(models, failing, build_machine):
    one = MachineData(failing.profile, failing.telemetry.iloc[-1:], failing.events.iloc[:0])
    prediction = predict_machine(one, models, as_of=build_machine.end(failing))
    assert not judged(prediction)
    assert "1 of 30 running readings needed" in prediction.health_evidence.in_words()
    assert prediction.health_state is None
    assert prediction.diagnosis.likeliest == "unknown"
    assert prediction.diagnosis.method == "unknown"


@pytest.mark.parametrize("how", ["all empty", "lately empty", "only a state"])
def test_without_sensor_readings_nothing_is_judged(models, failing, build_machine, how):
    frame = failing.telemetry.assign(state="RUNNING")
    if how == "all empty":
        frame[SENSORS] = np.nan
    elif how == "lately empty":
        frame.loc[frame.index[-30:], SENSORS] = np.nan
    else:
        frame = frame[["time", "state"]]
    machine = MachineData(failing.profile, frame, failing.events)
    for known in (models, Models.empty()):
        prediction = predict_machine(machine, known, as_of=build_machine.end(failing))
        assert not judged(prediction)
        assert "no sensor reading in the last 24 running readings" in prediction.health_evidence.in_words()
        assert not prediction.remaining_useful_life.evidence.enough
        assert prediction.diagnosis.likeliest == "unknown"


def test_machine_just_repaired_is_judged_by_what_is_known(models, failing, build_machine):
    machine = with_event(failing, build_machine, build_machine.end(failing) - timedelta(hours=12), "replacement")
    prediction = predict_machine(machine, models, as_of=build_machine.end(failing))
    assert 0 < prediction.readings < 30
    assert prediction.health_evidence.enough
    assert not prediction.remaining_useful_life.evidence.enough


def test_healthy_machine_has_no_cause_and_a_failing_one_has(models, small_fleet, build_machine):
    as_of = build_machine.end(small_fleet[0])
    for machine in small_fleet:
        prediction = predict_machine(machine, models, as_of=as_of)
        assert sum(one.probability for one in prediction.diagnosis.modes) == pytest.approx(1.0)
        week = prediction.probability_within(168)
        alarm = prediction.anomaly is not None and prediction.anomaly.is_anomaly
        if prediction.health_state == 0 and not alarm:
            assert prediction.diagnosis.likeliest == "unknown"
        if week > 0.5:
            assert prediction.diagnosis.likeliest == "imbalance"


def test_what_comes_after_as_of_is_not_read(models, failing, build_machine):
    as_of = build_machine.end(failing) - timedelta(hours=700)
    before = failing.events["time"] <= as_of
    cut = MachineData(failing.profile, failing.telemetry[failing.telemetry["time"] <= as_of], failing.events[before])
    assert not before.all()
    assert predict_machine(failing, models, as_of=as_of) == predict_machine(cut, models, as_of=as_of)
    bare = predict_machine(failing, Models.empty(), as_of=as_of)
    assert f"{int((cut.events['kind'] == 'failure').sum())} of 5 failures" in bare.health_evidence.in_words()


def test_events_in_any_order_say_the_same(models, failing, build_machine):
    as_of = build_machine.end(failing)
    shuffled = MachineData(failing.profile, failing.telemetry, failing.events.iloc[::-1])
    assert predict_machine(shuffled, models, as_of=as_of) == predict_machine(failing, models, as_of=as_of)


def test_life_is_compared_with_the_population_that_is_shown(models, failing, build_machine):
    as_of = build_machine.end(failing)
    # Cut at the model's cap this population's interval is a point, uncut it is over 1000 h wide.
    lives = Lifetimes(np.linspace(1500.0, 3500.0, 40), np.ones(40))
    others = [replace(b, lifetimes=lives) if b.task is Task.RUL else b for b in models.bundles]
    life = predict_machine(failing, Models(tuple(others)), as_of=as_of).remaining_useful_life
    assert life.model_life.upper - life.model_life.lower < 1000
    assert life.evidence.enough
    narrow = Lifetimes(np.linspace(1500.0, 1501.0, 40), np.ones(40))
    others = [replace(b, lifetimes=narrow) if b.task is Task.RUL else b for b in models.bundles]
    life = predict_machine(failing, Models(tuple(others)), as_of=as_of).remaining_useful_life
    assert "the interval is wider than that of the population" in life.evidence.in_words()
    assert life.model_life.upper - life.model_life.lower > life.life.upper - life.life.lower


def test_readings_of_every_quarter_of_an_hour_are_judged_as_the_hours_that_models_learned(
    models, failing, build_machine
):
    frame = failing.telemetry.set_index("time").resample("15min").bfill().reset_index()
    # The hour's values stand in its four quarters, which end with the hour's own reading.
    fine = MachineData(failing.profile, frame, failing.events)
    as_of = build_machine.end(failing)
    of_quarters, of_hours = (predict_machine(machine, models, as_of=as_of) for machine in (fine, failing))
    assert of_quarters.data_until == of_hours.data_until
    assert of_quarters.health_state == of_hours.health_state
    assert of_quarters.health_score == pytest.approx(of_hours.health_score, abs=2)
    assert of_quarters.readings == pytest.approx(of_hours.readings, abs=2)
    assert of_quarters.diagnosis.likeliest == of_hours.diagnosis.likeliest


def test_without_learned_indicators_every_mode_is_looked_at(models, failing, build_machine):
    """To pick the mode that looks worst before its trend is tested would pass healthy machines two to three times as often."""
    context = Context.of(failing, models, build_machine.end(failing), 30.0)
    bundle = replace(models.pick(Task.RUL, failing.profile), indicator={})
    series = condition_series(context, bundle)
    modes = [mode.name for mode in failing.profile.failure_modes]
    assert series.shape[1] == len(modes) > 1
    rises = series[-12:].mean(axis=0) - series[:12].mean(axis=0)
    assert modes[int(np.argmax(rises))] == "imbalance"
