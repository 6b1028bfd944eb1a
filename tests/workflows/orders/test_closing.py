"""A close-out is the order done, stock, labels, cases and value at once, or nothing; whoever comes second is told."""

from __future__ import annotations

import multiprocessing
from datetime import timedelta

import pytest
from tests.workflows.records import all_records

from workbench import close_order, create_workspace, order_record, raise_ticket, start_order
from workbench.domain.base import Actor, Role, stable_id
from workbench.domain.cases import Case, CaseKind, CaseState
from workbench.domain.observations import AssetEvent, EventKind
from workbench.domain.predictions import Severity
from workbench.domain.work import OrderState
from workbench.errors import InputError, InvalidDocument, WorkbenchError
from workbench.workspace import Workspace

from .conftest import NOW, PUMP

HOUR = timedelta(hours=1)


def _events(ws: Workspace) -> list[tuple[str, str, str]]:
    frame = ws.events.frame(PUMP)
    return list(zip(frame.kind, frame.cause, frame.source, strict=True))


def _case(ws: Workspace, cause: str, seen=NOW - 2 * HOUR, kind=CaseKind.LIMIT) -> Case:
    case = Case(
        case_id=stable_id(cause), machine_id=PUMP, cause=cause, kind=kind, severity=Severity.WARNING, opened_at=seen,
        last_seen_at=seen, summary=cause,
    )  # fmt: skip
    return ws.cases.observe(case, ws.change("test"))


def test_closing_does_all_that_follows_from_the_findings(works, predicted, findings):
    order = predicted(works)
    works.parts.reserve(order.order_id, [("pump_bearing_set", 2), ("shim_set", 1)], works.change("test"))
    for cause in ("limit:acceleration_rms_g", "anomaly", "limit:discharge_pressure_bar"):
        _case(works, cause)
    _case(works, "bearing_wear", seen=NOW + HOUR)
    done = close_order(
        works, order.number,
        findings(parts_used={"pump_bearing_set": 1}, downtime_start=NOW - 6 * HOUR, downtime_end=NOW - HOUR),
    )  # fmt: skip
    # 10 h of Anna, one bearing set, the tools of the repair.
    assert [(item.name, item.amount) for item in done.cost_items] == [
        ("labour", 60_000), ("part pump_bearing_set", 18_500), ("tools", 24_000),
    ]  # fmt: skip
    closed = works.orders.get(order.order_id)
    assert (closed.state, closed.closed_at, closed.actual_cost) == (OrderState.DONE, NOW, 102_500)
    assert works.parts.get("pump_bearing_set").stock == 3
    assert (works.parts.available("pump_bearing_set"), works.parts.available("shim_set")) == (3, 6)
    source = f"order {order.number}"
    assert _events(works) == [("inspection", "bearing_wear", source), ("replacement", "bearing_wear", source)]
    assert sorted(case.cause for case in works.cases.open()) == ["bearing_wear", "limit:discharge_pressure_bar"]
    assert works.close_outs.get(order.order_id) == done
    record = order_record(works, order.number)
    assert record.history[-1].event == "closed"
    assert record.history[-1].details["found"] == "bearing_wear"
    assert record.value is not None
    assert record.close_out.closed_by == works.actor.id


def test_no_fault_found_is_an_inspection_and_never_a_failure(works, predicted, findings):
    order = predicted(works)
    close_order(works, order.number, findings(found="No fault found", done="nothing", as_found="none"))
    assert _events(works) == [("inspection", "no_fault_found", f"order {order.number}")]
    assert works.events.count(EventKind.FAILURE) == 0


def test_a_given_cost_is_taken_as_it_is(works, findings):
    order = raise_ticket(works, PUMP, "Leaks")
    start_order(works, order.number)
    assert close_order(works, order.number, findings(actual_cost=77_700)).actual_cost == 77_700
    assert works.orders.get(order.order_id).actual_cost == 77_700


def test_labour_without_a_technician_has_the_rate_of_those_who_could_or_none_that_is_known(works, findings, tmp_path):
    told = findings(found="a loose hose", done="adjusted", hours_worked=3)
    order = raise_ticket(works, PUMP, "Leaks", skill="mechanical")
    start_order(works, order.number)
    done = close_order(works, order.number, told)
    assert [(item.amount, item.known) for item in done.cost_items] == [(3 * 6_133, True)]
    assert done.notes[0].startswith("'a_loose_hose' is no failure mode")
    with create_workspace(tmp_path / "bare", settings={"as_of": NOW.isoformat()}) as bare:
        bare.sites.put(works.sites.get("plant_bremen"), bare.change("test"))
        bare.machines.add(works.machines.get(PUMP), bare.change("test"))
        alone = raise_ticket(bare, PUMP, "Leaks")
        start_order(bare, alone.number)
        [labour] = close_order(bare, alone.number, told).cost_items
    assert (labour.amount, labour.known) == (0, False)
    assert labour.inputs.startswith("3 h, not priced")


