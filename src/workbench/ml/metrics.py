"""How good predictions are: of remaining life, of probabilities, of intervals, and of alarms counted as episodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workbench.errors import InputError, NotEnoughData

Floats = npt.NDArray[np.float64]
HOURS_PER_MONTH = 730.5


def _pair(truth: npt.ArrayLike, prediction: npt.ArrayLike) -> tuple[Floats, Floats]:
    a, b = np.asarray(truth, dtype=float), np.asarray(prediction, dtype=float)
    if a.shape != b.shape:
        raise InputError(f"truth has shape {a.shape}, prediction {b.shape}.", "Give one prediction per truth.")
    if a.size == 0:
        raise NotEnoughData("There is nothing to score.", "Give at least one sample.")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise InputError("truth or prediction has values that are not finite.", "Drop or predict those samples.")
    return a, b


def rmse(truth: npt.ArrayLike, prediction: npt.ArrayLike) -> float:
    """Root mean squared error, in the unit of the truth.

    >>> rmse([0, 0], [3, 4])
    3.5355339059327378
    """
    a, b = _pair(truth, prediction)
    return float(np.sqrt(np.mean((b - a) ** 2)))


def nasa_score(truth: npt.ArrayLike, prediction: npt.ArrayLike) -> float:
    """Asymmetric sum score of the PHM08 challenge; late predictions (d > 0) cost more (lower is better, 0 perfect).

    d = prediction - truth; exp(-d/13) - 1 if d < 0, else exp(d/10) - 1. Source: Saxena, Goebel, Simon, Eklund,
    "Damage propagation modeling for aircraft engine run-to-failure simulation", PHM 2008.

    >>> round(nasa_score([100, 100], [90, 110]), 4)
    2.8764
    """
    a, b = _pair(truth, prediction)
    d = b - a
    return float(np.sum(np.expm1(np.where(d < 0, -d / 13.0, d / 10.0))))


@dataclass(frozen=True)
class ThresholdScores:
    """Precision, recall and F1 of the positive class at one threshold."""

    threshold: float
    precision: float
    recall: float
    f1: float


def scores_at(truth: npt.ArrayLike, probability: npt.ArrayLike, threshold: float) -> ThresholdScores:
    """Return precision, recall and F1 where a sample is called positive at ``probability >= threshold``.

    A ratio without a denominator counts as 0.

    >>> scores_at([1, 0, 1, 0], [0.9, 0.8, 0.4, 0.1], 0.5)
    ThresholdScores(threshold=0.5, precision=0.5, recall=0.5, f1=0.5)
    """
    a, b = _pair(truth, probability)
    called, positive = b >= threshold, a > 0
    hits = float(np.sum(called & positive))
    precision = hits / max(float(called.sum()), 1.0)
    recall = hits / max(float(positive.sum()), 1.0)
    f1 = 2 * hits / max(float(called.sum() + positive.sum()), 1.0)
    return ThresholdScores(float(threshold), precision, recall, f1)


def best_threshold(truth: npt.ArrayLike, probability: npt.ArrayLike) -> float:
    """Return the threshold of highest F1; give it out-of-fold probabilities of inner folds, never of the test.

    It lies midway between two neighbouring probabilities, so that it does not hang on one sample's last digit.
    Raises ``NotEnoughData`` without any positive.

    >>> best_threshold([0, 0, 1, 1], [0.1, 0.4, 0.6, 0.9])
    0.5
    """
    a, b = _pair(truth, probability)
    if not (a > 0).any():
        raise NotEnoughData("A threshold cannot be chosen without any positive sample.", "Give labelled failures.")
    order = np.argsort(-b, kind="stable")
    ranked, hits = b[order], np.cumsum(a[order] > 0)
    ends = np.flatnonzero(np.append(np.diff(ranked) < 0, True))  # tied probabilities are called together
    f1 = 2 * hits[ends] / (ends + 1 + hits[-1])
    best = int(ends[np.argmax(f1)])
    return float((ranked[best] + ranked[best + 1]) / 2) if best + 1 < len(ranked) else float(ranked[best])


def cheapest_threshold(truth: npt.ArrayLike, probability: npt.ArrayLike, *, missed: float, false_alarm: float) -> float:
    """Return the threshold of least cost, where a missed positive costs ``missed`` and a false one ``false_alarm``.

    Give it out-of-fold probabilities. Of calibrated ones it comes near false_alarm / (false_alarm + missed) (Elkan,
    "The foundations of cost-sensitive learning", IJCAI 2001); above 1 it means that no alarm is worth its cost.
    Raises ``InputError`` for costs that are not positive.

    >>> cheapest_threshold([0, 0, 1, 1], [0.1, 0.4, 0.3, 0.9], missed=10, false_alarm=1)
    0.2
    """
    a, b = _pair(truth, probability)
    if missed <= 0 or false_alarm <= 0:
        raise InputError(f"The costs are {missed:g} and {false_alarm:g}.", "Give costs above 0.")
    order = np.argsort(-b, kind="stable")
    ranked, hits = b[order], np.cumsum(a[order] > 0)
    ends = np.flatnonzero(np.append(np.diff(ranked) < 0, True))
    cost = missed * (hits[-1] - hits[ends]) + false_alarm * (ends + 1 - hits[ends])
    if missed * hits[-1] <= cost.min():
        return float(np.nextafter(max(1.0, ranked[0]), 2.0))
    best = int(ends[np.argmin(cost)])
    return float((ranked[best] + ranked[best + 1]) / 2) if best + 1 < len(ranked) else float(ranked[best])


def pr_auc(truth: npt.ArrayLike, probability: npt.ArrayLike) -> float:
    """Area under the precision-recall curve as average precision (no interpolation); NaN without positives.

    >>> pr_auc([1, 0, 1], [0.9, 0.5, 0.4])
    0.8333333333333333
    """
    a, b = _pair(truth, probability)
    order = np.argsort(-b, kind="stable")
    ranked, hits = b[order], np.cumsum(a[order] > 0)
    if hits[-1] == 0:
        return float("nan")
    ends = np.flatnonzero(np.append(np.diff(ranked) < 0, True))
    recall = hits[ends] / hits[-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * hits[ends] / (ends + 1)))


def macro_f1(truth: npt.ArrayLike, prediction: npt.ArrayLike) -> float:
    """Mean over the classes that occur (in truth or prediction) of each class's F1.

    >>> macro_f1(["a", "a", "b"], ["a", "b", "b"])
    0.6666666666666666
    """
    a, b = np.asarray(truth).astype(str), np.asarray(prediction).astype(str)
    if a.shape != b.shape or a.size == 0:
        raise InputError(f"truth has shape {a.shape}, prediction {b.shape}.", "Give one prediction per truth.")
    each = [2 * np.sum((a == c) & (b == c)) / (np.sum(a == c) + np.sum(b == c)) for c in np.union1d(a, b)]
    return float(np.mean(each))


def brier_score(truth: npt.ArrayLike, probability: npt.ArrayLike) -> float:
    """Mean squared difference of probability and outcome (Brier 1950)."""
    a, b = _pair(truth, probability)
    return float(np.mean((b - a) ** 2))


def brier_skill(truth: npt.ArrayLike, probability: npt.ArrayLike, base_rate: float | None = None) -> float:
    """Brier skill score: 1 - Brier / Brier of always saying ``base_rate`` (default: the rate in ``truth``).

    1 is perfect, 0 no better than the base rate; NaN when the reference is itself perfect.

    >>> brier_skill([0, 1], [0.0, 1.0]), brier_skill([0, 1], [0.5, 0.5])
    (1.0, 0.0)
    """
    a, b = _pair(truth, probability)
    reference = float(np.mean((a - (a.mean() if base_rate is None else base_rate)) ** 2))
    return 1.0 - brier_score(a, b) / reference if reference > 0 else float("nan")


def multiclass_brier_skill(truth: npt.NDArray[np.intp], probability: Floats, base: Floats) -> float:
    """Brier skill over the base rates ``base`` (rows, classes), summed over classes; NaN where those are perfect.

    >>> one = np.eye(2)[[0, 1]]
    >>> multiclass_brier_skill(np.array([0, 1]), one, np.full((2, 2), 0.5))
    1.0
    """
    hit = np.eye(probability.shape[1])[truth]
    reference = float(((base - hit) ** 2).sum())
    return 1.0 - float(((probability - hit) ** 2).sum()) / reference if reference > 0 else float("nan")


def expected_calibration_error(truth: npt.ArrayLike, probability: npt.ArrayLike, bins: int = 10) -> float:
    """Mean gap of stated probability and observed rate over bins of equal width, weighted by their samples.

    ``probability`` of shape (n,): that of the positive class, ``truth`` 0 or 1. Of shape (n, classes): the top
    class is judged by its confidence, ``truth`` holds class positions. Source: Naeini, Cooper, Hauskrecht,
    "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015.

    >>> round(expected_calibration_error([1, 0, 1, 0], [0.5, 0.5, 0.5, 0.5]), 6)
    0.0
    """
    p = np.asarray(probability, dtype=float)
    if p.ndim == 2:
        outcome: npt.ArrayLike = (p.argmax(axis=1) == np.asarray(truth)).astype(float)
        p = p.max(axis=1)
    else:
        outcome = truth
    a, b = _pair(outcome, p)
    cell = np.clip((b * bins).astype(int), 0, bins - 1)
    gaps = np.bincount(cell, weights=b - a, minlength=bins)
    return float(np.abs(gaps).sum() / len(a))


def equal_mass_parts(probability: Floats, bins: int = 15) -> list[npt.NDArray[np.intp]]:
    """Return the rows of each of ``bins`` bins that hold equally many of them, ranked by probability.

    >>> [part.tolist() for part in equal_mass_parts(np.array([0.9, 0.1, 0.4, 0.6]), 2)]
    [[1, 2], [3, 0]]
    """
    order = np.argsort(probability, kind="stable")
    return [part for part in np.array_split(order, bins) if len(part)]


def equal_mass_ece(truth: npt.ArrayLike, probability: npt.ArrayLike, bins: int = 15) -> float:
    """Expected calibration error over ``bins`` bins that hold equally many samples each.

    ``probability`` and ``truth`` as for :func:`expected_calibration_error`; samples are ranked by probability.
    Source: Nixon, Dusenberry, Zhang, Jerfel, Tran, "Measuring calibration in deep learning", CVPR workshops 2019.

    >>> equal_mass_ece([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5], bins=2)
    0.0
    """
    p, outcome = np.asarray(probability, dtype=float), np.asarray(truth)
    if p.ndim == 2:
        outcome, p = p.argmax(axis=1) == outcome, p.max(axis=1)
    gaps = [np.abs((outcome[part] - p[part]).sum()) for part in equal_mass_parts(p, bins)]
    return float(np.sum(gaps) / len(p))


def roc_auc(truth: npt.ArrayLike, score: npt.ArrayLike) -> float:
    """Area under the ROC curve: the chance that a positive scores above a negative, ties by half; NaN without both.

    >>> roc_auc([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.9])
    0.875
    """
    a, b = _pair(truth, score)
    positives = float((a > 0).sum())
    negatives = len(a) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    _, inverse, counts = np.unique(b, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    return float((ranks[a > 0].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def coverage(
    truth: npt.ArrayLike, lower: npt.ArrayLike, upper: npt.ArrayLike, upper_open: npt.ArrayLike | None = None
) -> float:
    """Share of truths inside their interval; where ``upper_open`` the interval has no upper end.

    >>> coverage([1, 5, 300], [0, 6, 90], [2, 9, 125], upper_open=[False, False, True])
    0.6666666666666666
    """
    a, low = _pair(truth, lower)
    high = np.asarray(upper, dtype=float)
    if upper_open is not None:
        high = np.where(np.asarray(upper_open, dtype=bool), np.inf, high)
    return float(np.mean((low <= a) & (a <= high)))


def interval_score(truth: npt.ArrayLike, lower: npt.ArrayLike, upper: npt.ArrayLike, alpha: float = 0.1) -> float:
    """Mean Winkler score of central (1 - alpha) intervals: width plus 2/alpha times what is missed (lower is better).

    Source: Winkler 1972; Gneiting and Raftery, "Strictly proper scoring rules", JASA 2007, equation 43.

    >>> interval_score([5], [0], [4], alpha=0.1)
    24.0
    """
    a, low = _pair(truth, lower)
    _, high = _pair(truth, upper)
    missed = np.maximum(low - a, 0) + np.maximum(a - high, 0)
    return float(np.mean(high - low + 2.0 / alpha * missed))


def clopper_pearson(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Exact binomial interval of a rate (Clopper and Pearson, Biometrika 1934); (0, 1) without trials.

    >>> low, high = clopper_pearson(22, 22)
    >>> round(low, 3), high
    (0.846, 1.0)
    """
    from scipy.stats import beta

    if trials == 0:
        return 0.0, 1.0
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, successes, trials - successes + 1)) if successes > 0 else 0.0
    high = float(beta.ppf(1 - tail, successes + 1, trials - successes)) if successes < trials else 1.0
    return low, high


