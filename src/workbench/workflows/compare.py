"""Champion against challenger on what happened since: both answers of the shadow log, and the outcomes on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from workbench.domain.models import Figure, ModelComparison, ShadowPrediction
from workbench.domain.predictions import Horizons, Task
from workbench.workflows.models import challenger_of, known_task

if TYPE_CHECKING:
    from workbench.domain.observations import MachineData
    from workbench.workspace import Workspace

Floats = npt.NDArray[np.float64]
LEAST_ANSWERS, LEAST_MACHINES, LEAST_FAILURES = 30, 3, 5
LOSSES = {
    Task.HEALTH: "Brier score, mean of the horizons",
    Task.RUL: "mean absolute error of the life left",
    Task.DIAGNOSIS: "share of wrong causes",
    Task.ANOMALY: "",
}


def compare_models(ws: Workspace, task: Task | str, *, scope: str = "fleet") -> ModelComparison:
    """Compare the challenger of ``task`` and ``scope`` with the champion on every answer that both gave since.

    An answer is labelled once the record says what came: a failure, or enough life without one. The difference of
    their losses (health: Brier; life: absolute error; diagnosis: wrong causes) has a 95 % interval by bootstrap over
    machines. Fewer than 30 labelled answers, 3 machines or 5 failures are not enough evidence for a verdict; anomalies
    have no outcome on record, so only agreement is told. Raises ``NotFound`` when nothing answers in the shadow.
    """
    chosen = known_task(task)
    challenger = challenger_of(ws, chosen, scope)
    logged = [one for one in ws.shadow_predictions.of_version(challenger.version_id) if not one.error]
    champion_id = logged[0].champion_id if logged else _champion_id(ws, chosen, scope)
    answers = [one for one in logged if one.champion_id == champion_id and one.as_of <= ws.as_of()]
    losses, machines, failures = _losses(ws, chosen, answers)
    labelled = ~np.isnan(losses).any(axis=1) if len(losses) else np.zeros(0, dtype=bool)
    known, names = losses[labelled], np.asarray(machines)[labelled]
    said = [(one.champion.get("says"), one.challenger.get("says")) for one in answers]
    enough = (
        bool(LOSSES[chosen])
        and len(known) >= LEAST_ANSWERS
        and len(set(names)) >= LEAST_MACHINES
        and failures >= LEAST_FAILURES
    )
    difference = _difference(known, names) if enough else None
    return ModelComparison(
        task=chosen,
        scope=scope,
        champion_id=champion_id,
        challenger_id=challenger.version_id,
        since=min((one.as_of for one in answers), default=None),
        answers=len(answers),
        labelled=len(known),
        machines=len(set(names)),
        failures=failures,
        agreement=float(np.mean([a == b for a, b in said])) if said else None,
        figures=((LOSSES[chosen], float(known[:, 0].mean()), float(known[:, 1].mean())),) if len(known) else (),
        difference=difference,
        enough=enough,
        verdict=_verdict(chosen, difference, len(known), len(set(names)), failures),
    )


def _champion_id(ws: Workspace, task: Task, scope: str) -> str:
    return next((v.version_id for v in ws.models.active() if (v.task, v.scope) == (task, scope)), "")


def _verdict(task: Task, difference: Figure | None, labelled: int, machines: int, failures: int) -> str:
    if not LOSSES[task]:
        return "no outcome on record tells which alarms were right; only agreement is known"
    if difference is None or difference.lower is None or difference.upper is None:
        return (
            f"not enough evidence: {labelled} of {LEAST_ANSWERS} labelled answers, {machines} of {LEAST_MACHINES} "
            f"machines, {failures} of {LEAST_FAILURES} failures"
        )
    interval = f"difference {difference.value:.3g}, 95 % interval {difference.lower:.3g} to {difference.upper:.3g}"
    if difference.upper < 0:
        return f"the challenger is better ({interval})"
    if difference.lower > 0:
        return f"the champion is better ({interval})"
    return f"no difference shown ({interval})"


def _difference(losses: Floats, machines: npt.NDArray[np.str_]) -> Figure:
    from workbench.ml.metrics import bootstrap_interval

    gap = losses[:, 1] - losses[:, 0]
    low, high = bootstrap_interval(lambda rows: float(gap[rows].mean()), machines)
    return Figure(name="challenger minus champion", value=float(gap.mean()), lower=low, upper=high)


def _losses(ws: Workspace, task: Task, answers: Sequence[ShadowPrediction]) -> tuple[Floats, list[str], int]:
    """Return the champion's and the challenger's loss of each answer (NaN: no outcome yet), its machine, and failures."""
    if not answers or not LOSSES[task]:
        return np.full((len(answers), 2), np.nan), [one.machine_id for one in answers], 0
    evaluation = ws.evaluations.find(answers[0].version_id)
    horizons = evaluation.horizons if evaluation else None
    rows, machines, failed = [], [], set()
    for machine_id in sorted({one.machine_id for one in answers}):
        own = [one for one in answers if one.machine_id == machine_id]
        machine = ws.machine_data(machine_id)
        for one, (remaining, survives, cause) in zip(own, _outcomes(machine, own), strict=True):
            machines.append(machine_id)
            rows.append(
                [_loss(task, said, remaining, survives, cause, horizons) for said in (one.champion, one.challenger)]
            )
            if np.isfinite(remaining) and not np.isnan(rows[-1]).any():
                failed.add((machine_id, _failure_after(machine, one)))
    return np.asarray(rows, dtype=np.float64), machines, len(failed)


def _failure_after(machine: MachineData, one: ShadowPrediction) -> str:
    times = machine.events.loc[(machine.events["kind"] == "failure") & (machine.events["time"] >= one.as_of), "time"]
    return str(times.min())


def _outcomes(machine: MachineData, answers: Sequence[ShadowPrediction]) -> list[tuple[float, float, str | None]]:
    """Return for each answer the life left, the life known to be survived, and the cause of the failure to come."""
    import pandas as pd

    from workbench.ml import label, timeline
    from workbench.ml.arrays import nanoseconds

    clock = timeline(machine)
    labels = label(clock)
    at = nanoseconds(pd.DatetimeIndex([one.as_of for one in answers]))
    # The last reading at or before the answer is what it was made from.
    rows = np.searchsorted(clock.time, at, side="right") - 1
    return [
        (float(labels.remaining[row]), float(labels.survives[row]), labels.cause[row])
        if row >= 0
        else (np.nan, np.nan, None)
        for row in rows
    ]


def _loss(
    task: Task,
    said: Mapping[str, float | str | None],
    remaining: float,
    survives: float,
    cause: str | None,
    horizons: Horizons | None,
) -> float:
    if horizons is None or said.get("says") is None:
        return float("nan")
    if task is Task.HEALTH:
        parts = []
        for name in ("critical", "warning", "degrading"):
            horizon = getattr(horizons, name)
            truth = 1.0 if remaining <= horizon else 0.0 if survives > horizon else np.nan
            parts.append((float(said[name] or 0.0) - truth) ** 2)
        return float(np.mean(parts))
    if task is Task.RUL:
        cap = horizons.degrading
        truth = min(remaining, cap) if np.isfinite(remaining) else cap if survives >= cap else np.nan
        return abs(float(said["median"] or 0.0) - truth)
    if not (np.isfinite(remaining) and remaining <= horizons.warning) or cause is None:
        return float("nan")
    return float(said["says"] != cause)
