"""How sure a figure is: exact binomial intervals, and the bootstrap over whole units."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt


def clopper_pearson(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Exact binomial interval of a rate (Clopper and Pearson, Biometrika 1934); (0, 1) without trials.

    >>> low, high = clopper_pearson(22, 22)
    >>> round(low, 3), high
    (0.846, 1.0)
    """
    from scipy.stats import beta

    if trials == 0:
        return 0.0, 1.0
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, successes, trials - successes + 1)) if successes > 0 else 0.0
    high = float(beta.ppf(1 - tail, successes + 1, trials - successes)) if successes < trials else 1.0
    return low, high


def bootstrap_interval(
    statistic: Callable[[npt.NDArray[np.intp]], float],
    units: npt.ArrayLike,
    *,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap interval of ``statistic(rows)``, resampling whole units and never single rows.

    >>> x = np.array([1.0, 1.0, 3.0, 3.0])
    >>> bootstrap_interval(lambda rows: float(x[rows].mean()), ["a", "a", "b", "b"], draws=200)
    (1.0, 3.0)
    """
    named = bootstrap_intervals(lambda rows: {"it": statistic(rows)}, units, draws=draws, level=level, seed=seed)
    return named["it"]


def bootstrap_intervals(
    statistics: Callable[[npt.NDArray[np.intp]], Mapping[str, float]],
    units: npt.ArrayLike,
    *,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Percentile bootstrap interval of each named statistic, all from the same draws of whole units.

    Rows of one machine resemble each other, so an interval over rows would be far too narrow. Draws in which a
    statistic is not finite (no event drawn) are left out for it. Source: Davison and Hinkley 1997, section 3.8.
    """
    _, inverse = np.unique(np.asarray(units), return_inverse=True)
    rows_of = np.split(np.argsort(inverse, kind="stable"), np.cumsum(np.bincount(inverse))[:-1])
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {}
    for _ in range(draws):
        picked = rng.integers(0, len(rows_of), len(rows_of))
        for name, value in statistics(np.concatenate([rows_of[i] for i in picked])).items():
            drawn.setdefault(name, []).append(value)
    return {name: _percentiles(values, level) for name, values in drawn.items()}


def _percentiles(values: Sequence[float], level: float) -> tuple[float, float]:
    finite = np.asarray(values)[np.isfinite(values)]
    if finite.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
