"""Guesses what a file's column measures from its name: sensor name, quantity, unit and role."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workbench.domain.equipment import SensorRole
from workbench.domain.observations import STANDARD_COLUMNS
from workbench.domain.units import UNITS, Quantity, quantity_of

# fmt: off
# Spellings whose case matters come first; the rest is compared in lower case.
_EXACT_UNITS = {
    "C": "degC", "K": "K", "F": "degF", "R": "degR", "A": "A", "V": "V", "W": "W", "MW": "MW", "g": "g", "G": "g",
    "s": "s", "h": "h", "t": "t", "Pa": "Pa", "MPa": "MPa", "mA": "mA", "Hz": "Hz", "mm": "mm",
}
_UNITS = {
    "degc": "degC", "celsius": "degC", "°c": "degC", "degf": "degF", "fahrenheit": "degF", "°f": "degF",
    "kelvin": "K", "mm_s": "mm/s", "mms": "mm/s", "mmps": "mm/s", "in_s": "in/s", "ips": "in/s", "amp": "A",
    "amps": "A", "ampere": "A", "kw": "kW", "watt": "W", "watts": "W", "hp": "hp", "bar": "bar", "mbar": "mbar",
    "kpa": "kPa", "psi": "psi", "m3_h": "m3/h", "m3h": "m3/h", "l_min": "l/min", "lpm": "l/min", "l_s": "l/s",
    "kg_s": "kg/s", "rpm": "rpm", "hz": "Hz", "m_s": "m/s", "volt": "V", "volts": "V", "kv": "kV", "pct": "%",
    "percent": "%", "%": "%", "kwh": "kWh", "kvarh": "kVarh", "nm": "Nm", "kn": "kN", "um": "um", "µm": "um",
    "ppm": "ppm", "sec": "s", "seconds": "s", "hours": "h", "mg_l": "mg/l", "db": "dB", "w_m2": "W/m2",
}
# fmt: on
_STATISTICS = {"mean", "avg", "average", "max", "min", "std", "median", "last"}
_STATUS = {"status", "signal", "switch", "alarm", "flag", "state", "id", "counter", "count", "digital", "enabled", "on"}
_LABELS = {"failure", "machine_failure", "is_failure", "fault", "is_fault", "in_window", "remaining_useful_life"}
_LABEL_WORDS = {"label", "labels", "rul", "anomaly", "changepoint"}
_MACHINES = {"machine", "machine_id", "machineid", "unit_id", "asset", "asset_id", "equipment_id", "machine_name"}
_OPERATING = {"ambient", "outdoor", "outside", "setpoint", "setting", "reference", "demand", "irradiance", "load"}
# Words of a name without a unit, and the unit then assumed.
_WORDS = (
    (("power_factor", "humidity", "duty", "efficiency", "load"), "%"),
    (("temp", "temperature", "tmp", "thermocouple"), "degC"),
    (("vib", "vibration"), "mm/s"),
    (("acceleration", "accelerometer"), "g"),
    (("volt", "voltage"), "V"),
    (("current", "amperage"), "A"),
    (("energy", "consumption", "usage"), "kWh"),
    (("power",), "kW"),
    (("pressure", "press"), "bar"),
    (("flow",), "m3/h"),
    (("torque",), "Nm"),
    (("rotate", "rotation", "rotational", "speed"), "rpm"),
)


@dataclass(frozen=True)
class ColumnGuess:
    """What a column seems to measure; ``assumed`` says that the name gives no unit."""

    sensor: str
    quantity: Quantity
    unit: str
    role: SensorRole
    assumed: bool
    is_status: bool


def words(name: str) -> list[str]:
    """Split a name into lower-case words at separators, digits and changes of case.

    >>> words("Oil_Temperature_C")
    ['oil', 'temperature', 'c']
    >>> words("Accelerometer1RMS"), words("machineID")
    (['accelerometer', '1', 'rms'], ['machine', 'id'])
    """
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return [word.lower() for word in re.findall(r"[^\W\d_]+|\d+|%", parted)]


def guess_column(name: str) -> ColumnGuess:
    """Guess from ``name`` alone what a column measures.

    >>> guess = guess_column("Air temperature [K]")
    >>> guess.sensor, guess.quantity.value, guess.unit, guess.assumed
    ('Air_temperature_K', 'temperature', 'K', False)
    >>> guess_column("vibration_rms_mm_s").unit
    'mm/s'
    """
    found = words(name)
    unit = _written_unit(name)
    is_status = unit is None and bool(_STATUS & set(found))
    assumed = unit is None and not is_status
    if unit is None:
        unit = "1" if is_status else _assumed_unit(found)
    operating = bool(_OPERATING & set(found)) or {"set", "point"} <= set(found)
    role = SensorRole.OPERATING if operating and not is_status else SensorRole.INDICATOR
    return ColumnGuess(sensor_name(name), quantity_of(unit), unit, role, assumed, is_status)


def is_label(name: str) -> bool:
    """Say whether a column seems to hold labels, which must never be read as a sensor."""
    found = words(name)
    return "_".join(found) in _LABELS or bool(_LABEL_WORDS & set(found))


def is_machine_column(name: str) -> bool:
    """Say whether a column seems to name the machine."""
    return "_".join(words(name)) in _MACHINES


def sensor_name(column: str) -> str:
    """Return ``column`` as a valid sensor name.

    >>> sensor_name("CO2(tCO2)")
    'CO2_tCO2'
    >>> sensor_name("3. Lager °C")
    's_3_Lager_C'
    """
    plain = re.sub(r"[^A-Za-z0-9]+", "_", column).strip("_") or "sensor"
    if not plain[0].isalpha():
        plain = f"s_{plain}"
    if plain in (*STANDARD_COLUMNS, "time", "machine_id"):
        plain = f"{plain}_reading"
    return plain[:60].rstrip("_")


def _written_unit(name: str) -> str | None:
    """Return the unit that a name states: in brackets, or as its last words."""
    bracket = re.search(r"[\[(]\s*([^\])]+?)\s*[\])]\s*$", name)
    if bracket:
        return (
            ("min" if bracket[1] == "min" else None)
            or _unit(bracket[1])
            or _unit(re.sub(r"[^\w%°µ]+", "_", bracket[1]).strip("_"))
        )
    parts = [part for part in re.split(r"[\s_.\-]+", name) if part]
    while len(parts) > 1 and parts[-1].lower() in _STATISTICS:
        parts.pop()
    for length in (2, 1):
        if len(parts) > length and (unit := _unit("_".join(parts[-length:]))):
            return unit
    return None


def _unit(text: str) -> str | None:
    if text in UNITS and text != "min":  # "min" at the end of a name is a minimum more often than minutes
        return text
    return _EXACT_UNITS.get(text) or _UNITS.get(text.lower())


def _assumed_unit(found: list[str]) -> str:
    joined = "_".join(found)
    for spellings, unit in _WORDS:
        if any(spelling in found or ("_" in spelling and spelling in joined) for spelling in spellings):
            return unit
    return "1"
