"""What each kind of job calls, and what of its outcome the job keeps as its result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workbench.domain.base import Actor, Role
from workbench.domain.jobs import JobKind
from workbench.domain.models import DriftLevel
from workbench.domain.predictions import Severity
from workbench.errors import WorkbenchError
from workbench.workflows import durable

from .kinds import (
    CycleParameters,
    DriftParameters,
    GenerateParameters,
    JudgeSyntheticParameters,
    ReportBatchParameters,
    ReportParameters,
    TrainParameters,
    TrainSynthesizerParameters,
)

if TYPE_CHECKING:
    from workbench.workspace import Workspace

Progress = Callable[[float, str], None]
Result = dict[str, Any]
_NAMED_FAILURES = 5


def perform(task: dict[str, Any], progress: Progress) -> Result:
    """Do the work of a task (workspace, job_id, kind, parameters, as_of, submitted_by) in this process."""
    from workbench.workspace import Workspace

    kind, parameters, job_id = JobKind(task["kind"]), task["parameters"], task["job_id"]
    durable.executor_name = f"job-{job_id}"
    with Workspace.open(task["workspace"]) as ws:
        actor = Actor(id=task["submitted_by"], role=Role.SYSTEM)
        # A later attempt looks at the same instant as the first: what that one did is not done twice.
        as_of = datetime.fromisoformat(task["as_of"])
        if kind is JobKind.TRAIN:
            return _train(ws, TrainParameters(**parameters), as_of, actor, progress)
        if kind is JobKind.CYCLE:
            return _cycle(ws, CycleParameters(**parameters), as_of, actor, progress)
        if kind is JobKind.REPORT:
            return _report(ws, ReportParameters(**parameters), job_id, actor, progress)
        if kind is JobKind.REPORT_BATCH:
            return _report_batch(ws, ReportBatchParameters(**parameters), job_id, actor, progress)
        if kind is JobKind.DRIFT:
            return _drift(ws, DriftParameters(**parameters), as_of, actor, progress)
        if kind is JobKind.TRAIN_SYNTHESIZER:
            return _train_synthesizer(ws, TrainSynthesizerParameters(**parameters), job_id, actor, progress)
        if kind is JobKind.GENERATE:
            return _generate(ws, GenerateParameters(**parameters), actor, progress)
        if kind is JobKind.JUDGE_SYNTHETIC:
            return _judge(ws, JudgeSyntheticParameters(**parameters), actor, progress)
    raise WorkbenchError(f"A {kind} job needs no process of its own.")


def _train(ws: Workspace, chosen: TrainParameters, as_of: datetime, actor: Actor, progress: Progress) -> Result:
    from workbench.workflows.train import train

    report = train(
        ws, chosen.task, scope=chosen.scope, seed=chosen.seed, trials=chosen.trials, mode=chosen.mode,
        as_of=as_of, actor=actor, progress=progress,
    )  # fmt: skip
    return {
        "as_of": report.as_of.isoformat(),
        "machines": report.machines,
        "versions": [version.version_id for version in report.versions],
        "active": sum(version.active for version in report.versions),
        "refused": list(report.refused),
        "kept": list(report.kept),
    }


def _cycle(ws: Workspace, chosen: CycleParameters, as_of: datetime, actor: Actor, progress: Progress) -> Result:
    from workbench.workflows.cycle import run_cycle

    run = run_cycle(ws, chosen.machines, as_of=as_of, actor=actor, progress=progress)
    _refuse_failures(run.failed, len(run.results) + len(run.failed), "machines", "retry runs only those")
    return {
        "as_of": run.as_of.isoformat(),
        "machines": len(run.results),
        "repeated": run.repeated,
        "orders": [result["order_id"] for result in run.results if result["created"]],
    }


def _report(ws: Workspace, chosen: ReportParameters, job_id: str, actor: Actor, progress: Progress) -> Result:
    from workbench.workflows.report import report

    record = report(ws, chosen.template, chosen.parameters, key=job_id, actor=actor, progress=progress)
    return {"report_id": record.report_id, "outputs": record.outputs}


def _report_batch(
    ws: Workspace, chosen: ReportBatchParameters, job_id: str, actor: Actor, progress: Progress
) -> Result:
    from workbench.workflows.report import report_batch

    batch = report_batch(
        ws, chosen.template, chosen.machines, chosen.parameters, key=job_id, actor=actor, progress=progress
    )
    _refuse_failures(batch.failed, len(batch.records) + len(batch.failed), "reports", "retry makes only those")
    return {
        "reports": [record.report_id for record in batch.records],
        "index": batch.index.report_id,
        "outputs": batch.index.outputs,
    }


def _drift(ws: Workspace, chosen: DriftParameters, as_of: datetime, actor: Actor, progress: Progress) -> Result:
    """Watch drift; where inputs moved markedly, tell those who run the workbench, once for each model and instant."""
    from workbench.workflows.drift import drift
    from workbench.workflows.notices import notify_operations

    reports = drift(ws, days=chosen.days, as_of=as_of, actor=actor, progress=progress)
    marked = [one for one in reports if any(sensor.level is DriftLevel.MARKED for sensor in one.sensors)]
    if marked:
        told = "\n".join(f"{one.task} ({one.scope}): {one.note}" for one in marked)
        notify_operations(
            ws,
            subject=f"Readings have moved away from the training of {len(marked)} of {len(reports)} models",
            body=f"{told}\nLook at: workbench drift. If the machines are sound, train again: workbench train",
            severity=Severity.WARNING,
            key="drift:" + ":".join(one.drift_id for one in marked),
            at=datetime.now(UTC),
        )
    return {"as_of": as_of.isoformat(), "models": len(reports), "moved": [one.version_id for one in marked]}


def _train_synthesizer(
    ws: Workspace, chosen: TrainSynthesizerParameters, job_id: str, actor: Actor, progress: Progress
) -> Result:
    from workbench.workflows.synthesis import train_synthesizer

    made = train_synthesizer(ws, job_id=job_id, actor=actor, progress=progress, **chosen.model_dump())
    return {
        "synthesizer_id": made.synthesizer_id,
        "epochs": len(made.losses),
        "loss": made.losses[-1].loss if made.losses else None,
        "training_s": made.training_s,
    }


def _generate(ws: Workspace, chosen: GenerateParameters, actor: Actor, progress: Progress) -> Result:
    from workbench.workflows.synthesis import generate

    made = generate(ws, actor=actor, progress=progress, **chosen.model_dump())
    return {"set_id": made.set_id, "rows": made.rows, "files": [file.path for file in made.files.values()]}


def _judge(ws: Workspace, chosen: JudgeSyntheticParameters, actor: Actor, progress: Progress) -> Result:
    from workbench.workflows.synthesis import judge_synthetic

    quality = judge_synthetic(ws, chosen.set_id, seed=chosen.seed, actor=actor, progress=progress)
    return {"trustworthy": quality.trustworthy, "passed": quality.passed, "verdict": quality.verdict}


def _refuse_failures(failed: Sequence[tuple[str, str]], all_: int, of_what: str, remedy: str) -> None:
    """Raise when some of many failed: a job is done only when all of it is."""
    if failed:
        named = "; ".join(f"{name}: {reason}" for name, reason in failed[:_NAMED_FAILURES])
        more = f"; and {len(failed) - _NAMED_FAILURES} more" if len(failed) > _NAMED_FAILURES else ""
        raise WorkbenchError(f"{len(failed)} of {all_} {of_what} failed ({remedy}): {named}{more}")
