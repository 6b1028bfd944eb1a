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
from workbench.ml.splits import Split, grouped_folds

from . import azure_lives
from .azure_data import HORIZON_H, Bools, Fleet, Floats, load_fleet, until
from .azure_models import ProductWarner
from .azure_peers import ErrorRule, LogisticPeer, SignalThreshold, Warner, plain_table
from .frame import Metrics, Progress, pick_subsets, under, with_intervals

PROTOCOL = (
    "unit = machine-hour, positive = any component of that machine fails in (t, t + 24 h]; the last 24 h of each record "
    "dropped; main: 5 folds by machine over the 90 days; time: days 1-59 against 60-90, training labels end before day "
    "60; alarm threshold = best F1 on inner folds by machine; alarms of a machine under 24 h apart are one episode, a "
    "failure ends an episode, an episode is false when no alarm in it is followed by a failure within 24 h; component F1 "
    "over hours with an alarm, macro over the components that failed; ECE over 15 bins of equal mass; "
    + azure_lives.PROTOCOL
)
CHOSEN_BY = (
    "the product's own feature builder and health classifier with their shipped defaults, once for any failure and once "
    "per component; which of the two tells P(failure) by Brier score on inner folds by machine; less the features "
    "that this protocol forbids (hours since a repair or an error give away the simulator's 15-day grid and its 06:00); "
    "survival: form of the hazard by likelihood on inner folds by machine"
)
PUBLISHED: dict[str, Any] = {
    "published.gradient_boosting_full_year": {
        "component_macro_f1": 0.980,
        "source": "gradient boosting, 100 machines, full year",
        "protocol": "protocol unknown; not comparable with the part of the fleet used here",
    }
}
QUICK_MACHINES = 6
PARTS = ("main", "time", "survival")
TRAINING_DAYS = 59


@dataclass(frozen=True)
class Answers:
    """Held-out answers for every machine-hour."""

    score: Floats
    alarm: Bools
    component: Bools | None
    is_probability: bool


@dataclass(frozen=True)
class Divided:
    """The splits of one seed; ``known``: the fleet as it was at the boundary, where the split is by time."""

    seed: int
    splits: Sequence[Split]
    known: Fleet | None


