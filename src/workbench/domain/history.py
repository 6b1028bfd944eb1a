"""Work of the past: orders of a plant's own system or of a published set, and what similar ones tell together (A1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field, model_validator

from .base import Frozen, MachineId, Minor, Name, Text, UtcTime
from .money import money_text

# From this many cases on, a spread is given as median and 10 to 90 % range; of fewer, each value.
ENOUGH_CASES = 5
# The workbench's own orders stand under this name beside those of imported systems.
OWN_SOURCE = "workbench"
# Marks work for which nothing was found to be wrong: it tells of a false alarm, not of a failure.
NO_FAULT = "no fault found"


class PastWork(Frozen):
    """One work order of the past as its source tells it; None and empty mean that the source does not tell."""

    work_id: str
    source: str = Field(min_length=1, max_length=200, description="system or data set that the order is from")
    number: str = Field(default="", max_length=200, description="the order's number there")
    machine_id: MachineId | None = Field(default=None, description="None: no machine of this workspace")
    machine_type: str = Field(default="", max_length=200)
    asset: str = Field(default="", max_length=500, description="the machine as the source names it")
    component: str = Field(default="", max_length=500)
    failure_code: str | None = Field(default=None, max_length=200)
    failure_title: str = Field(default="", max_length=500, description="the code in words")
    failure_mode: Name | None = Field(default=None, description="the machine's failure mode that the code stands for")
    text: Text = Field(description="what was reported or ordered, as it was written")
    remedy: str = Field(default="", max_length=10_000, description="what was done")
    preventive: bool | None = Field(default=None, description="planned upkeep rather than the repair of something")
    raised_at: UtcTime | None = None
    started_at: UtcTime | None = None
    ended_at: UtcTime | None = None
    downtime_h: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    labour_h: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    cost: Minor | None = Field(default=None, ge=0)
    currency: str = Field(default="", pattern=r"^([A-Z]{3})?$", description="ISO 4217; empty: the source does not tell")
    tags: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> PastWork:
        if self.started_at and self.ended_at and self.ended_at < self.started_at:
            raise ValueError("the work ended before it started")
        return self

    @property
    def happened_at(self) -> datetime | None:
        """The latest instant that is known of it: when it ended, else started, else was raised."""
        return self.ended_at or self.started_at or self.raised_at


class HistoryMapping(Frozen):
    """Which column of a work-order export holds what; an empty name: none does. ``text`` must be there.

    ``machines`` gives the machine of a name in the asset column, ``failure_modes`` the failure mode of a code;
    ``preventive`` are the words of ``work_type`` that mean planned upkeep, ``blanks`` those that mean "not recorded".
    Hours are hours unless the column's heading says ``[min]``; ``h:mm`` is hours and minutes in either. Times without a
    zone are local times of ``time_zone``.
    """

    source: str = Field(min_length=1, max_length=200)
    text: str
    number: str = ""
    remedy: str = ""
    asset: str = ""
    component: str = ""
    failure_code: str = ""
    failure_title: str = ""
    work_type: str = ""
    raised: str = ""
    started: str = ""
    ended: str = ""
    downtime: str = ""
    labour: str = ""
    cost: str = ""
    currency_column: str = ""
    tags: str = Field(default="", description="column of words separated by semicolons")
    currency: str | None = Field(default=None, pattern=r"^([A-Z]{3})?$", description="None: the workspace's")
    time_zone: str = "UTC"
    time_format: str | None = None
    machine_type: str = ""
    machines: dict[str, MachineId] = {}
    failure_modes: dict[str, Name] = {}
    preventive: tuple[str, ...] = ("pm", "pm02", "pm03", "preventive", "planned", "true", "yes", "1")
    blanks: tuple[str, ...] = ()

    def columns(self) -> dict[str, str]:
        """Return the column of each part of an order that has one."""
        named = {part: str(getattr(self, part)) for part in COLUMN_PARTS}
        return {part: column for part, column in named.items() if column}


COLUMN_PARTS = (
    "text", "number", "remedy", "asset", "component", "failure_code", "failure_title", "work_type", "raised", "started",
    "ended", "downtime", "labour", "cost", "currency_column", "tags",
)  # fmt: skip


class Spread(Frozen):
    """How some figure spreads over cases; of fewer than five, only the single values, smallest first."""

    count: int = Field(ge=1)
    values: tuple[float, ...] = ()
    median: float | None = None
    low: float | None = Field(default=None, description="a tenth of the cases lie below")
    high: float | None = Field(default=None, description="a tenth of the cases lie above")

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread | None:
        """Return the spread of ``values``, None for none.

        >>> Spread.of([3.0, 1.0]).values
        (1.0, 3.0)
        >>> Spread.of([1, 2, 3, 4, 5]).median
        3.0
        """
        ranked = tuple(sorted(float(value) for value in values))
        if not ranked:
            return None
        if len(ranked) < ENOUGH_CASES:
            return cls(count=len(ranked), values=ranked)
        return cls(
            count=len(ranked), median=_quantile(ranked, 0.5), low=_quantile(ranked, 0.1), high=_quantile(ranked, 0.9)
        )


def _quantile(ranked: Sequence[float], share: float) -> float:
    """Return the quantile by linear interpolation between order statistics."""
    place = share * (len(ranked) - 1)
    below = int(place)
    above = min(below + 1, len(ranked) - 1)
    return ranked[below] + (place - below) * (ranked[above] - ranked[below])


class HistorySummary(Frozen):
    """What all similar cases tell together, each figure with the number of cases that it rests on."""

    cases: int = Field(ge=0, description="similar cases found, shown or not")
    of_machine: int = Field(default=0, ge=0, description="of them on the machine itself")
    of_type: int = Field(default=0, ge=0, description="of them on other machines of its type")
    first: UtcTime | None = None
    last: UtcTime | None = None
    downtime_h: Spread | None = None
    labour_h: Spread | None = None
    cost: Spread | None = Field(default=None, description="minor units of the currency")
    currency: str = ""
    notes: tuple[str, ...] = Field(default=(), description="what is lacking, in words")

    def in_words(self) -> str:
        """Return the summary in sentences.

        >>> HistorySummary(cases=0).in_words()
        'No similar case is on record.'
        >>> print(HistorySummary(cases=2, downtime_h=Spread.of([4, 6.5]), notes=("No cost is recorded.",)).in_words())
        2 similar cases on record, none on a machine of this kind. Downtime of 2: 4.0 h, 6.5 h. No cost is recorded.
        """
        if not self.cases:
            return " ".join(("No similar case is on record.", *self.notes))
        where = [f"{self.of_machine:,} on this machine"] if self.of_machine else []
        where += (
            [f"{self.of_type:,} on {'others' if self.of_machine else 'machines'} of its kind"] if self.of_type else []
        )
        span = ""
        if self.first and self.last:
            span = f", {self.first:%Y-%m-%d} to {self.last:%Y-%m-%d}" if self.first != self.last else ""
        count = f"{self.cases:,} similar case{'s' if self.cases > 1 else ''}"
        said = [f"{count} on record{span}, {' and '.join(where) or 'none on a machine of this kind'}."]
        for name, spread in (("Downtime", self.downtime_h), ("Labour", self.labour_h)):
            if spread is not None:
                said.append(spread_text(name, spread, [f"{value:,.1f} h" for value in _shown(spread)]))
        if self.cost is not None:
            shown = [amount_text(round(value), self.currency) for value in _shown(self.cost)]
            said.append(spread_text("Cost", self.cost, shown))
        return " ".join((*said, *self.notes))


def _shown(spread: Spread) -> tuple[float, ...]:
    if spread.median is None or spread.low is None or spread.high is None:
        return spread.values
    return spread.median, spread.low, spread.high


def spread_text(name: str, spread: Spread, shown: Sequence[str]) -> str:
    """Return a spread in words; ``shown`` are its values, or median, low and high, as they are to be written."""
    if spread.median is None:
        return f"{name} of {spread.count}: {', '.join(shown)}."
    return f"{name} of {spread.count:,}: median {shown[0]}, 10 to 90 % range {shown[1]} to {shown[2]}."


def amount_text(amount: Minor, currency: str) -> str:
    """Write an amount of which the currency may not be known.

    >>> amount_text(43_100, ""), amount_text(43_100, "EUR")
    ('431.00 (currency not recorded)', '431.00 EUR')
    """
    return money_text(amount, currency) if currency else f"{money_text(amount, '').strip()} (currency not recorded)"
