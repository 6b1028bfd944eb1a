"""Failures of the Azure fleet: which machine fails in the next 24 hours, scored by machine-hour and by event."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.errors import InputError
from workbench.ml import metrics
from workbench.ml.metrics import EpisodeScores, episode_scores
from workbench.ml.splits import grouped_folds

from .azure_data import HORIZON_H, Bools, Fleet, Floats, load_fleet
from .azure_models import ErrorRule, LogisticPeer, ProductWarner, Warner, plain_table
from .frame import Metrics, Progress, under, with_intervals

PROTOCOL = (
    "unit = machine-hour, positive = any component of that machine fails in (t, t + 24 h]; the last 24 h of each record "
    "dropped; 5 folds by machine over the 90 days; alarm threshold = best F1 on inner folds by machine; alarms of a "
    "machine under 24 h apart are one episode, a failure ends an episode, an episode is false when no alarm in it is "
    "followed by a failure within 24 h; component F1 over hours with an alarm, macro over the components that failed"
)
CHOSEN_BY = (
    "the product's own feature builder, health classifier and diagnosis with their shipped defaults, less the features "
    "that this protocol forbids (hours since a repair or an error give away the simulator's 15-day grid and its 06:00)"
)
PUBLISHED: dict[str, Any] = {
    "published.gradient_boosting_full_year": {
        "component_macro_f1": 0.980,
        "source": "gradient boosting, 100 machines, full year",
        "protocol": "protocol unknown; not comparable with the part of the fleet used here",
    }
}
QUICK_MACHINES = 6


@dataclass(frozen=True)
class Answers:
    """Held-out answers for every machine-hour."""

    score: Floats
    alarm: Bools
    component: Bools | None
    is_probability: bool


def run(*, data: Path | None, seeds: Sequence[int], quick: bool, only: Sequence[str], progress: Progress) -> Metrics:
    """Run the protocol's main part; see ``frame.run_benchmark``."""
    if data is None:
        raise InputError("The Azure fleet needs a data folder.", "Give --data FOLDER.")
    if any(part != "main" for part in only):
        raise InputError(f"Benchmark 'azure' has no subset {', '.join(only)}.", "It has one: main.")
    fleet = load_fleet(data, most=QUICK_MACHINES if quick else None)
    folds, draws = (2, 100) if quick else (5, 1000)
    began = time.perf_counter()
    names = ("ours", "logistic_24h", "error_rule")
    answers: dict[str, list[Answers]] = {name: [] for name in names}
    for number, seed in enumerate(seeds):

        def within(fraction: float, message: str, number: int = number) -> None:
            progress((number + fraction) / len(seeds), message)

        for name, answer in cross_validate(fleet, seed, folds, within).items():
            answers[name].append(answer)
    progress(1.0, "intervals")
    tables = {name: _figures(fleet, answers[name], draws) for name in names}
    peers = under(names[1], tables[names[1]]) | under(names[2], tables[names[2]]) | PUBLISHED
    return {
        "metrics": tables["ours"],
        "peers": peers,
        "seconds": {"cross_validation": round(time.perf_counter() - began, 3)},
        "data": [str(path) for path in fleet.files],
        "protocol": PROTOCOL,
        "chosen_by": CHOSEN_BY,
        "simulated": False,
    }


def cross_validate(fleet: Fleet, seed: int, n_splits: int, progress: Progress) -> dict[str, Answers]:
    """Return the answers of ours and the peers for every machine-hour, by models that never saw the machine."""
    plain = plain_table(fleet)
    signals = len(fleet.machines[0].profile.sensors)
    rows = len(fleet.row)
    ours, component = _empty(rows), np.zeros((rows, len(fleet.components)), dtype=bool)
    logistic, rule = _empty(rows), _empty(rows)
    units = fleet.machine.astype(str)
    folds = grouped_folds(units, n_splits, seed, balance=fleet.positive)
    for number, fold in enumerate(folds):
        progress(number / len(folds), f"fold {number + 1} of {len(folds)}, seed {seed}")
        fold.check(units)
        product = ProductWarner(seed)
        _answer(product, fleet, fold.train, fold.test, ours)
        named = product.component(fleet, fold.test)
        component[fold.test] = named[:, None] == np.array(fleet.components, dtype=object)
        _answer(LogisticPeer(plain), fleet, fold.train, fold.test, logistic)
        _answer(ErrorRule(plain, signals), fleet, fold.train, fold.test, rule)
    return {
        "ours": Answers(*ours, component, True),
        "logistic_24h": Answers(*logistic, None, True),
        "error_rule": Answers(*rule, None, False),
    }


