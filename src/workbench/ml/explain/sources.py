"""Whose a feature is on one machine at one time: people think in sensors, models of a fleet see quantities and symptoms.

A model of a machine type has features of single sensors. A model of a whole fleet has statistics per quantity ("the
highest temperature") and of symptoms: each belongs to the sensor that gave it at that time, and a mode's symptoms to its
sensors by how much each of them adds to the symptom score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.domain.equipment import MachineProfile
from workbench.ml.arrays import FloatArray, IntArray
from workbench.ml.baseline import fresh_positions
from workbench.ml.features import FeatureTable, cadence, per_sensor
from workbench.ml.features_canonical import PASSAGE, STANDS_OUT_Z, limit_share, symptom_matrix
from workbench.ml.rolling import TrailingWindows
from workbench.ml.spec import FLEET, FeatureSpec

from .names import Feature, Kind

LACKING = "what it does not measure"


@dataclass(frozen=True)
class Statistics:
    """What each sensor showed at the last running row: ``values`` by statistic, each one number per sensor.

    ``crossings``: by feature, how much each sensor stood out or came near a limit within the feature's window.
    """

    sensors: tuple[str, ...]
    quantities: tuple[str, ...]
    values: dict[str, FloatArray]
    modes: tuple[str, ...]
    symptoms: FloatArray
    crossings: dict[str, FloatArray]


def statistics_of(table: FeatureTable, spec: FeatureSpec, profile: MachineProfile) -> Statistics:
    """Return the statistics that the last row of ``table`` was made of; none for a model of a machine type."""
    sensors = table.indicators
    quantities = tuple(str(profile.sensor(name).quantity) for name in sensors)
    modes = tuple(mode.name for mode in profile.failure_modes)
    symptoms = symptom_matrix(profile, sensors)
    if spec.scope != FLEET:
        return Statistics(sensors, quantities, {}, modes, symptoms, {})
    per_row = cadence(spec, table.clock)
    z = table.z[-(spec.windows.rows(spec.windows.longest, per_row) + 2) :]
    before = int(table.clock.running.sum()) - len(z)
    fresh = np.maximum(fresh_positions(table.clock.fresh, table.clock.running)[before:] - before, 0)
    values = {name: stat[-1] for name, stat in per_sensor(TrailingWindows(z, fresh), spec, per_row).items()}
    return Statistics(sensors, quantities, values, modes, symptoms, _crossings(table, spec, profile, int(fresh[-1])))


def _crossings(table: FeatureTable, spec: FeatureSpec, profile: MachineProfile, fresh: int) -> dict[str, FloatArray]:
    per_row = cadence(spec, table.clock)
    lengths = {
        "short": spec.windows.rows(spec.windows.mean[1], per_row),
        "long": spec.windows.rows(spec.windows.longest, per_row),
    }
    kept = min(lengths["long"] + 2 - fresh, len(table.z))
    z, expected, sd = (part[-kept:] for part in (table.z, table.expected, table.sd))
    share = limit_share([profile.sensor(name) for name in table.indicators], expected + z * sd, expected)
    nearest = (share == np.nanmax(share, axis=1, keepdims=True)) * np.abs(np.nan_to_num(share))
    out: dict[str, FloatArray] = {}
    for span, rows in lengths.items():
        out[f"standing_out_{span}"] = (np.abs(z[-rows:]) > STANDS_OUT_Z).sum(axis=0).astype(np.float64)
        out[f"over_limit_{span}"] = (share[-rows:] >= 1.0).sum(axis=0).astype(np.float64)
        out[f"limit_share_{span}"] = nearest[-rows:].sum(axis=0)
    out[PASSAGE] = out["limit_share_short"]
    return out


def shares(feature: Feature, known: Statistics) -> dict[str, float]:
    """Return which sensors a feature comes from, as shares that sum to 1; what is no sensor's goes by its own name."""
    if feature.kind is Kind.SENSOR:
        return {feature.subject: 1.0}
    values = known.values.get(feature.statistic)
    weights: FloatArray | None
    if feature.name in known.crossings:
        weights = known.crossings[feature.name]
    elif values is None or feature.kind not in _READERS:
        return {feature.group: 1.0}
    else:
        weights = _READERS[feature.kind](feature, values, known)
    if weights is None:
        return {LACKING: 1.0}
    total = float(weights.sum())
    if not total > 0:
        return {feature.group: 1.0}
    return {known.sensors[k]: float(weights[k]) / total for k in np.flatnonzero(weights > 0)}


