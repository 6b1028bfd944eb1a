"""Drift of a model's inputs: how far recent features have moved from those of training, and whether that is unusual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from workbench.domain.models import DriftLevel, FeatureReference, SensorDrift

from .arrays import FloatArray, IntArray, ObjectArray
from .spec import FLEET, FeatureSpec

BINS = 10
STRETCHES = 6
MODERATE_PSI, MARKED_PSI = 0.1, 0.25
USUAL_ROOM = 1.5
SIGNIFICANT = 0.01
LEAST_ROWS = 100
LEAST_SHARE = 1e-4
NAMED_MACHINES = 3
STATISTICS = ("mean", "std")


def watched_features(spec: FeatureSpec, names: Sequence[str]) -> dict[str, str]:
    """Return the features that say where a sensor stands (window means and spreads) and the sensor of each.

    A fleet's features are of quantities, not sensors. Ages and events are left out: they move with time by nature.
    """
    found = {}
    for name in names:
        sensor, _, statistic = name.rpartition("_")
        if not statistic.startswith(STATISTICS):
            continue
        if spec.scope == FLEET:
            sensor = sensor.removesuffix("_hi").removesuffix("_lo")
            if sensor.startswith(("any", "second", "symptom", "mode_")):
                continue
        elif sensor not in spec.sensors:
            continue
        found[name] = sensor
    return found


def references(
    X: pd.DataFrame, sensors: Mapping[str, str], groups: ObjectArray, time: IntArray
) -> tuple[FeatureReference, ...]:
    """Return how each feature of ``sensors`` that ``X`` has is spread over its rows.

    ``time`` orders rows; the record is cut into six stretches of equal length in rows, to know what is usual.
    """
    order = np.argsort(time, kind="stable")
    stretches = [part for part in np.array_split(order, STRETCHES) if len(part)]
    found = []
    for name in sensors:
        if name not in X.columns:
            continue
        values = X[name].to_numpy(dtype=np.float64)
        known = values[~np.isnan(values)]
        cuts = (
            np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) >= LEAST_ROWS else known[:0]
        )
        if not len(cuts) or np.ptp(known) == 0:
            continue
        shares = _shares(values, cuts)
        # A stretch from before the sensor was fitted says nothing of how it wanders.
        told = [part for part in stretches if np.isfinite(values[part]).sum() >= LEAST_ROWS // STRETCHES]
        usual = [stability_index(shares, _shares(values[part], cuts)) for part in told]
        found.append(
            FeatureReference(
                feature=name,
                sensor=sensors[name],
                cuts=tuple(float(cut) for cut in cuts),
                shares=tuple(float(share) for share in shares),
                usual_psi=max(usual, default=0.0),
                rows=len(known),
                effective_rows=effective_rows(values, groups),
            )
        )
    return tuple(found)


def _shares(values: FloatArray, cuts: FloatArray) -> FloatArray:
    known = values[~np.isnan(values)]
    counts = np.bincount(np.searchsorted(cuts, known, side="left"), minlength=len(cuts) + 1)
    return np.asarray(counts / max(len(known), 1), dtype=np.float64)


def stability_index(expected: FloatArray, found: FloatArray) -> float:
    """Return the population stability index of two sets of shares (Siddiqi 2006); below 0.1 little has moved.

    >>> round(stability_index(np.array([0.5, 0.5]), np.array([0.8, 0.2])), 3)
    0.416
    """
    a, b = np.maximum(expected, LEAST_SHARE), np.maximum(found, LEAST_SHARE)
    return float(np.sum((b - a) * np.log(b / a)))


def effective_rows(values: FloatArray, groups: ObjectArray) -> float:
    """Count rows as if independent: n (1 - r) / (1 + r) with the lag-1 autocorrelation r, at least one a machine."""
    total = 0.0
    for unit in np.unique(groups.astype(str)):
        own = values[groups.astype(str) == unit]
        own = own[~np.isnan(own)]
        if len(own) < 3:
            total += float(len(own) > 0)
            continue
        centred = own - own.mean()
        energy = float(centred @ centred)
        r = float(centred[1:] @ centred[:-1]) / energy if energy > 0 else 1.0
        r = float(np.clip(r, 0.0, 1.0 - 1e-9))
        total += max(len(own) * (1 - r) / (1 + r), 1.0)
    return total


def measure(kept: Sequence[FeatureReference], X: pd.DataFrame, groups: ObjectArray) -> tuple[SensorDrift, ...]:
    """Return the drift of each sensor: that of its feature that moved most, the farthest sensors first.

    A feature has drifted when its PSI is above the usual bounds (0.1 moderate, 0.25 marked) and half as high again as
    what the training record's own stretches show, and the KS distance on the reference's bins is significant at 1 % for its
    effective rows after Holm's correction for all features looked at.
    """
    found = {one.feature: X[one.feature].to_numpy(dtype=np.float64) for one in kept if one.feature in X.columns}
    looked = [one for one in kept if one.feature in found and np.isfinite(found[one.feature]).any()]
    measured = []
    for one in looked:
        values, expected = found[one.feature], np.asarray(one.shares)
        shares = _shares(values, np.asarray(one.cuts))
        distance = float(np.abs(np.cumsum(shares - expected))[:-1].max())
        measured.append((stability_index(expected, shares), distance, _p_value(distance, one, values, groups)))
    adjusted = _holm([p_value for _, _, p_value in measured])
    worst: dict[str, SensorDrift] = {}
    for one, (psi, distance, _), p_value in zip(looked, measured, adjusted, strict=True):
        level = _level(psi, one.usual_psi, p_value)
        values = found[one.feature]
        drift = SensorDrift(
            sensor=one.sensor,
            feature=one.feature,
            level=level,
            psi=psi,
            usual_psi=one.usual_psi,
            ks=distance,
            p_value=p_value,
            machines=_machines(one, values, groups) if level is not DriftLevel.NONE else (),
            note=_in_words(one, values) if level is not DriftLevel.NONE else "",
        )
        if one.sensor not in worst or _rank(drift) > _rank(worst[one.sensor]):
            worst[one.sensor] = drift
    return tuple(sorted(worst.values(), key=lambda drift: (*(-part for part in _rank(drift)), drift.sensor)))


def _rank(drift: SensorDrift) -> tuple[int, float]:
    return list(DriftLevel).index(drift.level), drift.psi


def _level(psi: float, usual: float, p_value: float) -> DriftLevel:
    if psi <= max(MODERATE_PSI, USUAL_ROOM * usual) or p_value >= SIGNIFICANT:
        return DriftLevel.NONE
    return DriftLevel.MARKED if psi > MARKED_PSI else DriftLevel.MODERATE


def _p_value(distance: float, one: FeatureReference, values: FloatArray, groups: ObjectArray) -> float:
    from scipy.stats import kstwobign

    # As dependent as in training: a sensor that is stuck now would otherwise count as one reading.
    here = max(np.isfinite(values).sum() * one.effective_rows / one.rows, float(len(np.unique(groups.astype(str)))))
    there = one.effective_rows
    return float(np.clip(kstwobign.sf(distance * np.sqrt(here * there / (here + there))), 0.0, 1.0))


def _holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number (Holm 1979).

    >>> _holm([0.01, 0.04])
    [0.02, 0.04]
    """
    order = np.argsort(p_values, kind="stable")
    steps = np.arange(len(p_values), 0, -1)
    stepped = np.maximum.accumulate(np.asarray(p_values)[order] * steps) if len(p_values) else np.zeros(0)
    out = np.empty(len(p_values))
    out[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in out]


