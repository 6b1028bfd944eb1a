"""Synthesizers, synthetic sets and calibrations of twins."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _text(name: str, length: int = 200) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=False)


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _body() -> sa.Column[str]:
    return sa.Column("body", sa.Text(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "synthesizers",
        _text("synthesizer_id"),
        _text("scope"),
        _text("state"),
        sa.Column("artifact_sha256", sa.String(length=64), nullable=True),
        _time("recorded_at"),
        _body(),
        sa.ForeignKeyConstraint(
            ["artifact_sha256"], ["artefacts.sha256"], name=op.f("fk_synthesizers_artifact_sha256")
        ),
        sa.PrimaryKeyConstraint("synthesizer_id", name=op.f("pk_synthesizers")),
    )
    op.create_table(
        "synthetic_sets",
        _text("set_id"),
        _text("kind"),
        _text("scope"),
        _time("recorded_at"),
        _body(),
        sa.PrimaryKeyConstraint("set_id", name=op.f("pk_synthetic_sets")),
    )
    op.create_table(
        "twin_calibrations",
        _text("calibration_id"),
        _text("machine_id", 100),
        _time("as_of"),
        _time("recorded_at"),
        _body(),
        sa.ForeignKeyConstraint(["machine_id"], ["machines.machine_id"], name=op.f("fk_twin_calibrations_machine_id")),
        sa.PrimaryKeyConstraint("calibration_id", name=op.f("pk_twin_calibrations")),
    )
    op.create_index(op.f("ix_synthesizers_scope"), "synthesizers", ["scope"])
    op.create_index(op.f("ix_synthetic_sets_scope"), "synthetic_sets", ["scope"])
    op.create_index("ix_twin_calibrations_machine_id_as_of", "twin_calibrations", ["machine_id", "as_of"])


def downgrade() -> None:
    for table in ("twin_calibrations", "synthetic_sets", "synthesizers"):
        op.drop_table(table)
