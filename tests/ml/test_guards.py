"""The guard over a training: each leak is planted in a fleet, named, and refuses what it touches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from workbench.domain.observations import MachineData
from workbench.domain.predictions import Task
from workbench.errors import LeakFound
from workbench.ml import train_fleet
from workbench.ml.guards import (
    BLOCKS_APART,
    NO_LATER_ROWS,
    NO_SENSOR,
    OWN_POPULATION,
    UNITS_APART,
    guard_features,
    guard_sensors,
)
from workbench.ml.labels import label
from workbench.ml.leakage import guard, label_columns
from workbench.ml.life import timeline
from workbench.ml.spec import default_horizons
from workbench.ml.splits import Split
from workbench.ml.train import Plan
from workbench.ml.training_anomaly import train_anomaly
from workbench.ml.training_data import gather
from workbench.ml.training_tasks import train_diagnosis

COUNTER = {"quantity": "other", "unit": "h", "normal_low": 0, "normal_high": 1} | {
    "physical_low": -1e9,
    "physical_high": 1e9,
}


@pytest.fixture(scope="module")
def fleet(build_machine):
    made = []
    for k in range(6):
        lives = [(330 + 9 * k, "imbalance"), (780 - 11 * k, "bearing_wear")]
        made.append(build_machine.worn(f"pump_test_{k:03d}", k, hours=900, lives=lives))
    return made


@pytest.fixture(scope="module")
def data(fleet):
    return gather("fleet", fleet, default_horizons(fleet[0].profile.life_unit))


def questions(data):
    y = np.column_stack([data.samples.within(life) for life in (24, 168, 720)])
    rows = np.flatnonzero(~np.isnan(y).all(axis=1))
    return rows, list(y[rows].T)


def with_sensor(machine, name, values):
    """The machine with one more sensor, as a user's file would bring it."""
    sensors = [*(sensor.model_dump() for sensor in machine.profile.sensors), COUNTER | {"name": name}]
    profile = type(machine.profile).model_validate({**machine.profile.model_dump(), "sensors": sensors})
    return MachineData(profile, machine.telemetry.assign(**{name: values}), machine.events)


def planted(data, values):
    """The fleet with a sensor ``planted`` that shows ``values`` of its labels."""
    labels = [label(timeline(machine)) for machine in data.members]
    members = [with_sensor(m, "planted", values(known)) for m, known in zip(data.members, labels, strict=True)]
    return replace(data, members=tuple(members))


def test_an_honest_fleet_passes(data):
    guard_features(data)
    guard_sensors(data, *questions(data))


@pytest.mark.parametrize(
    "plant",
    [
        pytest.param(lambda known: (known.remaining <= 168).astype(float), id="copy of a label"),
        pytest.param(lambda known: known.remaining, id="time to failure"),
        pytest.param(lambda known: np.exp(-known.remaining / 300), id="proxy of the time to failure"),
    ],
)
def test_a_planted_sensor_is_named(data, plant):
    with pytest.raises(LeakFound, match="encode the label: planted"):
        guard_sensors(planted(data, plant), *questions(data))


def test_a_leak_in_the_sensors_of_one_type_of_machine_is_named_too(data):
    leaking = planted(data, lambda known: known.remaining)
    mixed = replace(data, members=(*leaking.members[:2], *data.members[2:]))
    with pytest.raises(LeakFound, match="encode the label: planted"):
        guard_sensors(mixed, *questions(data))


@pytest.fixture(scope="module")
def alike(build_machine):
    """Four machines whose lives are nearly equal, so that whoever knows the age nearly knows the life left."""
    made = [build_machine.worn(f"pump_test_{k:03d}", k, hours=701, lives=[(697 + k, "imbalance")]) for k in range(4)]
    return gather("fleet", made, default_horizons(made[0].profile.life_unit))


