"""Absences of technicians and days off of sites; when past work was done, so that long lists come by page."""

import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "absences",
        sa.Column("absence_id", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("absence_id", name=op.f("pk_absences")),
    )
    op.add_column("past_work", sa.Column("happened_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_past_work_happened_at"), "past_work", ["happened_at"])
    _tell_when()


def _tell_when() -> None:
    """Write into each past order when it ended, else started, else was raised."""
    bind = op.get_bind()
    naive = bind.dialect.name == "sqlite"
    table = sa.table(
        "past_work", sa.column("work_id"), sa.column("body"), sa.column("happened_at", sa.DateTime(timezone=True))
    )
    for work_id, body in bind.execute(sa.select(table.c.work_id, table.c.body)).all():
        said = json.loads(body)
        words = said.get("ended_at") or said.get("started_at") or said.get("raised_at")
        if words:
            at = datetime.fromisoformat(words).astimezone(UTC)
            told = {"happened_at": at.replace(tzinfo=None) if naive else at}
            bind.execute(sa.update(table).where(table.c.work_id == work_id).values(told))


def downgrade() -> None:
    op.drop_index(op.f("ix_past_work_happened_at"), "past_work")
    op.drop_column("past_work", "happened_at")
    op.drop_table("absences")
