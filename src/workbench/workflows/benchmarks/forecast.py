"""Forecasts of PJM's hourly load and of a steel plant's energy, learned before the scored part, beside naive peers and Prophet."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.errors import InputError, NotFound
from workbench.ml.forecast import (
    BoostedForecaster,
    Forecaster,
    LastValue,
    ProphetForecaster,
    RegularSeries,
    SeasonalNaive,
    ThetaForecaster,
    regular,
    rolling_bands,
)
from workbench.ml.forecast.contract import truth_at
from workbench.telemetry.readers import pjm, steel

from .frame import Metrics, Progress, pick_subsets, under, with_intervals

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

PROTOCOL = (
    "origin 00:00 local each day (for 15min: each quarter of an hour), values up to the origin only, no covariates; PJME: "
    "the last year scored, US federal holidays known in advance; steel: the last 20 % of the rows (or the holdout file) "
    "scored; every model is learned once on what lies before the scored part and is not refitted in it (Prophet is fitted "
    "anew on the last 60 days at each origin, for 15min at each midnight); intervals: conformal, from the model's own "
    "errors that had passed at the origin, at first those of the stretch before, for which it was learned before that "
    "stretch; mase = MAE over that of the best naive peer on the same points; intervals of figures by drawing days"
)
CHOSEN_BY = (
    "the stretch before the scored part (PJME: the year before; steel: rows from 64 to 80 %): the model by MAE there "
    "among boosting, the naive ones and, but for 15min, theta (statsforecast) and Prophet at 8 origins; the length of the conformal window by coverage "
    "there; features, loss and trees of the boosting were set on the same stretch, never on the scored part"
)
WINDOWS_DAYS = (28, 91, 364)
TRIAL_ORIGINS = 8
QUICK_DAYS = 10


@dataclass(frozen=True)
class Case:
    """One task: forecast ``horizon`` steps from ``origins``; those from ``scored`` on are scored, the others calibrate."""

    name: str
    series: RegularSeries
    horizon: int
    origins: Rows
    scored: int
    model: BoostedForecaster
    learned_from: Rows | None = None
    ratio_scale: bool = True

    @property
    def days(self) -> npt.NDArray[np.object_]:
        """Local day of each origin, the unit that is drawn for intervals."""
        local = (self.series.times(0, len(self.series) + 1) - self.series.step).tz_convert(self.series.zone)
        return np.asarray(local.date)[self.origins]


def run(*, data: Path | None, seeds: Sequence[int], quick: bool, only: Sequence[str], progress: Progress) -> Metrics:
    """Run the protocol; subsets are ``steel`` and PJM's zones. See ``frame.run_benchmark``."""
    if data is None:
        raise InputError("Forecasts need a data folder.", "Give --data FOLDER.")
    files: dict[str, list[str]] = {}
    names = pick_subsets(_available(data), only, benchmark="forecast")
    metrics: Metrics = {}
    peers: Metrics = {}
    seconds: dict[str, float] = {}
    for number, name in enumerate(names):
        series, first, paths = _steel(data) if name == "steel" else _pjm(data, name)
        files[name] = [str(path) for path in paths]
        prophet: dict[int, Floats] = {}
        for case in _cases(name, series, first, seeds[0], quick):
            progress(number / len(names), f"{name}, {case.name}")
            began = time.perf_counter()
            ours, theirs = _run_case(case, seeds, 100 if quick else 1000, prophet)
            metrics |= under(f"{name}.{case.name}", ours)
            peers |= under(f"{name}.{case.name}", theirs)
            seconds[f"{name}.{case.name}"] = round(time.perf_counter() - began, 3)
    return {
        "metrics": metrics,
        "peers": peers,
        "seconds": seconds,
        "data": sorted({path for paths in files.values() for path in paths}),
        "protocol": PROTOCOL,
        "chosen_by": CHOSEN_BY,
        "simulated": False,
    }


def _available(data: Path) -> list[str]:
    found: list[str] = []
    with suppress(NotFound):
        found += pjm.read_pjm(data)
    with suppress(NotFound):
        steel.read_steel(data)
        found.append("steel")
    return found


def _pjm(data: Path, zone: str) -> tuple[RegularSeries, int, list[Path]]:
    """Return a zone's load, the position where the last year begins, and the file."""
    from pandas.tseries.holiday import USFederalHolidayCalendar

    readings, path = pjm.read_pjm(data)[zone]
    times = readings["time"]
    holidays = USFederalHolidayCalendar().holidays(times.iloc[0].tz_localize(None), times.iloc[-1].tz_localize(None))
    days_off = [day.date() for day in holidays]
    series = regular(times, readings["mw"].to_numpy(), zone=pjm.ZONE, step=pd.Timedelta(hours=1), days_off=days_off)
    return series, len(series) - 365 * 24, [path]


