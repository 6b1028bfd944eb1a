"""Predictive maintenance workbench: sensor data of a fleet in, predictions that hold and work that is done out.

Verbs are functions of a workspace, each loaded when first used, so importing the package costs next to nothing:

- workspace and data: ``create_workspace``, ``open``, ``open_demo``, ``add_machine``, ``ingest`` (files, or a ``SqlSource``);
- models: ``train``, ``activate_model``, ``rollback_model``, ``shadow_model``, ``compare_models``, ``promote_model``, ``drift``;
- answers: ``predict``, ``assess``, ``anomalies``, ``forecast``, ``explain``, ``explain_fleet``, ``explain_global``;
- synthetic data: ``seed_data``, ``train_synthesizer``, ``generate``, ``judge_synthetic``, ``read_synthetic``;
- work: ``run_cycle``, ``plan_work``, ``publish_plan``, ``add_planned_stop``, ``request_permit``, ``grant_permit``, ``withdraw_permit``, ``add_absence``, ``import_absences``, ``raise_ticket``, ``request_order_approval``, ``assign_order``, ``start_order``, ``close_order``, ``correct_close_out``, ``value_ledger``,
  ``report``, ``submit``, ``add_schedule``, ``send_notices``, ``acknowledge_notice``;
- digital twin: ``twin_health``, ``twin_health_fleet``, ``compare_scenarios``, ``inject_fault``, ``possible_faults``,
  ``calibrate_twin``, ``twin_residuals``, ``twin_anomalies``, ``twin_prognosis``, ``what_if``;
- parts and approvals: ``reorder_proposals``, ``request_quotes``, ``propose_purchases``, ``place_purchase``,
  ``receive_delivery``, ``late_deliveries``, ``approve``, ``reject``, ``pending_approvals``, ``audit``;
- key figures and criticality: ``kpis``, ``assess_criticality``, ``fmeca``, ``set_criticality``;
- past work: ``import_history``, ``search_history``, ``list_history``, ``similar_history``;
- alerts: ``alert_rules``, ``alert_history``, ``alarm_figures``, ``list_cases``, ``acknowledge_case``, ``resolve_case``, ``shelve_case``;
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
    from workbench.domain.base import Actor
    from workbench.domain.closeout import Findings
    from workbench.domain.work import Priority
    from workbench.errors import WorkbenchError
    from workbench.telemetry.readers.sql import SqlSource
    from workbench.workflows.alerts import alarm_figures, alert_history, alert_rules
    from workbench.workflows.anomalies import anomalies
    from workbench.workflows.approvals import approve, pending_approvals, reject
    from workbench.workflows.audit import audit
    from workbench.workflows.benchmarks import run_benchmark
    from workbench.workflows.cases import acknowledge_case, list_cases, resolve_case, shelve_case
    from workbench.workflows.compare import compare_models
    from workbench.workflows.criticality import assess_criticality, fmeca, set_criticality
    from workbench.workflows.cycle import run_cycle
    from workbench.workflows.demo import open_demo, run_demo
    from workbench.workflows.drift import drift
    from workbench.workflows.explain import explain, explain_fleet, explain_global
    from workbench.workflows.forecast import forecast, forecast_fleet
    from workbench.workflows.history import import_history, list_history, search_history, similar_history
    from workbench.workflows.impact import assess
    from workbench.workflows.ingest import ingest
    from workbench.workflows.jobs import cancel_job, retry_job, run_worker, submit, watch_job
    from workbench.workflows.kpis import kpis
    from workbench.workflows.models import activate_model, promote_model, rollback_model, shadow_model
    from workbench.workflows.notices import acknowledge_notice, notice_texts, retry_notice, send_notices
    from workbench.workflows.onboard import add_machine, create_workspace, propose_machine
    from workbench.workflows.orders import (
        assign_order,
        cancel_order,
        close_order,
        correct_close_out,
        list_orders,
        order_record,
        raise_ticket,
        request_order_approval,
        start_order,
    )
    from workbench.workflows.permits import drop_permit, grant_permit, request_permit, withdraw_permit, work_permits
    from workbench.workflows.plan import (
        absences,
        add_absence,
        add_planned_stop,
        import_absences,
        plan_work,
        planned_stops,
        publish_plan,
        remove_absence,
        remove_planned_stop,
    )
    from workbench.workflows.procurement import (
        cancel_purchase,
        enter_quote,
        late_deliveries,
        parts_overview,
        place_purchase,
        propose_purchases,
        receive_delivery,
        reorder_proposals,
        request_quotes,
    )
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
    from workbench.workflows.value import value_ledger
    from workbench.workspace import Workspace
    from workbench.workspace import open_workspace as open  # noqa: A004 - workbench.open is the public name

# Name: the module that holds it, and what it is called there.
_EXPORTS = {
    "Actor": ("workbench.domain.base", "Actor"),
    "absences": ("workbench.workflows.plan", "absences"),
    "acknowledge_case": ("workbench.workflows.cases", "acknowledge_case"),
    "acknowledge_notice": ("workbench.workflows.notices", "acknowledge_notice"),
    "activate_model": ("workbench.workflows.models", "activate_model"),
    "add_absence": ("workbench.workflows.plan", "add_absence"),
    "add_machine": ("workbench.workflows.onboard", "add_machine"),
    "add_schedule": ("workbench.workflows.schedules", "add_schedule"),
    "add_planned_stop": ("workbench.workflows.plan", "add_planned_stop"),
    "alarm_figures": ("workbench.workflows.alerts", "alarm_figures"),
    "alert_history": ("workbench.workflows.alerts", "alert_history"),
    "alert_rules": ("workbench.workflows.alerts", "alert_rules"),
    "assess": ("workbench.workflows.impact", "assess"),
    "assess_criticality": ("workbench.workflows.criticality", "assess_criticality"),
    "anomalies": ("workbench.workflows.anomalies", "anomalies"),
    "approve": ("workbench.workflows.approvals", "approve"),
    "assign_order": ("workbench.workflows.orders", "assign_order"),
    "audit": ("workbench.workflows.audit", "audit"),
    "calibrate_twin": ("workbench.workflows.twin", "calibrate_twin"),
    "cancel_job": ("workbench.workflows.jobs", "cancel_job"),
    "cancel_order": ("workbench.workflows.orders", "cancel_order"),
    "cancel_purchase": ("workbench.workflows.procurement", "cancel_purchase"),
    "close_order": ("workbench.workflows.orders", "close_order"),
    "compare_models": ("workbench.workflows.compare", "compare_models"),
    "compare_scenarios": ("workbench.workflows.twin", "compare_scenarios"),
    "correct_close_out": ("workbench.workflows.orders", "correct_close_out"),
    "create_workspace": ("workbench.workflows.onboard", "create_workspace"),
    "drift": ("workbench.workflows.drift", "drift"),
    "drop_permit": ("workbench.workflows.permits", "drop_permit"),
    "enter_quote": ("workbench.workflows.procurement", "enter_quote"),
    "explain": ("workbench.workflows.explain", "explain"),
    "explain_fleet": ("workbench.workflows.explain", "explain_fleet"),
    "explain_global": ("workbench.workflows.explain", "explain_global"),
    "Findings": ("workbench.domain.closeout", "Findings"),
    "fmeca": ("workbench.workflows.criticality", "fmeca"),
    "fleet_summary": ("workbench.workflows.summary", "fleet_summary"),
    "forecast": ("workbench.workflows.forecast", "forecast"),
    "forecast_fleet": ("workbench.workflows.forecast", "forecast_fleet"),
    "generate": ("workbench.workflows.synthesis", "generate"),
    "grant_permit": ("workbench.workflows.permits", "grant_permit"),
    "import_absences": ("workbench.workflows.plan", "import_absences"),
    "import_history": ("workbench.workflows.history", "import_history"),
    "ingest": ("workbench.workflows.ingest", "ingest"),
    "inject_fault": ("workbench.workflows.twin", "inject_fault"),
    "judge_synthetic": ("workbench.workflows.synthesis", "judge_synthetic"),
    "kpis": ("workbench.workflows.kpis", "kpis"),
    "late_deliveries": ("workbench.workflows.procurement", "late_deliveries"),
    "list_cases": ("workbench.workflows.cases", "list_cases"),
    "list_orders": ("workbench.workflows.orders", "list_orders"),
    "list_history": ("workbench.workflows.history", "list_history"),
    "notice_texts": ("workbench.workflows.notices", "notice_texts"),
    "open": ("workbench.workspace", "open_workspace"),
    "open_demo": ("workbench.workflows.demo", "open_demo"),
    "order_record": ("workbench.workflows.orders", "order_record"),
    "parts_overview": ("workbench.workflows.procurement", "parts_overview"),
    "pause_schedule": ("workbench.workflows.schedules", "pause_schedule"),
    "pending_approvals": ("workbench.workflows.approvals", "pending_approvals"),
    "place_purchase": ("workbench.workflows.procurement", "place_purchase"),
    "plan_work": ("workbench.workflows.plan", "plan_work"),
    "planned_stops": ("workbench.workflows.plan", "planned_stops"),
    "possible_faults": ("workbench.workflows.twin", "possible_faults"),
    "predict": ("workbench.workflows.score", "predict"),
    "promote_model": ("workbench.workflows.models", "promote_model"),
    "propose_machine": ("workbench.workflows.onboard", "propose_machine"),
    "propose_purchases": ("workbench.workflows.procurement", "propose_purchases"),
    "publish_plan": ("workbench.workflows.plan", "publish_plan"),
    "raise_ticket": ("workbench.workflows.orders", "raise_ticket"),
    "request_order_approval": ("workbench.workflows.orders", "request_order_approval"),
    "read_scenarios": ("workbench.workflows.twin", "read_scenarios"),
    "read_synthetic": ("workbench.workflows.synthesis", "read_synthetic"),
    "receive_delivery": ("workbench.workflows.procurement", "receive_delivery"),
    "reject": ("workbench.workflows.approvals", "reject"),
    "remove_absence": ("workbench.workflows.plan", "remove_absence"),
    "remove_schedule": ("workbench.workflows.schedules", "remove_schedule"),
    "remove_planned_stop": ("workbench.workflows.plan", "remove_planned_stop"),
    "reorder_proposals": ("workbench.workflows.procurement", "reorder_proposals"),
    "report": ("workbench.workflows.report", "report"),
    "report_batch": ("workbench.workflows.report", "report_batch"),
    "request_permit": ("workbench.workflows.permits", "request_permit"),
    "request_quotes": ("workbench.workflows.procurement", "request_quotes"),
    "resolve_case": ("workbench.workflows.cases", "resolve_case"),
    "resume_schedule": ("workbench.workflows.schedules", "resume_schedule"),
    "retry_notice": ("workbench.workflows.notices", "retry_notice"),
    "retry_job": ("workbench.workflows.jobs", "retry_job"),
    "rollback_model": ("workbench.workflows.models", "rollback_model"),
    "run_benchmark": ("workbench.workflows.benchmarks", "run_benchmark"),
    "run_cycle": ("workbench.workflows.cycle", "run_cycle"),
    "run_demo": ("workbench.workflows.demo", "run_demo"),
    "run_schedule": ("workbench.workflows.schedules", "run_schedule"),
    "run_worker": ("workbench.workflows.jobs", "run_worker"),
    "search_history": ("workbench.workflows.history", "search_history"),
    "seed_data": ("workbench.workflows.synthesis", "seed_data"),
    "send_notices": ("workbench.workflows.notices", "send_notices"),
    "set_criticality": ("workbench.workflows.criticality", "set_criticality"),
    "shadow_model": ("workbench.workflows.models", "shadow_model"),
    "shelve_case": ("workbench.workflows.cases", "shelve_case"),
    "similar_history": ("workbench.workflows.history", "similar_history"),
    "simulate_failure": ("workbench.workflows.simulate", "simulate_failure"),
    "start_order": ("workbench.workflows.orders", "start_order"),
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
    "value_ledger": ("workbench.workflows.value", "value_ledger"),
    "watch_job": ("workbench.workflows.jobs", "watch_job"),
    "what_if": ("workbench.workflows.twin", "what_if"),
    "withdraw_permit": ("workbench.workflows.permits", "withdraw_permit"),
    "work_permits": ("workbench.workflows.permits", "work_permits"),
    "Priority": ("workbench.domain.work", "Priority"),
    "WorkbenchError": ("workbench.errors", "WorkbenchError"),
    "Workspace": ("workbench.workspace", "Workspace"),
}

__all__ = [
    "Actor",
    "Findings",
    "Priority",
    "SqlSource",
    "WorkbenchError",
    "Workspace",
    "absences",
    "acknowledge_case",
    "acknowledge_notice",
    "activate_model",
    "add_absence",
    "add_machine",
    "add_planned_stop",
    "add_schedule",
    "alarm_figures",
    "alert_history",
    "alert_rules",
    "anomalies",
    "approve",
    "assess",
    "assess_criticality",
    "assign_order",
    "audit",
    "calibrate_twin",
    "cancel_job",
    "cancel_order",
    "cancel_purchase",
    "close_order",
    "compare_models",
    "compare_scenarios",
    "correct_close_out",
    "create_workspace",
    "drift",
    "drop_permit",
    "enter_quote",
    "explain",
    "explain_fleet",
    "explain_global",
    "fleet_summary",
    "fmeca",
    "forecast",
    "forecast_fleet",
    "generate",
    "grant_permit",
    "import_absences",
    "import_history",
    "ingest",
    "inject_fault",
    "judge_synthetic",
    "kpis",
    "late_deliveries",
    "list_cases",
    "list_history",
    "list_orders",
    "notice_texts",
    "open",
    "open_demo",
    "order_record",
    "parts_overview",
    "pause_schedule",
    "pending_approvals",
    "place_purchase",
    "plan_work",
    "planned_stops",
    "possible_faults",
    "predict",
    "promote_model",
    "propose_machine",
    "propose_purchases",
    "publish_plan",
    "raise_ticket",
    "read_scenarios",
    "read_synthetic",
    "receive_delivery",
    "reject",
    "remove_absence",
    "remove_planned_stop",
    "remove_schedule",
    "reorder_proposals",
    "report",
    "report_batch",
    "request_order_approval",
    "request_permit",
    "request_quotes",
    "resolve_case",
    "resume_schedule",
    "retry_job",
    "retry_notice",
    "rollback_model",
    "run_benchmark",
    "run_cycle",
    "run_demo",
    "run_schedule",
    "run_worker",
    "search_history",
    "seed_data",
    "send_notices",
    "set_criticality",
    "shadow_model",
    "shelve_case",
    "similar_history",
    "simulate_failure",
    "start_order",
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
    "value_ledger",
    "watch_job",
    "what_if",
    "withdraw_permit",
    "work_permits",
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
