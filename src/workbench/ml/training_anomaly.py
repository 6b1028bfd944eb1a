"""How the anomaly detector of a fleet is trained, and its threshold set by machines that it did not learn from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.errors import NotEnoughData

from .anomaly import HOURS_PER_MONTH, IsolationAnomaly, alarm_threshold, budget_threshold, count_episodes
from .arrays import NS_PER_H, FloatArray, IntArray, ObjectArray
from .contract import Refeature
from .evaluation import Judgement
from .guards import BLOCKS_APART, UNITS_APART, guard_sensors
from .splits import grouped_folds
from .training_data import TrainingData
from .training_tasks import SHIPPED, Outcome, bundle_of, plain_parameters
from .tuning import Tuning

BLOCKS_PER_MACHINE = 5
# Fewer machines cannot tell what is normal for a fleet from what is wrong with one of them.
ANOMALY_MACHINES = 3
ANOMALY_FOLDS = 3


def train_anomaly(data: TrainingData, seed: int, budget: float, _tuning: Tuning = SHIPPED) -> Outcome:
    """Train the anomaly detector on normal rows of all machines; its threshold is set by all rows of held-out ones.

    Of fewer than five machines stretches of their records are held out, and the split is declared so (``blocks``).
    """
    s = data.unthinned
    columns = [name for name in s.X.columns if s.X[name].notna().any()]
    matrix = s.X[columns].to_numpy(dtype=np.float64)
    usable = ~np.isnan(matrix).all(axis=1)
    normal = data.normal_rows() & usable
    rows = data.kept[normal[data.kept]]
    if not columns or len(rows) < IsolationAnomaly.min_rows:
        raise NotEnoughData(f"{len(rows)} of {IsolationAnomaly.min_rows} normal readings needed", "Collect more.")
    machines = len(set(s.groups[rows]))
    if machines < ANOMALY_MACHINES:
        raise NotEnoughData(
            f"{machines} of {ANOMALY_MACHINES} machines needed; each is compared with its own early readings instead",
            "Add machines.",
        )
    h = data.horizons
    ahead = [data.samples.within(life) for life in (h.critical, h.warning, h.degrading)]
    guarded = guard_sensors(data, np.arange(len(data.samples.time)), ahead)
    hours = s.time / NS_PER_H
    in_blocks = len(set(s.groups)) < BLOCKS_PER_MACHINE
    groups = (_blocks(s.groups, s.time) if in_blocks else s.groups).astype(str)
    model = IsolationAnomaly(seed=seed, budget=budget)
    model.fit(s.X[columns].iloc[rows], groups=groups[rows], hours=hours[rows])
    failing = usable & (s.remaining <= h.critical)
    # In blocks every machine is on both sides: the population of a fold is that of all.
    refeature = None if in_blocks else data.refeature_unthinned(columns)
    score, fold = _held_out_scores(model, s.X[columns], groups, rows, hours, refeature)
    model.threshold_ = budget_threshold(score[normal], groups[normal], hours[normal], budget)
    metrics = {
        "threshold": alarm_threshold(model.threshold_),
        "alarm_episodes_per_machine_month": _held_out_rate(
            score[normal], fold[normal], groups[normal], hours[normal], budget
        ),
        "roc_auc_before_failure": _auc(score[normal], score[failing]),
        "normal_rows": float(normal.sum()),
    }
    chosen = np.flatnonzero(normal[data.kept])
    return Outcome(
        bundle_of(data, model, chosen),
        metrics,
        plain_parameters(model),
        judgement=Judgement(int(normal.sum()), (), {}),
        checks=(BLOCKS_APART if in_blocks else UNITS_APART, *guarded),
        split="blocks" if in_blocks else "units",
        folds=ANOMALY_FOLDS,
    )


def _held_out_scores(
    model: IsolationAnomaly,
    X: pd.DataFrame,
    groups: ObjectArray,
    rows: IntArray,
    hours: FloatArray,
    refeature: Refeature | None,
) -> tuple[FloatArray, IntArray]:
    """Score every row by a detector that never saw its unit; ``rows`` are those a detector may learn from."""
    score, fold = np.full(len(X), np.nan), np.zeros(len(X), dtype=np.int64)
    for number, split in enumerate(grouped_folds(groups, ANOMALY_FOLDS, model.seed)):
        split.check(groups)
        table = X if refeature is None else refeature(sorted(set(groups[split.train])))
        mine = np.setdiff1d(rows, split.test)
        other = IsolationAnomaly(**model.params())
        other.fit(table.iloc[mine], groups=groups[mine], hours=hours[mine])
        score[split.test], fold[split.test] = other.score(table.iloc[split.test]), number
    return score, fold


def _held_out_rate(
    score: FloatArray, fold: IntArray, groups: ObjectArray, hours: FloatArray, budget: float
) -> float | None:
    """Alarm episodes per machine and month of normal rows, each fold by the threshold that the others would set."""
    count, months = 0, 0.0
    for number in np.unique(fold):
        inside = fold == number
        if inside.all():
            return None
        threshold = alarm_threshold(budget_threshold(score[~inside], groups[~inside], hours[~inside], budget))
        for unit in np.unique(groups[inside]):
            mine = inside & (groups == unit)
            months += float(np.ptp(hours[mine])) / HOURS_PER_MONTH
            count += count_episodes(hours[mine & (score > threshold)])
    return count / months if months > 0 else None


def _auc(normal: FloatArray, failing: FloatArray) -> float | None:
    from sklearn.metrics import roc_auc_score

    if not len(failing) or not len(normal):
        return None
    both = np.concatenate([normal, failing])
    return float(roc_auc_score(np.arange(len(both)) >= len(normal), both))


def _blocks(groups: ObjectArray, time: IntArray) -> ObjectArray:
    """Each machine's record in consecutive blocks."""
    out = np.empty(len(groups), dtype=object)
    for unit in set(groups):
        rows = np.flatnonzero(groups == unit)
        order = rows[np.argsort(time[rows], kind="stable")]
        for number, part in enumerate(np.array_split(order, BLOCKS_PER_MACHINE)):
            out[part] = f"{unit}/{number}"
    return out
