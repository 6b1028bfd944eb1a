"""What the plant records of a machine: asset events, counts of units made, and the rows that never arrive."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.domain.equipment import MachineProfile
from workbench.domain.observations import EventKind

from .environment import DOWN
from .faults import FAILURE, OPEN, FaultHistory
from .sensors import Disturbance
from .streams import Flags, Floats, bursts

INSPECTION_EVERY_H = 720.0
LUBRICATION_EVERY_H = 1440.0
STRAY_ERRORS_PER_H = 0.004
ERRORS_PER_H_AT_FAILURE = 0.03

# An event before it has a machine and a time: (step, kind, cause).
Happening = tuple[int, EventKind, str]


def repairs(history: FaultHistory) -> list[Happening]:
    """Return failures and replacements; a fault found in time has a replacement and no failure."""
    found: list[Happening] = []
    for episode in history.episodes:
        if episode.outcome == OPEN or episode.end_step is None or episode.swap_step is None:
            continue
        if episode.outcome == FAILURE:
            found.append((episode.end_step, EventKind.FAILURE, episode.mode))
        else:
            found.append((episode.end_step, EventKind.INSPECTION, episode.mode))
        if episode.swap_step < history.states.size:
            found.append((episode.swap_step, EventKind.REPLACEMENT, episode.mode))
    return found


def errors(
    profile: MachineProfile, damage: Mapping[str, Floats], running: Flags, rng: np.random.Generator
) -> list[Happening]:
    """Return error codes: a few at random, and more of the indicator's kind as damage grows. Weak evidence by design."""
    kinds = sorted({f"E_{sensor.quantity.value.upper()}" for sensor in profile.sensors} | {"E_COMMUNICATION"})
    stray = np.flatnonzero(running & (rng.random(running.size) < STRAY_ERRORS_PER_H))
    found = [(int(step), EventKind.ERROR, str(rng.choice(kinds))) for step in stray]
    for mode in sorted(damage):
        described = profile.failure_mode(mode)
        chance = ERRORS_PER_H_AT_FAILURE * damage[mode]
        hits = np.flatnonzero(running & (rng.random(running.size) < chance))
        if described is not None:
            code = f"E_{profile.sensor(described.indicator).quantity.value.upper()}"
            found += [(int(step), EventKind.ERROR, code) for step in hits]
    return found


def upkeep(steps: int, disturbances: list[Disturbance], rng: np.random.Generator) -> list[Happening]:
    """Return inspections, lubrication, and the calibration that ends a sensor's drift."""
    found: list[Happening] = []
    for every, kind, cause in (
        (INSPECTION_EVERY_H, EventKind.INSPECTION, "routine"),
        (LUBRICATION_EVERY_H, EventKind.MAINTENANCE, "lubrication"),
    ):
        at = rng.uniform(0.0, every)
        while at < steps:
            found.append((int(at), kind, cause))
            at += every * rng.uniform(0.9, 1.1)
    drifts = [item for item in disturbances if item.kind == "sensor_drift" and item.last < steps - 1]
    return found + [(item.last + 1, EventKind.MAINTENANCE, f"calibration {item.sensors[0]}") for item in drifts]


def stops(history: FaultHistory) -> list[Happening]:
    """Return the starts of short unplanned stops, those that no failure explains."""
    down = history.states == DOWN
    failed = {episode.end_step for episode in history.episodes if episode.outcome == FAILURE}
    starts = np.flatnonzero(down & ~np.concatenate(([False], down[:-1])))
    return [(int(step), EventKind.STOP, "minor_stop") for step in starts if int(step) not in failed]


def counts(duty: str, load: Floats, running: Flags, worst: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return units made and good units in each hour; NaN where a machine's duty makes nothing to count.

    Quality falls a little with ``worst``, the largest damage of any mode.
    """
    steps = load.size
    if duty not in ("two_shift", "day_shift", "batch"):
        return np.full(steps, np.nan), np.full(steps, np.nan)
    rate = rng.uniform(40.0, 160.0)
    total = np.where(running, rng.poisson(rate * load), 0)
    quality = np.clip(rng.normal(0.985, 0.004) - 0.03 * worst, 0.0, 1.0)
    return total.astype(float), rng.binomial(total, quality).astype(float)


def arriving(steps: int, rng: np.random.Generator) -> Flags:
    """Return which hours' rows arrive at all; the last one always does."""
    kept = ~bursts(rng, steps, per_step=0.0006, mean_length=4.0)
    kept[-1] = True
    return kept
