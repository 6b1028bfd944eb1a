"""Condition of a hydraulic rig's components from the sensor means of a load cycle, grouped by run of constant condition."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

from workbench.errors import InputError
from workbench.ml.condition import ConditionClassifier
from workbench.ml.leakage import guard
from workbench.ml.splits import Split, grouped_folds
from workbench.telemetry.readers.samples import HYDRAULIC_LABELS, SampleTable, read_hydraulic, read_hydraulic_holdout

from .classifier_figures import HeldOut, base_rates, figures_with_intervals, multiclass_figures
from .frame import Metrics, Progress, pick_subsets, under

PROTOCOL = (
    "per component: 5 folds by run of constant (cooler, valve, pump_leak, accumulator), and 5 folds by block of ten cycles "
    "(macro_f1_blocks); with a holdout file, fit on all of the given and score it, blocks by cross-validation of the "
    "given; inputs are the 17 sensors' means of the one cycle; cycle number and labels of other cycles are never inputs; "
    "what the other components' states do to the sensors is learned from training labels, and the states of a tested "
    "cycle are estimated from its own sensors; "
    "base rates are those of the training side; ECE of the likeliest state over 15 bins of equal mass; intervals by "
    "bootstrap over runs"
)
CHOSEN_BY = (
    "the mixture of families and its temperature by inner folds over the runs of each training side; the list of "
    "families and their settings by cross-validation over runs of the given file, never on a holdout. ConditionClassifier is "
    "an estimator of the library for labelled cycles; no training of a workspace makes one, since conditions of components are "
    "no events there"
)
BLOCK_CYCLES = 10
Cycles = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Size:
    """How large a run is."""

    folds: int
    trees: int
    draws: int


FULL = Size(folds=5, trees=100, draws=1000)
QUICK = Size(folds=2, trees=10, draws=50)


@dataclass(frozen=True)
class Task:
    """One component: inputs and its states, and what serves to split only: the run and cycle number of each row.

    ``others`` holds the states of the other components, which are known in training only.
    """

    X: pd.DataFrame
    y: npt.NDArray[np.intp]
    others: pd.DataFrame
    runs: Cycles
    cycle: Cycles


def run(*, data: Path | None, seeds: Sequence[int], quick: bool, only: Sequence[str], progress: Progress) -> Metrics:
    """Run the protocol for every component asked for; see ``frame.run_benchmark``."""
    if data is None:
        raise InputError("The hydraulic rig needs a data folder.", "Give --data FOLDER.")
    given, holdout = read_hydraulic(data), read_hydraulic_holdout(data)
    names = pick_subsets(HYDRAULIC_LABELS, only, benchmark="hydraulic")
    size = QUICK if quick else FULL
    result: Metrics = {"metrics": {}, "peers": {}, "seconds": {}}
    for number, name in enumerate(names):
        progress(number / len(names), name)
        began = time.perf_counter()
        result["metrics"] |= under(name, _measure(given, holdout, name, seeds, size))
        result["seconds"][name] = round(time.perf_counter() - began, 3)
    return result | {
        "data": [str(table.file) for table in (given, holdout) if table is not None],
        "protocol": PROTOCOL,
        "chosen_by": CHOSEN_BY,
        "simulated": False,
    }


def constant_runs(labels: pd.DataFrame) -> Cycles:
    """Return the number of the run that each row is in: rows in sequence whose labels all stay the same.

    >>> constant_runs(pd.DataFrame({"a": [1, 1, 2, 2, 1]})).tolist()
    [1, 1, 2, 2, 3]
    """
    return np.asarray((labels != labels.shift()).any(axis=1).cumsum(), dtype=np.intp)


def _task(table: SampleTable, component: str) -> Task:
    order = np.argsort(table.order.to_numpy(), kind="stable")
    labels = table.labels.iloc[order]
    return Task(
        table.inputs.iloc[order].reset_index(drop=True),
        labels[component].to_numpy(dtype=np.intp),
        labels.drop(columns=component).reset_index(drop=True),
        constant_runs(labels),
        table.order.to_numpy(dtype=np.intp)[order],
    )


def _measure(
    given: SampleTable, holdout: SampleTable | None, component: str, seeds: Sequence[int], size: Size
) -> Metrics:
    task = _task(given, component)
    blocks = (task.cycle - 1) // BLOCK_CYCLES
    by_run = [_folds(task, task.runs, size.folds, seed) for seed in seeds]
    by_block = [_folds(task, blocks, size.folds, seed) for seed in seeds]
    in_blocks = [_answers(task, folds, seed, size)["ours"] for folds, seed in zip(by_block, seeds, strict=True)]
    scored, passes = task, by_run
    if holdout is not None:
        scored = _task(holdout, component)
        task = _joined(task, scored)
        rest = len(task.y) - len(scored.y)
        # The unit that lies on one side only is the file here.
        passes = [[Split("units", np.arange(rest), np.arange(rest, len(task.y)))] for _ in seeds]
    answers = [_answers(task, folds, seed, size) for folds, seed in zip(passes, seeds, strict=True)]
    tested = np.arange(len(task.y) - len(scored.y), len(task.y))

    def figures(name: str) -> Metrics:
        kept = [answer[name].taken(tested) for answer in answers]
        return figures_with_intervals(kept, multiclass_figures, scored.runs, draws=size.draws)

    table = figures("ours")
    peers = _renamed(figures("peer"), "macro_f1", "macro_f1_peer")
    nearest = _renamed(figures("nearest"), "macro_f1", "macro_f1_nearest")
    in_block = figures_with_intervals(in_blocks, multiclass_figures, blocks, draws=size.draws)
    return {"cycles": len(scored.y)} | table | peers | nearest | _renamed(in_block, "macro_f1", "macro_f1_blocks")


def _renamed(table: Metrics, key: str, name: str) -> Metrics:
    return {name: table[key], f"{name}_interval": table[f"{key}_interval"]}


def _folds(task: Task, groups: Cycles, n_splits: int, seed: int) -> list[Split]:
    folds = grouped_folds(groups, n_splits, seed)
    for fold in folds:
        guard(task.X, task.y, fold, groups=groups)
    return folds


def _joined(given: Task, holdout: Task) -> Task:
    return Task(
        pd.concat([given.X, holdout.X], ignore_index=True),
        np.concatenate([given.y, holdout.y]),
        pd.concat([given.others, holdout.others], ignore_index=True),
        np.concatenate([given.runs, holdout.runs + given.runs.max()]),
        np.concatenate([given.cycle, holdout.cycle]),
    )


def _answers(task: Task, folds: Sequence[Split], seed: int, size: Size) -> dict[str, HeldOut]:
    """Return our answers, those of plain boosting, and the label of the nearest training cycle, for rows tested."""
    classes = np.unique(task.y)
    probability = np.full((len(task.y), len(classes)), 1.0 / len(classes))
    base = probability.copy()
    named: dict[str, npt.NDArray[Any]] = {name: np.zeros_like(task.y) for name in ("ours", "peer", "nearest")}
    for fold in folds:
        train, test = fold.train, fold.test
        X, y = task.X.iloc[train], task.y[train]
        ours = ConditionClassifier(seed=seed, trees=size.trees)
        ours.fit(X, y, groups=task.runs[train], states=task.others.iloc[train])
        answer = np.zeros((len(test), len(classes)))
        answer[:, np.searchsorted(classes, ours.classes_)] = ours.predict_proba(task.X.iloc[test])
        probability[test], base[test] = answer, base_rates(classes, y, len(test))
        named["ours"][test] = classes[answer.argmax(axis=1)]
        plain = HistGradientBoostingClassifier(random_state=seed, max_iter=size.trees).fit(X, y)
        named["peer"][test] = plain.predict(task.X.iloc[test])
        distance = np.abs(task.cycle[test][:, None] - task.cycle[train][None, :])
        named["nearest"][test] = y[distance.argmin(axis=1)]
    ours_held = HeldOut(task.y, named["ours"], classes, probability, base)
    return {"ours": ours_held} | {name: HeldOut(task.y, named[name], classes) for name in ("peer", "nearest")}
