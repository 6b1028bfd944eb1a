"""Features that machines of different types share: statistics per quantity, and what the profile knows of symptoms."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from workbench.domain.equipment import MachineProfile, Sensor, SensorRole
from workbench.domain.units import Quantity

from .arrays import FloatArray, IntArray
from .rolling import TrailingWindows

STANDS_OUT_Z = 3.0
PASSAGE = "limit_passage_short"
CROSSINGS = (
    *(f"{name}_{span}" for span in ("short", "long") for name in ("standing_out", "over_limit", "limit_share", "load")),
    PASSAGE,
)
# An indicator that does not move is taken to need this many life units to its limit; none is told more than the longest.
STILL, LONGEST_PASSAGE = 3000.0, 5000.0

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
    return np.asarray(matrix / np.where(total > 0, total, 1.0))


def symptom_scores(values: FloatArray, symptoms: FloatArray) -> FloatArray:
    """How strongly each mode's symptoms show in deviations ``values``, (..., sensors); a gap shows nothing."""
    bounded = np.minimum(np.maximum(values, -10.0), 20.0)
    bounded[np.isnan(bounded)] = 0.0
    return np.asarray(bounded.reshape(-1, values.shape[-1]) @ symptoms.T).reshape(*values.shape[:-1], len(symptoms))


def _largest_two(values: FloatArray) -> FloatArray:
    """Largest and second largest along the last axis, NaN where there are none; shape (..., 2)."""
    known = np.where(np.isnan(values), -np.inf, values)
    if values.shape[-1] < 2:
        known = np.concatenate([np.full((*values.shape[:-1], 2), -np.inf), known], axis=-1)
    two = np.sort(known, axis=-1)[..., :-3:-1]
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
    profile: MachineProfile,
    stats: tuple[str, ...],
    values: FloatArray,
    by_quantity: tuple[str, ...],
    scores: FloatArray,
) -> Block:
    """Aggregate per-sensor statistics into columns that every machine type has (NaN where it lacks the quantity).

    ``values``: the statistics ``stats`` of the indicators, (rows, statistics, indicators); ``by_quantity`` names those
    that are also kept per quantity; ``scores``: their ``symptom_scores``.
    """
    sensors = [s for s in profile.sensors if s.role is SensorRole.INDICATOR]
    ends = np.full((*values.shape[:2], len(Quantity), 2), np.nan)
    if sensors:
        order, starts, places = _by_quantity(tuple(s.quantity for s in sensors))
        ordered = values[:, :, order]
        ends[:, :, places, 0] = np.fmax.reduceat(ordered, starts, axis=2)
        ends[:, :, places, 1] = np.fmin.reduceat(ordered, starts, axis=2)
    parts = [ends.reshape(*values.shape[:2], -1), _largest_two(np.abs(values)), _largest_two(scores)]
    names, kept = _canonical_names(stats, by_quantity)
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


def mode_features(profile: MachineProfile, modes: tuple[str, ...], scores: FloatArray) -> Block:
    """How strongly each mode's symptoms show in the recent and the longer mean; NaN for modes a machine cannot have.

    ``scores``: ``symptom_scores`` of the two means, (rows, 2, failure modes of the machine).
    """
    own = {mode.name: k for k, mode in enumerate(profile.failure_modes)}
    places = [k for k, mode in enumerate(modes) if mode in own]
    out = np.full((len(scores), 2, len(modes), 2), np.nan)
    if places:
        mine = [own[modes[k]] for k in places]
        out[:, :, places, 0] = scores[:, :, mine]
        out[:, :, places, 1] = (scores - scores.max(axis=2, keepdims=True))[:, :, mine]
    return _mode_names(modes), out.reshape(len(scores), -1)


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
    per_row: float,
) -> Block:
    """Shares of readings that stand out or pass a limit, the operating load, and the time to a limit.

    ``widths`` are the rows of the short and the long window in which they are counted, of ``per_row`` life units each.
    """
    z = windows.values
    share = limit_share([s for s in profile.sensors if s.role is SensorRole.INDICATOR], raw, expected)
    shown = np.zeros((len(share), 4))
    if share.shape[1]:
        shown[:, 0] = (np.abs(z) > STANDS_OUT_Z).any(axis=1)
        shown[:, 1] = (share >= 1.0).any(axis=1)
        largest = np.fmax.reduce(share, axis=1)
        shown[:, 2] = np.where(np.isnan(largest), 0.0, largest)
    shown[:, 3] = load
    trailing = TrailingWindows(shown, windows.fresh, since=windows.since)
    short, long = trailing.mean(np.array(widths)[:, None])
    # The two means are of times half the difference of the windows apart.
    apart = max(0.5 * (widths[1] - widths[0]) * per_row, per_row)
    passage = log_passage(short[:, [2]], (short[:, [2]] - long[:, [2]]) / apart)
    return CROSSINGS, np.concatenate([short, long, passage], axis=1)


def log_passage(share: FloatArray, rate: FloatArray) -> FloatArray:
    """Return the logarithm of the life units in which a share of a limit gets to the limit at its present rate.

    That is the median of a Brownian motion with drift (as of ``DegradationPath``) whose drift is the rise of late; one that
    falls or stands counts as one that gets there in ``STILL`` from its baseline.

    >>> np.exp(log_passage(np.array([0.0, 0.5, 1.0]), np.array([0.0, 0.0097, 0.1]))).round().tolist()
    [3000.0, 50.0, 1.0]
    """
    units = (1.0 - share) / (np.maximum(rate, 0.0) + 1.0 / STILL)
    return np.log(np.clip(units, 1.0, LONGEST_PASSAGE))
