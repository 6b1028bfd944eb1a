"""Lives with censoring and late entry: the hazard by age and covariates, its scores, and the population that uses it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.domain.equipment import LifeUnit
from workbench.domain.observations import MachineData
from workbench.errors import InputError, NotEnoughData
from workbench.ml.lifetimes import Lifetimes, collect_lifetimes
from workbench.ml.survival import HazardSurvival, kaplan_meier
from workbench.ml.survival_metrics import censored_brier, concordance


def lives(seed=0, count=400, effect=0.5):
    """Weibull lives of shape 2; those of ``old`` machines last ``effect`` times as long; two in five are censored."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"old": rng.integers(0, 2, count).astype(float), "noise": rng.normal(size=count)})
    life = rng.weibull(2, count) * 1000 * np.where(X["old"] > 0, effect, 1.0)
    end = rng.uniform(200, 2000, count)
    groups = np.array([f"m{k % 40}" for k in range(count)], dtype=object)
    return X, np.minimum(life, end), (life <= end).astype(float), groups, life


@pytest.fixture(scope="module")
def fitted():
    X, duration, event, groups, _ = lives()
    return HazardSurvival().fit(X, duration, event, groups=groups)


def test_covariates_that_matter_are_used_and_noise_is_not(fitted):
    assert fitted.form_ != "population"
    old, new = fitted.predict(pd.DataFrame({"old": [1.0, 0.0], "noise": [0.0, 0.0]}))
    assert old[0] == pytest.approx(500 * np.sqrt(np.log(2)), rel=0.25)
    assert new[0] == pytest.approx(1000 * np.sqrt(np.log(2)), rel=0.25)
    X, duration, event, groups, _ = lives(effect=1.0)
    assert HazardSurvival().fit(X, duration, event, groups=groups).form_ == "population"


def test_intervals_hold_new_lives_met_at_a_random_moment(fitted):
    X, _, _, _, life = lives(seed=1, count=3000)
    rng = np.random.default_rng(2)
    met = rng.choice(len(life), 3000, p=life / life.sum())
    age = rng.uniform(0, 1, 3000) * life[met]
    answer = fitted.predict(X.iloc[met], age=age)
    left = life[met] - age
    assert 0.85 <= np.mean((answer[:, 1] <= left) & (left <= answer[:, 2])) <= 0.97
    assert (answer[:, 1] <= answer[:, 0]).all()
    assert (answer[:, 0] <= answer[:, 2]).all()


def test_probability_of_failure_rises_with_the_horizon_and_is_calibrated(fitted):
    X, _, _, _, life = lives(seed=3, count=2000)
    age = np.full(len(X), 200.0)
    seen = life > 200
    chance = fitted.probability_within(X[seen], 300.0, age=age[seen])
    assert chance.mean() == pytest.approx(np.mean(life[seen] <= 500), abs=0.06)
    curve = fitted.survival(X[:5], np.array([0.0, 10.0, 100.0, 1e5]))
    assert (np.diff(curve, axis=1) <= 0).all()
    np.testing.assert_allclose(curve[:, 0], 1.0)
    assert (curve[:, -1] < 1e-3).all()


def test_late_entry_is_no_bias():
    X, duration, event, groups, _ = lives(count=1500, effect=1.0)
    rng = np.random.default_rng(5)
    entry = rng.uniform(0, 800, len(X))
    seen = duration > entry
    args = (X[seen], duration[seen], event[seen])
    heeded = HazardSurvival(n_splits=2).fit(*args, groups=groups[seen], entry=entry[seen]).predict(X[:1])[0, 0]
    ignored = HazardSurvival(n_splits=2).fit(*args, groups=groups[seen]).predict(X[:1])[0, 0]
    truth = 1000 * np.sqrt(np.log(2))
    assert abs(heeded - truth) < abs(ignored - truth)
    assert heeded == pytest.approx(truth, rel=0.12)


