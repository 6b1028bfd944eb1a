"""What a machine's digital twin is made of: physical components, how they are wired, what its sensors and modes read."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import Frozen, Name, SensorName, Text

# Signals that come from outside the machine in every step, and their value when nobody says otherwise.
OUTSIDE: dict[str, float] = {"load": 0.7, "ambient_C": 20.0, "running": 1.0, "cooling": 1.0, "wear": 1.0}


class ComponentUse(Frozen):
    """One component of a machine: its model, its parameters, and where its inputs come from."""

    model: Name = Field(description="name of a component of `workbench.twin.physics`")
    parameters: dict[str, float | str] = Field(
        default={},
        description="values in the unit that the component declares, or 'rated.NAME' for one of the name plate",
    )
    inputs: dict[str, str] = Field(
        default={}, description="input: 'component.output', or an outside signal such as load"
    )


class SensorSignal(Frozen):
    """What a sensor reads: gain times a signal plus an offset, in the sensor's unit."""

    signal: str = Field(description="'component.output', or an outside signal")
    gain: float = 1.0
    offset: float = 0.0


class ModePhysics(Frozen):
    """Where the twin keeps the damage of a failure mode, 0 new to 1 failed."""

    damage: str = Field(description="'component.state' or 'component.output' that is 1 at failure")
    factor: Literal["thermal", "wear", "electrical"] = Field(
        description="factor of the twin's health that it counts in"
    )
    detectability: int = Field(
        ge=1, le=10, description="detection rank after IEC 60812: 1 almost surely seen before failure, 10 not"
    )


class Trip(Frozen):
    """A protective device: it stops the machine when its signal reaches a level."""

    signal: str = Field(description="'component.output'")
    above: float
    title: Text


class TwinComposition(Frozen):
    """A machine as components; they act in the order in which they stand here."""

    components: dict[Name, ComponentUse] = Field(min_length=1)
    sensors: dict[SensorName, SensorSignal]
    modes: dict[Name, ModePhysics]
    trips: dict[Name, Trip] = {}
