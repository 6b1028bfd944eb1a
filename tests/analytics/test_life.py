"""How long a machine may still run: one distribution through all that a prediction tells."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.analytics.life import life_left, probability_within

CURVE = [{"hours": 24, "probability": 0.1}, {"hours": 168, "probability": 0.3}, {"hours": 720, "probability": 0.8}]


def test_probabilities_by_horizon_are_kept_and_the_remaining_life_goes_on_beyond_them(predict):
    life = life_left(predict(0.3, life_h=2000, failure_probability=CURVE[:2]))
    assert life.own
    assert [life.within(h) for h in (0, 24, 96, 168)] == pytest.approx([0, 0.1, 0.2, 0.3])
    assert life.within(2000) == pytest.approx(0.5)
    assert life.within(3000) == pytest.approx(0.95)
    assert 0.95 < life.within(4000) < 1


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.floats(1, 5000))
def test_it_never_falls_and_its_lives_say_the_same(predict, probabilities, life_h):
    curve = [{"hours": h, "probability": p} for h, p in zip((24, 168, 720), sorted(probabilities), strict=True)]
    life = life_left(predict(0.5, life_h=life_h, failure_probability=curve))
    if life is None:
        return
    at = np.linspace(0, 3000, 40)
    told = np.array([life.within(float(h)) for h in at])
    assert (np.diff(told) >= -1e-12).all()
    assert ((told >= 0) & (told <= 1)).all()
    failed, length = life.lives().until(at)
    assert failed[0] == pytest.approx(told, abs=0.02)
    assert (np.diff(length[0]) >= 0).all()


def test_without_probabilities_the_remaining_life_tells_them(predict):
    alone = predict(0.5, life_h=100, failure_probability=[])
    assert probability_within(alone, 100) == pytest.approx(0.5)
    assert probability_within(alone, 50) == pytest.approx(0.05)
    assert probability_within(predict(None), 168) is None
    assert life_left(predict(None)) is None


def test_an_open_end_says_only_that_the_life_is_longer(predict):
    prediction = predict(0.5, life_h=100, failure_probability=[])
    answer = prediction.remaining_useful_life
    open_life = answer.life.model_copy(update={"upper_open": True, "median_open": True})
    changed = prediction.model_copy(update={"remaining_useful_life": answer.model_copy(update={"life": open_life})})
    life = life_left(changed)
    assert life.within(50) == pytest.approx(0.05)
    assert life.within(100) < 0.5


def test_the_life_of_its_kind_is_marked_as_not_its_own(predict):
    prediction = predict(None)
    known = predict(0.5).remaining_useful_life
    prior = known.model_copy(update={"basis": "population", "evidence": prediction.health_evidence})
    life = life_left(prediction.model_copy(update={"remaining_useful_life": prior}))
    assert not life.own
    assert "machines of its kind" in life.basis
    assert probability_within(prediction.model_copy(update={"remaining_useful_life": prior}), 168) is None


def test_a_machine_that_may_fail_at_once_still_has_a_distribution(predict):
    prediction = predict(0.5, failure_probability=[])
    answer = prediction.remaining_useful_life
    at_once = answer.model_copy(
        update={"expected_failure_at": (prediction.as_of,) * 2 + answer.expected_failure_at[2:]}
    )
    life = life_left(prediction.model_copy(update={"remaining_useful_life": at_once}))
    assert life.within(1) == pytest.approx(0.5, abs=0.01)
