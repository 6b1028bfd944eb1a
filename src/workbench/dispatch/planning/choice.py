"""The choice among whole days' work, one for each person and day, by CP-SAT: proven best where all days were written down.

The linear programme over the columns gives a bound; a column whose reduced cost exceeds the distance from the bound to a
known assignment is in no better one (reduced-cost fixing), so few are left to choose from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from .columns import Columns
from .options import Chosen, Possibilities, cost_of
from .sequence import Conflict, Sequencer, settled
from .solver import Assignment, cp_module, cp_solver

# Columns within this share of the bound are tried first; where the answer lies within it too, it is proven.
FIRST_ROOM = 0.004
WIDER = 3.0
# Of columns that are not all there are, so many are chosen from; a bound as close as this ends the search.
MOST_CHOSEN_FROM = 8_000
ENOUGH = 0.004
# Twice a minute's share of an hourly rate is whole, also at one and a half times the rate.
UNITS = 120


def choose(
    possible: Possibilities,
    columns: Columns,
    sequencer: Sequencer,
    *,
    left: Callable[[], float],
    workers: int,
    seed: int,
) -> Assignment:
    """Return the best assignment found until no seconds are ``left``; all its days can be ordered.

    Days that cannot be ordered beside each other are learnt one conflict after the other. What cannot be ordered is no
    plan, so a bound found without it holds for every plan.
    """
    best = _assignment(possible, settled(possible, columns.start, sequencer), columns.bound)
    conflicts: list[Conflict] = []
    room = FIRST_ROOM * columns.bound + 1.0
    if not columns.complete:
        room = sorted(columns.reduced.values())[: MOST_CHOSEN_FROM + 1][-1]
    while True:
        limit = left() if columns.complete else left() / 2
        choice = _Choice(possible, columns, room, conflicts, best.chosen)
        found, bound, sure = choice.solve(cp_solver(limit, workers, seed))
        misfits = sequencer.fitting(found).conflicts
        conflicts += misfits
        again = _assignment(possible, settled(possible, found, sequencer), max(best.bound, bound))
        best = again if again.cost < best.cost else _assignment(possible, best.chosen, again.bound)
        wide = best.cost - columns.bound > room
        ended = not wide if columns.complete else sure or best.gap < ENOUGH
        if left() <= 0 or (ended and not misfits):
            return best
        if columns.complete and wide and not misfits:
            room = min(WIDER * room, best.cost - columns.bound + 1.0)


def _assignment(possible: Possibilities, chosen: Chosen, bound: float) -> Assignment:
    cost = cost_of(possible, chosen)
    return Assignment(chosen, cost, min(int(bound), cost))


class _Choice:
    """The choice among the columns within ``room`` of the bound, one a shift, as a CP-SAT model that begins at what is known."""

    def __init__(
        self, possible: Possibilities, columns: Columns, room: float, conflicts: Sequence[Conflict], known: Chosen
    ) -> None:
        self.possible, self.columns, self.room, self.pricing = possible, columns, room, columns.pricing
        self.known = known
        self.cp = cp_module().CpModel()
        begin = set(self.pricing.patterns(known))
        near = (pattern for pattern, reduced in columns.reduced.items() if reduced <= room)
        usable = sorted(begin.union(pattern for pattern in near if self.pricing.can_be_ordered(pattern)))
        self.use = {pattern: self._variable(pattern in begin) for pattern in usable}
        self._does: dict[tuple[int, int], list[Any]] = defaultdict(list)
        by_shift: dict[int, list[Any]] = defaultdict(list)
        for (shift, jobs), x in self.use.items():
            by_shift[shift].append(x)
            for job in jobs:
                self._does[job, shift].append(x)
        for alternatives in by_shift.values():
            self.cp.add_at_most_one(alternatives)
        self._costs = [round(self.pricing.pattern_cost(pattern) * UNITS) * x for pattern, x in self.use.items()]
        for job in range(len(self.pricing.jobs)):
            self._add_job(job)
        self._forbid(conflicts)
        self.cp.minimize(sum(self._costs))

    def _variable(self, hint: bool) -> Any:
        variable = self.cp.new_bool_var("")
        self.cp.add_hint(variable, hint)
        return variable

    def _add_job(self, number: int) -> None:
        pricing, job = self.pricing, self.pricing.jobs[number]
        by_day: dict[int, list[Any]] = defaultdict(list)
        for shift in pricing.able[number].tolist():
            by_day[int(pricing.day[shift])] += self._does[number, shift]
        done = [x for team in by_day.values() for x in team]
        if job.people > 1:
            done = []
            for day, team in by_day.items():
                done.append(self._variable(self.known.get(job.job_id, (None,))[0] == day))
                self.cp.add(sum(team) == job.people * done[-1])
        if job.locked is None:
            done.append(self._variable(job.job_id not in self.known))
            self._costs.append(self.possible.deferral(job.job_id) * UNITS * done[-1])
        self.cp.add_exactly_one(done)

    def _forbid(self, conflicts: Sequence[Conflict]) -> None:
        for day, pairs in conflicts:
            keys = [(self.pricing.job_number[job_id], self.pricing.number[name, day]) for job_id, name in pairs]
            if all(self._does[key] for key in keys):
                self.cp.add(sum(x for key in keys for x in self._does[key]) <= len(keys) - 1)

    def solve(self, search: Any) -> tuple[Chosen, float, bool]:
        """Return the assignment found, a lower bound of the cost, and whether these columns hold no better one."""
        cp, bound = cp_module(), self.columns.bound
        status = search.solve(self.cp)
        if status not in (cp.OPTIMAL, cp.FEASIBLE):
            return self.known, bound, False
        chosen = self.pricing.chosen([pattern for pattern, x in self.use.items() if search.boolean_value(x)])
        if self.columns.complete:
            within = cost_of(self.possible, chosen) if status == cp.OPTIMAL else search.best_objective_bound / UNITS
            # A column that was left out costs more than ``room`` over the bound.
            bound = max(bound, min(within, bound + self.room))
        return chosen, bound, status == cp.OPTIMAL
