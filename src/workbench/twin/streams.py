"""Independent random streams: one per seed, machine and purpose, so that neither order nor neighbours matter."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]


def stream(seed: int, *purpose: str) -> np.random.Generator:
    """Return the generator that belongs to ``seed`` and ``purpose``; the same arguments give the same numbers.

    >>> float(stream(0, "pump_1", "load").normal()) == float(stream(0, "pump_1", "load").normal())
    True
    >>> float(stream(0, "pump_1", "load").normal()) == float(stream(0, "pump_2", "load").normal())
    False
    """
    digest = hashlib.sha256("\x1f".join(purpose).encode()).digest()
    words = [int.from_bytes(digest[at : at + 4], "big") for at in range(0, 32, 4)]
    return np.random.default_rng(np.random.SeedSequence([seed, *words]))


def autoregressive(rng: np.random.Generator, steps: int, *, sd: float, time_constant: float) -> Floats:
    """Return a stationary AR(1) series of standard deviation ``sd`` whose correlation falls to 1/e in ``time_constant`` steps."""
    from scipy.signal import lfilter

    keep = float(np.exp(-1.0 / time_constant))
    shocks = rng.normal(0.0, np.sqrt(1.0 - keep**2), steps)
    first = rng.normal()
    series: Floats = lfilter([1.0], [1.0, -keep], shocks, zi=np.array([keep * first]))[0]
    return sd * series


def bursts(rng: np.random.Generator, steps: int, *, per_step: float, mean_length: float) -> Flags:
    """Return which steps lie in a burst; bursts start with probability ``per_step`` and last geometrically long."""
    hit = np.zeros(steps, dtype=bool)
    starts = np.flatnonzero(rng.random(steps) < per_step)
    lengths = rng.geometric(1.0 / mean_length, starts.size)
    for start, length in zip(starts, lengths, strict=True):
        hit[start : start + length] = True
    return hit
