"""One question about a subject is pending at a time, and it is answered once, whoever answers at the same time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from workbench.domain.approvals import ApprovalKind, ApprovalState
from workbench.domain.base import Actor, Change, Role
from workbench.errors import InputError
from workbench.store.database import Database
from workbench.store.records import Approvals, EventLog

TRIES = 20
MACHINE = ApprovalKind.MACHINE


def test_a_question_is_pending_once_and_can_be_asked_again_after_the_answer(database: Database, change: Change) -> None:
    approvals = Approvals(database)
    asked = approvals.ask(MACHINE, "pump_01", "new machine: Pump", change)
    assert approvals.ask(MACHINE, "pump_01", "asked again", change) == asked
    assert approvals.pending() == [asked]
    refused = approvals.decide(MACHINE, "pump_01", ApprovalState.REJECTED, "no vibration sensor", change)
    assert (refused.decided_by, refused.decided_at, refused.comment) == ("ada", change.at, "no vibration sensor")
    again = approvals.ask(MACHINE, "pump_01", "with a sensor", change)
    assert again.approval_id != asked.approval_id
    assert approvals.latest(MACHINE, "pump_01") == again
    assert approvals.latest(ApprovalKind.ORDER, "pump_01") is None
    assert [entry.action for entry in EventLog(database).entries("approval")] == ["added", "rejected", "added"]


def test_what_is_not_pending_cannot_be_answered_and_says_how_it_ended(database: Database, change: Change) -> None:
    approvals = Approvals(database)
    with pytest.raises(InputError, match="Nothing about machine pump_01 waits"):
        approvals.decide(MACHINE, "pump_01", ApprovalState.APPROVED, "", change)
    approvals.ask(MACHINE, "pump_01", "new machine", change)
    approvals.decide(MACHINE, "pump_01", ApprovalState.APPROVED, "fine", change)
    with pytest.raises(InputError, match="it was approved by ada at 2026-01-01 00:00 UTC: fine"):
        approvals.decide(MACHINE, "pump_01", ApprovalState.REJECTED, "late", change)


def _answer_all(url: str, name: str) -> None:
    database = Database.open(url)
    change = Change(actor=Actor(id=name, role=Role.SUPERVISOR), reason="race", at=datetime(2026, 1, 1, tzinfo=UTC))
    for number in range(TRIES):
        approvals = Approvals(database)
        approvals.ask(ApprovalKind.ORDER, f"WO-{number}", "an order", change)
        try:
            approvals.decide(MACHINE, f"pump_{number}", ApprovalState.APPROVED, "", change)
        except InputError:
            continue
    database.close()


def test_of_two_processes_one_answers_and_one_asks(
    database: Database, change: Change, race: Callable[..., list[int | None]]
) -> None:
    for number in range(TRIES):
        Approvals(database).ask(MACHINE, f"pump_{number}", "new machine", change)
    assert race(database, _answer_all) == [0, 0]
    log = EventLog(database).entries("approval", limit=None)
    assert sum(entry.action == "approved" for entry in log) == TRIES
    orders = [approval.subject for approval in Approvals(database).pending()]
    assert sorted(orders) == sorted(f"WO-{number}" for number in range(TRIES))
