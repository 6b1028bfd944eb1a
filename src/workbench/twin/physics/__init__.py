"""Physical components of which twins are composed; each is found by the name that profiles use."""

from __future__ import annotations

from workbench.errors import InputError

from . import (
    bearing,
    centrifugal_pump,
    chiller,
    compressor,
    conveyor,
    fan,
    gears,
    generic,
    hydraulics,
    insulation,
    machine_state,
    machining,
    motor,
    protection,
    pump,
    robot,
    solar,
    transformer,
    turbofan,
    vibration,
)
from .contract import Component

_MODULES = (
    generic,
    centrifugal_pump,
    bearing,
    vibration,
    machine_state,
    motor,
    insulation,
    protection,
    transformer,
    pump,
    gears,
    conveyor,
    fan,
    machining,
    robot,
    compressor,
    chiller,
    hydraulics,
    turbofan,
    solar,
)
COMPONENTS: dict[str, Component] = {kind.model: kind() for module in _MODULES for kind in module.COMPONENTS}


def component(model: str) -> Component:
    """Return the component of this name; raises ``InputError`` that names all."""
    if model not in COMPONENTS:
        raise InputError(f"There is no component {model!r}.", f"Use one of: {', '.join(sorted(COMPONENTS))}.")
    return COMPONENTS[model]


__all__ = ["COMPONENTS", "Component", "component"]
