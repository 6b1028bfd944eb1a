"""A label is corrected with everything that followed from it, and the log keeps what stood before."""

from __future__ import annotations

import json

import pytest
from tests.workflows.records import all_records

from workbench import close_order, correct_close_out, order_record, raise_ticket, value_ledger
from workbench.domain.observations import AssetEvent, EventKind
from workbench.domain.value import ValueKind
from workbench.errors import InputError

from .conftest import NOW, PUMP


@pytest.fixture
def closed(works, predicted, findings):
    """An order that was closed as a worn bearing, with one bearing set."""
    order = predicted(works)
    return close_order(works, order.number, findings(parts_used={"pump_bearing_set": 1}))


def test_a_correction_replaces_labels_stock_cost_and_value(works, closed):
    right = {
        "found": "no fault found", "done": "nothing", "as_found": "none", "hours_worked": 2,
        "parts_used": {"bearing_grease_400g": 1},
    }  # fmt: skip
    after = correct_close_out(works, closed.number, right, "bearing was sound on the bench")
    frame = works.events.frame(PUMP)
    assert list(zip(frame.kind, frame.cause, strict=True)) == [("inspection", "no_fault_found")]
    assert (works.parts.get("pump_bearing_set").stock, works.parts.get("bearing_grease_400g").stock) == (4, 23)
    assert after.actual_cost == works.orders.by_number(closed.number).actual_cost == 2 * 6_000 + 1_450
    assert (after.revision, after.closed_by, after.closed_at) == (2, closed.closed_by, NOW)
    kinds = sorted(entry.kind.value for entry in works.value_entries.all())
    assert kinds == ["confirmed", "false_alarm", "reversal"]
    ledger = value_ledger(works)
    assert (ledger.confirmed, ledger.false_alarms, ledger.net) == (0, 1, -after.actual_cost)
    assert sum(entry.amount for entry in ledger.entries) == ledger.net
    assert order_record(works, closed.number).value.kind is ValueKind.FALSE_ALARM


def test_the_log_holds_before_after_who_and_why(works, closed):
    correct_close_out(works, closed.number, {"found": "seal_leak"}, "wrong box ticked")
    entry = works.log.entries("close_out", closed.order_id)[0]
    assert (entry.action, entry.actor) == ("corrected", works.actor.id)
    assert entry.reason.endswith("wrong box ticked")
    assert [json.loads(text)["cause"] for text in (entry.before, entry.after)] == ["bearing_wear", "seal_leak"]
    events = works.log.entries("asset_events")[0]
    assert (events.action, len(json.loads(events.before)), len(json.loads(events.after))) == ("replaced", 2, 2)
    assert order_record(works, closed.number).history[-1].details["found"] == ["bearing_wear", "seal_leak"]


def test_events_of_others_survive_a_correction(works, predicted, findings):
    theirs = AssetEvent(machine_id=PUMP, time=NOW, kind=EventKind.REPLACEMENT, cause="bearing_wear", source="cmms.csv")
    works.events.add([theirs], works.change("test"))
    order = predicted(works)
    close_order(works, order.number, findings())
    correct_close_out(works, order.number, {"done": "nothing"}, "somebody else replaced it")
    frame = works.events.frame(PUMP)
    assert list(zip(frame.kind, frame.source, strict=True)) == [
        ("inspection", f"order {order.number}"), ("replacement", "cmms.csv"),
    ]  # fmt: skip


def test_what_cannot_be_corrected_is_refused_and_changes_nothing(works, closed):
    open_one = raise_ticket(works, PUMP, "Leaks")
    before = all_records(works)
    for number, changes, reason, match in (
        (closed.number, {"found": "seal_leak"}, " ", "Say why"),
        (closed.number, {"hours_worked": 10}, "again", "those that stand"),
        (open_one.number, {}, "wrong", "has no close-out"),
        (closed.number, {"parts_used": {"pump_bearing_set": 9}}, "nine", "only 4 are in stock"),
        (closed.number, {"parts_used": {"nothing_known": 1}}, "x", "no part 'nothing_known'"),
        (closed.number, {"as_found": "none"}, "x", "as_found is incipient"),
        (closed.number, {"hours_worked": -1, "fond": "x"}, "x", "2 faults"),
    ):
        with pytest.raises(InputError, match=match):
            correct_close_out(works, number, changes, reason)
    assert all_records(works) == before


def test_a_correction_can_be_corrected_again(works, closed):
    for number, mode in enumerate(("seal_leak", "misalignment", "bearing_wear"), start=2):
        changes = {"found": mode, "parts_used": {"pump_bearing_set": number - 1}}
        after = correct_close_out(works, closed.number, changes, mode)
        assert (after.revision, after.cause) == (number, mode)
        assert works.parts.get("pump_bearing_set").stock == 4 - (number - 1)
    assert len(works.value_entries.all()) == 7
    assert value_ledger(works).confirmed == 1


def test_a_failure_that_was_none_is_taken_back_whole(works, predicted, findings):
    order = predicted(works)
    close_order(works, order.number, findings(as_found="failed", failed_at=NOW, component="machine"))
    after = correct_close_out(works, order.number, {"as_found": "degraded", "done": "cleaned"}, "it still ran")
    assert (after.findings.failed_at, after.findings.component) == (None, "")
    assert works.events.count(EventKind.FAILURE) == 0
