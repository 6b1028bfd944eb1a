"""Monotone trends: the Mann-Kendall test corrected for autocorrelation, and Sen's slope."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from workbench.domain.equipment import MachineProfile, SensorRole
from workbench.domain.predictions import Trend

from .arrays import NS_PER_H, BoolArray, FloatArray, IntArray, carry_forward, known_mean, medians
from .ridge import SharedRidge

BLOCKS = 40
# Blocks of a single series; with fewer, the correction of its variance costs more power.
FINE_BLOCKS = 125
LEAST_BLOCKS = 10
LEAST_ROWS = 30
SIGNIFICANT = 0.01
CURVE = 3
TINY = 1e-12
BIAS = 4.0
NS_PER_DAY = 24 * NS_PER_H


def trend_p_values(values: FloatArray) -> FloatArray:
    """Return the two-sided p-values of the Mann-Kendall test for each column of ``values`` (no NaN); 1 for fewer than four rows.

    >>> import numpy as np
    >>> bool(trend_p_values(np.arange(20.0)[:, None] * 2)[0] < 1e-4)
    True
    """
    return np.asarray(2 * ndtr(-np.abs(_mann_kendall(values))))


def _mann_kendall(values: FloatArray) -> FloatArray:
    """Return the standardised statistic of the Mann-Kendall test for each column, above 0 where it rises.

    The variance is corrected by the effective sample size of an AR(1) process and never made smaller. The lag-1
    correlation is taken around a cubic, because a bent trend around a straight line looks like correlation and would
    hide itself; its small-sample bias is added back.
    Source: Yue and Wang, "The Mann-Kendall test modified by effective sample size to detect trend in serially
    correlated hydrological series", Water Resources Management 18, 2004.
    """
    n, columns = values.shape
    if n < 4:
        return np.zeros(columns)
    series = np.ascontiguousarray(values.T)
    greater = series[:, :, None] > series[:, None, :]
    # Sums of ones below 2^24 are exact in single precision.
    score = (greater.reshape(columns, n * n).astype(np.float32) @ _orders(n)).astype(np.float64)
    curve = _curve(n)
    residual = series - (series @ curve) @ curve.T
    centred = series - series.mean(axis=1, keepdims=True)
    smallest = 1e-9 * _products(centred, centred) + 1e-300
    lag_one = _products(residual[:, 1:], residual[:, :-1]) / np.maximum(_products(residual, residual), smallest)
    lag_one = np.minimum(np.maximum((lag_one + BIAS / n) / (1 - min(BIAS / n, 0.5)), 0.0), 0.9)
    variance = n * (n - 1) * (2 * n + 5) / 18 * (1 + lag_one) / (1 - lag_one)
    return np.asarray(np.sign(score) * np.maximum(np.abs(score) - 1, 0.0) / np.sqrt(variance))


def _products(left: FloatArray, right: FloatArray) -> FloatArray:
    """Sum the products along each row."""
    return np.asarray(np.einsum("ij,ij->i", left, right))


def sens_slopes(values: FloatArray) -> FloatArray:
    """Return the median slope per step over all pairs of steps, for each column; 0 for fewer than four rows.

    Source: Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 1968.

    >>> import numpy as np
    >>> sens_slopes(np.arange(20.0)[:, None] * 2).tolist()
    [2.0]
    """
    n, columns = values.shape
    if n < 4:
        return np.zeros(columns)
    (i, j), series = _pairs(n), values.T
    return medians((series[:, j] - series[:, i]) / (j - i))


@lru_cache(maxsize=BLOCKS)
def _pairs(n: int) -> tuple[IntArray, IntArray]:
    """All pairs of steps, the earlier first."""
    return np.triu_indices(n, 1)


@lru_cache(maxsize=BLOCKS)
def _orders(n: int) -> npt.NDArray[np.float32]:
    """Return 1 for each step with an earlier one, -1 with a later one: Kendall's score sums them where the first is greater."""
    step = np.arange(n)
    return np.asarray(np.sign(step[:, None] - step[None, :]).ravel(), dtype=np.float32)


@lru_cache(maxsize=BLOCKS)
def _curve(n: int) -> FloatArray:
    """Orthonormal columns that span the cubics over ``n`` steps."""
    return np.linalg.qr(np.vander(np.linspace(-1.0, 1.0, n), min(CURVE + 1, n - 2)))[0]


def block_means(values: FloatArray, blocks: int = BLOCKS) -> FloatArray:
    """Average rows into at most ``blocks`` equal blocks, so that long windows stay quick; gaps are skipped.

    A block of gaps takes the value of the block before it, a leading one that of the next.
    """
    return _means_between(values, _starts(len(values), blocks))


@lru_cache(maxsize=BLOCKS)
def _starts(rows: int, blocks: int) -> IntArray:
    """Return where each of ``blocks`` equal blocks of ``rows`` begins."""
    return np.linspace(0, rows, min(blocks, rows) + 1).astype(np.int64)[:-1]


def _means_between(values: FloatArray, starts: IntArray) -> FloatArray:
    """Average the rows of the blocks that begin at ``starts``."""
    known = ~np.isnan(values)
    if known.all():
        return np.asarray(np.add.reduceat(values, starts, axis=0) / np.diff(starts, append=len(values))[:, None])
    count = np.add.reduceat(known.astype(np.float64), starts, axis=0)
    total = np.add.reduceat(np.where(known, values, 0.0), starts, axis=0)
    if count.all():
        return np.asarray(total / count)
    means = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
    return carry_forward(carry_forward(means)[::-1])[::-1]


