"""Records of the first version."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "artefacts",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("path", sa.String(length=500), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_artefacts")),
    )
    op.create_table(
        "event_log",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("entity", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=500), nullable=False),
        sa.Column("action", sa.String(length=200), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_event_log")),
    )
    with op.batch_alter_table("event_log", schema=None) as batch_op:
        batch_op.create_index("ix_event_log_entity_key", ["entity", "key"], unique=False)

    op.create_table(
        "ingest_batches",
        sa.Column("batch_id", sa.String(length=200), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("rows_stored", sa.BigInteger(), nullable=False),
        sa.Column("rows_identical", sa.BigInteger(), nullable=False),
        sa.Column("rows_quarantined", sa.BigInteger(), nullable=False),
        sa.Column("quarantine_path", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_ingest_batches")),
    )
    with op.batch_alter_table("ingest_batches", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ingest_batches_content_sha256"), ["content_sha256"], unique=False)

    op.create_table(
        "machines",
        sa.Column("machine_id", sa.String(length=100), nullable=False),
        sa.Column("machine_type", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("machine_id", name=op.f("pk_machines")),
    )
    with op.batch_alter_table("machines", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_machines_machine_type"), ["machine_type"], unique=False)
        batch_op.create_index(batch_op.f("ix_machines_site_id"), ["site_id"], unique=False)

    op.create_table(
        "notices",
        sa.Column("notice_id", sa.String(length=200), nullable=False),
        sa.Column("channel", sa.String(length=200), nullable=False),
        sa.Column("recipient", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=200), nullable=False),
        sa.Column("machine_id", sa.String(length=100), nullable=True),
        sa.Column("order_id", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_notices")),
    )
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notices_state"), ["state"], unique=False)

    op.create_table(
        "parts",
        sa.Column("part_id", sa.String(length=200), nullable=False),
        sa.Column("supplier_id", sa.String(length=200), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("part_id", name=op.f("pk_parts")),
    )
    op.create_table(
        "reports",
        sa.Column("report_id", sa.String(length=200), nullable=False),
        sa.Column("template", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_reports")),
    )
    with op.batch_alter_table("reports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reports_created_at"), ["created_at"], unique=False)

    op.create_table(
        "reservations",
        sa.Column("reservation_id", sa.String(length=200), nullable=False),
        sa.Column("order_id", sa.String(length=200), nullable=False),
        sa.Column("part_id", sa.String(length=200), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("reservation_id", name=op.f("pk_reservations")),
        sa.UniqueConstraint("order_id", "part_id", name=op.f("uq_reservations_order_id_part_id")),
    )
    with op.batch_alter_table("reservations", schema=None) as batch_op:
        batch_op.create_index("ix_reservations_part_id_state", ["part_id", "state"], unique=False)

    op.create_table(
        "sites",
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_sites")),
    )
    op.create_table(
        "suppliers",
        sa.Column("supplier_id", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("supplier_id", name=op.f("pk_suppliers")),
    )
    op.create_table(
        "technicians",
        sa.Column("technician_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("technician_id", name=op.f("pk_technicians")),
    )
    with op.batch_alter_table("technicians", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_technicians_site_id"), ["site_id"], unique=False)

    op.create_table(
        "analytics_packages",
        sa.Column("package_id", sa.String(length=200), nullable=False),
        sa.Column("prediction_id", sa.String(length=200), nullable=False),
        sa.Column("machine_id", sa.String(length=100), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machines.machine_id"], name=op.f("fk_analytics_packages_machine_id")),
        sa.PrimaryKeyConstraint("package_id", name=op.f("pk_analytics_packages")),
    )
    with op.batch_alter_table("analytics_packages", schema=None) as batch_op:
        batch_op.create_index(
            "ix_analytics_packages_machine_id_as_of", ["machine_id", "as_of", "recorded_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_analytics_packages_prediction_id"), ["prediction_id"], unique=False)

    op.create_table(
        "asset_events",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("machine_id", sa.String(length=100), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("cause", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machines.machine_id"], name=op.f("fk_asset_events_machine_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_asset_events")),
        sa.UniqueConstraint(
            "machine_id", "time", "kind", "cause", name=op.f("uq_asset_events_machine_id_time_kind_cause")
        ),
    )
    op.create_table(
        "cases",
        sa.Column("case_id", sa.String(length=200), nullable=False),
        sa.Column("machine_id", sa.String(length=100), nullable=False),
        sa.Column("cause", sa.String(length=500), nullable=False),
        sa.Column("severity", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=200), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machines.machine_id"], name=op.f("fk_cases_machine_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_cases")),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index(
            "uq_cases_open",
            ["machine_id", "cause"],
            unique=True,
            sqlite_where=sa.text("state != 'resolved'"),
            postgresql_where=sa.text("state != 'resolved'"),
        )

    op.create_table(
        "cycle_runs",
        sa.Column("run_id", sa.String(length=200), nullable=False),
        sa.Column("machine_id", sa.String(length=100), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=200), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machines.machine_id"], name=op.f("fk_cycle_runs_machine_id")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_cycle_runs")),
    )
    with op.batch_alter_table("cycle_runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cycle_runs_started_at"), ["started_at"], unique=False)

    op.create_table(
        "dispatch_history",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("order_id", sa.String(length=200), nullable=False),
        sa.Column("machine_id", sa.String(length=100), nullable=False),
        sa.Column("event", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machines.machine_id"], name=op.f("fk_dispatch_history_machine_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dispatch_history")),
    )
    with op.batch_alter_table("dispatch_history", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dispatch_history_order_id"), ["order_id"], unique=False)

    op.create_table(
        "dispatch_reports",
        sa.Column("report_id", sa.String(length=200), nullable=False),
        sa.Column("order_id", sa.String(length=200), nullable=False),
        sa.Column("machine_id", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machines.machine_id"], name=op.f("fk_dispatch_reports_machine_id")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_dispatch_reports")),
    )
    with op.batch_alter_table("dispatch_reports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dispatch_reports_order_id"), ["order_id"], unique=False)

    op.create_table(
        "model_versions",
        sa.Column("version_id", sa.String(length=200), nullable=False),
        sa.Column("task", sa.String(length=200), nullable=False),
        sa.Column("scope", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("artifact_sha256", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["artifact_sha256"], ["artefacts.sha256"], name=op.f("fk_model_versions_artifact_sha256")
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_model_versions")),
    )
    with op.batch_alter_table("model_versions", schema=None) as batch_op:
        batch_op.create_index(
            "uq_model_versions_active",
            ["task", "scope"],
            unique=True,
            sqlite_where=sa.text("active"),
            postgresql_where=sa.text("active"),
        )

    op.create_table(
        "predictions",
        sa.Column("prediction_id", sa.String(length=200), nullable=False),
        sa.Column("machine_id", sa.String(length=100), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machines.machine_id"], name=op.f("fk_predictions_machine_id")),
        sa.PrimaryKeyConstraint("prediction_id", name=op.f("pk_predictions")),
    )
    with op.batch_alter_table("predictions", schema=None) as batch_op:
        batch_op.create_index("ix_predictions_machine_id_as_of", ["machine_id", "as_of", "recorded_at"], unique=False)

    op.create_table(
        "profiles",
        sa.Column("machine_id", sa.String(length=100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machines.machine_id"], name=op.f("fk_profiles_machine_id")),
        sa.PrimaryKeyConstraint("machine_id", "version", name=op.f("pk_profiles")),
    )
    op.create_table(
        "telemetry_segments",
        sa.Column("path", sa.String(length=500), nullable=False),
        sa.Column("machine_id", sa.String(length=100), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("first_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch_id", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["ingest_batches.batch_id"], name=op.f("fk_telemetry_segments_batch_id")),
        sa.ForeignKeyConstraint(["machine_id"], ["machines.machine_id"], name=op.f("fk_telemetry_segments_machine_id")),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_telemetry_segments")),
    )
    with op.batch_alter_table("telemetry_segments", schema=None) as batch_op:
        batch_op.create_index("ix_telemetry_segments_machine_id_month", ["machine_id", "month"], unique=False)

    op.create_table(
        "work_orders",
        sa.Column("order_id", sa.String(length=200), nullable=False),
        sa.Column("number", sa.String(length=50), nullable=False),
        sa.Column("machine_id", sa.String(length=100), nullable=False),
        sa.Column("failure_mode", sa.String(length=200), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("technician_id", sa.String(length=200), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machines.machine_id"], name=op.f("fk_work_orders_machine_id")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_work_orders")),
        sa.UniqueConstraint("number", name=op.f("uq_work_orders_number")),
    )
    with op.batch_alter_table("work_orders", schema=None) as batch_op:
        batch_op.create_index(
            "uq_work_orders_open",
            ["machine_id", "failure_mode"],
            unique=True,
            sqlite_where=sa.text("state IN ('open', 'scheduled', 'in_progress')"),
            postgresql_where=sa.text("state IN ('open', 'scheduled', 'in_progress')"),
        )

    op.create_table(
        "cycle_steps",
        sa.Column("step_id", sa.String(length=200), nullable=False),
        sa.Column("run_id", sa.String(length=200), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["cycle_runs.run_id"], name=op.f("fk_cycle_steps_run_id")),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_cycle_steps")),
        sa.UniqueConstraint("run_id", "number", name=op.f("uq_cycle_steps_run_id_number")),
    )
    with op.batch_alter_table("cycle_steps", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cycle_steps_run_id"), ["run_id"], unique=False)


def downgrade() -> None:

    with op.batch_alter_table("cycle_steps", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cycle_steps_run_id"))

    op.drop_table("cycle_steps")
    with op.batch_alter_table("work_orders", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_work_orders_open",
            sqlite_where=sa.text("state IN ('open', 'scheduled', 'in_progress')"),
            postgresql_where=sa.text("state IN ('open', 'scheduled', 'in_progress')"),
        )

    op.drop_table("work_orders")
    with op.batch_alter_table("telemetry_segments", schema=None) as batch_op:
        batch_op.drop_index("ix_telemetry_segments_machine_id_month")

    op.drop_table("telemetry_segments")
    op.drop_table("profiles")
    with op.batch_alter_table("predictions", schema=None) as batch_op:
        batch_op.drop_index("ix_predictions_machine_id_as_of")

    op.drop_table("predictions")
    with op.batch_alter_table("model_versions", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_model_versions_active", sqlite_where=sa.text("active"), postgresql_where=sa.text("active")
        )

    op.drop_table("model_versions")
    with op.batch_alter_table("dispatch_reports", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dispatch_reports_order_id"))

    op.drop_table("dispatch_reports")
    with op.batch_alter_table("dispatch_history", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dispatch_history_order_id"))

    op.drop_table("dispatch_history")
    with op.batch_alter_table("cycle_runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cycle_runs_started_at"))

    op.drop_table("cycle_runs")
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_cases_open",
            sqlite_where=sa.text("state != 'resolved'"),
            postgresql_where=sa.text("state != 'resolved'"),
        )

    op.drop_table("cases")
    op.drop_table("asset_events")
    with op.batch_alter_table("analytics_packages", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_analytics_packages_prediction_id"))
        batch_op.drop_index("ix_analytics_packages_machine_id_as_of")

    op.drop_table("analytics_packages")
    with op.batch_alter_table("technicians", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_technicians_site_id"))

    op.drop_table("technicians")
    op.drop_table("suppliers")
    op.drop_table("sites")
    with op.batch_alter_table("reservations", schema=None) as batch_op:
        batch_op.drop_index("ix_reservations_part_id_state")

    op.drop_table("reservations")
    with op.batch_alter_table("reports", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reports_created_at"))

    op.drop_table("reports")
    op.drop_table("parts")
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notices_state"))

    op.drop_table("notices")
    with op.batch_alter_table("machines", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_machines_site_id"))
        batch_op.drop_index(batch_op.f("ix_machines_machine_type"))

    op.drop_table("machines")
    with op.batch_alter_table("ingest_batches", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ingest_batches_content_sha256"))

    op.drop_table("ingest_batches")
    with op.batch_alter_table("event_log", schema=None) as batch_op:
        batch_op.drop_index("ix_event_log_entity_key")

    op.drop_table("event_log")
    op.drop_table("artefacts")
