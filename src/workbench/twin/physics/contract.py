"""What every physical component of a twin declares and does: states, inputs, outputs, parameters, one step in time.

A component holds no values. States, inputs and parameters are given to it as arrays with one value per sample, so that one
call moves a thousand samples (or machines) by one step; parameters may also be plain numbers. States are changed in place:
they are the columns of one array of shape (samples, states).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from workbench.twin.streams import Floats

Values = Mapping[str, Floats | float]
SECONDS_PER_HOUR = 3600.0
KELVIN = 273.15
# A step in which nothing happens.
_NO_TIME_S = 1e-9


@dataclass(frozen=True)
class State:
    """A state: bounds that physics sets, and what disturbs it.

    ``noise`` is the standard deviation added per square root of an hour, in the state's unit. A ``monotone`` state
    (damage, hours) only grows: there, noise is the relative spread of an hour's growth instead.
    """

    name: str
    unit: str
    meaning: str
    low: float = float("-inf")
    high: float = float("inf")
    noise: float = 0.0
    monotone: bool = False


@dataclass(frozen=True)
class Input:
    """An input; ``start`` is its value where nothing is wired to it or its source has not spoken yet.

    ``low`` and ``high``: what it may be driven to from outside, multiples of the parameter ``of`` where that is named; most
    inputs are shares or severities. Those that every machine has (load, ambient, ...) have ``twin.run.LIMITS`` instead.
    """

    name: str
    unit: str
    meaning: str
    start: float
    low: float = 0.0
    high: float = 1.0
    of: str = ""


@dataclass(frozen=True)
class Output:
    """An output; damage-like ones run from 0 (new) to 1 (failed)."""

    name: str
    unit: str
    meaning: str


@dataclass(frozen=True)
class Event:
    """Something that happens when a state or output of the component reaches 1."""

    name: str
    progress: str
    meaning: str


@dataclass(frozen=True)
class Parameter:
    """A parameter: what physics allows, where its value comes from, and how it differs between machines of a class.

    ``spread`` is the standard deviation of its logarithm between machines (0: known exactly).
    """

    name: str
    unit: str
    meaning: str
    default: float
    low: float
    high: float
    source: str
    spread: float = 0.0


class Component(ABC):
    """A component; a subclass fills the tables and writes ``rest`` and ``advance``."""

    model: ClassVar[str]
    states: ClassVar[tuple[State, ...]] = ()
    inputs: ClassVar[tuple[Input, ...]] = ()
    outputs: ClassVar[tuple[Output, ...]] = ()
    events: ClassVar[tuple[Event, ...]] = ()
    parameters: ClassVar[tuple[Parameter, ...]] = ()

    @abstractmethod
    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:
        """Return the states of a new component settled at inputs ``u``; states left out are 0."""

    @abstractmethod
    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Move the states ``x`` (in place) by ``step_s`` seconds under constant inputs ``u``; return all outputs at its end.

        Must hold for steps from a second to a day: exact or unconditionally stable updates.
        """

    def tell(self, x: Mapping[str, Floats], u: Values, p: Values) -> dict[str, Floats | float]:
        """Return all outputs of the states ``x`` as they are, which stay so; faster where a subclass knows how."""
        return self.advance({name: values.copy() for name, values in x.items()}, u, p, _NO_TIME_S)