def test_a_model_of_lives_keeps_the_contract(fitted):
    X, duration, event, groups, _ = lives()
    again = HazardSurvival.from_bytes(fitted.to_bytes())
    np.testing.assert_array_equal(again.predict(X), fitted.predict(X[["noise", "old"]]))
    twin = HazardSurvival().fit(X, duration, event, groups=groups)
    np.testing.assert_array_equal(twin.predict(X), fitted.predict(X))
    assert np.isfinite(fitted.predict(X.assign(old=np.nan))).all()
    with pytest.raises(InputError, match="unknown: stranger"):
        fitted.predict(X.assign(stranger=1.0))
    with pytest.raises(NotEnoughData, match="at least 20 samples"):
        HazardSurvival().fit(X[:10], duration[:10], event[:10], groups=groups[:10])
    with pytest.raises(NotEnoughData, match="0 of 5 failures"):
        HazardSurvival().fit(X, duration, np.zeros(len(X)), groups=groups)
    with pytest.raises(NotEnoughData, match="Every feature is empty"):
        HazardSurvival().fit(X * np.nan, duration, event, groups=groups)
    with pytest.raises(InputError, match="beyond its entry"):
        HazardSurvival().fit(X, duration, event, groups=groups, entry=duration)


def test_concordance_and_brier_know_good_from_bad():
    _, duration, event, _, life = lives(count=300)
    assert concordance(duration, event, -life) == pytest.approx(1.0)
    assert concordance(duration, event, np.zeros(300)) == pytest.approx(0.5)
    at = np.array([300.0, 600.0])
    truth = (life[:, None] > at).astype(float)
    assert censored_brier(duration, event, truth, at) == pytest.approx(0.0)
    rate = np.tile([np.mean(life > t) for t in at], (300, 1))
    uncensored = np.mean((rate - truth) ** 2)
    assert censored_brier(duration, event, rate, at) == pytest.approx(uncensored, rel=0.1)
    times, curve = kaplan_meier(duration, event)
    assert curve[np.searchsorted(times, 600.0) - 1] == pytest.approx(np.mean(life > 600), abs=0.06)


def bare_machine(build_machine, number):
    """A machine without readings, of which only events are known; model B fails three times as often."""
    model = "A" if number % 2 else "B"
    rng = np.random.default_rng(number)
    hours = np.cumsum(rng.weibull(3, 5) * (1800 if model == "A" else 600))
    events = [(pd.Timestamp(build_machine.start) + pd.Timedelta(hours=h), "failure", "bearing_wear") for h in hours]
    profile = build_machine.profile(f"pump_test_{number:03d}", model=model)
    nothing = pd.DataFrame({"time": pd.to_datetime([], utc=True)})
    return MachineData(profile, nothing, build_machine.events(events))


def test_the_population_answers_by_what_a_machine_is_even_without_readings(build_machine):
    fleet = [bare_machine(build_machine, number) for number in range(24)]
    assert fleet[0].profile.life_unit is LifeUnit.OPERATING_H
    found = collect_lifetimes(fleet)
    assert found.failures == 24 * 4
    assert found.model is not None
    durable, frail = (found.remaining(0.0, profile=fleet[k].profile) for k in (1, 0))
    assert durable.median > 1.8 * frail.median
    assert found.remaining(0.0) == found.remaining(0.0, profile=None)
    again = Lifetimes.restore(found.state())
    assert again.remaining(100.0, profile=fleet[0].profile) == found.remaining(100.0, profile=fleet[0].profile)
    early = Lifetimes.restore({"duration": found.duration, "failed": found.failed})
    assert early.model is None


def test_few_machines_or_equal_ones_give_the_populations_curve(build_machine):
    few = [bare_machine(build_machine, number) for number in range(4)]
    assert collect_lifetimes(few).model is None
    same = [bare_machine(build_machine, 2 * number) for number in range(12)]
    assert collect_lifetimes(same).model is None
