"""A machine's own healthy baseline: what each sensor should read, given how hard the machine is worked.

A small ridge regression on the operating sensors (their level, square and lagged level) is fitted on the first
readings of each sensor and the first after each failure or replacement, never on later rows than those it is used
for. Residuals are in standard deviations of that baseline.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from workbench.domain.equipment import MachineProfile, SensorRole

from .arrays import BoolArray, FloatArray, IntArray, carry_forward, medians
from .ridge import SharedRidge

STAGES = (24, 48, 96, 168, 336)
SETTLED = 168
RIDGE = 1.0
FLOOR = 0.01
OUTLIER_SD = 4.0
LARGEST_Z = 50.0

Epoch = tuple[int, list[slice]]


@dataclass(frozen=True)
class Baseline:
    """Residuals of one machine's running rows, from the first one asked for on.

    ``z``: (rows, indicators), NaN before the first baseline stands; ``expected`` and ``sd`` in the sensor's unit.
    ``load``: mean standardised level of the operating sensors, NaN where there are none.
    """

    z: FloatArray
    expected: FloatArray
    sd: FloatArray
    load: FloatArray


def operating_names(profile: MachineProfile) -> tuple[str, ...]:
    """Names of the sensors that show how hard the machine is worked."""
    return tuple(s.name for s in profile.sensors if s.role is SensorRole.OPERATING)


def indicator_names(profile: MachineProfile) -> tuple[str, ...]:
    """Names of the sensors that show its health."""
    return tuple(s.name for s in profile.sensors if s.role is SensorRole.INDICATOR)


def floors(profile: MachineProfile) -> FloatArray:
    """Smallest standard deviation believed per indicator: a hundredth of its normal range."""
    ranges = [s.normal_high - s.normal_low for s in profile.sensors if s.role is SensorRole.INDICATOR]
    return np.maximum(np.asarray(ranges, dtype=np.float64) * FLOOR, 1e-9)


def _operation(operating: FloatArray, lag_rows: float) -> tuple[FloatArray, FloatArray]:
    """Return how hard the machine is worked at each row, and has been lately: both (rows, sensors), no gaps.

    Standardised by the first rows, so that no later row moves it.
    """
    nothing = np.empty((len(operating), 0))
    if operating.shape[1] == 0 or len(operating) == 0:
        return nothing, nothing
    filled = carry_forward(operating)
    head = filled[: STAGES[0]]
    with np.errstate(all="ignore"):
        usable = ~np.isnan(head).all(axis=0)
    filled, head = filled[:, usable], head[:, usable]
    if filled.shape[1] == 0:
        return nothing, nothing
    if np.isnan(head).any():
        # These take ten times as long.
        middle, deviation = np.nanmedian(head, axis=0), np.nanstd(head, axis=0)
    else:
        middle, deviation = medians(head.T), head.std(axis=0)
    spread = np.maximum(deviation, 1e-3 * np.abs(middle) + 1e-9)
    u = np.minimum(np.maximum((filled - middle) / spread, -LARGEST_Z), LARGEST_Z)
    u[np.isnan(u)] = 0.0
    decay = np.exp(-1.0 / lag_rows)
    start = u[:1] * decay
    return u, lfilter([1 - decay], [1, -decay], u, axis=0, zi=start)[0]


def _design(u: FloatArray, lagged: FloatArray) -> FloatArray:
    """Columns 1, u, u^2 and lagged u."""
    return np.concatenate([np.ones((len(u), 1)), u, u**2, lagged], axis=1)


def _solve(design: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Robust ridge for all sensors at once: fit, drop rows beyond ``OUTLIER_SD``, fit again.

    ``values``: (sensors, rows). Returns coefficients (terms, sensors) and standard deviations; NaN for a sensor with too
    few values.
    """
    terms, used = design.shape[1], ~np.isnan(values)
    count = used.sum(axis=1)
    enough = count >= STAGES[0] // 2
    filled = np.where(used, values, 0.0)
    penalty = np.full(terms, RIDGE)
    penalty[0] = 1e-6
    ridge = SharedRidge(design, filled, penalty)
    for _ in range(2):
        coefficients = ridge.fit(used)
        residual = filled - coefficients @ design.T
        residual[~used] = 0.0
        scale = np.sqrt(np.einsum("ij,ij->i", residual, residual) / np.maximum(count - terms, 1.0))
        used &= np.abs(residual) <= OUTLIER_SD * np.maximum(scale, 1e-12)[:, None]
        before, count = count, used.sum(axis=1)
        if (count == before).all():
            # The same rows would give the same fit again.
            break
    return np.where(enough, coefficients.T, np.nan), np.where(enough, scale, np.nan)