def _machines(one: FeatureReference, values: FloatArray, groups: ObjectArray) -> tuple[str, ...]:
    """Return the machines that moved most, among those with a PSI above the bound of marked drift."""
    cuts, expected = np.asarray(one.cuts), np.asarray(one.shares)
    names = groups.astype(str)
    moved = {}
    for unit in np.unique(names):
        own = values[names == unit]
        if np.isfinite(own).any():
            moved[str(unit)] = stability_index(expected, _shares(own, cuts))
    far = [unit for unit in sorted(moved, key=lambda unit: -moved[unit]) if moved[unit] > MARKED_PSI]
    return tuple(far[:NAMED_MACHINES])


def _in_words(one: FeatureReference, values: FloatArray) -> str:
    known = values[~np.isnan(values)]
    above, below = float((known > one.cuts[-1]).mean()), float((known <= one.cuts[0]).mean())
    usual_above, usual_below = one.shares[-1], one.shares[0]
    if above - usual_above >= below - usual_below and above > usual_above:
        return f"{above * 100:.0f} % of the readings lie in the top {usual_above * 100:.0f} % of training"
    if below > usual_below:
        return f"{below * 100:.0f} % of the readings lie in the lowest {usual_below * 100:.0f} % of training"
    return "the readings lie closer together than in training"
