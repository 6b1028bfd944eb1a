"""Failures of a milling machine (AI4I 2020): is this product's run a failure, judged from physical quantities."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold

from workbench.errors import InputError
from workbench.ml.condition import ConditionClassifier
from workbench.ml.leakage import guard
from workbench.ml.metrics import best_threshold
from workbench.ml.splits import Split
from workbench.telemetry.readers.samples import SampleTable, read_ai4i, read_ai4i_holdout

from .classifier_figures import HeldOut, base_rates, binary_figures, figures_with_intervals
from .frame import Metrics, Progress, under

PROTOCOL = (
    "5 x 5-fold stratified, or fit on all and score the holdout file where there is one; threshold by inner folds; inputs: "
    "quality, the five readings, power, temperature difference, wear x torque; never TWF, HDF, PWF, OSF, RNF or the "
    "documented thresholds; figures are means over repeats; ECE over 15 bins of equal mass; intervals by bootstrap over "
    "products, which are independent units here"
)
CHOSEN_BY = (
    "the mixture of families, its temperature and the threshold by inner stratified folds of each training side; the "
    "families' own settings were set once by stratified cross-validation of the given file, never on a holdout. "
    "ConditionClassifier is an estimator of the library for data of this form; no training of a workspace makes one, since "
    "machines there have records in time"
)
REPEATS, FOLDS = 5, 5
CLASSES = np.array([0, 1])
PEER_TREES = 100
Rows = npt.NDArray[np.intp]
PUBLISHED: dict[str, Any] = {
    "published.xgboost": {"f1": 0.895, "source": "leakage-free published best, XGBoost", "protocol": "protocol unknown"}
}


def run(*, data: Path | None, seeds: Sequence[int], quick: bool, only: Sequence[str], progress: Progress) -> Metrics:
    """Run the protocol; see ``frame.run_benchmark``."""
    if data is None:
        raise InputError("AI4I needs a data folder.", "Give --data FOLDER.")
    if only:
        raise InputError(f"Benchmark 'ai4i' has no subset {', '.join(only)}.", "Leave --only out.")
    given, holdout = read_ai4i(data), read_ai4i_holdout(data)
    began = time.perf_counter()
    trees, draws, repeats = (20, 50, 1) if quick else (100, 1000, REPEATS)
    answers: dict[str, list[HeldOut]] = {"ours": [], "random_forest": []}
    for number, seed in enumerate(seeds):

        def within(fraction: float, message: str, number: int = number) -> None:
            progress((number + fraction) / len(seeds), message)

        for name, found in _answers(given, holdout, seed, repeats, trees, within).items():
            answers[name] += found
    scored = given if holdout is None else holdout
    answers["documented_rules"] = [HeldOut(_failed(scored), documented_rules(scored.inputs), CLASSES)]
    progress(1.0, "intervals")
    tables = {
        name: figures_with_intervals(found, binary_figures, np.arange(len(scored.inputs)), draws=draws)
        for name, found in answers.items()
    }
    peers = under("random_forest", tables["random_forest"]) | under("documented_rules", tables["documented_rules"])
    return {
        "metrics": {"samples": len(scored.inputs), "failures": int(_failed(scored).sum()), **tables["ours"]},
        "peers": peers | PUBLISHED,
        "seconds": {"fit_and_predict": round(time.perf_counter() - began, 3)},
        "data": [str(table.file) for table in (given, holdout) if table is not None],
        "protocol": PROTOCOL,
        "chosen_by": CHOSEN_BY,
        "simulated": True,
    }


def quantities(inputs: pd.DataFrame) -> pd.DataFrame:
    """Return the inputs and the physical quantities that follow: power (W), temperature difference (K), wear x torque.

    >>> row = pd.DataFrame([[0.0, 298.0, 308.0, 1500.0, 40.0, 10.0]], columns=["Type", *"abcde"])
    >>> row.columns = ["Type", "Air temperature [K]", "Process temperature [K]", "Rotational speed [rpm]",
    ...                "Torque [Nm]", "Tool wear [min]"]
    >>> quantities(row)[["power_W", "temperature_difference_K", "wear_torque_min_Nm"]].round(0).values.tolist()
    [[6283.0, 10.0, 400.0]]
    """
    torque, wear = inputs["Torque [Nm]"], inputs["Tool wear [min]"]
    return inputs.assign(
        power_W=torque * inputs["Rotational speed [rpm]"] * 2 * np.pi / 60,
        temperature_difference_K=inputs["Process temperature [K]"] - inputs["Air temperature [K]"],
        wear_torque_min_Nm=wear * torque,
    )


def documented_rules(inputs: pd.DataFrame) -> npt.NDArray[np.intp]:
    """Return the peer that knows how the set was made: heat, power and overstrain limits as its publisher states them.

    Source: Matzka, "Explainable artificial intelligence for predictive maintenance applications", AI4I 2020. Tool wear
    and random failures are drawn by chance there, so no rule foretells them.
    """
    q = quantities(inputs)
    heat = (q["temperature_difference_K"] < 8.6) & (q["Rotational speed [rpm]"] < 1380)
    power = (q["power_W"] < 3500) | (q["power_W"] > 9000)
    overstrain = q["wear_torque_min_Nm"] > q["Type"].map({0.0: 11000.0, 1.0: 12000.0, 2.0: 13000.0})
    return np.asarray(heat | power | overstrain, dtype=np.intp)


def _failed(table: SampleTable) -> npt.NDArray[np.intp]:
    return table.labels["Machine failure"].to_numpy(dtype=np.intp)


def _answers(
    given: SampleTable, holdout: SampleTable | None, seed: int, repeats: int, trees: int, progress: Progress
) -> dict[str, list[HeldOut]]:
    X, y = quantities(given.inputs), _failed(given)
    every = np.arange(len(y))
    if holdout is not None:
        progress(0.0, "holdout")
        whole = pd.concat([X, quantities(holdout.inputs)], ignore_index=True)
        truth = np.concatenate([y, _failed(holdout)])
        rest = np.arange(len(y), len(truth))
        return {name: [one.taken(rest)] for name, one in _pass(whole, truth, [(every, rest)], seed, trees).items()}
    found: dict[str, list[HeldOut]] = {"ours": [], "random_forest": []}
    for repeat in range(repeats):
        progress(repeat / repeats, f"repeat {repeat + 1} of {repeats}, seed {seed}")
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=REPEATS * seed + repeat).split(X, y)
        for name, one in _pass(X, y, list(folds), seed, trees).items():
            found[name].append(one)
    return found


def _pass(
    X: pd.DataFrame, y: npt.NDArray[np.intp], folds: Sequence[tuple[Rows, Rows]], seed: int, trees: int
) -> dict[str, HeldOut]:
    """Return our and the forest's answers for every row that a fold tests."""
    base = np.zeros((len(y), 2))
    probability, named = (
        {name: np.zeros(shape) for name in ("ours", "random_forest")} for shape in ((len(y), 2), len(y))
    )
    for train, test in folds:
        guard(X, y, Split("units", np.asarray(train), np.asarray(test)), groups=np.arange(len(y)))
        base[test] = base_rates(CLASSES, y[train], len(test))
        ours = ConditionClassifier(seed=seed, trees=trees).fit(X.iloc[train], y[train])
        probability["ours"][test] = ours.predict_proba(X.iloc[test])
        named["ours"][test] = ours.decide(probability["ours"][test])
        threshold, forest = _forest_peer(X.iloc[train], y[train], seed, min(trees, PEER_TREES))
        probability["random_forest"][test] = forest.predict_proba(X.iloc[test])
        named["random_forest"][test] = probability["random_forest"][test, 1] >= threshold
    return {name: HeldOut(y, named[name], CLASSES, probability[name], base) for name in named}


def _forest_peer(
    X: pd.DataFrame, y: npt.NDArray[np.intp], seed: int, trees: int
) -> tuple[float, RandomForestClassifier]:
    """Return the F1-best threshold of inner folds and a plain random forest fitted on all rows."""
    held_out = np.zeros(len(y))
    for train, test in StratifiedKFold(3, shuffle=True, random_state=seed).split(X, y):
        fitted = RandomForestClassifier(trees, random_state=seed, n_jobs=-1).fit(X.iloc[train], y[train])
        held_out[test] = fitted.predict_proba(X.iloc[test])[:, 1]
    return best_threshold(y, held_out), RandomForestClassifier(trees, random_state=seed, n_jobs=-1).fit(X, y)
