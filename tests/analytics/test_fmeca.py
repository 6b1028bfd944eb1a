"""FMECA: rates shrink honestly, severity follows money and harm, and each strategy comes where its reason holds."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import gamma

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.analytics.criticality import assess_fleet, classify
from workbench.analytics.fmeca import Monitoring, judge_modes
from workbench.analytics.fmeca_hazards import hazards_of
from workbench.analytics.fmeca_rates import Experience, Rate, failure_rate, prior_life
from workbench.analytics.fmeca_strategy import Supply, best_age
from workbench.catalog import load_catalogue
from workbench.domain.criticality import Strategy

CATALOGUE = load_catalogue()
MACHINES = {one.machine_id: one for one in CATALOGUE.machines}
PUMP = MACHINES["pump_ksb_etanorm_005"]
GEARBOX = MACHINES["gearbox_sew_mc_016"]
PARTS = {part.part_id: part for part in CATALOGUE.parts}
STOCKED = Supply(PARTS, dict.fromkeys(PARTS, 99), CATALOGUE.technicians, "EUR")
NO_RECORD = Experience()
WATCHED = Monitoring(1.0, frozenset(sensor.name for sensor in PUMP.sensors))


def judged(profile=PUMP, experience=NO_RECORD, monitoring=WATCHED, supply=STOCKED, hours=8_000.0):
    found = judge_modes(profile, experience, monitoring, supply, operating_h_per_year=hours)
    return {one.effect.mode: one.effect for one in found}


def changed(mode_name, profile=PUMP, **fields):
    modes = [m.model_copy(update=fields) if m.name == mode_name else m for m in profile.failure_modes]
    return profile.model_copy(update={"failure_modes": tuple(modes)})


def test_rate_is_the_profile_without_records_and_the_records_with_many():
    life, shape, _ = prior_life(PUMP, "seal_leak")
    law = PUMP.twin.faults["seal_leak"]
    assert (life, shape) == (pytest.approx(law.life_h * gamma(1 + 1 / law.shape)), law.shape)
    assert failure_rate(PUMP, "seal_leak", Experience()).mean == pytest.approx(1 / life)
    much = failure_rate(PUMP, "seal_leak", Experience(1e6, {"seal_leak": 100}, 40))
    assert much.mean == pytest.approx(101 / (1e6 + life))
    low, high = much.interval()
    assert low < 1e-4 < high < 1.5 * low
    assert "100 failures in 1,000,000 operating hours of 40 machines of type pump" in much.basis
    no_twin = PUMP.model_copy(update={"twin": None})
    assert prior_life(no_twin, "seal_leak")[0] == PUMP.rated_life * len(PUMP.failure_modes)


def test_failures_of_unknown_cause_are_shared_out_and_none_is_lost():
    seen = {"seal_leak": 2, "unknown": 3, "flooded": 1}
    rates = [failure_rate(PUMP, mode.name, Experience(10_000, seen, 3)) for mode in PUMP.failure_modes]
    assert sum(rate.shape for rate in rates) == pytest.approx(len(rates) + 6)


@given(st.floats(100, 1e6), st.integers(0, 50))
def test_interval_holds_the_rate_and_narrows_with_experience(hours, count):
    rate = failure_rate(PUMP, "cavitation", Experience(hours, {"cavitation": count}, 1))
    low, high = rate.interval()
    assert low < rate.mean < high
    more = failure_rate(PUMP, "cavitation", Experience(4 * hours, {"cavitation": 4 * count}, 1)).interval()
    assert more[1] / more[0] <= high / low + 1e-9


def test_criticality_number_is_rate_times_cost_and_ranks_multiply():
    for effect in judged().values():
        assert effect.cost_per_year == pytest.approx(effect.failures_per_year * effect.cost_per_failure, abs=1)
        assert effect.risk_priority_number == effect.severity * effect.occurrence * effect.detection
        low, high = effect.cost_per_year_95
        assert low < effect.cost_per_year < high
    order = [effect.cost_per_year for effect in judged().values()]
    assert order == sorted(order, reverse=True)
    assert judged(hours=4_000.0)["seal_leak"].failures_per_year == pytest.approx(
        judged()["seal_leak"].failures_per_year / 2
    )


def test_harm_raises_severity_above_what_money_says():
    press = MACHINES["press_enerpac_vlp_020"]
    [jet, *_] = hazards_of(press.failure_mode("seal_leak"), press)
    assert jet.rank == 9
    watched = Monitoring(1.0, frozenset(sensor.name for sensor in press.sensors))
    leak = judged(press, monitoring=watched)["seal_leak"]
    assert leak.severity == 9
    assert "jet under pressure" in leak.severity_basis
    assert "alone would be 5" in leak.severity_basis
    assert judged(press, monitoring=watched)["filter_clogging"].hazards == ()
    chiller = MACHINES["chiller_carrier_30xw_018"]
    assert [h.rank for h in hazards_of(chiller.failure_mode("seal_leak"), chiller)] == [7]
    # Pumped water at low pressure is neither.
    assert hazards_of(PUMP.failure_mode("seal_leak"), PUMP) == ()


def test_detection_is_worse_without_readings_or_between_rare_ones():
    seen = judged()["bearing_wear"]
    assert seen.detection == PUMP.twin.composition.modes["bearing_wear"].detectability
    blind = judged(monitoring=Monitoring(1.0, frozenset({"flow_m3_h"})))["bearing_wear"]
    assert (blind.detection, blind.strategy) == (10, Strategy.TIME_BASED)
    assert "none of the sensors of its symptoms has readings" in blind.detection_basis
    partly = judged(monitoring=Monitoring(1.0, WATCHED.reporting - {"bearing_temp_C"}))["bearing_wear"]
    assert seen.detection < partly.detection < 10
    assert "no readings of bearing_temp_C" in partly.detection_basis
    untold = PUMP.twin.model_copy(update={"composition": None})
    guessed = judged(PUMP.model_copy(update={"twin": untold}))["bearing_wear"]
    assert (guessed.detection, guessed.strategy) == (4, Strategy.CONDITION_BASED)
    assert "no twin tells, so by its strongest symptom, bearing_temp_C" in guessed.detection_basis
    rare = judged(monitoring=replace(WATCHED, step_h=200.0))["bearing_wear"]
    assert (rare.detection, "P-F interval may be 240 h" in rare.detection_basis) == (10, True)


def test_condition_based_where_the_warning_comes_early_enough():
    found = judged()["bearing_wear"]
    assert found.strategy is Strategy.CONDITION_BASED
    assert "at least 240 h before" in found.reason
    late = judged(changed("bearing_wear", pf_interval_h=(10.0, 30.0)))["bearing_wear"]
    assert late.strategy is Strategy.TIME_BASED
    assert late.interval_h is not None
    assert 0 < late.interval_h < 1 / failure_rate(PUMP, "bearing_wear", Experience()).mean
    assert "shows only 10 h before" in late.reason


def test_a_part_that_comes_too_late_is_to_be_kept_when_the_failure_is_severe():
    watched = Monitoring(1.0, frozenset(sensor.name for sensor in GEARBOX.sensors))
    empty = Supply(PARTS, {}, CATALOGUE.technicians, "EUR")
    found = judged(GEARBOX, monitoring=watched, supply=empty)["gear_pitting"]
    assert found.strategy is Strategy.REDESIGN_OR_SPARE
    assert "gear set takes 50 days: with one in stock" in found.reason
    assert judged(GEARBOX, monitoring=watched)["gear_pitting"].strategy is Strategy.CONDITION_BASED


def test_cheap_failures_run_and_harmful_ones_never_do():
    harmless = PUMP.economics.model_copy(update={"production_loss_per_h": 0, "source": "plant: a standby takes over"})
    cheap = changed("misalignment", PUMP.model_copy(update={"economics": harmless}), secondary_damage=0)
    found = judged(cheap)["misalignment"]
    assert found.strategy is Strategy.RUN_TO_FAILURE
    assert "a planned repair costs no less" in found.reason
    unseen = judged(
        changed("bearing_wear", pf_interval_h=(10.0, 30.0), secondary_damage=3_000_000).model_copy(
            update={"twin": None}
        )
    )
    assert unseen["bearing_wear"].strategy is Strategy.REDESIGN_OR_SPARE
    assert "age does not tell" in unseen["bearing_wear"].reason
    press = MACHINES["press_enerpac_vlp_020"]
    free = press.economics.model_copy(update={"production_loss_per_h": 0, "source": "plant"})
    idle = changed("seal_leak", press.model_copy(update={"economics": free}), secondary_damage=0)
    watched = Monitoring(1.0, frozenset(sensor.name for sensor in press.sensors))
    assert judged(idle, monitoring=watched)["seal_leak"].strategy is not Strategy.RUN_TO_FAILURE


def test_best_age_is_that_of_barlow_and_hunter():
    rate = Rate(1.0, 1_000.0, "", 2.0)
    age, gain = best_age(rate, 100, 1_000)
    ages = np.linspace(1, 3_000, 3_000)
    scale = 1_000 / gamma(1.5)
    survival = np.exp(-((ages / scale) ** 2))
    cost = (100 * survival + 1_000 * (1 - survival)) / np.cumsum(survival)
    assert age == pytest.approx(ages[np.argmin(cost)], rel=0.02)
    assert gain == pytest.approx(1 - cost.min(), rel=0.02)
    assert best_age(rate, 1_000, 1_000) == (None, 0.0)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30), st.randoms())
def test_classes_follow_loss_and_equals_are_treated_alike(losses, random):
    harmful = np.array([random.random() < 0.2 for _ in losses])
    classes = classify(np.array([losses]), harmful)[0]
    safe = classify(np.array([losses]), np.zeros(len(losses), dtype=bool))[0]
    assert classes.tolist() == [min(place, 1) if harm else place for place, harm in zip(safe, harmful, strict=True)]
    by_loss = sorted(zip(losses, safe, strict=True))
    assert all(place >= other for (_, place), (_, other) in pairwise(by_loss))
    assert all(place == other for (loss, place), (same, other) in pairwise(by_loss) if loss == same)
    assert all(loss > sum(losses) / len(losses) for loss, place in by_loss if place == 0)
    if sum(losses) > 0:
        assert sum(loss for loss, place in by_loss if place < 2) >= 0.95 * sum(losses) - 1e-6


def test_fleet_is_ordered_by_loss_and_says_how_sure_a_class_is():
    chosen = [
        MACHINES[name]
        for name in ("pump_ksb_etanorm_005", "pump_grundfos_cr3_004", "turbofan_cfm56_7b_025", "press_enerpac_vlp_020")
    ]
    machines = []
    for profile in chosen:
        watched = Monitoring(1.0, frozenset(sensor.name for sensor in profile.sensors))
        modes = judge_modes(profile, Experience(), watched, STOCKED, operating_h_per_year=8_000.0)
        machines.append((profile, modes, 8_000.0))
    found = assess_fleet(machines, currency="EUR", seed=0)
    assert found == assess_fleet(machines, currency="EUR", seed=0)
    assert [one.loss_per_year for one in found] == sorted((one.loss_per_year for one in found), reverse=True)
    assert (found[0].machine_id, found[0].proposed, found[0].agreement > 0.95) == ("turbofan_cfm56_7b_025", "A", True)
    assert found[-1].cumulative == pytest.approx(1)
    press = next(one for one in found if one.machine_id.startswith("press"))
    assert press.proposed != "C"
    assert "may harm people" in press.reason
    assert all(one.loss_per_year_95[0] < one.loss_per_year < one.loss_per_year_95[1] for one in found)
    assert assess_fleet([], currency="EUR", seed=0) == ()
    bare = PUMP.model_copy(update={"failure_modes": (), "twin": None})
    [alone] = assess_fleet([(bare, (), 8_000.0)], currency="EUR", seed=0)
    assert (alone.proposed, alone.reason) == ("C", "no failure mode in the profile, so nothing is expected")
