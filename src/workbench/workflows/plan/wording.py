"""A plan of the planner in the words of those who follow it: who does what when and why, what is left out, what changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from workbench.dispatch.technicians import level_in_words
from workbench.dispatch.working_time import shift_day
from workbench.domain.money import money_text
from workbench.domain.plans import LeftOut, PlanChange, PlannedWork, WorkPlan

from .jobs import Draft
from .kept import part_id
from .task import Task

if TYPE_CHECKING:
    from datetime import date, datetime

    from workbench.domain.equipment import Technician
    from workbench.domain.planning import Plan, PlanProblem
    from workbench.domain.work import Priority, WorkOrder


def left_out(orders: dict[str, WorkOrder], reasons: dict[str, str]) -> tuple[LeftOut, ...]:
    """Return orders that are not in a plan with the reason of each, the most urgent first."""
    found = sorted((orders[order_id] for order_id in reasons), key=lambda order: (order.priority, order.number))
    return tuple(
        LeftOut(
            order_id=order.order_id,
            number=order.number,
            title=order.title,
            machine_id=order.machine_id,
            priority=order.priority,
            reason=reasons[order.order_id],
        )
        for order in found
    )


class Words:
    """A plan of the planner in the words of those who follow it."""

    def __init__(self, draft: Draft, problem: PlanProblem, found: Plan) -> None:
        self.draft, self.problem, self.found = draft, problem, found
        self._minutes = {job.job_id: job.minutes for job in problem.jobs}
        self._planned = {job.job_id: job for job in found.jobs}

    def deferred(self) -> dict[str, str]:
        """Return why each order that could be done is not in the plan."""
        tasks = self.draft.tasks
        orders = {lock.job.job_id: lock.order for lock in self.draft.kept.locks}
        orders |= {part_id(key, at): task.order for key, task in tasks.items() for at in range(task.parts)}
        busy: dict[str, set[Priority]] = defaultdict(set)
        for job in self.found.jobs:
            for name in job.people:
                busy[name].add(orders[job.job_id].priority)

        def others(task: Task) -> set[Priority]:
            able = task.team.people if task.team is not None else task.choice.able
            return {priority for name in able for priority in busy[name]}

        return {
            key: self.draft.why_deferred(task, others(task)) for key in self.found.deferred if (task := tasks.get(key))
        }

    def assignments(self) -> tuple[PlannedWork, ...]:
        """Return who does what when, in the order of time."""
        found = [self._kept(number) for number, lock in enumerate(self.draft.kept.locks) if lock.pair == 0]
        for order_id, task in self.draft.tasks.items():
            if order_id in self._planned:
                found += [self._part(task, at) for at in range(task.parts)]
        return tuple(sorted(found, key=lambda work: (work.starts_at, work.number, work.part)))

    def _kept(self, number: int) -> PlannedWork:
        lock = self.draft.kept.locks[number]
        order = lock.order
        people = (*((order.technician_id,) if order.technician_id else ()), *order.colleagues)
        away = ", ".join(
            self.draft.crew.technicians[key].title for key in people if self.draft.kept.is_away(key, lock.job)
        )
        barred = self.draft.kept.unpermitted(order, lock.why)
        buts = " and ".join([*([f"{away} is away then"] if away else []), *([barred] if barred else [])])
        reason = f"stays as it is: {lock.why}{f'; but {buts}: decide' if buts else ''}"
        return self._work(order, lock.job.job_id, lock.job.place, people, reason, lock.part + 1, lock.parts, lock.why)

    def _part(self, task: Task, at: int) -> PlannedWork:
        job_id = part_id(task.order.order_id, at)
        chosen = self._planned[job_id].people
        people = (
            task.team.people if task.team is not None else tuple(sorted(chosen, key=lambda key: self._leads(task, key)))
        )
        reason = self._reason(task, job_id, people)
        return self._work(task.order, job_id, task.place, people, reason, at + 1, task.parts, "")

    def _leads(self, task: Task, key: str) -> tuple[int, str]:
        return -self.draft.crew.technicians[key].skills.get(task.order.skill, 0), key

    def _work(
        self,
        order: WorkOrder,
        job_id: str,
        place: str,
        people: tuple[str, ...],
        reason: str,
        part: int,
        parts: int,
        kept: str,
    ) -> PlannedWork:
        planned = self._planned[job_id]
        starts = self.draft.days.moment(planned.day, planned.start_min)
        ends = starts + timedelta(minutes=self._minutes[job_id])
        return PlannedWork.model_validate(
            {
                "order_id": order.order_id,
                "number": order.number,
                "title": order.title,
                "machine_id": order.machine_id,
                "site_id": place,
                "priority": order.priority,
                "people": people,
                "names": " and ".join(self.draft.crew.technicians[key].title for key in people),
                "starts_at": starts,
                "ends_at": ends,
                "when": f"{self.draft.plant.clock(place, starts)} to {self.draft.plant.clock(place, ends)[-5:]}",
                "reason": reason,
                "part": part,
                "parts": parts,
                "kept": kept,
            }
        )

    def _reason(self, task: Task, job_id: str, people: tuple[str, ...]) -> str:
        crew, order = self.draft.crew, task.order
        planned = self._planned[job_id]
        lead = crew.technicians[people[0]]
        level = lead.skills.get(order.skill, 0)
        way = crew.km[lead.site_id][task.place]
        starts = self.draft.days.moment(planned.day, planned.start_min)
        told = [
            level_in_words(order.skill, level) if level else "no special skill needed",
            f"free at {self.draft.plant.clock(task.place, starts)[-5:]}",
            "works at this site" if lead.site_id == task.place else f"{way:.0f} km",
        ]
        if len(people) > 1:
            helps = task.team is not None and not task.team.all_skilled
            other = crew.technicians[people[1]].title
            told.append(f"{other} helps: nobody else with this skill shares a shift" if helps else f"with {other}")
        told += [f"within {task.permit}"] if task.permit else []
        if task.parts > 1:
            told.append(f"takes {task.parts} shifts of the same people")
            told += ["all of them in a planned stop of the machine"] if task.parts_in_stop else []
            told += [f"no planned stop in these days holds its {task.parts} shifts"] if task.shifts.missed else []
        if task.begin < len(task.rush):
            soon = "as soon as anybody can" if task.begin == 0 else "on the first day on which anybody can"
            told.append("in the planned stop that is its time of least expected cost" if task.advised else soon)
        elif task.stop:
            told.append(task.stop)
        told.append(self._called_in(lead, starts))
        told.append(self._others(task, planned.day, people))
        told.append(self._urgency(task, planned.day))
        return ", ".join(word for word in told if word)

    def _called_in(self, person: Technician, at: datetime) -> str:
        """Say that somebody works on a holiday of their site, and why."""
        day = shift_day(person.shift, ZoneInfo(self.draft.plant.sites[person.site_id].time_zone), at)
        holiday = self.draft.plant.days_off.holiday(person.site_id, day)
        return f"on call on {holiday}" if holiday else ""

    def _others(self, task: Task, day: int, people: tuple[str, ...]) -> str:
        if task.team is not None:
            return ""
        others = sum(
            key not in people and day in self.draft.crew_for(task.order).together([key], task.place)
            for key in task.choice.able
        )
        return f"{others} other{'' if others == 1 else 's'} could that day" if others else "nobody else could that day"

    def _urgency(self, task: Task, day: int) -> str:
        costs = task.costs.costs
        end = money_text(costs[-1] - costs[day], self.draft.plant.currency)
        said = f"left until after these days it would cost about {end} more" if costs[-1] > costs[day] else ""
        return f"{said} ({task.costs.basis})" if said and task.costs.basis else said


def who_is_away(draft: Draft) -> list[str]:
    """Say on which days sites have a holiday, who is on call then, and who is absent within the days of the plan."""
    plant, crew = draft.plant, draft.crew
    start, end = plant.at, crew.days.starts[-1]
    homes = sorted({person.site_id for person in crew.technicians.values()})
    holidays: dict[tuple[date, str], list[str]] = defaultdict(list)
    for site_id in homes:
        for day, name in plant.days_off.holidays(site_id, start, end).items():
            holidays[day, name].append(site_id)
    notes = []
    for (day, name), sites in sorted(holidays.items()):
        called = [one for one in crew.technicians.values() if one.on_call and one.site_id in sites]
        there = [one.title for one in called if not plant.days_off.absent(one.technician_id, day)]
        where = ", ".join(plant.sites[site_id].title for site_id in sites)
        on_call = f"on call for emergencies: {', '.join(there)}" if there else "nobody is on call"
        notes.append(f"{_day(day)}: {name} at {where}; {on_call}")
    away = []
    for key, person in sorted(crew.technicians.items()):
        zone = ZoneInfo(plant.sites[person.site_id].time_zone)
        first, last = start.astimezone(zone).date(), (end - timedelta(minutes=1)).astimezone(zone).date()
        for one in plant.absences:
            if one.technician_id == key and one.first_day <= last and one.last_day >= first:
                until = "" if one.last_day == one.first_day else f" to {_day(one.last_day)}"
                part = "" if one.whole_days else f", {one.from_h:g} to {one.until_h:g} h"
                away.append(f"{person.title}, {_day(one.first_day)}{until}{part}")
    return [*notes, *([f"away: {'; '.join(away)}"] if away else [])]


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def changes(before: WorkPlan | None, plan: WorkPlan, orders: dict[str, WorkOrder]) -> tuple[PlanChange, ...]:
    """Return what a plan makes different from the one before, for orders that are still to be done and those that are not."""
    was, now = _by_order(before.assignments if before is not None else ()), _by_order(plan.assignments)
    found = []
    for order_id in sorted({*was, *now}, key=lambda key: (now.get(key) or was[key])[0].number):
        old, new = was.get(order_id, []), now.get(order_id, [])
        one = (new or old)[0]
        people = tuple(sorted({name for work in (*old, *new) for name in work.people}))
        if old and not new:
            what = "put off" if order_id in orders else "no longer open"
        elif not old:
            what = "added"
        elif new[0].kept and old[0].people == new[0].people:
            continue
        elif set(old[0].people) != set(new[0].people):
            what = "other people"
        elif [work.starts_at for work in old] != [work.starts_at for work in new]:
            what = "moved"
        else:
            continue
        found.append(
            PlanChange.model_validate(
                {
                    "order_id": order_id,
                    "number": one.number,
                    "what": what,
                    "before": _in_words(old),
                    "after": _in_words(new),
                    "people": people,
                }
            )
        )
    return tuple(found)


def _by_order(assignments: Iterable[PlannedWork]) -> dict[str, list[PlannedWork]]:
    found: dict[str, list[PlannedWork]] = defaultdict(list)
    for work in assignments:
        found[work.order_id].append(work)
    return dict(found)


def _in_words(parts: list[PlannedWork]) -> str:
    if not parts:
        return ""
    more = f", in {len(parts)} shifts" if len(parts) > 1 else ""
    return f"{parts[0].names}, {parts[0].when}{more}"
