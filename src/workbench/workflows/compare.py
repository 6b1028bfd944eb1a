"""Champion against challenger on what happened since: both answers of the shadow log, and the outcomes on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
HORIZONS = ("critical", "warning", "degrading")
OTHER_QUESTIONS = (
    "not comparable: they look ahead over different horizons (lead times of critical parts changed), so each answers "
    "another question; only agreement is known"
)
LEAST_ANSWERS, LEAST_MACHINES, LEAST_FAILURES = 30, 3, 5
LOSSES = {
    Task.HEALTH: "Brier score, mean of the horizons",
    Task.RUL: "mean absolute error of the life left",
    Task.DIAGNOSIS: "share of wrong causes",
    Task.ANOMALY: "",
}


def compare_models(ws: Workspace, task: Task | str, *, scope: str = "fleet") -> ModelComparison:
    """Compare the challenger of ``task`` and ``scope`` with the champion on every answer that both gave since.

    An answer is labelled once the record says what came: a failure, or enough life without one; of health (each horizon
    for itself) and life only once the record goes on for as long as it looks ahead, for a failure would be known sooner
    than that there was none. The difference of their losses (health: Brier; life: absolute error; diagnosis: wrong causes)
    has a 95 % interval by bootstrap over machines. Fewer than 30 labelled answers, 3 machines or 5 failures are not enough
    evidence for a verdict; anomalies have no outcome on record, and health and life that look ahead over other horizons
    answer another question, so that only agreement is told. Raises ``NotFound`` when nothing answers in the shadow.
    """
    chosen = known_task(task)
    challenger = challenger_of(ws, chosen, scope)
    logged = [one for one in ws.shadow_predictions.of_version(challenger.version_id) if not one.error]
    champion_id = logged[0].champion_id if logged else _champion_id(ws, chosen, scope)
    answers = [one for one in logged if one.champion_id == champion_id and one.as_of <= ws.as_of()]
    alike = _alike(ws, chosen, champion_id, challenger.version_id)
    losses, machines, failures = _losses(ws, chosen, answers if alike else [])
    labelled = _known(losses).any(axis=1)
    known, names = losses[labelled], np.asarray(machines, dtype=str)[labelled]
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
        figures=_figures(chosen, known),
        difference=difference,
        enough=enough,
        verdict=_verdict(chosen, difference, len(known), len(set(names)), failures) if alike else OTHER_QUESTIONS,
    )


def _alike(ws: Workspace, task: Task, champion_id: str, challenger_id: str) -> bool:
    """Say whether both answer one question: of health and life that depends on how far a model looks ahead."""
    found = [ws.evaluations.find(version_id) for version_id in (champion_id, challenger_id)]
    horizons = {one.horizons for one in found if one is not None and one.horizons is not None}
    return task not in (Task.HEALTH, Task.RUL) or len(horizons) <= 1


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


def _known(losses: Floats) -> npt.NDArray[np.bool_]:
    """Say of each answer and horizon whether both losses are known."""
    return np.asarray(np.isfinite(losses).all(axis=1))


def _figures(task: Task, losses: Floats) -> tuple[tuple[str, float, float], ...]:
    """Return the mean loss of champion and challenger, of health for each horizon on the answers of which it is known."""
    names = [f"Brier score, {name} horizon" for name in HORIZONS] if task is Task.HEALTH else [LOSSES[task]]
    found = []
    for part, name in enumerate(names if len(losses) else ()):
        mine = losses[_known(losses)[:, part], :, part]
        if len(mine):
            found.append((name, float(mine[:, 0].mean()), float(mine[:, 1].mean())))
    return tuple(found)


def _difference(losses: Floats, machines: npt.NDArray[np.str_]) -> Figure:
    """Return by how much the challenger's loss is larger, the mean of the horizons where there are several."""
    from workbench.ml.metrics import bootstrap_interval

    gap = losses[:, 1] - losses[:, 0]
    known = ~np.isnan(gap)

    def mean(rows: npt.NDArray[np.intp]) -> float:
        count = known[rows].sum(axis=0)
        total = np.nansum(gap[rows], axis=0)
        return float((total[count > 0] / count[count > 0]).mean()) if count.any() else float("nan")

    low, high = bootstrap_interval(mean, machines)
    return Figure(name="challenger minus champion", value=mean(np.arange(len(gap))), lower=low, upper=high)


