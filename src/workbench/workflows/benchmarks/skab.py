"""Anomalies of the SKAB test bed: each file's first 400 rows teach what is normal, the rest is judged."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from workbench.errors import InputError
from workbench.ml.anomaly import IsolationAnomaly, RecordDetector, SubspaceAnomaly
from workbench.ml.detector import AnomalyDetector
from workbench.telemetry.readers.labelled import LabelledRecord
from workbench.telemetry.readers.skab import SENSORS, read_skab

from .frame import Metrics, Progress, pick_subsets, under, with_intervals

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

TRAIN_ROWS = 400
BUDGET_PER_DAY = 1.0
MERGE_S = 60.0
DAYS_PER_MONTH = 30.4375
PROTOCOL = (
    "per file, rows 0-399 train, nothing derived from row number, elapsed time or file length; threshold from an alarm "
    "budget of one episode a day on the training rows (alarms under 60 s apart are one); f1, far, mar pooled over all "
    "rows of all files, *_after_400 over rows 400 on; auc_after_400 = mean over files of ROC-AUC on rows 400 on"
)
CHOSEN_BY = (
    "T2 and Q of means over 10 readings with a budget of one alarm a day, chosen by the figures on the eight even-numbered "
    "files of valve1 among some thirty settings (means over 1 to 120 readings alone and together, with standard deviations, "
    "90 to 99 % of the variance, z-scores that allow for drift, isolation forest, convolutional autoencoder over one to twenty rows; budgets of one an hour to one a month); the "
    "labels of no other file were looked at before: held_out.* are the figures of those alone. In the product this detector "
    "(RecordDetector with T2 and Q) judges the residuals of a machine's twin; what predictions and alarms say of a machine comes from an isolation forest on its features, which is not measured here (the peer isolation_forest_on_means "
    "is the same forest on means of readings)"
)
PUBLISHED = {
    f"published.{name}": {"f1": f1, "source": "SKAB leaderboard", "protocol": "34 files, all rows"}
    for name, f1 in (
        ("conv_autoencoder", 0.78),
        ("mset", 0.78),
        ("t2_q", 0.76),
        ("lstm_autoencoder", 0.74),
        ("isolation_forest", 0.29),
    )
}
QUICK_FILES = 3


@dataclass(frozen=True)
class Answer:
    """Scores and alarms of one file, a row each; ``score`` is None for a rule that only alarms."""

    score: Floats | None
    alarm: Bools


Method = Callable[[LabelledRecord, int], Answer]


def run(*, data: Path | None, seeds: Sequence[int], quick: bool, only: Sequence[str], progress: Progress) -> Metrics:
    """Run the protocol; subsets are the groups of files (``valve1``, ``valve2``, ``other``). See ``frame.run_benchmark``."""
    if data is None:
        raise InputError("SKAB needs a data folder.", "Give --data FOLDER.")
    records = [one for one in read_skab(data) if one.anomalous is not None and len(one.readings) > TRAIN_ROWS]
    groups = pick_subsets(dict.fromkeys(one.group for one in records), only, benchmark="skab")
    records = [one for one in records if one.group in groups]
    records = records[:QUICK_FILES] if quick else records
    began = time.perf_counter()
    answers: dict[str, list[list[Answer]]] = {name: [] for name in METHODS}
    for number, seed in enumerate(seeds):
        for place, (name, method) in enumerate(METHODS.items()):
            progress((number + place / len(METHODS)) / len(seeds), f"{name}, seed {seed}")
            answers[name].append([method(record, seed) for record in records])
    progress(1.0, "intervals")
    draws = 100 if quick else 1000
    tables = {name: figures(records, by_seed, draws) for name, by_seed in answers.items()}
    held_out = [place for place, one in enumerate(records) if not was_seen(one)]
    metrics = {"files": len(records), **tables.pop("ours")}
    if held_out and len(held_out) < len(records):
        chosen = [[by_file[place] for place in held_out] for by_file in answers["ours"]]
        metrics |= under("held_out", {"files": len(held_out)})
        metrics |= under("held_out", figures([records[place] for place in held_out], chosen, draws))
    peers: Metrics = {}
    for name, table in tables.items():
        peers |= under(name, table)
    return {
        "metrics": metrics,
        "peers": peers | PUBLISHED,
        "seconds": {"all": round(time.perf_counter() - began, 3)},
        "data": sorted({str(one.file) for one in records}),
        "protocol": PROTOCOL,
        "chosen_by": CHOSEN_BY,
        "simulated": False,
    }


def was_seen(record: LabelledRecord) -> bool:
    """Whether the settings were chosen by figures on this file."""
    return record.group == "valve1" and record.name.isdigit() and int(record.name) % 2 == 0


def figures(records: Sequence[LabelledRecord], by_seed: Sequence[Sequence[Answer]], draws: int) -> Metrics:
    """Return the figures of the protocol, means over seeds, with intervals over files."""
    tables = [[_counts(*pair) for pair in zip(records, answers, strict=True)] for answers in by_seed]

    def of(files: npt.NDArray[np.intp]) -> dict[str, float]:
        found = [_figures([table[place] for place in files]) for table in tables]
        return {key: float(np.mean([one[key] for one in found])) for key in found[0]}

    return with_intervals(of, np.arange(len(records)), draws=draws)


def _counts(record: LabelledRecord, answer: Answer) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score

    truth = record.anomalous
    assert truth is not None  # noqa: S101 - run keeps labelled records only
    found: dict[str, float] = {}
    for part, first in (("", 0), ("_after_400", TRAIN_ROWS)):
        real, called = truth[first:], answer.alarm[first:]
        found[f"tp{part}"], found[f"fp{part}"] = float((real & called).sum()), float((~real & called).sum())
        found[f"fn{part}"], found[f"tn{part}"] = float((real & ~called).sum()), float((~real & ~called).sum())
    after = truth[TRAIN_ROWS:]
    if answer.score is not None:
        both = bool(after.any()) and not bool(after.all())
        found["auc"] = float(roc_auc_score(after, answer.score[TRAIN_ROWS:])) if both else float("nan")
    return found


def _figures(files: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return F1, FAR and MAR of counts pooled over files, and the mean AUC."""
    table: dict[str, float] = {}
    for part in ("", "_after_400"):
        tp, fp, fn, tn = (sum(one[f"{name}{part}"] for one in files) for name in ("tp", "fp", "fn", "tn"))
        table[f"f1{part}"] = 2 * tp / max(2 * tp + fp + fn, 1.0)
        table[f"far{part}"] = fp / max(fp + tn, 1.0)
        table[f"mar{part}"] = fn / max(fn + tp, 1.0)
    if "auc" in files[0]:
        known = [one["auc"] for one in files if np.isfinite(one["auc"])]
        table["auc_after_400"] = float(np.mean(known)) if known else float("nan")
    return table


