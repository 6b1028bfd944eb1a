"""When sites and machines stand by plan, so that work can be done without stopping production."""

from __future__ import annotations

from pydantic import Field, model_validator

from .base import Frozen, MachineId, Name, Text, UtcTime

# What a stop without a title of its own is called.
UNTITLED_STOP = "planned stop"


class PlannedStop(Frozen):
    """A time in which a site, or one machine of it, stands by plan."""

    stop_id: str = Field(min_length=1, max_length=200)
    site_id: Name
    machine_id: MachineId | None = Field(default=None, description="None: the whole site")
    starts_at: UtcTime
    ends_at: UtcTime
    title: Text = UNTITLED_STOP

    @model_validator(mode="after")
    def _ordered(self) -> PlannedStop:
        if self.ends_at <= self.starts_at:
            raise ValueError(f"the stop ends at {self.ends_at:%Y-%m-%d %H:%M}, not after its start")
        return self

    def concerns(self, machine_id: str) -> bool:
        """Say whether the machine stands in this stop; for machines of its site."""
        return self.machine_id in (None, machine_id)
