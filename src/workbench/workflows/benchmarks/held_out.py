"""How models of the embedded fleet answer for machines that resemble none they learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.catalog import load_catalogue
from workbench.domain.equipment import MachineProfile
from workbench.domain.observations import EventKind, MachineData, MachineState
from workbench.domain.predictions import UNKNOWN_MODE, Prediction
from workbench.errors import InputError
from workbench.ml import Models, predict_machine
from workbench.ml.metrics import brier_skill, equal_mass_ece
from workbench.twin import simulate_fleet
from workbench.twin.held_out import HeldOutFleet, held_out_machines

from .frame import Metrics, Progress, with_intervals
from .scoring import END, Size, simulated, trained

PROTOCOL = (
    "train on the embedded fleet (simulated, hourly); answer on held-out simulated machines whose gains, fault laws, P-F "
    "intervals and usual load lie outside of those of training, with one duty (load pattern) and one failure mode per type "
    "that no training machine has; at instants every 48 h from day 30 on. Health: fails within 7 days, against the "
    "held-out machines' own base rate, ECE over 15 bins of equal mass. Remaining life: the interval shown against operating hours to the next failure. "
    "Diagnosis: instants with damage of at least 0.3, by the mode of largest damage; an unseen fault is misnamed with "
    "confidence when another mode gets half the probability or more"
)
CHOSEN_BY = "the models that train_fleet trains on the embedded fleet with its defaults; nothing is tuned here"
FULL, QUICK = Size(None, 180, 1, 0, 1000), Size(8, 90, 1, 0, 100)
FULL_COPIES, QUICK_COPIES = 2, 1
EVERY_H, FROM_DAY, HORIZON_H = 48.0, 30, 168.0
LEAST_DAMAGE, CONFIDENT = 0.3, 0.5


@dataclass(frozen=True)
class _Answer:
    """One answer beside the truth of its instant; NaN and '' where there is none."""

    machine_id: str
    stated: float
    fails: float
    life: float
    lower: float
    upper: float
    abstains: bool
    mode: str
    named: str
    certainty: float


def run(*, data: Path | None, seeds: Sequence[int], quick: bool, only: Sequence[str], progress: Progress) -> Metrics:  # noqa: ARG001 - the benchmark makes its own data
    """Run the protocol; see ``frame.run_benchmark``. Answers of all seeds are taken together."""
    if only:
        raise InputError(f"Benchmark 'held_out' has no subset {', '.join(only)}.", "Leave --only out.")
    size, copies = (QUICK, QUICK_COPIES) if quick else (FULL, FULL_COPIES)
    catalogue = load_catalogue()
    answers: list[_Answer] = []
    for number, seed in enumerate(seeds):
        within = partial(_part, progress, number, len(seeds))
        within(0.0, "simulating and training")
        fleet = simulated(catalogue, seed, size)
        models = trained(fleet, seed, partial(_part, progress, 2 * number, 2 * len(seeds)))
        held = held_out_machines([machine.profile for machine in fleet], seed=seed, copies=copies)
        answers += _answers(held, models, seed, size.days, within)
    table = pd.DataFrame(answers)
    table["unit"] = table["machine_id"]
    unseen = held.unseen
    metrics = with_intervals(lambda rows: _figures(table.iloc[rows], unseen), table["unit"], draws=size.draws)
    metrics |= {"machines": table["unit"].nunique(), "answers": len(table), "duty": held.duty, "unseen": sorted(unseen)}
    return {
        "metrics": metrics, "peers": {}, "seconds": {}, "protocol": PROTOCOL, "chosen_by": CHOSEN_BY, "simulated": True,
    }  # fmt: skip


def _part(progress: Progress, number: int, seeds: int, fraction: float, message: str) -> None:
    progress((number + fraction) / seeds, message)


def _answers(held: HeldOutFleet, models: Models, seed: int, days: int, progress: Progress) -> list[_Answer]:
    made = simulate_fleet(held.simulated, start=END - timedelta(days=days), end=END, seed=seed + 1)
    found = []
    for number, known in enumerate(held.known):
        progress(0.5 + 0.5 * number / len(held.known), f"answering for {known.machine_id}")
        events = made.events[made.events["machine_id"] == known.machine_id].reset_index(drop=True)
        machine = MachineData(known, made.telemetry[known.machine_id], events[["time", "kind", "cause"]])
        truth = made.truth[made.truth["machine_id"] == known.machine_id]
        damage = made.damage[known.machine_id].set_index("time")
        for day in np.arange(FROM_DAY, days, EVERY_H / 24.0):
            at = END - timedelta(days=days) + timedelta(days=float(day))
            said = predict_machine(machine, models, as_of=at, simulated=True, failures=100)
            if said.failure_probability:
                found.append(_beside(known, machine, said, at, truth, damage))
    return found


def _beside(
    known: MachineProfile,
    machine: MachineData,
    said: Prediction,
    at: datetime,
    truth: pd.DataFrame,
    damage: pd.DataFrame,
) -> _Answer:
    ends = truth[truth["ended_at"] > at].sort_values("ended_at")
    nearest = None if ends.empty else ends.iloc[0]
    failed = nearest is not None and nearest["outcome"] == EventKind.FAILURE.value
    hours = np.inf if nearest is None else (nearest["ended_at"] - at).total_seconds() / 3600.0
    # A component that was replaced in time, or a record that ends, does not tell whether it would have failed.
    seen = (END - at).total_seconds() / 3600.0
    fails = float(failed) if hours <= HORIZON_H else (0.0 if seen > HORIZON_H else np.nan)
    if hours <= HORIZON_H and not failed:
        fails = np.nan
    rows = machine.telemetry
    running = rows["state"].eq(MachineState.RUNNING.value) & (rows["time"] > at)
    left = float((running & (rows["time"] <= nearest["ended_at"])).sum()) if nearest is not None and failed else np.nan
    now = damage.loc[:at].iloc[-1]
    worst = str(now.idxmax()) if now.max() >= LEAST_DAMAGE else ""
    life = said.remaining_useful_life
    likeliest = max(said.diagnosis.modes, key=lambda pair: pair.probability)
    return _Answer(
        machine_id=known.machine_id,
        stated=said.probability_within(HORIZON_H) or 0.0,
        fails=fails,
        life=left,
        lower=np.nan if life.life is None else life.life.lower,
        upper=np.nan if life.life is None else np.inf if life.life.upper_open else life.life.upper,
        abstains=not life.evidence.enough,
        mode=worst,
        named=likeliest.mode,
        certainty=likeliest.probability,
    )


def _figures(table: pd.DataFrame, unseen: frozenset[str]) -> dict[str, float]:
    labelled = table[table["fails"].notna()]
    lives = table[table["life"].notna() & table["lower"].notna()]
    known = table[(table["mode"] != "") & ~table["mode"].isin(unseen)]
    new = table[table["mode"].isin(unseen)]
    wrong = (known["named"] != known["mode"]) & (known["named"] != UNKNOWN_MODE)
    misnamed = (new["named"] != UNKNOWN_MODE) & (new["certainty"] >= CONFIDENT)
    return {
        "health_brier_skill": _of(brier_skill, labelled["fails"], labelled["stated"]),
        "health_ece": _of(equal_mass_ece, labelled["fails"], labelled["stated"]),
        "health_base_rate": _mean(labelled["fails"]),
        "rul_coverage_90": _mean((lives["life"] >= lives["lower"]) & (lives["life"] <= lives["upper"])),
        "rul_abstain_rate": _mean(table["abstains"]),
        "known_fault_named": _mean(known["named"] == known["mode"]),
        "known_fault_unknown": _mean(known["named"] == UNKNOWN_MODE),
        "known_fault_misnamed_confident": _mean(wrong & (known["certainty"] >= CONFIDENT)),
        "unseen_fault_unknown": _mean(new["named"] == UNKNOWN_MODE),
        "unseen_fault_misnamed_confident": _mean(misnamed),
        "unseen_fault_health_stated": _mean(new["stated"]),
    }


def _mean(values: pd.Series) -> float:
    return float(values.mean()) if len(values) else np.nan


def _of(figure: object, truth: pd.Series, stated: pd.Series) -> float:
    marks: npt.NDArray[np.float64] = truth.to_numpy(dtype=float)
    if len(marks) == 0 or marks.min() == marks.max() or not callable(figure):
        return np.nan
    return float(figure(marks, stated.to_numpy(dtype=float)))
