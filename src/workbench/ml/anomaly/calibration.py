"""From a detector's raw index to a score from 0 to 1, calibrated on normal rows, and back to how rare it is."""

from __future__ import annotations

import numpy as np
from scipy.stats import genpareto

from workbench.ml.arrays import FloatArray

DECADES = 4.0
LINEAR_DECADES = 3.0
TAIL_SHARE = 0.05
HEAVIEST_TAIL = 0.5
FEWEST_FOR_SHAPE = 10
# Score of what is as strange as one normal reading in twenty thousand: an alarm whatever the threshold.
ONE_IN_TWENTY_THOUSAND = 0.875


def fit_tail(raw: FloatArray) -> dict[str, object]:
    """Describe the upper tail of normal raw indices: quantiles within, generalised Pareto beyond the top 5 %.

    Source: Pickands, "Statistical inference using extreme order statistics", Annals of Statistics 1975.
    """
    ordered = np.sort(raw)
    start = float(np.quantile(ordered, 1 - TAIL_SHARE))
    shape, scale = pareto(ordered[ordered > start] - start, otherwise=float(np.std(ordered)) * 0.3)
    levels = np.linspace(0.0, 1 - TAIL_SHARE, 96)
    return {"levels": levels, "quantiles": np.quantile(ordered, levels), "start": start, "shape": shape, "scale": scale}


def pareto(excess: FloatArray, *, otherwise: float) -> tuple[float, float]:
    """Return shape (0 to 0.5) and scale of the excesses; with under ten the exponential, with none of mean ``otherwise``.

    A bounded tail (negative shape) would call everything beyond it impossible, so it counts as exponential.
    """
    if len(excess) < FEWEST_FOR_SHAPE:
        return 0.0, max(float(np.mean(excess)) if len(excess) else otherwise, 1e-6)
    shape, _, scale = (float(v) for v in genpareto.fit(excess, floc=0.0))
    return float(np.clip(shape, 0.0, HEAVIEST_TAIL)), max(scale, 1e-6)


def score_of(raw: FloatArray, tail: dict[str, object]) -> FloatArray:
    """Return the score of raw indices: 0 up to the median of normal rows, a quarter per decade of rarity, never quite 1.

    The rarity is -log10 of the tail probability among normal rows, doubled; see ``score_of_decades``.
    """
    start, shape, scale = (float(np.asarray(tail[name])) for name in ("start", "shape", "scale"))
    within = 1.0 - np.interp(raw, np.asarray(tail["quantiles"]), np.asarray(tail["levels"]))
    excess = np.maximum(raw - start, 0.0)
    log_beyond = np.log(TAIL_SHARE) + (-excess / scale if shape < 1e-9 else -np.log1p(shape * excess / scale) / shape)
    log_p = np.where(raw > start, log_beyond, np.log(np.maximum(within, 1e-12)))
    return score_of_decades(-(log_p + np.log(2.0)) / np.log(10.0))


def score_of_decades(decades: FloatArray) -> FloatArray:
    """Return the score of a rarity in decades: a quarter per decade up to three, then towards 1 without reaching it.

    What is stranger always scores higher, so that a threshold can lie beyond what was ever seen.

    >>> import numpy as np
    >>> score_of_decades(np.array([-1.0, 1.0, 3.0, 4.0, 103.0])).round(4).tolist()
    [0.0, 0.25, 0.75, 0.875, 0.9975]
    """
    linear = np.clip(decades, 0.0, LINEAR_DECADES) / DECADES
    beyond = np.maximum(decades - LINEAR_DECADES, 0.0)
    return np.asarray(linear + (1.0 - LINEAR_DECADES / DECADES) * beyond / (1.0 + beyond))


def decades_of(score: FloatArray | float) -> FloatArray:
    """Return the rarity in decades of a score, the inverse of ``score_of_decades``.

    >>> decades_of(0.875).round(6).tolist()
    4.0
    """
    given = np.minimum(np.asarray(score, dtype=np.float64), 1.0 - 1e-12)
    room = 1.0 - LINEAR_DECADES / DECADES
    left = np.minimum(1.0 - given, room)
    return np.asarray(np.minimum(given * DECADES, LINEAR_DECADES) + (room - left) / left)
