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
    """Largest and second largest per row, NaN where there are none."""
    if values.shape[1] == 0:
        nothing = np.full(len(values), np.nan)
        return nothing, nothing
    ordered = np.sort(np.where(np.isnan(values), -np.inf, values), axis=1)
    second = ordered[:, -2] if values.shape[1] > 1 else np.full(len(values), -np.inf)
    return np.where(np.isfinite(ordered[:, -1]), ordered[:, -1], np.nan), np.where(np.isfinite(second), second, np.nan)


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
    profile: MachineProfile,
    stats: dict[str, FloatArray],
    windows: TrailingWindows,
    raw: FloatArray,
    expected: FloatArray,
    load: FloatArray,
    widths: tuple[int, int],
    by_quantity: tuple[str, ...],
) -> dict[str, FloatArray]:
    """Aggregate per-sensor statistics into columns that every machine type has (NaN where it lacks the quantity).

    ``widths`` are the rows of the short and the long window in which crossings are counted; ``by_quantity`` names the
    statistics that are also kept per quantity.
    """
    sensors = [s for s in profile.sensors if s.role is SensorRole.INDICATOR]
    members = _members(sensors)
    symptoms = symptom_matrix(profile, tuple(s.name for s in sensors))
    rows = len(raw)
    out: dict[str, FloatArray] = {}
    for name, values in stats.items():
        for quantity, columns in members.items() if name in by_quantity else ():
            picked = values[:, columns]
            nothing = np.full(rows, np.nan)
            out[f"{quantity}_hi_{name}"] = np.fmax.reduce(picked, axis=1) if columns else nothing
            out[f"{quantity}_lo_{name}"] = np.fmin.reduce(picked, axis=1) if columns else nothing
        out[f"any_{name}"], out[f"second_{name}"] = _largest_two(np.abs(values))
        if not name.startswith(("std", "max")):
            scores = np.nan_to_num(np.clip(values, -10.0, 20.0)) @ symptoms.T
            out[f"symptom_{name}"], out[f"symptom2_{name}"] = _largest_two(scores)
    share = limit_share(sensors, raw, expected)
    return out | _crossings(windows, share, load, widths)


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


def _crossings(
    windows: TrailingWindows, share: FloatArray, load: FloatArray, widths: tuple[int, int]
) -> dict[str, FloatArray]:
    """Shares of readings that stand out or pass a limit, and the operating load."""
    z = windows.values
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
