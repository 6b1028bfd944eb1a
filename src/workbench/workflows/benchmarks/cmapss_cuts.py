"""Where held-out engines are cut in cross-validation, and the figures over those cuts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.ml import metrics

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
CAP = 125.0
NEAREST_CUT = 7
YOUNGEST_AGE = 20
FARTHEST_CUT = {"FD001": 145, "FD002": 190, "FD003": 145, "FD004": 190}
ALPHA = 0.1


def remaining_cycles(rows: pd.DataFrame) -> Floats:
    """Return the cycles left at each row of whole run-to-failure records (columns unit, cycle)."""
    last = rows.groupby("unit")["cycle"].transform("max")
    return (last - rows["cycle"]).to_numpy(dtype=float)


def seeded_cuts(rows: pd.DataFrame, *, farthest: int, count: int, seed: int) -> Rows:
    """Return ``count`` row positions of each unit, units ascending: the last rows that a prediction may see.

    The cycles left at a cut are uniform over 7 to min(``farthest``, life - 20). A unit's cuts depend on its number and
    the seed alone, not on which other units there are.
    """
    numbers, cycles = rows["unit"].to_numpy(), rows["cycle"].to_numpy()
    cuts = []
    for unit in np.unique(numbers):
        mine = np.flatnonzero(numbers == unit)
        life = int(cycles[mine].max())
        left = np.random.default_rng([seed, int(unit)]).integers(
            NEAREST_CUT, max(min(farthest, life - YOUNGEST_AGE), NEAREST_CUT) + 1, count
        )
        ascending = mine[np.argsort(cycles[mine], kind="stable")]
        cuts.append(ascending[np.searchsorted(cycles[ascending], life - left)])
    return np.concatenate(cuts)


@dataclass(frozen=True)
class Scored:
    """Predictions of one model beside the truth: arrays over (unit, cut) pairs or over test engines.

    ``abstained``: 1 where the product would answer "not enough evidence", NaN where it was not asked.
    """

    unit: npt.NDArray[Any]
    truth: Floats
    point: Floats
    lower: Floats | None = None
    upper: Floats | None = None
    abstained: Floats | None = None

    def abstain_rate(self, rows: Rows) -> float:
        """Share of the pairs asked in which the product would abstain."""
        return float("nan") if self.abstained is None else float(np.nanmean(self.abstained[rows]))

    def capped_rmse(self, rows: Rows) -> float:
        """RMSE against the capped truth."""
        return metrics.rmse(np.minimum(self.truth[rows], CAP), self.point[rows])

    def test_figures(self, rows: Rows) -> dict[str, float]:
        """RMSE and NASA score of the chosen test engines, truth capped and not."""
        capped = np.minimum(self.truth[rows], CAP)
        return {
            "rmse_capped": metrics.rmse(capped, self.point[rows]),
            "rmse": metrics.rmse(self.truth[rows], self.point[rows]),
            "score_capped": metrics.nasa_score(capped, self.point[rows]),
            "score": metrics.nasa_score(self.truth[rows], self.point[rows]),
        }

    def interval_figures(self, rows: Rows) -> dict[str, float]:
        """Coverage of the uncapped truth (an upper end at the cap is open), width and Winkler score up to the cap."""
        if self.lower is None or self.upper is None:
            return {}
        truth, low, high = self.truth[rows], self.lower[rows], np.minimum(self.upper[rows], CAP)
        covered = (low <= truth) & ((truth <= high) | (high >= CAP))
        far = truth > CAP
        return {
            "coverage_90": float(covered.mean()),
            "coverage_90_below_125": float(covered[~far].mean()) if (~far).any() else float("nan"),
            "coverage_90_above_125": float(covered[far].mean()) if far.any() else float("nan"),
            "median_width_90": float(np.median(high - low)),
            "interval_score_90": metrics.interval_score(np.minimum(truth, CAP), low, high, ALPHA),
        }


def joined(parts: Sequence[Scored]) -> Scored:
    """Return the predictions of all folds as one, ordered by unit."""
    unit = np.concatenate([part.unit for part in parts])
    order = np.argsort(unit, kind="stable")

    def gather(name: str) -> Any:
        found = [getattr(part, name) for part in parts]
        return None if any(item is None for item in found) else np.concatenate(found)[order]

    return Scored(unit[order], *(gather(name) for name in ("truth", "point", "lower", "upper", "abstained")))


def constant_width(scored: Scored, seed: int) -> Scored:
    """Return the same points with the interval that split conformal prediction gives when its width is constant.

    Half the width is the 90 % quantile of the absolute errors of one random cut of every other unit.
    """
    rng = np.random.default_rng([seed, 1])
    units = np.unique(scored.unit)
    error = np.abs(np.minimum(scored.truth, CAP) - scored.point)
    picked = np.array([rng.choice(np.flatnonzero(scored.unit == unit)) for unit in units])
    half = np.empty(len(scored.unit))
    level = min(1.0, (1 - ALPHA) * (1 + 1 / max(len(units) - 1, 1)))
    for number, unit in enumerate(units):
        others = np.delete(error[picked], number)
        half[scored.unit == unit] = np.quantile(others, level, method="higher")
    low, high = np.maximum(scored.point - half, 0), np.minimum(scored.point + half, CAP)
    return Scored(scored.unit, scored.truth, scored.point, low, high)
