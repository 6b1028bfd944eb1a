"""A day of a plan as its people live it: from home to each stop and back, with the minutes and kilometres on the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from workbench.dispatch.technicians import distance_km, travel_minutes
from workbench.domain.plans import PlannedWork

from .plan import PlanDossier


@dataclass(frozen=True)
class PlanDay:
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

    def clock(self, at: datetime) -> str:
        """Write a moment by the clocks of these sites; with its weekday when it is not this day."""
        there = at.astimezone(self.zone)
        return f"{there:%H:%M}" if there.date() == self.day else f"{there:%a %H:%M}"

    def span(self, start: datetime, end: datetime) -> str:
        """Write from when to when something lasts."""
        return f"{self.clock(start)} to {self.clock(end)}"

    def of(self, person: str) -> list[PlannedWork]:
        """Return the work of one person, the earliest first."""
        return sorted((work for work in self.works if person in work.people), key=lambda one: one.starts_at)

    @property
    def people(self) -> list[str]:
        """Who works, the earliest first."""
        return list(dict.fromkeys(name for work in self.works for name in work.people))


@dataclass(frozen=True)
class Leg:
    """A way between two sites: from when to when, and how far; ``work`` is what waits at its end, None on the way home."""

    leaves_at: datetime
    arrives_at: datetime
    from_site: str
    to_site: str
    km: float
    work: PlannedWork | None

    @property
    def minutes(self) -> int:
        """How long it takes."""
        return round((self.arrives_at - self.leaves_at).total_seconds() / 60)

    @property
    def words(self) -> str:
        """Minutes and kilometres."""
        return f"{self.minutes} min, {self.km:.0f} km"


def route(dossier: PlanDossier, day: PlanDay, person: str) -> list[Leg]:
    """Return the ways of somebody's day, each as late as the work allows; nothing for who works at home."""
    someone = dossier.technicians.get(person)
    at = someone.site_id if someone is not None else ""
    legs, works = [], day.of(person)
    for work in works:
        if (km := _km(dossier, at, work.site_id)) is not None:
            leaves = work.starts_at - timedelta(minutes=travel_minutes(km))
            legs.append(Leg(leaves, work.starts_at, at, work.site_id, km, work))
        at = work.site_id
    if someone is not None and works and (km := _km(dossier, at, someone.site_id)) is not None:
        ends = works[-1].ends_at
        legs.append(Leg(ends, ends + timedelta(minutes=travel_minutes(km)), at, someone.site_id, km, None))
    return legs


def _km(dossier: PlanDossier, one: str, other: str) -> float | None:
    """Return how far two sites are apart; None for the same one, and where one is not known."""
    here, there = dossier.sites.get(one), dossier.sites.get(other)
    if here is None or there is None or one == other:
        return None
    return distance_km(here.latitude, here.longitude, there.latitude, there.longitude)
