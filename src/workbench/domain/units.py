"""The units a sensor may be declared in, the quantity each measures, and how to convert between them."""

from __future__ import annotations

from enum import StrEnum


class Quantity(StrEnum):
    """Canonical quantities; models of a whole fleet compare machines by these."""

    TEMPERATURE = "temperature"
    VIBRATION_VELOCITY = "vibration_velocity"
    CURRENT = "current"
    POWER = "power"
    PRESSURE = "pressure"
    FLOW = "flow"
    SPEED = "speed"
    OTHER = "other"


# unit: (quantity, factor, offset), value_in_base = value * factor + offset
_T, _V, _I, _P = Quantity.TEMPERATURE, Quantity.VIBRATION_VELOCITY, Quantity.CURRENT, Quantity.POWER
_R, _F, _S, _O = Quantity.PRESSURE, Quantity.FLOW, Quantity.SPEED, Quantity.OTHER
UNITS: dict[str, tuple[Quantity, float, float]] = {
    "degC": (_T, 1.0, 0.0),
    "K": (_T, 1.0, -273.15),
    "degF": (_T, 5 / 9, -160 / 9),
    "degR": (_T, 5 / 9, -273.15),
    "mm/s": (_V, 1.0, 0.0),
    "in/s": (_V, 25.4, 0.0),
    "A": (_I, 1.0, 0.0),
    "mA": (_I, 0.001, 0.0),
    "kW": (_P, 1.0, 0.0),
    "W": (_P, 0.001, 0.0),
    "MW": (_P, 1000.0, 0.0),
    "hp": (_P, 0.745699872, 0.0),
    "bar": (_R, 1.0, 0.0),
    "mbar": (_R, 0.001, 0.0),
    "kPa": (_R, 0.01, 0.0),
    "MPa": (_R, 10.0, 0.0),
    "Pa": (_R, 1e-5, 0.0),
    "psi": (_R, 0.0689475729, 0.0),
    "m3/h": (_F, 1.0, 0.0),
    "l/min": (_F, 0.06, 0.0),
    "l/s": (_F, 3.6, 0.0),
    "kg/s": (_F, 3.6, 0.0),
    "rpm": (_S, 1.0, 0.0),
    "Hz": (_S, 60.0, 0.0),
    "m/s": (_S, 1.0, 0.0),
    "V": (_O, 1.0, 0.0),
    "kV": (_O, 1000.0, 0.0),
    "%": (_O, 1.0, 0.0),
    "1": (_O, 1.0, 0.0),
    "kWh": (_O, 1.0, 0.0),
    "kVarh": (_O, 1.0, 0.0),
    "t": (_O, 1.0, 0.0),
    "Nm": (_O, 1.0, 0.0),
    "kN": (_O, 1.0, 0.0),
    "mm": (_O, 1.0, 0.0),
    "um": (_O, 0.001, 0.0),
    "g": (_O, 1.0, 0.0),
    "ppm": (_O, 1.0, 0.0),
    "s": (_O, 1.0, 0.0),
    "h": (_O, 3600.0, 0.0),
    "min": (_O, 60.0, 0.0),
    "mg/l": (_O, 1.0, 0.0),
    "dB": (_O, 1.0, 0.0),
    "ratio": (_O, 1.0, 0.0),
    "W/m2": (_O, 1.0, 0.0),
    "ISO4406": (_O, 1.0, 0.0),
}

# Units that may be turned into each other although their shared quantity is OTHER or SPEED.
_SAME_DIMENSION = (
    {"V", "kV"},
    {"mm", "um"},
    {"s", "min", "h"},
    {"rpm", "Hz"},
    {"%"},
)


def quantity_of(unit: str) -> Quantity:
    """Return the quantity that ``unit`` measures; raises ``KeyError`` for an undeclared unit."""
    return UNITS[unit][0]


def convertible(source: str, target: str) -> bool:
    """Say whether values in ``source`` can be turned into ``target``."""
    if source == target:
        return source in UNITS
    if source not in UNITS or target not in UNITS or UNITS[source][0] != UNITS[target][0]:
        return False
    if UNITS[source][0] in (Quantity.OTHER, Quantity.SPEED):
        return any({source, target} <= group for group in _SAME_DIMENSION)
    return True


def conversion(source: str, target: str) -> tuple[float, float]:
    """Return ``(factor, offset)`` with value_in_target = value * factor + offset.

    Raises ``ValueError`` when the two units measure different things.

    >>> factor, offset = conversion("degF", "degC")
    >>> round(212 * factor + offset, 6)
    100.0
    """
    if not convertible(source, target):
        raise ValueError(f"unit {source!r} cannot be converted to {target!r}")
    _, factor_in, offset_in = UNITS[source]
    _, factor_out, offset_out = UNITS[target]
    return factor_in / factor_out, (offset_in - offset_out) / factor_out


def span_text(hours: float) -> str:
    """Return a span of calendar time as people say it: days from two days on, hours below.

    >>> span_text(168), span_text(201.6), span_text(36)
    ('7 days', '8.4 days', '36 h')
    """
    if hours < 48:
        return f"{hours:.0f} h" if hours >= 10 else f"{hours:.2g} h"
    return f"{hours / 24:.2g} days" if hours < 2400 else f"{hours / 24:,.0f} days"
