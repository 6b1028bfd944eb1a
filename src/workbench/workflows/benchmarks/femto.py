"""Remaining life of bearings (FEMTO): intervals at one cut, from vibration up to it, by leaving one bearing out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.domain.predictions import Interval
from workbench.errors import InputError
from workbench.ml.degradation import DegradationLife
from workbench.ml.degradation_path import DegradationPath
from workbench.ml.evidence import failures_reason, readings_reason, support_reason, trend_reason, weigh, width_reason
from workbench.ml.metrics import interval_score
from workbench.telemetry.readers.samples import SampleTable, read_femto, read_femto_holdout

from .frame import Metrics, Progress, under, with_intervals

PROTOCOL = (
    "leave one bearing out, or fit on the given and score the holdout; bearings that the challenge cut are cut at their "
    "last row with in_test_set, the others at 10 seeded ages uniform over 20 to 90 % of life; features see rows up to the "
    "cut only; coverage, interval score and relative width (width over true life left) are means over a bearing's cuts, "
    "then mean (width: median) over bearings; the model scored never abstains (abstain_rate 0); evidence_rule.* are the "
    "figures of one that obeys the product's rule of evidence (ML2), with snapshots as readings and the peer's interval as "
    "the population's: it abstains at a share abstain_rate of the cuts, where the peer's interval counts; intervals by "
    "bootstrap over bearings"
)
CHOSEN_BY = (
    "the shrinkage by interval score on the other bearings, each left out in turn; rate and diffusion of the path from the "
    "other bearings; the indicator (log of the stronger axis' RMS above its beginning), its threshold, the memory of the "
    "path and the form of the model were set on the given file, never on a holdout. The product answers by the same "
    "regression (DegradationLife) where few lives but limits are known, yet not by this indicator: it reads hourly means "
    "against warning limits, and the time to a limit from their rise over a week, not from the path tracked here"
)
SNAPSHOT_S, CUTS, SMOOTH, BEGINNING = 10.0, 10, 30, 30
THRESHOLD, MEMORY_H, PASSAGE_H = 2.0, 1.0, (0.01, 100.0)
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bearing:
    """One bearing. ``features``: one row a snapshot, ``level`` what they come from; ``left_s`` is label and truth only."""

    name: str
    features: pd.DataFrame
    level: Floats
    left_s: Floats
    shown: int | None

    @property
    def life_s(self) -> float:
        """How long it lived; only for bearings that are learned from."""
        return len(self.left_s) * SNAPSHOT_S


def run(*, data: Path | None, seeds: Sequence[int], quick: bool, only: Sequence[str], progress: Progress) -> Metrics:
    """Run the protocol; see ``frame.run_benchmark``."""
    if data is None:
        raise InputError("The bearings need a data folder.", "Give --data FOLDER.")
    if only:
        raise InputError(f"Benchmark 'femto' has no subset {', '.join(only)}.", "Leave --only out.")
    given, holdout = read_femto(data), read_femto_holdout(data)
    bearings, draws = _bearings(given), 50 if quick else 1000
    scored = bearings if holdout is None else _bearings(holdout)
    began = time.perf_counter()
    answers: dict[str, list[dict[str, float]]] = {"ours": [], "peer": [], "evidence_rule": []}
    for number, seed in enumerate(seeds):
        for place, bearing in enumerate(scored):
            progress((number + place / len(scored)) / len(seeds), bearing.name)
            others = [one for one in bearings if one.name != bearing.name]
            model = _fitted(others, seed)
            at = cuts(bearing, seed)
            mine, theirs = model.predict(bearing, at), _age_conditional(others, at)
            silent = model.abstains(bearing, at, mine, theirs)
            answers["ours"].append(_scores(bearing, at, mine[:, 1:]))
            answers["peer"].append(_scores(bearing, at, theirs))
            mixed = _scores(bearing, at, np.where(silent[:, None], theirs, mine[:, 1:]))
            answers["evidence_rule"].append(mixed | {"abstained": float(silent.mean())})
    tables = {
        name: pd.DataFrame(rows).groupby(np.tile(np.arange(len(scored)), len(seeds))).mean()
        for name, rows in answers.items()
    }

    def figures(picked: npt.NDArray[np.intp]) -> dict[str, float]:
        ours, peer, ruled = (_figures(tables[name].iloc[picked]) for name in ("ours", "peer", "evidence_rule"))
        return {
            **ours,
            "interval_score_over_peer": ours["interval_score_90"] / peer["interval_score_90"],
            "abstain_rate": 0.0,
            "evidence_rule.abstain_rate": float(tables["evidence_rule"].iloc[picked]["abstained"].mean()),
            "evidence_rule.coverage_90": ruled["coverage_90"],
            "evidence_rule.interval_score_over_peer": ruled["interval_score_90"] / peer["interval_score_90"],
        }

    units = np.arange(len(scored))
    metrics = with_intervals(figures, units, draws=draws)
    peer = with_intervals(lambda picked: _figures(tables["peer"].iloc[picked]), units, draws=draws)
    return {
        "metrics": {"bearings": len(scored), **metrics},
        "peers": under("age_conditional", peer),
        "seconds": {"fit_and_predict": round(time.perf_counter() - began, 3)},
        "data": [str(one.file) for one in (given, holdout) if one is not None],
        "protocol": PROTOCOL,
        "chosen_by": CHOSEN_BY,
        "simulated": False,
    }


def _figures(bearings: pd.DataFrame) -> dict[str, float]:
    return {
        "coverage_90": float(bearings["covered"].mean()),
        "median_relative_width": float(bearings["relative_width"].median()),
        "interval_score_90": float(bearings["score"].mean()),
    }


def indicator_features(snapshots: pd.DataFrame) -> pd.DataFrame:
    """Return log of age and the worst smoothed rise so far of the log RMS; row t is made of rows up to t only."""
    level = pd.Series(_level(snapshots))
    smooth = level.rolling(SMOOTH, min_periods=1).median()
    beginning = level.where(level.index < BEGINNING).expanding().median()
    rise = (smooth - beginning).cummax().clip(upper=THRESHOLD)
    return pd.DataFrame({"log_age": np.log(np.arange(1, len(level) + 1) * SNAPSHOT_S + 600.0), "rise": rise})


def _level(snapshots: pd.DataFrame) -> Floats:
    """Return the log of the stronger axis' RMS."""
    return np.asarray(np.log(snapshots[["h_rms", "v_rms"]].max(axis=1)), dtype=np.float64)