def _by_record(make: Callable[[int, float], AnomalyDetector]) -> Method:
    def method(record: LabelledRecord, seed: int) -> Answer:
        detector = RecordDetector(make(seed, BUDGET_PER_DAY * DAYS_PER_MONTH)).fit(record.readings[:TRAIN_ROWS])
        # A reading of which nothing can be said raises no alarm.
        score = np.nan_to_num(detector.score(record.readings))
        return Answer(score, score > detector.threshold)

    return method


def _ours(seed: int, budget: float) -> AnomalyDetector:
    return SubspaceAnomaly(seed=seed, budget=budget, merge_h=MERGE_S / 3600)


def _forest(seed: int, budget: float) -> AnomalyDetector:
    return IsolationAnomaly(seed=seed, budget=budget, merge_h=MERGE_S / 3600, smallest_spread=1e-9)


def _matrix(record: LabelledRecord) -> Floats:
    return record.readings[list(SENSORS)].to_numpy(dtype=np.float64)


def _plain_forest(record: LabelledRecord, seed: int) -> Answer:
    """scikit-learn's Isolation Forest on single rows, its threshold the highest of 99 % of training rows."""
    from sklearn.ensemble import IsolationForest

    rows = _matrix(record)
    score = -IsolationForest(random_state=seed).fit(rows[:TRAIN_ROWS]).score_samples(rows)
    return Answer(score, score > np.quantile(score[:TRAIN_ROWS], 0.99))


def _plain_t2_q(record: LabelledRecord, _seed: int) -> Answer:
    """T2 and Q of single rows (components of 95 % of the variance); alarm where either passes its 99 % point."""
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    rows = _matrix(record)
    z = StandardScaler().fit(rows[:TRAIN_ROWS]).transform(rows)
    model = PCA(n_components=0.95, svd_solver="full").fit(z[:TRAIN_ROWS])
    inside = model.transform(z)
    t2 = (inside**2 / model.explained_variance_).sum(axis=1)
    q = ((z - model.inverse_transform(inside)) ** 2).sum(axis=1)
    limits = [max(float(np.quantile(part[:TRAIN_ROWS], 0.99)), 1e-9) for part in (t2, q)]
    score = t2 / limits[0] + q / limits[1]
    return Answer(score, (t2 > limits[0]) | (q > limits[1]))


def _always_on(record: LabelledRecord, _seed: int) -> Answer:
    return Answer(None, np.arange(len(record.readings)) >= TRAIN_ROWS)


def _rows_580_to_1000(record: LabelledRecord, _seed: int) -> Answer:
    place = np.arange(len(record.readings))
    return Answer(None, (place >= 580) & (place < 1000))


METHODS: dict[str, Method] = {
    "ours": _by_record(_ours),
    "isolation_forest_on_means": _by_record(_forest),
    "t2_q_on_rows": _plain_t2_q,
    "isolation_forest_on_rows": _plain_forest,
    "always_on": _always_on,
    "rows_580_to_1000": _rows_580_to_1000,
}
