"""When there is not enough evidence to answer (ML2), and every reason for it in words."""

from __future__ import annotations

import numpy as np

from workbench.domain.predictions import Evidence, Interval

from .arrays import FloatArray
from .trends import SIGNIFICANT, rising_p_values

FAILURES_NEEDED = 5
READINGS_NEEDED = 30
OUTSIDE_SHARE = 0.1
NO_READINGS = "no reading of the running machine"
MARGIN = 0.25


def failures_reason(failures: int) -> str | None:
    """Say how many failures are lacking.

    >>> failures_reason(0)
    '0 of 5 failures needed'
    """
    return f"{failures} of {FAILURES_NEEDED} failures needed" if failures < FAILURES_NEEDED else None


def readings_reason(readings: int) -> str | None:
    """Say that too few readings stand since the last reset."""
    if readings >= READINGS_NEEDED:
        return None
    return f"{readings} of {READINGS_NEEDED} running readings needed since the last failure or replacement"


def record_reason(readings: int) -> str | None:
    """Say that the whole record is too short to judge a machine by.

    >>> record_reason(1)
    '1 of 30 running readings needed'
    """
    return f"{readings} of {READINGS_NEEDED} running readings needed" if readings < READINGS_NEEDED else None


def trend_reason(series: FloatArray) -> str | None:
    """Say that no condition indicator shows a monotone trend, over all of ``series``, its last half or quarter.

    Indicators (one series, or one a column) rise with wear, so only a rise counts: one-sided tests. Wear often begins
    late, so a trend in the last part counts; the p-value pays for the looks at each indicator (Bonferroni).
    """
    indicators = series if series.ndim > 1 else series[:, None]
    lengths = [n for n in (len(series), len(series) // 2, len(series) // 4) if n >= READINGS_NEEDED]
    looks = rising_p_values(indicators, lengths)
    p_value = min(float(looks.min(initial=1.0)) * looks.size, 1.0) if looks.size else 1.0
    if p_value <= SIGNIFICANT:
        return None
    chance = f"{100 * p_value:.0f}" if p_value >= 0.1 else f"{100 * p_value:.2g}"
    return f"no steady trend of wear (chance alone gives as much in {chance} % of cases; needed: at most 1 %)"


def outside_share(row: FloatArray, low: FloatArray, high: FloatArray) -> float:
    """Share of features outside the range seen in training, widened by a quarter."""
    margin = MARGIN * np.maximum(high - low, 1e-9)
    known = ~np.isnan(row) & ~np.isnan(low) & ~np.isnan(high)
    if not known.any():
        return 1.0
    beyond = (row < low - margin) | (row > high + margin)
    return float(beyond[known].mean())


def support_reason(row: FloatArray, low: FloatArray, high: FloatArray) -> str | None:
    """Say that the machine is outside what training has seen."""
    share = outside_share(row, low, high)
    if share <= OUTSIDE_SHARE:
        return None
    return f"outside training support: {100 * share:.0f} % of the features lie beyond the range seen in training"


def width_reason(own: Interval, prior: Interval | None) -> str | None:
    """Say that the model's interval is wider than the population's at this age, both as they are shown.

    An open end of the model's own says "more", nobody knows by how much: then both are compared as far as it looks.

    >>> own = Interval(median=300, lower=5, upper=720, upper_open=True)
    >>> width_reason(own, Interval(median=900, lower=100, upper=2000))
    'the interval is wider than that of the population at this age'
    """
    end = own.upper if own.upper_open else np.inf
    if prior is None or own.upper - own.lower <= min(prior.upper, end) - min(prior.lower, end):
        return None
    return "the interval is wider than that of the population at this age"


def weigh(*reasons: str | None) -> Evidence:
    """Gather reasons into evidence; enough when there is none.

    >>> weigh(failures_reason(0), None).in_words()
    'not enough evidence: 0 of 5 failures needed'
    """
    given = tuple(reason for reason in reasons if reason)
    return Evidence(enough=not given, reasons=given)
