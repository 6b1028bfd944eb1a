"""Predictive maintenance workbench: sensor data of a fleet in, predictions that hold and work that is done out.

Verbs are functions of a workspace, each loaded when first used, so importing the package costs next to nothing:

- workspace and data: ``create_workspace``, ``open``, ``open_demo``, ``add_machine``, ``ingest`` (files, or a ``SqlSource``);
- models: ``train``, ``activate_model``, ``rollback_model``, ``shadow_model``, ``compare_models``, ``promote_model``, ``drift``;
- answers: ``predict``, ``anomalies``, ``forecast``, ``explain``, ``explain_fleet``, ``explain_global``;
- synthetic data: ``seed_data``, ``train_synthesizer``, ``generate``, ``judge_synthetic``, ``read_synthetic``;
- work: ``run_cycle``, ``raise_ticket``, ``report``, ``submit``, ``add_schedule``, ``send_notices``;
- digital twin: ``twin_health``, ``twin_health_fleet``, ``compare_scenarios``, ``inject_fault``, ``possible_faults``,
  ``calibrate_twin``, ``twin_residuals``, ``twin_anomalies``, ``twin_prognosis``, ``what_if``;
- what if: ``simulate_failure``, ``stream_machine``.

``help(workbench.train)`` says what one takes and returns; ``__all__`` names the rest.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

# OpenMP threads that spin while they wait slow boosting down tenfold on a busy machine; read when it is first loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

if TYPE_CHECKING:
    from workbench.errors import WorkbenchError
    from workbench.telemetry.readers.sql import SqlSource
    from workbench.workflows.anomalies import anomalies
    from workbench.workflows.benchmarks import run_benchmark
    from workbench.workflows.compare import compare_models
    from workbench.workflows.cycle import run_cycle
    from workbench.workflows.demo import open_demo, run_demo
    from workbench.workflows.drift import drift
    from workbench.workflows.explain import explain, explain_fleet, explain_global
    from workbench.workflows.forecast import forecast, forecast_fleet
    from workbench.workflows.ingest import ingest
    from workbench.workflows.jobs import cancel_job, retry_job, run_worker, submit, watch_job
    from workbench.workflows.models import activate_model, promote_model, rollback_model, shadow_model
    from workbench.workflows.notices import send_notices
    from workbench.workflows.onboard import add_machine, create_workspace, propose_machine
    from workbench.workflows.orders import raise_ticket
    from workbench.workflows.report import report, report_batch
    from workbench.workflows.schedules import (
        add_schedule,
        pause_schedule,
        remove_schedule,
        resume_schedule,
        run_schedule,
    )
    from workbench.workflows.score import predict
    from workbench.workflows.simulate import simulate_failure
    from workbench.workflows.stream import stream_machine
    from workbench.workflows.summary import fleet_summary
    from workbench.workflows.synthesis import (
        generate,
        judge_synthetic,
        read_synthetic,
        seed_data,
        synthesis_statistics,
        synthesizers,
        train_synthesizer,
    )
    from workbench.workflows.train import train
    from workbench.workflows.twin import (
        calibrate_twin,
        compare_scenarios,
        inject_fault,
        possible_faults,
        read_scenarios,
        twin_anomalies,
        twin_health,
        twin_health_fleet,
        twin_prognosis,
        twin_residuals,
        what_if,
    )
    from workbench.workspace import Workspace
    from workbench.workspace import open_workspace as open  # noqa: A004 - workbench.open is the public name

# Name: the module that holds it, and what it is called there.
_EXPORTS = {
    "activate_model": ("workbench.workflows.models", "activate_model"),
    "add_machine": ("workbench.workflows.onboard", "add_machine"),
    "add_schedule": ("workbench.workflows.schedules", "add_schedule"),
    "anomalies": ("workbench.workflows.anomalies", "anomalies"),
    "calibrate_twin": ("workbench.workflows.twin", "calibrate_twin"),
    "cancel_job": ("workbench.workflows.jobs", "cancel_job"),
    "compare_models": ("workbench.workflows.compare", "compare_models"),
    "compare_scenarios": ("workbench.workflows.twin", "compare_scenarios"),
    "create_workspace": ("workbench.workflows.onboard", "create_workspace"),
    "drift": ("workbench.workflows.drift", "drift"),
    "explain": ("workbench.workflows.explain", "explain"),
    "explain_fleet": ("workbench.workflows.explain", "explain_fleet"),
    "explain_global": ("workbench.workflows.explain", "explain_global"),
    "fleet_summary": ("workbench.workflows.summary", "fleet_summary"),
    "forecast": ("workbench.workflows.forecast", "forecast"),
    "forecast_fleet": ("workbench.workflows.forecast", "forecast_fleet"),
    "generate": ("workbench.workflows.synthesis", "generate"),
    "ingest": ("workbench.workflows.ingest", "ingest"),
    "inject_fault": ("workbench.workflows.twin", "inject_fault"),
    "judge_synthetic": ("workbench.workflows.synthesis", "judge_synthetic"),
    "open": ("workbench.workspace", "open_workspace"),
    "open_demo": ("workbench.workflows.demo", "open_demo"),
    "pause_schedule": ("workbench.workflows.schedules", "pause_schedule"),
    "possible_faults": ("workbench.workflows.twin", "possible_faults"),
    "predict": ("workbench.workflows.score", "predict"),
    "promote_model": ("workbench.workflows.models", "promote_model"),
    "propose_machine": ("workbench.workflows.onboard", "propose_machine"),
    "raise_ticket": ("workbench.workflows.orders", "raise_ticket"),
    "read_scenarios": ("workbench.workflows.twin", "read_scenarios"),
    "read_synthetic": ("workbench.workflows.synthesis", "read_synthetic"),
    "remove_schedule": ("workbench.workflows.schedules", "remove_schedule"),
    "report": ("workbench.workflows.report", "report"),
    "report_batch": ("workbench.workflows.report", "report_batch"),
    "resume_schedule": ("workbench.workflows.schedules", "resume_schedule"),
    "retry_job": ("workbench.workflows.jobs", "retry_job"),
    "rollback_model": ("workbench.workflows.models", "rollback_model"),
    "run_benchmark": ("workbench.workflows.benchmarks", "run_benchmark"),
    "run_cycle": ("workbench.workflows.cycle", "run_cycle"),
    "run_demo": ("workbench.workflows.demo", "run_demo"),
    "run_schedule": ("workbench.workflows.schedules", "run_schedule"),
    "run_worker": ("workbench.workflows.jobs", "run_worker"),
    "seed_data": ("workbench.workflows.synthesis", "seed_data"),
    "send_notices": ("workbench.workflows.notices", "send_notices"),
    "shadow_model": ("workbench.workflows.models", "shadow_model"),
    "simulate_failure": ("workbench.workflows.simulate", "simulate_failure"),
    "stream_machine": ("workbench.workflows.stream", "stream_machine"),
    "SqlSource": ("workbench.telemetry.readers.sql", "SqlSource"),
    "submit": ("workbench.workflows.jobs", "submit"),
    "synthesis_statistics": ("workbench.workflows.synthesis", "synthesis_statistics"),
    "synthesizers": ("workbench.workflows.synthesis", "synthesizers"),
    "train": ("workbench.workflows.train", "train"),
    "train_synthesizer": ("workbench.workflows.synthesis", "train_synthesizer"),
    "twin_anomalies": ("workbench.workflows.twin", "twin_anomalies"),
    "twin_health": ("workbench.workflows.twin", "twin_health"),
    "twin_health_fleet": ("workbench.workflows.twin", "twin_health_fleet"),
    "twin_prognosis": ("workbench.workflows.twin", "twin_prognosis"),
    "twin_residuals": ("workbench.workflows.twin", "twin_residuals"),
    "watch_job": ("workbench.workflows.jobs", "watch_job"),
    "what_if": ("workbench.workflows.twin", "what_if"),
    "WorkbenchError": ("workbench.errors", "WorkbenchError"),
    "Workspace": ("workbench.workspace", "Workspace"),
}

__all__ = [
    "SqlSource",
    "WorkbenchError",
    "Workspace",
    "activate_model",
    "add_machine",
    "add_schedule",
    "anomalies",
    "calibrate_twin",
    "cancel_job",
    "compare_models",
    "compare_scenarios",
    "create_workspace",
    "drift",
    "explain",
    "explain_fleet",
    "explain_global",
    "fleet_summary",
    "forecast",
    "forecast_fleet",
    "generate",
    "ingest",
    "inject_fault",
    "judge_synthetic",
    "open",
    "open_demo",
    "pause_schedule",
    "possible_faults",
    "predict",
    "promote_model",
    "propose_machine",
    "raise_ticket",
    "read_scenarios",
    "read_synthetic",
    "remove_schedule",
    "report",
    "report_batch",
    "resume_schedule",
    "retry_job",
    "rollback_model",
    "run_benchmark",
    "run_cycle",
    "run_demo",
    "run_schedule",
    "run_worker",
    "seed_data",
    "send_notices",
    "shadow_model",
    "simulate_failure",
    "stream_machine",
    "submit",
    "synthesis_statistics",
    "synthesizers",
    "train",
    "train_synthesizer",
    "twin_anomalies",
    "twin_health",
    "twin_health_fleet",
    "twin_prognosis",
    "twin_residuals",
    "watch_job",
    "what_if",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used (PEP 562)."""
    if name not in _EXPORTS:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    module, attribute = _EXPORTS[name]
    value = getattr(importlib.import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
