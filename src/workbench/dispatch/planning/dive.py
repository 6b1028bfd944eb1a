"""From the linear programme to a plan: first the teams of jobs for two and when they meet, then whole days, round by round.

Jobs for two tie days together, so they are settled first, while the linear programme still sees all of the rest; once
they are locked, everybody's day stands by itself.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from workbench.domain.planning import PlannedJob, PlanProblem

from .insertion import insert_cheapest
from .master import Master, OutOfTime, improve
from .options import Chosen, possibilities
from .pricing import DayPricing, Pattern
from .sequence import Sequencer, settled

SURE = 0.9
# A day on which a job is done less than this is none for it.
HARDLY = 0.02
SHIFTS_A_ROUND = 0.1
TEAMS_A_ROUND = 5
ROUNDS = 2
# Close enough where only columns are wanted, not the bound.
ROUGHLY = 3e-3
PARTNERS = 8

Teams = dict[str, tuple[int, tuple[str, ...]]]


def plan_by_diving(master: Master, sequencer: Sequencer, *, teams_until: OutOfTime, dive_until: OutOfTime) -> Chosen:
    """Return an assignment whose days can all be ordered, from a solved linear programme (which is used up)."""
    pricing = master.pricing
    own_cost, columns = pricing.cost.copy(), master.reduced_costs()
    teams = _teams(master, sequencer, teams_until)
    pricing.cost[:] = own_cost
    starts = sequencer.order(teams, teams_until).starts
    possible = possibilities(_locked(pricing.possible.problem, teams, starts))
    alone, then = DayPricing(possible), Sequencer(possible, seed=sequencer.seed)
    rest = Master(alone)
    rest.add(alone.patterns(insert_cheapest(possible)))
    rest.add((shift, tuple(job for job in jobs if np.isfinite(alone.cost[job, shift]))) for shift, jobs in columns)
    everyone = np.ones(len(alone.shifts), dtype=bool)
    improve(rest, everyone, rounds=10 * ROUNDS, out_of_time=dive_until, close=ROUGHLY)
    dived = alone.chosen(_dive(rest, then, dive_until))
    return settled(possible, dived, then)


def _teams(master: Master, sequencer: Sequencer, out_of_time: OutOfTime) -> Teams:
    """Return who does the jobs for two, on which day: the surest are fixed and the rest is solved again."""
    pricing = master.pricing
    everyone = np.ones(len(pricing.shifts), dtype=bool)
    teams: Teams = {}
    unsettled = {at for at, job in enumerate(pricing.jobs) if job.people > 1 and job.locked is None}
    while unsettled and not out_of_time() and master.solve() is not None:
        meetings = {m: x for m, x in master.meetings().items() if m[0] in unsettled and x > HARDLY}
        ranked = sorted(meetings, key=lambda meeting: -meetings[meeting])
        if not ranked:
            break
        doing, prices = master.doing(), master.by_shift(master.prices())
        for job, day in ranked[: max(TEAMS_A_ROUND, sum(x > SURE for x in meetings.values()))]:
            if job not in unsettled:
                continue
            able = [shift for shift in pricing.able[job].tolist() if pricing.day[shift] == day]
            gain = prices[job] - pricing.cost[job]
            likely = sorted(able, key=lambda s: (-doing.get((job, s), 0.0), -gain[s], s))[:PARTNERS]
            team = _team(pricing, sequencer, teams, job, likely)
            if team:
                name = pricing.jobs[job].job_id
                teams[name] = (day, tuple(sorted(pricing.shifts[shift][0] for shift in team)))
                unsettled.discard(job)
            for shift in pricing.able[job].tolist() if team else able:
                if shift not in team:
                    master.exclude(shift, [job])
        improve(master, everyone, rounds=ROUNDS + 1, out_of_time=out_of_time)
    return teams


def _team(pricing: DayPricing, sequencer: Sequencer, teams: Teams, job: int, likely: list[int]) -> tuple[int, ...]:
    """Return the likeliest two shifts that can meet for a job, those first in ``likely`` first; () where none can."""
    name = pricing.jobs[job].job_id
    pairs = sorted(combinations(range(len(likely)), 2), key=sum)
    for one, other in ((likely[a], likely[b]) for a, b in pairs):
        people = tuple(sorted(pricing.shifts[shift][0] for shift in (one, other)))
        with_it = {**teams, name: (int(pricing.day[one]), people)}
        if pricing.can_meet(job, one, other) and sequencer.fits(with_it, name):
            return (one, other)
    return ()


def _locked(problem: PlanProblem, teams: Teams, starts: dict[str, int]) -> PlanProblem:
    """Return the problem with the jobs of these teams locked to them and their start."""
    jobs = []
    for job in problem.jobs:
        if job.job_id in teams and job.locked is None:
            day, people = teams[job.job_id]
            lock = PlannedJob(job_id=job.job_id, day=day, start_min=starts[job.job_id], people=people)
            job = job.model_copy(update={"locked": lock})
        jobs.append(job)
    return problem.model_copy(update={"jobs": tuple(jobs)})


def _dive(master: Master, sequencer: Sequencer, out_of_time: OutOfTime) -> list[Pattern]:
    """Return whole days, one a shift: the surest are fixed and the rest is solved again, until time is up.

    Jobs that cannot be ordered beside those that are fixed (a machine that is taken) are taken from a day before it is
    fixed.
    """
    free = np.ones(len(master.pricing.shifts), dtype=bool)
    fixed: list[Pattern] = []
    teams: Teams = {}
    values: dict[Pattern, float] = {}
    while True:
        solved = master.solve() is not None
        values = {pattern: x for pattern, x in (master.used() if solved else values).items() if free[pattern[0]]}
        ranked = sorted(values, key=lambda pattern: -values[pattern])
        sure = [pattern for pattern in ranked if values[pattern] > SURE]
        late = not solved or out_of_time()
        for pattern in ranked if late else sure or ranked[: max(int(SHIFTS_A_ROUND * len(free)), 1)]:
            if not free[pattern[0]]:
                continue
            joined, misfits = _joined(master.pricing, sequencer, teams, pattern)
            if misfits and not late:
                master.exclude(pattern[0], misfits)
            else:
                teams = joined
                master.fix(pattern)
                fixed.append((pattern[0], tuple(job for job in pattern[1] if job not in misfits)))
                free[pattern[0]] = False
        if late or not values:
            return fixed
        improve(master, free, rounds=ROUNDS, out_of_time=out_of_time)


def _joined(pricing: DayPricing, sequencer: Sequencer, teams: Teams, pattern: Pattern) -> tuple[Teams, set[int]]:
    """Return the teams with one more person's day, and which of its jobs do not fit beside what is there."""
    shift, jobs = pattern
    name, day = pricing.shifts[shift]
    misfits = set()
    for job in jobs:
        job_id = pricing.jobs[job].job_id
        planned, others = teams.get(job_id, (day, ()))
        joined = {**teams, job_id: (day, (*others, name))}
        if planned == day and len(others) < pricing.jobs[job].people and sequencer.fits(joined, job_id):
            teams = joined
        else:
            misfits.add(job)
    return teams, misfits
