"""The evaluation that goes with a model: figures with intervals, calibration, confusion, error by life, what falls short."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.domain.models import CalibrationBin, CalibrationCurve, Confusion, Figure, LifeError

from .arrays import FloatArray, IntArray, ObjectArray
from .metrics import (
    brier_skill,
    coverage,
    equal_mass_ece,
    equal_mass_parts,
    interval_score,
    macro_f1,
    multiclass_brier_skill,
    rmse,
)
from .validation import HeldOutAnswers, Intervals, Rows, unit_intervals

STATES = ("Healthy", "Degrading", "Warning", "Critical")
LIFE_BANDS = 5
# What maintenance would like. A model that falls short is still better than none (its gate is skill), and says so.
GOAL_PRECISION, GOAL_MAPE, LEAST_COVERAGE = 0.9, 0.05, 0.8
GOAL_SKILL, GOAL_ECE = 0.3, 0.05
# With less of the cap left than this, an error of an hour is a large part of it.
LEAST_SHARE = 0.1


@dataclass(frozen=True)
class Judgement:
    """What held-out answers say of a model, as the evaluation document keeps it."""

    rows: int
    figures: tuple[Figure, ...]
    base_rates: Mapping[str, float]
    calibration: tuple[CalibrationCurve, ...] = ()
    confusion: Confusion | None = None
    error_by_life: tuple[LifeError, ...] = ()
    limits: tuple[str, ...] = ()
    alarms: str = ""

    def figure(self, name: str) -> Figure | None:
        """Return the figure of this name, if it was measured."""
        return next((figure for figure in self.figures if figure.name == name), None)


def judge_health(
    answers: Mapping[str, HeldOutAnswers],
    states: Confusion | None,
    seed: int,
    silent: Sequence[str] = (),
    *,
    alarms: str = "",
) -> Judgement:
    """Judge the answers of each horizon, by its name; ``alarms``: in words, when one is counted.

    Those that are ``silent`` answer the population's rate: all that it can be asked is its Brier skill.
    """
    figures: list[Figure] = []
    limits = [f"No skill on the {name} horizon: the population's rate is answered there." for name in silent]
    for name, held in answers.items():
        asked = _skill_alone if name in silent else HeldOutAnswers.figures
        whole = asked(held)
        intervals = unit_intervals(lambda rows, held=held, asked=asked: asked(held.take(rows)), held.groups, seed)  # type: ignore[misc]
        figures += with_intervals(whole, intervals, suffix=f"_{name}")
        if name not in silent:
            limits += _short_of_goals(name, held, whole, intervals)
    return Judgement(
        rows=max((len(held.truth) for held in answers.values()), default=0),
        figures=tuple(figures),
        base_rates={name: float(held.truth.mean()) for name, held in answers.items()},
        calibration=tuple(
            calibration_curve(held.truth, held.probability, f"failure within the {name} horizon")
            for name, held in answers.items()
            if name not in silent
        ),
        confusion=states,
        limits=tuple(limits),
        alarms=alarms,
    )


def _skill_alone(held: HeldOutAnswers) -> dict[str, float]:
    return {"brier_skill": brier_skill(held.truth, held.probability)}


def _short_of_goals(
    name: str, held: HeldOutAnswers, figures: Mapping[str, float], intervals: Intervals
) -> Iterator[str]:
    """Tell in words what the answers of a horizon fall short of: skill, calibration, alarms that were right."""
    skill, low, high = figures["brier_skill"], *intervals["brier_skill"]
    if low <= 0:
        yield (
            f"Not shown to be better than the base rate on the {name} horizon: skill {skill:.2f}, 95 % interval "
            f"{low:.2f} to {high:.2f}. Do not act on its probabilities alone."
        )
    elif skill < GOAL_SKILL:
        yield (
            f"Only somewhat better than the base rate on the {name} horizon: skill {skill:.2f}, 95 % interval "
            f"{low:.2f} to {high:.2f}; the goal is {GOAL_SKILL:g}."
        )
    if figures["ece"] > GOAL_ECE:
        yield (
            f"Probabilities on the {name} horizon were off by {100 * figures['ece']:.0f} points on average on held-out "
            f"machines; the goal is at most {100 * GOAL_ECE:.0f}."
        )
    right = float(held.truth[held.alarm].mean()) if held.alarm.any() else 1.0
    if right <= GOAL_PRECISION:
        yield (
            f"Of held-out rows with an alarm on the {name} horizon {100 * right:.0f} % were right; the goal is over 90 %."
        )


def state_confusion(y: FloatArray, probability: FloatArray) -> Confusion:
    """Count states: ``y`` and ``probability`` hold the critical, warning and degrading horizon; unknown rows are left out.

    The state is the worst whose horizon holds the failure with at least even odds.
    """
    known = ~(np.isnan(y).any(axis=1) | np.isnan(probability).any(axis=1))
    truth, said = y[known].sum(axis=1).astype(int), (probability[known] >= 0.5)
    named = np.where(said.any(axis=1), 3 - said.argmax(axis=1), 0)
    return confusion(truth, named, STATES)


def confusion(truth: IntArray, said: IntArray, labels: Sequence[str]) -> Confusion:
    """Count rows by true position (rows of the matrix) and named position (columns) among ``labels``.

    >>> confusion(np.array([0, 1, 1]), np.array([0, 0, 1]), ("no", "yes")).counts
    ((1, 0), (1, 1))
    """
    size = len(labels)
    counts = np.bincount(truth * size + said, minlength=size * size).reshape(size, size)
    return Confusion(labels=tuple(labels), counts=tuple(tuple(int(n) for n in row) for row in counts))


def calibration_curve(truth: FloatArray, probability: FloatArray, question: str) -> CalibrationCurve:
    """Return 15 bins of equal mass (Nixon et al. 2019)."""
    return CalibrationCurve(
        question=question,
        bins=tuple(
            CalibrationBin(
                stated=float(np.clip(probability[part].mean(), 0, 1)),
                observed=float(truth[part].mean()),
                rows=len(part),
            )
            for part in equal_mass_parts(probability)
        ),
    )


def judge_life(truth: FloatArray, bands: FloatArray, cap: float, groups: ObjectArray, seed: int) -> Judgement:
    """Judge held-out medians and intervals; lives at ``cap`` are known to be that long at least.

    ``mape``, a share, is over rows whose life left is known and at least a tenth of the cap.
    """
    ratio = (truth < cap) & (truth >= LEAST_SHARE * cap)

    def figures(rows: Rows) -> dict[str, float]:
        a, b = truth[rows], bands[rows]
        spread = float(np.std(a))
        error = rmse(a, b[:, 0])
        return {
            "rmse": error,
            "mae": float(np.abs(a - b[:, 0]).mean()),
            "mape": float((np.abs(a - b[:, 0]) / np.maximum(a, 1e-9))[ratio[rows]].mean())
            if ratio[rows].any()
            else float("nan"),
            "skill": 1.0 - (error / spread) ** 2 if spread > 0 else float("nan"),
            "coverage_90": coverage(a, b[:, 1], b[:, 2], b[:, 2] >= cap),
            "interval_score_90": interval_score(a, b[:, 1], b[:, 2]),
        }

    whole = figures(np.arange(len(truth)))
    return Judgement(
        rows=len(truth),
        figures=tuple(with_intervals(whole, unit_intervals(figures, groups, seed))),
        base_rates={"mean_life_left": float(truth.mean())},
        error_by_life=errors_by_life(truth, bands[:, 0], cap),
        limits=_life_limits(whole),
    )


def _life_limits(figures: Mapping[str, float]) -> tuple[str, ...]:
    off, held = 100 * figures["mape"], 100 * figures["coverage_90"]
    limits = []
    if figures["mape"] >= GOAL_MAPE:
        limits.append(f"The life left is off by {off:.0f} % on average on held-out machines; the goal is under 5 %.")
    if figures["coverage_90"] < LEAST_COVERAGE:
        limits.append(f"The 90 % interval held the true life of {held:.0f} % of held-out rows only: it is too narrow.")
    return tuple(limits)


def errors_by_life(truth: FloatArray, point: FloatArray, cap: float) -> tuple[LifeError, ...]:
    """Return the error in equal bands of the true life left up to ``cap``, and of lives that reach it."""
    edges = np.linspace(0.0, cap, LIFE_BANDS + 1)
    band = np.where(
        truth >= cap, LIFE_BANDS, np.clip(np.searchsorted(edges, truth, side="right") - 1, 0, LIFE_BANDS - 1)
    )
    found = []
    for number in np.unique(band):
        error = (point - truth)[band == number]
        start, end = (cap, cap) if number == LIFE_BANDS else (edges[number], edges[number + 1])
        found.append(
            LifeError(
                start=float(start),
                end=float(end),
                rows=len(error),
                mae=float(np.abs(error).mean()),
                bias=float(error.mean()),
            )
        )
    return tuple(found)


def judge_diagnosis(
    truth: ObjectArray,
    said: ObjectArray,
    groups: ObjectArray,
    seed: int,
    *,
    modes: Sequence[str],
    probability: FloatArray,
    base: FloatArray,
) -> Judgement:
    """Judge held-out names of failure modes, and the ``probability`` of each of ``modes`` against its ``base`` rate."""
    names = truth.astype(str), said.astype(str)
    code = np.array([modes.index(name) for name in names[0]])

    def figures(rows: Rows) -> dict[str, float]:
        a, b = names[0][rows], names[1][rows]
        return {
            "accuracy": float((a == b).mean()),
            "macro_f1": macro_f1(a, b),
            "brier_skill": multiclass_brier_skill(code[rows], probability[rows], base[rows]),
            "ece": equal_mass_ece(code[rows], probability[rows]),
        }

    labels = [str(name) for name in np.unique(np.concatenate(names))]
    places = [np.searchsorted(labels, part).astype(np.int64) for part in names]
    whole = figures(np.arange(len(truth)))
    return Judgement(
        rows=len(truth),
        figures=tuple(with_intervals(whole, unit_intervals(figures, groups, seed))),
        base_rates={name: float((names[0] == name).mean()) for name in labels},
        confusion=confusion(places[0], places[1], labels),
    )


def with_intervals(values: Mapping[str, float], intervals: Intervals, suffix: str = "") -> list[Figure]:
    """Return figures with their intervals; what is not a number is None."""
    found = []
    for name, value in values.items():
        low, high = intervals.get(name, (float("nan"), float("nan")))
        if "skill" not in name:
            # All others are shares or sizes, and the interval was moved to the figure.
            low = max(low, 0.0) if np.isfinite(low) else low
        found.append(Figure(name=name + suffix, value=_known(value), lower=_known(low), upper=_known(high)))
    return found


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
