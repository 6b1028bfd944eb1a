"""Which rules a machine gets: the plant's own, the profile's, defaults, the own baseline; and by which standard."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.alerts import plan_for, rules_for, vibration_standard
from workbench.alerts.baseline import Baseline, fit_baselines
from workbench.catalog import load_catalogue
from workbench.domain.alerts import CustomRule, RuleOrigin
from workbench.domain.equipment import NO_STANDARD, Rating
from workbench.domain.predictions import Severity
from workbench.domain.units import Quantity

USUAL = Baseline(mean=30.0, sd=1.0, readings=500)


def table(rules):
    return {rule.key: (round(rule.limit, 3), rule.origin.value) for rule in rules}


def test_limits_of_the_profile_come_first_and_defaults_fill_in(build_profile):
    rules = rules_for(build_profile(), lambda name: USUAL)
    assert table(rules) == {
        ("vibration_mm_s", "above", "CRITICAL"): (7.1, "profile"),
        ("vibration_mm_s", "above", "WARNING"): (4.5, "profile"),
        ("bearing_temp_C", "above", "CRITICAL"): (85.0, "default"),
        ("bearing_temp_C", "above", "WARNING"): (75.0, "default"),
        ("power_kW", "above", "WARNING"): (36.0, "baseline"),
    }
    by_key = {rule.key: rule for rule in rules}
    vibration = by_key["vibration_mm_s", "above", "CRITICAL"]
    assert (vibration.standard, vibration.source) == ("ISO 10816-7", "the maker's manual")
    assert (vibration.needed, vibration.of, vibration.clears_at) == (2, 2, pytest.approx(7.1 * 0.95))
    warning = by_key["bearing_temp_C", "above", "WARNING"]
    assert (warning.needed, warning.of, warning.clear_after, warning.settle_min) == (3, 5, 10, 15)
    assert by_key["power_kW", "above", "WARNING"].label == "SPIKE"


def test_a_load_that_swings_by_more_than_a_fifth_is_no_spike(build_profile):
    rules = rules_for(build_profile(), lambda name: Baseline(mean=30.0, sd=5.0, readings=500))
    assert {rule.sensor: rule.limit for rule in rules}["power_kW"] == pytest.approx(45.0)


def test_without_a_baseline_its_rules_are_left_out(build_profile):
    assert "power_kW" not in {rule.sensor for rule in rules_for(build_profile(), lambda name: None)}


def vibration(build_profile, machine_type, *, normal_high=2.0, **changes):
    sensor = {
        "name": "vibration_in_s",
        "quantity": "vibration_velocity",
        "unit": "in/s",
        "normal_low": 0,
        "normal_high": normal_high / 25.4,
        "physical_low": 0,
        "physical_high": 10,
    }
    return build_profile(machine_type, sensors=[sensor], **changes)


def test_vibration_without_a_unit_is_compared_with_its_own_baseline_only(build_profile):
    sensor = {"name": "vibration", "quantity": "vibration_velocity", "unit": "1", "normal_low": 0, "normal_high": 60}
    bare = build_profile("pump", sensors=[sensor | {"physical_low": 0, "physical_high": 200}])
    assert not rules_for(bare, lambda name: None)
    (rule,) = rules_for(bare, lambda name: USUAL)
    assert rule.origin is RuleOrigin.BASELINE


def test_defaults_are_in_the_unit_of_the_sensor(build_profile):
    rules = rules_for(vibration(build_profile, "pump"), lambda name: None)
    assert [round(rule.limit * 25.4, 6) for rule in rules] == [4.0, 2.5]
    assert {rule.standard for rule in rules} == {"ISO 10816-7"}


@pytest.mark.parametrize(("machine_type", "normal_high"), [("robot_arm", 2.0), ("press", 2.0), ("pump", 6.0)])
def test_own_baseline_where_no_standard_or_default_fits(build_profile, machine_type, normal_high):
    usual = Baseline(mean=0.1, sd=0.01, readings=500)
    (rule,) = rules_for(vibration(build_profile, machine_type, normal_high=normal_high), lambda name: usual)
    assert (rule.limit, rule.severity, rule.standard) == (pytest.approx(0.13), Severity.WARNING, NO_STANDARD)
    # 5 % below the limit would be nearly back at the mean of a steadier sensor: halfway is enough.
    assert 0.1 < rule.clears_at < 0.13


def test_a_small_motor_is_watched_by_its_own_baseline_as_well(build_profile):
    limits = {"warning_high": 0.1, "critical_high": 0.16, "standard": "IEC 60034-14"}
    small = vibration(build_profile, "motor", rated={"power": {"value": 5.5, "unit": "kW"}})
    sensors = (
        small.sensors[0].model_copy(update={"limits": type(load_catalogue().machines[0].sensors[2].limits)(**limits)}),
    )
    small = small.model_copy(update={"sensors": sensors})
    usual = Baseline(mean=0.05, sd=0.005, readings=500)
    assert {r.origin for r in rules_for(small, lambda name: usual)} == {RuleOrigin.PROFILE, RuleOrigin.BASELINE}
    large = small.model_copy(update={"rated": {"power": Rating(value=20, unit="hp")}})
    assert vibration_standard(large) == "IEC 60034-14"
    large = small.model_copy(update={"rated": {"power": Rating(value=37, unit="kW")}})
    assert vibration_standard(large) == "ISO 20816-3"
    assert {r.origin for r in rules_for(large, lambda name: usual)} == {RuleOrigin.PROFILE}


def test_shipped_profiles_name_the_standard_that_covers_the_type():
    for profile in load_catalogue().machines:
        for sensor in profile.sensors:
            if sensor.quantity is Quantity.VIBRATION_VELOCITY:
                assert sensor.limits is not None
                assert sensor.limits.standard == vibration_standard(profile), profile.machine_id
                assert sensor.limits.warning_high < sensor.limits.critical_high
            elif sensor.limits is not None:
                assert sensor.limits.standard == NO_STANDARD


def own(name="own", **fields):
    return CustomRule.model_validate({"name": name, "sensor": "vibration_mm_s", "warning_high": 3.0} | fields)


def test_the_plants_own_rule_replaces_all_others_of_its_sensor(build_profile):
    rules = rules_for(build_profile(), lambda name: None, [own(critical_low=0.1, deadband=0.1, warning_delay=(2, 4))])
    mine = [rule for rule in rules if rule.sensor == "vibration_mm_s"]
    assert table(mine) == {
        ("vibration_mm_s", "below", "CRITICAL"): (0.1, "workspace"),
        ("vibration_mm_s", "above", "WARNING"): (3.0, "workspace"),
    }
    assert (mine[1].needed, mine[1].of, mine[1].clears_at) == (2, 4, pytest.approx(2.7))
    assert mine[1].source == "rule own: set in this workspace"


def test_the_narrowest_rule_wins_and_a_sensor_can_be_switched_off(build_profile):
    rules = [
        own("one", machine="pump_test_001", warning_high=1.0),
        own("kind", type="pump", warning_high=2.0),
        own("all"),
    ]
    (first,) = [r for r in rules_for(build_profile(), lambda name: None, rules) if r.sensor == "vibration_mm_s"]
    assert first.limit == 1.0
    off = [*rules, own("off", machine="pump_test_001", warning_high=None, enabled=False)]
    assert "vibration_mm_s" not in {r.sensor for r in rules_for(build_profile(), lambda name: None, off)}
    elsewhere = [own("other", machine="pump_test_002", warning_high=1.0)]
    assert rules_for(build_profile(), lambda name: None, elsewhere)[0].origin is RuleOrigin.PROFILE


def test_own_rule_by_baseline_watches_both_sides(build_profile):
    rules = rules_for(build_profile(), lambda name: USUAL, [own(warning_high=None, baseline_sd=4)])
    mine = [(rule.direction, rule.limit) for rule in rules if rule.sensor == "vibration_mm_s"]
    assert mine == [("above", 34.0), ("below", 26.0)]


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"machine": "pump_test_001", "type": "pump"}, "machine or type"),
        ({"warning_high": None}, "give a limit"),
        ({"warning_high": 3.0, "critical_high": 2.0}, "critical_low <= warning_low"),
        ({"warning_delay": (6, 5)}, "warning_delay must be"),
    ],
)
def test_senseless_rules_are_refused(fields, fault):
    with pytest.raises(ValueError, match=fault):
        own(**fields)


def test_a_baseline_knows_how_often_readings_repeat():
    values = np.random.default_rng(0).normal(5, 1, (200, 2))
    values[:, 1] = np.round(values[:, 1])
    values[10, 0] = np.nan
    fine, coarse = fit_baselines(values)
    assert fine is not None
    assert coarse is not None
    assert (fine.readings, fine.repeats, fine.stuck_after) == (199, 0.0, 12)
    assert coarse.repeats > 0.2
    assert coarse.stuck_after >= 3 * coarse.longest
    assert fit_baselines(values[:49]) == (None, None)


def test_the_baseline_is_that_of_the_first_month_without_impossible_readings(build_profile, build_readings):
    readings = build_readings(np.full(24 * 40, 2.0))
    readings.values[100, 2] = 1e9
    readings.values[24 * 31 :, 2] = 90.0
    (spike,) = [r for r in plan_for(build_profile(), readings).rules if r.sensor == "power_kW"]
    assert spike.limit == pytest.approx(36.0, abs=0.5)