def _daily_means(values: FloatArray, time: IntArray) -> tuple[FloatArray, float]:
    """Average rows over whole days, so that a daily rhythm of the load is no trend; return means and days per block.

    A window too short for ``LEAST_BLOCKS`` days is cut into equal blocks.
    """
    days = float(time[-1] - time[0]) / NS_PER_DAY
    if days < LEAST_BLOCKS:
        means = block_means(values)
        return means, days / len(means)
    length = int(np.ceil(days / BLOCKS))
    ago = (time[-1] - time) // (length * NS_PER_DAY)
    starts = np.append(0, 1 + np.flatnonzero(ago[1:] != ago[:-1]))
    return _means_between(values, starts), float(length)


def rising_p_values(values: FloatArray, lengths: Sequence[int]) -> FloatArray:
    """One-sided p-values of the Mann-Kendall test that columns of ``values`` rise over their last rows.

    Shape (lengths, columns), for each number of rows in ``lengths``. Rows with a gap are skipped; 1 where too few are left.

    >>> import numpy as np
    >>> up = np.arange(30.0)
    >>> (rising_p_values(np.column_stack([up, -up]), [30]) < 1e-4).tolist()
    [[True, False]]
    """
    gaps = np.isnan(values)
    broken = np.asarray(gaps.any(axis=1)) if gaps.any() else np.zeros(len(values), dtype=bool)
    means = [block_means(values[-n:][~broken[-n:]], FINE_BLOCKS) for n in lengths]
    p_values = np.ones((len(lengths), values.shape[1]))
    # As many blocks of each length are tested together.
    for size in {len(one) for one in means if len(one) >= LEAST_BLOCKS}:
        mine = [k for k, one in enumerate(means) if len(one) == size]
        statistic = _mann_kendall(np.concatenate([means[k] for k in mine], axis=1))
        p_values[mine] = ndtr(-statistic).reshape(len(mine), -1)
    return p_values


def find_trends(profile: MachineProfile, names: tuple[str, ...], values: FloatArray, time: IntArray) -> list[Trend]:
    """Find significant trends of sensors over the given running rows, surest first.

    What the operating sensors (load, ambient) explain within the window is taken out of the others first. Wear often
    begins late, so the last half and quarter are looked at too; the p-value pays for the looks (Bonferroni).

    ``values``: (rows, sensors) in the sensors' units; ``time`` in ns.
    """
    known = (~np.isnan(values)).sum(axis=0) >= max(LEAST_BLOCKS, len(values) // 2) if len(values) else np.zeros(0, bool)
    if len(values) < LEAST_BLOCKS or not known.any():
        return []
    sensors = {sensor.name: sensor for sensor in profile.sensors}
    picked = [sensors[name] for name, keep in zip(names, known, strict=True) if keep]
    operating = np.array([sensor.role is SensorRole.OPERATING for sensor in picked])
    corrected = without_load(values[:, known], operating)
    lengths = [n for n in (len(values), len(values) // 2, len(values) // 4) if n >= LEAST_ROWS] or [len(values)]
    found: dict[str, Trend] = {}
    for length in lengths:
        means, days_per_block = _daily_means(corrected[-length:], time[-length:])
        if days_per_block <= 0:
            continue
        paid_for = np.minimum(1.0, trend_p_values(means) * len(lengths))
        sure = np.flatnonzero(paid_for < SIGNIFICANT)
        if not len(sure):
            continue
        for k, slope in zip(sure, sens_slopes(means[:, sure]), strict=True):
            sensor, paid = picked[k], float(paid_for[k])
            if slope != 0 and (sensor.name not in found or paid < found[sensor.name].p_value):
                per_day = float(slope / days_per_block)
                found[sensor.name] = Trend(sensor=sensor.name, per_day=per_day, p_value=paid, unit=sensor.unit)
    return sorted(found.values(), key=lambda trend: trend.p_value)


def without_load(values: FloatArray, operating: BoolArray) -> FloatArray:
    """Take out of each indicator column what the operating columns explain linearly; gaps stay gaps.

    >>> import numpy as np
    >>> load = np.array([0.0, 1.0, 0.0, 1.0])
    >>> without_load(np.column_stack([load, 5 + 2 * load]), np.array([True, False]))[:, 1].round(6).tolist()
    [6.0, 6.0, 6.0, 6.0]
    """
    out = values.copy()
    if not operating.any() or operating.all():
        return out
    middle = known_mean(values[:, operating], axis=0)
    drive = values[:, operating] - middle
    drive[np.isnan(drive)] = 0.0
    spread = np.sqrt((drive**2).mean(axis=0))
    design = np.ones((len(values), 1 + drive.shape[1]))
    design[:, 1:] = drive / np.where(spread > TINY * np.abs(middle), spread, 1.0)
    others = values.T[~operating]
    known = ~np.isnan(others)
    # Hardly a penalty: it only tells operating sensors apart that say the same, or nothing at all.
    ridge = SharedRidge(design, np.where(known, others, 0.0), np.full(design.shape[1], TINY * len(values)))
    out[:, ~operating] -= design[:, 1:] @ ridge.fit(known)[:, 1:].T
    return out
