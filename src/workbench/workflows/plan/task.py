"""An order as planning sees it: its people, its time, what waiting costs, and the days of its parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .crew import Choice, Team
from .waiting import Waiting

if TYPE_CHECKING:
    from workbench.domain.base import Minor
    from workbench.domain.planning import Window
    from workbench.domain.work import WorkOrder


@dataclass(frozen=True)
class Task:
    """An order with all that its jobs are made of; ``begin`` counts how often its first choice had no room.

    ``rush``: what an emergency, or work with an ``advised`` planned stop, is given first, one after the other, before any
    time will do.
    """

    order: WorkOrder
    place: str
    minutes: int
    choice: Choice
    costs: Waiting
    defer_cost: Minor
    earliest_day: int
    windows: tuple[Window, ...]
    stop: str = ""
    begin: int = 0
    rush: tuple[Window, ...] = ()
    advised: bool = False

    @property
    def team(self) -> Team | None:
        """Who must do it, where there is no free choice."""
        return self.choice.team

    @property
    def parts(self) -> int:
        """In how many shifts it is done."""
        return self.team.parts if self.team is not None else 1

    def team_days(self) -> tuple[int, ...]:
        """Return the days of its parts: those of its team that follow each other from ``begin`` on; too few: none."""
        if self.team is None:
            return ()
        usable = [day for day in self.team.days if day >= self.earliest_day][self.begin :]
        return tuple(usable[: self.team.parts]) if len(usable) >= self.team.parts else ()
