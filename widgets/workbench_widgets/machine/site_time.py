"""Times as people at the machine read them: in the zone of its site, and as ticks of a time axis."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

# Days between ticks; the first that gives few enough is taken.
_DAY_STEPS = (1, 2, 5, 7, 14)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)
_HOUR_STEPS = (1, 3, 6, 12)

Tick = tuple[datetime, str]


def local_moment(time: datetime, zone: ZoneInfo) -> str:
    """Return a time in the zone of a site.

    >>> from datetime import UTC
    >>> local_moment(datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    '1 Jan 2026 01:00 CET'
    """
    there = time.astimezone(zone)
    return f"{there.day} {there:%b %Y %H:%M} {there:%Z}"


def local_day(time: datetime, zone: ZoneInfo) -> str:
    """Return the date of ``time`` in the zone of a site, e.g. ``1 Jan 2026``."""
    there = time.astimezone(zone)
    return f"{there.day} {there:%b %Y}"


def time_ticks(start: datetime, end: datetime, zone: ZoneInfo, most: int = 7) -> list[Tick]:
    """Return at most about ``most`` ticks with labels, at full hours, midnights or months of the site's zone.

    >>> from datetime import UTC
    >>> ticks = time_ticks(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC), ZoneInfo("UTC"))
    >>> [label for _, label in ticks]
    ['1 Jan', '2 Jan', '3 Jan', '4 Jan', '5 Jan']
    """
    days = (end - start) / timedelta(days=1)
    if days <= 0:
        return []
    hours = next((step for step in _HOUR_STEPS if days * 24 / step <= most), None)
    if hours and days < 3:
        return list(_hours(start, end, zone, hours))
    step = next((step for step in _DAY_STEPS if days / step <= most), None)
    return list(_days(start, end, zone, step) if step else _months(start, end, zone, most))


def _hours(start: datetime, end: datetime, zone: ZoneInfo, step: int) -> Iterator[Tick]:
    at = start.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    while at.astimezone(start.tzinfo) <= end:
        if at >= start and at.hour % step == 0:
            yield at, f"{at:%H:%M}" if at.hour else f"{at.day} {at:%b}"
        # Through the start's own zone, so that the hour of a clock change comes neither twice nor never.
        at = (at.astimezone(start.tzinfo) + timedelta(hours=1)).astimezone(zone)


def _days(start: datetime, end: datetime, zone: ZoneInfo, step: int) -> Iterator[Tick]:
    midnight = start.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    if midnight < start:
        midnight += timedelta(days=1)
    while midnight <= end:
        yield midnight, f"{midnight.day} {midnight:%b}"
        midnight += timedelta(days=step)


def _months(start: datetime, end: datetime, zone: ZoneInfo, most: int) -> Iterator[Tick]:
    first = start.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    months = (end - start) / timedelta(days=30.4)
    step = next((step for step in _MONTH_STEPS if months / step <= most), _MONTH_STEPS[-1])
    number = first.year * 12 + first.month - 1
    while True:
        at = first.replace(year=number // 12, month=number % 12 + 1)
        if at > end:
            return
        if at >= start and number % step == 0:
            yield at, f"{at:%Y}" if step >= 12 else f"{at:%b %Y}"
        number += 1
