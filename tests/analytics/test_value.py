"""Avoided cost is claimed from confirmed findings only, and every sum can be traced to its items."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.analytics.value import Prospect, ledger, reversal, value_entry
from workbench.domain.analysis import ActionDecision, AnalyticsPackage, CostItem, Impact, Resources
from workbench.domain.closeout import CloseOut, Findings
from workbench.domain.equipment import Economics
from workbench.domain.value import ValueKind
from workbench.domain.work import Priority, WorkOrder

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
OPENED = NOW - timedelta(days=2)


def _impact(repair: int, loss: int, damage: int) -> Impact:
    items = [
        CostItem(name=n, amount=a, inputs=n)
        for n, a in (("labour", repair), ("production loss", loss), ("secondary damage", damage))
    ]
    return Impact(
        repair_cost=repair,
        downtime_h=14.4,
        production_loss=loss,
        secondary_damage=damage,
        total=repair + loss + damage,
        items=items,
    )


# The solar pump: running to failure costs 12,810.00; planned work 3,500.00 and a stop of 1,950.00.
FAILURE, PLANNED = _impact(350_000, 900_000, 31_000), _impact(350_000, 195_000, 0)
ECONOMICS = Economics(production_loss_per_h=62_500)


def _package(probability: float | None = 0.25) -> AnalyticsPackage:
    decision = ActionDecision(
        act=True, rule="expected_cost", reason="", horizon_h=168, failure_probability=probability, planned_cost=545_000
    )
    return AnalyticsPackage(
        package_id="package", prediction_id="p1", machine_id="pump_01", as_of=OPENED, failure_mode="bearing_wear",
        failure_impact=FAILURE, planned_impact=PLANNED, decision=decision,
        resources=Resources(skill="pumps", technicians=1, labour_h=16, repair_h=10),
    )  # fmt: skip


ORDER = WorkOrder(
    order_id="o1", number="WO-2026-0001", machine_id="pump_01", failure_mode="bearing_wear", title="Bearing",
    priority=Priority.HIGH, created_at=OPENED, due_at=NOW, steps=(), labour_h=16, estimated_cost=1, prediction_id="p1",
)  # fmt: skip


def _close_out(cost: int = 350_000, cause: str = "bearing_wear", revision: int = 1, **fields: object) -> CloseOut:
    known = {"found": cause, "done": "replaced", "as_found": "degraded", "hours_worked": 16}
    return CloseOut(
        order_id="o1", number="WO-2026-0001", machine_id="pump_01", closed_at=NOW, closed_by="anna",
        findings=Findings.model_validate({**known, **fields}), cause=cause, actual_cost=cost,
        cost_items=(CostItem(name="labour", amount=cost, inputs="16 h"),), events=(), revision=revision,
    )  # fmt: skip


def _entry(close_out: CloseOut, *, package: AnalyticsPackage | None = None, failure: Impact | None = FAILURE):
    return value_entry(ORDER, close_out, Prospect(package, failure, PLANNED, ECONOMICS, "EUR"))


def test_a_degraded_machine_repaired_in_time_avoids_the_failure_less_work_and_stop():
    entry = _entry(_close_out(), package=_package())
    assert (entry.kind, entry.weight, entry.amount, entry.cost) == (
        ValueKind.CONFIRMED, 1.0, 1_281_000 - 350_000 - 195_000, 545_000,
    )  # fmt: skip
    assert [item.name for item in entry.items] == [
        "avoided: labour", "avoided: production loss", "avoided: secondary damage", "work", "stop for the work",
    ]  # fmt: skip
    assert (entry.prediction_id, entry.package_id) == ("p1", "package")


def test_a_recorded_stop_counts_instead_of_the_planned_one():
    down = {"downtime_start": NOW - timedelta(hours=10), "downtime_end": NOW}
    entry = _entry(_close_out(**down), package=_package())
    assert entry.amount == 1_281_000 - 350_000 - 187_500


def test_an_incipient_fault_counts_by_the_probability_of_failing():
    entry = _entry(_close_out(as_found="incipient"), package=_package(0.25))
    assert entry.amount == 320_250 - 350_000 - 195_000
    unknown = _entry(_close_out(as_found="incipient"), package=_package(None))
    assert (unknown.weight, unknown.amount) == (0.0, -545_000)


def test_a_false_alarm_costs_what_was_spent():
    nothing = {"cause": "no_fault_found", "done": "nothing", "as_found": "none"}
    assert _entry(_close_out(12_000, **nothing), package=_package()).amount == -12_000
    down = {"downtime_start": NOW - timedelta(hours=2), "downtime_end": NOW}
    entry = _entry(_close_out(12_000, **nothing, **down), package=_package())
    assert (entry.kind, entry.amount) == (ValueKind.FALSE_ALARM, -12_000 - 37_500)


def test_a_false_alarm_says_when_a_cost_of_it_is_not_known():
    nothing = _close_out(0, cause="no_fault_found", done="nothing", as_found="none")
    assert _entry(nothing, package=_package()).complete
    unpriced = CostItem(name="labour", amount=0, inputs="16 h, not priced", known=False)
    entry = _entry(nothing.model_copy(update={"cost_items": (unpriced,)}), package=_package())
    assert (entry.kind, entry.amount, entry.complete) == (ValueKind.FALSE_ALARM, 0, False)


def test_a_fault_found_by_hand_is_no_merit_of_a_prediction():
    assert _entry(_close_out()) is None


def test_a_failure_is_late_with_an_order_before_it_and_missed_without():
    failed = {"as_found": "failed", "downtime_start": NOW - timedelta(hours=8), "downtime_end": NOW}
    late = _entry(_close_out(**failed), package=_package())
    assert (late.kind, late.amount, late.cost) == (ValueKind.LATE, 0, 350_000 + 8 * 62_500)
    early = _entry(_close_out(as_found="failed", failed_at=OPENED - timedelta(hours=1)), package=_package())
    assert (early.kind, early.cost, early.complete) == (ValueKind.MISSED, 350_000, False)
    assert _entry(_close_out(**failed)).kind is ValueKind.MISSED


def test_another_fault_counts_by_its_own_cost_and_none_where_that_is_not_known():
    smaller = _impact(100_000, 200_000, 0)
    other = _entry(_close_out(100_000, cause="seal_leak"), package=_package(), failure=smaller)
    assert other.amount == 300_000 - 100_000 - 195_000
    assert "another fault than predicted (seal_leak)" in other.reason
    unpriced = _entry(_close_out(cause="loose_bolts"), package=_package(), failure=None)
    assert (unpriced.amount, unpriced.complete) == (0, False)


def test_a_fault_left_as_it_is_still_has_its_repair_to_come():
    entry = _entry(_close_out(12_000, done="nothing"), package=_package())
    assert entry.amount == 1_281_000 - 12_000 - 195_000 - 545_000


def _entries(amounts: list[int]):
    base = _entry(_close_out(), package=_package())
    return [
        base.model_copy(update={"entry_id": str(n), "order_id": str(n), "amount": a}) for n, a in enumerate(amounts)
    ]


def test_few_orders_are_not_enough_for_an_interval():
    few = ledger(_entries([1000] * 4), currency="EUR")
    assert (few.net, few.net_interval) == (4000, None)
    assert few.evidence == "not enough evidence: 4 of 5 closed orders needed"
    assert ledger([], currency="EUR").net == 0


def test_the_interval_holds_the_sum_and_repeats():
    amounts = [900, -50, 700, 800, -60, 750]
    first, again = (ledger(_entries(amounts), currency="EUR") for _ in range(2))
    low, high = first.net_interval
    assert low < first.net == sum(amounts) < high
    assert again.net_interval == first.net_interval
    assert ledger(_entries([500] * 5), currency="EUR").net_interval == (2500, 2500)


@given(
    st.sampled_from(["incipient", "degraded"]),
    st.floats(0, 1),
    st.integers(0, 10**7),
    st.sampled_from(["replaced", "nothing"]),
    st.sampled_from(["bearing_wear", "no_fault_found"]),
)
def test_an_entry_is_the_sum_of_its_items_and_a_reversal_takes_it_back(
    severity: str, probability: float, cost: int, done: str, cause: str
) -> None:
    fields = (
        {"done": done, "as_found": severity} if cause == "bearing_wear" else {"done": "nothing", "as_found": "none"}
    )
    entry = _entry(_close_out(cost, cause=cause, **fields), package=_package(probability))
    assert entry.amount == sum(item.amount for item in entry.items)
    assert entry.amount <= FAILURE.total - cost
    back = reversal(entry, "corrected")
    assert back.amount + entry.amount == back.cost + entry.cost == 0
    assert back.at == entry.at
    book = ledger([entry, back], currency="EUR")
    assert (book.net, book.confirmed, book.false_alarms) == (0, 0, 0)


@pytest.mark.parametrize("complete", [True, False])
def test_an_entry_says_when_a_cost_is_left_out(complete: bool) -> None:
    items = [item.model_copy(update={"known": complete}) for item in FAILURE.items]
    entry = _entry(_close_out(), package=_package(), failure=FAILURE.model_copy(update={"items": tuple(items)}))
    assert entry.complete is complete
    assert ("costs that are not known are left out of 1" in ledger([entry], currency="EUR").evidence) is not complete
