"""Shifts in site time: when somebody with work ahead is free, the days of a plan, and how to write a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from workbench.domain.equipment import Shift
from workbench.domain.planning import MINUTES_PER_DAY, Window

# Further ahead nobody plans a day's work; a technician who is not free by then is not offered.
LOOK_AHEAD_DAYS = 180
MINUTE = timedelta(minutes=1)
WHOLE_DAY = (0.0, 24.0)
# Between which hours of a day, in site time, somebody does not work.
Off = Callable[[date], Sequence[tuple[float, float]]]


def always_there(day: date) -> Sequence[tuple[float, float]]:  # noqa: ARG001 - it is asked of each day
    """Say that no day is off."""
    return ()


def shift_windows(
    shift: Shift, zone: ZoneInfo, at: datetime, off: Off = always_there
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the shifts (start, end, in UTC) that end after ``at``, cut off at ``at``; for 180 days ahead.

    A shift whose end is not later than its start ends on the next day and belongs to the weekday of its start: who has that
    day off does not come. Of a part day off the hours before and after it are left.
    """
    first = at.astimezone(zone).date() - timedelta(days=1)
    for offset in range(LOOK_AHEAD_DAYS + 1):
        day = first + timedelta(days=offset)
        if day.weekday() not in shift.weekdays:
            continue
        overnight = shift.end_h <= shift.start_h
        start = _at_hour(day, shift.start_h, zone)
        end = _at_hour(day + timedelta(days=1) if overnight else day, shift.end_h, zone)
        if end <= at or WHOLE_DAY in off(day):
            continue
        days = (day, day + timedelta(days=1)) if overnight else (day,)
        away = [
            (_at_hour(one, from_h, zone), _at_hour(one, until_h, zone))
            for one in days
            for from_h, until_h in off(one)
            if (from_h, until_h) != WHOLE_DAY
        ]
        yield from _left_of(max(start, at), end, away)


def shift_day(shift: Shift, zone: ZoneInfo, at: datetime) -> date:
    """Return the day whose work a moment belongs to: after midnight of a night shift that on which the shift began."""
    there = at.astimezone(zone)
    before = there.date() - timedelta(days=1)
    overnight = shift.end_h <= shift.start_h and before.weekday() in shift.weekdays
    return before if overnight and there.hour + there.minute / 60 < shift.end_h else there.date()


def _left_of(
    start: datetime, end: datetime, away: Iterable[tuple[datetime, datetime]]
) -> Iterator[tuple[datetime, datetime]]:
    for begins, ends in sorted(away):
        if start < min(begins, end):
            yield start, min(begins, end)
        start = max(start, ends)
    if start < end:
        yield start, end


def free_at(
    shift: Shift,
    zone: ZoneInfo,
    *,
    at: datetime,
    workload_h: float,
    start_needs_h: float,
    off: Off = always_there,
) -> datetime | None:
    """Return when somebody who has ``workload_h`` of shift hours ahead can start, in UTC; None when not in 180 days.

    With less than ``start_needs_h`` left of a shift, the start is in the next one (but for shifts shorter than that).
    """
    ahead = timedelta(hours=max(0.0, workload_h))
    length_h = (shift.end_h - shift.start_h) % 24 or 24.0
    needed = timedelta(hours=min(max(0.0, start_needs_h), length_h / 2))
    for start, end in shift_windows(shift, zone, at, off):
        if end - start <= ahead:
            ahead -= end - start
            continue
        begin = start + ahead
        ahead = timedelta(0)
        if end - begin >= needed:
            return begin
    return None


@dataclass(frozen=True)
class PlanDays:
    """The days of a plan: where each begins, in UTC, and at last where the plan ends.

    A day begins at the hour of site time at which the fewest shifts are under way, so that a night shift is not cut in
    two. Minutes of a day are counted from there as they pass: a day on which clocks change has 23 or 25 hours.
    """

    starts: tuple[datetime, ...]

    @classmethod
    def around(cls, shifts: Iterable[tuple[Shift, ZoneInfo]], zone: ZoneInfo, *, at: datetime, days: int) -> PlanDays:
        """Return the days of a plan that begins at ``at``, in ``zone``, of people with these shifts in their own zones."""
        worked = [
            (
                (shift.start_h + (zone_offset_h(zone, at) - zone_offset_h(own, at))) % 24,
                (shift.end_h - shift.start_h) % 24 or 24.0,
            )
            for shift, own in shifts
        ]

        def cut_h(hour: float) -> float:
            into = [((hour - start) % 24, length) for start, length in worked]
            return sum(min(passed, length - passed) for passed, length in into if passed < length)

        hour = min(sorted({0.0, *(start for start, _ in worked)}), key=lambda hour: (cut_h(hour), hour))
        first = at.astimezone(zone).date()
        if _at_hour(first, hour, zone) > at:
            first -= timedelta(days=1)
        return cls(tuple(_at_hour(first + timedelta(days=day), hour, zone) for day in range(days + 1)))

    @property
    def count(self) -> int:
        """How many days there are."""
        return len(self.starts) - 1

    def place(self, moment: datetime) -> tuple[int, int] | None:
        """Return day and minute (rounded up) of a moment, None outside the plan."""
        if not self.starts[0] <= moment < self.starts[-1]:
            return None
        day = max(day for day in range(self.count) if self.starts[day] <= moment)
        return day, -((self.starts[day] - moment) // MINUTE)

    def moment(self, day: int, minute: int) -> datetime:
        """Return when a minute of a day is, in UTC."""
        return self.starts[day] + timedelta(minutes=minute)

    def windows(self, spans: Iterable[tuple[datetime, datetime]]) -> list[Window]:
        """Return the parts of time spans that lie within single days, in their order."""
        found = []
        for start, end in spans:
            for day in range(self.count):
                begin, until = max(start, self.starts[day]), min(end, self.starts[day + 1])
                if begin < until:
                    first = -((self.starts[day] - begin) // MINUTE)
                    last = min((until - self.starts[day]) // MINUTE, MINUTES_PER_DAY)
                    if first < last:
                        found.append(Window(day=day, start_min=first, end_min=last))
        return found

    def shifts(self, shift: Shift, zone: ZoneInfo, at: datetime, off: Off = always_there) -> tuple[Window, ...]:
        """Return somebody's shifts from ``at`` on, one a day; of a shift that is cut in two, the longer part."""
        spans = []
        for span in shift_windows(shift, zone, at, off):
            if span[0] >= self.starts[-1]:
                break
            spans.append(span)
        longest: dict[int, Window] = {}
        for window in self.windows(spans):
            known = longest.get(window.day)
            if known is None or window.end_min - window.start_min > known.end_min - known.start_min:
                longest[window.day] = window
        return tuple(longest[day] for day in sorted(longest))


def zone_offset_h(zone: ZoneInfo, at: datetime) -> float:
    """Return how far a zone is ahead of UTC at a moment, in hours."""
    offset = at.astimezone(zone).utcoffset()
    return 0.0 if offset is None else offset.total_seconds() / 3600


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
