"""Lives of a population whose survival hardly falls, and intervals that are in order."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from workbench.domain.equipment import LifeUnit
from workbench.domain.predictions import Evidence, Interval, RemainingUsefulLife
from workbench.ml.lifetimes import Lifetimes
from workbench.ml.reasons import _life_words

FEW = Lifetimes(np.concatenate([[400.0], np.full(99, 1000.0)]), np.concatenate([[1.0], np.zeros(99)]))


def test_life_that_hardly_ever_ends_is_open_and_not_nought():
    life = FEW.remaining(0.0)
    assert life.median_open
    assert life.upper_open
    assert 0 < life.lower <= life.median <= life.upper
    assert life.upper == pytest.approx(12_000)


def test_open_at_the_upper_end_only():
    lives = Lifetimes(np.array([500.0] * 8 + [900.0] * 6), np.array([1.0] * 8 + [0.0] * 6))
    life = lives.remaining(0.0)
    assert (life.median, life.median_open) == (pytest.approx(500, rel=0.01), False)
    assert life.upper >= 900


@pytest.mark.parametrize("age", [0.0, 300.0, 999.0, 5000.0])
@pytest.mark.parametrize("failures", [1, 5, 40])
def test_ends_are_in_order_at_every_age(age, failures):
    rng = np.random.default_rng(failures)
    durations = rng.weibull(2, 60) * 1000
    lives = Lifetimes(durations, (np.arange(60) < failures).astype(float))
    life = lives.remaining(age)
    assert 0 <= life.lower <= life.median <= life.upper
    assert life.upper <= 13 * durations.max()
    assert life.upper_open or not life.median_open


def test_an_interval_out_of_order_is_refused():
    with pytest.raises(ValidationError, match="not in order"):
        Interval(median=500, lower=100, upper=0)
    with pytest.raises(ValidationError, match="not in order"):
        Interval(median=float("nan"), lower=1, upper=2)


def test_an_open_median_is_told_as_more_than():
    life = RemainingUsefulLife(
        life_unit=LifeUnit.OPERATING_H,
        evidence=Evidence(enough=False, reasons=("1 of 5 failures needed",)),
        basis="population",
        life=FEW.remaining(0.0),
    )
    (words,) = _life_words(life)
    assert words.endswith(
        f"the population's life at this age is given: more than {life.life.lower:,.0f} operating hours"
    )