def _epochs(rows: int, resets: IntArray) -> list[Epoch]:
    """When a baseline is fitted anew, and on which rows: ``(first row it serves, spans of rows it is fitted on)``."""
    epochs = [(count, [slice(count)]) for count in STAGES if count <= rows]
    # Of a failure and its repair, or two repairs in one week, only the last begins a life that is known to be healthy.
    ends = np.append(resets[1:], rows)
    settled = [int(start) for start, end in zip(resets, ends, strict=True) if start > 0 and start + SETTLED <= end]
    served = min(STAGES[-1], rows)
    for number, start in enumerate(settled):
        serves = max(start + SETTLED, served)
        parts = [slice(min(STAGES[-1], start)), *(slice(s, s + SETTLED) for s in settled[: number + 1])]
        if serves <= rows:
            epochs.append((serves, parts))
    return epochs


def _schedules(indicators: FloatArray, resets: IntArray) -> list[tuple[IntArray, IntArray, list[Epoch]]]:
    """Columns, the rows that they go by, and their epochs among these: most columns go by all rows of the machine.

    A sensor that was fitted later, or is read once a day, has its baseline in its own first readings.
    """
    rows = len(indicators)
    late = (~np.isnan(indicators[: STAGES[-1]])).sum(axis=0) < STAGES[0] // 2
    out = [(np.flatnonzero(~late), np.arange(rows), _epochs(rows, resets))] if not late.all() else []
    if not late.any():
        return out
    known = ~np.isnan(indicators)
    for column in np.flatnonzero(late & (known.sum(axis=0) >= STAGES[0])):
        mine = np.flatnonzero(known[:, column])
        out.append((np.array([column]), mine, _epochs(len(mine), np.unique(np.searchsorted(mine, resets)))))
    return out


def fit_baseline(
    indicators: FloatArray,
    operating: FloatArray,
    resets: IntArray,
    *,
    smallest_sd: FloatArray,
    lag_rows: float,
    first: int = 0,
) -> Baseline:
    """Standardise the running rows of one machine against its own healthy baseline, causally.

    ``indicators`` and ``operating`` have one row per running reading; ``resets`` are the rows at which a new life or a
    replaced component begins. Rows up to the first stage get no residual (NaN). ``first``: the first row to be
    described, for a caller that needs only the end of the record.
    """
    rows = len(indicators)
    u, lagged = _operation(operating, lag_rows)
    expected = np.full(indicators[first:].shape, np.nan)
    sd = np.full(expected.shape, np.nan)
    for columns, mine, own in _schedules(indicators, resets):
        # An epoch serves from the row after its last reading on.
        serves = [int(mine[count - 1]) + 1 for count, _ in own]
        for begin, stop, (_, parts) in zip(serves, [*serves, rows][1:], own, strict=True):
            begin = max(begin, first)
            if stop <= begin:
                continue
            fitted = np.zeros(len(mine), dtype=bool)
            for part in parts:
                fitted[part] = True
            used = mine[fitted]
            coefficients, deviation = _solve(_design(u[used], lagged[used]), indicators.T[np.ix_(columns, used)])
            expected[begin - first : stop - first, columns] = _design(u[begin:stop], lagged[begin:stop]) @ coefficients
            sd[begin - first : stop - first, columns] = np.maximum(deviation, smallest_sd[columns])
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.minimum(np.maximum((indicators[first:] - expected) / sd, -LARGEST_Z), LARGEST_Z)
    load = u[first:].mean(axis=1) if u.shape[1] else np.full(rows - first, np.nan)
    # What the level of the first rows is measured by is known only after them.
    load[: max(STAGES[0] - first, 0)] = np.nan
    return Baseline(z, expected, sd, load)


def fresh_positions(fresh: IntArray, running: BoolArray) -> IntArray:
    """Translate ``fresh`` from telemetry rows to positions among the running rows, for the running rows."""
    before = np.concatenate([[0], np.cumsum(running)])
    return np.asarray(before[fresh[running]], dtype=np.int64)
