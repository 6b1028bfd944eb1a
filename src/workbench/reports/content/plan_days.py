"""Who does what when: each day of a plan drawn by technician, and as a table, in the time of the sites."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from workbench.dispatch.wording import zone_of
from workbench.domain.plans import PlannedWork

from .markup import Fragment, element, empty, text
from .plan import PlanDossier, short_title
from .plan_chart import day_chart, legend
from .plan_route import PlanDay, route
from .site_time import zones_in_words
from .tables import table
from .wording import NO_BREAK, count
from .work import priority_chip

# Of longer plans the first so many jobs are listed.
MOST_JOBS = 150
_FEW_ROWS = 8


def plan_days(dossier: PlanDossier | None) -> Fragment:
    """Return every day of the plan as a chart by technician and as a table: who, where, from when to when, what, why."""
    if dossier is None or not dossier.works:
        return Fragment(empty("No work is planned.", short="no planned work"))
    works = dossier.works[:MOST_JOBS]
    days = _days(dossier, works)
    charts = element("div", *(day_chart(dossier, day) for day in days), class_="figures wide")
    left = len(dossier.works) - len(works)
    more = f"And {count(left, 'job')} more, later: workbench orders plan lists all." if left else ""
    note = element("p", text(more), class_="note") if more else ""
    return Fragment(charts + legend() + "".join(_table(dossier, day) for day in days) + note)


def _days(dossier: PlanDossier, works: Sequence[PlannedWork]) -> list[PlanDay]:
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
    return [PlanDay(key[0], zones[key], tuple(found[key])) for key in sorted(found, key=lambda key: (key[0], -key[1]))]


def _zone_names(dossier: PlanDossier, day: PlanDay) -> str:
    return zones_in_words([dossier.sites.get(work.site_id) for work in day.works], day.works[0].starts_at)


def _table(dossier: PlanDossier, day: PlanDay) -> str:
    rows = [(person, work) for person in day.people for work in day.of(person)]
    cells = [_row(dossier, day, person, work) for person, work in rows]
    columns = {"who": "Who", "when": "From to", "where": "Where", "work": "Order and why"}
    jobs = count(len(day.works), "job")
    caption = f"{day.title}: {jobs}, {count(len(day.people), 'person', 'people')}; times in {_zone_names(dossier, day)}"
    name = f"plan-{day.day:%Y%m%d}-{day.works[0].site_id}"
    shown = table(name, columns, cells, caption=caption)
    return element("div", shown, class_="plan-day whole" if len(rows) <= _FEW_ROWS else "plan-day")


def _row(dossier: PlanDossier, day: PlanDay, person: str, work: PlannedWork) -> dict[str, str]:
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
        + (element("small", text(f"with {others}")) if others else "")
        + (_contact(dossier, person) if work is day.of(person)[0] else ""),
        "when": text(f"{day.clock(work.starts_at)} to {day.clock(work.ends_at)}".replace(" ", NO_BREAK)),
        "where": text(dossier.title_of(work.machine_id))
        + element("small", text(place))
        + _way(dossier, day, person, work),
        "work": element("strong", text(work.number))
        + " "
        + priority_chip(work.priority)
        + text(f" {short_title(work, dossier)}{part}")
        + element("small", text(_why(work))),
    }


def _contact(dossier: PlanDossier, person: str) -> str:
    """Return how somebody is reached, as far as the records say."""
    someone = dossier.technicians.get(person)
    known = (someone.phone, someone.email) if someone is not None else ()
    return "".join(element("small", text(word)) for word in known if word)


def _why(work: PlannedWork) -> str:
    return work.reason[:1].upper() + work.reason[1:] + "."


def _way(dossier: PlanDossier, day: PlanDay, person: str, work: PlannedWork) -> str:
    """Return the ways before a work and, of the last one, home; nothing for who is there already."""
    said = []
    for leg in route(dossier, day, person):
        if leg.work is work:
            said.append(f"Leaves {_site(dossier, leg.from_site)} {day.clock(leg.leaves_at)}: {leg.words}")
        elif leg.work is None and work is day.of(person)[-1]:
            said.append(f"Back at {_site(dossier, leg.to_site)} {day.clock(leg.arrives_at)}: {leg.words}")
    return "".join(element("small", text(words)) for words in said)


def _site(dossier: PlanDossier, site_id: str) -> str:
    site = dossier.sites.get(site_id)
    return site.title if site is not None else site_id
