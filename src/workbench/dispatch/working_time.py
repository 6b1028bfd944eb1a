"""Shifts in site time: when somebody with work ahead is free, and how to write it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from workbench.domain.equipment import Shift

# Further ahead nobody plans a day's work; a technician who is not free by then is not offered.
LOOK_AHEAD_DAYS = 180


def shift_windows(shift: Shift, zone: ZoneInfo, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the shifts (start, end, in UTC) that end after ``at``, cut off at ``at``; for 180 days ahead.

    A shift whose end is not later than its start ends on the next day and belongs to the weekday of its start.
    """
    first = at.astimezone(zone).date() - timedelta(days=1)
    for offset in range(LOOK_AHEAD_DAYS + 1):
        day = first + timedelta(days=offset)
        if day.weekday() not in shift.weekdays:
            continue
        overnight = shift.end_h <= shift.start_h
        start = _at_hour(day, shift.start_h, zone)
        end = _at_hour(day + timedelta(days=1) if overnight else day, shift.end_h, zone)
        if end > at:
            yield max(start, at), end


def free_at(shift: Shift, zone: ZoneInfo, *, at: datetime, workload_h: float, start_needs_h: float) -> datetime | None:
    """Return when somebody who has ``workload_h`` of shift hours ahead can start, in UTC; None when not in 180 days.

    With less than ``start_needs_h`` left of a shift, the start is in the next one (but for shifts shorter than that).
    """
    ahead = timedelta(hours=max(0.0, workload_h))
    length_h = (shift.end_h - shift.start_h) % 24 or 24.0
    needed = timedelta(hours=min(max(0.0, start_needs_h), length_h / 2))
    for start, end in shift_windows(shift, zone, at):
        if end - start <= ahead:
            ahead -= end - start
            continue
        begin = start + ahead
        ahead = timedelta(0)
        if end - begin >= needed:
            return begin
    return None


def quarter_hour_up(moment: datetime) -> datetime:
    """Round up to a full quarter of an hour, as appointments are made.

    >>> quarter_hour_up(datetime(2026, 1, 5, 13, 1, tzinfo=UTC)).isoformat()
    '2026-01-05T13:15:00+00:00'
    """
    quarter = timedelta(minutes=15)
    past = (moment - datetime(1970, 1, 1, tzinfo=UTC)) % quarter
    return moment + (quarter - past) if past else moment


def on_site_clock(moment: datetime, zone: ZoneInfo) -> str:
    """Write a time in the site's zone so that it is still right when it is read on another day.

    >>> on_site_clock(datetime(2026, 1, 5, 13, 0, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    'Mon 5 Jan 14:00'
    """
    local = moment.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %H:%M}"


def _at_hour(day: date, hour: float, zone: ZoneInfo) -> datetime:
    minutes = round(hour * 60)
    local = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minutes)
    return local.astimezone(UTC)
