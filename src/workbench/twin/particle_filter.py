"""The particle filter of a synchronisation: machines that may be the one on record, moved through its days and weighed by its readings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.domain.composition import OUTSIDE
from workbench.domain.prognosis import TwinCalibration

from .calibration import drawn_parameters, silent_parameters
from .injection import set_damage
from .model import Samples, TwinModel
from .observed import Observed
from .reading_errors import biases, reading_errors
from .run import FAILED
from .streams import Floats

FREEDOM = 4.0
# Share of the particles that begin with damage of one mode, and how much such a mode weighs before any reading: about what
# the P-F interval makes up of a life.
DAMAGED_SHARE, DAMAGED_PRIOR = 0.5, 0.05
_LEVELS, _RANGE = 12, (0.02, 0.97)
# Damage that has just set in (the least that ``set_damage`` tells from none); how often it does of itself, and in which
# share of the particles it is made to, each day.
_ONSET, ONSET_PER_DAY, ONSETS, _LIKELY_ONSETS = 1.0 / 64.0, 0.003, 0.02, 0.06
_LEAST_SHARE, _SECOND_SHARE = 0.003, 0.6
# Resampled particles are spread by so many hours of their own ageing, so that copies differ.
_ROUGHENING_H = 4.0
_SHRINK = 0.995
PASSENGERS, LEAST_PASSENGERS = 2, 50
# Damage below this is none that readings could show.
HIDDEN = 0.01
# A machine that runs has not failed.
_IMPOSSIBLE = 50.0


@dataclass(frozen=True)
class Synchronised:
    """Equally likely machines after the readings: states (samples, states), parameters, and damage of each mode.

    ``innovations``: reading minus what the filter expected of it, column ``time`` and one per sensor. ``misfit``: mean
    square of the innovations, 1 where the twin explains the readings. ``steps``: those with a reading while it ran.
    """

    state: Floats
    parameters: Samples
    damage: dict[str, Floats]
    innovations: pd.DataFrame
    misfit: float
    steps: int


@dataclass(frozen=True)
class _Begun:
    """Particles that begin with damage of a mode between ``low`` and ``high``: their share of all."""

    low: float
    high: float
    share: float


def widest(model: TwinModel) -> dict[str, _Begun]:
    """Return where particles begin before any reading is known: with any damage of any mode."""
    modes = model.composition.modes
    return {mode: _Begun(*_RANGE, DAMAGED_SHARE / len(modes)) for mode in modes}


class ParticleFilter:
    """Particles of one machine: ``begin``, ``move`` through each step of the record, then ``result``."""

    def __init__(
        self,
        model: TwinModel,
        observed: Observed,
        samples: int,
        rng: np.random.Generator,
        calibration: TwinCalibration | None,
    ) -> None:
        self.model, self.observed, self.samples, self.rng = model, observed, samples, rng
        self.step_s = 3600.0 * observed.step_h
        # Passengers live through the same days unweighted: what readings cannot tell keeps its spread by them.
        self.all = samples + max(samples // PASSENGERS, LEAST_PASSENGERS)
        self.parameters = drawn_parameters(model, calibration, self.all, self.rng)
        self.drawn = [name for name, value in self.parameters.items() if isinstance(value, np.ndarray)]
        first = {name: float(values[0]) for name, values in observed.outside.items() if values.size}
        self.state = model.initial(self.parameters, first, samples=self.all)
        self.lives = [column for column, declared in enumerate(model.states) if declared.monotone]
        self.onsets: dict[str, float] = {}
        self.signals: Samples = {}
        self.log_weight = np.zeros(samples)
        # What a particle weighs before any reading counts at the end: until then the readings alone choose.
        self.log_prior = np.zeros(samples)
        self.bias = biases(calibration)
        self.scale, self.correlation_h = reading_errors(model, observed, calibration)
        self.innovations = {name: np.full(len(observed.time), np.nan) for name in observed.readings}
        self.squares: list[float] = []

    def begin(self, plan: Mapping[str, _Begun], lived: Floats | None, renewed: Collection[str]) -> None:
        """Spread the particles over what may have happened to the machine before its last days."""
        damages = {physics.damage for physics in self.model.composition.modes.values()}
        known = {self.model.composition.modes[mode].damage.partition(".")[0] for mode in renewed}
        for column in self.lives:
            name = self.model.state_names[column]
            # Lives are only known to about this: machines of a class differ.
            used = np.exp(0.3 * self.rng.standard_normal(self.all)) * (0.0 if lived is None else lived[0, column])
            if self.model.states[column].unit == "1" and name not in damages and name.partition(".")[0] not in known:
                used += self.rng.random(self.all) * np.maximum(1.0 - used, 0.0)
            self.state[:, column] = np.clip(used, self.model.states[column].low, self.model.states[column].high)
        self._begin_damaged(plan)

    def _begin_damaged(self, plan: Mapping[str, _Begun]) -> None:
        """Give the planned shares of particles damage of one mode each, and weigh all as they are before any reading."""
        free = self.rng.permutation(self.samples)
        self.begun_mode = np.full(self.samples, "", dtype=object)
        self.begun_damage = np.zeros(self.samples)
        for mode, begun in plan.items():
            rows, free = np.split(free, [int(begun.share * self.samples)])
            levels = begun.low + (begun.high - begun.low) * (np.arange(_LEVELS) + self.rng.random(_LEVELS)) / _LEVELS
            for number, level in enumerate(levels):
                self._damage_by(mode, float(level), rows[number::_LEVELS])
            self.log_prior[rows] = np.log(DAMAGED_PRIOR * (begun.high - begun.low) / max(rows.size, 1))
        damaged = min(DAMAGED_PRIOR * len(self.model.composition.modes), 0.5)
        self.log_prior[free] = np.log((1.0 - damaged) / max(free.size, 1))

    def _damage_by(self, mode: str, level: float, rows: npt.NDArray[np.intp]) -> None:
        """Raise the damage of a mode in some particles."""
        if not rows.size:
            return
        own = {k: v[rows] if isinstance(v, np.ndarray) else v for k, v in self.parameters.items()}
        part = np.asfortranarray(self.state[rows])
        set_damage(self.model, mode, level, part, own)
        self.state[rows] = part
        self.begun_mode[rows], self.begun_damage[rows] = mode, level

    def _set_in(self) -> None:
        """Let damage set in now in a few particles that have none, so that there are always some that it fits (a day's turn).

        More do so than would by themselves; the ratio is part of what they weigh.
        """
        damage = self._damage()
        for mode, share in self.onsets.items():
            sound = np.flatnonzero(damage[mode][: self.samples] < _ONSET)
            rows = self.rng.permutation(sound)[: int(share * self.samples)]
            self._damage_by(mode, _ONSET, rows)
            if rows.size:
                self.log_prior[rows] += np.log(ONSET_PER_DAY * sound.size / rows.size)

    def narrowed(self, plan: Mapping[str, _Begun]) -> dict[str, _Begun]:
        """Return where particles should begin so that many come into question: around those that did."""
        weight = _normalised(self.log_weight)
        left = {}
        for mode, begun in plan.items():
            alive = (self.begun_mode == mode) & (self.begun_damage > _ONSET) & (weight > 0.01 / self.samples)
            if float(weight[alive].sum()) < _LEAST_SHARE:
                continue
            beyond = 2.0 * (begun.high - begun.low) / _LEVELS
            levels = self.begun_damage[alive]
            low, high = max(levels.min() - beyond, _RANGE[0]), min(levels.max() + beyond, _RANGE[1])
            left[mode] = _Begun(float(low), float(high), 0.0)
        return {mode: _Begun(one.low, one.high, _SECOND_SHARE / len(left)) for mode, one in left.items()}

    def likely_onsets(self) -> dict[str, float]:
        """Return the share of particles to let damage set in, more for modes that the readings spoke for."""
        weight, damage = _normalised(self.log_weight), self._damage()
        spoken = {mode: float(weight @ (values[: self.samples] > _ONSET)) for mode, values in damage.items()}
        return {mode: _LIKELY_ONSETS if share > 0.1 else ONSETS for mode, share in spoken.items()}

    def move(self, step: int) -> None:
        """Take the particles through one step of the record, and weigh them by its readings where the machine ran."""
        if step and step % max(round(24.0 / self.observed.step_h), 1) == 0:
            self._set_in()
        before = self.state.copy(order="F")
        now = {name: float(values[step]) for name, values in self.observed.outside.items()}
        self.signals = self.model.step(
            self.state, {**OUTSIDE, **self.signals, **now}, self.parameters, step_s=self.step_s
        )
        self.model.disturb(self.state, before, step_s=self.step_s, rng=self.rng)
        if now["running"] >= 1.0:
            self._weigh(step)
            if self._effective() < 0.5 * self.samples:
                self._resample(before)

    def _weigh(self, step: int) -> None:
        for value in self.model.damage(self.signals).values():
            self.log_weight -= _IMPOSSIBLE * (self._weighted(value) >= FAILED)
        read = self.model.sensors(self.signals)
        weight = _normalised(self.log_weight)
        for name, values in self.observed.readings.items():
            if not np.isfinite(values[step]):
                continue
            own = self._weighted(read[name])
            value = values[step] - self.bias.get(name, 0.0)
            off = (value - own) / self.scale[name]
            innovation = value - float(weight @ own)
            self.innovations[name][step] = innovation
            self.squares.append(float(np.clip(innovation / self.scale[name], -5.0, 5.0)) ** 2)
            share = min(self.observed.step_h / max(self.correlation_h[name], 1e-9), 1.0)
            self.log_weight -= share * 0.5 * (FREEDOM + 1.0) * np.log1p(off * off / FREEDOM)
        self.log_weight -= self.log_weight.max()

    def _weighted(self, value: Floats | float) -> Floats:
        """Return a signal of the particles without the passengers."""
        return np.broadcast_to(np.asarray(value, dtype=float), (self.all,))[: self.samples]

    def _effective(self) -> float:
        weight = _normalised(self.log_weight)
        return 1.0 / float(weight @ weight)

    def _resample(self, before: Floats) -> None:
        """Draw particles by weight (systematic resampling), and spread copies a little."""
        at = (self.rng.random() + np.arange(self.samples)) / self.samples
        chosen = np.minimum(np.searchsorted(np.cumsum(_normalised(self.log_weight)), at), self.samples - 1)
        chosen = np.concatenate([chosen, np.arange(self.samples, self.all)])
        grown = (self.state - before)[chosen][:, self.lives]
        self.state = np.asfortranarray(self.state[chosen])
        self.signals = {
            name: value[chosen] if isinstance(value, np.ndarray) and value.ndim else value
            for name, value in self.signals.items()
        }
        grown[self.samples :] = 0.0
        later = self.state[:, self.lives] + grown * (
            _ROUGHENING_H / self.observed.step_h * self.rng.standard_normal(grown.shape)
        )
        for place, column in enumerate(self.lives):
            declared = self.model.states[column]
            self.state[:, column] = np.clip(later[:, place], max(declared.low, 0.0), declared.high)
        self._spread_parameters(chosen)
        self.log_weight = np.zeros(self.samples)
        self.begun_mode = self.begun_mode[chosen[: self.samples]]
        self.begun_damage = self.begun_damage[chosen[: self.samples]]
        self.log_prior = self.log_prior[chosen[: self.samples]]

    def _spread_parameters(self, chosen: npt.NDArray[np.intp]) -> None:
        """Draw parameters with the particles and smooth them, keeping mean and variance (Liu and West, 2001)."""
        for name in self.drawn:
            values = np.asarray(self.parameters[name])[chosen]
            declared = self.model.declared[name]
            if not (values > 0).all():
                self.parameters[name] = values
                continue
            log = np.log(values[: self.samples])
            moved = _SHRINK * log + (1.0 - _SHRINK) * log.mean()
            moved += np.sqrt(1.0 - _SHRINK**2) * log.std() * self.rng.standard_normal(self.samples)
            values[: self.samples] = np.clip(np.exp(moved), declared.low, declared.high)
            self.parameters[name] = values

    def _damage(self) -> dict[str, Floats]:
        signals = self.model.step(self.state.copy(order="F"), {**OUTSIDE, **self.signals}, self.parameters, step_s=1e-9)
        return {
            mode: np.clip(np.broadcast_to(np.asarray(value, dtype=float), (self.all,)), 0.0, 1.0)
            for mode, value in self.model.damage(signals).items()
        }

    def _spread_hidden_lives(self) -> None:
        """Give particles that show no damage of a mode the life of a passenger that shows none: readings say no more."""
        damage, silent = self._damage(), silent_parameters(self.model)
        for mode, physics in self.model.composition.modes.items():
            owner, _, _ = physics.damage.partition(".")
            hidden = damage[mode] < HIDDEN
            sound, pool = np.flatnonzero(hidden[: self.samples]), self.samples + np.flatnonzero(hidden[self.samples :])
            if not pool.size:
                continue
            given = self.rng.choice(pool, sound.size)
            for column in self.lives:
                if self.model.state_names[column].startswith(f"{owner}."):
                    self.state[sound, column] = self.state[given, column]
            for name in self.drawn:
                if name in silent and name.startswith(f"{owner}."):
                    values = np.asarray(self.parameters[name])
                    values[sound] = values[given]

    def result(self) -> Synchronised:
        """Return equally likely machines after the last step."""
        self.log_weight += self.log_prior
        self._resample(self.state)
        self._spread_hidden_lives()
        damage = {mode: value[: self.samples] for mode, value in self._damage().items()}
        ran = self.observed.running >= 1.0
        seen = np.any(
            [np.isfinite(values) for values in self.observed.readings.values()] or [np.zeros_like(ran)], axis=0
        )
        return Synchronised(
            np.asfortranarray(self.state[: self.samples]),
            {n: v[: self.samples] if isinstance(v, np.ndarray) else v for n, v in self.parameters.items()},
            damage,
            pd.DataFrame({"time": self.observed.time, **self.innovations}),
            float(np.mean(self.squares)) if self.squares else float("nan"),
            int((ran & seen).sum()),
        )


def _normalised(log_weight: Floats) -> Floats:
    weight = np.exp(log_weight - log_weight.max())
    normalised: Floats = weight / weight.sum()
    return normalised
