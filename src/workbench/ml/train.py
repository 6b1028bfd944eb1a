"""Training of all tasks on a fleet: scopes, features, held-out figures, gates, and models ready to be registered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from workbench.domain.equipment import LifeUnit
from workbench.domain.observations import MachineData
from workbench.domain.predictions import Horizons, Task
from workbench.errors import NotEnoughData

from .record import known_until
from .spec import FLEET, default_horizons, type_scopes
from .threads import on_one_thread
from .training_data import TrainingData, gather
from .training_tasks import Outcome, train_anomaly, train_diagnosis, train_health, train_life

Progress = Callable[[float, str], None]
# With fewer rows than this a second thread makes boosting slower: 28 s against 18 s on 13,000 rows.
SMALL_ROWS = 50_000
TASKS: tuple[tuple[Task, Callable[[TrainingData, int, float], Outcome]], ...] = (
    (Task.HEALTH, train_health),
    (Task.RUL, train_life),
    (Task.ANOMALY, train_anomaly),
    (Task.DIAGNOSIS, train_diagnosis),
)


@dataclass(frozen=True)
class TrainedModel:
    """One trained model, or the reasons why there is none.

    ``payload`` is empty when nothing could be trained; ``refused`` then (or when a gate was not met) says why, and
    the model must not be activated.
    """

    task: Task
    scope: str
    payload: bytes
    metrics: dict[str, float | None]
    parameters: dict[str, float | int | str | bool | None]
    features: tuple[str, ...]
    split: str
    units: int
    failures: int
    refused: tuple[str, ...] = ()
    horizons: Horizons | None = None


def scopes_of(fleet: Sequence[MachineData]) -> list[tuple[str, list[MachineData]]]:
    """Return scopes and their machines: types with enough units and failures, the rest as the fleet.

    The fleet scope takes machines of one life unit, that of most of them.
    """
    found = type_scopes(fleet)
    out = [(scope, [m for m in fleet if f"type:{m.profile.machine_type}" == scope]) for scope in found]
    rest = [m for m in fleet if f"type:{m.profile.machine_type}" not in found]
    if any(len(machine.telemetry) for machine in rest):
        units = [m.profile.life_unit for m in rest if len(m.telemetry)]
        common = max((LifeUnit.OPERATING_H, LifeUnit.CYCLE), key=units.count)
        out.append((FLEET, [m for m in rest if m.profile.life_unit is common]))
    return out


def train_fleet(
    fleet: Sequence[MachineData],
    *,
    as_of: datetime,
    seed: int = 0,
    horizons: Horizons | None = None,
    alarm_budget_per_machine_month: float = 1.0,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> list[TrainedModel]:
    """Train health, life, anomaly and diagnosis for every scope of ``fleet``.

    Records must end at ``as_of``. ``horizons`` (life units) default to ML1's. Figures are from units held out. Raises
    ``NotEnoughData`` when no machine has telemetry; stops between tasks when ``should_stop`` says so.
    """
    # By name, so that the same machines give the same models in whatever order they come.
    known = sorted((known_until(machine, as_of) for machine in fleet), key=lambda machine: machine.profile.machine_id)
    scopes = scopes_of(known)
    if not scopes:
        raise NotEnoughData("No machine has telemetry to train on.", "Ingest telemetry first.")
    out: list[TrainedModel] = []
    steps = len(scopes) * len(TASKS)
    for scope, members in scopes:
        if should_stop is not None and should_stop():
            break
        if progress is not None:
            progress(len(out) / steps, f"features of {scope}")
        chosen = horizons or default_horizons(members[0].profile.life_unit)
        data = gather(scope, members, chosen)
        is_small = sum(len(machine.telemetry) for machine in members) < SMALL_ROWS
        for model in _train_scope(data, seed, alarm_budget_per_machine_month, should_stop, is_small):
            out.append(model)
            if progress is not None:
                progress(len(out) / steps, f"trained {model.task} for {scope}")
    return out


def _train_scope(
    data: TrainingData, seed: int, budget: float, should_stop: Callable[[], bool] | None, is_small: bool
) -> Iterator[TrainedModel]:
    for task, trainer in TASKS:
        if should_stop is not None and should_stop():
            return
        try:
            outcome = (on_one_thread(trainer) if is_small else trainer)(data, seed, budget)
        except NotEnoughData as lack:
            outcome = Outcome(None, {}, {}, (lack.what,))
        bundle = outcome.bundle
        yield TrainedModel(
            task=task,
            scope=data.scope,
            payload=b"" if bundle is None else bundle.to_bytes(),
            metrics=outcome.metrics,
            parameters={**outcome.parameters, "seed": seed, "every": data.every},
            features=() if bundle is None else bundle.estimator.feature_names_,
            split="units",
            units=data.units,
            failures=data.failures,
            refused=outcome.refused,
            horizons=data.horizons,
        )
