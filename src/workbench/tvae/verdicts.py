"""Each figure of a judgement with its interval, the same figure of real units held out, its bar, and what it means in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.domain.synthesis import QualityFigure

from .likeness import Weighted, autocorrelation_distance, autocorrelations, column_pair_trends, column_shapes
from .privacy import nearness
from .usefulness import LifeModel, rmse

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

MOST_WINDOWS = 10_000
FEW_UNITS = 10
MOST_CLOSER, LEAST_DCR = 0.55, 0.9
MOST_AUTOCORRELATION, MOST_TSTR = 0.05, 1.15
# Share of what real units held out reach.
LEAST_QUALITY_SHARE = 0.9


@dataclass(frozen=True)
class Side:
    """One table of sequences as figures need it: ``table`` of the columns compared, ``rows`` of the continuous ones."""

    table: pd.DataFrame
    rows: Floats
    lengths: Integers
    life: Floats | None

    @property
    def units(self) -> Integers:
        """Position of its unit for each row."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)


@dataclass(frozen=True)
class Case:
    """What is judged beside what, and how intervals are drawn."""

    made: Side
    known: Side
    other: Side
    seed: int
    draws: int

    def interval(self, figure: Callable[[np.random.Generator], float]) -> tuple[float | None, float | None]:
        """Return the 2.5 % and 97.5 % points of a figure drawn again and again (percentile bootstrap)."""
        rng = np.random.default_rng(self.seed)
        drawn = np.array([figure(rng) for _ in range(self.draws)])
        finite = drawn[np.isfinite(drawn)]
        if finite.size == 0:
            return None, None
        low, high = np.quantile(finite, [0.025, 0.975])
        return float(low), float(high)

    def measured(self, figure: Weighted, count: int) -> tuple[float, float | None, float | None]:
        """Return a figure by weights of ``count`` units where each counts once, and its interval over units."""
        return figure(np.ones(count)), *self.interval(lambda rng: figure(resampled(count, rng)))


def resampled(count: int, rng: np.random.Generator) -> Floats:
    """Return how often each of ``count`` units is drawn, with replacement, in as many draws."""
    return np.bincount(rng.integers(0, count, count), minlength=count).astype(np.float64)


def copies(case: Case) -> list[QualityFigure]:
    """Return whether training was copied: closer_to_train and dcr_ratio."""
    sides = [(side.rows, side.lengths) for side in (case.made, case.known, case.other)]
    near = nearness(*sides, most=MOST_WINDOWS, seed=case.seed)
    mine, theirs = len(case.made.lengths), len(case.other.lengths)
    share, low, high = case.measured(near.closer_to_train, mine)
    ratio = near.dcr_ratio(np.ones(mine), np.ones(theirs))
    under, over = case.interval(lambda rng: near.dcr_ratio(resampled(mine, rng), resampled(theirs, rng)))
    balanced, distant = share <= MOST_CLOSER, ratio >= LEAST_DCR
    return [
        QualityFigure(
            name="closer_to_train",
            value=share,
            low=low,
            high=high,
            reference=0.5,
            bar=f"at most {MOST_CLOSER}",
            passed=balanced,
            verdict=f"{share:.0%} of the windows lie nearer to a real one of training than to one held out; "
            + ("new units would give about half." if balanced else "new units would give half: training is copied."),
        ),
        QualityFigure(
            name="dcr_ratio",
            value=ratio,
            low=under,
            high=over,
            reference=1.0,
            bar=f"at least {LEAST_DCR}",
            passed=distant,
            verdict=f"Windows keep {ratio:.2f} times the distance from training that new real units keep: "
            + ("no nearer than those." if distant else "too near, they repeat what was learned from."),
        ),
    ]


def likeness(case: Case, categorical: Sequence[str], watched: Sequence[int]) -> list[QualityFigure]:
    """Return how alike both are: quality, its two halves, and autocorrelation_distance of the columns ``watched``."""
    (shapes, real_shapes), (trends, real_trends) = (
        (
            part(case.known.table, case.made.table, case.made.units, categorical),
            part(case.known.table, case.other.table, case.other.units, categorical)(np.ones(len(case.other.lengths))),
        )
        for part in (column_shapes, column_pair_trends)
    )

    def quality(weights: Floats) -> float:
        return float(np.nanmean([shapes(weights), trends(weights)]))

    return [
        _alike(
            case, "quality", quality, float(np.nanmean([real_shapes, real_trends])), "Distributions and dependences"
        ),
        _alike(case, "column_shapes", shapes, real_shapes, "Distributions of single columns"),
        _alike(case, "column_pair_trends", trends, real_trends, "Dependences between two columns"),
        _in_time(case, watched),
    ]


