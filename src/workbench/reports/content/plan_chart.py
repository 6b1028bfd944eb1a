"""A day of the plan, drawn: a row for each person with shift, ways and jobs, to be read in black and white too."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from workbench.dispatch.wording import zone_of
from workbench.dispatch.working_time import shift_windows
from workbench.domain.plans import PlannedWork
from workbench.domain.work import Priority

from . import svg
from .charts import figure, short
from .markup import element, text
from .plan import PlanDossier
from .plan_route import Leg, PlanDay, route
from .wording import count
from .work import priority_chip

WIDTH = 720.0
# A chart shows so many people; of a smaller crew also those who have nothing to do.
MOST_PEOPLE, SMALL_CREW = 30, 12
_NAMES, _ROW, _LINE = 130.0, 20.0, 10.0
_SHIFT_H = (6.0, 18.0)
_COLOURS = {
    Priority.EMERGENCY: svg.CRITICAL,
    Priority.URGENT: svg.WARNING,
    Priority.HIGH: svg.DEGRADING,
    Priority.ROUTINE: "#c7d2fe",
}
# Widths of letters of the sizes used here, in SVG units.
_BAR_LETTER, _NOTE_LETTER = 6.2, 4.4


def day_chart(dossier: PlanDossier, day: PlanDay) -> str:
    """Return the day with a row for each person: shift as a line, ways hatched, jobs as bars, who is away in words."""
    crew = _crew(dossier, day)
    shifts = {person: _shifts(dossier, day, person, there=True) for person in crew}
    usual = {person: _shifts(dossier, day, person, there=False) for person in crew}
    routes = {person: route(dossier, day, person) for person in crew}
    hours = [day.hour(at) for work in day.works for at in (work.starts_at, work.ends_at)]
    hours += [day.hour(at) for legs in routes.values() for leg in legs for at in (leg.leaves_at, leg.arrives_at)]
    hours += [hour for spans in usual.values() for span in spans for hour in span]
    low, high = int(min([*hours, _SHIFT_H[0]])), -int(-max([*hours, _SHIFT_H[1]]) // 1)
    across = svg.Scale(low, high, _NAMES, WIDTH - 12)
    rows, words, y = [], [], 2.0
    for person in crew:
        rows.append(svg.label(across.start - 6, y + 13.5, short(dossier.name_of(person), 22), anchor="end"))
        rows += [
            svg.line(across(begin), y + 10, across(end), y + 10, svg.MUTED, width=1.6) for begin, end in shifts[person]
        ]
        away = _away(dossier, day, person)
        if away and usual[person]:
            busy = [(day.hour(work.starts_at), day.hour(work.ends_at)) for work in day.of(person)]
            rows += _marked_away(across, y, usual[person][0], [*shifts[person], *busy], away)
        rows += [part for leg in routes[person] for part in _way(across, y, day, leg)]
        rows += [part for work in day.of(person) for part in _bar(day, work, across, y)]
        lines, noted = _notes(dossier, day, routes[person], across, y + _ROW + 7)
        rows += noted
        words.append(f"{dossier.name_of(person)}: {_said(dossier, day, person, away, routes[person])}")
        y += _ROW + _LINE * lines
    grid, step = [], 1 if high - low <= 16 else 2 if high - low <= 24 else 6
    for hour in range(-(-low // step) * step, high + 1, step):
        grid.append(svg.line(across(hour), 2, across(hour), y + 4, svg.RULE, width=0.6))
        grid.append(svg.label(across(hour), y + 17, f"{hour % 24:02d}:00", anchor="middle", size=9, colour=svg.MUTED))
    title = f"{day.title}, {day.works[0].starts_at.astimezone(day.zone):%Z}"
    left = len(day.people) - sum(person in day.people for person in crew)
    title += f"; {count(left, 'person', 'people')} more in the table" if left else ""
    name = f"plan-chart-{day.day}-{day.works[0].site_id}"
    drawn = svg.drawing(WIDTH, y + 24, [*grid, *rows], name=name, title=title, description=f"{'. '.join(words)}.")
    return figure(drawn, title)


def legend() -> str:
    """Return what bars, lines and letters of the charts mean."""
    words = (
        "Bars: orders by the end of their number, with the first letter of their priority; hatched: on the way, with minutes and "
        "kilometres; line: the shift; dotted: away or holiday. "
    )
    return element("p", text(words), " ".join(priority_chip(priority) for priority in Priority), class_="legend")


def _crew(dossier: PlanDossier, day: PlanDay) -> list[str]:
    """Return who is drawn: those who work, and of a small crew at these sites also the others who usually have a shift."""
    sites = {work.site_id for work in day.works}
    others = [
        key
        for key, person in sorted(dossier.technicians.items())
        if key not in day.people and person.site_id in sites and _shifts(dossier, day, key, there=False)
    ]
    drawn = day.people
    return drawn + others if len(drawn) + len(others) <= SMALL_CREW else drawn[:MOST_PEOPLE]


def _shifts(dossier: PlanDossier, day: PlanDay, person: str, *, there: bool) -> list[tuple[float, float]]:
    """Return from when to when somebody's shift of that day lasts, in hours of the day; ``there``: without hours off."""
    someone = dossier.technicians.get(person)
    if someone is None:
        return []
    zone = zone_of(dossier.sites.get(someone.site_id))
    midnight = datetime.combine(day.day, time(), tzinfo=zone)
    windows = (
        shift_windows(someone.shift, zone, midnight, dossier.days_off.of(someone))
        if there
        else shift_windows(someone.shift, zone, midnight)
    )
    found = []
    for start, end in windows:
        if start >= midnight + timedelta(days=1):
            break
        # Not the end of a night shift of the day before.
        if start > midnight or someone.shift.start_h == 0:
            found.append((day.hour(start), day.hour(end)))
    return found


