"""A sheet whose work is done after its due time says so, by how much and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup

from workbench.domain.work import OrderState, Priority
from workbench.reports import content
from workbench.reports.content.order import order_block


def words(markup: object) -> str:
    return " ".join(BeautifulSoup(str(markup), "html.parser").get_text(" ").replace("\u00a0", " ").split())


@pytest.fixture
def told(build):
    """Return what the sheet of an order says with some of its fields changed, beside other orders."""

    def sheet(*others, **fields):
        profile = build.profile()
        said = build.prediction(profile)
        order = build.order(said)
        planned = {
            "state": OrderState.SCHEDULED,
            "technician_id": "tech_ana",
            "scheduled_at": said.as_of,
            "labour_h": 2.0,
        }
        order = order.model_copy(update={**planned, "repair_h": 2.0, "people": 1, "created_at": said.as_of, **fields})
        more = tuple(order.model_copy(update={**planned, "repair_h": 2.0, **other}) for other in others)
        view = content.MachineView(profile, prediction=said, orders=(order, *more))
        fleet = build.snapshot(view)
        fleet = replace(fleet, technicians={"tech_ana": "Ana Ortiz"})
        return words(order_block(order, fleet, view)), words(content.order_table(fleet)), said.as_of

    return sheet


def test_work_that_is_done_in_time_says_nothing_of_it(told):
    _, _, as_of = told()
    sheet, table, _ = told(due_at=as_of + timedelta(hours=8))
    assert "after it is due" not in sheet
    assert "later" not in table


def test_late_work_says_by_how_much_and_who_is_at_what_before(told):
    _, _, as_of = told()
    first = {
        "order_id": "first",
        "number": "WO-2026-0099",
        "priority": Priority.EMERGENCY,
        "scheduled_at": as_of + timedelta(hours=4),
    }
    sheet, table, _ = told(
        first, scheduled_at=as_of + timedelta(hours=6), due_at=as_of + timedelta(hours=4), priority=Priority.URGENT
    )
    assert "Done 4 h after it is due, " in sheet
    assert "It is due before the earliest likely failure." in sheet
    assert "Before it Ana Ortiz does WO-2026-0099, emergency." in sheet
    assert "done 4 h later" in table


def test_late_work_that_waits_for_parts_says_so(told):
    _, _, as_of = told()
    sheet, _, _ = told(
        scheduled_at=as_of + timedelta(days=3),
        due_at=as_of + timedelta(hours=24),
        parts_at=as_of + timedelta(days=2),
        priority=Priority.URGENT,
    )
    assert "Done 2.1 days after it is due" in sheet
    assert "It is due 24 h after the finding, as its priority asks. Its parts come" in sheet