def test_machines_of_nearly_equal_lives_are_no_leak_and_nor_is_their_hour_meter(alike):
    rows, y = questions(alike)
    guard_sensors(alike, rows, y)
    metered = tuple(
        with_sensor(machine, "hour_meter", np.arange(len(machine.telemetry)) // 10 * 10.0) for machine in alike.members
    )
    guard_sensors(replace(alike, members=metered), rows, y)


def test_a_clock_that_counts_down_is_named_even_where_lives_are_nearly_equal(alike):
    with pytest.raises(LeakFound, match="encode the label: planted"):
        guard_sensors(planted(alike, lambda known: known.remaining), *questions(alike))


def test_an_error_that_comes_before_every_failure_is_no_leak(build_machine):
    made = []
    for k in range(6):
        machine = build_machine.worn(f"pump_test_{k:03d}", k, hours=900, lives=[(700 + 30 * k, "imbalance")])
        warned = pd.DataFrame(
            {"time": [build_machine.start + pd.Timedelta(hours=680 + 30 * k)], "kind": "error", "cause": "E7"}
        )
        events = pd.concat([machine.events, warned]).sort_values("time").reset_index(drop=True)
        made.append(MachineData(machine.profile, machine.telemetry, events))
    data = gather("fleet", made, default_horizons(made[0].profile.life_unit))
    guard_features(data)
    guard_sensors(data, *questions(data))


def test_an_event_of_one_machine_is_no_leak(data):
    s = data.samples
    once = ((s.groups == s.groups[0]) & (s.within(168) == 1)).astype(float)
    assert label_columns(pd.DataFrame({"once": once}), s.within(168), s.groups) == []


def test_a_feature_that_knows_later_rows_is_named(fleet, data, monkeypatch):
    from workbench.ml import guards

    honest = guards.build
    monkeypatch.setattr(
        guards, "build", lambda m, spec: honest(m, spec).assign(next=m.telemetry["vibration_mm_s"].shift(-1).to_numpy())
    )
    with pytest.raises(LeakFound, match="see the future: next"):
        guard_features(data)


def test_records_of_two_days_see_no_later_rows_either(build_machine):
    young = [build_machine.worn(f"pump_test_{k:03d}", k, hours=40) for k in range(3)]
    guard_features(gather("fleet", young, default_horizons(young[0].profile.life_unit)))


def test_a_fold_that_learns_from_its_test_machine_is_found(fleet, data):
    profiled = [MachineData(m.profile, m.telemetry, m.events) for m in fleet]
    typed = gather("type:pump", profiled, data.horizons)
    guard_features(typed)

    class Careless(type(typed)):
        def refeature(self, rows):
            fold = super().refeature(rows)
            return lambda units: fold([machine.profile.machine_id for machine in self.members])

    with pytest.raises(LeakFound, match="change with a held-out one"):
        guard_features(Careless(**vars(typed)))


def test_each_kind_of_split_is_held_to_what_it_declares(data):
    s = data.samples
    hours = s.time / 3.6e12
    boundary = float(np.quantile(hours, 0.7))
    X, y = s.X[["vibration_velocity_hi_mean24"]], s.within(24)
    units = s.groups.astype(str)
    held, after = units == "pump_test_000", hours >= boundary
    both = Split("both", np.flatnonzero(~held & (hours < boundary - 24)), np.flatnonzero(held & after))
    guard(X, y, both, groups=units, times=hours, horizon=24)
    late = Split("time", np.flatnonzero(hours < boundary - 6), np.flatnonzero(after))
    with pytest.raises(LeakFound, match="training label window"):
        guard(X, y, late, times=hours, horizon=24)
    with pytest.raises(LeakFound, match="on both sides"):
        guard(X, y, Split("units", late.train, late.test), groups=units)
    with pytest.raises(LeakFound, match="on both sides"):
        guard(X, y, Split("both", late.train, late.test), groups=units, times=hours, horizon=6)


def test_a_training_on_a_clock_that_counts_down_is_refused_with_the_reason(fleet):
    leaking = [
        with_sensor(machine, "hours_left", np.nan_to_num(label(timeline(machine)).remaining, nan=5000.0))
        for machine in fleet
    ]
    many = leaking + [
        MachineData(
            m.profile.model_copy(update={"machine_id": f"pump_more_{k:03d}"}), m.telemetry, m.events
        )
        for k, m in enumerate(leaking[:4])
    ]  # fmt: skip
    as_of = fleet[0].telemetry["time"].iloc[-1].to_pydatetime()
    (model,) = train_fleet(many, as_of=as_of, plan=Plan(tasks=(Task.HEALTH,)))
    assert model.scope == "type:pump"
    assert model.payload == b""
    assert "hours_left" in model.refused[0]
    assert "encode the label" in model.refused[0]


def with_codes(machine, codes):
    """The machine with a sensor that shows, before each failure, a code of the cause that will be found."""
    known = label(timeline(machine))
    near = known.remaining <= 168
    values = [float(codes[str(cause)]) if close else 0.0 for cause, close in zip(known.cause, near, strict=True)]
    return with_sensor(machine, "error_class", values)


def test_a_sensor_that_encodes_the_cause_refuses_the_diagnosis(small_fleet):
    codes = {"imbalance": 1, "bearing_wear": 2}
    leaking = [with_codes(machine, codes) for machine in small_fleet]
    as_of = small_fleet[0].telemetry["time"].iloc[-1].to_pydatetime()
    (model,) = train_fleet(leaking, as_of=as_of, plan=Plan(tasks=(Task.DIAGNOSIS,)))
    assert model.payload == b""
    assert model.refused == ("Sensors encode the label: error_class.",)


def test_an_anomaly_detector_is_not_judged_on_a_sensor_that_knows_the_failure(fleet):
    leaking = [with_codes(machine, {"imbalance": 1, "bearing_wear": 1}) for machine in fleet]
    as_of = fleet[0].telemetry["time"].iloc[-1].to_pydatetime()
    (model,) = train_fleet(leaking, as_of=as_of, plan=Plan(tasks=(Task.ANOMALY,)))
    assert model.refused == ("Sensors encode the label: error_class.",)


def test_what_is_said_to_be_checked_is_what_was_checked(fleet, data):
    assert guard_features(data) == (NO_LATER_ROWS,)
    assert guard_features(gather("type:pump", fleet, data.horizons)) == (NO_LATER_ROWS, OWN_POPULATION)
    brief = [replace(machine, telemetry=machine.telemetry.iloc[:2]) for machine in fleet]
    assert guard_features(replace(data, members=tuple(brief))) == ()
    assert guard_features(replace(gather("type:pump", fleet, data.horizons), members=tuple(fleet[:2]))) == (
        NO_LATER_ROWS,
    )
    rows, labels = questions(data)
    assert guard_sensors(data, rows, labels) == (NO_SENSOR,)
    ahead = np.flatnonzero(np.isnan(data.samples.remaining))
    assert guard_sensors(data, ahead, [np.zeros(len(ahead))]) == (), "one answer only, and no failure in sight"


def gathered(scope, machines, *, hours=900):
    """Training data of the first hours of these machines."""
    short = [replace(machine, telemetry=machine.telemetry.iloc[:hours]) for machine in machines]
    return gather(scope, short, default_horizons(short[0].profile.life_unit))


def test_folds_of_diagnosis_and_anomalies_learn_the_population_from_their_own_machines(fleet, monkeypatch):
    from workbench.ml import training_data

    seen = []
    honest = training_data.with_population
    monkeypatch.setattr(training_data, "with_population", lambda spec, few: seen.append(len(few)) or honest(spec, few))
    train_diagnosis(gathered("type:pump", fleet), 0, 1.0)
    assert sorted(seen) == [4, 5, 5, 5, 5], "five folds of six machines"
    seen.clear()
    outcome = train_anomaly(gathered("type:pump", fleet, hours=250), 0, 1.0)
    assert seen == [4, 4, 4]
    assert outcome.folds == 3
    assert outcome.split == "units"


def test_stretches_of_the_same_machines_are_declared_as_such(fleet):
    outcome = train_anomaly(gathered("fleet", fleet[:4], hours=250), 0, 1.0)
    assert (outcome.split, outcome.folds) == ("blocks", 3)
    assert BLOCKS_APART in outcome.checks
    assert UNITS_APART not in outcome.checks


def test_few_machines_of_a_type_are_judged_by_stretches_of_their_records(fleet):
    outcome = train_anomaly(gathered("type:pump", fleet[:4], hours=250), 0, 1.0)
    assert (outcome.split, outcome.folds) == ("blocks", 3)
    assert outcome.metrics["alarm_episodes_per_machine_month"] is not None
