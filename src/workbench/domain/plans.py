"""A plan of work as it is kept: who does which order when, what was left out and why, what it costs, what it changes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import Frozen, MachineId, Minor, Name, UtcTime
from .work import Priority


class PlannedWork(Frozen):
    """An order with its people and time. An order that takes more than a shift stands once for each of its ``part``s."""

    order_id: str
    number: str
    title: str
    machine_id: MachineId
    site_id: Name
    priority: Priority
    people: tuple[str, ...] = Field(min_length=1, description="technicians; the first one leads")
    names: str = Field(description="the same, by name")
    starts_at: UtcTime
    ends_at: UtcTime
    when: str = Field(description="the same in site time, e.g. 'Fri 2 Jan 10:00 to 12:30'")
    reason: str
    part: int = Field(default=1, ge=1)
    parts: int = Field(default=1, ge=1)
    kept: Literal["", "in progress", "fixed by hand", "begins soon"] = Field(
        default="", description="why it could not be moved; empty: it could"
    )


class LeftOut(Frozen):
    """An order that is not in a plan, and why."""

    order_id: str
    number: str
    title: str
    machine_id: MachineId
    priority: Priority
    reason: str


class PlanChange(Frozen):
    """What is different for an order from the plan before."""

    order_id: str
    number: str
    what: Literal["added", "moved", "other people", "put off", "no longer open"]
    before: str = ""
    after: str = ""
    people: tuple[str, ...] = Field(default=(), description="technicians whom it concerns, of both plans")


class WorkPlan(Frozen):
    """A plan of the open work from ``as_of`` on. Money is in minor units; ``gap`` is (cost - bound) / cost.

    A proposed plan changes nothing; a published one is what the orders say; a newer one replaces it.
    """

    plan_id: str
    state: Literal["proposed", "published", "replaced"] = "proposed"
    as_of: UtcTime
    days: int = Field(ge=1, le=31)
    ends_at: UtcTime = Field(description="end of the last day")
    assignments: tuple[PlannedWork, ...]
    deferred: tuple[LeftOut, ...] = Field(description="could be done, but later or not within these days")
    unplannable: tuple[LeftOut, ...] = Field(description="cannot be done as things stand: somebody must decide")
    cost: Minor
    cost_parts: dict[str, Minor] = Field(description="labour, travel, waiting, deferred, overtime, changes")
    bound: Minor
    gap: float = Field(description="of who does what on which day; 0 is proven best")
    sequence_gap: float = Field(description="of the order within the days")
    time_limit_s: float
    workers: int
    seed: int
    notes: tuple[str, ...] = ()
    changes: tuple[PlanChange, ...] = ()
    basis: dict[str, str] = Field(
        default={}, repr=False, description="fingerprints of the orders and of all else that the plan rests on"
    )
    replaces: str | None = None
    published_at: UtcTime | None = None
    published_by: str = ""

    def of_order(self, order_id: str) -> tuple[PlannedWork, ...]:
        """Return the shifts in which an order is done, the first one first; empty when it is left out."""
        return tuple(work for work in self.assignments if work.order_id == order_id)
