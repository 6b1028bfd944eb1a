"""Who could do a job: shifts as minutes of the plan's days, ways, and teams where skills or shifts leave no free choice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from workbench.dispatch.days_off import DaysOff
from workbench.dispatch.technicians import distance_km, travel_minutes
from workbench.dispatch.working_time import PlanDays, quarter_hour_up, shift_windows
from workbench.domain.equipment import Technician
from workbench.domain.planning import PlanPerson

if TYPE_CHECKING:
    from datetime import datetime

    from workbench.domain.equipment import Site

# Less than this in common is no time to work together.
LEAST_TOGETHER_MIN = 60
# Work that begins outside of a shift is done for so long.
A_SHIFT = timedelta(hours=8)
# Of many people, those who are nearest are looked at.
NEAREST = 12
# From this level on somebody works alone.
TRAINED = 2


@dataclass(frozen=True)
class Team:
    """People who do one job together, the leading one first, in so many equal ``parts`` of a shift each."""

    people: tuple[str, ...]
    parts: int
    part_min: int
    days: tuple[int, ...] = field(repr=False)
    all_skilled: bool = True

    @property
    def skill(self) -> str:
        """What only they can do: it makes the planner choose them."""
        return f"team {'+'.join(sorted(self.people))}"


@dataclass(frozen=True)
class Choice:
    """How the people of a job are found: anyone with the skill, or one ``team``, or nobody for a ``fault`` in words."""

    able: tuple[str, ...] = ()
    team: Team | None = None
    fault: str = ""


class Crew:
    """The technicians of a plant within the days of a plan. Everybody's day begins and ends at their own site."""

    def __init__(
        self,
        technicians: Mapping[str, Technician],
        sites: Mapping[str, Site],
        *,
        at: datetime,
        days: int,
        days_off: DaysOff | None = None,
        emergencies: bool = False,
    ) -> None:
        """Read shifts without the days off; for ``emergencies`` who is on call is there on holidays too."""
        self.sites = sites
        self.days_off = days_off or DaysOff(sites)
        self.technicians = {key: person for key, person in technicians.items() if person.site_id in sites}
        self.strangers = sorted(set(technicians) - set(self.technicians))
        zones = {site_id: ZoneInfo(site.time_zone) for site_id, site in sites.items()}
        common = Counter(zones[person.site_id].key for person in self.technicians.values()).most_common(1)
        zone = ZoneInfo(common[0][0]) if common else ZoneInfo("UTC")
        worked = [(person.shift, zones[person.site_id]) for person in self.technicians.values()]
        self.days = PlanDays.around(worked, zone, at=at, days=days)
        begin = quarter_hour_up(at)
        self.shifts = {
            key: self.days.shifts(
                person.shift, zones[person.site_id], begin, self.days_off.of(person, emergencies=emergencies)
            )
            for key, person in self.technicians.items()
        }
        self._load: Counter[str] = Counter()
        self._choices: dict[tuple[str, str, int, int], tuple[Choice, list[Team]]] = {}

    @cached_property
    def km(self) -> dict[str, dict[str, float]]:
        """Great-circle distances between sites."""
        return {
            a: {
                b: distance_km(one.latitude, one.longitude, other.latitude, other.longitude)
                for b, other in self.sites.items()
            }
            for a, one in self.sites.items()
        }

    @cached_property
    def travel_min(self) -> dict[str, dict[str, int]]:
        """Minutes on the way between sites."""
        return {a: {b: travel_minutes(km) for b, km in ways.items()} for a, ways in self.km.items()}

    def people(self, teams: Iterable[Team], overtime_min: int) -> tuple[PlanPerson, ...]:
        """Return everybody as the plan sees them, with what only their teams can do."""
        joined: dict[str, set[str]] = {key: set() for key in self.technicians}
        for team in teams:
            for name in team.people:
                joined[name].add(team.skill)
        return tuple(
            PlanPerson(
                person_id=key,
                title=person.title,
                home=person.site_id,
                skills=(*sorted(skill for skill in person.skills if self._knows(person, skill)), *sorted(joined[key])),
                shifts=self.shifts[key],
                rate_per_h=person.cost_per_h,
                overtime_min=overtime_min,
            )
            for key, person in sorted(self.technicians.items())
        )

    def able(self, skill: str) -> list[str]:
        """Return who has a skill, everybody where none is asked for."""
        return sorted(key for key, one in self.technicians.items() if not skill or self._knows(one, skill))

    def _knows(self, person: Technician, skill: str) -> bool:
        """Say whether somebody can do work of a skill; who is only learning it can where nobody knows more."""
        return person.skills.get(skill, 0) >= max(1, min(TRAINED, self._highest.get(skill, 0)))

    @cached_property
    def _highest(self) -> dict[str, int]:
        levels = [level for person in self.technicians.values() for level in person.skills.items()]
        return {skill: max(level for name, level in levels if name == skill) for skill in {name for name, _ in levels}}

    def together(self, people: Sequence[str], place: str) -> dict[int, tuple[int, int]]:
        """Return between which minutes of each day people can be at a place together, their ways within their shifts."""
        found: dict[int, tuple[int, int]] = {}
        for day in range(self.days.count):
            start, end = 0, 10**6
            for key in people:
                way = self.travel_min[self.technicians[key].site_id][place]
                shift = next((shift for shift in self.shifts[key] if shift.day == day), None)
                start, end = (
                    (max(start, shift.start_min + way), min(end, shift.end_min - way)) if shift is not None else (1, 0)
                )
            if end - start >= LEAST_TOGETHER_MIN:
                found[day] = (start, end)
        return found

    def choose(
        self,
        skill: str,
        place: str,
        people: int,
        minutes: int,
        overtime_min: int,
        *,
        has_room: Callable[[Team], bool] | None = None,
    ) -> Choice:
        """Return who could do a job of so many minutes for each; jobs that need a team are spread over equally good ones.

        ``has_room`` says of a team whether it is there when the job may be done; such teams come first.
        """
        key = (skill, place, people, minutes)
        if key not in self._choices:
            self._choices[key] = self._choose(skill, place, people, minutes, overtime_min)
        choice, teams = self._choices[key]
        if not teams:
            return choice
        there = [team for team in teams if has_room(team)] if has_room is not None else teams
        team = min(there or teams, key=lambda team: max(self._load[name] for name in team.people))
        for name in team.people:
            self._load[name] += team.parts * team.part_min
        return Choice(able=choice.able, team=team)

    def soonest(
        self,
        skill: str,
        place: str,
        people: int,
        minutes: int,
        *,
        overtime_min: int,
        busy_until: Mapping[str, datetime],
    ) -> datetime | None:
        """Return when those who could do a job can begin at its place first; None: nobody could do it in these days.

        ``busy_until``: when people are done with work that they have begun.
        """
        choice = self.choose(skill, place, people, minutes, overtime_min)
        if choice.fault:
            return None
        _, teams = self._choices[skill, place, people, minutes]
        able = choice.able if people == 1 else self._nearest(choice.able, place)
        named = [(team.people, team.part_min) for team in teams] or [(n, minutes) for n in combinations(able, people)]
        begins = []
        for names, needed in named:
            for day, (start, end) in self.together(names, place).items():
                begin = max([self.days.moment(day, start), *(busy_until[key] for key in names if key in busy_until)])
                if begin + timedelta(minutes=needed) <= self.days.moment(day, end + overtime_min):
                    begins.append(begin)
        return min(begins, default=None)

    def hours_of(
        self, technician_id: str, begin: datetime, minutes: int, overtime_min: int = 0
    ) -> list[tuple[datetime, datetime]]:
        """Return from when to when somebody does work of so many minutes that begins then, shift by shift.

        What is left at the end of a shift is done in overtime where it is no more than that. Work that begins outside of a
        shift goes on until the next one, for a shift's length at most.
        """
        left = timedelta(minutes=minutes)
        found: list[tuple[datetime, datetime]] = []
        for start, end in self.shifts_from(technician_id, begin):
            if not found and start > begin:
                found.append((begin, min(begin + left, begin + A_SHIFT, start)))
                left -= found[-1][1] - begin
            if left <= timedelta(0):
                break
            done = left if left <= end - start + timedelta(minutes=overtime_min) else end - start
            left -= done
            if found and found[-1][1] == start:
                found[-1] = (found[-1][0], start + done)
            else:
                found.append((start, start + done))
        return found or [(begin, begin + min(left, A_SHIFT))]

    def shifts_from(self, technician_id: str, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield somebody's shifts that end after ``at``, without days off."""
        person = self.technicians[technician_id]
        zone = ZoneInfo(self.sites[person.site_id].time_zone)
        return shift_windows(person.shift, zone, at, self.days_off.of(person))

    def _choose(
        self, skill: str, place: str, people: int, minutes: int, overtime_min: int
    ) -> tuple[Choice, list[Team]]:
        words = skill.replace("_", " ")
        if people > 2:
            return _nobody(f"it takes {people} people at once and at most 2 are planned: fix people and time by hand")
        if place not in self.sites:
            return _nobody(f"its site {place} is not in the records: add it")
        able = self.able(skill)
        if not able:
            return _nobody(
                f"nobody in the records has {words} skill: call in a contractor" if words else "no technicians"
            )
        there = [key for key in able if self.together([key], place)]
        if not there:
            return _nobody(self._unreachable(able, place, words))
        near = self._nearest(there, place)
        longest = max((self._longest(team, place) for team in combinations(near, people)), default=0)
        if longest > 0 and minutes <= longest + overtime_min:
            return Choice(able=tuple(there)), []
        helpers = self._nearest((key for key in self.technicians if self.together([key], place)), place)
        pairs = [(key,) for key in near] if people == 1 else [(a, b) for a in near for b in helpers if a != b]
        teams = [team for names in pairs if (team := self._team(names, place, skill, minutes)) is not None]
        if not teams:
            who = " or ".join(self.technicians[key].title for key in near[:3])
            return _nobody(
                f"it takes 2 people at the same time, and nobody shares a shift with {who} there: change a shift, or call "
                "somebody in"
            )
        teams.sort(key=lambda team: self._rank(team, skill, place))
        best = (teams[0].parts, teams[0].all_skilled)
        return Choice(able=tuple(there)), [team for team in teams if (team.parts, team.all_skilled) == best][:NEAREST]

    def _nearest(self, people: Iterable[str], place: str) -> list[str]:
        """Return those who are looked at: a team of people from far away is no better."""
        return sorted(people, key=lambda key: (self.km[self.technicians[key].site_id][place], key))[:NEAREST]

    def _longest(self, team: Sequence[str], place: str) -> int:
        return max((end - start for start, end in self.together(team, place).values()), default=0)

    def _team(self, names: tuple[str, ...], place: str, skill: str, minutes: int) -> Team | None:
        together = self.together(names, place)
        longest = max((end - start for start, end in together.values()), default=0)
        if not longest:
            return None
        parts = -(-minutes // longest)
        part_min = -(-minutes // parts)
        days = tuple(day for day, (start, end) in together.items() if end - start >= part_min)
        skilled = all(not skill or self._knows(self.technicians[key], skill) for key in names)
        return Team(names, parts, part_min, days, skilled)

    def _rank(self, team: Team, skill: str, place: str) -> tuple[object, ...]:
        lead = self.technicians[team.people[0]]
        ways = sum(self.km[self.technicians[key].site_id][place] for key in team.people)
        return team.parts, not team.all_skilled, ways, -lead.skills.get(skill, 0), team.people

    def _unreachable(self, able: Sequence[str], place: str, words: str) -> str:
        nearest = min(able, key=lambda key: (self.km[self.technicians[key].site_id][place], key))
        person, km = self.technicians[nearest], self.km[self.technicians[nearest].site_id][place]
        has = f"of those with {words} skill" if words else "of all technicians"
        if km < 1 or not any(self.shifts[key] for key in able):
            return f"{has} nobody has a shift in these days that leaves time for it"
        return (
            f"{has} nobody can get there and back within a shift; the nearest is {person.title}, {km:.0f} km away: "
            "plan a journey by hand, or call in a contractor"
        )


def _nobody(fault: str) -> tuple[Choice, list[Team]]:
    return Choice(fault=fault), []
