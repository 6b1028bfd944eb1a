"""How long components of the Azure fleet live: a survival model on a year of 95 machines beside Kaplan-Meier curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.domain.observations import EventKind
from workbench.errors import InputError
from workbench.ml.splits import grouped_folds
from workbench.ml.survival import HazardSurvival, kaplan_meier
from workbench.ml.survival_metrics import censored_brier, concordance
from workbench.telemetry.readers.azure import read_azure

from .azure_data import Floats, hours
from .frame import Metrics, Progress, with_intervals

PROTOCOL = (
    "survival: a life = one component of one machine from a replacement to its failure, censored by a planned "
    "replacement or the end of the record; watched from the first hour for which failures are recorded on; covariates: "
    "component, model and age of the machine, no calendar and no remainder of days; 5 folds by machine; c_index "
    "(Harrell, pairs watched at the same age, risk = less expected life up to 180 days), brier = mean over 30, 60, 90, "
    "120 days ahead of the Brier score with inverse weights for censoring, predicted at the moment a life is first "
    "watched, given the age then"
)
DAY_H = 24.0
AHEAD_DAYS = np.array([30.0, 60.0, 90.0, 120.0])
TO_DAYS = np.arange(5.0, 181.0, 5.0)


@dataclass(frozen=True)
class ComponentLives:
    """One row per life; ages in days. ``X`` holds what is known of component and machine beforehand."""

    X: pd.DataFrame
    machine: npt.NDArray[np.object_]
    component: npt.NDArray[np.object_]
    entry: Floats
    duration: Floats
    failed: Floats

    @property
    def left(self) -> Floats:
        """Days watched from entry on."""
        return self.duration - self.entry


def load_lives(folder: Path) -> ComponentLives:
    """Read the lives of all components whose events are recorded; raises ``InputError`` without failures."""
    source = read_azure(folder)
    events = pd.DataFrame(
        [(e.machine_id, e.time, str(e.kind), e.cause) for e in source.events],
        columns=["machine_id", "time", "kind", "cause"],
    )
    events["day"] = hours(pd.to_datetime(events.pop("time"), utc=True)) / DAY_H
    failures = events[events["kind"] == str(EventKind.FAILURE)]
    replaced = events[events["kind"] == str(EventKind.REPLACEMENT)]
    if failures.empty or replaced.empty:
        raise InputError("There are no failures or no replacements.", "Give the files of failures and maint.")
    first, last = np.floor(failures["day"].min()), events["day"].max()
    profiles = {profile.machine_id: profile for profile in source.profiles}
    rows = []
    for (name, component), mine in replaced.groupby(["machine_id", "cause"]):
        broke = set(failures["day"][(failures["machine_id"] == name) & (failures["cause"] == component)])
        starts = np.unique(mine["day"])
        ends = np.append(starts[1:], last)
        for start, end in zip(starts, ends, strict=True):
            if end > max(start, first):
                rows.append((name, component, max(first - start, 0.0), end - start, float(end in broke)))
    table = pd.DataFrame(rows, columns=["machine", "component", "entry", "duration", "failed"])
    facts = [profiles[str(name)].attributes for name in table["machine"]]
    known = pd.DataFrame({"component": table["component"], "model": [str(one["model"]) for one in facts]})
    X = pd.get_dummies(known, dtype=float).assign(age=[float(one["age"]) for one in facts])
    names = [table[c].to_numpy(dtype=object) for c in ("machine", "component")]
    numbers = [table[c].to_numpy(dtype=np.float64) for c in ("entry", "duration", "failed")]
    return ComponentLives(X, names[0], names[1], numbers[0], numbers[1], numbers[2])


def score_lives(
    folder: Path, seeds: Sequence[int], folds: int, draws: int, progress: Progress
) -> tuple[Metrics, Metrics]:
    """Return the figures of ours and of Kaplan-Meier curves by component, means over seeds, intervals over machines."""
    lives = load_lives(folder)
    ours, peer = [], []
    for number, seed in enumerate(seeds):
        mine = (np.zeros((len(lives.X), len(AHEAD_DAYS))), np.zeros(len(lives.X)))
        theirs = (np.zeros((len(lives.X), len(AHEAD_DAYS))), np.zeros(len(lives.X)))
        splits = grouped_folds(lives.machine.astype(str), folds, seed, balance=lives.failed)
        for place, split in enumerate(splits):
            progress((number + place / folds) / len(seeds), f"lives, fold {place + 1} of {folds}, seed {seed}")
            split.check(lives.machine.astype(str))
            for into, answer in ((mine, _model), (theirs, _curves)):
                into[0][split.test], into[1][split.test] = answer(lives, split.train, split.test, seed)
        ours.append(mine)
        peer.append(theirs)
    return tuple(_figures(lives, answers, draws) for answers in (ours, peer))  # type: ignore[return-value]


def _model(
    lives: ComponentLives, train: npt.NDArray[np.intp], test: npt.NDArray[np.intp], seed: int
) -> tuple[Floats, Floats]:
    """Return survival ahead of entry (rows, times), and a risk, by the product's survival model."""
    model = HazardSurvival(seed=seed).fit(
        lives.X.iloc[train],
        lives.duration[train],
        lives.failed[train],
        groups=lives.machine[train],
        entry=lives.entry[train],
    )
    X = lives.X.iloc[test]
    return model.survival(X, AHEAD_DAYS, age=lives.entry[test]), -model.survival(X, TO_DAYS).mean(axis=1)


def _curves(
    lives: ComponentLives, train: npt.NDArray[np.intp], test: npt.NDArray[np.intp], _seed: int
) -> tuple[Floats, Floats]:
    """Return the same by one Kaplan-Meier curve per component."""
    ahead, risk = np.ones((len(test), len(AHEAD_DAYS))), np.zeros(len(test))
    for component in np.unique(lives.component):
        own, asked = train[lives.component[train] == component], lives.component[test] == component
        times, curve = kaplan_meier(lives.duration[own], lives.failed[own], lives.entry[own])
        steps = np.concatenate([[1.0], curve])
        entry = lives.entry[test][asked]
        now = np.maximum(steps[np.searchsorted(times, entry, side="right")], 1e-9)
        for column, t in enumerate(AHEAD_DAYS):
            ahead[asked, column] = steps[np.searchsorted(times, entry + t, side="right")] / now
        risk[asked] = -steps[np.searchsorted(times, TO_DAYS, side="right")].mean()
    return ahead, risk


def _figures(lives: ComponentLives, answers: Sequence[tuple[Floats, Floats]], draws: int) -> Metrics:
    def figures(rows: npt.NDArray[np.intp]) -> dict[str, float]:
        left, failed = lives.left[rows], lives.failed[rows]
        ranked = [concordance(lives.duration[rows], failed, risk[rows], lives.entry[rows]) for _, risk in answers]
        return {
            "c_index": float(np.mean(ranked)),
            "brier": float(np.mean([censored_brier(left, failed, ahead[rows], AHEAD_DAYS) for ahead, _ in answers])),
        }

    table = with_intervals(figures, lives.machine.astype(str), draws=draws)
    machines = len(np.unique(lives.machine))
    return {"lives": len(lives.X), "failures": int(lives.failed.sum()), "machines": machines, **table}
