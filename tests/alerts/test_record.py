"""When an alert fires and clears, what a faulty sensor does to it, and what is not judged at all."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.alerts import Readings, plan_for, present, watch
from workbench.domain.alerts import CustomRule
from workbench.domain.predictions import SensorFaultKind, Severity
from workbench.errors import InputError

HOUR = 3_600_000_000_000
MINUTE = HOUR // 60
CALM = np.random.default_rng(5).normal(2.0, 0.3, 60)


@pytest.fixture
def look(build_profile, build_readings):
    """Watch a record of vibration readings; returns what was found of that sensor."""

    def found(vibration, **changes):
        readings = build_readings(vibration, **changes)
        return watch(readings, plan_for(build_profile(), readings))

    return found


def hours(moment):
    return round(moment.timestamp() / 3600, 3)


@pytest.mark.parametrize(
    ("values", "severity"),
    [
        ([2, 2.1, 5, 2, 5], None),
        ([2, 5, 2, 5, 5.1], Severity.WARNING),
        ([2, 2.1, 2.2, 2.3, 8], None),
        ([2, 2.1, 2.2, 8, 8.1], Severity.CRITICAL),
        ([5, 5.1, 5, 5.1, 8], Severity.WARNING),
        ([4.5, 4.5, 4.5], Severity.WARNING),
        ([5, np.nan, 5, np.nan, 5], Severity.WARNING),
    ],
)
def test_fires_after_three_of_five_or_two_in_a_row_gaps_passed_over(look, values, severity):
    assert [crossing.severity for crossing in look(values).crossings] == ([severity] if severity else [])


def test_an_episode_tells_since_when_how_far_and_until_when(look):
    found = look([2, 2.1, 2, 5, 5.5, 2, 6, 4.4, *np.linspace(2, 3, 12)])
    (one,) = found.episodes
    assert (hours(one.since), hours(one.start), hours(one.end)) == (3, 6, 17)
    assert (one.readings, one.peak, one.last, one.ongoing, one.ended_by) == (3, 6, 6, False, "cleared")
    assert found.crossings == ()


def test_a_reading_between_the_limit_and_the_deadband_does_not_clear(look):
    (one,) = look([2, 5, 5.1, 5.2, *([3, 3.1] * 4), 4.4, *([3, 3.1] * 4), 3]).episodes
    assert one.ongoing
    crossing = look([2, 5, 5.1, 5.2, *([3, 3.1] * 4)]).crossings[0]
    assert (crossing.value, crossing.limit, crossing.direction, crossing.readings) == (5.2, 4.5, "above", 3)
    assert hours(crossing.since) == 1


def test_only_readings_of_a_running_settled_machine_count(look):
    loud = [6.0, 6.1, 6.2, 6.3, 6.4, 6.5]
    assert not look(loud, running=[False] * 6).episodes
    # Every ten minutes: readings in the first quarter of an hour after a start do not count.
    running = [True, False, *[True] * 4]
    assert not look([2, 2.1, 6.1, 6.2, 6.3, 6.4], running=running, step=10 * MINUTE).episodes
    (one,) = look([2, 2.1, *loud], running=[*running, True, True], step=10 * MINUTE).episodes
    assert hours(one.since) == pytest.approx(4 * 10 / 60, abs=0.001)


def test_a_repair_ends_an_alert_and_what_came_before_counts_no_more(look):
    (one,) = look([2, 5, 5.1, 5.2, 5.3, 2, 2.1, 5.1], renewed=[4 * HOUR + 1]).episodes
    assert (one.ended_by, hours(one.end)) == ("repair", 4)
    assert not look([2, 5, 5.1, 5.2, 2.1], renewed=[2 * HOUR]).episodes


def test_a_long_gap_begins_counts_anew_but_keeps_an_alert_on(build_profile, build_readings):
    readings = build_readings([*CALM, 5.0, 5.1, 5.2, 5.3])
    readings.time[62:] += 10 * HOUR
    assert not watch(readings, plan_for(build_profile(), readings)).episodes
    readings = build_readings([*CALM, 5.0, 5.1, 5.2, *np.linspace(2, 3, 10), 3.1])
    readings.time[65:] += 10 * HOUR
    # The first reading after a gap counts as a start; nine good ones do not make ten.
    (one,) = watch(readings, plan_for(build_profile(), readings)).episodes
    assert one.ongoing


@pytest.mark.parametrize("held", [2.0, 9.0, 60.0])
def test_a_stuck_sensor_makes_a_sensor_case_only(look, held):
    found = look([*CALM, *[held] * 30])
    assert found.episodes == ()
    (fault,) = [one for one in found.faults if one.kind is SensorFaultKind.STUCK]
    assert (fault.sensor, fault.value, fault.readings, fault.ongoing) == ("vibration_mm_s", held, 30, True)
    assert hours(fault.since) == 60
    assert "sensor vibration_mm_s: stuck at" in fault.in_words()


def test_a_sensor_that_often_repeats_itself_is_not_called_stuck(look):
    steps = np.repeat(np.random.default_rng(1).integers(1, 4, 12), 8).astype(float)
    found = look([*steps, *[2.0] * 12])
    assert found.faults == ()
    assert look([*steps, 5.0, 5.0, 5.0]).crossings


def test_a_stuck_sensor_that_moves_again_is_watched_again(look):
    found = look([*CALM, *[2.0] * 20, 2.1, 5.1, 5.2, 5.3])
    (fault,) = found.faults
    assert not fault.ongoing
    assert found.crossings[0].severity is Severity.WARNING


def test_a_sensor_fault_ends_the_alert_of_its_sensor_alone(build_profile, build_readings):
    readings = build_readings([*CALM, 5.0, 5.1, 5.2, 400.0, 5.3])
    readings.values[60:, 1] = 80 + np.arange(5)
    found = watch(readings, plan_for(build_profile(), readings))
    ended = {one.rule.sensor: one.ended_by for one in found.episodes if one.rule.severity is Severity.WARNING}
    assert ended == {"vibration_mm_s": "sensor fault", "bearing_temp_C": ""}
    (fault,) = found.faults
    assert (fault.kind, fault.value, fault.ongoing) == (SensorFaultKind.OUT_OF_RANGE, 400.0, True)


def test_a_sensor_that_falls_silent_and_comes_back(look):
    values = [*CALM, *[np.nan] * 8, *CALM[:12]]
    (fault,) = look(values).faults
    assert (fault.kind, fault.readings, fault.value, fault.ongoing) == (SensorFaultKind.DROPOUT, 8, None, False)
    assert look([np.nan] * 80).faults == ()


def test_a_spike_is_of_the_sensor_and_no_crossing(look):
    found = look([*CALM, 9.0, *CALM[:4]])
    assert found.episodes == ()
    (fault,) = found.faults
    assert (fault.kind, fault.value, hours(fault.since)) == (SensorFaultKind.SPIKE, 9.0, 60)


def test_nothing_to_judge(look, build_profile, build_readings):
    assert look([]).episodes == ()
    assert look([np.nan, np.nan]).crossings == ()
    readings = build_readings([])
    assert present(readings, plan_for(build_profile(), readings)).crossings == ()


def test_readings_out_of_order_are_refused(build_profile, build_readings):
    readings = build_readings([2.0, 2.1, 2.2])
    back = Readings(readings.time[::-1].copy(), readings.values, readings.running, readings.renewed)
    with pytest.raises(InputError, match="ascending"):
        plan_for(build_profile(), back)
    with pytest.raises(InputError, match="ascending"):
        watch(back, plan_for(build_profile(), readings))


def test_critical_outranks_warning_of_the_same_sensor(build_profile, build_readings):
    readings = build_readings([5.0, 5.1, 5.2, 8.0, 8.1])
    rules = [CustomRule(name="low", sensor="power_kW", warning_low=100)]
    found = watch(readings, plan_for(build_profile(), readings, rules))
    assert [(c.sensor, c.severity.value) for c in found.crossings] == [
        ("vibration_mm_s", "CRITICAL"),
        ("power_kW", "WARNING"),
    ]
