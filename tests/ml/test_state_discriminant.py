"""The discriminant that looks beneath other components' states: what it sees, how sure it is, what it survives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import InputError
from workbench.ml.condition import ConditionClassifier
from workbench.ml.state_discriminant import StateDiscriminant

COOLER = np.array([[0.0, 0.0, 0.0], [40.0, 20.0, 0.0], [80.0, 0.0, 50.0]])
VALVE = np.array([[0.0, 0.0, 0.0], [4.0, -8.0, 0.0], [-9.0, 5.0, 6.0]])
LEVEL = np.array([[0.0, 0.0, 0.0], [0.6, 0.6, 0.0], [1.2, 1.2, 0.0]])


def rig(seed=0, runs=81, length=10, without=None):
    """A level that moves two sensors by little, beneath a cooler and a valve that move all by much; runs of one state."""
    rng = np.random.default_rng(seed)
    number = np.arange(runs)
    cooler, valve, level = number % 3, number // 3 % 3, number // 9 % 3
    if without is not None:
        kept = ~((cooler == without[0]) & (valve == without[1]) & (level == without[2]))
        number, cooler, valve, level = number[kept], cooler[kept], valve[kept], level[kept]
    rows = np.repeat(np.arange(len(number)), length)
    drift = rng.normal(0, 0.05, (len(number), 3))
    signal = COOLER[cooler] + VALVE[valve] + LEVEL[level] + drift
    matrix = signal[rows] + rng.normal(0, 0.1, (len(rows), 3))
    states = np.column_stack([cooler, valve])[rows].astype(str).astype(object)
    return matrix, level[rows], states, number[rows]


def fit(matrix, code, states, **_):
    return StateDiscriminant().fit(matrix, code, states, np.ones(len(matrix)))


def test_it_names_a_level_under_states_in_which_it_never_saw_that_level():
    without = (1, 2, 0)
    matrix, code, states, _ = rig(without=without)
    asked, truth, other, _ = rig(seed=1)
    unseen = (other == np.array(["1", "2"], dtype=object)).all(axis=1) & (truth == 0)
    assert unseen.sum() == 30
    model = fit(matrix, code, states)
    assert model.regime_ == 0
    answer = model.predict_proba(asked)
    np.testing.assert_allclose(answer.sum(axis=1), 1.0)
    assert (answer.argmax(axis=1) == truth).mean() > 0.95
    assert (answer[unseen].argmax(axis=1) == 0).mean() > 0.9


def test_wrong_labels_and_unsettled_rows_change_little():
    matrix, code, states, runs = rig()
    spoilt, names = matrix.copy(), code.copy()
    spoilt[runs == 40] += np.linspace(30, 0, 10)[:, None]
    names[runs == 7] = (code[runs == 7] + 1) % 3
    asked, truth, _, _ = rig(seed=2)
    assert (fit(spoilt, names, states).predict_proba(asked).argmax(axis=1) == truth).mean() > 0.93


def test_far_from_all_it_saw_it_is_less_sure():
    model = fit(*rig()[:3])
    near = COOLER[1] + VALVE[1] + LEVEL[2]
    away = np.array([[0.0, 0.0, 5.0], [0.0, 0.0, 50.0]])
    sure = model.predict_proba(np.vstack([near, near + away])).max(axis=1)
    assert sure[0] > 0.95
    assert sure[0] > sure[1] > sure[2]


def test_a_class_that_training_lacks_leaves_the_others_their_names():
    matrix, code, states, _ = rig()
    model = fit(matrix[code != 1], code[code != 1], states[code != 1])
    assert model.classes_.tolist() == [0, 2]
    named = model.classes_[model.predict_proba(matrix[code != 1]).argmax(axis=1)]
    assert (named == code[code != 1]).mean() > 0.98


@pytest.mark.parametrize("columns", [[0], [0, 1]])
def test_it_comes_back_from_its_state(columns):
    matrix, code, states, _ = rig()
    model = fit(matrix, code, states[:, columns])
    again = StateDiscriminant.restore(model.state())
    np.testing.assert_array_equal(again.predict_proba(matrix), model.predict_proba(matrix))


def test_a_level_that_a_regime_never_showed_is_not_named_there():
    matrix, code, states, _ = rig()
    kept = ~((states[:, 0] == "2") & (code == 1))
    answer = fit(matrix[kept], code[kept], states[kept]).predict_proba(matrix)
    assert answer[(states[:, 0] == "2"), 1].max() < 1e-6


@pytest.fixture(scope="module")
def classifier():
    matrix, code, states, runs = rig(runs=54)
    X = pd.DataFrame(matrix, columns=["pressure", "flow", "power"])
    others = pd.DataFrame(states, columns=["cooler", "valve"])
    return ConditionClassifier(trees=8, n_splits=2).fit(X, code, groups=runs, states=others), X


def test_the_condition_classifier_uses_it_where_states_are_known(classifier):
    model, X = classifier
    assert model.shares_["beneath_states"] >= 0.5
    brier = model.held_out_brier_
    assert brier["beneath_states"] < 0.8 * min(score for family, score in brier.items() if family != "beneath_states")
    loaded = ConditionClassifier.from_bytes(model.to_bytes())
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert np.isfinite(loaded.predict_proba(X.assign(flow=np.nan))).all()


@pytest.mark.parametrize(
    "change", [lambda s: s[:-1], lambda s: s.assign(valve=None), lambda s: s[[]]], ids=["short", "gap", "empty"]
)
def test_states_that_are_not_known_for_every_row_are_refused(change):
    matrix, code, states, runs = rig(runs=27)
    others = pd.DataFrame(states, columns=["cooler", "valve"])
    with pytest.raises(InputError, match="a value per row and component"):
        ConditionClassifier(trees=5).fit(pd.DataFrame(matrix), code, groups=runs, states=change(others))