def bootstrap_interval(
    statistic: Callable[[npt.NDArray[np.intp]], float],
    units: npt.ArrayLike,
    *,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap interval of ``statistic(rows)``, resampling whole units and never single rows.

    >>> x = np.array([1.0, 1.0, 3.0, 3.0])
    >>> bootstrap_interval(lambda rows: float(x[rows].mean()), ["a", "a", "b", "b"], draws=200)
    (1.0, 3.0)
    """
    named = bootstrap_intervals(lambda rows: {"it": statistic(rows)}, units, draws=draws, level=level, seed=seed)
    return named["it"]


def bootstrap_intervals(
    statistics: Callable[[npt.NDArray[np.intp]], Mapping[str, float]],
    units: npt.ArrayLike,
    *,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Percentile bootstrap interval of each named statistic, all from the same draws of whole units.

    Rows of one machine resemble each other, so an interval over rows would be far too narrow. Draws in which a
    statistic is not finite (no event drawn) are left out for it. Source: Davison and Hinkley 1997, section 3.8.
    """
    _, inverse = np.unique(np.asarray(units), return_inverse=True)
    rows_of = np.split(np.argsort(inverse, kind="stable"), np.cumsum(np.bincount(inverse))[:-1])
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {}
    for _ in range(draws):
        picked = rng.integers(0, len(rows_of), len(rows_of))
        for name, value in statistics(np.concatenate([rows_of[i] for i in picked])).items():
            drawn.setdefault(name, []).append(value)
    return {name: _percentiles(values, level) for name, values in drawn.items()}


def _percentiles(values: Sequence[float], level: float) -> tuple[float, float]:
    finite = np.asarray(values)[np.isfinite(values)]
    if finite.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@dataclass(frozen=True)
class EpisodeScores:
    """Alarms counted the way a maintenance desk feels them: failures caught, and calls for nothing."""

    events: int
    detected: int
    event_recall: float
    event_recall_interval: tuple[float, float]
    false_alarm_episodes: int
    false_alarm_h: float
    machine_months: float
    lead_times_h: tuple[float, ...]

    @property
    def false_alarm_episodes_per_machine_month(self) -> float:
        """False-alarm episodes over machine-months observed."""
        return self.false_alarm_episodes / self.machine_months

    @property
    def lead_time_h(self) -> float:
        """Median time from the first alarm in the window to the failure, over detected failures; NaN without any."""
        return float(np.median(self.lead_times_h)) if self.lead_times_h else float("nan")


def episode_scores(
    alarm: npt.ArrayLike,
    unit: npt.ArrayLike,
    time_h: npt.ArrayLike,
    failures_h: Mapping[str, Sequence[float]],
    *,
    horizon_h: float = 24.0,
    gap_h: float = 24.0,
    step_h: float = 1.0,
) -> EpisodeScores:
    """Count failures that were announced and alarm episodes that were not followed by one.

    A failure at f is detected by an alarm at t with f in (t, t + ``horizon_h``]. Alarms of one unit less than
    ``gap_h`` apart are one episode; a failure ends an episode, since what is said after the repair is said of a
    mended machine. An episode is false when no alarm in it was followed by a failure within the horizon. Failures
    without any sample in their window are not counted.

    Args:
        alarm: whether each sample raises an alarm.
        unit: unit of each sample.
        time_h: time of each sample in hours from any common origin.
        failures_h: failure times of each unit, same origin.
        horizon_h: how far ahead an alarm may lie to count.
        gap_h: alarms closer than this are one episode.
        step_h: time that one sample stands for.

    >>> s = episode_scores([0, 1, 1, 0, 1], ["m"] * 5, [0, 10, 11, 20, 80], {"m": [30.0]})
    >>> s.detected, s.false_alarm_episodes, s.lead_time_h
    (1, 1, 20.0)
    """
    called, names, moments = np.asarray(alarm, dtype=bool), np.asarray(unit), np.asarray(time_h, dtype=float)
    events = false_episodes = false_rows = 0
    leads: list[float] = []
    for name in np.unique(names):
        mine = names == name
        at = np.sort(moments[mine])
        alarms = np.sort(moments[mine & called])
        failures = np.sort(np.asarray(failures_h.get(str(name), ()), dtype=float))
        for failure in failures:
            if not ((at < failure) & (at >= failure - horizon_h)).any():
                continue
            events += 1
            early = alarms[(alarms < failure) & (alarms >= failure - horizon_h)]
            leads += [float(failure - early[0])] if early.size else []
        following = np.searchsorted(failures, alarms, side="right")  # index of the first failure after each alarm
        ahead = np.append(failures, np.inf)[following] - alarms
        followed = ahead <= horizon_h
        starts = np.append(True, (np.diff(alarms) >= gap_h) | (np.diff(following) > 0))[: alarms.size]
        episode = np.cumsum(starts) - 1
        if alarms.size:
            true_alarms = np.bincount(episode, weights=followed)
            false_episodes += int(np.sum(true_alarms == 0))
            false_rows += int(np.sum(~followed))
    return EpisodeScores(
        events=events,
        detected=len(leads),
        event_recall=len(leads) / events if events else float("nan"),
        event_recall_interval=clopper_pearson(len(leads), events),
        false_alarm_episodes=false_episodes,
        false_alarm_h=false_rows * step_h,
        machine_months=called.size * step_h / HOURS_PER_MONTH,
        lead_times_h=tuple(leads),
    )
