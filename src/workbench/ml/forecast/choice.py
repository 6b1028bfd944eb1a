"""Chooses a forecaster for a series by rolling-origin backtest; one that is no better than a naive one is not used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.errors import EnvironmentFailure, InputError, NotEnoughData
from workbench.ml.arrays import FloatArray, IntArray

from .boosting import BoostedForecaster
from .combined import BlendForecaster, RatioForecaster, has_ratios
from .conformal import Band
from .contract import Backtest, Forecaster
from .linear import LinearForecaster
from .naive import LastValue, SeasonalNaive
from .prophet import ProphetForecaster
from .series import RegularSeries
from .theta import ThetaForecaster

NAIVE: Mapping[str, Callable[[int], Forecaster]] = {
    "last_value": lambda seed: LastValue(seed=seed),
    "yesterday": lambda seed: SeasonalNaive(days=1, seed=seed),
    "last_week": lambda seed: SeasonalNaive(days=7, seed=seed),
}
MODELS: Mapping[str, Callable[[int], Forecaster]] = {
    "boosting": lambda seed: BoostedForecaster(seed=seed),
    "linear": lambda seed: LinearForecaster(seed=seed),
    "theta": lambda seed: ThetaForecaster(seed=seed),
    "prophet": lambda seed: ProphetForecaster(seed=seed),
}
# What is learned once and holds for long; of ratios where the series has them, and blended where all were tested.
LEARNED = ("boosting", "linear")


@dataclass(frozen=True)
class Score:
    """How a forecaster did in the backtest, on the origins that all were tested at.

    ``mase``: mean absolute error over that of the better naive forecast. ``mape`` in percent, only for a positive series
    on a ratio scale. ``coverage_95``: of the later half of its origins by intervals from the earlier half.
    """

    name: str
    mae: float
    mase: float
    mape: float | None
    coverage_95: float
    fit_s: float


@dataclass(frozen=True)
class Choice:
    """The fitted winner, every forecaster's score (the best first), and in words why it won."""

    forecaster: Forecaster
    scores: tuple[Score, ...]
    reason: str
    left_out: tuple[str, ...] = ()


def choose(
    series: RegularSeries,
    horizon: int,
    *,
    models: Sequence[str] | None = None,
    ratio_scale: bool = False,
    seed: int = 0,
) -> Choice:
    """Backtest naive forecasts and ``models`` (default: those whose packages are installed) and fit the best on all.

    Where boosting and the linear model are both among them, so is ``blend``, their mean.

    Raises:
        InputError: a model is not one of ``MODELS``.
        NotEnoughData: the series is too short to test a forecast of ``horizon`` steps.
        EnvironmentFailure: a model that was named needs a package that is not installed.
    """
    unknown = [name for name in models or () if name not in MODELS]
    if unknown:
        raise InputError(f"There is no forecast model {unknown[0]!r}.", f"Use some of: {', '.join(MODELS)}.")
    tested: dict[str, tuple[Forecaster, Backtest]] = {}
    left_out = []
    for name, make in {**NAIVE, **{name: MODELS[name] for name in models or MODELS}}.items():
        forecaster = make(seed)
        if name in LEARNED and ratio_scale and has_ratios(series):
            forecaster = RatioForecaster(forecaster)
        try:
            tested[name] = forecaster, forecaster.backtest(series, horizon)
        except (EnvironmentFailure, NotEnoughData) as lack:
            if name in NAIVE or (models is not None and isinstance(lack, EnvironmentFailure)):
                raise
            left_out.append(f"{name}: {lack.what}")
    if all(name in tested for name in LEARNED):
        tested["blend"] = _blend([tested[name] for name in LEARNED])
    common = tested["last_value"][1].origins
    for _, backtest in tested.values():
        common = np.intersect1d(common, backtest.origins)
    scores = _scores({name: backtest for name, (_, backtest) in tested.items()}, common, ratio_scale)
    best = scores[0]
    forecaster, backtest = tested[best.name]
    forecaster.fit(series, horizon, backtest=backtest)
    return Choice(forecaster, scores, _reason(scores, len(common)), tuple(left_out))


def _blend(parts: Sequence[tuple[Forecaster, Backtest]]) -> tuple[Forecaster, Backtest]:
    """Return the mean of tested forecasters; its backtest is the mean of theirs."""
    first = parts[0][1]
    median = np.mean([backtest.median for _, backtest in parts], axis=0)
    fit_s = sum(backtest.fit_s for _, backtest in parts)
    return BlendForecaster([one for one, _ in parts]), Backtest(first.origins, first.truth, median, fit_s)


def _scores(whole: Mapping[str, Backtest], common: IntArray, ratio_scale: bool) -> tuple[Score, ...]:
    backtests = {name: backtest.at(common) for name, backtest in whole.items()}
    maes = {name: mean_absolute(backtest) for name, backtest in backtests.items()}
    naive = min(maes[name] for name in NAIVE)
    scores = [
        Score(
            name,
            maes[name],
            maes[name] / naive if naive > 0 else np.inf,
            mean_percentage(backtest.truth, backtest.median) if ratio_scale else None,
            _coverage(whole[name]),
            backtest.fit_s,
        )
        for name, backtest in backtests.items()
    ]
    # A model has to be better than the naive ones, not as good.
    return tuple(sorted(scores, key=lambda score: (score.mae, score.name not in NAIVE)))


def mean_absolute(backtest: Backtest) -> float:
    """Mean absolute error over what is known; raises ``NotEnoughData`` where nothing is."""
    errors = np.abs(backtest.errors)
    if not np.isfinite(errors).any():
        raise NotEnoughData("No reading lies in the time of the backtest.", "Collect newer readings.")
    return float(np.nanmean(errors))


def mean_percentage(truth: FloatArray, median: FloatArray) -> float | None:
    """Mean absolute percentage error; None where a truth is not above 0, since then it says nothing."""
    known = np.isfinite(truth)
    if not known.any() or truth[known].min() <= 0:
        return None
    return float(100 * np.mean(np.abs(truth[known] - median[known]) / truth[known]))


def _coverage(backtest: Backtest) -> float:
    half = max(len(backtest.origins) // 2, 1)
    band, later = Band.of(backtest.errors[:half]), backtest.errors[half:]
    inside = (later >= band.below) & (later <= band.above)
    return float(inside[np.isfinite(later)].mean()) if np.isfinite(later).any() else float("nan")


def _reason(scores: Sequence[Score], origins: int) -> str:
    best = scores[0]
    tested = f"backtest from {origins} origins"
    if best.name in NAIVE:
        others = [score for score in scores if score.name not in NAIVE]
        if not others:
            return f"{best.name} is the best naive forecast in a {tested}; no model could be tested"
        return (
            f"{best.name} is used: no model beats the naive forecast in a {tested} "
            f"(best: {others[0].name}, MASE {others[0].mase:.2f})"
        )
    return f"{best.name} has the lowest error in a {tested}: MASE {best.mase:.2f} against the better naive forecast"
