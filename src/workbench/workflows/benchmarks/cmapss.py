"""Remaining useful life of turbofan engines (C-MAPSS): the last cycle of test engines, and cross-validated cuts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.errors import InputError
from workbench.ml.splits import grouped_folds

from .cmapss_cuts import CAP, FARTHEST_CUT, Floats, Rows, Scored, constant_width, joined, remaining_cycles, seeded_cuts
from .cmapss_data import Subset, find_subsets, load_subset
from .cmapss_model import ProductRul
from .frame import Metrics, Progress, pick_subsets, under, with_intervals
from .rolling_peer import RollingPeer

PROTOCOL = (
    "target min(RUL, 125); test: last cycle of each test engine; cv: 5 folds by unit, 20 seeded cuts per held-out unit "
    "with RUL uniform over 7 to min(145 or 190, life - 20); features see rows up to the cut only; coverage of the "
    "uncapped truth over all (unit, cut) pairs"
)
CHOSEN_BY = (
    "the product's own features and estimator, as train_fleet trains them, with its shipped defaults; their choice rests "
    "on cross-validation over training units; test engines and their labels serve for scoring only"
)
PEER = "rolling_boosting"
PUBLISHED: dict[str, dict[str, Any]] = {
    "FD001.published.dcnn_rerun": {
        "rmse_capped": 12.58,
        "source": "DCNN re-run, 10 seeds, one pipeline",
        "protocol": "test labels capped",
    },
    "FD001.published.ffve": {"rmse_capped": 12.31, "score_capped": 280, "source": "FFVE", "protocol": "labels capped"},
    "FD001.published.mtstan": {"rmse": 10.97, "score": 175, "source": "MTSTAN", "protocol": "protocol unknown"},
    "FD003.published.dcnn_rerun": {
        "rmse_capped": 12.12,
        "source": "DCNN re-run, 10 seeds, one pipeline",
        "protocol": "test labels capped",
    },
    "FD003.published.ffve": {"rmse_capped": 12.43, "score_capped": 302, "source": "FFVE", "protocol": "labels capped"},
}


class CycleModel(Protocol):
    """A model of the cycles left: learns from whole records, answers at chosen rows of any record."""

    def fit(self, rows: pd.DataFrame) -> CycleModel:
        """Learn from run-to-failure records."""

    def predict(self, rows: pd.DataFrame, at: Rows) -> tuple[Floats, Floats | None, Floats | None]:
        """Return point, lower and upper at the rows ``at``; what lies after a row is not used for it."""


class PeerModel:
    """The peer behind the same face; it gives no interval."""

    def __init__(self, seed: int) -> None:
        self._peer = RollingPeer(cap=CAP, seed=seed)

    def fit(self, rows: pd.DataFrame) -> PeerModel:
        """Learn from run-to-failure records."""
        self._peer.fit(rows)
        return self

    def predict(self, rows: pd.DataFrame, at: Rows) -> tuple[Floats, Floats | None, Floats | None]:
        """Return points only."""
        return self._peer.predict(rows)[at], None, None


@dataclass(frozen=True)
class Size:
    """How large a run is."""

    units: int | None
    folds: int
    cuts: int
    draws: int


FULL = Size(units=None, folds=5, cuts=20, draws=1000)
QUICK = Size(units=10, folds=2, cuts=5, draws=50)


def run(*, data: Path | None, seeds: Sequence[int], quick: bool, only: Sequence[str], progress: Progress) -> Metrics:
    """Run the protocol for every subset asked for; see ``frame.run_benchmark``."""
    if data is None:
        raise InputError("C-MAPSS needs a data folder.", "Give --data FOLDER.")
    names = pick_subsets(find_subsets(data), only, benchmark="cmapss")
    size = QUICK if quick else FULL
    result = over_subsets(data, names, size.units, partial(measure, seeds=seeds, size=size), PUBLISHED, progress)
    result["data"] = [str(file) for files in result["data"] for file in files]
    return result | {"protocol": PROTOCOL, "chosen_by": CHOSEN_BY, "simulated": False}


def over_subsets(
    data: Path,
    names: Sequence[str],
    units: int | None,
    measure: Callable[..., tuple[Metrics, Metrics]],
    published: Mapping[str, Any],
    progress: Progress,
) -> Metrics:
    """Return metrics, peers, seconds and the files of each subset; ``measure(subset, progress=...)`` gives ours and the peers'."""
    result: Metrics = {"metrics": {}, "peers": {}, "seconds": {}, "data": []}
    for number, name in enumerate(names):

        def within(fraction: float, message: str, number: int = number, name: str = name) -> None:
            progress((number + fraction) / len(names), f"{name}: {message}")

        started = time.perf_counter()
        subset = load_subset(data, name, units=units)
        ours, peers = measure(subset, progress=within)
        result["metrics"] |= under(name, ours)
        result["peers"] |= under(name, peers)
        result["peers"] |= {key: value for key, value in published.items() if key.startswith(name)}
        result["seconds"][name] = round(time.perf_counter() - started, 3)
        result["data"].append(subset.files)
    return result


