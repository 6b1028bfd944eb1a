"""The choice among whole days' work, one for each person and day, by CP-SAT: proven best where all days were written down.

The linear programme over the columns gives a bound; a column whose reduced cost exceeds the distance from the bound to a
known assignment is in no better one (reduced-cost fixing), so few are left to choose from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from .columns import Columns
from .options import Chosen, Possibilities, cost_of
from .pricing import DayPricing, Pattern
from .sequence import Conflict, Sequencer, settled
from .solver import Assignment, cp_module, cp_solver

# Columns within this share of the bound are tried first; where the answer lies within it too, it is proven.
FIRST_ROOM = 0.004
WIDER = 3.0
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
    pricing = columns.pricing
    best = _assignment(possible, settled(possible, columns.start, sequencer), columns.bound)
    conflicts: list[Conflict] = []
    room = FIRST_ROOM * columns.bound + 1.0
    while True:
        near = {pattern for pattern, reduced in columns.reduced.items() if reduced <= room}
        usable = near.union(pricing.patterns(best.chosen))
        choice = Choice(pricing, usable, best.chosen, range(len(pricing.jobs)), conflicts)
        found, within, sure = choice.solve(cp_solver(left(), workers, seed))
        within = cost_of(possible, found) if sure else within
        # A column that was left out costs more than ``room`` over the bound. Conflicts that are none prove nothing.
        bound = max(columns.bound, min(within, columns.bound + room)) if sequencer.sure else columns.bound
        misfits = sequencer.fitting(found).conflicts
        conflicts += misfits
        again = _assignment(possible, settled(possible, found, sequencer), max(best.bound, bound))
        best = again if again.cost < best.cost else _assignment(possible, best.chosen, again.bound)
        wide = best.cost - columns.bound > room
        if left() <= 0 or not (wide or misfits):
            return best
        if wide and not misfits:
            room = min(WIDER * room, best.cost - columns.bound + 1.0)


def _assignment(possible: Possibilities, chosen: Chosen, bound: float) -> Assignment:
    cost = cost_of(possible, chosen)
    return Assignment(chosen, cost, min(int(bound), cost))


class Choice:
    """The choice among days' work as a CP-SAT model that begins at what is ``known``.

    It decides on the ``jobs`` (by number); shifts that are to be ``filled`` get one of their patterns, the others at most
    one.
    """

    def __init__(
        self,
        pricing: DayPricing,
        patterns: Iterable[Pattern],
        known: Chosen,
        jobs: Iterable[int],
        conflicts: Sequence[Conflict] = (),
        filled: Collection[int] = (),
    ) -> None:
        self.pricing, self.known = pricing, known
        self.cp = cp_module().CpModel()
        begin, mine = set(pricing.patterns(known)), set(jobs)
        usable = {pattern for pattern in patterns if pattern in begin or pricing.can_be_ordered(pattern)}
        self.use = {pattern: self._variable(pattern in begin) for pattern in sorted(usable)}
        self._does: dict[tuple[int, int], list[Any]] = defaultdict(list)
        by_shift: dict[int, list[Any]] = defaultdict(list)
        for (shift, does), x in self.use.items():
            by_shift[shift].append(x)
            for job in does:
                self._does[job, shift].append(x)
        for shift, alternatives in by_shift.items():
            (self.cp.add_exactly_one if shift in filled else self.cp.add_at_most_one)(alternatives)
        self._costs = [round(pricing.pattern_cost(pattern) * UNITS) * x for pattern, x in self.use.items()]
        for job in sorted(mine):
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
            self._costs.append(pricing.possible.deferral(job.job_id) * UNITS * done[-1])
        self.cp.add_exactly_one(done)

    def _forbid(self, conflicts: Sequence[Conflict]) -> None:
        for day, pairs in conflicts:
            keys = [(self.pricing.job_number[job_id], self.pricing.number[name, day]) for job_id, name in pairs]
            if all(self._does[key] for key in keys):
                self.cp.add(sum(x for key in keys for x in self._does[key]) <= len(keys) - 1)

    def solve(self, search: Any) -> tuple[Chosen, float, bool]:
        """Return the assignment found, a lower bound of the cost of these choices, and whether there is none better.

        Where nothing was found in time, that is what is known and no bound.
        """
        cp = cp_module()
        status = search.solve(self.cp)
        if status not in (cp.OPTIMAL, cp.FEASIBLE):
            return self.known, 0.0, False
        chosen = self.pricing.chosen([pattern for pattern, x in self.use.items() if search.boolean_value(x)])
        return chosen, search.best_objective_bound / UNITS, status == cp.OPTIMAL
