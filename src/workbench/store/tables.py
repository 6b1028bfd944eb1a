"""Tables of the records: what is queried is a column, the whole domain object is the JSON in ``body``."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TextClause,
    UniqueConstraint,
    false,
    text,
)

from workbench.domain.cases import CaseState
from workbench.domain.work import OPEN_ORDER_STATES

from .columns import body, instant, key, label, machine, number

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _unique_where(name: str, where: ColumnElement[bool] | TextClause, *columns: Column[Any]) -> None:
    Index(name, *columns, unique=True, sqlite_where=where, postgresql_where=where)


machines = Table(
    "machines",
    metadata,
    Column("machine_id", String(100), primary_key=True),
    label("machine_type", index=True),
    label("site_id", index=True),
    label("status"),
    Column("version", Integer, nullable=False),
    instant("changed_at"),
)

profiles = Table(
    "profiles",
    metadata,
    machine(primary_key=True),
    Column("version", Integer, primary_key=True),
    instant("changed_at"),
    body(),
)

sites = Table("sites", metadata, key("site_id"), body())

technicians = Table("technicians", metadata, key("technician_id"), label("site_id", index=True), body())

suppliers = Table("suppliers", metadata, key("supplier_id"), body())

parts = Table(
    "parts",
    metadata,
    key("part_id"),
    label("supplier_id"),
    Column("stock", Integer, nullable=False),
    body(),
)

reservations = Table(
    "reservations",
    metadata,
    key("reservation_id"),
    label("order_id"),
    label("part_id"),
    Column("quantity", Integer, nullable=False),
    label("state"),
    instant("created_at"),
    body(),
    UniqueConstraint("order_id", "part_id"),
    Index("ix_reservations_part_id_state", "part_id", "state"),
)

ingest_batches = Table(
    "ingest_batches",
    metadata,
    key("batch_id"),
    Column("source", Text, nullable=False),
    Column("content_sha256", String(64), nullable=False, index=True),
    Column("rows_read", BigInteger, nullable=False),
    Column("rows_stored", BigInteger, nullable=False),
    Column("rows_identical", BigInteger, nullable=False),
    Column("rows_quarantined", BigInteger, nullable=False),
    Column("quarantine_path", Text),
    instant("at"),
    body(),
)

telemetry_segments = Table(
    "telemetry_segments",
    metadata,
    Column("path", String(500), primary_key=True),
    machine(),
    Column("month", String(7), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("rows", BigInteger, nullable=False),
    instant("first_time"),
    instant("last_time"),
    Column("batch_id", String(200), ForeignKey("ingest_batches.batch_id"), nullable=False),
    Index("ix_telemetry_segments_machine_id_month", "machine_id", "month"),
)

asset_events = Table(
    "asset_events",
    metadata,
    number(),
    machine(),
    instant("time"),
    label("kind"),
    label("cause"),
    Column("source", String(500), nullable=False),
    UniqueConstraint("machine_id", "time", "kind", "cause"),
)

artefacts = Table(
    "artefacts",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("path", String(500), nullable=False),
    Column("size", BigInteger, nullable=False),
    instant("created_at"),
)

model_versions = Table(
    "model_versions",
    metadata,
    key("version_id"),
    label("task"),
    label("scope"),
    instant("created_at"),
    Column("active", Boolean, nullable=False),
    Column("shadow", Boolean, nullable=False, server_default=false()),
    Column("artifact_sha256", String(64), ForeignKey("artefacts.sha256"), nullable=False),
    body(),
)
IS_ACTIVE = model_versions.c.active.is_(True)
_unique_where("uq_model_versions_active", text("active"), model_versions.c.task, model_versions.c.scope)
IS_SHADOW = model_versions.c.shadow.is_(True)
_unique_where("uq_model_versions_shadow", text("shadow"), model_versions.c.task, model_versions.c.scope)

# Apart from the versions: curves and tables that only the model card and the performance page read.
model_evaluations = Table(
    "model_evaluations",
    metadata,
    Column("version_id", String(200), ForeignKey("model_versions.version_id"), primary_key=True),
    instant("recorded_at"),
    body(),
)

drift_reports = Table(
    "drift_reports",
    metadata,
    key("drift_id"),
    label("version_id", index=True),
    instant("as_of"),
    instant("recorded_at"),
    body(),
)

predictions = Table(
    "predictions",
    metadata,
    key("prediction_id"),
    machine(),
    instant("as_of"),
    instant("recorded_at"),
    body(),
    Index("ix_predictions_machine_id_as_of", "machine_id", "as_of", "recorded_at"),
)

shadow_predictions = Table(
    "shadow_predictions",
    metadata,
    key("shadow_id"),
    label("version_id"),
    machine(),
    instant("as_of"),
    instant("recorded_at"),
    body(),
    Index("ix_shadow_predictions_version_id_as_of", "version_id", "as_of"),
)

explanations = Table(
    "explanations",
    metadata,
    key("explanation_id"),
    label("prediction_id", index=True),
    machine(),
    instant("as_of"),
    instant("recorded_at"),
    body(),
)

model_explanations = Table(
    "model_explanations",
    metadata,
    key("explanation_id"),
    label("version_id", index=True),
    instant("as_of"),
    instant("recorded_at"),
    body(),
)

forecasts = Table(
    "forecasts",
    metadata,
    key("forecast_id"),
    machine(),
    label("sensor"),
    instant("as_of"),
    instant("recorded_at"),
    body(),
    Index("ix_forecasts_machine_id_sensor_as_of", "machine_id", "sensor", "as_of"),
)

analytics_packages = Table(
    "analytics_packages",
    metadata,
    key("package_id"),
    label("prediction_id", index=True),
    machine(),
    instant("as_of"),
    instant("recorded_at"),
    body(),
    Index("ix_analytics_packages_machine_id_as_of", "machine_id", "as_of", "recorded_at"),
)

synthesizers = Table(
    "synthesizers",
    metadata,
    key("synthesizer_id"),
    label("scope", index=True),
    label("state"),
    Column("artifact_sha256", String(64), ForeignKey("artefacts.sha256")),
    instant("recorded_at"),
    body(),
)

synthetic_sets = Table(
    "synthetic_sets",
    metadata,
    key("set_id"),
    label("kind"),
    label("scope", index=True),
    instant("recorded_at"),
    body(),
)

twin_calibrations = Table(
    "twin_calibrations",
    metadata,
    key("calibration_id"),
    machine(),
    instant("as_of"),
    instant("recorded_at"),
    body(),
    Index("ix_twin_calibrations_machine_id_as_of", "machine_id", "as_of"),
)

reports = Table(
    "reports",
    metadata,
    key("report_id"),
    label("template"),
    instant("created_at", index=True),
    instant("as_of"),
    label("state"),
    body(),
)

cases = Table(
    "cases",
    metadata,
    key("case_id"),
    machine(),
    Column("cause", String(500), nullable=False),
    label("severity"),
    label("state"),
    instant("opened_at"),
    instant("last_seen_at"),
    body(),
)
OPEN_CASE = cases.c.state != CaseState.RESOLVED.value
_unique_where("uq_cases_open", OPEN_CASE, cases.c.machine_id, cases.c.cause)

work_orders = Table(
    "work_orders",
    metadata,
    key("order_id"),
    Column("number", String(50), nullable=False, unique=True),
    machine(),
    label("failure_mode"),
    Column("priority", Integer, nullable=False),
    label("state"),
    instant("created_at"),
    instant("due_at"),
    Column("technician_id", String(200)),
    body(),
)
OPEN_ORDER = work_orders.c.state.in_([state.value for state in OPEN_ORDER_STATES])
_unique_where("uq_work_orders_open", OPEN_ORDER, work_orders.c.machine_id, work_orders.c.failure_mode)

dispatch_reports = Table(
    "dispatch_reports",
    metadata,
    key("report_id"),
    label("order_id", index=True),
    machine(),
    instant("created_at"),
    body(),
)

dispatch_history = Table(
    "dispatch_history",
    metadata,
    number(),
    label("order_id", index=True),
    machine(),
    label("event"),
    instant("at"),
    label("actor"),
    Column("details", Text, nullable=False),
)

notices = Table(
    "notices",
    metadata,
    key("notice_id"),
    label("channel"),
    label("recipient"),
    label("state", index=True),
    Column("machine_id", String(100)),
    Column("order_id", String(200)),
    instant("created_at"),
    body(),
)

cycle_runs = Table(
    "cycle_runs",
    metadata,
    key("run_id"),
    machine(),
    instant("as_of"),
    label("state"),
    instant("started_at", index=True),
    body(),
)

cycle_steps = Table(
    "cycle_steps",
    metadata,
    key("step_id"),
    Column("run_id", String(200), ForeignKey("cycle_runs.run_id"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    label("state"),
    body(),
    UniqueConstraint("run_id", "number"),
)

jobs = Table(
    "jobs",
    metadata,
    key("job_id"),
    label("kind"),
    label("state", index=True),
    instant("submitted_at", index=True),
    Column("schedule_id", String(200), index=True),
    body(),
)

# Apart from the jobs: it changes every second and is no matter for the event log.
job_progress = Table(
    "job_progress",
    metadata,
    Column("job_id", String(200), ForeignKey("jobs.job_id"), primary_key=True),
    Column("fraction", Float, nullable=False),
    Column("message", Text, nullable=False),
    instant("at"),
)

schedules = Table("schedules", metadata, key("schedule_id"), body())

# Exclude each other in the database: at most one open request for the same thing.
approvals = Table(
    "approvals",
    metadata,
    key("approval_id"),
    label("kind"),
    label("subject"),
    label("state", index=True),
    instant("asked_at"),
    body(),
)
_unique_where("uq_approvals_pending", approvals.c.state == "pending", approvals.c.kind, approvals.c.subject)

planned_stops = Table(
    "planned_stops",
    metadata,
    key("stop_id"),
    label("site_id", index=True),
    Column("machine_id", String(100)),
    instant("starts_at"),
    instant("ends_at"),
    body(),
)

absences = Table("absences", metadata, key("absence_id"), body())

work_permits = Table("work_permits", metadata, key("permit_id"), label("order_id", index=True), body())

work_plans = Table(
    "work_plans",
    metadata,
    key("plan_id"),
    label("state", index=True),
    instant("as_of"),
    instant("recorded_at", index=True),
    body(),
)

close_outs = Table(
    "close_outs",
    metadata,
    Column("order_id", String(200), ForeignKey("work_orders.order_id"), primary_key=True),
    machine(index=True),
    instant("closed_at"),
    instant("recorded_at"),
    body(),
)

value_entries = Table(
    "value_entries",
    metadata,
    key("entry_id"),
    label("order_id", index=True),
    machine(),
    label("kind"),
    instant("at", index=True),
    body(),
)

past_work = Table(
    "past_work",
    metadata,
    key("work_id"),
    label("source", index=True),
    Column("machine_id", String(100), index=True),
    Column("failure_code", String(200), index=True),
    Column("failure_mode", String(200), index=True),
    instant("recorded_at"),
    body(),
    instant("happened_at", nullable=True, index=True),
)

quotes = Table(
    "quotes",
    metadata,
    key("quote_id"),
    label("part_id", index=True),
    label("supplier_id"),
    instant("created_at"),
    body(),
)

purchases = Table(
    "purchases",
    metadata,
    key("purchase_id"),
    Column("number", String(50), nullable=False, unique=True),
    label("part_id", index=True),
    label("supplier_id"),
    label("state", index=True),
    instant("created_at"),
    body(),
)

event_log = Table(
    "event_log",
    metadata,
    number(),
    instant("at"),
    label("actor"),
    label("role"),
    Column("reason", Text, nullable=False),
    label("entity"),
    Column("key", String(500), nullable=False),
    label("action"),
    Column("before", Text),
    Column("after", Text),
    Index("ix_event_log_entity_key", "entity", "key"),
)
