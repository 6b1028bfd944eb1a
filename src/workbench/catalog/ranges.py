"""Normal and physical ranges of a sensor from readings alone."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from workbench.domain.equipment import Limits
from workbench.domain.units import Quantity, conversion

_LOW, _HIGH = 0.005, 0.995
_WIDEN = 0.25
_FAR = 10.0
_ABSOLUTE_ZERO_C = -273.15
_NEVER_NEGATIVE = {Quantity.SPEED, Quantity.FLOW, Quantity.POWER, Quantity.CURRENT, Quantity.VIBRATION_VELOCITY}
_NEVER_NEGATIVE_UNITS = {"%", "kWh", "kVarh", "t", "ppm", "s", "h", "min", "mg/l", "W/m2", "ISO4406"}
# Readings so little below 0, as a share of the highest, are noise of a sensor that shows nothing.
_NOISE = 0.1
_RARE = 0.001
_LEAST_FOR_LIMITS = 100
_LOSS_IS_A_FAULT = {Quantity.PRESSURE, Quantity.FLOW, Quantity.SPEED}
_ROOM = 0.02


@dataclass(frozen=True)
class ObservedRanges:
    """Ranges in the sensor's unit; ``flat`` says that the healthy readings hardly vary."""

    normal_low: float
    normal_high: float
    physical_low: float
    physical_high: float
    flat: bool


def observed_ranges(
    values: pd.Series, healthy: pd.Series, *, quantity: Quantity, unit: str, share: bool = False
) -> ObservedRanges:
    """Return the ranges of a sensor from all its ``values`` and those of its ``healthy`` beginning.

    Normal: the 0.5 % to 99.5 % quantiles of the healthy readings, widened by a quarter of their spread. Physical:
    ten spreads of the whole record beyond that, but no temperature below absolute zero, and what cannot be negative
    not below 0 unless the readings are, so that failures still fit and sentinels such as -9999 do not. ``share``: a status, or its mean over an interval,
    which lies between 0 and 1.
    """
    known = values.dropna()
    base = healthy.dropna() if healthy.notna().any() else known
    low, high = float(base.quantile(_LOW)), float(base.quantile(_HIGH))
    whole_low, whole_high = float(known.quantile(_LOW)), float(known.quantile(_HIGH))
    whole = max(whole_high - whole_low, 0.1 * abs(float(known.median())), 1e-6)
    flat = high - low <= 1e-3 * whole
    margin = 0.05 * whole if flat else _WIDEN * (high - low)
    normal_low, normal_high = low - margin, high + margin
    physical_low = min(normal_low, whole_low) - _FAR * whole
    physical_high = max(normal_high, whole_high) + _FAR * whole
    if quantity is Quantity.TEMPERATURE:
        factor, offset = conversion("degC", unit)
        physical_low = max(physical_low, _ABSOLUTE_ZERO_C * factor + offset)
    if quantity in _NEVER_NEGATIVE or unit in _NEVER_NEGATIVE_UNITS:
        normal_low, physical_low = _not_below_zero(known[known >= whole_low - whole], whole, normal_low, physical_low)
    if float(known.min()) >= 0:  # never seen below zero: the widening does not lead there either
        normal_low = max(normal_low, 0.0)
    if unit == "%" and float(known.max()) <= 100.0:
        normal_high = min(normal_high, 100.0)
    if share:
        normal_low, normal_high, physical_low, physical_high = 0.0, 1.0, -0.1, 1.1
    normal_low, normal_high = max(normal_low, physical_low), min(normal_high, physical_high)
    rounded = [_rounded(value) for value in (normal_low, normal_high, physical_low, physical_high)]
    return ObservedRanges(rounded[0], rounded[1], min(rounded[2], rounded[0]), max(rounded[3], rounded[1]), flat)


def baseline_limits(healthy: pd.Series, ranges: ObservedRanges, *, quantity: Quantity) -> Limits | None:
    """Return warning limits of mean and three standard deviations of the ``healthy`` readings, marked "no standard".

    Never tighter than what one healthy reading in a thousand reaches, so that skewed signals do not warn all the
    time; a low limit only for quantities whose loss is a fault. None for flat signals and plain numbers.
    """
    base = healthy.dropna()
    if quantity is Quantity.OTHER or ranges.flat or len(base) < _LEAST_FOR_LIMITS:
        return None
    mean, spread = float(base.mean()), float(base.std())
    high = max(mean + 3 * spread, float(base.quantile(1 - _RARE)))
    low = min(mean - 3 * spread, float(base.quantile(_RARE)))
    low = max(low, ranges.physical_low)
    return Limits(
        warning_low=_rounded(low) if quantity in _LOSS_IS_A_FAULT and low > 0 else None,
        warning_high=_rounded(min(high, ranges.physical_high)),
        source="mean and 3 standard deviations of the first 30 % of the readings",
    )


def _not_below_zero(seen: pd.Series, spread: float, normal_low: float, physical_low: float) -> tuple[float, float]:
    """Return the two low ends, not below 0 but for the noise that was ``seen``; a sensor of both signs keeps them."""
    lowest = float(seen.min())
    if lowest >= 0:
        return max(normal_low, 0.0), max(physical_low, 0.0)
    if lowest > -_NOISE * float(seen.max()):
        return max(normal_low, lowest), max(physical_low, lowest - _ROOM * spread)
    return normal_low, physical_low


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