def measure(subset: Subset, seeds: Sequence[int], size: Size, progress: Progress) -> tuple[Metrics, Metrics]:
    """Return our figures and the peers' on one subset."""
    held_out = [cross_validate(subset, seed, size, progress) for seed in seeds]
    ours, peers = _cross_validation_figures(held_out, size, seeds)
    fitted = []
    for seed in seeds:
        progress(0.8, "fitting on all training engines")
        fitted.append(
            (_timed(ProductRul(subset, seed=seed).fit, subset.train), _timed(PeerModel(seed).fit, subset.train))
        )
    ours["train_s"] = float(np.mean([mine[1] for mine, _ in fitted]))
    peers[f"{PEER}.train_s"] = float(np.mean([peer[1] for _, peer in fitted]))
    if subset.test is not None and subset.truth is not None:
        progress(0.95, "test engines")
        mine = [_score_test(model[0], subset.test, subset.truth) for model, _ in fitted]
        theirs = [_score_test(peer[0], subset.test, subset.truth) for _, peer in fitted]
        ours |= _test_figures([scored for scored, _ in mine], size)
        ours["predict_ms_per_engine"] = float(np.mean([ms for _, ms in mine]))
        peers |= under(PEER, _test_figures([scored for scored, _ in theirs], size))
    return ours, peers


def cross_validate(subset: Subset, seed: int, size: Size, progress: Progress) -> tuple[Scored, Scored]:
    """Return our and the peer's answers at the cuts of every unit, from models that never saw the unit."""
    rows = subset.train
    cuts = seeded_cuts(rows, farthest=FARTHEST_CUT[subset.name], count=size.cuts, seed=seed)
    left, units = remaining_cycles(rows), rows["unit"].to_numpy()
    parts: tuple[list[Scored], list[Scored]] = ([], [])
    folds = grouped_folds(units, size.folds, seed)
    for number, fold in enumerate(folds):
        progress(0.8 * number / len(folds), f"fold {number + 1} of {len(folds)}, seed {seed}")
        fold.check(units)
        train, test = rows.iloc[fold.train].reset_index(drop=True), rows.iloc[fold.test].reset_index(drop=True)
        at = np.searchsorted(fold.test, cuts[np.isin(cuts, fold.test)])
        product = ProductRul(subset, seed=seed).fit(train)
        # Evidence is weighed engine by engine, which takes longer than the answers: at the first cut of each.
        abstained = np.full(len(at), np.nan)
        abstained[:: size.cuts] = product.abstains(test, at[:: size.cuts])
        unit, truth = units[fold.test][at], left[fold.test][at]
        parts[0].append(Scored(unit, truth, *product.predict(test, at), abstained=abstained))
        parts[1].append(Scored(unit, truth, *PeerModel(seed).fit(train).predict(test, at)))
    return joined(parts[0]), joined(parts[1])


def _cross_validation_figures(
    held_out: Sequence[tuple[Scored, Scored]], size: Size, seeds: Sequence[int]
) -> tuple[Metrics, Metrics]:
    fixed = [constant_width(mine, seed) for (mine, _), seed in zip(held_out, seeds, strict=True)]

    def figures(rows: Rows) -> dict[str, float]:
        mine = _mean([m.capped_rmse(rows) for m, _ in held_out])
        peer = _mean([p.capped_rmse(rows) for _, p in held_out])
        return {
            "cv_rmse": mine,
            "cv_rmse_peer": peer,
            "cv_rmse_difference": mine - peer,
            "cv_rmse_over_peer": mine / peer,
            **_mean_of([m.interval_figures(rows) for m, _ in held_out]),
            "abstain_rate": _mean([m.abstain_rate(rows) for m, _ in held_out]),
        }

    def constant(rows: Rows) -> dict[str, float]:
        return _mean_of([scored.interval_figures(rows) for scored in fixed])

    units = held_out[0][0].unit
    ours = with_intervals(figures, units, draws=size.draws)
    ours["cv_pairs"] = len(units)
    return ours, under("constant_width_conformal", with_intervals(constant, units, draws=size.draws))


def _test_figures(scored: Sequence[Scored], size: Size) -> Metrics:
    return with_intervals(
        lambda rows: _mean_of([one.test_figures(rows) for one in scored]), scored[0].unit, draws=size.draws
    )


def _score_test(model: CycleModel, test: pd.DataFrame, truth: npt.NDArray[np.float64]) -> tuple[Scored, float]:
    """Return the answers at the last row of each test engine, and milliseconds per engine."""
    last = np.flatnonzero(test["unit"].to_numpy() != np.append(test["unit"].to_numpy()[1:], -1))
    started = time.perf_counter()
    answer = model.predict(test, last)
    took = (time.perf_counter() - started) * 1000 / len(last)
    return Scored(test["unit"].to_numpy()[last], truth, *answer), took


def _timed(fit: Callable[[pd.DataFrame], CycleModel], rows: pd.DataFrame) -> tuple[CycleModel, float]:
    started = time.perf_counter()
    return fit(rows), time.perf_counter() - started


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _mean_of(tables: Sequence[dict[str, float]]) -> dict[str, float]:
    return {key: _mean([table[key] for table in tables]) for key in tables[0]}
