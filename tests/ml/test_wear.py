"""Ways of wear: told apart where they cancel each other, one where lives are few, none where nothing was seen to wear."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.domain.predictions import Horizons, Task
from workbench.ml.arrays import sensor_matrix
from workbench.ml.degradation import DegradationLife
from workbench.ml.evidence import trend_reason
from workbench.ml.lifetimes import Lifetimes
from workbench.ml.models import Bundle
from workbench.ml.population import fit_population
from workbench.ml.serialize import pack, unpack
from workbench.ml.spec import fit_spec
from workbench.ml.wear import ways_of_wear

LENGTH = 160
SCATTER = np.array([0.5, 0.5, 0.5, 2.0])
# Both raise the first sensor; what one does to the second and third, the other undoes.
WAYS = np.array([[0.5, 2.0, -2.0, 0.0], [0.5, -2.0, 2.0, 0.0]])


def lives(number: int, ways: np.ndarray = WAYS, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Readings of machines that wear faster and faster, each in one of the ``ways``, from a level of its own."""
    rng = np.random.default_rng(seed)
    grown = np.linspace(0, 1, LENGTH)[:, None] ** 2
    levels = [
        rng.normal(0, 0.5, 4) + 3 * grown * ways[k % len(ways)] + rng.normal(size=(LENGTH, 4)) * SCATTER
        for k in range(number)
    ]
    life = np.repeat(np.array([f"m{k}/0" for k in range(number)], dtype=object), LENGTH)
    return np.concatenate(levels), life, np.tile(np.arange(LENGTH)[::-1].astype(float), number)


def test_ways_that_cancel_each_other_are_told_apart():
    weights = ways_of_wear(*lives(24), near=15)
    assert weights.shape == (2, 4)
    new, _, _ = lives(2, seed=1)
    for machine in new.reshape(2, LENGTH, 4):
        rises = machine[-20:].mean(axis=0) @ weights.T - machine[:40].mean(axis=0) @ weights.T
        assert rises.max() > 0
        assert rises.min() < 0.5 * rises.max()
        # Not at its end yet, and on its way nonetheless.
        assert trend_reason(machine[:100] @ weights.T) is None


def test_sensors_that_scatter_weigh_little():
    weights = ways_of_wear(*lives(24), near=15)
    assert (np.abs(weights[:, 3]) < 0.1 * np.abs(weights[:, 1])).all()


def test_few_lives_show_one_way():
    weights = ways_of_wear(*lives(8, WAYS[:1]), near=15)
    assert weights.shape == (1, 4)
    assert weights[0, 1] > 0 > weights[0, 2]


def test_a_single_sensor_shows_one_way_however_many_the_lives():
    levels, life, remaining = lives(24, WAYS[:1])
    weights = ways_of_wear(levels[:, 1:2], life, remaining, near=15)
    assert weights.shape == (1, 1)
    assert weights[0, 0] > 0


@pytest.mark.parametrize("what", ["no end", "dead sensors", "gaps"])
def test_nothing_is_learned_where_nothing_was_seen_to_wear(what):
    levels, life, remaining = lives(5)
    if what == "no end":
        remaining[:] = np.nan
    else:
        levels[:] = 1.0 if what == "dead sensors" else np.nan
    assert ways_of_wear(levels, life, remaining, near=15).shape == (0, 4)


def test_older_models_with_one_weight_for_each_sensor_still_load(build_machine):
    left = np.tile(np.linspace(0, 300, 10), 3)
    table = pd.DataFrame({"age": 500 - left, "limit_share_short": 1 - left / 300})
    bundle = Bundle(
        task=Task.RUL,
        scope="type:pump",
        spec=fit_spec([build_machine.worn("pump_test_001", 1, hours=100)]),
        estimator=DegradationLife(cap=300).fit(table, left, groups=np.repeat(["a", "b", "c"], 10).astype(object)),
        horizons=Horizons(critical=24, warning=168, degrading=720),
        failures=3,
        lifetimes=Lifetimes(np.array([5.0]), np.array([1.0])),
        indicator={"vibration_mm_s": (0.5, -0.2)},
    )
    assert Bundle.from_bytes(bundle.to_bytes()).indicator == {"vibration_mm_s": (0.5, -0.2)}
    older = pack(unpack(bundle.to_bytes()) | {"indicator": {"vibration_mm_s": 0.5}})
    assert Bundle.from_bytes(older).indicator == {"vibration_mm_s": (0.5,)}


@pytest.mark.datasets
def test_wear_of_unseen_engines_is_seen_early_and_not_where_there_is_none(datasets):
    """NASA's turbofans, subset FD003, which fail in two ways: three quarters of the engines teach, the others are judged."""
    rows = pd.read_parquet(datasets / "cmapss_train_FD003.parquet")
    names = tuple(f"s{k}" for k in range(1, 22))
    readings = sensor_matrix(rows, names)
    unit, cycle = rows["unit"].to_numpy(), rows["cycle"].to_numpy()
    taught = unit <= 75
    nothing = np.empty((taught.sum(), 0))
    z = fit_population(readings[taught], nothing).z(readings, np.empty((len(rows), 0)))
    short = pd.DataFrame(z).groupby(unit).rolling(5, min_periods=1).mean().to_numpy()
    remaining = pd.Series(cycle).groupby(unit).transform("max").to_numpy() - cycle
    weights = ways_of_wear(short[taught], unit[taught].astype(str).astype(object), remaining[taught], near=15)
    judged = [z[unit == one] @ weights.T for one in np.unique(unit[~taught])]
    at = [wear[:136] for wear in judged if len(wear) > 136]
    assert np.mean([trend_reason(wear) is None for wear in at]) >= 0.85
    assert all(trend_reason(-wear[:50]) is not None for wear in judged)
    rng = np.random.default_rng(0)
    shuffled = [trend_reason(rng.permutation(wear[:50])) is None for wear in judged for _ in range(8)]
    assert np.mean(shuffled) <= 0.015
