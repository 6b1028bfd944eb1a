"""The kinds of jobs: what each may be told, checked before anything is written, and the queue that it waits on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from workbench.domain.base import Frozen
from workbench.domain.jobs import JobKind
from workbench.domain.predictions import Task
from workbench.errors import InputError
from workbench.workflows.drift import DAYS as DRIFT_DAYS
from workbench.workflows.onboard import chosen_machines
from workbench.workflows.train import MOST_TRIALS, TrainMode

if TYPE_CHECKING:
    from workbench.workspace import Workspace

# The workflow engine's limits of each queue, and how often a worker looks at it.
_LOOK_S = 0.5
QUEUES: Mapping[str, Mapping[str, Any]] = {
    "train": {"worker_concurrency": 1, "global_concurrency": 1, "polling_interval_sec": _LOOK_S},
    "cycle": {"worker_concurrency": 1, "global_concurrency": 1, "polling_interval_sec": _LOOK_S},
    "report": {"worker_concurrency": 2, "polling_interval_sec": _LOOK_S},
    "synthesis": {"worker_concurrency": 1, "global_concurrency": 1, "polling_interval_sec": _LOOK_S},
    "notices": {"worker_concurrency": 4, "polling_interval_sec": _LOOK_S},
}
QUEUE_OF = {
    JobKind.TRAIN: "train",
    JobKind.CYCLE: "cycle",
    JobKind.REPORT: "report",
    JobKind.REPORT_BATCH: "report",
    JobKind.DRIFT: "report",
    JobKind.NOTICES: "notices",
    JobKind.TRAIN_SYNTHESIZER: "synthesis",
    JobKind.GENERATE: "synthesis",
    JobKind.JUDGE_SYNTHETIC: "synthesis",
}


class TrainParameters(Frozen):
    """What a training may be told."""

    seed: int | None = Field(default=None, ge=0)
    task: Task | None = None
    scope: str | None = None
    trials: int = Field(default=1, ge=1, le=MOST_TRIALS)
    mode: TrainMode = TrainMode.ACTIVATE


class CycleParameters(Frozen):
    """What a run of the maintenance cycle may be told; no machines: the whole fleet."""

    machines: tuple[str, ...] | None = Field(default=None, min_length=1)


class ReportParameters(Frozen):
    """What a report may be told; ``parameters`` are those of its notebook."""

    template: str = "fleet_health"
    parameters: dict[str, Any] = {}


class ReportBatchParameters(Frozen):
    """What a batch of reports, one for each machine, may be told; no machines: the whole fleet."""

    template: str = "machine_report"
    machines: tuple[str, ...] | None = Field(default=None, min_length=1)
    parameters: dict[str, Any] = {}


class DriftParameters(Frozen):
    """What a drift watch may be told: how many days it looks back."""

    days: float = Field(default=DRIFT_DAYS, gt=0)


class NoticesParameters(Frozen):
    """The sending of notices takes no parameters."""


class TrainSynthesizerParameters(Frozen):
    """What the training of a synthesizer may be told; limits are looked at with all else that may be wrong."""

    learn_from: str | tuple[str, ...]
    epochs: int = 300
    batch_size: int = 500
    backend: str = "temporal"
    seed: int | None = None
    patience: int = 60


class GenerateParameters(Frozen):
    """What the generation of synthetic data may be told."""

    synthesizer_id: str
    train: int = 35_000
    validation: int = 7_500
    test: int = 7_500
    condition: dict[str, Any] | None = None
    seed: int | None = None


class JudgeSyntheticParameters(Frozen):
    """What the judgement of a generated set may be told."""

    set_id: str
    seed: int | None = None


PARAMETERS: dict[JobKind, type[Frozen]] = {
    JobKind.TRAIN: TrainParameters,
    JobKind.CYCLE: CycleParameters,
    JobKind.REPORT: ReportParameters,
    JobKind.REPORT_BATCH: ReportBatchParameters,
    JobKind.DRIFT: DriftParameters,
    JobKind.NOTICES: NoticesParameters,
    JobKind.TRAIN_SYNTHESIZER: TrainSynthesizerParameters,
    JobKind.GENERATE: GenerateParameters,
    JobKind.JUDGE_SYNTHETIC: JudgeSyntheticParameters,
}


def job_kind(name: str) -> JobKind:
    """Return the kind of this name; raises ``InputError`` that names all.

    >>> job_kind("train")
    <JobKind.TRAIN: 'train'>
    """
    try:
        return JobKind(name)
    except ValueError as error:
        raise InputError(f"There is no job kind {name!r}.", f"Use one of: {', '.join(JobKind)}.") from error


def checked_parameters(ws: Workspace, kind: JobKind, parameters: Mapping[str, object] | None) -> dict[str, Any]:
    """Return the parameters of a job as plain JSON.

    Raises:
        InputError: a parameter is unknown or ill-typed; every fault and all that is allowed are named.
        NotFound: a machine or report template that they name does not exist.
    """
    model = PARAMETERS[kind]
    try:
        chosen = model.model_validate(dict(parameters or {}))
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        allowed = ", ".join(model.model_fields) or "none"
        raise InputError(
            f"A {kind} job cannot take these parameters: {faults}.", f"Allowed parameters: {allowed}."
        ) from error
    if isinstance(chosen, CycleParameters | ReportBatchParameters) and chosen.machines:
        chosen_machines(ws, chosen.machines)
    if isinstance(chosen, ReportParameters):
        _check_report(ws, chosen.template, chosen.parameters)
    if isinstance(chosen, ReportBatchParameters):
        for machine_id in chosen_machines(ws, chosen.machines)[:1]:
            _check_report(ws, chosen.template, {**chosen.parameters, "machine_id": machine_id})
    return _checked_synthesis(ws, chosen).model_dump(mode="json", exclude_none=True)


def _checked_synthesis(ws: Workspace, chosen: Frozen) -> Frozen:
    """Return what was asked of synthetic data, a machine's newest seed data by its id: a retry learns from the same."""
    from workbench.workflows.synthesis.generation import checked_generation
    from workbench.workflows.synthesis.learning import checked_training

    if isinstance(chosen, TrainSynthesizerParameters):
        sets, _ = checked_training(ws, **chosen.model_dump())
        return chosen.model_copy(update={"learn_from": tuple(one.set_id for one in sets)})
    if isinstance(chosen, GenerateParameters):
        checked_generation(ws, **chosen.model_dump())
    if isinstance(chosen, JudgeSyntheticParameters):
        ws.synthetic_sets.get(chosen.set_id)
    return chosen


def _check_report(ws: Workspace, template: str, parameters: Mapping[str, object]) -> None:
    from workbench.reports.parameters import checked, report_parameters

    values = checked(template, report_parameters(template), parameters)
    if values.get("machine_id"):
        ws.machines.get(str(values["machine_id"]))
