"""The least-squares problem of a calibration: residuals and slopes, weights that residuals call for, information and covariance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workbench.domain.prognosis import CalibratedParameter, SensorFit

from .model import TwinModel
from .observed import Observed
from .pieces import Pieces, predicted
from .streams import Floats

Places = npt.NDArray[np.intp]

# Logarithmic spread of a parameter that the class is said to know exactly, where somebody wants it calibrated all the same.
UNSTATED_SPREAD = 0.1
LARGEST_Z = 5.0
_DIFFERENCE = 0.02
# Share of the prior variance that must be gone for a parameter to count as identified.
IDENTIFIED = 0.5
# Information (prior precisions) below which no sensor can be said to answer to a parameter.
_NO_INFORMATION = 1e-3
_MOST_LAG_H = 48.0
# The weights are settled when no scale moves by more than this share.
_MOST_ROUNDS, _SETTLED = 8, 0.01
_NORMAL_90 = 1.6448536269514722


@dataclass(frozen=True)
class Weights:
    """Per sensor: scale of a residual, and steps after which another one tells something new."""

    scale: dict[str, float]
    steps: dict[str, float]


class Fit:
    """The least-squares problem of one machine."""

    def __init__(self, model: TwinModel, pieces: Pieces, names: tuple[str, ...], noise_sd: Mapping[str, float]) -> None:
        self.model, self.pieces, self.names, self.noise_sd = model, pieces, names, noise_sd
        declared = [model.declared[name] for name in names]
        self.prior = np.array([model.defaults[name] for name in names])
        self.spread = np.array([one.spread or UNSTATED_SPREAD for one in declared])
        low = np.array([max(one.low, 1e-300) for one in declared])
        high = np.array([one.high for one in declared])
        self.low = np.maximum(np.log(low / self.prior) / self.spread, -LARGEST_Z)
        self.high = np.minimum(np.log(high / self.prior) / self.spread, LARGEST_Z)
        self.free = np.ones(len(names), dtype=bool)
        self._seen: tuple[bytes, dict[str, Floats], dict[str, Floats]] | None = None

    def values(self, z: Floats) -> Floats:
        """Return parameter values at z, along the last axis."""
        return self.prior * np.exp(self.spread * z)

    def responses(self, z: Floats) -> tuple[dict[str, Floats], dict[str, Floats]]:
        """Return residuals by sensor, shape (scored,), and how readings answer to each z, shape (scored, parameters)."""
        key = z.tobytes() + self.free.tobytes()
        if self._seen is None or self._seen[0] != key:
            self._seen = (key, *self._computed(z))
        return self._seen[1], self._seen[2]

    def _computed(self, z: Floats) -> tuple[dict[str, Floats], dict[str, Floats]]:
        moved = np.flatnonzero(self.free)
        sets = np.tile(z, (1 + moved.size, 1))
        # Away from the nearer bound, so that a difference never leaves what physics allows.
        step = np.where(z + _DIFFERENCE > self.high, -_DIFFERENCE, _DIFFERENCE)
        sets[1 + np.arange(moved.size), moved] += step[moved]
        parameters = self.model.parameters()
        for name, row in zip(self.names, self.values(sets).T, strict=True):
            parameters[name] = np.repeat(row, self.pieces.count)
        residuals, slopes = {}, {}
        for name, read in predicted(self.model, self.pieces, parameters, len(sets)).items():
            scored = self.pieces.scored[name]
            base = read[:, 0][scored]
            residuals[name] = self.pieces.readings[name][scored] - base
            slope = np.zeros((base.size, z.size))
            for k, column in enumerate(moved):
                slope[:, column] = (read[:, 1 + k][scored] - base) / step[column]
            slopes[name] = slope
        return residuals, slopes

    def solve(self) -> tuple[Floats, Weights]:
        """Return the best z and the weights that its residuals call for."""
        from scipy.optimize import least_squares

        z = np.zeros(len(self.names))
        weights = Weights(dict(self.noise_sd), dict.fromkeys(self.noise_sd, 1.0))
        # What no sensor answers to stays where it is: there is nothing to seek.
        self.free = np.diag(self.information(z, weights)) > _NO_INFORMATION
        weights = self.reweighted(z)
        for _ in range(_MOST_ROUNDS):
            free: Places = np.flatnonzero(self.free)
            if not free.size:
                break
            shares = np.concatenate(
                [np.full(int(s.sum()), 1.0 / weights.steps[n]) for n, s in self.pieces.scored.items()]
                + [np.ones(free.size)]
            )
            data = shares.size - free.size

            def loss(square: Floats, shares: Floats = shares, data: int = data) -> Floats:
                root = np.sqrt(1.0 + square[:data])
                told = np.ones((3, square.size))
                told[0, :data], told[0, data:] = 2.0 * (root - 1.0), square[data:]
                told[1, :data] = 1.0 / root
                told[2, :data], told[2, data:] = -0.5 / root**3, 0.0
                told *= shares
                return told

            def residuals(x: Floats, weights: Weights = weights, free: Places = free) -> Floats:
                full = self._full(x, free)
                found, _ = self.responses(full)
                return np.concatenate([found[n] / weights.scale[n] for n in found] + [x])

            def slopes(x: Floats, weights: Weights = weights, free: Places = free) -> Floats:
                _, found = self.responses(self._full(x, free))
                return np.vstack([-found[n][:, free] / weights.scale[n] for n in found] + [np.eye(free.size)])

            bounds = (self.low[free], self.high[free])
            start = np.clip(z[free], bounds[0] + 1e-6, bounds[1] - 1e-6)
            solved = least_squares(
                residuals, start, jac=slopes, bounds=bounds, loss=loss, xtol=1e-4, ftol=1e-5, max_nfev=20
            )
            z = self._full(solved.x, free)
            before, weights = weights, self.reweighted(z)
            if all(abs(weights.scale[name] / scale - 1.0) < _SETTLED for name, scale in before.scale.items()):
                break
        return z, weights

    def _full(self, x: Floats, free: Places) -> Floats:
        z = np.zeros(len(self.names))
        z[free] = x
        return z

    def reweighted(self, z: Floats) -> Weights:
        """Return scales, the robust spread of the residuals or the noise where that is larger, and their correlation."""
        found, _ = self.responses(z)
        scale, steps = {}, {}
        for name, residual in found.items():
            if not residual.size:
                scale[name], steps[name] = self.noise_sd[name], 1.0
                continue
            scale[name] = max(self.noise_sd[name], _robust_sd(residual))
            clipped = np.clip(residual / scale[name], -3.0, 3.0)
            steps[name] = self._correlation(name, clipped)
        return Weights(scale, steps)

    def _correlation(self, name: str, residual: Floats) -> float:
        """Return the steps that one independent reading takes: 1 + 2 sum of autocorrelations, to their first small one."""
        scored = self.pieces.scored[name]
        series = np.full(scored.shape, np.nan)
        series[scored] = residual
        power = float(np.nanmean(series**2))
        most = min(int(_MOST_LAG_H * 3600.0 / self.pieces.step_s), len(series) - 1)
        total = 1.0
        for lag in range(1, most + 1):
            products = series[lag:] * series[:-lag]
            known = np.isfinite(products)
            if known.sum() < 30:
                break
            share = float(products[known].mean()) / max(power, 1e-300)
            if share < 0.05:
                break
            total += 2.0 * share
        return total

    def information(self, z: Floats, weights: Weights) -> Floats:
        """Return the information of the readings on z in prior precisions, shape (parameters, parameters)."""
        found, slopes = self.responses(z)
        total = np.zeros((z.size, z.size))
        for name, residual in found.items():
            if not residual.size:
                continue
            scaled = residual / weights.scale[name]
            root = np.sqrt(1.0 + scaled**2)
            # Variance of a soft-L1 estimate over that of least squares on the same slopes.
            spread = float(np.mean((scaled / root) ** 2)) / max(float(np.mean(root**-3)), 1e-6) ** 2
            slope = slopes[name] / weights.scale[name]
            total += slope.T @ slope / (max(spread, 1e-6) * weights.steps[name])
        return total

    def covariance(self, z: Floats, weights: Weights) -> Floats:
        """Return the posterior covariance of z."""
        return np.asarray(np.linalg.inv(self.information(z, weights) + np.eye(z.size)), dtype=np.float64)

    def log_covariance(self, z: Floats, weights: Weights) -> Floats:
        """Return the posterior covariance of the parameters' logarithms."""
        scaled: Floats = self.covariance(z, weights) * self.spread[:, None] * self.spread[None, :]
        return scaled

    def judged(self, z: Floats, weights: Weights) -> tuple[tuple[CalibratedParameter, ...], tuple[str, ...]]:
        """Return every parameter with its interval and whether the readings tell it, and combinations they do not tell."""
        information = self.information(z, weights)
        covariance = np.asarray(np.linalg.inv(information + np.eye(z.size)), dtype=np.float64)
        sd = np.sqrt(np.diag(covariance))
        told = []
        for k, name in enumerate(self.names):
            identified = bool(covariance[k, k] < IDENTIFIED)
            centre, width = z[k], _NORMAL_90 * sd[k]
            declared = self.model.declared[name]
            ends = self.prior[k] * np.exp(self.spread[k] * np.array([centre - width, centre, centre + width]))
            lower, value, upper = np.clip(ends, declared.low, declared.high).tolist()
            told.append(
                CalibratedParameter(
                    name=name,
                    unit=declared.unit,
                    prior=float(self.prior[k]),
                    prior_spread=float(self.spread[k]),
                    estimate=value,
                    spread=float(self.spread[k] * sd[k]),
                    lower=lower,
                    upper=upper,
                    identified=identified,
                    reason="" if identified else self._reason(k, information, covariance),
                )
            )
        return tuple(told), self._weak(information)

    def _reason(self, k: int, information: Floats, covariance: Floats) -> str:
        if information[k, k] <= _NO_INFORMATION:
            return "no sensor answers to it while the machine is sound"
        sd = np.sqrt(np.diag(covariance))
        alone = 1.0 / (1.0 + information[k, k])
        if alone >= IDENTIFIED:
            return f"its effect is small against noise: relative standard error {100 * self.spread[k] * sd[k]:.0f} %"
        together = covariance[k] / (sd[k] * sd)
        partners = [self.names[j] for j in np.argsort(-np.abs(together)) if j != k and abs(together[j]) > 0.3][:3]
        return f"the readings tell it only together with {', '.join(partners) or 'several others'}"

    def _weak(self, information: Floats) -> tuple[str, ...]:
        """Return the directions that readings tell less of than was known before, in words, of parameters they answer to."""
        answering = np.flatnonzero(np.diag(information) > 1.0)
        if not answering.size:
            return ()
        values, vectors = np.linalg.eigh(information[np.ix_(answering, answering)])
        weak = []
        for value, vector in zip(values, vectors.T, strict=True):
            if value >= 1.0:
                break
            parts = [j for j in np.argsort(-np.abs(vector)) if abs(vector[j]) > 0.25]
            sign = np.sign(vector[parts[0]])
            weak.append(" ".join(f"{sign * vector[j]:+.2f} {self.names[answering[j]]}" for j in parts))
        return tuple(weak)

    def _lasting(self, name: str, residual: Floats) -> float:
        """Return the steps that one independent reading takes when the twin's offset is taken away."""
        centred = residual - np.median(residual)
        scale = max(_robust_sd(centred), 1e-300)
        return self._correlation(name, np.clip(centred / scale, -3.0, 3.0))

    def sensor_fits(self, z: Floats, observed: Observed, units: dict[str, str]) -> tuple[SensorFit, ...]:
        """Return how well each sensor is read."""
        found, _ = self.responses(z)
        return tuple(
            SensorFit(
                sensor=name,
                unit=units[name],
                noise_sd=observed.noise_sd[name],
                residual_sd=_robust_sd(residual - np.median(residual)),
                bias=float(np.median(residual)),
                correlation_h=self._lasting(name, residual) * observed.step_h,
                readings=int(residual.size),
            )
            for name, residual in found.items()
            if residual.size
        )


def _robust_sd(residual: Floats) -> float:
    """Return the spread about zero, by the median of the absolute values."""
    return 1.4826 * float(np.median(np.abs(residual)))
