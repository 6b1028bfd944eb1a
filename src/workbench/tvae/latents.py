"""How latents are drawn for new units: what a unit keeps all along, and what wanders from window to window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LARGEST_ROOT = 0.98


@dataclass(frozen=True)
class Latents:
    """Unit latents h = mean + slope x log length + N(0, cov), and window latents as autoregression v' = A v + innovation.

    Window latents are in units of their prior, so that v is about N(0, 1). ``mean``, ``slope`` (unit latents,);
    ``centre``, ``deviation``: of the log length; ``unit_root`` (unit latents, unit latents), ``window_mean`` (window latents,),
    ``start_root``, ``shock_root``, ``step`` (window latents, window latents): factors of covariances, and A.
    """

    mean: Floats
    slope: Floats
    length_scale: Floats
    unit_root: Floats
    window_mean: Floats
    start_root: Floats
    shock_root: Floats
    step: Floats

    def draw_units(self, lengths: Floats, rng: np.random.Generator) -> Floats:
        """Return unit latents (units, latents) of whole lives of these lengths."""
        centre, deviation = self.length_scale
        standard = np.clip((np.log(lengths) - centre) / deviation, -3.0, 3.0)
        own = rng.standard_normal((len(lengths), len(self.mean))) @ self.unit_root.T
        units: Floats = self.mean + standard[:, None] * self.slope + own
        return units

    def draw_windows(self, counts: Integers, rng: np.random.Generator) -> Floats:
        """Return window latents (windows, latents), in units of their prior, of units of so many windows."""
        size = len(self.window_mean)
        wander = rng.standard_normal((len(counts), size)) @ self.start_root.T
        shocks = rng.standard_normal((int(counts.max()), len(counts), size)) @ self.shock_root.T
        path = np.empty_like(shocks)
        for place in range(len(path)):
            path[place] = wander
            wander = wander @ self.step.T + shocks[place]
        inside = np.arange(len(path))[None, :] < counts[:, None]
        return (self.window_mean + path.transpose(1, 0, 2))[inside]

    def arrays(self) -> dict[str, Floats]:
        """Return its arrays by name."""
        return {f"latents.{name}": array for name, array in vars(self).items()}

    @classmethod
    def restore(cls, arrays: dict[str, npt.NDArray[Any]]) -> Latents:
        """Return the latents that ``arrays`` came from."""
        return cls(**{name[8:]: value for name, value in arrays.items() if name.startswith("latents.")})


def fit_latents(units: Floats, lengths: Integers, windows: Floats, counts: Integers) -> Latents:
    """Learn from latents drawn from q for training: of units (units, latents) and windows (windows, latents), by moments.

    ``windows`` in units of their prior, ``counts`` of them per unit, in order.
    """
    logs = np.log(lengths)
    scale = np.array([logs.mean(), max(float(logs.std()), 1e-6)])
    standard = (logs - scale[0]) / scale[1]
    # So few units: a slope as large as chance gives is drawn towards none (ridge of one unit's weight per ten).
    slope = standard @ (units - units.mean(axis=0)) / (len(units) * 1.1)
    left = units - units.mean(axis=0) - standard[:, None] * slope
    centred = windows - windows.mean(axis=0)
    unit = np.repeat(np.arange(len(counts)), counts)
    whole = _positive(centred.T @ centred / len(centred), least=1e-4)
    apart = unit[1:] == unit[:-1]
    late, early = centred[1:][apart], centred[:-1][apart]
    lagged = late.T @ early / len(late) if len(late) else np.zeros_like(whole)
    step = np.linalg.solve(whole.T, lagged.T).T
    root = np.abs(np.linalg.eigvals(step)).max(initial=0.0)
    step *= min(1.0, LARGEST_ROOT / max(root, 1e-12))
    return Latents(
        mean=units.mean(axis=0),
        slope=slope,
        length_scale=scale,
        unit_root=_root(left.T @ left / len(left)),
        window_mean=windows.mean(axis=0),
        start_root=_root(whole),
        shock_root=_root(_positive(whole - step @ whole @ step.T)),
        step=step,
    )


def _positive(matrix: Floats, least: float = 0.0) -> Floats:
    """Return the nearest symmetric matrix whose eigenvalues are ``least`` or more."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    kept: Floats = (vectors * np.maximum(values, least)) @ vectors.T
    return kept


def _root(matrix: Floats) -> Floats:
    values, vectors = np.linalg.eigh(matrix)
    root: Floats = vectors * np.sqrt(np.maximum(values, 0.0))
    return root
