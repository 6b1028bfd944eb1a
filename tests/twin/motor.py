"""A motor whose true parameters are known: runs of its own twin, read with noise, gaps and outliers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import numpy as np
import pandas as pd

from workbench.catalog import load_catalogue
from workbench.twin.calibration import calibrate
from workbench.twin.injection import set_damage
from workbench.twin.model import compile_twin
from workbench.twin.observed import Observed, observe
from workbench.twin.run import run_twin
from workbench.twin.streams import autoregressive

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
PROFILE = next(one for one in load_catalogue().machines if one.machine_id == "motor_weg_w22_003")
MODEL = compile_twin(PROFILE)
USUAL = {"load": 0.72, "ambient_C": 20.0}


@dataclass(frozen=True)
class Lived:
    """A motor that lived: its true parameters and damage, and what was read of it."""

    truth: dict
    observed: Observed
    state: np.ndarray
    damage: dict
    frame: pd.DataFrame

    @property
    def sound(self):
        """Return the steps without damage."""
        return np.max(list(self.damage.values()), axis=0) < 0.01


def live(seed, days, *, truth=None, state=None, damage=(), start="2025-10-01", intervene=None, two_shift=True):
    """Let a motor of the class (drawn with ``seed``) live ``days``; ``damage``: modes and how far they are at the start."""
    rng = np.random.default_rng(seed)
    steps, hours = 24 * days, np.arange(24 * days) % 24
    if truth is None:
        drawn = MODEL.parameters(1, rng=rng)
        truth = {name: float(np.ravel(value)[0]) for name, value in drawn.items()}
    product = rng.normal(0.0, 0.12, steps)[np.cumsum(rng.random(steps) < 0.05)]
    load = np.clip(0.72 * (1 + product + autoregressive(rng, steps, sd=0.09, time_constant=36)), 0.12, 1.3)
    running = ((hours >= 6) & (hours < 22)).astype(float) if two_shift else np.ones(steps)
    ambient = 20 + 4 * np.cos(2 * np.pi * (hours - 15) / 24) + autoregressive(rng, steps, sd=2.8, time_constant=72)
    outside = {"load": load, "running": running, "ambient_C": ambient}
    if damage:
        state = MODEL.initial(truth, {k: v[0] for k, v in outside.items()}) if state is None else state.copy(order="F")
        for mode, level in damage:
            set_damage(MODEL, mode, level, state, truth)
    ran = run_twin(
        MODEL, outside, steps=steps, step_s=3600, parameters=truth, state=state, rng=rng,
        protection=False, stop_at_failure=False, intervene=intervene,
    )  # fmt: skip
    frame = pd.DataFrame({"time": pd.date_range(start, periods=steps, freq="h", tz="UTC")})
    for name, values in ran.sensors.items():
        sd = PROFILE.twin.sensors[name].noise_sd
        noise = autoregressive(rng, steps, sd=0.7, time_constant=4) + rng.normal(0, 0.714, steps)
        frame[name] = values[:, 0] + sd * noise * np.where(running > 0, 1.0, 0.2)
        frame.loc[rng.random(steps) < 0.002, name] += 20 * sd
        frame.loc[rng.random(steps) < 0.01, name] = np.nan
    observed = observe(MODEL, PROFILE, frame, running, usual=USUAL)
    return Lived(truth, observed, ran.state, {mode: values[:, 0] for mode, values in ran.damage.items()}, frame)


def life_left_h(lived, *, seed=0, most_h=6000):
    """Return the operating hours after which the motor really fails, and by which mode; worked on as before."""
    past = lived.observed
    steps = int(most_h / past.running.mean())
    outside = {name: np.resize(values, steps) for name, values in past.outside.items()}
    ran = run_twin(
        MODEL, outside, steps=steps, step_s=3600, parameters=lived.truth, state=lived.state,
        rng=np.random.default_rng(seed), protection=False,
    )  # fmt: skip
    last = int(min(ran.stopped_at[0], steps - 1))
    return float(outside["running"][: last + 1].sum()), ran.stopped_by[0]


@cache
def young():
    """Return a sound motor after 35 days, made once for all tests; nobody may change it."""
    return live(7, 35)


@cache
def calibrated():
    """Return the calibration of ``young``."""
    return calibrate(MODEL, PROFILE, young().observed, young().sound, as_of=AS_OF)
