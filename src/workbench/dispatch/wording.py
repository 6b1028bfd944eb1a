"""Words that several dispatch texts share: names of machines and failure modes, times on site."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from workbench.domain.equipment import MachineProfile, Site
from workbench.domain.predictions import UNKNOWN_MODE
from workbench.domain.work import Priority

PRIORITY_WORDS = {
    Priority.EMERGENCY: "emergency",
    Priority.URGENT: "urgent",
    Priority.HIGH: "high",
    Priority.ROUTINE: "routine",
}


def mode_title(profile: MachineProfile, mode: str) -> str:
    """Return what people call a failure mode."""
    known = profile.failure_mode(mode)
    if known is not None:
        return known.title
    return "cause unknown" if mode == UNKNOWN_MODE else mode.replace("_", " ")


def zone_of(site: Site | None) -> ZoneInfo:
    """Return the zone of a site; UTC when the site is not known."""
    return ZoneInfo(site.time_zone if site is not None else "UTC")


def site_time(moment: datetime, site: Site | None) -> str:
    """Write a time in the site's zone, with the zone's name; in UTC when the site is not known.

    >>> from datetime import UTC
    >>> site_time(datetime(2026, 1, 5, 13, 0, tzinfo=UTC), None)
    'Mon 5 Jan 2026 13:00 UTC'
    """
    local = moment if site is None else moment.astimezone(ZoneInfo(site.time_zone))
    return f"{local:%a} {local.day} {local:%b %Y %H:%M} {local.tzname() or ''}".rstrip()


def machine_name(profile: MachineProfile) -> str:
    """Name the machine for people, with its id and where it stands."""
    place = f", {profile.location}" if profile.location else ""
    return f"{profile.title} ({profile.machine_id}{place})"
