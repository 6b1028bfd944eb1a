"""Monotone trends: the Mann-Kendall test corrected for autocorrelation, and Sen's slope."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from workbench.domain.equipment import MachineProfile
from workbench.domain.predictions import Trend

from .arrays import NS_PER_H, FloatArray, IntArray

BLOCKS = 40
LEAST_BLOCKS = 10
SIGNIFICANT = 0.01
CURVE = 3
BIAS = 4.0
NS_PER_DAY = 24 * NS_PER_H


def mann_kendall(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return two-sided p-values and Sen's slopes per step for each column of ``values`` (no NaN).

    The variance is corrected by the effective sample size of an AR(1) process and never made smaller. The lag-1
    correlation is taken around a cubic, because a bent trend around a straight line looks like correlation and would
    hide itself; its small-sample bias is added back.
    Source: Yue and Wang, "The Mann-Kendall test modified by effective sample size to detect trend in serially
    correlated hydrological series", Water Resources Management 18, 2004.

    >>> import numpy as np
    >>> p, slope = mann_kendall(np.arange(20.0)[:, None] * 2)
    >>> bool(p[0] < 1e-4), float(slope[0])
    (True, 2.0)
    """
    n, columns = values.shape
    if n < 4:
        return np.ones(columns), np.zeros(columns)
    i, j = np.triu_indices(n, 1)
    difference = values[j] - values[i]
    score = np.sign(difference).sum(axis=0)
    slope = np.median(difference / (j - i)[:, None], axis=0)
    powers = np.vander(np.linspace(-1.0, 1.0, n), min(CURVE + 1, n - 2))
    residual = values - powers @ np.linalg.lstsq(powers, values, rcond=None)[0]
    smallest = 1e-9 * ((values - values.mean(axis=0)) ** 2).sum(axis=0) + 1e-300
    lag_one = (residual[1:] * residual[:-1]).sum(axis=0) / np.maximum((residual**2).sum(axis=0), smallest)
    lag_one = np.clip((lag_one + BIAS / n) / (1 - min(BIAS / n, 0.5)), 0.0, 0.9)
    variance = n * (n - 1) * (2 * n + 5) / 18 * (1 + lag_one) / (1 - lag_one)
    statistic = np.where(score == 0, 0.0, (np.abs(score) - 1) / np.sqrt(variance))
    return np.asarray(2 * ndtr(-statistic)), slope


def block_means(values: FloatArray, blocks: int = BLOCKS) -> FloatArray:
    """Average rows into at most ``blocks`` equal blocks, so that long windows stay quick; gaps are skipped.

    A block of gaps takes the value of the block before it, a leading one that of the next.
    """
    edges = np.linspace(0, len(values), min(blocks, len(values)) + 1).astype(np.int64)
    starts = edges[:-1]
    known = ~np.isnan(values)
    count = np.add.reduceat(known.astype(np.float64), starts, axis=0)
    total = np.add.reduceat(np.where(known, values, 0.0), starts, axis=0)
    means = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
    for k in range(1, len(means)):
        means[k] = np.where(np.isnan(means[k]), means[k - 1], means[k])
    for k in range(len(means) - 2, -1, -1):
        means[k] = np.where(np.isnan(means[k]), means[k + 1], means[k])
    return means


def trend_p_value(series: FloatArray) -> float:
    """P-value of a monotone trend in one series (1 where it is too short)."""
    series = series[~np.isnan(series)]
    if len(series) < LEAST_BLOCKS:
        return 1.0
    return float(mann_kendall(block_means(series[:, None]))[0][0])


def find_trends(profile: MachineProfile, names: tuple[str, ...], values: FloatArray, time: IntArray) -> list[Trend]:
    """Find significant trends of sensors over the given running rows, steepest (by p-value) first.

    ``values``: (rows, sensors) in the sensors' units; ``time`` in ns.
    """
    known = (~np.isnan(values)).sum(axis=0) >= max(LEAST_BLOCKS, len(values) // 2) if len(values) else np.zeros(0, bool)
    if len(values) < LEAST_BLOCKS or not known.any():
        return []
    means = block_means(values[:, known])
    p_values, slopes = mann_kendall(means)
    days = float(time[-1] - time[0]) / NS_PER_DAY
    if days <= 0:
        return []
    picked = [name for name, keep in zip(names, known, strict=True) if keep]
    found = [
        Trend(sensor=name, per_day=float(slope * len(means) / days), p_value=float(p), unit=profile.sensor(name).unit)
        for name, p, slope in zip(picked, p_values, slopes, strict=True)
        if p < SIGNIFICANT and slope != 0
    ]
    return sorted(found, key=lambda trend: trend.p_value)
