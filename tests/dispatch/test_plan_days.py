"""The days of a plan: site time, night shifts, and clocks that change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.dispatch.working_time import PlanDays, shift_windows
from workbench.domain.equipment import Shift

BERLIN, LISBON = ZoneInfo("Europe/Berlin"), ZoneInfo("Europe/Lisbon")
EVERY_DAY = tuple(range(7))
EARLY, NIGHT = Shift(start_h=6, end_h=14, weekdays=EVERY_DAY), Shift(start_h=22, end_h=6, weekdays=EVERY_DAY)


def test_days_begin_at_midnight_of_the_site_unless_that_cuts_a_shift():
    at = datetime(2026, 1, 5, 4, tzinfo=UTC)
    by_day = PlanDays.around([(EARLY, BERLIN)], BERLIN, at=at, days=2)
    assert by_day.starts[0] == datetime(2026, 1, 4, 23, tzinfo=UTC)
    round_the_clock = PlanDays.around([(EARLY, BERLIN), (NIGHT, BERLIN)], BERLIN, at=at, days=2)
    assert round_the_clock.starts[0].astimezone(BERLIN).hour in (6, 22)
    night = round_the_clock.shifts(NIGHT, BERLIN, at)
    assert [window.end_min - window.start_min for window in night] == [60, 480, 480][: len(night)]


@pytest.mark.parametrize("date", ["2026-03-28", "2026-10-24"])
def test_shifts_keep_their_clock_time_when_clocks_change(date):
    at = datetime.fromisoformat(f"{date}T00:00+00:00")
    days = PlanDays.around([(EARLY, BERLIN)], BERLIN, at=at, days=3)
    for window in days.shifts(EARLY, BERLIN, at):
        starts, ends = (
            days.moment(window.day, minute).astimezone(BERLIN) for minute in (window.start_min, window.end_min)
        )
        assert (starts.hour, ends.hour, starts.minute, ends.minute) == (6, 14, 0, 0)


@given(
    minutes=st.integers(0, 480_000),
    start_h=st.integers(0, 23),
    length_h=st.integers(4, 10),
    zone=st.sampled_from([BERLIN, LISBON]),
)
def test_a_shift_of_a_plan_is_part_of_a_real_shift_and_lies_in_one_day(minutes, start_h, length_h, zone):
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes, microseconds=1)
    shift = Shift(start_h=start_h, end_h=(start_h + length_h - 1) % 24 + 1, weekdays=EVERY_DAY)
    days = PlanDays.around([(shift, zone)], BERLIN, at=at, days=4)
    assert days.starts[0] <= at < days.starts[1]
    real = []
    for span in shift_windows(shift, zone, at):
        if span[0] > days.starts[-1]:
            break
        real.append(span)
    for window in days.shifts(shift, zone, at):
        begin, end = days.moment(window.day, window.start_min), days.moment(window.day, window.end_min)
        assert any(start <= begin and end <= until for start, until in real)
        assert days.place(begin) == (window.day, window.start_min)
        assert end <= days.starts[window.day + 1] + timedelta(minutes=1)
