"""The life clock and the labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.domain.observations import MachineData
from workbench.errors import InputError
from workbench.ml.labels import label
from workbench.ml.life import timeline


def hourly(build_machine, hours, events=(), **changes):
    machine = build_machine.worn("pump_life_001", 1, hours=hours, running_rule=None, **changes)
    start = pd.Timestamp(build_machine.start)
    rows = [(start + pd.Timedelta(hours=h), kind, cause) for h, kind, cause in events]
    return MachineData(machine.profile, machine.telemetry, build_machine.events(rows))


def test_life_counts_running_hours_only(build_machine):
    machine = build_machine.worn("pump_life_001", 1, hours=240)
    clock = timeline(machine)
    assert clock.running.sum() == 200  # 20 of 24 hours
    assert clock.life[-1] == pytest.approx(199, abs=1)
    assert clock.utilisation(30) == pytest.approx(200 / 240, abs=0.02)


def test_state_column_overrules_the_running_rule(build_machine):
    machine = build_machine.worn("pump_life_001", 1, hours=48)
    frame = machine.telemetry.assign(state=["RUNNING"] * 24 + ["IDLE"] * 24)
    assert timeline(MachineData(machine.profile, frame, machine.events)).running.sum() == 24


def test_failure_labels_count_down_and_end_of_record_is_unlabelled(build_machine):
    labels = label(timeline(hourly(build_machine, 300, [(100, "failure", "imbalance")])))
    assert labels.remaining[40] == pytest.approx(60)
    assert labels.cause[40] == "imbalance"
    within = labels.within(24)
    assert within[77] == 1
    assert within[50] == 0
    assert np.isnan(within[290])  # nobody knows what happens in the 24 h after it
    assert within[250] == 0
    assert np.isnan(labels.remaining[150])


def test_planned_replacement_is_censoring(build_machine):
    labels = label(timeline(hourly(build_machine, 300, [(100, "replacement", "imbalance")])))
    within = labels.within(24)
    assert np.isnan(labels.remaining[:100]).all()
    assert np.isnan(within[90])
    assert within[40] == 0


def test_failure_of_a_replaced_component_does_not_label_rows_before_the_replacement(build_machine):
    events = [(100, "replacement", "imbalance"), (150, "failure", "imbalance"), (151, "replacement", "imbalance")]
    labels = label(timeline(hourly(build_machine, 300, events)))
    assert np.isnan(labels.remaining[80])
    assert labels.remaining[120] == pytest.approx(30)


def test_replacing_another_component_keeps_the_label(build_machine):
    events = [(100, "replacement", "bearing_wear"), (150, "failure", "imbalance")]
    labels = label(timeline(hourly(build_machine, 300, events)))
    assert labels.remaining[80] == pytest.approx(70)


def test_repair_of_a_failure_is_not_a_planned_replacement(build_machine):
    clock = timeline(hourly(build_machine, 300, [(100, "failure", "imbalance"), (106, "replacement", "imbalance")]))
    assert len(clock.replacements.time) == 0
    assert clock.age[110] == pytest.approx(10)
    assert np.isnan(clock.age[50])  # nobody saw how old the machine was when the record began


def test_a_failed_machine_that_runs_on_is_unlabelled_and_starts_anew_at_its_repair(build_machine):
    events = [(100, "failure", "imbalance"), (150, "maintenance", "imbalance"), (240, "failure", "imbalance")]
    clock = timeline(hourly(build_machine, 300, events))
    assert clock.fresh[[120, 150, 151, 200]].tolist() == [101, 101, 151, 151]
    labels = label(clock)
    assert np.isnan(labels.remaining[101:151]).all()
    assert np.isnan(labels.within(24)[101:151]).all()
    assert labels.remaining[160] == pytest.approx(80)


def test_only_work_on_what_failed_is_its_repair(build_machine):
    for late, cause in ((150, "bearing_wear"), (280, "imbalance")):
        clock = timeline(hourly(build_machine, 300, [(100, "failure", "imbalance"), (late, "maintenance", cause)]))
        assert clock.repaired.tolist() == clock.failures.time.tolist()
        assert clock.fresh[290] == 101
    repaired = timeline(hourly(build_machine, 300, [(100, "failure", "imbalance"), (298, "replacement", "imbalance")]))
    assert "replacement" in repaired.reset_by
    running = timeline(hourly(build_machine, 300, [(200, "failure", "imbalance"), (290, "maintenance", "unknown")]))
    assert running.reset_by == "repair (imbalance)"
    assert running.rows_since_reset() == 9


def test_cycles_reach_zero_at_the_last_cycle(build_machine):
    machine = hourly(build_machine, 50, [(49, "failure", "unknown")], life_unit="cycle")
    frame = machine.telemetry.assign(life=np.arange(1.0, 51.0))
    labels = label(timeline(MachineData(machine.profile, frame, machine.events)))
    assert labels.remaining[-1] == 0
    assert labels.remaining[0] == 49


def test_unsorted_time_is_refused(build_machine):
    machine = build_machine.worn("pump_life_001", 1, hours=48)
    shuffled = MachineData(machine.profile, machine.telemetry.iloc[::-1], machine.events)
    with pytest.raises(InputError, match="ascending"):
        timeline(shuffled)


def with_column(build_machine, hours=100, **columns):
    machine = build_machine.worn("pump_life_001", 1, hours=hours, running_rule=None)
    return MachineData(machine.profile, machine.telemetry.assign(**columns), machine.events)


def test_a_replaced_hour_meter_goes_on_counting(build_machine):
    reading = np.concatenate([5000.0 + np.arange(50), np.arange(50.0)])
    life = timeline(with_column(build_machine, running_h=reading)).life
    assert life[49] == 5049
    assert life[99] == pytest.approx(5049 + 49, abs=1)
    assert (np.diff(life) >= 0).all()


def test_jitter_of_a_meter_counts_nothing(build_machine):
    reading = 5000.0 + np.tile([0.0, 0.4], 50)
    assert timeline(with_column(build_machine, running_h=reading)).life[-1] == pytest.approx(5000.4)


def test_a_wild_reading_of_a_meter_adds_a_day_at_most(build_machine):
    reading = 5000.0 + np.arange(100)
    reading[30] = 99_999
    assert timeline(with_column(build_machine, running_h=reading)).life[-1] == pytest.approx(5099, abs=25)


def test_a_meter_unknown_at_first_does_not_jump(build_machine):
    reading = np.where(np.arange(100) < 5, np.nan, 5000.0 + np.arange(100))
    life = timeline(with_column(build_machine, running_h=reading)).life
    assert life[0] == 5005
    assert np.diff(life).max() <= 1


def test_hours_in_which_nothing_was_reported_do_not_count_beyond_three_readings(build_machine):
    machine = with_column(build_machine, hours=240)
    on = (np.arange(240) % 24) < 8
    reported = MachineData(machine.profile, machine.telemetry[on].reset_index(drop=True), machine.events)
    clock = timeline(reported)
    assert clock.life[-1] == pytest.approx(10 * 7 + 9 * 3)


def test_a_state_holds_until_the_next_and_may_be_lower_case(build_machine):
    state = np.full(96, None, dtype=object)
    state[[0, 48, 72]] = ["running", "Idle", " Running "]
    running = timeline(with_column(build_machine, hours=96, state=state)).running
    assert running[:48].all()
    assert not running[48:72].any()
    assert running[72:].all()


def test_rows_before_the_first_state_go_by_the_running_rule(build_machine):
    machine = build_machine.worn("pump_life_001", 1, hours=48)
    state = np.array([None] * 40 + ["RUNNING"] * 8, dtype=object)
    running = timeline(MachineData(machine.profile, machine.telemetry.assign(state=state), machine.events)).running
    assert running[:20].all()
    assert not running[20:24].any()
