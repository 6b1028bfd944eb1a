"""Past work in the records: told new, same, replaced or different; found by machine, code and failure mode."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from workbench.domain.history import PastWork
from workbench.store.records import EventLog, History
from workbench.store.text_index import TextIndex


def work(name: str, text: str = "Oil leak", **fields) -> PastWork:
    return PastWork.model_validate({"work_id": name, "source": "cmms", "number": name, "text": text, **fields})


@pytest.fixture
def history(database, tmp_path) -> History:
    return History(database, TextIndex(tmp_path / "text.db"), "EUR")


def test_what_becomes_of_each_order_is_said(history, database, change):
    assert history.record([work("a"), work("b")], change) == ["new", "new"]
    assert history.record([work("a"), work("b", "Noise"), work("c")], change) == ["same", "differs", "new"]
    assert history.get("b").text == "Oil leak"
    assert history.record([work("b", "Noise")], change, update=True) == ["replaced"]
    assert history.get("b").text == "Noise"
    assert history.count() == 3
    assert [(entry.key, entry.action) for entry in EventLog(database).entries("past_work")] == [
        ("b", "replaced"),
        ("import", "added"),
        ("import", "added"),
    ]


def test_candidates_by_machine_code_and_mode(history, change):
    orders = [
        work("machine", machine_id="pump_01"),
        work("code", failure_code="VIB"),
        work("mode", failure_code="17", failure_mode="bearing_wear"),
        work("other", machine_id="fan_02", failure_code="ELP"),
    ]
    history.record(orders, change)
    found = history.candidates(machine_ids=["pump_01"], failure_codes=["VIB", "bearing_wear"])
    assert {order.work_id for order in found} == {"machine", "code", "mode"}
    assert history.candidates() == []


def test_a_search_follows_every_change_of_the_records(history, change):
    assert history.search("noise") == []
    history.record([work("a")], change)
    assert [order.work_id for order, _ in history.search("oil")] == ["a"]
    history.record([work("a", "Noise", ended_at=datetime(2025, 1, 1, tzinfo=UTC))], change, update=True)
    assert history.search("oil") == []
    assert [order.work_id for order, _ in history.search("noise")] == ["a"]


def test_more_orders_than_one_statement_may_name(history, change):
    orders = [work(f"w{n}", f"Leak number {n}") for n in range(1200)]
    assert set(history.record(orders, change)) == {"new"}
    assert set(history.record(orders, change)) == {"same"}
    assert history.search("1111")[0][0].work_id == "w1111"
