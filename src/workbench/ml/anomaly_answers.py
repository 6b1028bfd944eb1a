"""Anomalies of one machine, by the fleet's detector or one of its own history: now, and in episodes over its past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from workbench.domain.anomalies import AnomalyHistory
from workbench.domain.observations import MachineData
from workbench.domain.predictions import Anomaly, Contribution, Evidence, Task
from workbench.errors import NotEnoughData

from .anomaly import IsolationAnomaly, alarm_threshold, find_episodes
from .anomaly.forest import SMALLEST_SPREAD
from .arrays import NS_PER_H, BoolArray, FloatArray, IntArray, known_mean
from .context import RECENT_ROWS, Context, recent_mean
from .detector import AnomalyDetector
from .evidence import NO_READINGS, weigh
from .features import FeatureTable, compute
from .models import Models
from .record import known_until
from .threads import on_one_thread

STANDING_OUT = 5
EARLY_SHARE = 0.3
# Rows this many times as far off as half of them are taken for faults that nobody wrote down.
TYPICAL = 5.0
LEAST_SAMPLES = 50
RECENT_SUFFIXES = ("mean6", "mean24", "mean5", "mean20")
OWN = "own"


@dataclass(frozen=True)
class _Judge:
    """A detector, the features it judges by, and whose it is (a scope, or ``own``)."""

    detector: AnomalyDetector
    table: FeatureTable
    scope: str
    version: str = ""

    @property
    def threshold(self) -> float:
        """The score above which the machine alarms."""
        return alarm_threshold(self.detector.threshold_)

    def scores(self, rows: IntArray) -> FloatArray:
        """Score rows of the table; NaN where no feature is known."""
        features = self.table.values(self.detector.feature_names_, rows)
        known = ~np.isnan(features).all(axis=1)
        score = np.full(len(rows), np.nan)
        if known.any():
            score[known] = self.detector.answer(features[known])
        return score


def answer_anomaly(context: Context, budget: float) -> tuple[Evidence, Anomaly | None]:
    """Return the anomaly score of the last reading, by the fleet's detector or one of the machine's own history.

    There is none without a running reading since the last failure or replacement, without a sensor read lately, or
    while the readings since the repair are too few to compare with: an empty row would count as normal.
    """
    spec = context.spec_of(Task.ANOMALY)
    if not context.has_run:
        return weigh(NO_READINGS), None
    unseen, blind = context.reset_reason(), context.sensors_reason(spec)
    if unseen or blind:
        return weigh(unseen, blind), None
    try:
        judge = _judge(context, budget, last=1)
    except NotEnoughData as lack:
        return weigh(lack.what), None
    score = float(judge.scores(np.array([len(judge.table.rows) - 1]))[0])
    if np.isnan(score):
        return weigh("no reading yet that can be compared with its healthy baseline"), None
    found = Anomaly(
        score=score,
        threshold=judge.threshold,
        is_anomaly=score > judge.threshold,
        contributions=_latest(context, context.table(spec)),
    )
    return weigh(), found


@on_one_thread
def past_anomalies(
    machine: MachineData, models: Models, *, as_of: datetime, start: datetime, end: datetime, budget: float = 1.0
) -> AnomalyHistory:
    """Return the episodes of anomalies of one machine from ``start`` to ``end``, nothing later than ``as_of``.

    Judged by the active detector of the machine's type or fleet, else by one of its own first 30 % of running readings,
    which then count as normal, but for those that stand far out of them. Each row is described by what was known at its time; readings finer than an hour
    are averaged to hours, as in predictions. Raises ``InputError`` when readings are not in ascending order of time.
    """
    context = Context.of(known_until(machine, as_of), models, as_of, 30.0)
    told = {"machine_id": machine.profile.machine_id, "start": start, "end": end}
    if not context.has_run:
        return AnomalyHistory(**told, evidence=weigh(NO_READINGS))
    try:
        judge = _judge(context, budget)
    except NotEnoughData as lack:
        return AnomalyHistory(**told, evidence=weigh(lack.what))
    clock = context.clock
    low, high = (int(moment.timestamp() * 1e9) for moment in (start, end))
    rows = np.flatnonzero(clock.running & (clock.time >= low) & (clock.time <= high))
    told |= {"detector": judge.scope, "model_version": judge.version, "threshold": judge.threshold}
    if not len(rows):
        return AnomalyHistory(**told, evidence=weigh("no running reading in that time"))
    score = judge.scores(rows)
    if np.isnan(score).all():
        return AnomalyHistory(**told, evidence=weigh("no reading that can be compared with a healthy baseline"))

    def causes(alarms: IntArray) -> tuple[Contribution, ...]:
        return _over(context, judge.table, rows[alarms])

    episodes = find_episodes(clock.time[rows], score, judge.threshold, causes, merge_h=judge.detector.merge_h)
    return AnomalyHistory(**told, evidence=weigh(), judged=int(np.isfinite(score).sum()), episodes=episodes)


def _judge(context: Context, budget: float, *, last: int | None = None) -> _Judge:
    """Return who judges the machine, with the features of its ``last`` rows at least (default all).

    Raises ``NotEnoughData`` below 50 running readings.
    """
    bundle = context.models.pick(Task.ANOMALY, context.profile)
    running = int(context.clock.running.sum())
    if running < LEAST_SAMPLES:
        raise NotEnoughData(f"{running} of {LEAST_SAMPLES} running readings needed")
    if bundle is None:
        return _own(context, budget)
    assert isinstance(bundle.estimator, AnomalyDetector)  # noqa: S101 - load_models restores by task
    table = context.table(bundle.spec) if last == 1 else compute(context.machine, bundle.spec, clock=context.clock)
    return _Judge(bundle.estimator, table, bundle.scope, bundle.version_id)


def _own(context: Context, budget: float) -> _Judge:
    """Fit a detector on what is typical of the machine's own early history (its first 30 %, at least 50 readings)."""
    table = compute(context.machine, context.own_spec)
    columns = anomaly_columns(list(table.frame.columns))
    running = np.flatnonzero(table.clock.running)
    usable = running[table.frame[columns].notna().any(axis=1).to_numpy()[running]]
    if len(usable) < LEAST_SAMPLES:
        raise NotEnoughData(f"{len(usable)} of {LEAST_SAMPLES} running readings needed")
    early = usable[: max(LEAST_SAMPLES, int(EARLY_SHARE * len(usable)))]
    early = early[_typical(table.frame[columns].iloc[early].to_numpy(dtype=np.float64))]
    blocks = np.array([f"block{k}" for k in np.arange(len(early)) * 5 // len(early)], dtype=object)
    hours = table.clock.time[early] / NS_PER_H
    detector = IsolationAnomaly(trees=50, budget=budget).fit(
        table.frame[columns].iloc[early], groups=blocks, hours=hours
    )
    return _Judge(detector, table, OWN)


def _typical(features: FloatArray) -> BoolArray:
    """Say which rows, 50 at least, lie no further off than ``TYPICAL`` times as far as half of them.

    Nobody has confirmed that a machine was healthy when its record began: were a fault of its first weeks learned as
    normal, the same fault would later pass for normal too. How far: largest deviation from the median, in robust spreads.
    """
    filled = np.nan_to_num(features)
    off = np.abs(filled - np.median(filled, axis=0))
    reach = (off / np.maximum(1.4826 * np.median(off, axis=0), SMALLEST_SPREAD)).max(axis=1)
    nearest = np.partition(reach, LEAST_SAMPLES - 1)[LEAST_SAMPLES - 1]
    return np.asarray(reach <= max(TYPICAL * float(np.median(reach)), float(nearest)))


def anomaly_columns(names: list[str]) -> list[str]:
    """Features that say how far readings are from normal now: short means, no events, ages or counts."""
    return [n for n in names if n.endswith(RECENT_SUFFIXES) and not n.startswith(("symptom", "second", "any", "mode_"))]


def _latest(context: Context, table: FeatureTable) -> tuple[Contribution, ...]:
    """Sensors that stand out most over the last readings since the last reset."""
    since = np.flatnonzero(table.recent >= table.clock.fresh[-1])[-RECENT_ROWS:]
    return _strongest(context, table, recent_mean(table), since)


def _over(context: Context, table: FeatureTable, rows: IntArray) -> tuple[Contribution, ...]:
    """Sensors that stood out most over telemetry ``rows``."""
    places = np.searchsorted(table.recent, rows)
    z = table.z[places]
    known = ~np.isnan(z)
    count = known.sum(axis=0)
    mean = np.divide(np.where(known, z, 0.0).sum(axis=0), count, out=np.full(z.shape[1], np.nan), where=count > 0)
    return _strongest(context, table, mean, places)


def _strongest(
    context: Context, table: FeatureTable, z: FloatArray, places: Sequence[int] | IntArray
) -> tuple[Contribution, ...]:
    """Sensors by how far ``z`` is off, in standard deviations of their own baseline at ``places`` of the residuals."""
    order = [k for k in np.argsort(-np.abs(np.nan_to_num(z)), kind="stable") if np.isfinite(z[k])][:STANDING_OUT]
    found = []
    if not order:
        return ()
    picked = np.ix_(places, order)
    levels = known_mean(np.array([table.expected[picked], table.sd[picked]]), axis=1)
    for k, base, sd in zip(order, *levels.tolist(), strict=True):
        sensor = context.profile.sensor(table.indicators[k])
        value = base + float(z[k]) * sd
        found.append(
            Contribution(sensor=sensor.name, deviation=float(z[k]), value=value, baseline=base, unit=sensor.unit)
        )
    return tuple(found)
