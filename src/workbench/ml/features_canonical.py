"""Features that machines of different types share: statistics per quantity, and what the profile knows of symptoms."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from workbench.domain.equipment import MachineProfile, Sensor, SensorRole
from workbench.domain.units import Quantity

from .arrays import BoolArray, FloatArray, IntArray
from .rolling import TrailingWindows

STANDS_OUT_Z = 3.0
CROSSINGS = tuple(
    f"{name}_{span}" for span in ("short", "long") for name in ("standing_out", "over_limit", "limit_share", "load")
)

# Names of features and their values, shape (rows, names).
Block = tuple[tuple[str, ...], FloatArray]


def symptom_matrix(profile: MachineProfile, sensors: tuple[str, ...]) -> FloatArray:
    """Signed, normalised symptom weights, shape (failure modes, sensors)."""
    matrix = np.zeros((len(profile.failure_modes), len(sensors)))
    place = {name: k for k, name in enumerate(sensors)}
    for row, mode in enumerate(profile.failure_modes):
        for symptom in mode.symptoms:
            if symptom.sensor in place:
                sign = 1.0 if symptom.direction == "rises" else -1.0
                matrix[row, place[symptom.sensor]] = sign * symptom.weight
    total = np.abs(matrix).sum(axis=1, keepdims=True)
    return np.asarray(np.divide(matrix, total, out=np.zeros_like(matrix), where=total > 0))


def _largest_two(values: FloatArray) -> FloatArray:
    """Largest and second largest along the last axis, NaN where there are none; shape (..., 2)."""
    least = np.full((*values.shape[:-1], 2), -np.inf)
    ordered = np.sort(np.concatenate([least, np.where(np.isnan(values), -np.inf, values)], axis=-1), axis=-1)
    two = ordered[..., :-3:-1]
    return np.where(np.isfinite(two), two, np.nan)


def limit_share(sensors: list[Sensor], raw: FloatArray, expected: FloatArray) -> FloatArray:
    """How far each reading has gone from its baseline (0) to its warning limit (1), the worse of both sides."""
    share = np.full(raw.shape, np.nan)
    for column, sensor in enumerate(sensors):
        if sensor.limits is None:
            continue
        base = expected[:, column]
        for limit, sign in ((sensor.limits.warning_high, 1.0), (sensor.limits.warning_low, -1.0)):
            if limit is None:
                continue
            room = np.maximum(sign * (limit - base), 1e-3 * max(abs(limit), 1e-6))
            share[:, column] = np.fmax(share[:, column], sign * (raw[:, column] - base) / room)
    return np.asarray(np.clip(share, -5.0, 5.0))


def canonical_features(
    profile: MachineProfile, stats: dict[str, FloatArray], by_quantity: tuple[str, ...], symptoms: FloatArray
) -> Block:
    """Aggregate per-sensor statistics into columns that every machine type has (NaN where it lacks the quantity).

    ``stats``: statistics of the indicators by name, each (rows, indicators); ``by_quantity`` names those that are also
    kept per quantity; ``symptoms``: ``symptom_matrix`` of the indicators.
    """
    sensors = [s for s in profile.sensors if s.role is SensorRole.INDICATOR]
    values = np.stack(list(stats.values()), axis=1)
    high = np.full((*values.shape[:2], len(Quantity)), np.nan)
    low = high.copy()
    if sensors:
        order, starts, places = _by_quantity(tuple(s.quantity for s in sensors))
        ordered = values[:, :, order]
        high[:, :, places] = np.fmax.reduceat(ordered, starts, axis=2)
        low[:, :, places] = np.fmin.reduceat(ordered, starts, axis=2)
    scores = np.nan_to_num(np.clip(values, -10.0, 20.0)).reshape(-1, len(sensors)) @ symptoms.T
    parts = [
        np.stack([high, low], axis=3).reshape(*values.shape[:2], -1),
        _largest_two(np.abs(values)),
        _largest_two(scores.reshape(*values.shape[:2], len(symptoms))),
    ]
    names, kept = _canonical_names(tuple(stats), by_quantity)
    return names, np.concatenate(parts, axis=2).reshape(len(values), -1)[:, kept]


@lru_cache(maxsize=256)
def _by_quantity(quantities: tuple[Quantity, ...]) -> tuple[IntArray, IntArray, IntArray]:
    """Return an order of sensors that puts those of one quantity together, where each quantity starts, and its place."""
    place = np.array([list(Quantity).index(quantity) for quantity in quantities], dtype=np.int64)
    order = np.argsort(place, kind="stable")
    places, starts = np.unique(place[order], return_index=True)
    return order, starts, places


@lru_cache(maxsize=64)
def _canonical_names(stats: tuple[str, ...], by_quantity: tuple[str, ...]) -> tuple[tuple[str, ...], IntArray]:
    """Return the names of the canonical features, and which of all aggregates they are."""
    width = 2 * len(Quantity) + 4
    names: list[str] = []
    kept: list[int] = []
    for k, name in enumerate(stats):
        if name in by_quantity:
            names += [f"{quantity}_{side}_{name}" for quantity in Quantity for side in ("hi", "lo")]
            kept += range(k * width, (k + 1) * width - 4)
        aggregates = ["any", "second"] if name.startswith(("std", "max")) else ["any", "second", "symptom", "symptom2"]
        names += [f"{aggregate}_{name}" for aggregate in aggregates]
        kept += range((k + 1) * width - 4, (k + 1) * width - 4 + len(aggregates))
    return tuple(names), np.array(kept, dtype=np.int64)


def mode_features(
    profile: MachineProfile, modes: tuple[str, ...], recent: FloatArray, earlier: FloatArray, symptoms: FloatArray
) -> Block:
    """How strongly each mode's symptoms show in the recent and the longer mean; NaN for modes a machine cannot have."""
    own = {mode.name: k for k, mode in enumerate(profile.failure_modes)}
    places = [k for k, mode in enumerate(modes) if mode in own]
    mine = [own[modes[k]] for k in places]
    out = np.full((len(recent), 2, len(modes), 2), np.nan)
    for k, values in enumerate((recent, earlier)):
        scores = np.nan_to_num(np.clip(values, -10.0, 20.0)) @ symptoms.T
        if places:
            out[:, k, places, 0] = scores[:, mine]
            out[:, k, places, 1] = (scores - scores.max(axis=1, keepdims=True))[:, mine]
    return _mode_names(modes), out.reshape(len(recent), -1)