def _losses(ws: Workspace, task: Task, answers: Sequence[ShadowPrediction]) -> tuple[Floats, list[str], int]:
    """Return the losses of each answer (champion and challenger; of each horizon), its machine, and failures.

    Shape (answers, 2, horizons or 1); NaN: no outcome yet.
    """
    nothing = np.full((len(answers), 2, 1), np.nan)
    if not answers or not LOSSES[task]:
        return nothing, [one.machine_id for one in answers], 0
    evaluation = ws.evaluations.find(answers[0].version_id)
    if evaluation is None or evaluation.horizons is None:
        return nothing, [one.machine_id for one in answers], 0
    rows, machines, failed = [], [], set()
    for machine_id in sorted({one.machine_id for one in answers}):
        own = [one for one in answers if one.machine_id == machine_id]
        machine = ws.machine_data(machine_id)
        for one, outcome in zip(own, _outcomes(machine, own), strict=True):
            machines.append(machine_id)
            both = [_loss(task, said, outcome, evaluation.horizons) for said in (one.champion, one.challenger)]
            rows.append(both)
            if np.isfinite(outcome.remaining) and _known(np.array([both])).any():
                failed.add((machine_id, _failure_after(machine, one)))
    return np.asarray(rows, dtype=np.float64), machines, len(failed)


def _failure_after(machine: MachineData, one: ShadowPrediction) -> str:
    times = machine.events.loc[(machine.events["kind"] == "failure") & (machine.events["time"] >= one.as_of), "time"]
    return str(times.min())


@dataclass(frozen=True)
class _Outcome:
    """What came after an answer: the life left, the life known to be survived, the failure's cause, the life on record."""

    remaining: float
    survives: float
    cause: str | None
    recorded: float


def _outcomes(machine: MachineData, answers: Sequence[ShadowPrediction]) -> list[_Outcome]:
    """Return what came after each answer."""
    import pandas as pd

    from workbench.ml import label, timeline
    from workbench.ml.arrays import nanoseconds

    clock = timeline(machine)
    labels = label(clock)
    at = nanoseconds(pd.DatetimeIndex([one.as_of for one in answers]))
    # The last reading at or before the answer is what it was made from.
    rows = np.searchsorted(clock.time, at, side="right") - 1
    # A machine that ran to its failure and no further would have told of any longer life too.
    failed = len(clock.failures.time) > 0 and clock.failures.time[-1] >= clock.time[-1]
    end = np.inf if failed else float(clock.life[-1])
    return [
        _Outcome(
            float(labels.remaining[row]),
            float(labels.survives[row]),
            labels.cause[row],
            end - float(clock.life[row]),
        )
        if row >= 0
        else _Outcome(np.nan, np.nan, None, 0.0)
        for row in rows
    ]


def _loss(task: Task, said: Mapping[str, float | str | None], outcome: _Outcome, horizons: Horizons) -> list[float]:
    """Return the loss of one answer, of health that of each horizon; NaN where it is not known."""
    told = said.get("says") is not None
    if task is Task.HEALTH:
        return [
            (float(said[name] or 0.0) - _within(outcome, getattr(horizons, name))) ** 2 if told else np.nan
            for name in HORIZONS
        ]
    if not told:
        return [np.nan]
    if task is Task.RUL:
        cap = horizons.degrading
        if outcome.recorded < cap:
            return [np.nan]
        capped = min(outcome.remaining, cap) if np.isfinite(outcome.remaining) else np.nan
        truth = cap if np.isnan(capped) and outcome.survives >= cap else capped
        return [abs(float(said["median"] or 0.0) - truth)]
    if not outcome.remaining <= horizons.warning or outcome.cause is None:
        return [np.nan]
    return [float(said["says"] != outcome.cause)]


def _within(outcome: _Outcome, horizon: float) -> float:
    """Return whether the machine failed within ``horizon``; NaN until the record says so for failures and others alike."""
    if outcome.recorded < horizon:
        return np.nan
    return 1.0 if outcome.remaining <= horizon else 0.0 if outcome.survives > horizon else np.nan
