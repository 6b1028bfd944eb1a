"""What a simulated failure showed: how the maintenance cycle answered, day by day, and how early it caught the fault."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from .base import Frozen, MachineId, Name, Probability, UtcTime
from .equipment import LifeUnit
from .notices import Notice
from .predictions import HealthState, Interval
from .runs import CycleStep
from .work import WorkOrder

# What stands before everything that people read of a simulation.
MARK = "SIMULATED"
# The source of asset events that the digital twin made.
TWIN_SOURCE = "simulated by the digital twin"


class SimulatedAnswer(Frozen):
    """What the maintenance cycle said at one instant, beside the damage that only the simulator knows."""

    as_of: UtcTime
    damage: Probability = Field(description="ground truth: 0 sound, 1 failed")
    health_state: HealthState | None
    health_score: float | None
    remaining_life: Interval | None = Field(description="as shown, in life units")
    life_unit: LifeUnit
    failure_probability: Probability | None = Field(description="within the planning horizon")
    anomaly_score: Probability | None
    likeliest_mode: str
    likeliest_probability: Probability
    acted: bool
    outcome: str = Field(description="why work was ordered or not")


class SimulatedOrder(Frozen):
    """An order of the simulated cycle that is not for the fault that was simulated."""

    as_of: UtcTime
    failure_mode: str
    title: str
    before_onset: bool = Field(description="true: nothing was wrong yet; false: the fault under another name")


class FailureSimulation(Frozen):
    """One simulated failure of one machine: nothing of it happened, no record of the plant was changed (C2)."""

    simulation_id: str
    simulated: Literal[True] = True
    machine_id: MachineId
    title: str
    failure_mode: Name
    seed: int
    every_h: float = Field(description="hours between two runs of the cycle")
    started_at: UtcTime = Field(description="end of the machine's own record, where the simulated one begins")
    onset_at: UtcTime = Field(description="from here on there is something to detect")
    failure_at: UtcTime = Field(description="the machine fails if nothing is done")
    caught_at: UtcTime | None = Field(description="first order that names the mode, or inspection because of it")
    caught_by: Literal["named", "inspection", ""] = ""
    answers: tuple[SimulatedAnswer, ...] = Field(repr=False)
    steps: tuple[CycleStep, ...] = Field(
        default=(), description="of the run that caught it, else of the last", repr=False
    )
    order: WorkOrder | None = Field(default=None, repr=False)
    notices: tuple[Notice, ...] = Field(default=(), repr=False)
    other_orders: tuple[SimulatedOrder, ...] = ()
    prepared: str = Field(default="", description="what had to be put right before the simulation could begin")
    limit_crossed_at: UtcTime | None = Field(
        default=None, description="when a warning limit of the profile alone would have told, if it did by then"
    )
    notes: tuple[str, ...] = ()
    model_versions: dict[str, str] = {}
    outputs: dict[str, str] = Field(default={}, description="format: path relative to the workspace")

    @property
    def caught(self) -> bool:
        """Whether the cycle ordered work because of the fault before the machine failed."""
        return self.caught_at is not None

    @property
    def detection_h(self) -> float | None:
        """Calendar hours from the first hour in which the fault can be detected until it was caught."""
        return None if self.caught_at is None else _hours(self.onset_at, self.caught_at)

    @property
    def lead_time_h(self) -> float | None:
        """Calendar hours from the catch to the failure: what is left to act in."""
        return None if self.caught_at is None else _hours(self.caught_at, self.failure_at)

    def in_words(self) -> str:
        """Say in one sentence how early the fault was caught, or that it was not."""
        whole = f"{_hours(self.onset_at, self.failure_at):.0f} h from detectable to failure"
        false = sum(order.before_onset for order in self.other_orders)
        whole += (
            f"; {false} false order{'' if false == 1 else 's'} before there was anything to detect" if false else ""
        )
        mode = self.failure_mode.replace("_", " ")
        if self.caught_at is None:
            return f"{MARK}: {mode} on {self.machine_id} was not caught before failure ({whole}; {self._looks()})."
        how = "by an order that names it" if self.caught_by == "named" else "by an inspection order"
        return (
            f"{MARK}: {mode} on {self.machine_id} was caught {how} {self.detection_h:.0f} h after it became "
            f"detectable and {self.lead_time_h:.0f} h before the failure ({whole})."
        )

    def _looks(self) -> str:
        """Say how often the cycle looked while there was something to detect, and how near to the failure."""
        looks = [answer for answer in self.answers if answer.as_of > self.onset_at]
        every = f"the cycle ran every {self.every_h:g} h"
        if not looks:
            return f"{every} and never in that time: let it run more often"
        last = looks[-1]
        return (
            f"{every}: {len(looks)} time{'' if len(looks) == 1 else 's'} since it was detectable, at last "
            f"{_hours(last.as_of, self.failure_at):.0f} h before the failure, with {100 * last.damage:.0f} % of the damage done"
        )


def _hours(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() / 3600.0
