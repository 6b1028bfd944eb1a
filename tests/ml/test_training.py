"""What training learns does not depend on the order of machines, and what it says holds for other machines."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from workbench.domain.observations import MachineData
from workbench.domain.predictions import Task
from workbench.ml import train_fleet
from workbench.ml.anomaly import IsolationAnomaly, alarm_threshold, count_episodes
from workbench.ml.anomaly.calibration import ONE_IN_TWENTY_THOUSAND
from workbench.ml.features import build
from workbench.ml.models import Bundle
from workbench.ml.running import running_rows
from workbench.ml.spec import default_horizons
from workbench.ml.train import Plan
from workbench.ml.training_anomaly import train_anomaly
from workbench.ml.training_data import gather
from workbench.ml.tuning import Tuning


@pytest.mark.slow
def test_the_order_of_the_fleet_changes_nothing(small_fleet, trained, build_machine):
    shuffled = [small_fleet[k] for k in (5, 2, 7, 0, 1, 6, 4, 3)]
    again = train_fleet(shuffled, as_of=build_machine.end(small_fleet[0]), seed=3)
    assert [model.metrics for model in again] == [model.metrics for model in trained]


def test_the_card_of_each_task_says_when_that_task_keeps_silent(trained):
    said = {model.task: " ".join(model.evaluation.limits) for model in trained if model.evaluation}
    assert set(said) == set(Task)
    for task, words in said.items():
        of_life = task is Task.RUL
        assert ("said as 'more than'" in words) == of_life
        assert ("a tenth of the features" in words) == of_life, "of the others none is silent outside of training"
        assert ("below 50 running readings" in words) == (task is Task.ANOMALY)


def test_rows_are_thinned_within_each_machine(small_fleet):
    horizons = default_horizons(small_fleet[0].profile.life_unit)
    one = gather("fleet", small_fleet, horizons, most_rows=2000)
    assert one.every > 1
    assert np.array_equal(one.unthinned.time[one.kept], one.samples.time)
    assert np.array_equal(one.unthinned.groups[one.kept], one.samples.groups)
    for machine in small_fleet:
        mine = one.unthinned.groups == machine.profile.machine_id
        assert one.kept[one.samples.groups == machine.profile.machine_id][-1] == np.flatnonzero(mine)[-1]


def test_the_stated_rate_of_false_alarms_holds_for_machines_never_seen(build_machine):
    healthy = [build_machine.worn(f"pump_test_{k:03d}", 100 + k, hours=2500) for k in range(16)]
    seen, unseen = healthy[:8], healthy[8:]
    model = next(m for m in train_fleet(seen, as_of=build_machine.end(seen[0])) if m.task is Task.ANOMALY)
    bundle = Bundle.from_bytes(model.payload)
    assert isinstance(bundle.estimator, IsolationAnomaly)
    count, months = 0, 0.0
    for machine in unseen:
        running = running_rows(machine)
        score = bundle.estimator.predict(
            build(machine, bundle.spec).loc[running, list(bundle.estimator.feature_names_)]
        )
        hours = np.flatnonzero(running).astype(float)
        count += count_episodes(hours[score > alarm_threshold(bundle.estimator.threshold_)])
        months += np.ptp(hours) / 730.5
    assert count / months == pytest.approx(model.metrics["alarm_episodes_per_machine_month"], abs=0.7)
    assert count / months < 1.8


def test_one_machine_of_many_lives_is_refused_in_words_and_warns_of_nothing(build_machine):
    lives = [(200 * number, "imbalance") for number in range(1, 7)]
    alone = build_machine.worn("pump_test_000", 0, hours=1300, lives=lives)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        health, life = train_fleet(
            [alone], as_of=build_machine.end(alone), plan=Plan(tasks=(Task.HEALTH, Task.RUL), tuning=Tuning(trials=2))
        )
    assert health.refused == ("no skill over the base rate is shown on held-out machines",)
    assert "1 of 2 units needed" in life.refused[0]


def test_the_stated_threshold_and_rate_are_those_of_the_alarm_in_use(build_machine):
    """However small the budget, what is as strange as one normal reading in twenty thousand alarms."""
    healthy = [build_machine.worn(f"pump_test_{k:03d}", 100 + k, hours=1000) for k in range(5)]
    frame = healthy[0].telemetry
    warm = frame["bearing_temp_C"] + np.where((np.arange(1000) > 700) & (np.arange(1000) < 720), 40.0, 0.0)
    healthy[0] = MachineData(healthy[0].profile, frame.assign(bearing_temp_C=warm), healthy[0].events)
    outcome = train_anomaly(gather("fleet", healthy, default_horizons(healthy[0].profile.life_unit)), 0, 1e-6)
    assert outcome.bundle.estimator.threshold_ > ONE_IN_TWENTY_THOUSAND
    assert outcome.metrics["threshold"] == ONE_IN_TWENTY_THOUSAND
    assert outcome.metrics["alarm_episodes_per_machine_month"] == pytest.approx(0.19, abs=0.01), "one"