def _bearings(table: SampleTable) -> list[Bearing]:
    found = []
    for name, rows in table.unit.groupby(table.unit).groups.items():
        shown = np.flatnonzero(table.extra.loc[rows, "in_test_set"])
        features, level = indicator_features(table.inputs.loc[rows]), _level(table.inputs.loc[rows])
        left = table.labels.loc[rows, "rul_s"].to_numpy(dtype=np.float64)
        found.append(Bearing(str(name), features, level, left, int(shown[-1]) if len(shown) else None))
    return found


def cuts(bearing: Bearing, seed: int) -> npt.NDArray[np.intp]:
    """Return where a bearing is cut: its challenge point, or ten seeded ages uniform over 20 to 90 % of its life."""
    if bearing.shown is not None:
        return np.array([bearing.shown])
    return _ages(bearing, seed)


def _ages(bearing: Bearing, seed: int) -> npt.NDArray[np.intp]:
    rng = np.random.default_rng([seed, *bearing.name.encode()])
    return np.asarray(rng.uniform(0.2, 0.9, CUTS) * len(bearing.left_s), dtype=np.intp)


@dataclass(frozen=True)
class Fitted:
    """What other bearings taught: how their indicator rises, and the life that was left at what it promised."""

    path: DegradationPath
    life: DegradationLife
    low: Floats
    high: Floats
    bearings: int

    def predict(self, bearing: Bearing, at: npt.NDArray[np.intp]) -> Floats:
        """Return median and 90 % interval of the life left (s) at the rows ``at``, shape (rows, 3)."""
        return self.life.predict(passage_features(bearing, self.path, at))

    def abstains(self, bearing: Bearing, at: npt.NDArray[np.intp], said: Floats, peer: Floats) -> npt.NDArray[np.bool_]:
        """Say where ML2's rule would not let these answers stand: snapshots are its readings, the peer its prior."""
        rows = passage_features(bearing, self.path, at).to_numpy(dtype=np.float64)

        def enough(cut: int, row: Floats, own: Floats, prior: Floats) -> bool:
            return weigh(
                failures_reason(self.bearings),
                readings_reason(cut + 1),
                trend_reason(bearing.level[: cut + 1]),
                support_reason(row, self.low, self.high),
                width_reason(_interval(own), _interval(np.array([prior.mean(), *prior]))),
            ).enough

        return ~np.array([enough(int(a), *given) for a, *given in zip(at, rows, said, peer, strict=True)], dtype=bool)


def _interval(ends: Floats) -> Interval:
    median, lower, upper = ends.tolist()
    return Interval(median=median, lower=lower, upper=upper)


def passage_features(bearing: Bearing, path: DegradationPath, at: npt.NDArray[np.intp]) -> pd.DataFrame:
    """Return age, indicator and the log of its median time to the threshold (h) at the rows ``at``."""
    tracked = path.track(*_history(bearing, int(at.max()) + 1))[at]
    passage = np.log(np.clip(path.remaining(tracked)[:, 0], *PASSAGE_H))
    return bearing.features.iloc[at].assign(passage=passage)


def _history(bearing: Bearing, rows: int) -> tuple[Floats, Floats]:
    hours = (np.arange(rows) + 1) * SNAPSHOT_S / 3600
    return hours, bearing.features["rise"].to_numpy(dtype=np.float64)[:rows]


def _fitted(others: Sequence[Bearing], seed: int) -> Fitted:
    path = DegradationPath.learn([_history(one, len(one.left_s)) for one in others], THRESHOLD, memory=MEMORY_H)
    at = [_ages(one, seed) for one in others]
    parts = [passage_features(one, path, rows) for one, rows in zip(others, at, strict=True)]
    y = np.concatenate([one.left_s[rows] for one, rows in zip(others, at, strict=True)])
    names = np.repeat(np.array([one.name for one in others], dtype=object), CUTS)
    X = pd.concat(parts, ignore_index=True)
    low, high = (ends.to_numpy(dtype=np.float64) for ends in (X.min(), X.max()))
    return Fitted(path, DegradationLife(seed=seed).fit(X, y, groups=names), low, high, len(others))


def _age_conditional(others: Sequence[Bearing], at: npt.NDArray[np.intp]) -> Floats:
    """Return the peer's interval: 5 and 95 % quantiles of what the others lived on beyond this age; 0 where none did."""
    lives = np.array([one.life_s for one in others])
    ages = (at + 1) * SNAPSHOT_S
    return np.array(
        [np.quantile(left, [0.05, 0.95]) if len(left := lives[lives > a] - a) else [0.0, 0.0] for a in ages]
    )


def _scores(bearing: Bearing, at: npt.NDArray[np.intp], ends: Floats) -> dict[str, float]:
    truth = bearing.left_s[at]
    low, high = ends[:, 0], ends[:, 1]
    return {
        "covered": float(np.mean((low <= truth) & (truth <= high))),
        "relative_width": float(np.mean((high - low) / np.maximum(truth, SNAPSHOT_S))),
        "score": interval_score(truth, low, high),
    }
