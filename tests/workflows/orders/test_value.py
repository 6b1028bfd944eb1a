"""The ledger of a plant: entries follow from close-outs, corrections cancel out, failures that nobody ordered are counted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from workbench import close_order, value_ledger
from workbench.domain.observations import AssetEvent, EventKind
from workbench.errors import InputError

from .conftest import NOW, PUMP, prediction

NOTHING = {"found": "no fault found", "done": "nothing", "as_found": "none", "hours_worked": 2}


def test_avoided_cost_is_that_of_the_package_less_work_and_stop(works, predicted, findings):
    order = predicted(works)
    done = close_order(works, order.number, findings())
    package = works.packages.for_prediction(order.prediction_id)
    planned_loss = next(item.amount for item in package.planned_impact.items if item.name == "production loss")
    [entry] = value_ledger(works).entries
    assert entry.amount == package.failure_impact.total - done.actual_cost - planned_loss
    assert (entry.package_id, entry.complete) == (package.package_id, True)


def test_a_finding_of_another_mode_is_weighed_by_that_mode(works, predicted, findings):
    close_order(works, predicted(works).number, findings(found="seal_leak"))
    [entry] = value_ledger(works).entries
    assert "another fault than predicted (seal_leak)" in entry.reason
    assert "avoided: Mechanical shaft seal" in [item.name for item in entry.items]


def test_five_judged_orders_give_an_interval(works, predicted, findings):
    for number in range(5):
        order = predicted(works, probability=0.1 + number / 10)
        close_order(works, order.number, findings(**(NOTHING if number == 2 else {})))
        assert (value_ledger(works).net_interval is not None) == (number == 4)
    ledger = value_ledger(works)
    assert ledger.net_interval[0] < ledger.net < ledger.net_interval[1]
    assert ledger.net == ledger.avoided - ledger.false_alarm_cost


def test_failures_of_watched_machines_without_an_order_are_counted(works, predicted, findings):
    def fail(hours: float) -> None:
        time = NOW + timedelta(hours=hours)
        event = AssetEvent(machine_id=PUMP, time=time, kind=EventKind.FAILURE, cause="cavitation", source="cmms.csv")
        works.events.add([event], works.change("test"))

    fail(-24 * 30)
    assert value_ledger(works).missed_without_order == 0
    works.predictions.add(prediction(NOW - timedelta(days=3)), works.change("test"))
    fail(-48)
    assert value_ledger(works).missed_without_order == 1
    # One that stood open tells of the next.
    order = predicted(works, hours=-10)
    fail(-5)
    close_order(works, order.number, findings(as_found="failed", failed_at=NOW - timedelta(hours=4)))
    ledger = value_ledger(works)
    assert (ledger.missed_without_order, ledger.late, ledger.missed) == (1, 1, 0)
    assert value_ledger(works, start=NOW - timedelta(hours=1)).missed_without_order == 0


def test_a_period_that_is_none_is_refused(works):
    with pytest.raises(InputError, match="not after"):
        value_ledger(works, NOW, NOW)
    with pytest.raises(InputError, match="time zone"):
        value_ledger(works, NOW.replace(tzinfo=None))
