"""Training on a small fleet, and what is said of machines with and without models."""

from __future__ import annotations

import copy
import dataclasses
import re
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from workbench.domain.equipment import MachineStatus
from workbench.domain.observations import MachineData
from workbench.domain.predictions import HealthState, Horizons, LimitCrossing, SensorFault, Task
from workbench.errors import CorruptArtifact, InputError, NotEnoughData, Stopped
from workbench.ml import Models, load_models, predict_machine, shown_state, train_fleet
from workbench.ml.train import Plan


@pytest.fixture(scope="module")
def failing(small_fleet):
    return small_fleet[7]


def without_events(machine):
    return MachineData(machine.profile, machine.telemetry, machine.events.iloc[:0])


def test_every_task_is_trained_with_figures_from_held_out_machines(trained):
    by_task = {model.task: model for model in trained}
    assert set(by_task) == set(Task)
    health = by_task[Task.HEALTH]
    assert health.refused == ()
    assert health.split == "units"
    assert (health.units, health.failures) == (8, 16)
    assert health.metrics["brier_skill_warning"] > 0.3
    assert health.metrics["f1"] > 0.6
    assert 0.8 <= by_task[Task.RUL].metrics["coverage_90"] <= 1.0
    diagnosis = by_task[Task.DIAGNOSIS]
    assert diagnosis.metrics["accuracy"] > 0.9
    assert 0.5 < diagnosis.metrics["brier_skill"] <= 1.0
    assert 0.0 <= diagnosis.metrics["ece"] < 0.2


def test_no_model_sees_identity_calendar_or_total_life(trained):
    forbidden = ("machine_id", "hour", "time", "life", "date", "month", "weekday")
    for model in trained:
        assert not [name for name in model.features if any(word == name for word in forbidden)]


def test_a_machine_about_to_fail_is_told_from_a_healthy_one(models, small_fleet, build_machine):
    as_of = build_machine.end(small_fleet[0])
    machines = {machine.profile.machine_id: machine for machine in small_fleet}
    sick, well = (predict_machine(machines[name], models, as_of=as_of) for name in ("pump_test_007", "pump_test_000"))
    assert sick.health_state >= HealthState.WARNING
    assert well.health_state <= HealthState.DEGRADING
    assert sick.health_score < well.health_score
    assert sick.diagnosis.likeliest == "imbalance"
    assert sum(m.probability for m in sick.diagnosis.modes) == pytest.approx(1.0)
    assert "unknown" in {m.mode for m in sick.diagnosis.modes}
    assert any("vibration_mm_s" in reason for reason in sick.reasons)
    assert sick.anomaly.is_anomaly
    assert sick.anomaly.contributions[0].sensor == "vibration_mm_s"
    assert sick.anomaly.contributions[0].deviation > 3


def test_failure_probability_never_falls_and_covers_calendar_time(models, failing, build_machine):
    prediction = predict_machine(failing, models, as_of=build_machine.end(failing))
    curve = [h.probability for h in prediction.failure_probability]
    assert curve == sorted(curve)
    # The machine runs 20 of 24 hours, so 168 operating hours take 201.6 hours of calendar time.
    assert prediction.failure_probability[1].hours == pytest.approx(168 * 24 / 20, rel=0.05)
    assert sum(prediction.health_probabilities) == pytest.approx(1.0)


def test_life_with_evidence_has_dates(models, failing, build_machine):
    life = predict_machine(failing, models, as_of=build_machine.end(failing)).remaining_useful_life
    assert life.basis == "model"
    assert life.evidence.enough
    assert life.life.lower <= life.life.median <= life.life.upper
    assert life.life.median < 200  # the failure comes 60 h later
    lower, median, upper = life.expected_failure_at
    assert failing.telemetry["time"].iloc[-1] <= lower <= median <= upper


def test_a_machine_is_looked_at_as_far_back_as_its_models_look_ahead(models, failing, build_machine):
    from workbench.ml.context import Context

    far = Horizons(critical=240, warning=480, degrading=1440)
    longer = Models(tuple(dataclasses.replace(bundle, horizons=far) for bundle in models.bundles))
    of_life = Models(tuple(bundle for bundle in longer.bundles if bundle.task is Task.RUL))
    as_of = build_machine.end(failing)
    for given in (longer, of_life):
        assert predict_machine(failing, given, as_of=as_of).horizons == far
    kept = [
        len(context.table(context.spec_of(Task.RUL)).z)
        for context in (Context.of(failing, given, as_of, 30.0) for given in (models, longer))
    ]
    assert kept[1] - kept[0] == pytest.approx(720, abs=2), "operating hours, a row each"


