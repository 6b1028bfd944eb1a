"""Times in all the forms that files hold them, the two nights when clocks change included."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from workbench.errors import RefusedFile
from workbench.telemetry.faults import FaultLog
from workbench.telemetry.readers.times import NO_TIME, Clock


def read(values, clock: Clock | None = None, machines=None, log: FaultLog | None = None) -> list[str | None]:
    column = values if isinstance(values, pa.Array) else pa.array(values)
    rows = np.arange(1, len(column) + 1)
    names = None if machines is None else np.array(machines, dtype=object)
    found = (clock or Clock()).read(
        pa.chunked_array([column]), rows, names, log if log is not None else FaultLog(), "time"
    )
    return [None if t == NO_TIME else str(np.datetime64(int(t), "us")) for t in found]


@pytest.mark.parametrize(
    "text",
    [
        "2025-07-01 10:00:00",
        "2025-07-01T10:00:00Z",
        "2025-07-01T12:00:00+02:00",
        "2025-07-01 10:00",
        " 2025-07-01 10:00:00.000 ",
        "1751364000",
        "1751364000000",
    ],
)
def test_texts_of_one_instant(text):
    assert read([text]) == ["2025-07-01T10:00:00.000000"]


@pytest.mark.parametrize(
    ("factor", "kind"),
    [(1, pa.int64()), (1000, pa.int64()), (10**6, pa.int64()), (10**9, pa.int64()), (1, pa.float64())],
)
def test_numbers_are_read_by_their_magnitude(factor, kind):
    clock = Clock()
    assert read(pa.array([1751364000 * factor], kind), clock) == ["2025-07-01T10:00:00.000000"]
    assert any("numeric times" in note for note in clock.notes)


def test_arrow_timestamps_of_any_unit_and_zone():
    moment = pd.Timestamp("2025-07-01 12:00", tz="Europe/Berlin")
    for unit in ("s", "ms", "us", "ns"):
        assert read(pa.array([moment], pa.timestamp(unit, "Europe/Berlin"))) == ["2025-07-01T10:00:00.000000"]
    naive = pa.array([pd.Timestamp("2025-07-01 12:00")], pa.timestamp("ns"))
    assert read(naive, Clock("Europe/Berlin")) == ["2025-07-01T10:00:00.000000"]


def test_local_times_follow_summer_time():
    assert read(["2025-01-01 12:00", "2025-07-01 12:00"], Clock("Europe/Berlin")) == [
        "2025-01-01T11:00:00.000000",
        "2025-07-01T10:00:00.000000",
    ]


def test_times_that_the_clocks_skip_are_faults():
    log = FaultLog()
    assert (
        read(["2025-03-30 01:30", "2025-03-30 02:30", "2025-03-30 03:30"], Clock("Europe/Berlin"), log=log)[1] is None
    )
    assert log.resolved()[0].rows.tolist() == [2]
    assert "does not exist in Europe/Berlin" in log.resolved()[0].reason


def test_the_hour_that_comes_twice_is_told_apart_by_order_per_machine_and_across_blocks():
    clock = Clock("Europe/Berlin")
    night = ["2025-10-26 01:30", "2025-10-26 02:00", "2025-10-26 02:30", "2025-10-26 02:00"]
    assert read(night, clock, ["a"] * 4) == [
        "2025-10-25T23:30:00.000000",
        "2025-10-26T00:00:00.000000",
        "2025-10-26T00:30:00.000000",
        "2025-10-26T01:00:00.000000",
    ]
    assert read(["2025-10-26 02:30", "2025-10-26 02:30"], clock, ["a", "b"]) == [
        "2025-10-26T01:30:00.000000",
        "2025-10-26T00:30:00.000000",
    ]
    assert any("occurs twice" in note for note in clock.notes)


def test_texts_with_and_without_a_zone_in_one_column():
    mixed = ["2025-07-01 12:00:00", "2025-07-01T10:00:00Z", "2025-07-01T12:00:00+02:00"]
    assert read(mixed, Clock("Europe/Berlin")) == ["2025-07-01T10:00:00.000000"] * 3


def test_day_and_month_are_found_or_asked_for():
    assert read(["25/12/2025 13:00", "01/02/2025 00:15"]) == [
        "2025-12-25T13:00:00.000000",
        "2025-02-01T00:15:00.000000",
    ]
    assert read(["1/1/2015 6:00:00 AM", "12/31/2015 6:00:00 PM"])[1] == "2015-12-31T18:00:00.000000"
    with pytest.raises(RefusedFile, match="day/month or month/day"):
        read(["01/02/2025 00:15", "02/03/2025 00:15"])
    assert read(["01/02/2025 00:15"], Clock(form="%d/%m/%Y %H:%M")) == ["2025-02-01T00:15:00.000000"]
    with pytest.raises(RefusedFile, match="not ISO 8601"):
        read(["the first", "the second"])


def test_a_bad_time_among_good_ones_is_a_fault():
    log = FaultLog()
    assert read(["2025-07-01", "soon", None], log=log) == ["2025-07-01T00:00:00.000000", None, None]
    assert log.total == 2


def test_an_overflowing_number_is_a_fault():
    log = FaultLog()
    assert read(pa.array([1751364000, 2**62], pa.int64()), Clock(epoch_unit="s"), log=log)[1] is None
    assert log.total == 1
