"""What a technician reports becomes a label that says neither more nor less."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from workbench.catalog import load_catalogue
from workbench.domain.closeout import AsFound, Findings, WorkDone, labels_of, work_ended
from workbench.domain.observations import AssetEvent, EventKind
from workbench.domain.work import OrderState, Priority, WorkOrder

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
END = START + timedelta(hours=6)
PUMP = next(m for m in load_catalogue().machines if m.machine_id == "pump_grundfos_cr3_004")
ORDER = WorkOrder(
    order_id="o1", number="WO-2026-0001", machine_id=PUMP.machine_id, failure_mode="bearing_wear", title="Bearing",
    priority=Priority.HIGH, state=OrderState.IN_PROGRESS, created_at=START - timedelta(days=1), due_at=END, steps=(),
    started_at=START, labour_h=2, estimated_cost=1,
)  # fmt: skip


def _findings(**fields: object) -> Findings:
    known = {"found": "bearing_wear", "done": "replaced", "as_found": "degraded", "hours_worked": 4}
    return Findings.model_validate({**known, **fields})


def _event(kind: EventKind, cause: str, hours: float, source: str = "cmms.csv") -> AssetEvent:
    time = START + timedelta(hours=hours)
    return AssetEvent(machine_id=PUMP.machine_id, time=time, kind=kind, cause=cause, source=source)


def _made(findings: Findings, *recorded: AssetEvent) -> list[tuple[str, str, datetime]]:
    events = labels_of(findings, ORDER, PUMP, END, recorded).events
    return [(event.kind.value, event.cause, event.time) for event in events]


def test_every_contradiction_is_told_at_once() -> None:
    with pytest.raises(ValidationError) as told:
        _findings(
            found="no fault found", as_found="failed", downtime_start=END, downtime_end=START, parts_used={"seal": 0}
        )
    text = str(told.value)
    for fault in (
        "no fault found the machine was found in order",
        "name the component",
        "downtime ends",
        "fewer than 1",
    ):
        assert fault in text
    for fields, fault in (
        ({"as_found": "none"}, "a fault was found"),
        ({"as_found": "failed"}, "give failed_at"),
        ({"failed_at": START}, "not 'failed'"),
        ({"done": "cleaned", "component": "seal"}, "not 'replaced'"),
        ({"found": " ?"}, "say what was found"),
        ({"hours_worked": -1}, "hours_worked"),
        ({"downtime_start": START, "downtime_end": END, "active_repair_h": 7}, "do not fit"),
    ):
        with pytest.raises(ValidationError, match=fault):
            _findings(**fields)


def test_a_replacement_in_time_is_a_finding_and_a_replacement_but_no_failure() -> None:
    down = {"downtime_start": START, "downtime_end": END - timedelta(hours=1)}
    assert _made(_findings(**down)) == [
        ("inspection", "bearing_wear", START),
        ("replacement", "bearing_wear", END - timedelta(hours=1)),
    ]


def test_a_failed_machine_makes_one_failure_at_the_time_it_failed() -> None:
    failed = START - timedelta(hours=3)
    assert _made(_findings(as_found="failed", failed_at=failed)) == [
        ("failure", "bearing_wear", failed),
        ("replacement", "bearing_wear", END),
    ]
    assert _made(_findings(as_found="failed", done="repaired", downtime_start=failed)) == [
        ("failure", "bearing_wear", failed),
        ("maintenance", "bearing_wear", END),
    ]


def test_causes_are_named_as_the_profile_does_and_others_are_kept_with_a_note() -> None:
    assert labels_of(_findings(found="Bearing wear"), ORDER, PUMP, END).cause == "bearing_wear"
    other = labels_of(_findings(found="Loose foundation bolts", done="adjusted"), ORDER, PUMP, END)
    assert other.cause == "loose_foundation_bolts"
    assert other.notes[0].endswith("the profile has: bearing_wear, misalignment, seal_leak, cavitation")
    swapped = labels_of(_findings(component="Seal leak"), ORDER, PUMP, END).events
    assert [event.cause for event in swapped] == ["bearing_wear", "seal_leak"]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [(EventKind.FAILURE, {"as_found": "failed", "failed_at": START, "done": "nothing"}), (EventKind.REPLACEMENT, {})],
)
def test_what_others_recorded_of_the_same_is_not_counted_twice(kind: EventKind, fields: dict[str, object]) -> None:
    findings = _findings(**fields)
    own = next(event for event in labels_of(findings, ORDER, PUMP, END).events if event.kind is kind)
    before = (own.time - START) / timedelta(hours=1) - 2
    known = labels_of(findings, ORDER, PUMP, END, [_event(kind, "bearing_wear", before)])
    assert kind not in {event.kind for event in known.events}
    assert "recorded already" in known.notes[0]
    unnamed = labels_of(findings, ORDER, PUMP, END, [_event(kind, "unknown", before)])
    assert [event.time for event in unnamed.events if event.kind is kind] == [own.time - timedelta(hours=2)]
    other = labels_of(findings, ORDER, PUMP, END, [_event(kind, "seal_leak", before)])
    assert [event.time for event in other.events if event.kind is kind] == [own.time]
    assert "check that they are two" in other.notes[0]
    long_ago = labels_of(findings, ORDER, PUMP, END, [_event(kind, "bearing_wear", before - 30)])
    assert long_ago == labels_of(findings, ORDER, PUMP, END)


texts = st.sampled_from(["no fault found", "NFF", "bearing_wear", "Seal leak", "loose bolts", "unknown"])
times = st.none() | st.integers(-48, 6).map(lambda hours: START + timedelta(hours=hours))


@given(
    st.fixed_dictionaries(
        {
            "found": texts,
            "done": st.sampled_from(WorkDone),
            "as_found": st.sampled_from(AsFound),
            "component": st.sampled_from(["", "machine", "seal_leak"]),
            "failed_at": times,
            "hours_worked": st.floats(0, 10),
            "downtime_start": times,
            "downtime_end": times,
        }
    ),
    st.lists(
        st.builds(
            _event,
            st.sampled_from([EventKind.FAILURE, EventKind.REPLACEMENT]),
            st.sampled_from(["bearing_wear", "unknown"]),
            st.integers(-72, 48),
        ),
        max_size=3,
    ),
)
def test_labels_never_say_more_than_was_found(fields: dict[str, object], recorded: list[AssetEvent]) -> None:
    try:
        findings = Findings.model_validate(fields)
    except ValidationError:
        return
    labels = labels_of(findings, ORDER, PUMP, END, recorded)
    kinds = [event.kind for event in labels.events]
    assert (EventKind.FAILURE in kinds) <= (findings.as_found is AsFound.FAILED)
    assert (EventKind.REPLACEMENT in kinds) <= (findings.done is WorkDone.REPLACED)
    assert kinds.count(EventKind.FAILURE) <= 1
    if not findings.fault_found:
        assert EventKind.FAILURE not in kinds
    assert work_ended(findings, END) <= END
    assert {event.source for event in labels.events} <= {"order WO-2026-0001"}
