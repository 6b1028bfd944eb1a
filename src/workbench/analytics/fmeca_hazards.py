"""What a failure mode may do to people and the environment, from its ISO 14224 code and the machine's energy sources (Z2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workbench.domain.equipment import FailureMode, MachineProfile

SAFETY_RANK, ENVIRONMENT_RANK = 9, 7
HIGH_PRESSURE_BAR, HIGH_VOLTAGE_V, DC_ARC_V = 100.0, 1_000.0, 120.0

_LEAKS_OUT = {"ELP", "ELU"}
_HOLDS_A_LOAD = {"INL", "ELU", "BRD", "STD"}
_ARCS = {"BRD", "OHE", "SHC"}
_POLLUTES = re.compile(r"refrigerant|ammonia|oil|hydraulic|fuel", re.IGNORECASE)


@dataclass(frozen=True)
class Hazard:
    """A possible harm, with the severity rank that it calls for at least."""

    rank: int
    words: str


def hazards_of(mode: FailureMode, profile: MachineProfile) -> tuple[Hazard, ...]:
    """Return the harm that ``mode`` may do: a first screening that a person has to check (IEC 60812, IEC 60300-3-11).

    * leakage outwards (ELP, ELU): at 100 bar or more it injures; refrigerant, oil or fuel harms the environment;
    * loss of hydraulic pressure, or a break, under a load held up against gravity: the load may sink;
    * break-down or overheating (BRD, OHE) of equipment above 1 kV, or on DC above 120 V: arc and fire.
    """
    found = []
    code, sources = mode.iso14224_code, profile.energy_sources
    hydraulic = any(source.startswith("hydraulic") for source in sources)
    for source in sources:
        kind = source.partition(":")[0].split()[0].lower()
        if code in _LEAKS_OUT and kind in ("hydraulic", "pressure", "pneumatic"):
            if _number(source, "bar") >= HIGH_PRESSURE_BAR:
                found.append(Hazard(SAFETY_RANK, f"jet under pressure ({source})"))
            elif _POLLUTES.search(source):
                found.append(Hazard(ENVIRONMENT_RANK, f"medium escapes ({source})"))
        if kind == "gravity" and hydraulic and code in _HOLDS_A_LOAD:
            found.append(Hazard(SAFETY_RANK, f"load may sink ({source})"))
        if kind == "electrical" and code in _ARCS and _arcs(source):
            found.append(Hazard(SAFETY_RANK, f"arc and fire ({source})"))
    return tuple(found)


def _arcs(source: str) -> bool:
    volts = max(1000 * _number(source, "kV"), _number(source, "V"))
    return volts >= HIGH_VOLTAGE_V or (" DC " in source and volts >= DC_ARC_V)


def _number(source: str, unit: str) -> float:
    numbers = re.findall(rf"(\d+(?:\.\d+)?) {unit}\b", source)
    return max(map(float, numbers), default=0.0)
