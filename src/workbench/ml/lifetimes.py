"""How long machines of a population live: Kaplan-Meier, and the life that is left at a given age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.domain.observations import MachineData
from workbench.domain.predictions import Interval

from .arrays import FloatArray
from .life import timeline


@dataclass(frozen=True)
class Lifetimes:
    """Lives seen so far: durations at which they ended or were last seen, and whether they ended in failure.

    Source of the estimator: Kaplan and Meier, "Nonparametric estimation from incomplete observations", JASA 1958.
    Beyond the longest life seen the hazard is taken as constant (failures over exposure).
    """

    duration: FloatArray
    failed: FloatArray

    @property
    def failures(self) -> int:
        """Lives that ended in failure."""
        return int(self.failed.sum())

    def curve(self) -> tuple[FloatArray, FloatArray]:
        """Return times of failure and the survival just after each."""
        times = np.unique(self.duration[self.failed > 0])
        ordered = np.sort(self.duration)
        at_risk = len(ordered) - np.searchsorted(ordered, times, side="left")
        ends = np.sort(self.duration[self.failed > 0])
        died = np.searchsorted(ends, times, side="right") - np.searchsorted(ends, times, side="left")
        return times, np.asarray(np.cumprod(1.0 - died / np.maximum(at_risk, 1)), dtype=np.float64)

    def survival(self, at: FloatArray) -> FloatArray:
        """P(life > at)."""
        times, survival = self.curve()
        if len(times) == 0:
            return np.ones(len(at))
        steps = np.concatenate([[1.0], survival])
        value = steps[np.searchsorted(times, at, side="right")]
        last = times[-1]
        floor = survival[-2] / 2 if survival[-1] <= 0 and len(survival) > 1 else survival[-1]
        floor = max(float(floor), 1e-3)
        rate = self.failures / max(float(self.duration.sum()), 1e-9)
        return np.asarray(np.where(at >= last, floor * np.exp(-rate * np.maximum(at - last, 0.0)), value))

    def fails_within(self, age: float, horizon: float) -> float:
        """P(life <= age + horizon | life > age)."""
        now, then = self.survival(np.array([age, age + horizon]))
        return float(np.clip(1.0 - then / now, 0.0, 1.0)) if now > 0 else 1.0

    def remaining(self, age: float, *, cap: float | None = None) -> Interval | None:
        """Median and 90 % interval of the life left at ``age``; None when no life ended in failure.

        An end that survival does not fall to within twelve times the longest life seen is open and stands at that
        furthest point (or at ``cap``): the life is longer, nobody knows by how much.
        """
        if self.failures == 0:
            return None
        span = max(float(self.duration.max()), 1e-9)
        grid = np.concatenate([np.linspace(0.0, span, 2001), span * np.linspace(1.002, 12.0, 1500)])
        survival = self.survival(age + grid)
        share = survival / max(float(survival[0]), 1e-12)
        # ``share`` never rises, so what lies above a level comes first; ``argmax`` would say 0 for a level not reached.
        lower, median, upper = (
            float(grid[min(int(np.count_nonzero(share > level)), len(grid) - 1)]) for level in (0.95, 0.5, 0.05)
        )
        median_open, upper_open = (bool(share[-1] > level) for level in (0.5, 0.05))
        if cap is not None:
            median_open, upper_open = median_open or median >= cap, upper_open or upper >= cap
            lower, median, upper = min(lower, cap), min(median, cap), min(upper, cap)
        return Interval(median=median, lower=lower, upper=upper, upper_open=upper_open, median_open=median_open)

    def state(self) -> dict[str, Any]:
        """Return the lives as arrays, for the artefact."""
        return {"duration": self.duration, "failed": self.failed}

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Lifetimes:
        """Rebuild from ``state()``."""
        return cls(np.asarray(state["duration"]), np.asarray(state["failed"]))


def collect_lifetimes(fleet: Sequence[MachineData]) -> Lifetimes:
    """Collect the lives of ``fleet``: from new or a failure to the next failure, or to a replacement or the record's end.

    A first life whose beginning nobody saw counts from the first reading or event on (so it is rather too short).
    """
    durations: list[float] = []
    failed: list[float] = []
    for machine in fleet:
        clock = timeline(machine)
        if len(clock.time) == 0 and len(clock.failures.time) == 0:
            continue
        start = float(clock.life[0] - clock.age[0]) if len(clock.age) and np.isfinite(clock.age[0]) else None
        if start is None:
            start = float(clock.life[0]) if len(clock.life) else float(clock.failures.life[0])
        end = float(clock.life[-1]) if len(clock.life) else float(clock.failures.life[-1])
        for moment in clock.failures.life:
            if moment > start:
                durations.append(float(moment) - start)
                failed.append(1.0)
            start = max(start, float(moment))
        if end > start:
            durations.append(end - start)
            failed.append(0.0)
    return Lifetimes(np.asarray(durations), np.asarray(failed))