def _alike(case: Case, name: str, figure: Weighted, reference: float, told: str) -> QualityFigure:
    value, low, high = case.measured(figure, len(case.made.lengths))
    if not np.isfinite(value) or not np.isfinite(reference):
        return QualityFigure(
            name=name, value=None, verdict="No two columns depend on each other enough to be compared."
        )
    near = value >= LEAST_QUALITY_SHARE * reference
    return QualityFigure(
        name=name,
        value=value,
        low=low,
        high=high,
        reference=reference,
        bar=f"at least {LEAST_QUALITY_SHARE:g} of what real units held out reach",
        passed=near,
        verdict=f"{told} agree to {value:.3f} of 1; real units held out reach {reference:.3f}, which is "
        + ("near." if near else "far."),
    )


def _in_time(case: Case, watched: Sequence[int]) -> QualityFigure:
    mine, target, real = (
        autocorrelations(side.rows[:, list(watched)], side.lengths) for side in (case.made, case.known, case.other)
    )
    value, low, high = case.measured(autocorrelation_distance(target, mine), len(mine))
    reference = autocorrelation_distance(target, real)(np.ones(len(real)))
    if not np.isfinite(value):
        return QualityFigure(
            name="autocorrelation_distance", value=None, verdict="No column varies along units that are long enough."
        )
    kept = value <= MOST_AUTOCORRELATION
    return QualityFigure(
        name="autocorrelation_distance",
        value=value,
        low=low,
        high=high,
        reference=reference if np.isfinite(reference) else None,
        bar=f"at most {MOST_AUTOCORRELATION}",
        passed=kept,
        verdict=f"Autocorrelations over 1 to 20 rows are off by {value:.3f} on average (real units held out: "
        f"{reference:.3f}): " + ("the course in time is kept." if kept else "the course in time is lost."),
    )


def usefulness(case: Case, cap: float) -> list[QualityFigure]:
    """Return what a model of remaining life up to ``cap`` learns from them: tstr_over_trtr and augmentation."""
    made, known, other = case.made, case.known, case.other
    if made.life is None or known.life is None or other.life is None:
        why = "Training knew no remaining life, so there is nothing to predict by which to measure it."
        return [QualityFigure(name=name, value=None, verdict=why) for name in ("tstr_over_trtr", "augmentation")]
    test = (other.rows, other.lengths, other.life)
    few = np.sort(np.random.default_rng(case.seed).permutation(len(known.lengths))[:FEW_UNITS])
    inside = np.isin(known.units, few)
    some = (known.rows[inside], known.lengths[few], known.life[inside])
    synthetic, real = (made.rows, made.lengths, made.life), (known.rows, known.lengths, known.life)
    on_made, on_real, with_made, without = (
        LifeModel(cap, case.seed).fit(parts).squared_errors(*test)
        for parts in ([synthetic], [real], [some, synthetic], [some])
    )

    def ratio(over: Floats, under: Floats) -> Weighted:
        return lambda w: rmse(over, other.lengths, w) / max(rmse(under, other.lengths, w), 1e-12)

    value, low, high = case.measured(ratio(on_made, on_real), len(other.lengths))
    gain, least, most = case.measured(ratio(with_made, without), len(other.lengths))
    useful = value <= MOST_TSTR
    clear = "they help where real units are few." if most is not None and most < 1 else "no clear difference."
    return [
        QualityFigure(
            name="tstr_over_trtr",
            value=value,
            low=low,
            high=high,
            reference=1.0,
            bar=f"at most {MOST_TSTR}",
            passed=useful,
            verdict=f"A model of remaining life that learned from them alone errs {value:.2f} times as much on real "
            "units as one that learned from real units: "
            + ("they can stand in for those." if useful else "they cannot stand in for those."),
        ),
        QualityFigure(
            name="augmentation",
            value=gain,
            low=least,
            high=most,
            reference=1.0,
            verdict=f"Beside {len(few)} real units they make the error {gain:.2f} times what it is with those alone: "
            + ("they harm." if least is not None and least > 1 else clear),
        ),
    ]