def test_same_input_same_prediction(models, failing, build_machine):
    as_of = build_machine.end(failing)
    first = predict_machine(failing, models, as_of=as_of, data_hash="a")
    assert first == predict_machine(failing, models, as_of=as_of, data_hash="a")
    assert first.prediction_id != predict_machine(failing, models, as_of=as_of, data_hash="b").prediction_id
    assert set(first.model_versions) == {"health", "rul", "anomaly", "diagnosis"}


def test_machine_right_after_a_replacement_lacks_readings(models, failing, build_machine):
    moment = failing.telemetry["time"].iloc[-1] - pd.Timedelta(hours=10)
    events = pd.concat(
        [failing.events, build_machine.events([(moment, "replacement", "imbalance")])], ignore_index=True
    )
    machine = MachineData(failing.profile, failing.telemetry, events)
    life = predict_machine(machine, models, as_of=build_machine.end(failing)).remaining_useful_life
    assert "8 of 30 running readings needed since the last failure or replacement" in life.evidence.in_words()
    assert life.basis == "population"
    assert life.model_life is not None


def test_csv_without_labels_gets_anomalies_and_trends(build_machine):
    machine = without_events(build_machine.worn("pump_csv_001", 11, hours=1500, lives=[(1510, "imbalance")]))
    prediction = predict_machine(machine, Models.empty(), as_of=build_machine.end(machine))
    assert prediction.health_state is None
    assert prediction.health_evidence.in_words() == "not enough evidence: 0 of 5 failures needed"
    life = prediction.remaining_useful_life
    assert life.evidence.in_words() == "not enough evidence: 0 of 5 failures needed"
    assert (life.basis, life.life) == ("none", None)
    assert prediction.anomaly.is_anomaly
    assert prediction.anomaly.contributions[0].sensor == "vibration_mm_s"
    assert any(t.sensor == "vibration_mm_s" and t.per_day > 0 for t in prediction.trends)
    assert prediction.diagnosis.method == "symptom_table"
    assert prediction.diagnosis.likeliest == "imbalance"
    assert any("not enough evidence: 0 of 5 failures needed" in reason for reason in prediction.reasons)


def test_one_machine_is_no_fleet_to_learn_normality_from(build_machine):
    machine = without_events(build_machine.worn("pump_csv_001", 11, hours=800))
    trained = {m.task: m for m in train_fleet([machine], as_of=build_machine.end(machine))}
    assert trained[Task.ANOMALY].payload == b""
    assert "1 of 3 machines needed" in trained[Task.ANOMALY].refused[0]


def test_training_without_labels_keeps_only_the_anomaly_detector(build_machine):
    fleet = [without_events(build_machine.worn(f"pump_csv_00{k}", 11 + k, hours=800)) for k in range(3)]
    trained = {m.task: m for m in train_fleet(fleet, as_of=max(map(build_machine.end, fleet)))}
    assert trained[Task.HEALTH].refused == ("0 of 5 failures needed",)
    assert trained[Task.RUL].refused == ("0 of 5 failures needed",)
    assert trained[Task.HEALTH].payload == b""
    assert trained[Task.ANOMALY].refused == ()
    assert trained[Task.ANOMALY].payload


def test_failed_machine_without_readings_since_is_offline(models, build_machine):
    machine = build_machine.worn("pump_off_001", 3, hours=650, lives=[(649, "imbalance")])
    cut = MachineData(machine.profile, machine.telemetry, machine.events.iloc[:1])
    prediction = predict_machine(cut, models, as_of=build_machine.end(machine) + timedelta(hours=5))
    assert prediction.status is MachineStatus.OFFLINE
    assert prediction.health_state is None
    assert "failed (imbalance)" in prediction.reasons[0]


def test_silent_machine_is_offline_and_maintenance_stays(models, build_machine):
    machine = build_machine.worn("pump_off_002", 3, hours=650)
    later = build_machine.end(machine) + timedelta(days=5)
    assert predict_machine(machine, models, as_of=later).status is MachineStatus.OFFLINE
    kept = predict_machine(machine, models, as_of=later, status=MachineStatus.MAINTENANCE)
    assert kept.status is MachineStatus.MAINTENANCE


def test_machine_without_telemetry_gets_the_population(models, failing, build_machine):
    empty = MachineData(failing.profile, failing.telemetry.iloc[:0], failing.events)
    prediction = predict_machine(empty, models, as_of=build_machine.end(failing))
    assert prediction.health_state is None
    assert not prediction.health_evidence.enough
    assert prediction.remaining_useful_life.basis == "population"
    assert prediction.data_until is None
    assert prediction.diagnosis.method == "unknown"


def test_few_readings_give_no_anomaly_but_a_reason(build_machine):
    machine = without_events(build_machine.worn("pump_few_001", 3, hours=40))
    prediction = predict_machine(machine, Models.empty(), as_of=build_machine.end(machine))
    assert prediction.anomaly is None
    assert "of 50 running readings needed" in prediction.anomaly_evidence.in_words()