@lru_cache(maxsize=64)
def _mode_names(modes: tuple[str, ...]) -> tuple[str, ...]:
    spans, ends = ("recent", "longer"), ("", "_behind")
    return tuple(f"mode_{mode}_{span}{end}" for span in spans for mode in modes for end in ends)


def crossings(
    profile: MachineProfile,
    windows: TrailingWindows,
    raw: FloatArray,
    expected: FloatArray,
    load: FloatArray,
    widths: tuple[int, int],
) -> Block:
    """Shares of readings that stand out or pass a limit, and the operating load.

    ``widths`` are the rows of the short and the long window in which they are counted.
    """
    z = windows.values
    share = limit_share([s for s in profile.sensors if s.role is SensorRole.INDICATOR], raw, expected)
    flags = np.zeros((len(share), 3))
    if share.shape[1]:
        with np.errstate(invalid="ignore"):
            standing_out, over = _any(np.abs(z) > STANDS_OUT_Z), _any(share >= 1.0)
        flags = np.column_stack([standing_out, over, np.nan_to_num(np.fmax.reduce(share, axis=1))])
    trailing = TrailingWindows(np.column_stack([flags, load]), windows.fresh, since=windows.since)
    return CROSSINGS, np.hstack([trailing.mean(width) for width in widths])


def _any(flags: BoolArray) -> FloatArray:
    return np.asarray(flags.any(axis=1), dtype=np.float64)
