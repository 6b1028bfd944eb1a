"""What acting on warnings would have cost on the Azure fleet, per machine-year, replayed hour by hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from workbench.telemetry.readers.fleets import find

from .azure import Answers, by_machine, cross_validate
from .azure_data import HORIZON_H, Bools, Fleet, Floats, load_fleet
from .frame import Metrics, Progress, under, with_intervals

PROTOCOL = (
    "azure: machine-hours, folds by machine and classifiers of the benchmark azure; a stop, cost 1, is made where "
    "P(failure within 24 h) x r exceeds 1 (peers without a probability: at their alarms), and remedies what would fail in "
    "those 24 h; a failure without one costs r; cost per machine-year in planned stops, no bar"
)
NAME = "azure"
READINGS = ("PdM_telemetry.csv", "azure_pdm_telemetry.parquet")
HOURS_PER_YEAR = 8766.0
QUICK_MACHINES = 6


@dataclass(frozen=True)
class Replay:
    """Stops made and failures that no stop remedied, by machine."""

    stops: Floats
    failures: Floats

    def cost(self, ratio: float) -> Floats:
        """Return the cost in planned stops, by machine."""
        return self.stops + ratio * self.failures


def available(folder: Path) -> list[str]:
    """Return the name of this part where the fleet's readings lie in ``folder``."""
    return [NAME] if find(folder, *READINGS) else []


def measure(
    folder: Path, seeds: Sequence[int], ratios: Sequence[int], *, quick: bool, progress: Progress
) -> tuple[Metrics, Metrics, tuple[Path, ...]]:
    """Return our figures and the peers', means over seeds with intervals over machines, and the files read."""
    fleet = load_fleet(folder, most=QUICK_MACHINES if quick else None)
    folds, draws = (2, 50) if quick else (5, 1000)
    answers = []
    for number, seed in enumerate(seeds):

        def within(fraction: float, message: str, number: int = number) -> None:
            progress((number + fraction) / len(seeds), message)

        answers.append(cross_validate(fleet, by_machine(fleet, seed, folds), within))
    names = np.unique(fleet.machine.astype(str))
    years = np.array([np.sum(fleet.machine == name) for name in names]) / HOURS_PER_YEAR
    ours: Metrics = {"machines": len(names)}
    peers: Metrics = {}
    for ratio in ratios:
        never = [replay(fleet, np.zeros(len(fleet.row), dtype=bool))]
        peers |= under(f"r{ratio}.run_to_failure", _figures(never, ratio, years, draws))
        for name in answers[0]:
            figures = _figures([replay(fleet, ordered(one[name], ratio)) for one in answers], ratio, years, draws)
            if name == "ours":
                ours |= under(f"r{ratio}", figures)
            else:
                peers |= under(f"r{ratio}.{name}", figures)
    return ours, peers, fleet.files


def ordered(answer: Answers, ratio: float) -> Bools:
    """Return at which machine-hours a stop pays: the expected cost of failing exceeds that of the stop."""
    score, alarm = answer.score, answer.alarm
    return np.asarray(score * ratio > 1.0) if answer.is_probability else alarm


def replay(fleet: Fleet, ordered: Bools) -> Replay:
    """Go through each machine's hours: a stop remedies what would fail in 24 h, in which no other is made."""
    stops, failures = [], []
    for name in np.unique(fleet.machine.astype(str)):
        mine = fleet.machine == name
        hour, wanted = fleet.hour[mine], ordered[mine]
        made: list[float] = []
        for at in hour[wanted]:
            if not made or at >= made[-1] + HORIZON_H:
                made.append(float(at))
        due = [at for at in fleet.failures_h[name] if hour[0] < at <= hour[-1] + HORIZON_H]
        stops.append(len(made))
        failures.append(sum(not any(stop < at <= stop + HORIZON_H for stop in made) for at in due))
    return Replay(np.array(stops, dtype=float), np.array(failures, dtype=float))


def _figures(done: Sequence[Replay], ratio: float, years: Floats, draws: int) -> Metrics:
    def figures(rows: npt.NDArray[np.intp]) -> dict[str, float]:
        def per_year(counts: Sequence[Floats]) -> float:
            return float(np.mean([one[rows].sum() for one in counts]) / years[rows].sum())

        return {
            "cost_per_machine_year": per_year([one.cost(ratio) for one in done]),
            "stops_per_machine_year": per_year([one.stops for one in done]),
            "failures_per_machine_year": per_year([one.failures for one in done]),
        }

    return with_intervals(figures, np.arange(len(years)), draws=draws)