def test_training_stops_when_asked(small_fleet, build_machine):
    as_of = build_machine.end(small_fleet[0])
    asked = iter([False, False, True])
    with pytest.raises(Stopped, match="Nothing of it is kept"):
        # After the features and the first of the tasks.
        train_fleet(
            small_fleet, as_of=as_of, plan=Plan(tasks=(Task.ANOMALY, Task.DIAGNOSIS)), should_stop=asked.__next__
        )


def test_nothing_after_as_of_is_learned_from(build_machine, small_fleet):
    with pytest.raises(NotEnoughData):
        train_fleet(small_fleet, as_of=build_machine.start - timedelta(days=1))


def test_tampered_model_is_refused(registered):
    version, payload = registered[0]
    with pytest.raises(CorruptArtifact):
        load_models([(version, payload[:-20] + b"x" * 20)])


def test_state_rises_at_once_and_falls_after_three_readings():
    healthy, warning, critical = HealthState.HEALTHY, HealthState.WARNING, HealthState.CRITICAL
    assert shown_state([healthy]) is healthy
    assert shown_state([healthy] * 5 + [critical]) is critical
    assert shown_state([critical, healthy, healthy]) is critical
    assert shown_state([critical, healthy, healthy, healthy]) is healthy
    assert shown_state([critical, healthy, warning, healthy]) is warning
    assert shown_state([critical, healthy, healthy, critical, healthy, healthy]) is critical
    with pytest.raises(InputError, match="since the last closed order"):
        shown_state([])


def test_one_prediction_is_quick(models, failing, build_machine):
    import time

    as_of = build_machine.end(failing)
    spent = []
    for _ in range(12):
        began = time.process_time()
        predict_machine(failing, models, as_of=as_of)
        spent.append((time.process_time() - began) * 1000)
    assert np.median(spent) < 100


def test_a_horizon_without_skill_gives_the_populations_rate_and_says_so(small_fleet, models, build_machine):
    machine = small_fleet[0]
    at = build_machine.end(machine)
    bundle = models.pick(Task.HEALTH, machine.profile)
    told = predict_machine(machine, models, as_of=at)
    unskilled = copy.copy(bundle.estimator)
    unskilled.boosters_ = [None, *bundle.estimator.boosters_[1:]]
    unskilled.rates_ = [0.0123, *bundle.estimator.rates_[1:]]
    others = tuple(b for b in models.bundles if b is not bundle)
    said = predict_machine(machine, Models((*others, dataclasses.replace(bundle, estimator=unskilled))), as_of=at)
    words = "within 24 "
    assert said.failure_probability[0].probability == pytest.approx(0.0123)
    assert any(r.startswith(words) and "the population's rate of failure is given" in r for r in said.reasons)
    assert not any(reason.startswith(words) for reason in told.reasons)


def test_what_the_alert_engine_found_is_said_among_the_reasons(failing, build_machine):
    as_of = build_machine.end(failing)
    told = {"sensor": "vibration_mm_s", "since": as_of, "unit": "mm/s", "readings": 4}
    crossing = LimitCrossing.model_validate(
        told | {"severity": "CRITICAL", "value": 8, "limit": 7.1, "direction": "above", "standard": "no standard"}
    )
    fault = SensorFault.model_validate(
        told | {"sensor": "bearing_temp_C", "kind": "stuck", "value": 50, "until": as_of, "ongoing": True}
    )
    found = predict_machine(failing, Models.empty(), as_of=as_of, limit_crossings=[crossing], sensor_faults=[fault])
    assert (found.limit_crossings, found.sensor_faults) == ((crossing,), (fault,))
    assert found.reasons[0].startswith("vibration_mm_s 8.00 mm/s is above the critical limit 7.1")
    assert any(reason.startswith("sensor bearing_temp_C: stuck at 50") for reason in found.reasons)


def test_a_silent_machine_tells_since_when_and_a_failed_one_does_not(build_machine):
    machine = without_events(build_machine.worn("pump_csv_001", 11, hours=200))
    last = build_machine.end(machine)
    assert predict_machine(machine, Models.empty(), as_of=last).silent_since is None
    later = last + timedelta(days=5)
    assert predict_machine(machine, Models.empty(), as_of=later).silent_since == last
    failed = MachineData(machine.profile, machine.telemetry, build_machine.events([(last, "failure", "imbalance")]))
    assert predict_machine(failed, Models.empty(), as_of=later).silent_since is None


def test_reasons_are_plain_words(models, failing, build_machine):
    said = predict_machine(failing, models, as_of=build_machine.end(failing))
    words = "\n".join((*said.reasons, *said.remaining_useful_life.evidence.reasons))
    assert said.trends, "the statistics stay with the trends"
    assert "what is usual for it" in words
    assert not re.search(r"\bsd\b|Mann|p = |\de[+-]\d|\d 1\b", words), words
