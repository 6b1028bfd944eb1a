"""The units a sensor may be declared in, the quantity each measures, how to convert and how to write them."""

from __future__ import annotations

import math
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


def number_text(value: float) -> str:
    """Return a measured number with as many digits as are worth reading and thousands apart, never as a power of ten.

    >>> number_text(16121.7), number_text(326.08), number_text(61.49), number_text(0.8893), number_text(0.03701)
    ('16,122', '326.1', '61.5', '0.89', '0.0370')
    >>> number_text(280), number_text(-0.0), number_text(-0.000021)
    ('280.0', '0.00', '-0.0000210')
    """
    if not math.isfinite(value):
        return f"{value:g}"
    size = abs(value)
    digits = (
        0 if size >= 1000 else 1 if size >= 10 else 2 if size >= 0.1 or not size else 2 - math.floor(math.log10(size))
    )
    return f"{value + 0.0:,.{digits}f}"


def limit_text(value: float) -> str:
    """Return a number that somebody set, such as a limit, with its digits, at most six of them.

    >>> limit_text(12.48), limit_text(16000), limit_text(1_250_000), limit_text(12.4827364)
    ('12.48', '16,000', '1,250,000', '12.4827')
    """
    return f"{float(f'{value:.6g}'):,.10g}"


def against_limit(value: float, limit: float) -> str:
    """Return a measured number with as many digits as show on which side of ``limit`` it lies.

    >>> against_limit(2.831, 2.5), against_limit(2.503, 2.5), against_limit(12.52, 12.51)
    ('2.83', '2.503', '12.52')
    """
    text = number_text(value)
    shown = float(text.replace(",", ""))
    return text if (shown > limit, shown < limit) == (value > limit, value < limit) else limit_text(value)


def unit_text(unit: str) -> str:
    """Return a unit as it follows a number; nothing for a pure number.

    >>> "7" + unit_text("bar"), "7" + unit_text("1")
    ('7 bar', '7')
    """
    return "" if unit in ("", "1") else f" {unit}"
