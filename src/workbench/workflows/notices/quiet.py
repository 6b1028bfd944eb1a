"""Quiet hours: when a person is not to be written to, in site time."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from workbench.dispatch.days_off import DaysOff
from workbench.dispatch.working_time import Off, always_there, shift_windows
from workbench.domain.equipment import Shift, Site

if TYPE_CHECKING:
    from workbench.workspace import Workspace


class QuietHours:
    """The quiet hours of all people of a workspace, read once."""

    def __init__(self, ws: Workspace) -> None:
        self._sites = {site.site_id: site for site in ws.sites.all()}
        self._days_off = DaysOff(self._sites, ws.absences.all())
        self._technicians = {person.technician_id: person for person in ws.technicians.all()}

    def end(self, recipient: str, at: datetime) -> datetime | None:
        """Return when the quiet hours that ``at`` lies in end for a recipient; None when they may be written to.

        A technician may have the time outside the own shift as quiet hours; for all others those of the site count.
        """
        role, _, name = recipient.partition(":")
        technician = self._technicians.get(name) if role == "technician" else None
        site = self._sites.get(technician.site_id if technician else name if role == "manager" else "")
        if site is None:
            return None
        if technician is not None and technician.quiet_off_shift:
            return off_shift_until(at, technician.shift, site, self._days_off.of(technician))
        return quiet_until(at, site)


def quiet_until(at: datetime, site: Site) -> datetime | None:
    """Return when the site's quiet hours that ``at`` lies in end; None when ``at`` lies in none."""
    if not site.quiet_hours:
        return None
    begin_h, end_h = (int(part[:2]) + int(part[3:]) / 60 for part in site.quiet_hours.split("-"))
    every_night = Shift(start_h=begin_h, end_h=end_h or 24.0, weekdays=tuple(range(7)))
    begins, ends = next(shift_windows(every_night, ZoneInfo(site.time_zone), at))
    return ends if begins <= at else None


def off_shift_until(at: datetime, shift: Shift, site: Site, off: Off = always_there) -> datetime | None:
    """Return when the next shift that is worked begins; None when ``at`` lies in one, or there is none at all."""
    begins, _ = next(shift_windows(shift, ZoneInfo(site.time_zone), at, off), (at, at))
    return begins if begins > at else None
