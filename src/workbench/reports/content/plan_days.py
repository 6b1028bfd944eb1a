"""Who does what when: each day of a plan drawn by technician, and as a table, in the time of the sites."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from workbench.dispatch.technicians import distance_km, travel_minutes
from workbench.dispatch.working_time import shift_windows
from workbench.domain.plans import PlannedWork
from workbench.domain.work import Priority

from . import svg
from .charts import WIDTH, figure, short
from .markup import Fragment, element, empty, text
from .plan import PlanDossier, short_title
from .site_time import zone_of, zones_in_words
from .tables import table
from .wording import NO_BREAK, count
from .work import priority_chip

# Of longer plans the first so many jobs are listed.
MOST_JOBS = 150
# A chart shows so many people; of a smaller crew also those who have nothing to do.
MOST_PEOPLE, SMALL_CREW = 30, 12
_ROW, _FEW_ROWS = 20.0, 8
_COLOURS = {
    Priority.EMERGENCY: svg.CRITICAL,
    Priority.URGENT: svg.WARNING,
    Priority.HIGH: svg.DEGRADING,
    Priority.ROUTINE: "#c7d2fe",
}
_SHIFT_H = (6.0, 18.0)


@dataclass(frozen=True)
class _Day:
    """The work of one day at sites whose clocks show the same; ``zone`` is that of one of them."""

    day: date
    zone: ZoneInfo
    works: tuple[PlannedWork, ...]

    @property
    def title(self) -> str:
        """The day in words."""
        return f"{self.day:%a} {self.day.day} {self.day:%b %Y}"

    def hour(self, at: datetime) -> float:
        """Return the hour of this day that clocks show at a moment; beyond 24 on the next day."""
        there = at.astimezone(self.zone)
        return 24.0 * (there.date() - self.day).days + there.hour + there.minute / 60

    @property
    def people(self) -> list[str]:
        """Who works, the earliest first."""
        return list(dict.fromkeys(name for work in self.works for name in work.people))


def plan_days(dossier: PlanDossier | None) -> Fragment:
    """Return every day of the plan as a chart by technician and as a table: who, where, from when to when, what, why."""
    if dossier is None or not dossier.works:
        return Fragment(empty("No work is planned.", short="no planned work"))
    works = dossier.works[:MOST_JOBS]
    days = _days(dossier, works)
    charts = element("div", *(_chart(dossier, day) for day in days), class_="figures")
    left = len(dossier.works) - len(works)
    more = f"And {count(left, 'job')} more, later: workbench orders plan lists all." if left else ""
    note = element("p", text(more), class_="note") if more else ""
    return Fragment(charts + _legend() + "".join(_table(dossier, day) for day in days) + note)


def _days(dossier: PlanDossier, works: Sequence[PlannedWork]) -> list[_Day]:
    """Return the work by the day on site, apart where clocks of sites show different times."""
    found: dict[tuple[date, timedelta], list[PlannedWork]] = defaultdict(list)
    zones: dict[tuple[date, timedelta], ZoneInfo] = {}
    for work in works:
        zone = zone_of(dossier.sites.get(work.site_id))
        there = work.starts_at.astimezone(zone)
        key = there.date(), there.utcoffset() or timedelta()
        found[key].append(work)
        zones.setdefault(key, zone)
    # East first, as the sun.
    return [_Day(key[0], zones[key], tuple(found[key])) for key in sorted(found, key=lambda key: (key[0], -key[1]))]


def _zone_names(dossier: PlanDossier, day: _Day) -> str:
    return zones_in_words([dossier.sites.get(work.site_id) for work in day.works], day.works[0].starts_at)


def _table(dossier: PlanDossier, day: _Day) -> str:
    rows = [
        (person, work)
        for person in day.people
        for work in sorted(day.works, key=lambda one: one.starts_at)
        if person in work.people
    ]
    cells = [_row(dossier, day, person, work) for person, work in rows]
    columns = {"who": "Who", "when": "From to", "where": "Where", "work": "Order and why"}
    jobs = count(len(day.works), "job")
    caption = f"{day.title}: {jobs}, {count(len(day.people), 'person', 'people')}; times in {_zone_names(dossier, day)}"
    name = f"plan-{day.day:%Y%m%d}-{day.works[0].site_id}"
    shown = table(name, columns, cells, caption=caption)
    return element("div", shown, class_="plan-day whole" if len(rows) <= _FEW_ROWS else "plan-day")


def _row(dossier: PlanDossier, day: _Day, person: str, work: PlannedWork) -> dict[str, str]:
    others = ", ".join(dossier.name_of(name) for name in work.people if name != person)
    machine, site = dossier.machines.get(work.machine_id), dossier.sites.get(work.site_id)
    place = ", ".join(
        word
        for word in (work.machine_id, machine.location if machine else "", site.title if site else work.site_id)
        if word
    )
    part = f" (shift {work.part} of {work.parts})" if work.parts > 1 else ""
    return {
        "who": element("strong", text(dossier.name_of(person)))
        + (element("small", text(f"with {others}")) if others else ""),
        "when": text(f"{_clock(day, work.starts_at)} to {_clock(day, work.ends_at)}".replace(" ", NO_BREAK)),
        "where": text(dossier.title_of(work.machine_id)) + element("small", text(place)) + _way(dossier, person, work),
        "work": element("strong", text(work.number))
        + " "
        + priority_chip(work.priority)
        + text(f" {short_title(work, dossier)}{part}")
        + element("small", text(_why(work))),
    }


def _clock(day: _Day, at: datetime) -> str:
    there = at.astimezone(day.zone)
    return f"{there:%H:%M}" if there.date() == day.day else f"{there:%a %H:%M}"


def _why(work: PlannedWork) -> str:
    return work.reason[:1].upper() + work.reason[1:] + "."


def _way(dossier: PlanDossier, person: str, work: PlannedWork) -> str:
    """Return how far it is from the person's own site; nothing for who works at home."""
    someone, there = dossier.technicians.get(person), dossier.sites.get(work.site_id)
    home = dossier.sites.get(someone.site_id) if someone else None
    if home is None or there is None or home.site_id == there.site_id:
        return ""
    km = distance_km(home.latitude, home.longitude, there.latitude, there.longitude)
    words = f"Travel from {home.title}: {km:.0f} km, {travel_minutes(km)} min each way"
    return element("small", text(words))


