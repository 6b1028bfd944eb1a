"""The Azure benchmark: labels, forbidden features, machines that never cross folds, figures with intervals."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from workbench.errors import InputError
from workbench.ml.features import build
from workbench.ml.spec import fit_spec
from workbench.workflows.benchmarks import run_benchmark
from workbench.workflows.benchmarks.azure import component_macro_f1
from workbench.workflows.benchmarks.azure_data import load_fleet, until
from workbench.workflows.benchmarks.azure_lives import load_lives, score_lives
from workbench.workflows.benchmarks.azure_models import FORBIDDEN, ProductWarner
from workbench.workflows.benchmarks.azure_peers import ErrorRule, LogisticPeer, SignalThreshold, plain_table


@pytest.fixture(scope="module")
def fleet(datasets):
    return load_fleet(datasets, most=5)


def test_quick_run_has_the_keys_of_the_protocol(datasets):
    result = run_benchmark("azure", data=datasets, quick=True, only=["main"])
    metrics = result["metrics"]
    for key in (
        "event_recall",
        "false_alarm_episodes_per_machine_month",
        "lead_time_h",
        "f1",
        "pr_auc",
        "brier_skill",
        "ece",
        "component_macro_f1",
    ):
        assert key in metrics
        assert len(metrics[f"{key}_interval"]) == 2
    assert metrics["events"] > 0
    assert metrics["machines"] == 6
    assert result["peers"]["logistic_24h.f1"] > 0
    assert result["peers"]["error_rule.event_recall"] >= 0
    assert result["peers"]["signal_threshold.false_alarm_episodes_per_machine_month"] > 0
    assert metrics["false_alarm_episodes_per_machine_month"] <= 5
    assert result["simulated"] is False
    assert result["protocol"].startswith("quick run")


def test_the_whole_fleet_holds_twenty_two_failure_events(datasets):
    whole = load_fleet(datasets)
    assert len(whole.machines) == 15
    first, last = whole.hour.min(), whole.hour.max()
    assert sum(first < moment <= last + 24 for times in whole.failures_h.values() for moment in times) == 22


def test_labels_look_24_hours_ahead_and_the_end_is_dropped(fleet):
    machine = fleet.machines[0].profile.machine_id
    mine = fleet.machine == machine
    failure = next(f for f in fleet.failures_h[machine] if f > fleet.hour[mine][0] + 24)
    ahead = failure - fleet.hour[mine]
    assert np.array_equal(
        fleet.positive[mine][(ahead > -24) & (ahead < 48)] > 0,
        ((ahead > 0) & (ahead <= 24))[(ahead > -24) & (ahead < 48)],
    )
    telemetry = fleet.machines[0].telemetry
    assert len(telemetry) - mine.sum() == 24


def test_forbidden_features_and_other_machines_are_not_used(fleet):
    units = sorted(set(fleet.machine))
    train = np.flatnonzero(np.isin(fleet.machine.astype(str), units[:3]))
    test = np.flatnonzero(fleet.machine == units[3])
    warner = ProductWarner(0).fit(fleet, train)
    assert not [name for name in warner.columns_ if name.startswith(FORBIDDEN)]
    assert not [name for name in warner.columns_ if "hour" in name or "calendar" in name]
    before = warner.predict(fleet, test)
    assert ((before >= 0) & (before <= 1)).all()
    shuffled = fleet.failing.copy()
    shuffled[test] = ~shuffled[test]
    other = dataclasses.replace(fleet, failing=shuffled)
    assert np.array_equal(ProductWarner(0).fit(other, train).predict(other, test), before)


def test_the_allowed_features_do_not_tell_the_hour_at_which_failures_happen(fleet):
    """Failures lie at 06:00, so a feature that tells the hour knows when one can happen."""
    spec = fit_spec(fleet.machines, scope=f"type:{fleet.machines[0].profile.machine_type}")
    tables = [build(machine, spec) for machine in fleet.machines]
    six = [(machine.telemetry["time"].dt.hour == 6).to_numpy() for machine in fleet.machines]
    allowed = [name for name in tables[0].columns if not name.startswith(FORBIDDEN)]
    # Only what events give: readings have no daily rhythm in this fleet.
    events = [name for name in allowed if name.startswith(("error", "since"))]
    assert events
    model = HistGradientBoostingClassifier(max_iter=40, random_state=0)
    model.fit(pd.concat([table[events] for table in tables[:4]]), np.concatenate(six[:4]))
    assert roc_auc_score(six[4], model.predict_proba(tables[4][events])[:, 1]) < 0.65


def test_peers_learn_from_training_machines_only(fleet):
    table = plain_table(fleet)
    train = np.flatnonzero(fleet.machine != fleet.machines[0].profile.machine_id)
    test = np.flatnonzero(fleet.machine == fleet.machines[0].profile.machine_id)
    logistic = LogisticPeer(table).fit(fleet, train)
    assert 0 < logistic.threshold < 1
    score = logistic.predict(fleet, test)
    assert score[fleet.positive[test] > 0].mean() > 5 * score[fleet.positive[test] == 0].mean()
    rule = ErrorRule(table, signals=4).fit(fleet, train)
    assert rule.threshold in (1.0, 2.0, 3.0)
    assert set(np.unique(rule.predict(fleet, test))) <= set(range(30))


def test_naming_either_of_two_components_is_right_and_naming_none_is_a_miss():
    failing = np.array([[True, True], [True, False], [False, False]])
    either = np.array([[False, True], [True, False], [False, False]])
    assert component_macro_f1(failing, either) == 1.0
    poor = np.array([[False, False], [True, False], [False, True]])
    assert component_macro_f1(failing, poor) == pytest.approx((2 / 3 + 0) / 2)
    assert np.isnan(component_macro_f1(failing[2:], either[2:]))


def test_an_unknown_part_is_bad_input(datasets):
    with pytest.raises(InputError, match="main, time, survival"):
        run_benchmark("azure", data=datasets, only=["spring"])


def test_what_is_learned_before_day_60_knows_nothing_later(fleet):
    boundary = fleet.hour.min() + 59 * 24
    early = until(fleet, boundary)
    assert early.components == fleet.components
    assert early.hour.max() + 24 < boundary
    for machine in early.machines:
        times = [machine.telemetry["time"], machine.events["time"]]
        assert max(t.dt.as_unit("ns").astype("int64").max() for t in times) < boundary * 3_600_000_000_000
    before = {(m, h): tuple(f) for m, h, f in zip(fleet.machine, fleet.hour, fleet.failing, strict=True)}
    assert all(before[m, h] == tuple(f) for m, h, f in zip(early.machine, early.hour, early.failing, strict=True))


def test_a_threshold_on_signals_is_tuned_on_training_machines(fleet):
    train = np.flatnonzero(fleet.machine != fleet.machines[0].profile.machine_id)
    peer = SignalThreshold(fleet).fit(fleet, train)
    shuffled = fleet.failing.copy()
    shuffled[np.setdiff1d(np.arange(len(fleet.row)), train)] = True
    again = SignalThreshold(fleet).fit(dataclasses.replace(fleet, failing=shuffled), train)
    assert (peer.window_, peer.threshold) == (again.window_, again.threshold)
    assert peer.threshold > 1


def test_lives_of_components_are_censored_and_entered_late(datasets):
    lives = load_lives(datasets)
    assert len(np.unique(lives.machine)) == 95
    assert (lives.left > 0).all()
    assert 0 < np.mean(lives.entry > 0) < 0.3
    # The few that failed and were replaced at the same hour in which their life began have no length.
    assert 680 <= lives.failed.sum() <= 705
    assert set(lives.X) == {
        *(f"component_comp{k}" for k in range(1, 5)),
        *(f"model_model{k}" for k in range(1, 5)),
        "age",
    }


def test_the_survival_model_beats_the_curves_of_components(datasets):
    ours, peer = score_lives(datasets, (0,), 2, 5, lambda _fraction, _message: None)
    assert ours["c_index"] > peer["c_index"] + 0.03
    assert ours["brier"] < peer["brier"]
    assert ours["machines"] == 95
