"""Cases and orders are never opened twice, and what happened to them is kept."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from workbench.domain.base import Actor, Change
from workbench.domain.cases import Case, CaseState
from workbench.domain.notices import Notice
from workbench.domain.predictions import LimitCrossing, Severity
from workbench.domain.work import DispatchReport, OrderState, Priority, WorkOrder
from workbench.errors import InputError, NotFound
from workbench.store.database import Database
from workbench.store.records import Cases, DispatchHistory, DispatchReports, EventLog, Notices, Orders

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TRIES = 20


def _crossing(value: float, severity: Severity = Severity.WARNING, since: datetime = NOW) -> LimitCrossing:
    return LimitCrossing(
        sensor="vibration",
        severity=severity,
        value=value,
        limit=4.5,
        direction="above",
        unit="mm/s",
        standard="ISO 20816-3",
        since=since,
        readings=3,
    )


def _case(case_id: str = "c1", cause: str = "limit:vibration", seen: datetime = NOW, **fields: Any) -> Case:
    known = {"severity": Severity.WARNING, "summary": "vibration above 4.5 mm/s", "evidence": (_crossing(4.6),)}
    return Case.model_validate(
        {"case_id": case_id, "machine_id": "pump_01", "cause": cause, "opened_at": seen, "last_seen_at": seen}
        | known
        | fields
    )


def _order(order_id: str = "o1", mode: str = "bearing_wear", number: str = "WO-2026-0001", **fields: Any) -> WorkOrder:
    known = {"order_id": order_id, "number": number, "machine_id": "pump_01", "failure_mode": mode, "title": "Bearing"}
    more = {"priority": Priority.HIGH, "created_at": NOW, "due_at": NOW + timedelta(days=3), "steps": ("Replace",)}
    return WorkOrder.model_validate({**known, **more, "labour_h": 2, "estimated_cost": 100, **fields})


def test_a_case_seen_again_is_the_same_case_with_more_evidence(fleet: Database, change: Change) -> None:
    cases = Cases(fleet)
    assert cases.observe(_case(), change) == _case()
    later = NOW + timedelta(hours=2)
    crossings = (_crossing(4.9, since=later), _crossing(7.2, Severity.CRITICAL, since=later))
    seen = cases.observe(_case("c2", seen=later, severity=Severity.CRITICAL, evidence=crossings), change)
    assert (seen.case_id, seen.occurrences, seen.severity) == ("c1", 2, Severity.CRITICAL)
    assert (seen.opened_at, seen.last_seen_at) == (NOW, later)
    assert sorted((found.value, found.since) for found in seen.evidence) == [(4.9, NOW), (7.2, later)]
    milder = cases.observe(_case("c3", seen=later + timedelta(hours=1)), change)
    assert (milder.severity, milder.occurrences) == (Severity.CRITICAL, 3)
    assert cases.open() == [milder]


def test_the_same_observation_again_changes_nothing(fleet: Database, change: Change) -> None:
    cases = Cases(fleet)
    for case_id in ("c1", "c2", "c1"):
        assert cases.observe(_case(case_id), change).occurrences == 1
    assert len(EventLog(fleet).entries("case")) == 1


def test_a_resolved_case_that_comes_back_is_another_case(fleet: Database, change: Change) -> None:
    cases = Cases(fleet)
    cases.observe(_case(), change)
    cases.resolve("c1", change, at=NOW)
    assert cases.open("pump_01") == []
    assert cases.observe(_case(), change).state is CaseState.RESOLVED
    again = cases.observe(_case(seen=NOW + timedelta(days=1)), change)
    assert again.case_id != "c1"
    assert cases.open("pump_01") == [again]
    assert len(cases.all()) == 2
    with pytest.raises(NotFound):
        cases.resolve("c99", change, at=NOW)


def test_a_cause_that_returns_within_a_day_opens_its_case_again(fleet: Database, change: Change) -> None:
    cases = Cases(fleet)
    cases.observe(_case(), change)
    cases.acknowledge("c1", change, at=NOW)
    cases.tell("c1", change)
    cases.resolve("c1", change, at=NOW + timedelta(hours=5), by="olga")
    again = cases.observe(_case("c2", seen=NOW + timedelta(hours=28)), change)
    assert (again.case_id, again.state, again.reopened, again.occurrences) == ("c1", CaseState.OPEN, 1, 2)
    assert (again.resolved_at, again.acknowledged_at) == (None, None)
    assert again.is_news, "who closed it learns that it is back"
    assert [entry.action for entry in EventLog(fleet).entries("case", "c1")][:2] == ["reopened", "resolved"]
    cases.resolve("c1", change, at=NOW + timedelta(hours=28))
    assert cases.observe(_case("c3", seen=NOW + timedelta(hours=52)), change).case_id == "c3"


def test_a_shelved_case_takes_evidence_and_opens_when_its_time_is_up(fleet: Database, change: Change) -> None:
    cases = Cases(fleet)
    cases.observe(_case(), change)
    until = NOW + timedelta(hours=8)
    assert cases.shelve("c1", change, until=until, note="overhaul").state is CaseState.SHELVED
    early = cases.observe(_case("c2", seen=NOW + timedelta(hours=7)), change)
    assert (early.state, early.occurrences) == (CaseState.SHELVED, 2)
    assert (early.state_at(NOW), early.state_at(until)) == (CaseState.SHELVED, CaseState.OPEN)
    late = cases.observe(_case("c3", seen=until), change)
    assert (late.case_id, late.state, late.shelved_until, late.note) == ("c1", CaseState.OPEN, None, "overhaul")


def test_a_resolved_case_is_neither_acknowledged_nor_shelved(fleet: Database, change: Change) -> None:
    cases = Cases(fleet)
    cases.observe(_case(), change)
    done = cases.resolve("c1", change, at=NOW, by="ann", note="sensor replaced")
    assert (done.resolved_by, done.note, done.resolved_at) == ("ann", "sensor replaced", NOW)
    assert cases.resolve("c1", change, at=NOW + timedelta(days=1)) == done
    with pytest.raises(InputError, match="is resolved"):
        cases.acknowledge("c1", change, at=NOW)
    with pytest.raises(InputError, match="is resolved"):
        cases.shelve("c1", change, until=NOW)


def test_machines_and_causes_have_their_own_cases(fleet: Database, change: Change) -> None:
    cases = Cases(fleet)
    cases.observe(_case("c1"), change)
    cases.observe(_case("c2", "limit:temperature"), change)
    cases.observe(_case("c3", machine_id="fan_02"), change)
    assert len(cases.open()) == 3
    assert [case.case_id for case in cases.open("fan_02")] == ["c3"]


def test_an_open_order_is_supported_instead_of_doubled(fleet: Database, change: Change) -> None:
    orders = Orders(fleet)
    first, opened = orders.open_or_support(_order(prediction_id="p1"), change)
    assert opened
    assert first.evidence == ("p1",)
    for _ in range(2):
        second, opened = orders.open_or_support(_order("o2", number="WO-2026-0002", prediction_id="p2"), change)
        assert not opened
        assert (second.order_id, second.evidence) == ("o1", ("p1", "p2"))
    _, opened = orders.open_or_support(_order("o3", "seal_leak", "WO-2026-0002"), change)
    assert opened
    assert {order.order_id for order in orders.open("pump_01")} == {"o1", "o3"}
    assert [entry.action for entry in EventLog(fleet).entries("work_order", "o1")] == ["supported", "added"]


def test_a_finished_order_makes_room_for_the_next(fleet: Database, change: Change) -> None:
    orders = Orders(fleet)
    orders.open_or_support(_order(), change)
    orders.update(orders.get("o1").model_copy(update={"state": OrderState.DONE, "actual_cost": 90}), change)
    assert orders.open() == []
    assert orders.open_or_support(_order(), change) == (orders.get("o1"), False)
    _, opened = orders.open_or_support(_order("o2", number="WO-2026-0002"), change)
    assert opened
    entry = EventLog(fleet).entries("work_order", "o1")[0]
    assert (json.loads(entry.before or "")["state"], json.loads(entry.after or "")["state"]) == ("open", "done")
    with pytest.raises(NotFound):
        orders.update(_order("none"), change)


def test_numbers_count_up_and_a_taken_one_is_replaced(fleet: Database, change: Change) -> None:
    orders = Orders(fleet)
    assert orders.next_number(2026) == "WO-2026-0001"
    orders.open_or_support(_order(number="WO-2026-9999"), change)
    assert orders.next_number(2026) == "WO-2026-10000"
    assert orders.next_number(2027) == "WO-2027-0001"
    taken, opened = orders.open_or_support(_order("o2", "seal_leak", "WO-2026-9999"), change)
    assert opened
    assert taken.number == "WO-2026-10000"


def _open_all(url: str, name: str, barrier: Any) -> None:
    database = Database.open(url)
    change = Change(actor=Actor(id=name), reason="race", at=NOW)
    for number in range(TRIES):
        barrier.wait(30)
        order = _order(f"{name}_{number}", f"mode_{number}", Orders(database).next_number(2026), prediction_id=name)
        Orders(database).open_or_support(order, change)
        seen = NOW + timedelta(hours=1 if name == "one" else 2)
        Cases(database).observe(_case(f"{name}_{number}", f"cause_{number}", seen), change)
    database.close()


def test_two_processes_open_one_order_and_one_case(fleet: Database, race: Callable[..., list[int | None]]) -> None:
    barrier = multiprocessing.get_context("fork").Barrier(2)
    assert race(fleet, _open_all, barrier) == [0, 0]
    orders, cases = Orders(fleet).all(), Cases(fleet).all()
    assert sorted(order.failure_mode for order in orders) == sorted(f"mode_{number}" for number in range(TRIES))
    assert len({order.number for order in orders}) == TRIES
    assert all(set(order.evidence) == {"one", "two"} for order in orders)
    assert sorted(case.cause for case in cases) == sorted(f"cause_{number}" for number in range(TRIES))
    assert all(case.last_seen_at == NOW + timedelta(hours=2) for case in cases)


def test_what_technicians_read_is_found_by_order(fleet: Database, change: Change) -> None:
    report = DispatchReport(
        report_id="r1",
        order_id="o1",
        machine_id="pump_01",
        created_at=NOW,
        summary="Bearing wears",
        failure="bearing_wear",
        safety=("Lock out",),
        parts=(),
        steps=("Replace",),
        tools=(),
        timeline=((NOW, "seen"),),
    )
    for _ in range(2):
        DispatchReports(fleet).put(report, change)
    assert DispatchReports(fleet).for_order("o1") == report
    assert DispatchReports(fleet).for_order("o2") is None
    assert DispatchReports(fleet).all() == [report]


def test_the_history_of_an_order_is_in_sequence(fleet: Database, change: Change) -> None:
    history = DispatchHistory(fleet)
    history.add("o1", "pump_01", "created", {"priority": 3}, change)
    history.add("o1", "pump_01", "assigned", {"technician_id": "tina"}, change)
    history.add("o2", "fan_02", "created", {}, change)
    assert [(entry.event, entry.details) for entry in history.for_order("o1")] == [
        ("created", {"priority": 3}),
        ("assigned", {"technician_id": "tina"}),
    ]
    assert len(history.all()) == 3
    assert history.all()[0].actor == "ada"


def test_a_message_is_queued_once_and_marked(database: Database, change: Change) -> None:
    notices = Notices(database)
    notice = Notice(
        notice_id="n1", recipient="tina", severity=Severity.WARNING, subject="Order", body="Text", created_at=NOW
    )
    for _ in range(2):
        notices.add(notice, change)
    assert notices.all("queued") == [notice]
    notices.mark("n1", "sent", change)
    assert (notices.all("queued"), [sent.state for sent in notices.all()]) == ([], ["sent"])
    with pytest.raises(ValueError, match="state"):
        notices.mark("n1", "lost", change)
