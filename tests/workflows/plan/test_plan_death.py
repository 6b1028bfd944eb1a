"""Planning and publishing after kill -9: whatever the moment, all of it is on record or nothing, and the next try ends it."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session
from tests.workflows.plan.conftest import FAN, MOTOR, SOLAR
from tests.workflows.records import all_records, differences

import workbench
from workbench.domain.work import OrderState
from workbench.workspace import Workspace


def _in_child(work: Callable[[], None]) -> int:
    """Return how a process that does ``work`` ended: 0, or minus the signal that killed it."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _plan(path: Path, *, dies_at: int | None = None, at_commit: str = "") -> Callable[[], None]:
    """Return the work: plan and publish; killed at the n-th statement, or just ``before`` or ``after`` the n-th commit."""

    def work() -> None:
        with Workspace.open(path) as ws:
            seen = 0

            def count(*_: object) -> None:
                nonlocal seen
                seen += 1
                if seen == dies_at:
                    os.kill(os.getpid(), signal.SIGKILL)

            if at_commit == "before":
                event.listen(ws.database.engine, "commit", count)
            elif at_commit == "after":
                event.listen(Session, "after_commit", count)
            elif dies_at is not None:
                event.listen(ws.database.engine, "before_cursor_execute", count)
            workbench.plan_work(ws, publish=True)

    return work


@pytest.fixture
def make(staffed, tmp_path, ordered) -> Callable[[], Path]:
    """Make workspaces that are all alike, with three orders, one of which is planned already."""
    source = tmp_path / "source"
    shutil.copytree(staffed, source)
    with Workspace.open(source) as ws:
        ordered(ws, 1, MOTOR)
        workbench.plan_work(ws, publish=True)
        ordered(ws, 2, FAN, labour_h=20.0)
        ordered(ws, 3, SOLAR, skill="welding")
    numbers = iter(range(1000))

    def fresh() -> Path:
        path = tmp_path / f"copy{next(numbers)}"
        shutil.copytree(source, path)
        return path

    return fresh


def _records(path: Path):
    with Workspace.open(path) as ws:
        return all_records(ws)


def _half_done(path: Path) -> bool:
    """Say whether orders, plan, history and notices tell of different plans."""
    with Workspace.open(path) as ws:
        published = ws.plans.published()
        scheduled = {order.order_id for order in ws.orders.open() if order.state is OrderState.SCHEDULED}
        told = {notice.order_id for notice in ws.notices.all() if notice.order_id and "technician" in notice.recipient}
        noted = {entry.order_id for entry in ws.dispatch_history.all() if entry.event == "planned"}
        planned = {work.order_id for work in published.assignments}
    return not scheduled == told == noted == planned


def _statements(path: Path) -> int:
    count = 0

    def counted(*_: object) -> None:
        nonlocal count
        count += 1

    with Workspace.open(path) as ws:
        event.listen(ws.database.engine, "before_cursor_execute", counted)
        workbench.plan_work(ws, publish=True)
    return count


def _die_and_resume(make, undisturbed, **death) -> None:
    path = make()
    assert _in_child(_plan(path, **death)) == -signal.SIGKILL, death
    assert not _half_done(path), death
    assert _in_child(_plan(path)) == 0
    assert differences(_records(path), undisturbed) == [], death
    shutil.rmtree(path)


def test_killed_around_every_commit_it_ends_as_if_nothing_had_happened(make):
    path = make()
    assert _in_child(_plan(path)) == 0
    undisturbed = _records(path)
    # The proposal is one transaction, its publication with orders, history and notices another.
    for moment in ("before", "after"):
        for number in (1, 2):
            _die_and_resume(make, undisturbed, dies_at=number, at_commit=moment)


def test_killed_at_some_statements_it_ends_as_if_nothing_had_happened(make):
    path = make()
    statements = _statements(path)
    undisturbed = _records(path)
    for number in (statements // 3, statements * 2 // 3, statements - 1):
        _die_and_resume(make, undisturbed, dies_at=number)


@pytest.mark.slow
def test_killed_at_every_statement_it_ends_as_if_nothing_had_happened(make):
    path = make()
    statements = _statements(path)
    undisturbed = _records(path)
    for number in range(1, statements + 1):
        _die_and_resume(make, undisturbed, dies_at=number)


def test_two_processes_that_publish_at_once_do_it_once(make):
    path = make()
    assert _in_child(_plan(path)) == 0
    undisturbed = _records(path)
    path = make()
    first = os.fork()
    if first == 0:
        try:
            _plan(path)()
        finally:
            os._exit(0)
    assert _in_child(_plan(path)) == 0
    os.waitpid(first, 0)
    assert differences(_records(path), undisturbed) == []
