"""Similar failures of the past: which come first, and what remedied them."""

import pandas as pd

from workbench.analytics import similar_failures


def events(*rows):
    frame = pd.DataFrame(rows, columns=["machine_id", "time", "kind", "cause"])
    return frame.assign(time=pd.to_datetime(frame["time"], utc=True), source="test")


FLEET = events(
    ("fan_001", "2025-12-20T06:00", "failure", "bearing_wear"),
    ("solar_pump_002", "2025-11-01T06:00", "failure", "bearing_wear"),
    ("solar_pump_002", "2025-11-01T20:00", "replacement", "bearing_wear"),
    ("solar_pump_001", "2025-06-01T06:00", "failure", "bearing_wear"),
    ("solar_pump_001", "2025-06-01T06:00", "maintenance", "bearing_wear"),
    ("solar_pump_001", "2025-07-01T06:00", "failure", "dry_run"),
    ("solar_pump_001", "2026-02-01T06:00", "failure", "bearing_wear"),
    ("solar_pump_001", "2025-08-01T06:00", "inspection", "bearing_wear"),
)
UNTIL = pd.Timestamp("2026-01-05T08:00Z").to_pydatetime()
TYPES = {"solar_pump_002": "solar_pump", "fan_001": "fan"}


def test_own_failures_come_first_then_the_types_then_others_and_none_from_the_future(profile):
    found = similar_failures(FLEET, profile, "bearing_wear", until=UNTIL, machine_types=TYPES)
    assert [case.machine_id for case in found] == ["solar_pump_001", "solar_pump_002", "fan_001"]
    assert all(case.time <= UNTIL for case in found)


def test_remedy_is_the_next_work_on_the_machine(profile):
    own, other, fan = similar_failures(FLEET, profile, "bearing_wear", until=UNTIL, machine_types=TYPES)
    assert (other.remedy, other.downtime_h) == ("replacement (bearing_wear)", 14.0)
    assert (own.remedy, own.downtime_h) == ("maintenance (bearing_wear)", None)
    assert (fan.remedy, fan.downtime_h) == ("", None)


def test_unknown_cause_shows_what_failed_on_this_machine_and_type(profile):
    found = similar_failures(FLEET, profile, "unknown", until=UNTIL, machine_types=TYPES)
    assert [(case.machine_id, case.cause) for case in found] == [
        ("solar_pump_001", "dry_run"),
        ("solar_pump_001", "bearing_wear"),
        ("solar_pump_002", "bearing_wear"),
    ]


def test_no_events_and_the_limit(profile, no_events):
    assert similar_failures(no_events, profile, "bearing_wear", until=UNTIL) == ()
    assert len(similar_failures(FLEET, profile, "bearing_wear", until=UNTIL, limit=1)) == 1
