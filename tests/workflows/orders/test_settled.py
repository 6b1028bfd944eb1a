"""People looked and found no fault: the same evidence orders nothing again for a while, more evidence does, the case stays."""

from __future__ import annotations

from datetime import timedelta

import pytest

from workbench import close_order, correct_close_out, run_cycle, start_order
from workbench.domain.base import stable_id
from workbench.domain.cases import Case, CaseKind, CaseState
from workbench.domain.predictions import Severity
from workbench.workflows.orders import settled_by
from workbench.workspace import Workspace

from .conftest import NOW, PUMP, prediction

DAY = timedelta(days=1)
FAN = "fan_nicotra_gebhardt_rdh_014"
NOTHING = {"found": "no fault found", "done": "nothing", "as_found": "none", "hours_worked": 1}


@pytest.fixture
def inspected(works, predicted, findings):
    """The number of an order that was raised 10 days before as-of and closed 8 days before it: nothing was found."""
    order = predicted(works, hours=-240, probability=0.4)
    close_order(works, order.number, findings(**NOTHING), at=NOW - 8 * DAY)
    return order.number


def _settled(ws: Workspace, days: float, probability: float = 0.4, mode: str = "bearing_wear") -> str:
    return settled_by(ws, prediction(NOW - 8 * DAY + days * DAY, probability), mode)


def test_the_same_evidence_orders_nothing_again_for_seven_days(works, inspected):
    said = _settled(works, 6.9)
    assert f"inspected on 2025-12-28, no fault found ({inspected}), and the evidence is the same" in said
    assert "From 2026-01-04 08:00 UTC on it orders work again" in said
    assert _settled(works, 7) == ""


def test_a_worse_state_or_another_cause_orders_work(works, inspected):
    assert _settled(works, 1, 0.48)
    assert _settled(works, 1, 0.55) == ""
    assert _settled(works, 1, mode="seal_leak") == ""


def test_how_long_it_holds_is_a_setting(works, inspected, monkeypatch):
    for days, held in ((0, False), (1, True)):
        monkeypatch.setenv("WORKBENCH_NO_FAULT_HOLDS_DAYS", str(days))
        with Workspace.open(works.path) as ws:
            assert bool(_settled(ws, 0.5)) is held


def test_a_fault_that_was_found_after_all_settles_nothing(works, inspected):
    changes = {"found": "bearing_wear", "done": "replaced", "as_found": "degraded"}
    correct_close_out(works, inspected, changes, "the wrong order was closed")
    assert _settled(works, 1) == ""


def test_only_the_last_order_counts(works, inspected, predicted, findings):
    repaired = predicted(works, hours=-168, probability=0.6)
    close_order(works, repaired.number, findings(done="repaired"), at=NOW - 6 * DAY)
    assert _settled(works, 3) == ""


def test_an_inspection_leaves_the_case_open_and_says_so(works, predicted, findings):
    order = predicted(works)
    said = {"severity": Severity.WARNING, "opened_at": NOW - DAY, "last_seen_at": NOW - DAY, "summary": "too high"}
    case = Case(
        case_id=stable_id("case"), machine_id=PUMP, cause="limit:vibration_rms_mm_s", kind=CaseKind.LIMIT,
        note="heard it too", **said,
    )  # fmt: skip
    works.cases.observe(case, works.change("a test"))
    close_order(works, order.number, findings(**NOTHING))
    (kept,) = works.cases.open(PUMP)
    assert kept.state is CaseState.OPEN
    assert kept.in_words == f"too high; heard it too; inspected on 2026-01-05, no fault found ({order.number})"


def test_the_cycle_orders_no_inspection_a_second_time_unless_it_gets_worse(plant, findings):
    last = plant.as_of()
    ago = [last - timedelta(hours=hours) for hours in range(6)]
    run_cycle(plant, [FAN], as_of=ago[5])
    (order,) = plant.orders.open(FAN)
    start_order(plant, order.number, at=ago[5])
    close_order(plant, order.number, findings(**NOTHING), at=ago[4])
    told = run_cycle(plant, [FAN], as_of=ago[1]).results[0]
    assert plant.orders.open(FAN) == []
    assert f"no fault found ({order.number}), and the evidence is the same" in told["outcome"]
    open_cases = plant.cases.open(FAN)
    assert open_cases
    assert all(f"no fault found ({order.number})" in case.note for case in open_cases)
    # Its state of health has become critical since.
    run_cycle(plant, [FAN], as_of=last)
    (again,) = plant.orders.open(FAN)
    assert again.failure_mode == order.failure_mode
