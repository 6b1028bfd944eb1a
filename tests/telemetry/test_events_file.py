"""Asset events from a file: the same strictness and idempotency as readings."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.telemetry.conftest import change

from workbench.domain.observations import EventKind
from workbench.errors import InputError, RefusedFile
from workbench.store.records import Events
from workbench.telemetry.readers.events import read_events

MACHINES = ("motor_a", "motor_b")
TEXT = """machine_id,time,kind,failure_mode,source
motor_b,2025-03-01 08:00,failure,bearing_wear,shift log
motor_a,2025-02-01 08:00,Maintenance,,
motor_a,2025-02-01 08:00,Maintenance,,
"""


def write(path, text=TEXT):
    path.write_text(text)
    return path


def test_events_come_in_order_once_and_with_defaults(tmp_path):
    events, faults = read_events(write(tmp_path / "events.csv"), MACHINES)
    assert faults == ()
    assert [(e.machine_id, e.kind, e.cause, e.source) for e in events] == [
        ("motor_a", EventKind.MAINTENANCE, "unknown", "events.csv"),
        ("motor_b", EventKind.FAILURE, "bearing_wear", "shift log"),
    ]


def test_local_times_and_parquet(tmp_path):
    frame = pd.read_csv(write(tmp_path / "events.csv"))
    frame.to_parquet(tmp_path / "events.parquet")
    for name in ("events.csv", "events.parquet"):
        events, _ = read_events(tmp_path / name, MACHINES, "Europe/Berlin")
        assert events[0].time.hour == 7
    with pytest.raises(InputError, match="unknown"):
        read_events(tmp_path / "events.csv", MACHINES, "Mars/Base")


def test_the_same_file_twice_adds_no_event(plant, tmp_path):
    events, _ = read_events(write(tmp_path / "events.csv"), plant.profiles)
    assert Events(plant.database).add(events, change()) == 2
    assert Events(plant.database).add(events, change()) == 0


def test_bad_rows_are_named_with_their_reason(tmp_path):
    lines = [f"motor_a,2025-02-{day:02d} 08:00,error,e1" for day in range(1, 21)]
    lines[3] = "motor_a,2025-02-04 08:00,explosion,e1"
    lines[5] = "motor_a,some day,error,e1"
    text = "machine_id,time,kind,component\n" + "\n".join(lines)
    events, faults = read_events(write(tmp_path / "e.csv", text), MACHINES)
    assert len(events) == 18
    assert {(fault.rows, fault.example) for fault in faults} == {(1, "row 4"), (1, "row 6")}


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "empty"),
        ("machine_id,time,kind\n", "no rows"),
        ("machine_id,time\nmotor_a,2025-01-01\n", "'kind' is missing"),
        ("machine_id,time,kind\nmotor_c,2025-01-01,error\n", "unknown. Did you mean"),
        ("machine_id,time,kind\n../motor_a,2025-01-01,error\n", "not allowed"),
        ("machine_id,time,kind\nmotor_a,2025-01-01,bang\nmotor_a,2025-01-01,error\n", "1 of 2 rows are bad"),
    ],
)
def test_file_faults_refuse_the_file(tmp_path, text, match):
    with pytest.raises(RefusedFile, match=match):
        read_events(write(tmp_path / "e.csv", text), MACHINES)
