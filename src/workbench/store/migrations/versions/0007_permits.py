"""Work permits of orders."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "work_permits",
        sa.Column("permit_id", sa.String(length=200), nullable=False),
        sa.Column("order_id", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("permit_id", name=op.f("pk_work_permits")),
    )
    op.create_index(op.f("ix_work_permits_order_id"), "work_permits", ["order_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_work_permits_order_id"), "work_permits")
    op.drop_table("work_permits")