def _steel(data: Path) -> tuple[RegularSeries, int, list[Path]]:
    """Return the plant's energy, the position where the scored part begins, and the files."""
    given, path = steel.read_steel(data)
    holdout = steel.read_steel_holdout(data)
    whole = given if holdout is None else pd.concat([given, holdout[0]], ignore_index=True)
    series = regular(whole["time"], whole[steel.USAGE].to_numpy(), zone=steel.ZONE, step=pd.Timedelta(minutes=15))
    first = int(0.8 * len(given)) if holdout is None else len(given)
    return series, first, [path] + ([] if holdout is None else [holdout[1]])


def _cases(name: str, series: RegularSeries, first: int, seed: int, quick: bool) -> list[Case]:
    """Return the tasks of a subset; a quick run scores and calibrates few days with few trees."""
    stretch = 365 * 24 if name != "steel" else first // 5
    days = QUICK_DAYS * series.per_day
    begin, end = (first - 3 * days, first + days) if quick else (first - stretch, len(series))
    midnights = series.midnights()
    if quick:
        midnights = midnights[midnights >= first - 200 * series.per_day]

    def case(label: str, horizon: int, origins: Rows, model: BoostedForecaster, *, daily: bool) -> Case:
        kept = origins[(origins >= begin) & (origins + horizon <= end)]
        learned_from = midnights if daily else None
        return Case(label, series, horizon, kept, int(np.searchsorted(kept, first)), model, learned_from)

    if name == "steel":
        each = np.arange(len(series), dtype=np.int64)
        trees = {"trees": 20} if quick else {"trees": 400, "learning_rate": 0.05}
        return [
            case("day_ahead", 96, midnights, BoostedForecaster(seed=seed, trees=20 if quick else 150), daily=False),
            case("15min", 1, each, BoostedForecaster(seed=seed, rows=120_000, **trees), daily=False),
        ]
    long = {"trees": 20} if quick else {"trees": 400, "learning_rate": 0.06}
    return [
        case("168h", 168, midnights, BoostedForecaster(seed=seed, rows=100_000, **long), daily=True),
        case("day_ahead", 24, midnights, BoostedForecaster(seed=seed, rows=140_000, **long), daily=True),
    ]


def _run_case(case: Case, seeds: Sequence[int], draws: int, prophet: dict[int, Floats]) -> tuple[Metrics, Metrics]:
    """Return our figures and those of the peers; ``prophet`` keeps its paths by origin for the next case."""
    before, rows = np.arange(case.scored), np.arange(case.scored, len(case.origins))
    truth = truth_at(case.series, case.origins, case.horizon)
    naive = {one.name: one.paths(case.series, case.origins, case.horizon) for one in _naive()}
    best_naive = {name: float(np.nanmean(np.abs(truth - path)[rows])) for name, path in naive.items()}
    boosted = {seed: _boosted(case, seed) for seed in seeds}
    median = np.mean([path for path, _ in boosted.values()], axis=0)
    maes = _trial(case, truth, {**naive, "boosting": median})
    chosen = min(maes, key=lambda name: maes[name])
    answers = {**naive, "boosting": median}
    used = answers[chosen if chosen in answers else "boosting"]
    ours = _figures(case, truth, used, before, rows, draws, min(best_naive.values()))
    ours["model"] = "boosting" if chosen not in naive else chosen
    ours["best_in_trial"] = chosen
    ours["trial_mae"] = {name: round(value, 3) for name, value in maes.items()}
    ours["fit_s"] = float(np.mean([seconds for _, seconds in boosted.values()]))
    peers: Metrics = {}
    for name, path in naive.items():
        peers |= under(name, _figures(case, truth, path, before, rows, draws, min(best_naive.values())))
    path = _prophet(case, case.origins[rows], prophet)
    peers |= under("prophet", _points(case, truth[rows], path, case.days[rows], draws, min(best_naive.values())))
    return ours, peers


def _naive() -> list[Forecaster]:
    return [SeasonalNaive(days=1), SeasonalNaive(days=7), LastValue()]


