"""All days' work of a few jobs, written down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .insertion import insert_cheapest
from .master import Master
from .options import Chosen
from .pricing import DayPricing, Flags, Floats, Indices, Pattern

# More columns than this are not written down, but priced.
MOST_COLUMNS = 40_000


@dataclass(frozen=True)
class Columns:
    """All days' work, each with its reduced cost: how much more than the ``bound`` an assignment with it costs at least."""

    pricing: DayPricing
    reduced: dict[Pattern, float]
    bound: float
    start: Chosen


@dataclass(frozen=True)
class Days:
    """Days' work of one shift: the ``cost`` of each, shape (n,), and its jobs, shape (n, most jobs), -1 where it has fewer."""

    shift: int
    jobs: Indices
    cost: Floats

    def where(self, kept: Flags) -> Days:
        """Return those that are ``kept``, shape (n,)."""
        return Days(self.shift, self.jobs[kept], self.cost[kept])

    def patterns(self) -> list[Pattern]:
        """Return each as a pattern."""
        return [(self.shift, tuple(job for job in row if job >= 0)) for row in self.jobs.tolist()]


def all_days(pricing: DayPricing, most: int = MOST_COLUMNS) -> list[Pattern] | None:
    """Return every day's work that fits into a shift, one pattern each; None if there are more than ``most``."""
    able: dict[int, list[int]] = defaultdict(list)
    for job, shifts in enumerate(pricing.able):
        for shift in shifts.tolist():
            able[shift].append(job)
    found: list[Pattern] = []
    for shift, jobs in able.items():
        days = days_of(pricing, shift, jobs, most - len(found))
        if len(found) + len(days.cost) > most:
            return None
        found += days.patterns()
    return found


def days_of(pricing: DayPricing, shift: int, jobs: Iterable[int], most: int) -> Days:
    """Return every day's work that a shift can do of these jobs; beyond ``most`` none of still more jobs is looked for."""
    mine = np.array(sorted(jobs), dtype=np.intp)
    minutes, own, rate = pricing.minutes[mine], pricing.cost[mine, shift], pricing.way_rate(shift)
    places = [pricing.jobs[job].place for job in mine]
    place = np.array([sorted(set(places)).index(each) for each in places], dtype=np.intp)
    way = np.array([pricing.way(shift, each) for each in places], dtype=np.intp)
    last = np.flatnonzero(minutes + way <= pricing.room[shift])
    members, total, cost = last[:, None], (minutes + way)[last], (own + rate * way)[last]
    found = [(members, total, cost)]
    count = len(last)
    while len(last) and count <= most:
        # Jobs are sorted by place: a way is added with the first job there.
        further = np.where(place != place[last][:, None], way, 0)
        longer = total[:, None] + minutes + further
        row, last = np.nonzero((np.arange(len(mine)) > last[:, None]) & (longer <= pricing.room[shift]))
        members = np.hstack([members[row], last[:, None]])
        total, cost = longer[row, last], cost[row] + own[last] + rate * further[row, last]
        found.append((members, total, cost))
        count += len(last)
    width = found[-1][0].shape[1]
    rows = [np.pad(members, ((0, 0), (0, width - members.shape[1])), constant_values=-1) for members, _, _ in found]
    total, cost = (np.concatenate([part[at] for part in found]) for at in (1, 2))
    return Days(shift, np.append(mine, -1)[np.vstack(rows)], cost + pricing.overtime(shift, total))


def all_columns(pricing: DayPricing, days: list[Pattern]) -> Columns:
    """Return all days' work as columns."""
    master = Master(pricing)
    master.add(days)
    bound = master.solve() or 0.0
    return Columns(pricing, master.reduced_costs(), bound, insert_cheapest(pricing.possible))
