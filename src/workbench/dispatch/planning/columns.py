"""All days' work of a few jobs, written down one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from .insertion import insert_cheapest
from .master import Master
from .options import Chosen
from .pricing import DayPricing, Pattern

# More columns than this are not written down, but priced.
MOST_COLUMNS = 40_000


@dataclass(frozen=True)
class Columns:
    """All days' work, each with its reduced cost: how much more than the ``bound`` an assignment with it costs at least."""

    pricing: DayPricing
    reduced: dict[Pattern, float]
    bound: float
    start: Chosen


def all_days(pricing: DayPricing, most: int = MOST_COLUMNS) -> list[Pattern] | None:
    """Return every day's work that fits into a shift, one pattern each; None if there are more than ``most``."""
    able: dict[int, list[int]] = defaultdict(list)
    for job, shifts in enumerate(pricing.able):
        for shift in shifts.tolist():
            able[shift].append(job)
    found: list[Pattern] = []
    for shift, jobs in able.items():
        days = days_of(pricing, shift, jobs, most - len(found))
        if days is None:
            return None
        found += days
    return found


def days_of(pricing: DayPricing, shift: int, jobs: Iterable[int], most: int) -> list[Pattern] | None:
    """Return every day's work that a shift can do of these jobs; None if there is more than ``most``."""
    jobs = sorted(jobs)
    room, all_jobs = int(pricing.room[shift]), pricing.jobs
    ways = {all_jobs[job].place: pricing.way(shift, all_jobs[job].place) for job in jobs}
    found: list[Pattern] = []
    open_ends: list[tuple[tuple[int, ...], int, frozenset[str], int]] = [((), 0, frozenset(), 0)]
    while open_ends:
        chosen, minutes, places, after = open_ends.pop()
        for at in range(after, len(jobs)):
            job = all_jobs[jobs[at]]
            total = minutes + job.minutes + (0 if job.place in places else ways[job.place])
            if total <= room:
                longer = (*chosen, jobs[at])
                found.append((shift, longer))
                open_ends.append((longer, total, places | {job.place}, at + 1))
        if len(found) > most:
            return None
    return found


def all_columns(pricing: DayPricing, days: list[Pattern]) -> Columns:
    """Return all days' work as columns."""
    master = Master(pricing)
    master.add(days)
    bound = master.solve() or 0.0
    return Columns(pricing, master.reduced_costs(), bound, insert_cheapest(pricing.possible))
