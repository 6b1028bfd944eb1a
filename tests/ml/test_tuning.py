"""Tuning: as many trials as told, the same for a seed, no change without a gain over units, and what the choice flatters."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.ml import BoostedRul
from workbench.ml.tuning import Tuning, candidates, tuned

UNITS = np.repeat([f"pump_{k:02d}" for k in range(20)], 5).astype(object)


def noise(seed):
    return np.random.default_rng(seed).uniform(0.9, 1.1, len(UNITS))


def run(losses, trials=6, **changes):
    fitted = []
    tuning = Tuning(trials, **changes)
    return tuned(BoostedRul(cap=100, seed=3), fitted.append, losses, UNITS, tuning), fitted


def test_the_shipped_setting_comes_first_and_a_seed_repeats():
    shipped = BoostedRul(cap=100, seed=3)
    settings = candidates(shipped, 8)
    assert settings[0] == shipped.params()
    assert len({str(setting) for setting in settings}) == 8
    assert settings == candidates(BoostedRul(cap=100, seed=3), 8)
    assert settings != candidates(BoostedRul(cap=100, seed=4), 8)
    assert all(type(BoostedRul(**setting)) is BoostedRul for setting in settings)


def test_one_trial_is_the_shipped_setting_and_judges_nothing():
    done, fitted = run(lambda model: pytest.fail("losses of a single setting are not needed"), trials=1)
    assert fitted == [done.estimator]
    assert done.parameters() == {"trials": 1}


def test_a_setting_that_is_better_on_every_unit_is_taken():
    done, fitted = run(lambda model: noise(model.iterations) - 0.5 * (model.leaves == 4), trials=30)
    assert len(fitted) == done.tried == 30
    assert done.estimator.leaves == 4
    assert done.loss < done.shipped_loss


def test_noise_changes_nothing():
    shipped = BoostedRul(cap=100, seed=3).params()
    same, _ = run(lambda model: np.ones(len(UNITS)))
    assert same.estimator.params() == shipped
    assert same.flattery == 0.0


def test_the_luckiest_of_many_equal_settings_is_not_taken():
    numbers = iter(range(1000))

    def alike(model):
        return np.repeat(np.random.default_rng(next(numbers)).normal(1.0, 0.3, 20), 5)

    done, _ = run(alike, trials=40)
    assert done.estimator.params() == BoostedRul(cap=100, seed=3).params()
    assert done.flattery == 0.0


def test_time_only_caps_the_trials():
    done, fitted = run(lambda model: noise(1), trials=20, enough=lambda: True)
    assert len(fitted) == done.tried == 1
