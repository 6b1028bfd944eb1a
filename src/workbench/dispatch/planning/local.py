"""A few shifts planned anew: all days' work of theirs that can be part of something cheaper than what they do now.

The linear programme over these days alone gives a bound; a column whose reduced cost exceeds the distance from it to what
is known is in no better choice (reduced-cost fixing).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from threading import Lock

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from .columns import Days, days_of
from .pricing import DayPricing, Floats, Indices, Pattern

# Of the columns of a neighbourhood so many of the likeliest are chosen from.
MOST_LIKELY, MOST_WRITTEN = 600, 60_000
# Two linear programmes that HiGHS solves at the same time in one process can end at different prices from run to run.
_ALONE = Lock()


def better_days(
    pricing: DayPricing,
    free: Collection[int],
    pinned: Mapping[int, Collection[int]],
    now: Mapping[int, tuple[int, ...]],
) -> list[Pattern]:
    """Return what shifts do ``now`` and days' work that can be part of something cheaper; nothing where there is none.

    Each shift has jobs that are ``pinned`` to it; those that are ``free`` may be done by any of them, or by none.
    """
    done = {job for jobs in now.values() for job in jobs}
    cost = sum(pricing.pattern_cost(pattern) for pattern in now.items())
    cost += sum(pricing.possible.deferral(pricing.jobs[job].job_id) for job in free if job not in done)
    days = []
    for shift in sorted(pinned):
        able = [job for job in free if np.isfinite(pricing.cost[job, shift])]
        found = days_of(pricing, shift, {*able, *pinned[shift]}, MOST_WRITTEN)
        days.append(found.where(np.isin(found.jobs, list(pinned[shift])).sum(axis=1) == len(pinned[shift])))
    least, reduced = _reduced_costs(pricing, days, sorted(free), {shift for shift, jobs in pinned.items() if jobs})
    room = cost - least
    if room < 1.0:
        return []
    every = np.concatenate(reduced)
    if len(every) > MOST_LIKELY:
        room = min(room, float(np.partition(every, MOST_LIKELY)[MOST_LIKELY]))
    likely = {
        pattern for some, over in zip(days, reduced, strict=True) for pattern in some.where(over <= room).patterns()
    }
    return sorted(likely.union(now.items()))


def _reduced_costs(
    pricing: DayPricing, days: list[Days], free: list[int], filled: Collection[int]
) -> tuple[float, list[Floats]]:
    """Return the least cost in the linear programme, and how much more a choice with each day's work costs at least.

    Each of the ``free`` jobs is done or deferred, each shift does one day's work at most, those ``filled`` just one. Where
    there is no answer, the least cost is below any.
    """
    day_of = sorted({int(pricing.day[some.shift]) for some in days})
    two = [job for job in free if pricing.jobs[job].people > 1]
    meetings = [(job, day) for job in two for day in range(len(day_of))]
    # Rows, all of them equations: each job; each job for two on each day; each shift.
    row_of = np.full((len(day_of), len(pricing.jobs) + 1), -1, dtype=np.intp)
    row_of[:, free] = np.arange(len(free))
    for at, (job, day) in enumerate(meetings):
        row_of[day, job] = len(free) + at
    shift_row = len(free) + len(meetings)
    blocks: list[tuple[Indices, Indices, float]] = []
    costs: list[Floats] = []
    begin = 0

    def add(cost: Floats, *entries: tuple[Indices, Indices, float]) -> None:
        nonlocal begin
        blocks.extend((row, begin + column, value) for row, column, value in entries)
        costs.append(cost)
        begin += len(cost)

    for at, some in enumerate(days):
        rows = row_of[day_of.index(int(pricing.day[some.shift]))][some.jobs]
        every = np.arange(len(rows))
        column = np.broadcast_to(every[:, None], rows.shape)[rows >= 0]
        add(some.cost, (rows[rows >= 0], column, 1.0), (np.full(len(rows), shift_row + at), every, 1.0))
    jobs, met = np.arange(len(free)), np.arange(len(meetings))
    # A job is deferred, two meet for one, a shift stays empty.
    add(np.array([pricing.possible.deferral(pricing.jobs[job].job_id) for job in free], dtype=float), (jobs, jobs, 1.0))
    done = np.array([free.index(job) for job, _ in meetings], dtype=np.intp)
    add(np.zeros(len(meetings)), (done, met, 1.0), (len(free) + met, met, -2.0))
    idle = np.array([at for at, some in enumerate(days) if some.shift not in filled], dtype=np.intp)
    add(np.zeros(len(idle)), (shift_row + idle, np.arange(len(idle)), 1.0))

    row, column = (np.concatenate([block[at] for block in blocks]) for at in (0, 1))
    value = np.concatenate([np.full(len(row), value) for row, _, value in blocks])
    whole = np.concatenate(costs)
    matrix = csr_array((value, (row, column)), shape=(shift_row + len(days), len(whole)))
    right = np.ones(matrix.shape[0])
    right[len(free) : shift_row] = 0.0
    with _ALONE:
        found = linprog(whole, A_eq=matrix, b_eq=right, bounds=(0, None), method="highs-ds")
    reduced = whole - matrix.T @ found.eqlin.marginals if found.status == 0 else whole
    ends = np.cumsum([len(some.cost) for some in days])
    return (float(found.fun) if found.status == 0 else -np.inf), np.split(reduced[: ends[-1]], ends[:-1])