def _boosted(case: Case, seed: int) -> tuple[Floats, float]:
    """Medians of every origin: of the first stretch by a model learned before it, of the scored part by one learned before that."""
    parts, seconds = [], 0.0
    for origins in (case.origins[: case.scored], case.origins[case.scored :]):
        model = type(case.model)(**{**_parameters(case.model), "seed": seed})
        past = case.series.until(int(origins[0]))
        from_these = None if case.learned_from is None else case.learned_from[case.learned_from < len(past)]
        began = time.perf_counter()
        model.learn(past, case.horizon, origins=from_these)
        seconds = time.perf_counter() - began
        parts.append(model.paths(case.series, origins, case.horizon))
    return np.concatenate(parts), seconds


def _parameters(model: BoostedForecaster) -> dict[str, Any]:
    return {name: value for name, value in vars(model).items() if not name.endswith("_")}


def _trial(case: Case, truth: Floats, paths: Mapping[str, Floats]) -> dict[str, float]:
    """Mean absolute errors on origins spread over the stretch before the scored part, costly models included."""
    if case.horizon == 1:
        # One step ahead the costly models would be fitted anew for each single value.
        return {name: float(np.nanmean(np.abs(truth - path)[: case.scored])) for name, path in paths.items()}
    some = np.linspace(0, case.scored - 1, min(TRIAL_ORIGINS, case.scored)).astype(int)
    every = {name: path[some] for name, path in paths.items()}
    for model in (ThetaForecaster(), ProphetForecaster()):
        every[model.name] = model.paths(case.series, case.origins[some], case.horizon)
    return {name: float(np.nanmean(np.abs(truth[some] - path))) for name, path in every.items()}


def _prophet(case: Case, origins: Rows, known: dict[int, Floats]) -> Floats:
    """Prophet's medians; one fitted at a midnight serves all origins of its day."""
    from joblib import Parallel, delayed

    midnights = case.series.midnights()
    fitted_at = midnights[np.searchsorted(midnights, origins, side="right") - 1]
    longest = max(case.horizon, case.series.per_day)
    new = [int(origin) for origin in np.unique(fitted_at) if len(known.get(int(origin), ())) < longest]
    paths = Parallel(n_jobs=-1)(
        delayed(ProphetForecaster().paths)(case.series.until(origin), np.array([origin]), longest) for origin in new
    )
    known |= {origin: path[0] for origin, path in zip(new, paths, strict=True)}
    late = origins - fitted_at
    return np.array([known[int(at)][s : s + case.horizon] for at, s in zip(fitted_at, late, strict=True)])


def _figures(
    case: Case, truth: Floats, median: Floats, before: Rows, rows: Rows, draws: int, naive_mae: float
) -> Metrics:
    """Return the figures of medians with their conformal intervals."""
    errors = truth - median
    window = _window(case, errors, before)
    lower, upper = rolling_bands(errors, case.origins, rows, window=window)
    inside = (errors[rows] >= lower) & (errors[rows] <= upper)
    table = _points(case, truth[rows], median[rows], case.days[rows], draws, naive_mae)
    known = np.isfinite(errors[rows])
    table |= with_intervals(
        lambda picked: {"coverage_95": float(inside[picked][known[picked]].mean())}, case.days[rows], draws=draws
    )
    return table | {"width_95": float(np.mean(upper - lower)), "conformal_window_origins": window}


def _window(case: Case, errors: Floats, before: Rows) -> int:
    """Return the number of past origins whose coverage in the later half of the first stretch is nearest to 95 %."""
    per_day = max(round(len(np.unique(case.origins)) / max(len(np.unique(case.days)), 1)), 1)
    later = before[len(before) // 2 :]
    later = later[case.origins[later] - case.horizon >= case.origins[min(len(before) // 4, len(before) - 1)]]
    gaps = {}
    for days in WINDOWS_DAYS:
        lower, upper = rolling_bands(errors, case.origins, later, window=days * per_day)
        known = np.isfinite(errors[later])
        inside = ((errors[later] >= lower) & (errors[later] <= upper))[known]
        gaps[days * per_day] = abs(float(inside.mean()) - 0.95)
    return min(gaps, key=lambda window: gaps[window])


def _points(case: Case, truth: Floats, median: Floats, days: Any, draws: int, naive_mae: float) -> Metrics:
    """Return mean errors of medians with intervals over days."""
    error = np.abs(truth - median)

    def figures(picked: npt.NDArray[np.intp]) -> dict[str, float]:
        table = {"mae": float(np.nanmean(error[picked]))}
        if case.ratio_scale:
            table["mape"] = float(100 * np.nanmean(error[picked] / truth[picked]))
        return table

    table = with_intervals(figures, days, draws=draws)
    table["mase"] = table["mae"] / naive_mae
    return table | {"days": len(np.unique(days)), "forecasts": int(np.isfinite(error).sum())}
