"""Who does not work when: public holidays and own days off of sites, absences of technicians."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from workbench.domain.calendar import Absence
from workbench.domain.equipment import Site, Technician
from workbench.domain.holidays import public_holidays

from .wording import zone_of
from .working_time import WHOLE_DAY, Off, always_there, shift_day


class DaysOff:
    """The holidays of all sites and the absences of all technicians, by day in site time.

    On a holiday of the site only who is on call is there, and only for an emergency; who is absent is not there at all.
    """

    def __init__(self, sites: Mapping[str, Site], absences: Iterable[Absence] = ()) -> None:
        self.sites = sites
        self._people: dict[str, list[Absence]] = defaultdict(list)
        self._sites: dict[str, list[Absence]] = defaultdict(list)
        for one in absences:
            book = self._sites if one.technician_id is None else self._people
            book[one.technician_id or one.site_id or ""].append(one)

    def holiday(self, site_id: str, day: date) -> str:
        """Return the name of the holiday that a whole site has that day; empty: it has none."""
        site = self.sites.get(site_id)
        named = public_holidays(site.holidays, day.year).get(day, "") if site is not None else ""
        own = (one.title or "day off" for one in _on(self._sites[site_id], day) if one.whole_days)
        return named or next(own, "")

    def holidays(self, site_id: str, start: datetime, end: datetime) -> dict[date, str]:
        """Return the holidays of a site that begin from ``start`` to before ``end``, by day."""
        site = self.sites.get(site_id)
        zone = zone_of(site)
        first, last = start.astimezone(zone).date(), (end - timedelta(microseconds=1)).astimezone(zone).date()
        days = (first + timedelta(days=at) for at in range((last - first).days + 1))
        return {day: name for day in days if (name := self.holiday(site_id, day))}

    def absent(self, technician_id: str, day: date) -> list[Absence]:
        """Return the absences of a technician that a day lies in."""
        return _on(self._people[technician_id], day)

    def is_away(self, person: Technician, at: datetime) -> bool:
        """Say whether somebody is absent at a moment; who has a day off does not come for the night shift that begins on it."""
        there = at.astimezone(zone := ZoneInfo(self.sites[person.site_id].time_zone))
        hour = there.hour + there.minute / 60
        whole = self.absent(person.technician_id, shift_day(person.shift, zone, at))
        part = self.absent(person.technician_id, there.date())
        return any(one.whole_days for one in whole) or any(
            not one.whole_days and one.from_h <= hour < one.until_h for one in part
        )

    def of(self, person: Technician, *, emergencies: bool = False) -> Off:
        """Return the hours of each day at which somebody does not work; for ``emergencies`` who is on call works on holidays."""
        mine, site = self._people.get(person.technician_id, []), self.sites.get(person.site_id)
        theirs = self._sites.get(person.site_id, [])
        called_in = emergencies and person.on_call
        if not mine and (called_in or not (theirs or (site is not None and site.holidays))):
            return always_there

        def off(day: date) -> Sequence[tuple[float, float]]:
            if not called_in and self.holiday(person.site_id, day):
                return (WHOLE_DAY,)
            found = _on(mine, day) if called_in else [*_on(mine, day), *_on(theirs, day)]
            return tuple((one.from_h, one.until_h) for one in found)

        return off


def _on(absences: Iterable[Absence], day: date) -> list[Absence]:
    return [one for one in absences if one.first_day <= day <= one.last_day]
