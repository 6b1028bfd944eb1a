"""Features that machines of different types share: statistics per quantity, and what the profile knows of symptoms."""

from __future__ import annotations

import numpy as np

from workbench.domain.equipment import MachineProfile, Sensor, SensorRole
from workbench.domain.units import Quantity

from .arrays import BoolArray, FloatArray
from .rolling import TrailingWindows

STANDS_OUT_Z = 3.0


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


def _largest_two(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Largest and second largest along the last axis, NaN where there are none."""
    least = np.full((*values.shape[:-1], 2), -np.inf)
    ordered = np.sort(np.concatenate([least, np.where(np.isnan(values), -np.inf, values)], axis=-1), axis=-1)
    two = np.where(np.isfinite(ordered[..., -2:]), ordered[..., -2:], np.nan)
    return two[..., 1], two[..., 0]


def _members(sensors: list[Sensor]) -> dict[Quantity, list[int]]:
    return {q: [k for k, s in enumerate(sensors) if s.quantity is q] for q in Quantity}


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
    profile: MachineProfile, stats: dict[str, FloatArray], by_quantity: tuple[str, ...]
) -> dict[str, FloatArray]:
    """Aggregate per-sensor statistics into columns that every machine type has (NaN where it lacks the quantity).

    ``stats``: statistics of the indicators by name, each (rows, indicators); ``by_quantity`` names those that are also
    kept per quantity.
    """
    sensors = [s for s in profile.sensors if s.role is SensorRole.INDICATOR]
    values = np.stack(list(stats.values()), axis=1)
    nothing = np.full(values.shape[:2], np.nan)
    high, low = {}, {}
    for quantity, columns in _members(sensors).items():
        picked = values[:, :, columns]
        high[quantity] = np.fmax.reduce(picked, axis=2) if columns else nothing
        low[quantity] = np.fmin.reduce(picked, axis=2) if columns else nothing
    largest, second = _largest_two(np.abs(values))
    symptoms = symptom_matrix(profile, tuple(s.name for s in sensors))
    scores = np.nan_to_num(np.clip(values, -10.0, 20.0)).reshape(-1, len(sensors)) @ symptoms.T
    strongest, runner_up = _largest_two(scores.reshape(*values.shape[:2], len(symptoms)))
    out: dict[str, FloatArray] = {}
    for k, name in enumerate(stats):
        for quantity in high if name in by_quantity else ():
            out[f"{quantity}_hi_{name}"], out[f"{quantity}_lo_{name}"] = high[quantity][:, k], low[quantity][:, k]
        out[f"any_{name}"], out[f"second_{name}"] = largest[:, k], second[:, k]
        if not name.startswith(("std", "max")):
            out[f"symptom_{name}"], out[f"symptom2_{name}"] = strongest[:, k], runner_up[:, k]
    return out


def mode_features(
    profile: MachineProfile, modes: tuple[str, ...], recent: FloatArray, earlier: FloatArray
) -> dict[str, FloatArray]:
    """How strongly each mode's symptoms show in the recent and the longer mean; NaN for modes a machine cannot have."""
    sensors = tuple(s.name for s in profile.sensors if s.role is SensorRole.INDICATOR)
    symptoms = symptom_matrix(profile, sensors)
    own = {mode.name: k for k, mode in enumerate(profile.failure_modes)}
    out: dict[str, FloatArray] = {}
    for label, values in (("recent", recent), ("longer", earlier)):
        scores = np.nan_to_num(np.clip(values, -10.0, 20.0)) @ symptoms.T
        lead = scores - scores.max(axis=1, keepdims=True, initial=-np.inf) if scores.size else scores
        nothing = np.full(len(values), np.nan)
        for mode in modes:
            out[f"mode_{mode}_{label}"] = scores[:, own[mode]] if mode in own else nothing
            out[f"mode_{mode}_{label}_behind"] = lead[:, own[mode]] if mode in own else nothing
    return out


def crossings(
    profile: MachineProfile,
    windows: TrailingWindows,
    raw: FloatArray,
    expected: FloatArray,
    load: FloatArray,
    widths: tuple[int, int],
) -> dict[str, FloatArray]:
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
    trailing = TrailingWindows(np.column_stack([flags, load]), windows.fresh)
    short, long = trailing.mean(widths[0]), trailing.mean(widths[1])
    names = ("standing_out", "over_limit", "limit_share", "load")
    out = {f"{name}_short": short[:, k] for k, name in enumerate(names)}
    return out | {f"{name}_long": long[:, k] for k, name in enumerate(names)}


def _any(flags: BoolArray) -> FloatArray:
    return np.asarray(flags.any(axis=1), dtype=np.float64)