def _crew(dossier: PlanDossier, day: _Day) -> list[str]:
    """Return who is drawn: those who work, and of a small crew at these sites also the others who have a shift."""
    sites = {work.site_id for work in day.works}
    others = [
        key
        for key, person in sorted(dossier.technicians.items())
        if key not in day.people and person.site_id in sites and _shift(dossier, day, key) is not None
    ]
    drawn = day.people
    return drawn + others if len(drawn) + len(others) <= SMALL_CREW else drawn[:MOST_PEOPLE]


def _shift(dossier: PlanDossier, day: _Day, person: str) -> tuple[float, float] | None:
    """Return from when to when somebody's shift of that day lasts, in hours of the day."""
    someone = dossier.technicians.get(person)
    if someone is None:
        return None
    midnight = datetime(day.day.year, day.day.month, day.day.day, tzinfo=day.zone)
    zone = zone_of(dossier.sites.get(someone.site_id))
    for start, end in shift_windows(someone.shift, zone, midnight):
        begins = day.hour(start)
        if begins >= 24:
            return None
        if start > midnight or someone.shift.start_h == 0:
            return begins, day.hour(end)
    return None


def _chart(dossier: PlanDossier, day: _Day) -> str:
    """Return the day with a row for each person: shift as a line, jobs as bars with the end of their number."""
    crew = _crew(dossier, day)
    shifts = {person: _shift(dossier, day, person) for person in crew}
    hours = [h for work in day.works for h in (day.hour(work.starts_at), day.hour(work.ends_at))]
    hours += [h for shift in shifts.values() if shift for h in shift]
    low, high = int(min([*hours, _SHIFT_H[0]])), -int(-max([*hours, _SHIFT_H[1]]) // 1)
    across = svg.Scale(low, high, 0.3 * WIDTH, WIDTH - 8)
    height = 28.0 + _ROW * len(crew)
    parts = []
    step = 2 if high - low <= 14 else 3 if high - low <= 21 else 6
    for hour in range(-(-low // step) * step, high + 1, step):
        parts.append(svg.line(across(hour), 2, across(hour), height - 20, svg.RULE, width=0.6))
        parts.append(
            svg.label(across(hour), height - 6, f"{hour % 24:02d}:00", anchor="middle", size=9, colour=svg.MUTED)
        )
    words = []
    for row, person in enumerate(crew):
        y = 2 + _ROW * row
        parts.append(svg.label(across.start - 6, y + 13.5, short(dossier.name_of(person), 17), anchor="end"))
        shift = shifts[person]
        if shift is not None:
            parts.append(svg.line(across(shift[0]), y + 10, across(shift[1]), y + 10, svg.MUTED, width=1.6))
        works = sorted((work for work in day.works if person in work.people), key=lambda one: one.starts_at)
        parts += [part for work in works for part in _bar(day, work, across, y)]
        said = "; ".join(f"{_clock(day, one.starts_at)} to {_clock(day, one.ends_at)} {one.number}" for one in works)
        words.append(f"{dossier.name_of(person)}: {said or 'nothing planned'}")
    title = f"{day.title}, {day.works[0].starts_at.astimezone(day.zone):%Z}"
    left = len(day.people) - sum(person in day.people for person in crew)
    title += f"; {count(left, 'person', 'people')} more in the table" if left else ""
    name = f"plan-chart-{day.day}-{day.works[0].site_id}"
    return figure(svg.drawing(WIDTH, height, parts, name=name, title=title, description=f"{'. '.join(words)}."), title)


def _bar(day: _Day, work: PlannedWork, across: svg.Scale, y: float) -> list[str]:
    left, right = across(day.hour(work.starts_at)), across(day.hour(work.ends_at))
    number = work.number.rpartition("-")[2]
    bar = svg.rect(left, y + 2, max(right - left, 2.0), _ROW - 4, _COLOURS[work.priority], edge=svg.MUTED)
    if right - left < 6.2 * len(number):
        return [bar]
    middle = (left + right) / 2
    return [bar, svg.label(middle, y + 13.5, number, anchor="middle", size=9.5, colour=svg.ON_STATE)]


def _legend() -> str:
    marks = [priority_chip(priority) for priority in Priority]
    words = "Bars: orders by the end of their number, coloured by priority; line: the shift. "
    return element("p", text(words), " ".join(marks), class_="legend")