def test_a_failure_that_was_ingested_before_counts_once(works, predicted, findings):
    failed = NOW - 5 * HOUR
    known = AssetEvent(machine_id=PUMP, time=failed, kind=EventKind.FAILURE, source="cmms.csv")
    works.events.add([known], works.change("test"))
    order = predicted(works)
    done = close_order(works, order.number, findings(as_found="failed", failed_at=failed - HOUR))
    assert works.events.count(EventKind.FAILURE) == 1
    seen = works.machine_data(PUMP).events
    assert list(zip(seen.kind, seen.cause, strict=True)) == [
        ("failure", "bearing_wear"),
        ("replacement", "bearing_wear"),
    ]
    assert seen.time[0] == failed
    assert "cmms.csv" in done.notes[0]


def test_findings_that_cannot_be_are_refused_with_every_fault(works, predicted, findings):
    order = predicted(works)
    before = all_records(works)
    with pytest.raises(InvalidDocument) as told:
        close_order(
            works, order.number,
            findings(as_found="failed", failed_at=NOW + HOUR, downtime_start=NOW + HOUR, parts_used={"unobtainium": 1}),
        )  # fmt: skip
    assert len(told.value.faults) == 3
    with pytest.raises(InputError, match="9 x pump_bearing_set cannot have been used: only 4"):
        close_order(works, order.number, findings(parts_used={"pump_bearing_set": 9}))
    with pytest.raises(InputError, match="lies before"):
        close_order(works, order.number, findings(), at=NOW - 25 * HOUR)
    with pytest.raises(WorkbenchError, match="may not"):
        close_order(works, order.number, findings(), actor=Actor(id="vera", role=Role.VIEWER))
    assert all_records(works) == before


def test_only_work_in_progress_is_closed(works, predicted, findings):
    order = predicted(works, started=False)
    with pytest.raises(InputError, match="Start it first"):
        close_order(works, order.number, findings())
    start_order(works, order.number)
    close_order(works, order.number, findings())
    with pytest.raises(InputError, match="is done already"):
        close_order(works, order.number, findings())


def test_a_simulated_order_teaches_a_real_plant_nothing(works, predicted, findings):
    order = predicted(works, simulated=True)
    with pytest.raises(InvalidDocument, match="SIMULATED"):
        close_order(works, order.number, findings())
    assert _events(works) == []


def test_what_breaks_in_the_middle_leaves_nothing_written(works, predicted, findings, monkeypatch):
    order = predicted(works)
    before = all_records(works)

    def broken(*_args: object) -> None:
        raise RuntimeError("power failure")

    for name in ("workbench.workflows.orders.closing.book_value", "workbench.store.records.DispatchHistory.add"):
        with monkeypatch.context() as patch:
            patch.setattr(name, broken)
            with pytest.raises(RuntimeError, match="power failure"):
                close_order(works, order.number, findings(parts_used={"pump_bearing_set": 1}))
        assert all_records(works) == before
    close_order(works, order.number, findings(parts_used={"pump_bearing_set": 1}))


def _close(path: str, number: str, findings: object, barrier: object, results: object) -> None:
    with Workspace.open(path) as ws:
        barrier.wait(30)
        try:
            close_order(ws, number, findings, actor=Actor(id="someone"))
        except InputError as error:
            results.put(str(error))
        else:
            results.put("closed")


def test_two_who_close_the_same_order_at_once_one_wins_and_the_other_is_told(works, predicted, findings):
    order = predicted(works)
    works.close()
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(2), context.Queue()
    told = findings(parts_used={"pump_bearing_set": 1})
    both = [
        context.Process(target=_close, args=(str(works.path), order.number, told, barrier, results)) for _ in range(2)
    ]
    for process in both:
        process.start()
    said = sorted(results.get(timeout=60) for _ in both)
    for process in both:
        process.join(60)
    assert said[1] == "closed"
    assert "is done already" in said[0]
    assert works.parts.get("pump_bearing_set").stock == 3
    assert len(works.value_entries.all()) == 1
    assert [entry.event for entry in works.dispatch_history.for_order(order.order_id)].count("closed") == 1


def test_an_inspection_settles_every_case_of_the_machine_but_none_of_its_sensors(works, predicted, findings):
    order = predicted(works, mode="unknown")
    _case(works, "limit:discharge_pressure_bar")
    _case(works, "sensor:flow_m3_h", kind=CaseKind.SENSOR)
    close_order(works, order.number, findings(found="bearing_wear"))
    assert [case.cause for case in works.cases.open()] == ["sensor:flow_m3_h"]
    settled = next(case for case in works.cases.all() if case.state is CaseState.RESOLVED)
    assert (settled.resolved_at, settled.resolved_by) == (NOW, works.actor.id)
