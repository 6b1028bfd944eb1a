"""Shadow models, evaluations, drift, explanations and forecasts."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _text(name: str, length: int = 200) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=False)


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _document(table: str, key: str, *columns: sa.Column[object]) -> None:
    """Make a table of documents with the columns by which they are found."""
    of_machine = [
        sa.ForeignKeyConstraint(["machine_id"], ["machines.machine_id"], name=op.f(f"fk_{table}_machine_id"))
        for column in columns
        if column.name == "machine_id"
    ]
    op.create_table(
        table,
        _text(key),
        *columns,
        _time("recorded_at"),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{table}")),
        *of_machine,
    )


def upgrade() -> None:
    with op.batch_alter_table("model_versions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("shadow", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.create_index(
            "uq_model_versions_shadow",
            ["task", "scope"],
            unique=True,
            sqlite_where=sa.text("shadow"),
            postgresql_where=sa.text("shadow"),
        )
    op.create_table(
        "model_evaluations",
        _text("version_id"),
        _time("recorded_at"),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["model_versions.version_id"], name=op.f("fk_model_evaluations_version_id")
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_model_evaluations")),
    )
    _document("drift_reports", "drift_id", _text("version_id"), _time("as_of"))
    _document("shadow_predictions", "shadow_id", _text("version_id"), _text("machine_id", 100), _time("as_of"))
    _document("explanations", "explanation_id", _text("prediction_id"), _text("machine_id", 100), _time("as_of"))
    _document("model_explanations", "explanation_id", _text("version_id"), _time("as_of"))
    _document("forecasts", "forecast_id", _text("machine_id", 100), _text("sensor"), _time("as_of"))
    op.create_index(op.f("ix_drift_reports_version_id"), "drift_reports", ["version_id"])
    op.create_index("ix_shadow_predictions_version_id_as_of", "shadow_predictions", ["version_id", "as_of"])
    op.create_index(op.f("ix_explanations_prediction_id"), "explanations", ["prediction_id"])
    op.create_index(op.f("ix_model_explanations_version_id"), "model_explanations", ["version_id"])
    op.create_index("ix_forecasts_machine_id_sensor_as_of", "forecasts", ["machine_id", "sensor", "as_of"])


def downgrade() -> None:
    for table in (
        "forecasts",
        "model_explanations",
        "explanations",
        "shadow_predictions",
        "drift_reports",
        "model_evaluations",
    ):
        op.drop_table(table)
    with op.batch_alter_table("model_versions", schema=None) as batch_op:
        batch_op.drop_index("uq_model_versions_shadow")
        batch_op.drop_column("shadow")