def _away(dossier: PlanDossier, day: PlanDay, person: str) -> str:
    """Return that somebody is away that day, or what holiday it is; why somebody is away stays with them."""
    someone = dossier.technicians.get(person)
    if someone is None:
        return ""
    if dossier.days_off.absent(person, day.day):
        return "away"
    holiday = dossier.days_off.holiday(someone.site_id, day.day)
    return f"{holiday}, on call" if holiday and someone.on_call else holiday


def _marked_away(
    across: svg.Scale, y: float, usual: tuple[float, float], left: Iterable[tuple[float, float]], words: str
) -> list[str]:
    """Return the hours of the usual shift that are not worked, dotted, and why in words where there is room."""
    gaps, begin = [], usual[0]
    for start, end in sorted([*left, (usual[1], usual[1])]):
        gaps += [(begin, start)] if start > begin else []
        begin = max(begin, end)
    parts = []
    for start, end in gaps:
        parts.append(svg.line(across(start), y + 10, across(end), y + 10, svg.MUTED, width=1.2, dash=svg.DOTTED))
    widest = max(gaps, key=lambda gap: gap[1] - gap[0], default=(0.0, 0.0))
    half, middle = _NOTE_LETTER * len(words) / 2 + 4, across(sum(widest) / 2)
    if across(widest[1]) - across(widest[0]) >= 2 * half:
        parts.append(svg.rect(middle - half, y + 4, 2 * half, 12, svg.PAPER))
        parts.append(svg.label(middle, y + 13, words, anchor="middle", size=9))
    return parts


def _way(across: svg.Scale, y: float, day: PlanDay, leg: Leg) -> list[str]:
    """Return a way as a hatched block."""
    left, right = across(day.hour(leg.leaves_at)), across(day.hour(leg.arrives_at))
    top, bottom = y + 5, y + _ROW - 5
    parts = [svg.rect(left, top, right - left, bottom - top, svg.PAPER, edge=svg.INK)]
    x = left - (bottom - top) + 4
    while x < right:
        first, last = max(x, left), min(x + bottom - top, right)
        parts.append(svg.line(first, bottom - (first - x), last, bottom - (last - x), svg.INK, width=0.7))
        x += 4
    return parts


def _bar(day: PlanDay, work: PlannedWork, across: svg.Scale, y: float) -> list[str]:
    left, right = across(day.hour(work.starts_at)), across(day.hour(work.ends_at))
    number = f"{work.number.rpartition('-')[2]} {work.priority.name[0]}"
    bar = svg.rect(left, y + 2, max(right - left, 2.0), _ROW - 4, _COLOURS[work.priority], edge=svg.INK)
    if right - left < _BAR_LETTER * len(number):
        return [bar]
    return [bar, svg.label((left + right) / 2, y + 13.5, number, anchor="middle", size=9.5, colour=svg.ON_STATE)]


def _notes(dossier: PlanDossier, day: PlanDay, legs: list[Leg], across: svg.Scale, y: float) -> tuple[int, list[str]]:
    """Return under how many lines of words the ways are told, and these: where to, minutes and kilometres."""
    ends: list[float] = []
    parts = []
    for leg in legs:
        site = dossier.sites.get(leg.to_site)
        where = "back" if leg.work is None else f"to {short(site.title if site else leg.to_site, 18)}"
        words = f"{where}: {leg.words}"
        half = _NOTE_LETTER * len(words) / 2
        middle = (across(day.hour(leg.leaves_at)) + across(day.hour(leg.arrives_at))) / 2
        middle = min(max(middle, half + 2), WIDTH - half - 2)
        line = next((at for at, end in enumerate(ends) if end + 6 <= middle - half), len(ends))
        ends[line : line + 1] = [middle + half]
        parts.append(svg.label(middle, y + _LINE * line, words, anchor="middle", size=8.5))
    return len(ends), parts


def _said(dossier: PlanDossier, day: PlanDay, person: str, away: str, legs: list[Leg]) -> str:
    """Return somebody's day in words, for who cannot see the drawing."""
    steps = [(one.starts_at, f"{day.span(one.starts_at, one.ends_at)} {one.number}") for one in day.of(person)]
    for leg in legs:
        site = dossier.sites.get(leg.to_site)
        way = f"travel to {site.title if site else leg.to_site}, {leg.words}"
        steps.append((leg.leaves_at, f"{day.span(leg.leaves_at, leg.arrives_at)} {way}"))
    said = "; ".join(words for _, words in sorted(steps)) or "nothing planned"
    return f"{away}; {said}" if away else said
