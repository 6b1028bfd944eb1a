"""Times as the people at a site read them: in the zone of the site, which a table says once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from workbench.dispatch.wording import site_time
from workbench.dispatch.working_time import on_site_clock
from workbench.domain.equipment import Site

from .fleet import MachineView
from .wording import readable

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SAID = re.compile(
    rf"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?(\d{{1,2}}) ({'|'.join(_MONTHS)})(?: (\d{{4}}))? (\d\d):(\d\d) UTC"
)


def zone_of(site: Site | None) -> ZoneInfo:
    """Return the zone of a site; UTC when the site is not known."""
    return ZoneInfo(site.time_zone if site is not None else "UTC")


def site_moment(time: datetime, site: Site | None) -> str:
    """Return a time with its zone, as it stands alone, e.g. ``Fri 2 Jan 2026 10:00 CET``."""
    return site_time(time, site)


def site_clock(time: datetime, site: Site | None) -> str:
    """Return a time as it stands in a table that says the zone, e.g. ``Fri 2 Jan 10:00``."""
    return on_site_clock(time, zone_of(site))


def zones_in_words(sites: Iterable[Site | None], at: datetime) -> str:
    """Return which zone times are in: one where all clocks show the same, else that of each site.

    >>> zones_in_words([None], datetime(2026, 1, 1, tzinfo=UTC))
    'UTC'
    >>> berlin = Site(site_id="berlin", title="Berlin works", time_zone="Europe/Berlin", latitude=52, longitude=13)
    >>> zones_in_words([berlin, berlin], datetime(2026, 1, 1, tzinfo=UTC))
    'CET (Europe/Berlin)'
    """
    known = list(sites)
    clocks: dict[str, set[str]] = {}
    for site in known:
        clocks.setdefault(_abbreviation(site, at), set()).add(zone_of(site).key)
    if len(clocks) <= 1:
        return "; ".join(_zone_in_words(short, keys) for short, keys in clocks.items()) or "UTC"
    said = {
        (site.title if site else "elsewhere"): _zone_in_words(_abbreviation(site, at), {zone_of(site).key})
        for site in known
    }
    return "; ".join(f"{title} {zone}" for title, zone in sorted(said.items()))


def _abbreviation(site: Site | None, at: datetime) -> str:
    zone = zone_of(site)
    return at.astimezone(zone).tzname() or zone.key


def _zone_in_words(short: str, keys: set[str]) -> str:
    names = ", ".join(sorted(keys - {short}))
    return f"{short} ({names})" if names else short


def said_at(words: str, view: MachineView, near: datetime) -> str:
    """Return what an engine wrote of a machine with its names for people, printed units, and times of its site."""
    return readable(in_site_time(words, view.site, near), view.profile)


def in_site_time(words: str, site: Site | None, near: datetime) -> str:
    """Return a sentence with each of its UTC times in site time; a time that names no year is the one nearest to ``near``.

    >>> berlin = Site(site_id="berlin", title="Berlin works", time_zone="Europe/Berlin", latitude=52, longitude=13)
    >>> in_site_time("Begin it Fri 9 Jan 06:00 UTC.", berlin, datetime(2026, 1, 1, tzinfo=UTC))
    'Begin it Fri 9 Jan 07:00 CET.'
    """

    def there(said: re.Match[str]) -> str:
        number, month, year, hour, minute = said.groups()
        years = [int(year)] if year else [near.year - 1, near.year, near.year + 1]
        days = [_utc(one, _MONTHS.index(month) + 1, int(number), int(hour), int(minute)) for one in years]
        known = [day for day in days if day is not None]
        if not known:
            return said[0]
        local = min(known, key=lambda day: abs(day - near)).astimezone(zone)
        return f"{local:%a} {local.day} {local:%b}{f' {local:%Y}' if year else ''} {local:%H:%M} {local.tzname()}"

    zone = zone_of(site)
    return _SAID.sub(there, words)


def _utc(year: int, month: int, number: int, hour: int, minute: int) -> datetime | None:
    """Return the moment, or None where that year has no such day."""
    first = datetime(year, month, 1, tzinfo=UTC)
    found = first + timedelta(days=number - 1, hours=hour, minutes=minute)
    return found if found.month == month else None
