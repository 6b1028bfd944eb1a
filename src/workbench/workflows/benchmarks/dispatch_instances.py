"""Seeded instances of the dispatch benchmark: jobs, people, sites and permits as a service team of some size has them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workbench.dispatch.planning import possibilities
from workbench.domain.planning import PlanJob, PlanPerson, PlanProblem, Window

TRADES = ("mechanical", "electrical", "hydraulics", "refrigeration", "machine_tools", "robotics")
CERTIFICATE = "cert_pressure"
SIDE_KM, DETOUR, KM_PER_H, PARKING_MIN = 60.0, 1.3, 50.0, 5
SHIFT_MIN = 480
# As in the embedded team, a third begin at 14:00; the others between 6 and 8.
SHIFT_STARTS_H = (6, 7, 8, 6, 7, 14, 8, 14, 14)
SHORTEST, LONGEST = 30, 420
# Of the mean way to a site and back, what a job takes where several of a site are done in one visit.
SHARED_WAY = 0.6
# A failure of a machine of the embedded fleet stops it for about 14 h at 180 to 1,900 an hour, in cents.
FAILURE_COST, FAILURE_SPREAD = 1_000_000, 0.7
# Wear-out (Weibull shape 2); an order comes days to two months before the failure that it is to avert.
WEAR_SHAPE, SHORTEST_LIFE_D, LONGEST_LIFE_D = 2.0, 3.0, 60.0
MEAN_RATE_PER_H = 6700
REDRAWS = 50
# Of the orders of a backlog, so many for each person are drawn together.
AT_ONCE = 8


def instance(jobs: int, people: int, days: int, *, seed: int) -> PlanProblem:
    """Return a problem whose work and ways take 0.85 to 1.05 of all shifts (uniform), money in cents.

    Sites lie at random in a square of 60 km, everybody lives at one of them. People have two or three of six trades, 40 %
    a certificate, shifts of eight hours (5 % of the days off) and up to two hours of overtime. Of the jobs 10 % need two
    people, 20 % wait for parts, and 20 % need their machine to stand: half of these in the stop that is planned for their
    site, the others in one of their own, not before the parts are there. Durations are lognormal. Waiting costs the rise
    of the failure probability times the cost of the failure, over remaining lives of 3 to 60 days; a job that is put off
    costs that and the hours that it takes then. A job that nobody could do is drawn again.
    """
    rng = np.random.default_rng([seed, jobs, people, days])
    sites = max(3, people // 6)
    minutes, km = _map(rng, sites)
    names = [f"site-{at}" for at in range(sites)]
    team = [_person(rng, at, names, days) for at in range(people)]
    shift_minutes = sum(shift.end_min - shift.start_min for person in team for shift in person.shifts)
    need = np.where(rng.random(jobs) < 0.1, 2, 1)
    way = 2 * SHARED_WAY * float(minutes.mean())
    work = np.clip(rng.lognormal(np.log(200), 0.5, jobs), 45, LONGEST)
    work *= (rng.uniform(0.85, 1.05) * shift_minutes - way * need.sum()) / (work * need).sum()
    durations = np.clip(np.round(work / 5) * 5, SHORTEST, LONGEST).astype(int)
    machine_sites = rng.integers(sites, size=max(jobs * 4 // 5, 2))
    stops = [_stop(rng, 0, days) for _ in names]

    def draw(at: int) -> PlanJob:
        machine = int(rng.integers(len(machine_sites)))
        site = int(machine_sites[machine])
        able = team[int(rng.integers(people))].skills
        skills = [str(rng.choice([skill for skill in able if skill in TRADES]))]
        if CERTIFICATE in able and rng.random() < 0.3:
            skills.append(CERTIFICATE)
        earliest = int(rng.integers(days)) if rng.random() < 0.2 else 0
        windows: tuple[Window, ...] = ()
        if rng.random() < 0.2:
            windows = (
                stops[site] if rng.random() < 0.5 and stops[site].day >= earliest else _stop(rng, earliest, days),
            )
        life = SHORTEST_LIFE_D * (LONGEST_LIFE_D / SHORTEST_LIFE_D) ** rng.random()
        failure = FAILURE_COST * rng.lognormal(0, FAILURE_SPREAD)
        waiting = [int(failure * -np.expm1(-((day / life) ** WEAR_SHAPE))) for day in range(days + 1)]
        return PlanJob(
            job_id=f"j{at:05}",
            machine_id=f"m{machine:05}",
            place=names[site],
            minutes=int(durations[at]),
            skills=tuple(skills),
            people=int(need[at]),
            earliest_day=earliest,
            windows=windows,
            waiting_cost=tuple(waiting[:days]),
            defer_cost=waiting[days] + int(durations[at] * need[at] * MEAN_RATE_PER_H / 60),
        )

    problem = PlanProblem(
        days=days,
        jobs=tuple(draw(at) for at in range(jobs)),
        people=tuple(team),
        travel_min={a: {b: int(minutes[i, k]) for k, b in enumerate(names)} for i, a in enumerate(names)},
        distance_km={a: {b: float(km[i, k]) for k, b in enumerate(names)} for i, a in enumerate(names)},
        travel_cost_per_h=1500,
    )
    for _ in range(REDRAWS):
        options = possibilities(problem).options
        again = {job_id for job_id, days_of in options.items() if not days_of}
        if not again:
            break
        drawn = tuple(draw(at) if job.job_id in again else job for at, job in enumerate(problem.jobs))
        problem = problem.model_copy(update={"jobs": drawn})
    return problem


def backlog(jobs: int, people: int, days: int, *, seed: int) -> PlanProblem:
    """Return a problem of so many open orders, however few of them the people can do: the orders of many such teams."""
    crowd = instance(AT_ONCE * people, people, days, seed=seed)
    orders = [*crowd.jobs]
    while len(orders) < jobs:
        seed, batch = seed + 1, len(orders)
        orders += [
            job.model_copy(update={"job_id": f"{job.job_id}-{batch}", "machine_id": f"{job.machine_id}-{batch}"})
            for job in instance(AT_ONCE * people, people, days, seed=seed).jobs
        ]
    return crowd.model_copy(update={"jobs": tuple(orders[:jobs])})


def _map(rng: np.random.Generator, sites: int) -> tuple[npt.NDArray[np.int_], npt.NDArray[np.float64]]:
    """Return minutes and kilometres between sites, shape (sites, sites); minutes obey the triangle inequality."""
    at = rng.uniform(0, SIDE_KM, (sites, 2))
    km = np.round(DETOUR * np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1)), 1)
    minutes = np.ceil(km / KM_PER_H * 60 + PARKING_MIN * (km > 0)).astype(int)
    for over in range(sites):
        minutes = np.minimum(minutes, minutes[:, [over]] + minutes[[over], :])
    return minutes, km


def _person(rng: np.random.Generator, at: int, sites: list[str], days: int) -> PlanPerson:
    skills = rng.choice(TRADES, size=int(rng.integers(2, 4)), replace=False).tolist()
    if rng.random() < 0.4:
        skills.append(CERTIFICATE)
    start = int(rng.choice(SHIFT_STARTS_H)) * 60
    return PlanPerson(
        person_id=f"t{at:03}",
        title=f"Technician {at}",
        home=sites[int(rng.integers(len(sites)))],
        skills=tuple(sorted(skills)),
        shifts=tuple(
            Window(day=day, start_min=start, end_min=start + SHIFT_MIN) for day in range(days) if rng.random() < 0.95
        ),
        rate_per_h=int(rng.integers(45, 90)) * 100,
        overtime_min=int(rng.choice([0, 60, 120])),
    )


def _stop(rng: np.random.Generator, earliest: int, days: int) -> Window:
    """Return four to eight hours in which a machine or a site stands, from 6 to 14 o'clock on."""
    start = int(rng.integers(6, 15)) * 60
    return Window(day=int(rng.integers(earliest, days)), start_min=start, end_min=start + int(rng.integers(4, 9)) * 60)
