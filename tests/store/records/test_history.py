"""Past work in the records: told new, same, replaced or different; found by machine, code and failure mode."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from workbench.domain.history import PastWork
from workbench.errors import NotFound
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


def test_candidates_are_all_there_are(history, change):
    history.record([work(f"w{n:05d}", machine_id="pump_01") for n in range(5_001)], change)
    assert len(history.candidates(machine_ids=["pump_01"])) == 5_001


def test_long_lists_come_by_page_newest_first_and_whole(history, change):
    day = datetime(2025, 1, 1, tzinfo=UTC)
    # Several of the same time, and some without a date, which come last.
    dated = [work(f"w{n:02d}", ended_at=day + timedelta(days=n // 3), machine_id="pump_01") for n in range(20)]
    undated = [work(f"x{n}") for n in range(3)]
    history.record([*undated, *dated], change)
    whole = history.page(limit=100)
    assert (len(whole.orders), whole.total, whole.next) == (23, 23, "")
    times = [order.happened_at for order in whole.orders]
    assert times[:20] == sorted(times[:20], reverse=True)
    assert times[20:] == [None] * 3
    found, after = [], ""
    while True:
        page = history.page(limit=4, after=after)
        assert page.total == 23
        found += page.orders
        after = page.next
        if not after:
            break
    assert found == list(whole.orders)
    assert history.page("pump_01", limit=100).total == 20
    with pytest.raises(NotFound):
        history.page(limit=4, after="nobody")


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
