"""Integrated gradients: what each input adds to the output of a differentiable network, against a stated baseline.

Source: Sundararajan, Taly, Yan, "Axiomatic attribution for deep networks", ICML 2017. Completeness (their proposition 1):
the attributions sum to the output at the input minus the output at the baseline. The path integral is taken by
the midpoint rule on more and more points until that holds: networks of rectifiers have kinks, on which finer rules gain nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.errors import InputError
from workbench.ml.arrays import FloatArray
from workbench.tensors import torch_module

FEWEST, MOST = 64, 16384
GAP = 1e-3


@dataclass(frozen=True)
class PathAttribution:
    """Attributions of one row: ``base`` (output at the baseline) + their sum is ``margin`` but for ``gap``."""

    base: float
    margin: float
    contributions: FloatArray
    points: int

    @property
    def gap(self) -> float:
        """What completeness lacks, in the units of the output; it falls as ``points`` rise."""
        return float(self.margin - self.base - self.contributions.sum())


def integrated_gradients(
    network: Callable[[Any], Any],
    row: FloatArray,
    baseline: FloatArray,
    *,
    gap: float = GAP,
    points: int = FEWEST,
) -> PathAttribution:
    """Attribute the output of ``network`` at ``row`` to its inputs, along the straight line from ``baseline``.

    Args:
        network: a torch module or function of a batch, shape (points, *row.shape), that returns one number each; a module
            is to be in ``eval`` mode, and every row's output must depend on that row alone. It is given double precision.
        row: one input, any shape, e.g. (steps, sensors).
        baseline: what counts as absence, of the same shape; e.g. the mean of healthy rows.
        gap: largest violation of completeness, as a share of the larger of 1 and the change of the output.
        points: quadrature points to begin with; doubled up to 16384 until ``gap`` is met.

    Raises:
        InputError: the shapes differ, a value is missing, or completeness cannot be met (a network that jumps).
        EnvironmentFailure: torch is not installed.
    """
    end, start = np.asarray(row, dtype=np.float64), np.asarray(baseline, dtype=np.float64)
    if end.shape != start.shape or not (np.isfinite(end).all() and np.isfinite(start).all()):
        raise InputError(
            f"Row {end.shape} and baseline {start.shape} must have one shape and no missing value.",
            "Fill gaps as the network's own preparation does.",
        )
    torch_module()
    while True:
        found = _integrate(network, end, start, points)
        if abs(found.gap) <= gap * max(abs(found.margin - found.base), 1.0):
            return found
        if points >= MOST:
            raise InputError(
                f"The attributions miss the change of the output by {found.gap:.3g} even on {points} points.",
                "The network jumps between baseline and row; choose another baseline.",
            )
        points *= 2


def _integrate(network: Callable[[Any], Any], end: FloatArray, start: FloatArray, points: int) -> PathAttribution:
    torch = torch_module()
    share = ((np.arange(points) + 0.5) / points).reshape(-1, *(1,) * end.ndim)
    path = torch.tensor(start + share * (end - start), dtype=torch.float64, requires_grad=True)
    out = network(path).reshape(points)
    (gradient,) = torch.autograd.grad(out.sum(), path)
    mean = gradient.numpy().mean(axis=0)
    with torch.no_grad():
        ends = network(torch.tensor(np.stack([start, end]), dtype=torch.float64)).reshape(2).numpy()
    return PathAttribution(float(ends[0]), float(ends[1]), np.asarray((end - start) * mean), points)
