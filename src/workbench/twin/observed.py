"""A machine's record as its twin takes it: even steps, what drives the machine apart from what it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.domain.composition import OUTSIDE
from workbench.domain.equipment import MachineProfile

from .model import TwinModel
from .run import signal_ranges
from .streams import Flags, Floats

# Of an input whose noise makes up more of its variance than this, little is left to learn from.
_MOST_NOISE = 0.5


@dataclass(frozen=True)
class Observed:
    """A record in steps of ``step_h`` hours; each entry is what held during the step that ends at its time.

    ``outside``: signals that drive the twin, arrays of shape (steps,) without gaps. ``readings``: the sensors that the twin
    gives, NaN for gaps; ``noise_sd`` of each, in its unit. ``running``: share of the step in which the machine ran.
    """

    time: pd.DatetimeIndex
    step_h: float
    outside: dict[str, Floats]
    readings: dict[str, Floats]
    noise_sd: dict[str, float]

    @property
    def running(self) -> Floats:
        """Share of each step in which the machine ran."""
        return self.outside["running"]

    def part(self, first: int, last: int | None = None) -> Observed:
        """Return the steps from ``first`` up to ``last``."""
        cut = slice(first, last)
        return Observed(
            self.time[cut],
            self.step_h,
            {name: values[cut] for name, values in self.outside.items()},
            {name: values[cut] for name, values in self.readings.items()},
            self.noise_sd,
        )


def driving_sensors(model: TwinModel) -> dict[str, str]:
    """Return the sensors that read what drives the twin (load, ambient): signal by sensor."""
    drives = {*OUTSIDE, *model.free_inputs}
    return {name: s.signal for name, s in model.composition.sensors.items() if s.signal in drives and s.gain != 0}


def observe(
    model: TwinModel, profile: MachineProfile, frame: pd.DataFrame, running: Floats, *, usual: Mapping[str, float]
) -> Observed:
    """Return the record of ``frame`` (columns ``time`` in even steps, and sensors with NaN for gaps) for the twin.

    ``running``: share of each step in which the machine ran. ``usual``: signals where no sensor reads them. A gap in what
    drives the machine keeps the value before. Noise of such a sensor would make the twin answer too weakly to it, so its
    readings are drawn towards their mean by the share of their variance that is noise (regression calibration; Carroll
    et al., Measurement Error in Nonlinear Models, 2006, chapter 4).
    """
    time = pd.DatetimeIndex(frame["time"])
    step_h = float((time[1] - time[0]) / pd.Timedelta(hours=1)) if len(time) > 1 else 1.0
    runs = running >= 1.0
    outside: dict[str, Floats] = {"running": np.clip(running, 0.0, 1.0)}
    drives, ranges = driving_sensors(model), signal_ranges(model)
    for name, signal in drives.items():
        reading = model.composition.sensors[name]
        start = usual.get(signal, {**OUTSIDE, **model.free_inputs}[signal])
        values = _numbers(frame, name)
        own = np.full(len(frame), start) if values is None else _filled(values, reading.gain * start + reading.offset)
        noise = _stated_noise(profile, name)
        if values is not None and noise and signal == "load":
            own = _drawn_to_mean(own, runs, noise)
        outside[signal] = np.clip((own - reading.offset) / reading.gain, *ranges[signal])
    for signal, value in usual.items():
        outside.setdefault(signal, np.full(len(frame), value))
    readings = {}
    noise_sd = {}
    for name in model.composition.sensors:
        values = _numbers(frame, name)
        if name in drives or values is None:
            continue
        readings[name] = values
        noise_sd[name] = _stated_noise(profile, name) or _seen_noise(values, runs)
    return Observed(time, step_h, outside, readings, noise_sd)


def _numbers(frame: pd.DataFrame, name: str) -> Floats | None:
    return frame[name].to_numpy(dtype=float) if name in frame.columns and frame[name].notna().any() else None


def _filled(values: Floats, start: float) -> Floats:
    return np.asarray(pd.Series(values).ffill().fillna(start), dtype=np.float64)


def _drawn_to_mean(values: Floats, runs: Flags, noise_sd: float) -> Floats:
    if runs.sum() < 2:
        return values
    mean, variance = float(values[runs].mean()), float(values[runs].var())
    noise = min(noise_sd**2 / max(variance, 1e-12), _MOST_NOISE)
    drawn: Floats = np.where(runs, mean + (1.0 - noise) * (values - mean), values)
    return drawn


def _stated_noise(profile: MachineProfile, name: str) -> float:
    response = profile.twin.sensors.get(name) if profile.twin is not None else None
    return response.noise_sd if response is not None else 0.0


def _seen_noise(values: Floats, runs: Flags) -> float:
    """Return the noise of a sensor from the differences of neighbouring readings (robust)."""
    steps = np.diff(values)[runs[1:] & runs[:-1]]
    steps = steps[np.isfinite(steps)]
    if not steps.size:
        return 1.0
    usual = 1.4826 * float(np.median(np.abs(steps - np.median(steps)))) / np.sqrt(2.0)
    return max(float(usual), 1e-6 * float(np.nanmax(np.abs(values), initial=1.0)), 1e-9)
