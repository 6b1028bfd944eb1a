"""Seeded instances of the dispatch benchmark: jobs, people, sites and permits as a service team of some size has them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workbench.domain.planning import MINUTES_PER_DAY, PlanJob, PlanPerson, PlanProblem, Window

TRADES = ("mechanical", "electrical", "hydraulic", "instrument")
CERTIFICATE = "cert_pressure"
SIDE_KM, DETOUR, KM_PER_H, PARKING_MIN = 60.0, 1.3, 50.0, 5
SHIFT_MIN = 480
SHORTEST, LONGEST = 30, 420
# Of the mean way to a site and back, what a job takes where several of a site are done in one visit.
SHARED_WAY = 0.6


def instance(jobs: int, people: int, days: int, *, seed: int) -> PlanProblem:
    """Return a problem whose work and ways take 0.85 to 1.05 of all shifts (uniform), money in cents.

    Sites lie at random in a square of 60 km; one of six people has a home of its own. People have one to four of four
    trades, 40 % a certificate, shifts of eight hours from 6, 7 or 8 (5 % of the days off) and up to two hours of
    overtime. Of the jobs 10 % need two people, 20 % a permit of at least four hours on one day, 20 % wait for parts;
    durations are lognormal (median near three hours), and so is what a day of waiting costs.
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
    return PlanProblem(
        days=days,
        jobs=tuple(
            _job(rng, at, int(durations[at]), int(need[at]), team, days, (names, machine_sites)) for at in range(jobs)
        ),
        people=tuple(team),
        travel_min={a: {b: int(minutes[i, k]) for k, b in enumerate(names)} for i, a in enumerate(names)},
        distance_km={a: {b: float(km[i, k]) for k, b in enumerate(names)} for i, a in enumerate(names)},
        travel_cost_per_h=1500,
    )


def _map(rng: np.random.Generator, sites: int) -> tuple[npt.NDArray[np.int_], npt.NDArray[np.float64]]:
    """Return minutes and kilometres between sites, shape (sites, sites); minutes obey the triangle inequality."""
    at = rng.uniform(0, SIDE_KM, (sites, 2))
    km = np.round(DETOUR * np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1)), 1)
    minutes = np.ceil(km / KM_PER_H * 60 + PARKING_MIN * (km > 0)).astype(int)
    for over in range(sites):
        minutes = np.minimum(minutes, minutes[:, [over]] + minutes[[over], :])
    return minutes, km


def _person(rng: np.random.Generator, at: int, sites: list[str], days: int) -> PlanPerson:
    skills = {*rng.choice(TRADES, size=rng.integers(1, 4), replace=False).tolist(), TRADES[at % len(TRADES)]}
    if rng.random() < 0.4:
        skills.add(CERTIFICATE)
    start = int(rng.choice([360, 420, 480]))
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


def _job(
    rng: np.random.Generator,
    at: int,
    minutes: int,
    need: int,
    team: list[PlanPerson],
    days: int,
    where: tuple[list[str], npt.NDArray[np.int_]],
) -> PlanJob:
    sites, machine_sites = where
    machine = int(rng.integers(len(machine_sites)))
    able = team[int(rng.integers(len(team)))].skills
    skills = [str(rng.choice([skill for skill in able if skill in TRADES]))]
    if CERTIFICATE in able and rng.random() < 0.3:
        skills.append(CERTIFICATE)
    slope = float(rng.lognormal(np.log(8000), 1.0))
    waiting = [int(slope * day * (1 + 0.1 * day)) for day in range(days + 1)]
    windows: tuple[Window, ...] = ()
    if rng.random() < 0.2:
        start = int(rng.integers(8, 12)) * 60
        end = min(start + max(minutes + 60, 240), MINUTES_PER_DAY)
        windows = (Window(day=int(rng.integers(days)), start_min=start, end_min=end),)
    return PlanJob(
        job_id=f"j{at:05}",
        machine_id=f"m{machine:05}",
        place=sites[int(machine_sites[machine])],
        minutes=minutes,
        skills=tuple(skills),
        people=need,
        earliest_day=int(rng.integers(days)) if rng.random() < 0.2 else 0,
        windows=windows,
        waiting_cost=tuple(waiting[:days]),
        defer_cost=waiting[days] + 20_000,
    )
