"""An order as planning sees it: its people, its time, what waiting costs, and the days of its parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .crew import Choice, Team
from .waiting import Waiting
from .windows import Shifts

if TYPE_CHECKING:
    from workbench.domain.base import Minor
    from workbench.domain.planning import Window
    from workbench.domain.work import WorkOrder


@dataclass(frozen=True)
class Task:
    """An order with all that its jobs are made of; ``begin`` counts how often its first choice had no room.

    ``earliest``: day and minute from which its parts are there.
    ``rush``: what an emergency, or work with an ``advised`` planned stop, is given first, one after the other, before any
    time will do. ``shifts``: the same for work in several parts.
    """

    order: WorkOrder
    place: str
    minutes: int
    choice: Choice
    costs: Waiting
    defer_cost: Minor
    earliest: tuple[int, int]
    windows: tuple[Window, ...]
    stop: str = ""
    begin: int = 0
    rush: tuple[Window, ...] = ()
    advised: bool = False
    shifts: Shifts = field(default_factory=Shifts)

    @property
    def team(self) -> Team | None:
        """Who must do it, where there is no free choice."""
        return self.choice.team

    @property
    def parts(self) -> int:
        """In how many shifts it is done."""
        return self.team.parts if self.team is not None else 1

    def part_windows(self) -> tuple[Window, ...]:
        """Return the hours in which each of its parts is to be done; no choice is left: none."""
        return self.shifts.choices[self.begin] if self.begin < len(self.shifts.choices) else ()

    @property
    def parts_in_stop(self) -> bool:
        """Whether its parts are done in a planned stop."""
        return self.begin < self.shifts.in_stop
