"""Normal and physical ranges of a sensor from readings alone."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from workbench.domain.units import Quantity, conversion

_LOW, _HIGH = 0.005, 0.995
_WIDEN = 0.25
_FAR = 10.0
_ABSOLUTE_ZERO_C = -273.15


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
    ten spreads of the whole record beyond that, but no vibration below 0 and no temperature below absolute zero,
    so that failures still fit and sentinels such as -9999 do not. ``share``: a status, or its mean over an interval,
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
    if quantity is Quantity.VIBRATION_VELOCITY and whole_low >= 0:
        physical_low = 0.0
    if float(known.min()) >= 0:  # never seen below zero: the widening does not lead there either
        normal_low = max(normal_low, 0.0)
    if unit == "%" and float(known.max()) <= 100.0:
        normal_high = min(normal_high, 100.0)
    if share:
        normal_low, normal_high, physical_low, physical_high = 0.0, 1.0, -0.1, 1.1
    normal_low, normal_high = max(normal_low, physical_low), min(normal_high, physical_high)
    rounded = [_rounded(value) for value in (normal_low, normal_high, physical_low, physical_high)]
    return ObservedRanges(rounded[0], rounded[1], min(rounded[2], rounded[0]), max(rounded[3], rounded[1]), flat)


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
