"""How probabilities of several classifiers are mixed and calibrated: shares, and one temperature."""

from __future__ import annotations

import numpy as np

from .arrays import FloatArray

FLOOR = 1e-3
ROUNDS = 6
GAIN = 0.01
TEMPERATURES = np.geomspace(0.25, 6.0, 61)


def brier(truth: FloatArray, probability: FloatArray) -> float:
    """Return the Brier score: the squared error of all classes of a row, averaged over rows."""
    return float(((probability - truth) ** 2).sum(axis=1).mean())


def mixture_shares(truth: FloatArray, held_out: dict[str, FloatArray]) -> dict[str, float]:
    """Return the shares of the mixture: the best family first, then whichever helps most, again and again."""
    chosen: list[str] = []
    total, best = np.zeros_like(truth), np.inf
    for _ in range(ROUNDS):
        scores = {family: brier(truth, (total + a) / (len(chosen) + 1)) for family, a in held_out.items()}
        family = min(scores, key=lambda name: scores[name])
        if scores[family] > best * (1 - GAIN):
            break
        chosen.append(family)
        total, best = total + held_out[family], scores[family]
    return {family: chosen.count(family) / len(chosen) for family in dict.fromkeys(chosen)}


def best_temperature(truth: FloatArray, probability: FloatArray, weight: FloatArray | None) -> float:
    """Return the temperature of least logarithmic loss, rows counted by ``weight``."""
    losses = [-np.average(np.log((tempered(probability, t) * truth).sum(axis=1)), weights=weight) for t in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def tempered(probability: FloatArray, temperature: float) -> FloatArray:
    """Return probabilities sharpened (temperature below 1) or softened (above), none of them 0."""
    powered = np.maximum(probability, FLOOR) ** (1.0 / temperature)
    return np.asarray(powered / powered.sum(axis=1, keepdims=True))
