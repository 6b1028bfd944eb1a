"""From open orders to the jobs of a plan: who may do them, when, what waiting costs, and what must stay as it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.dispatch.inventory import ready_at
from workbench.dispatch.orders import minutes_each
from workbench.dispatch.permits import waits_in_words, why_no_time
from workbench.dispatch.working_time import PlanDays
from workbench.domain.money import money_text
from workbench.domain.planning import PlanJob, PlannedJob, PlanProblem, Window
from workbench.domain.work import OrderState, Priority, WorkOrder

from .crew import Choice, Crew
from .kept import KeptWork, part_id
from .task import Task, Tasks
from .windows import holds_shifts

if TYPE_CHECKING:
    from .sources import Findings, Plant


class Draft:
    """The open work of a plant as a problem for the planner, and what cannot be part of it."""

    def __init__(self, plant: Plant, findings: Findings, *, overtime_min: int) -> None:
        self.plant, self.findings, self.overtime_min = plant, findings, overtime_min
        self.crew = Crew(plant.technicians, plant.sites, at=plant.at, days=plant.days, days_off=plant.days_off)
        self.on_call = Crew(
            plant.technicians, plant.sites, at=plant.at, days=plant.days, days_off=plant.days_off, emergencies=True
        )
        self.tasks: dict[str, Task] = {}
        self._tasks = Tasks(plant, findings, self.crew, self.on_call, overtime_min)
        self.kept = KeptWork(plant, findings.standing, self.crew, overtime_min)
        self.unplannable: dict[str, str] = {}
        self.deferred: dict[str, str] = {}
        for order in sorted(plant.orders, key=_most_bound):
            self._take(order)

    @property
    def days(self) -> PlanDays:
        """The days of the plan."""
        return self.crew.days

    def crew_for(self, order: WorkOrder) -> Crew:
        """Return the people of an order: for an emergency those on call too."""
        return self._tasks.crew_for(order)

    def problem(self, *, emergencies: bool = False) -> PlanProblem:
        """Return the problem for the planner; for ``emergencies`` alone with those who are on call."""
        jobs = [lock.job for lock in self.kept.locks]
        for task in self.tasks.values():
            jobs += self._jobs(task)
        places = {job.place for job in jobs} | {person.site_id for person in self.crew.technicians.values()}
        teams = [task.team for task in self.tasks.values() if task.team is not None]
        known = {job.job_id for job in jobs}
        return PlanProblem(
            days=self.plant.days,
            jobs=tuple(jobs),
            people=(self.on_call if emergencies else self.crew).people(teams, self.overtime_min),
            travel_min={a: {b: self.crew.travel_min[a][b] for b in sorted(places)} for a in sorted(places)},
            distance_km={a: {b: self.crew.km[a][b] for b in sorted(places)} for a in sorted(places)},
            previous=tuple(job for job in self._previous() if job.job_id in known),
        )

    def _jobs(self, task: Task) -> list[PlanJob]:
        order, team = task.order, task.team
        if team is None or team.parts == 1:
            skills = (team.skill,) if team is not None else (order.skill,) if order.skill else ()
            day = task.earliest[0]
            return [self._job(task, order.order_id, skills, task.minutes, day, task.must_lie_in, share=1)]
        return [
            self._job(
                task, part_id(order.order_id, at), (team.skill,), team.part_min, window.day, (window,), share=team.parts
            )
            for at, window in enumerate(task.part_windows())
        ]

    def _job(
        self,
        task: Task,
        job_id: str,
        skills: tuple[str, ...],
        minutes: int,
        day: int,
        windows: tuple[Window, ...],
        *,
        share: int,
    ) -> PlanJob:
        return PlanJob(
            job_id=job_id,
            machine_id=task.order.machine_id,
            place=task.place,
            minutes=minutes,
            skills=skills,
            people=task.order.people,
            earliest_day=day,
            windows=windows,
            waiting_cost=tuple(round(cost / share) for cost in task.costs.costs[:-1]),
            # Work is left for later only where that costs less: of two that cost the same it is done.
            defer_cost=round(task.defer_cost / share) + 1,
        )

    def ranks(self) -> dict[str, tuple[int, datetime, str]]:
        """Return how urgent each job is whose place in a day is free."""
        return {
            order_id: (int(task.order.priority), task.order.due_at, order_id)
            for order_id, task in self.tasks.items()
            if task.parts == 1 and not task.must_lie_in
        }

    def without_room(self, deferred: Collection[str]) -> list[str]:
        """Return the orders whose next choice is to be tried: emergencies, and those of which some parts found no room."""
        return [
            order_id
            for order_id, task in self.tasks.items()
            if (order_id in deferred and task.begin < len(task.rush))
            or (task.parts > 1 and any(part_id(order_id, at) in deferred for at in range(task.parts)))
        ]

    def later(self, order_ids: Iterable[str]) -> None:
        """Let orders take their next choice: a later time for an emergency, a day later for one of several parts, or none."""
        for order_id in order_ids:
            task = replace(self.tasks[order_id], begin=self.tasks[order_id].begin + 1)
            if task.parts == 1 or task.part_windows():
                self.tasks[order_id] = task
            else:
                self.leave_out(order_id)

    def leave_out_torn(self, order_ids: Iterable[str]) -> set[str]:
        """Leave those out that are done in several parts, and return the ids of these."""
        torn = {order_id: self.tasks[order_id].parts for order_id in order_ids if self.tasks[order_id].parts > 1}
        for order_id in torn:
            self.leave_out(order_id)
        return {part_id(order_id, at) for order_id, parts in torn.items() for at in range(parts)}

    def leave_out(self, order_id: str) -> None:
        """Leave an order of several parts out of the plan."""
        task = self.tasks.pop(order_id)
        self.deferred[order_id] = (
            f"it takes {task.parts} shifts of the same people, who have no room for them "
            f"{'in a planned stop of the machine that is worth the wait' if task.shifts.in_stop else 'within these days'}"
            f"{f', within {task.permit}' if task.permit else ''}: "
            f"other work fills their shifts; {self._price_of_waiting(task)}"
        )

    def why_deferred(self, task: Task, others: Collection[Priority] = ()) -> str:
        """Say why an order that could be done is not in the plan; ``others``: what is planned for those who could do it."""
        ready = ready_at(task.order)
        parts = f"its parts come {self.plant.clock(task.place, ready)}" if ready and task.earliest > (0, 0) else ""
        if task.earliest[0] >= self.plant.days:
            return f"{parts}, after these days"
        stop = f", {task.stop}" if task.stop else f", within {task.permit}" if task.permit else ""
        why = (
            "more urgent work comes first"
            if any(other < task.order.priority for other in others)
            else "other work fills the hours of those who can do it"
            if others
            else "those who can do it have no hours for it, or only overtime that costs more than waiting"
        )
        room = f"{parts}, and after that there is no room within these days" if parts else "no room within these days"
        return f"{room}{stop}: {why}; {self._price_of_waiting(task)}"

    def _price_of_waiting(self, task: Task) -> str:
        cost = money_text(task.costs.costs[-1], self.plant.currency)
        return f"waiting beyond them costs about {cost}"

    # What an order is: locked, a task, or nothing that can be planned.

    def _take(self, order: WorkOrder) -> None:
        machine = self.plant.machines.get(order.machine_id)
        if machine is None:
            self.unplannable[order.order_id] = f"its machine {order.machine_id} is not in the records"
            return
        place = machine.site_id
        if place not in self.plant.sites:
            self.unplannable[order.order_id] = f"its site {place} is not in the records: add it"
            return
        if order.waits_for_approval:
            self.unplannable[order.order_id] = order.technician_reason
            return
        kept = self.kept.why(order)
        if kept:
            fault, after = self.kept.add(order, place, kept)
            if fault:
                self.unplannable[order.order_id] = fault
            elif after:
                self.deferred[order.order_id] = after
            return
        waits = waits_in_words(self.plant.permits_of(order), self.plant.zone(place))
        if waits:
            self.unplannable[order.order_id] = waits
            return
        ready = ready_at(order)
        if ready is None:
            lacking = [line for line in order.parts if line.to_order > 0]
            unknown = ", ".join(line.title for line in [one for one in lacking if not one.known] or lacking)
            self.unplannable[order.order_id] = f"nobody knows when these parts come: {unknown}; add them to the parts"
            return
        minutes = minutes_each(order)
        choice = self._choose(order, place, minutes, ready)
        if choice.fault:
            self.unplannable[order.order_id] = choice.fault
            return
        self._plan(order, place, minutes, choice, ready)

    def _choose(self, order: WorkOrder, place: str, minutes: int, ready: datetime) -> Choice:
        """Return who could do an order: of equally good teams one that is there while its permits hold."""
        crew = self.crew_for(order)
        hours = self._tasks.hours(order, ready) if self.plant.permits_of(order) else ()
        has_room = (lambda team: holds_shifts(team, place, hours, crew)) if hours else None
        return crew.choose(order.skill, place, order.people, minutes, self.overtime_min, has_room=has_room)

    def _plan(self, order: WorkOrder, place: str, minutes: int, choice: Choice, ready: datetime) -> None:
        """Take an order that these people could do: into the plan, or among those that have no time in it."""
        team = choice.team
        in_one_go = minutes if team is None else team.part_min
        permits, zone = self.plant.permits_of(order), self.plant.zone(place)
        fault = why_no_time(permits, at=self.plant.at, ready=ready, minutes=in_one_go, zone=zone)
        if fault:
            self.unplannable[order.order_id] = fault
            return
        task = self._tasks.of(order, place, minutes, choice, ready)
        if task.earliest[0] >= self.plant.days:
            self.deferred[order.order_id] = self.why_deferred(task)
        elif not task.hours:
            self.deferred[order.order_id] = f"the time of {task.permit}, comes after these days"
        elif team is not None and team.parts > 1 and not task.part_windows():
            usable = sum(day >= task.earliest[0] for day in team.days)
            shifts = f"it takes {team.parts} shifts of {team.part_min / 60:.1f} h"
            self.deferred[order.order_id] = (
                f"{shifts} of the same people, who have not as many in these days within {task.permit}"
                if task.permit
                else f"{shifts}, and its people have {usable} in these days: plan more days"
            )
        else:
            self.tasks[order.order_id] = task

    def _previous(self) -> list[PlannedJob]:
        """Return the plan that people know, as far as the orders still say so."""
        standing = self.findings.standing
        found = []
        for work in standing.assignments if standing is not None else ():
            task = self.tasks.get(work.order_id)
            at = self.days.place(work.starts_at)
            if task is None or at is None or task.order.scheduled_at is None or len(work.people) > 2:
                continue
            job_id = work.order_id if work.parts == 1 else part_id(work.order_id, work.part - 1)
            found.append(PlannedJob(job_id=job_id, day=at[0], start_min=at[1], people=work.people))
        return [job for job in found if set(job.people) <= set(self.crew.technicians)]


def _most_bound(order: WorkOrder) -> tuple[bool, bool, datetime, int, str]:
    """Order by how little an order can be moved, then by urgency."""
    return (
        order.state is not OrderState.IN_PROGRESS,
        not order.fixed,
        order.scheduled_at or order.due_at,
        int(order.priority),
        order.order_id,
    )