def run(*, data: Path | None, seeds: Sequence[int], quick: bool, only: Sequence[str], progress: Progress) -> Metrics:
    """Run the parts of the protocol; see ``frame.run_benchmark``."""
    if data is None:
        raise InputError("The Azure fleet needs a data folder.", "Give --data FOLDER.")
    parts = pick_subsets(PARTS, only, benchmark="azure")
    fleet = load_fleet(data, most=QUICK_MACHINES if quick else None)
    folds, draws = (2, 100) if quick else (5, 1000)
    found: Metrics = {}
    peers: Metrics = {}
    seconds: dict[str, float] = {}
    for place, part in enumerate(parts):
        began = time.perf_counter()

        def within(fraction: float, message: str, place: int = place, part: str = part) -> None:
            progress((place + fraction) / len(parts), f"{part}: {message}")

        if part == "survival":
            mine, theirs = azure_lives.score_lives(data, seeds, folds, draws // 5, within)
            tables = {"ours": mine, "survival.kaplan_meier": theirs}
        else:
            divide = by_machine if part == "main" else _by_time
            tables = _scored(fleet, part, [divide(fleet, seed, folds) for seed in seeds], draws, within)
        # The year's c_index and brier stand alone; the figures of the second split say whose they are.
        ours = tables.pop("ours")
        found |= ours if part == "main" else under(part, ours)
        for name, table in tables.items():
            peers |= under(name, table)
        seconds[part] = round(time.perf_counter() - began, 3)
    for key in ("c_index", "c_index_interval", "brier", "brier_interval"):
        if f"survival.{key}" in found:
            found[key] = found.pop(f"survival.{key}")
    return {
        "metrics": found,
        "peers": peers | PUBLISHED,
        "seconds": seconds,
        "data": [str(path) for path in fleet.files],
        "protocol": PROTOCOL,
        "chosen_by": CHOSEN_BY,
        "simulated": False,
    }


def by_machine(fleet: Fleet, seed: int, folds: int) -> Divided:
    """Return the main folds: each machine is answered by what other machines taught."""
    units = fleet.machine.astype(str)
    splits = grouped_folds(units, folds, seed, balance=fleet.positive)
    for split in splits:
        split.check(units)
    return Divided(seed, splits, None)


def _by_time(fleet: Fleet, seed: int, _folds: int) -> Divided:
    """Return the one split at the beginning of day 60; what was learned from knew nothing later."""
    boundary = np.floor(fleet.hour.min() / HORIZON_H) * HORIZON_H + TRAINING_DAYS * HORIZON_H
    train, test = np.flatnonzero(fleet.hour + HORIZON_H < boundary), np.flatnonzero(fleet.hour >= boundary)
    split = Split("time", train, test)
    split.check(times=fleet.hour, horizon=HORIZON_H)
    return Divided(seed, [split], until(fleet, boundary))


def _scored(fleet: Fleet, part: str, divided: Sequence[Divided], draws: int, progress: Progress) -> dict[str, Metrics]:
    """Return the figures of ours and the peers, each over all seeds."""
    answers: dict[str, list[Answers]] = {}
    for number, one in enumerate(divided):

        def within(fraction: float, message: str, number: int = number) -> None:
            progress((number + fraction) / len(divided), message)

        for name, answer in cross_validate(fleet, one, within).items():
            answers.setdefault(name, []).append(answer)
    tested = np.sort(np.concatenate([split.test for split in divided[0].splits]))
    prefix = "" if part == "main" else f"{part}."
    return {
        name if name == "ours" else prefix + name: _figures(fleet, given, tested, draws)
        for name, given in answers.items()
    }


def cross_validate(fleet: Fleet, divided: Divided, progress: Progress) -> dict[str, Answers]:
    """Return the answers of ours and the peers for every tested machine-hour, by models that learned on the other side."""
    plain = plain_table(fleet)
    signals = len(fleet.machines[0].profile.sensors)
    rows = len(fleet.row)
    ours, component = _empty(rows), np.zeros((rows, len(fleet.components)), dtype=bool)
    peers: dict[str, tuple[Warner, tuple[Floats, Bools]]] = {
        "logistic_24h": (LogisticPeer(plain), _empty(rows)),
        "error_rule": (ErrorRule(plain, signals), _empty(rows)),
        "signal_threshold": (SignalThreshold(fleet), _empty(rows)),
    }
    for number, fold in enumerate(divided.splits):
        progress(number / len(divided.splits), f"fold {number + 1} of {len(divided.splits)}, seed {divided.seed}")
        product = ProductWarner(divided.seed)
        if divided.known is None:
            product.fit(fleet, fold.train)
        else:
            product.fit(divided.known, np.arange(len(divided.known.row)))
        _answer(product, fleet, fold.test, ours)
        named = product.component(fleet, fold.test)
        component[fold.test] = named[:, None] == np.array(fleet.components, dtype=object)
        for peer, into in peers.values():
            _answer(peer.fit(fleet, fold.train), fleet, fold.test, into)
    return {
        "ours": Answers(*ours, component, True),
        **{name: Answers(*into, None, name == "logistic_24h") for name, (_, into) in peers.items()},
    }


def _empty(rows: int) -> tuple[Floats, Bools]:
    return np.zeros(rows), np.zeros(rows, dtype=bool)


def _answer(warner: Warner, fleet: Fleet, test: npt.NDArray[np.intp], into: tuple[Floats, Bools]) -> None:
    score, alarm = into
    score[test] = warner.predict(fleet, test)
    alarm[test] = score[test] >= warner.threshold


def _figures(fleet: Fleet, answers: Sequence[Answers], tested: npt.NDArray[np.intp], draws: int) -> Metrics:
    """Return the figures, means over seeds, with intervals over machines; event recall's is exact."""
    by_seed = [_episodes(fleet, answer, tested) for answer in answers]
    names = [machine.profile.machine_id for machine in fleet.machines]
    code = np.searchsorted(names, fleet.machine[tested].astype(str))
    size = np.bincount(code, minlength=len(names))

    def figures(rows: npt.NDArray[np.intp]) -> dict[str, float]:
        times = np.bincount(code[rows], minlength=len(names)) // size
        tables = [
            _row_figures(fleet, answer, tested[rows])
            | event_figures([s for s, n in zip(scores, times, strict=True) for _ in range(n)])
            for answer, scores in zip(answers, by_seed, strict=True)
        ]
        return {key: float(np.mean([table[key] for table in tables])) for key in tables[0]}

    table = with_intervals(figures, code, draws=draws)
    events = sum(s.events for s in by_seed[0])
    detected = round(float(np.mean([sum(s.detected for s in scores) for scores in by_seed])))
    table["event_recall_interval"] = list(metrics.clopper_pearson(detected, events))
    return {"events": events, "machines": len(names), "base_rate": float(fleet.positive[tested].mean()), **table}


def _row_figures(fleet: Fleet, answer: Answers, rows: npt.NDArray[np.intp]) -> dict[str, float]:
    truth, score, alarm = fleet.positive[rows], answer.score[rows], answer.alarm[rows]
    at = metrics.scores_at(truth, alarm.astype(float), 1.0)
    found = {"f1": at.f1, "precision": at.precision, "recall": at.recall, "pr_auc": metrics.pr_auc(truth, score)}
    if answer.is_probability:
        found["brier_skill"] = metrics.brier_skill(truth, score)
        found["ece"] = metrics.equal_mass_ece(truth, score)
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


def _episodes(fleet: Fleet, answer: Answers, tested: npt.NDArray[np.intp]) -> list[EpisodeScores]:
    """Return the episode scores of each machine, so that drawing machines again only adds them up."""
    found = []
    for machine in fleet.machines:
        name = machine.profile.machine_id
        mine = tested[fleet.machine[tested] == name]
        units = fleet.machine[mine].astype(str)
        found.append(episode_scores(answer.alarm[mine], units, fleet.hour[mine], fleet.failures_h, horizon_h=HORIZON_H))
    return found
