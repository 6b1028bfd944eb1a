"""Times as the people at a site read them: in the zone of the site, which a table says once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from workbench.dispatch.plain import plain
from workbench.dispatch.wording import site_time, zone_of
from workbench.dispatch.working_time import on_site_clock
from workbench.domain.equipment import Site

from .fleet import MachineView


def site_moment(time: datetime, site: Site | None) -> str:
    """Return a time with its zone, as it stands alone, e.g. ``Fri 2 Jan 2026 10:00 CET``."""
    return site_time(time, site)


def site_clock(time: datetime, site: Site | None) -> str:
    """Return a time as it stands in a table that says the zone, e.g. ``Fri 2 Jan 10:00``."""
    return on_site_clock(time, zone_of(site))


def zones_in_words(sites: Iterable[Site | None], at: datetime) -> str:
    """Return which zone times are in: one where all clocks show the same, else that of each site.

    >>> from datetime import UTC
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


def said_at(words: str, view: MachineView | None, near: datetime) -> str:
    """Return what an engine wrote of a machine with its names for people, printed units, and times of its site."""
    return plain(words, view.profile if view else None, view.site if view else None, near)


def expected_failure(view: MachineView) -> tuple[datetime, datetime, datetime] | None:
    """Return the earliest, the middle and the latest time of failure on the site's clock; None when it cannot be told."""
    rul = view.prediction.remaining_useful_life if view.prediction else None
    if rul is None or rul.basis != "model" or not rul.expected_failure_at or rul.life is None or rul.life.upper_open:
        return None
    early, middle, late = (at.astimezone(zone_of(view.site)) for at in rul.expected_failure_at)
    return early, middle, late