def named(feature: Feature, known: Statistics) -> str:
    """Return a feature in words, with the sensor or failure mode that gave it where there is one."""
    if feature.kind is Kind.SYMPTOM:
        return _mode_named(feature, known)
    if feature.kind not in (Kind.QUANTITY, Kind.ANY, Kind.LIMITS):
        return feature.words
    found = shares(feature, known)
    sensor = max(found, key=lambda one: found[one])
    if sensor not in known.sensors or found[sensor] <= 0.5:
        return feature.words
    alone = feature.kind is Kind.QUANTITY and known.quantities.count(feature.subject) == 1
    return f"{sensor}{'' if alone else f' ({feature.what})'}, {feature.span}"


def _mode_named(feature: Feature, known: Statistics) -> str:
    values, place = known.values.get(feature.statistic), int(feature.variant == "symptom2")
    if values is None or place >= len(known.modes):
        return feature.words
    mode = known.modes[_ranked(_symptom_parts(values, known))[place]].replace("_", " ")
    return f"symptoms of {mode}, the {'second strongest' if place else 'strongest'}, {feature.span}"


def _of_quantity(feature: Feature, values: FloatArray, known: Statistics) -> FloatArray | None:
    mine = np.array([quantity == feature.subject for quantity in known.quantities], dtype=bool)
    if not mine.any():
        return None
    if np.isnan(values[mine]).all():
        return mine.astype(np.float64)
    signed = np.where(mine & ~np.isnan(values), values if feature.variant == "hi" else -values, -np.inf)
    return _one(int(np.argmax(signed)), len(values))


def _of_any(feature: Feature, values: FloatArray, known: Statistics) -> FloatArray | None:  # noqa: ARG001 - the signature of all
    size = np.where(np.isnan(values), -1.0, np.abs(values))
    place = 1 if feature.variant == "second" else 0
    if place >= len(size):
        return None
    chosen = int(np.argsort(-size, kind="stable")[place])
    return _one(chosen, len(values)) if size[chosen] >= 0 else np.zeros(len(values))


def _of_symptom(feature: Feature, values: FloatArray, known: Statistics) -> FloatArray | None:
    parts = _symptom_parts(values, known)
    place = 1 if feature.variant == "symptom2" else 0
    if place >= len(parts):
        return None
    return np.asarray(np.abs(parts[_ranked(parts)[place]]))


def _of_mode(feature: Feature, values: FloatArray, known: Statistics) -> FloatArray | None:
    if feature.subject not in known.modes:
        return None
    parts = _symptom_parts(values, known)
    own = np.abs(parts[known.modes.index(feature.subject)])
    return np.asarray(own + np.abs(parts[parts.sum(axis=1).argmax()]) if feature.variant else own)


def _symptom_parts(values: FloatArray, known: Statistics) -> FloatArray:
    """What each sensor adds to each mode's symptom score, as the features have it: shape (modes, sensors)."""
    return np.asarray(known.symptoms * np.nan_to_num(np.clip(values, -10.0, 20.0)))


def _ranked(parts: FloatArray) -> IntArray:
    """Modes by their symptom scores, the strongest first."""
    return np.argsort(-parts.sum(axis=1), kind="stable")


def _one(place: int, length: int) -> FloatArray:
    out = np.zeros(length)
    out[place] = 1.0
    return out


_READERS = {Kind.QUANTITY: _of_quantity, Kind.ANY: _of_any, Kind.SYMPTOM: _of_symptom, Kind.MODE: _of_mode}
