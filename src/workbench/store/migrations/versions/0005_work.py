"""Plans, planned stops, close-outs, value ledger, past work, procurement, approvals."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _text(name: str, length: int = 200, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _table(name: str, key: str, *columns: sa.Column[object] | sa.Constraint, machine: bool = False) -> None:
    body = sa.Column("body", sa.Text(), nullable=False)
    constraints: list[sa.Constraint] = [sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{name}"))]
    if machine:
        constraints.append(
            sa.ForeignKeyConstraint(["machine_id"], ["machines.machine_id"], name=op.f(f"fk_{name}_machine_id"))
        )
    op.create_table(name, _text(key), *columns, body, *constraints)


def _index(table: str, column: str) -> None:
    op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def _keep_the_log() -> None:
    """Let the database itself refuse to change or delete what the event log holds; it can only grow."""
    said = "the event log can only grow: its rows are never changed or deleted"
    if op.get_bind().dialect.name == "sqlite":
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER event_log_no_{action.lower()} BEFORE {action} ON event_log "
                f"BEGIN SELECT RAISE(ABORT, '{said}'); END"
            )
        # REPLACE deletes the old row without asking the trigger on deletion.
        op.execute(
            "CREATE TRIGGER event_log_no_replace BEFORE INSERT ON event_log "
            "WHEN EXISTS (SELECT 1 FROM event_log WHERE number = NEW.number) "
            f"BEGIN SELECT RAISE(ABORT, '{said}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION event_log_keep() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{said}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER event_log_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON event_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION event_log_keep()"
    )


def _let_the_log_go() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for action in ("update", "delete", "replace"):
            op.execute(f"DROP TRIGGER event_log_no_{action}")
        return
    op.execute("DROP TRIGGER event_log_keep ON event_log")
    op.execute("DROP FUNCTION event_log_keep")


def upgrade() -> None:
    _keep_the_log()
    _table("approvals", "approval_id", _text("kind"), _text("subject"), _text("state"), _time("asked_at"))
    _index("approvals", "state")
    pending = sa.text("state = 'pending'")
    op.create_index(
        "uq_approvals_pending", "approvals", ["kind", "subject"], unique=True,
        sqlite_where=pending, postgresql_where=pending,
    )  # fmt: skip
    _table(
        "planned_stops", "stop_id", _text("site_id"), _text("machine_id", 100, nullable=True),
        _time("starts_at"), _time("ends_at"),
    )  # fmt: skip
    _index("planned_stops", "site_id")
    _table("work_plans", "plan_id", _text("state"), _time("as_of"), _time("recorded_at"))
    _index("work_plans", "state")
    _index("work_plans", "recorded_at")
    _table(
        "close_outs", "order_id", _text("machine_id", 100), _time("closed_at"), _time("recorded_at"),
        sa.ForeignKeyConstraint(["order_id"], ["work_orders.order_id"], name=op.f("fk_close_outs_order_id")),
        machine=True,
    )  # fmt: skip
    _index("close_outs", "machine_id")
    _table(
        "value_entries", "entry_id", _text("order_id"), _text("machine_id", 100), _text("kind"), _time("at"),
        machine=True,
    )  # fmt: skip
    _index("value_entries", "order_id")
    _index("value_entries", "at")
    _table(
        "past_work", "work_id", _text("source"), _text("machine_id", 100, nullable=True),
        _text("failure_code", nullable=True), _text("failure_mode", nullable=True), _time("recorded_at"),
    )  # fmt: skip
    for column in ("source", "machine_id", "failure_code", "failure_mode"):
        _index("past_work", column)
    _table("quotes", "quote_id", _text("part_id"), _text("supplier_id"), _time("created_at"))
    _index("quotes", "part_id")
    _table(
        "purchases", "purchase_id", _text("number", 50), _text("part_id"), _text("supplier_id"), _text("state"),
        _time("created_at"), sa.UniqueConstraint("number", name=op.f("uq_purchases_number")),
    )  # fmt: skip
    _index("purchases", "part_id")
    _index("purchases", "state")


def downgrade() -> None:
    _let_the_log_go()
    for table in (
        "purchases", "quotes", "past_work", "value_entries", "close_outs", "work_plans", "planned_stops", "approvals",
    ):  # fmt: skip
        op.drop_table(table)
