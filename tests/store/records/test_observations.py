"""Segments, batches and events are recorded in one transaction; the same event counts once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from workbench.domain.base import Change
from workbench.domain.observations import AssetEvent, EventKind, IngestReport
from workbench.errors import InputError, WorkbenchError
from workbench.store.database import Database
from workbench.store.records import BatchRow, EventLog, Events, SegmentRow, Segments

START = datetime(2025, 7, 1, tzinfo=UTC)


def _batch(batch_id: str = "b1") -> BatchRow:
    report = IngestReport(
        batch_id=batch_id,
        source="pumps.csv",
        machines=("pump_01",),
        rows_read=10,
        rows_stored=9,
        rows_identical=0,
        rows_quarantined=1,
    )
    return BatchRow(
        batch_id=batch_id,
        source="pumps.csv",
        content_sha256="ab" * 32,
        rows_read=10,
        rows_stored=9,
        rows_identical=0,
        rows_quarantined=1,
        report=report,
        at=START,
    )


def _segment(name: str, batch_id: str = "b1", machine_id: str = "pump_01") -> SegmentRow:
    return SegmentRow(
        machine_id=machine_id,
        month="2025-07",
        path=f"telemetry/{machine_id}/2025-07/{name}.parquet",
        sha256="cd" * 32,
        rows=9,
        first_time=START,
        last_time=START + timedelta(hours=8, microseconds=1),
        batch_id=batch_id,
    )


def _event(hours: float, kind: EventKind = EventKind.FAILURE, machine_id: str = "pump_01") -> AssetEvent:
    return AssetEvent(
        machine_id=machine_id, time=START + timedelta(hours=hours), kind=kind, cause="bearing", source="test"
    )


def test_a_batch_its_segments_and_events_come_back(fleet: Database, change: Change) -> None:
    segments = Segments(fleet)
    added = [_segment("a"), _segment("b", machine_id="fan_02")]
    segments.commit_batch(_batch(), added, [], [_event(1)], "quarantine/b1.parquet", change)
    assert segments.list() == [added[1], added[0]]
    assert segments.list("pump_01") == [added[0]]
    assert segments.batches() == [replace(_batch(), quarantine_path="quarantine/b1.parquet")]
    assert len(Events(fleet).frame()) == 1
    assert EventLog(fleet).entries("ingest_batch", "b1")[0].action == "added"


def test_segments_are_replaced_in_one_step(fleet: Database, change: Change) -> None:
    segments = Segments(fleet)
    old = [_segment("a"), _segment("b")]
    segments.commit_batch(_batch(), old, [], [], None, change)
    segments.commit_batch(_batch("b2"), [_segment("ab", "b2")], old, [], None, change)
    assert segments.list() == [_segment("ab", "b2")]


def test_segments_replaced_by_someone_else_are_not_replaced_again(fleet: Database, change: Change) -> None:
    segments = Segments(fleet)
    segments.commit_batch(_batch(), [_segment("a")], [], [], None, change)
    segments.commit_batch(_batch("b2"), [_segment("a2", "b2")], [_segment("a")], [], None, change)
    with pytest.raises(WorkbenchError, match="replaced by another process"):
        segments.commit_batch(_batch("b3"), [_segment("a3", "b3")], [_segment("a")], [_event(1)], None, change)
    assert [batch.batch_id for batch in segments.batches()] == ["b1", "b2"]
    assert len(Events(fleet).frame()) == 0


def test_a_batch_with_an_unknown_machine_changes_nothing(fleet: Database, change: Change) -> None:
    with pytest.raises(InputError, match="refuse this change"):
        Segments(fleet).commit_batch(_batch(), [_segment("a", machine_id="nobody")], [], [_event(1)], None, change)
    assert Segments(fleet).batches() == []
    assert Events(fleet).frame().empty


def test_the_same_event_counts_once(fleet: Database, change: Change) -> None:
    events = Events(fleet)
    given = [_event(1), _event(2), _event(2), _event(2, EventKind.MAINTENANCE)]
    assert events.add(given, change) == 3
    assert events.add(given, change) == 0
    assert events.add([], change) == 0
    assert len(EventLog(fleet).entries("asset_events")) == 1


def test_many_events_are_counted_right(fleet: Database, change: Change) -> None:
    many = [_event(hour) for hour in range(5000)]
    assert Events(fleet).add(many, change) == 5000
    assert Events(fleet).add([*many, _event(9000)], change) == 1


def test_events_are_in_order_and_never_later_than_asked(fleet: Database, change: Change) -> None:
    events = Events(fleet)
    events.add([_event(3), _event(1), _event(2, machine_id="fan_02")], change)
    frame = events.frame(until=START + timedelta(hours=2))
    assert list(frame.columns) == ["machine_id", "time", "kind", "cause", "source"]
    assert list(frame["machine_id"]) == ["pump_01", "fan_02"]
    assert str(frame["time"].dtype) == "datetime64[us, UTC]"
    assert list(events.frame("pump_01")["time"]) == [START + timedelta(hours=1), START + timedelta(hours=3)]
    empty = events.frame("pump_01", until=START)
    assert (len(empty), str(empty["time"].dtype)) == (0, "datetime64[us, UTC]")


def test_events_of_a_kind_are_counted_up_to_an_instant(fleet: Database, change: Change) -> None:
    events = Events(fleet)
    events.add([_event(1), _event(2, machine_id="fan_02"), _event(3), _event(1, EventKind.STOP)], change)
    assert events.count(EventKind.FAILURE) == 3
    assert events.count(EventKind.FAILURE, until=START + timedelta(hours=2)) == 2
    assert events.count(EventKind.ERROR) == 0


def test_the_digest_changes_with_the_events_and_only_with_them(fleet: Database, change: Change) -> None:
    events = Events(fleet)
    events.add([_event(1)], change)
    before = events.digest()
    events.add([_event(1)], change)
    assert events.digest() == before
    events.add([_event(5)], change)
    assert events.digest() != before
    assert events.digest(until=START + timedelta(hours=2)) == before
    assert events.digest("fan_02") != before