def _empty(rows: int) -> tuple[Floats, Bools]:
    return np.zeros(rows), np.zeros(rows, dtype=bool)


def _answer(
    warner: Warner, fleet: Fleet, train: npt.NDArray[np.intp], test: npt.NDArray[np.intp], into: tuple[Floats, Bools]
) -> None:
    score, alarm = into
    score[test] = warner.fit(fleet, train).predict(fleet, test)
    alarm[test] = score[test] >= warner.threshold


def _figures(fleet: Fleet, answers: Sequence[Answers], draws: int) -> Metrics:
    """Return the figures, means over seeds, with intervals over machines; event recall's is exact."""
    by_seed = [_episodes(fleet, answer) for answer in answers]
    names = [machine.profile.machine_id for machine in fleet.machines]
    code = np.searchsorted(names, fleet.machine.astype(str))
    size = np.bincount(code, minlength=len(names))

    def figures(rows: npt.NDArray[np.intp]) -> dict[str, float]:
        times = np.bincount(code[rows], minlength=len(names)) // size
        tables = [
            _row_figures(fleet, answer, rows)
            | event_figures([s for s, n in zip(scores, times, strict=True) for _ in range(n)])
            for answer, scores in zip(answers, by_seed, strict=True)
        ]
        return {key: float(np.mean([table[key] for table in tables])) for key in tables[0]}

    table = with_intervals(figures, code, draws=draws)
    events = sum(s.events for s in by_seed[0])
    detected = round(float(np.mean([sum(s.detected for s in scores) for scores in by_seed])))
    table["event_recall_interval"] = list(metrics.clopper_pearson(detected, events))
    return {"events": events, "machines": len(names), "base_rate": float(fleet.positive.mean()), **table}


def _row_figures(fleet: Fleet, answer: Answers, rows: npt.NDArray[np.intp]) -> dict[str, float]:
    truth, score, alarm = fleet.positive[rows], answer.score[rows], answer.alarm[rows]
    at = metrics.scores_at(truth, alarm.astype(float), 1.0)
    found = {"f1": at.f1, "precision": at.precision, "recall": at.recall, "pr_auc": metrics.pr_auc(truth, score)}
    if answer.is_probability:
        found["brier_skill"] = metrics.brier_skill(truth, score)
        found["ece"] = metrics.expected_calibration_error(truth, score)
    if answer.component is not None:
        said = answer.component[rows] & alarm[:, None]
        found["component_macro_f1"] = component_macro_f1(fleet.failing[rows], said)
    return found


def component_macro_f1(failing: Bools, said: Bools) -> float:
    """Mean over the components that failed of the F1 of naming them.

    ``failing`` and ``said`` have a row per machine-hour and a column per component; a row names one component, or none
    where there is no alarm. Where two components fail in the same window, naming either is right and not naming the
    other is no miss.

    >>> failing = np.array([[True, True], [False, True], [False, False]])
    >>> component_macro_f1(failing, np.array([[True, False], [False, True], [False, False]]))
    1.0
    """
    hits = (said & failing).sum(axis=0)
    right = (said & failing).any(axis=1)
    missed = (failing & ~np.asarray(right)[:, None]).sum(axis=0)
    false = (said & ~failing).sum(axis=0)
    scores: Floats = np.asarray(2 * hits / np.maximum(2 * hits + missed + false, 1), dtype=np.float64)
    occurs = np.flatnonzero(failing.any(axis=0))
    return float(np.mean(scores[occurs])) if len(occurs) else float("nan")


def event_figures(scores: Sequence[EpisodeScores]) -> dict[str, float]:
    """Return the event figures of machines together; a machine drawn twice stands in ``scores`` twice."""
    events, months = sum(s.events for s in scores), sum(s.machine_months for s in scores)
    leads = [lead for s in scores for lead in s.lead_times_h]
    return {
        "event_recall": sum(s.detected for s in scores) / events if events else float("nan"),
        "false_alarm_episodes_per_machine_month": sum(s.false_alarm_episodes for s in scores) / months,
        "false_alarm_h_per_machine_month": sum(s.false_alarm_h for s in scores) / months,
        "lead_time_h": float(np.median(leads)) if leads else float("nan"),
    }


def _episodes(fleet: Fleet, answer: Answers) -> list[EpisodeScores]:
    """Return the episode scores of each machine, so that drawing machines again only adds them up."""
    found = []
    for machine in fleet.machines:
        name = machine.profile.machine_id
        mine = fleet.machine == name
        units = fleet.machine[mine].astype(str)
        found.append(episode_scores(answer.alarm[mine], units, fleet.hour[mine], fleet.failures_h, horizon_h=HORIZON_H))
    return found
