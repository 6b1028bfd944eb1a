"""Key figures of a plant and its machines (A2): each with unit, interval, number of cases and where it comes from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import Frozen, MachineId, UtcTime
from .money import money_text

# Of fewer cases, weeks or machines a spread is not told.
ENOUGH_FOR_INTERVAL = 5
LEVEL = 0.95
NOT_AVAILABLE = "not available"

KpiUnit = Literal["share", "h", "kWh", "kg", "money"]


class Kpi(Frozen):
    """One key figure. A ``share`` is 0 to 1; ``money`` is in minor units of the period's currency.

    >>> mtbf = Kpi(name="mtbf_h", title="MTBF", value=1234.5, unit="h", interval=(800, 2100), n=9, n_of="failures", source="states")
    >>> mtbf.value_text(), mtbf.interval_text()
    ('1,234 h', '800 to 2,100 h')
    >>> Kpi(name="oee", title="OEE", value=None, unit="share", n=0, n_of="machines", source="states", lacks="no counts").value_text()
    'not available'
    """

    name: str
    title: str
    value: float | None = Field(description="None: not available, and ``lacks`` says why")
    unit: KpiUnit
    interval: tuple[float, float | None] | None = Field(
        default=None, description="95 %, two-sided; an open end (None) makes it a one-sided lower bound"
    )
    n: int = Field(ge=0, description="how many cases it rests on")
    n_of: str = Field(description="what is counted in n")
    source: str = Field(description="how it was computed and from what, in words")
    lacks: str = Field(default="", description="why there is no value or no interval; empty: nothing lacks")

    def value_text(self, currency: str = "") -> str:
        """Return the value with its unit as people read it, a bound alone as ``over ...``."""
        if self.value is not None:
            return _amount(self.value, self.unit, currency)
        if self.interval is not None and self.interval[1] is None:
            return f"over {_amount(self.interval[0], self.unit, currency)}"
        return NOT_AVAILABLE

    def interval_text(self, currency: str = "") -> str:
        """Return the interval as people read it; empty where there is none."""
        if self.interval is None or self.interval[1] is None:
            return ""
        exact = self.unit in ("money", "share")
        low, high = (
            _amount(end if exact else float(f"{end:.3g}"), self.unit, currency)
            for end in self.interval
            if end is not None
        )
        unit = low.rpartition(" ")[2]
        return f"{low.removesuffix(f' {unit}') if high.endswith(f' {unit}') else low} to {high}"


def _amount(value: float, unit: KpiUnit, currency: str) -> str:
    if unit == "money":
        return money_text(round(value), currency)
    if unit == "share":
        # 99.97 % is not 100 %.
        return f"{100 * value:.{2 if 0.9995 <= value < 1 else 1}f} %"
    large: dict[str, str] = {"kWh": "MWh", "kg": "t"}
    if unit in large and abs(value) >= 10_000:
        return f"{_rounded(value / 1000)} {large[unit]}"
    return f"{_rounded(value)} {unit}"


def _rounded(value: float) -> str:
    return f"{value:,.{0 if abs(value) >= 100 else 1}f}"


class SkillBacklog(Frozen):
    """Open work that one skill has before it."""

    skill: str = Field(description="empty: work that takes none, or none that is known")
    orders: int = Field(ge=0)
    hours: float = Field(ge=0, description="labour, all people together")
    technicians: int = Field(ge=0, description="people who have the skill; without one, all")
    technician_weeks: float | None = Field(description="hours over what one of them works in a week; None: nobody")
    weeks: float | None = Field(description="until it is done if they do nothing else; None: nobody has the skill")


class MachineKpis(Frozen):
    """Key figures of one machine."""

    machine_id: MachineId
    title: str
    site_id: str
    figures: tuple[Kpi, ...]

    def figure(self, name: str) -> Kpi:
        """Return the figure called ``name``; raises ``KeyError``."""
        return _find(self.figures, name)


class PlantKpis(Frozen):
    """Key figures of some machines together over a period, of each of them, and the work before the people."""

    start: UtcTime
    end: UtcTime
    currency: str
    figures: tuple[Kpi, ...]
    machines: tuple[MachineKpis, ...]
    backlog: tuple[SkillBacklog, ...] = ()
    simulated: bool = False

    def figure(self, name: str) -> Kpi:
        """Return the figure called ``name`` of all machines together; raises ``KeyError``."""
        return _find(self.figures, name)

    def machine(self, machine_id: str) -> MachineKpis:
        """Return the figures of one machine; raises ``KeyError``."""
        for one in self.machines:
            if one.machine_id == machine_id:
                return one
        raise KeyError(machine_id)


def _find(figures: tuple[Kpi, ...], name: str) -> Kpi:
    for figure in figures:
        if figure.name == name:
            return figure
    raise KeyError(name)
