"""Guesses what a file's column measures from its name: sensor name, quantity, unit and role."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from workbench.domain.equipment import SensorRole
from workbench.domain.observations import STANDARD_COLUMNS
from workbench.domain.unit_spellings import declared_unit, nearest_unit
from workbench.domain.units import Quantity, quantity_of

_BRACKET = re.compile(r"[\[(]\s*([^\])]+?)\s*[\])]\s*$")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
_STATISTICS = {"mean", "avg", "average", "max", "min", "std", "median", "last"}
_STATUS = {"status", "signal", "switch", "alarm", "flag", "state", "id", "counter", "count", "digital", "enabled", "on"}
_LABELS = {"failure", "machine_failure", "is_failure", "fault", "is_fault", "in_window", "remaining_useful_life"}
_LABEL_WORDS = {"label", "labels", "rul", "anomaly", "changepoint"}
_OPERATING = {"ambient", "outdoor", "outside", "setpoint", "setting", "reference", "demand", "irradiance", "load"}
# Words of a name without a unit, and the unit then assumed.
_WORDS = (
    (("power_factor", "humidity", "duty", "efficiency", "load"), "%"),
    (("temp", "temperature", "temperatur", "tmp", "thermocouple"), "degC"),
    (("vib", "vibration", "schwingung"), "mm/s"),
    (("acceleration", "accelerometer"), "g"),
    (("volt", "voltage", "spannung"), "V"),
    (("current", "amperage", "strom", "motorstrom"), "A"),
    (("energy", "consumption", "usage"), "kWh"),
    (("power", "leistung"), "kW"),
    (("pressure", "press", "druck"), "bar"),
    (("flow", "durchfluss"), "m3/h"),
    (("torque", "drehmoment"), "Nm"),
    (("rotate", "rotation", "rotational", "speed", "drehzahl"), "rpm"),
)


@dataclass(frozen=True)
class ColumnGuess:
    """What a column seems to measure; ``assumed`` says that the name gives no unit that is declared.

    ``strange`` is then what it gives instead, in words, if it gives anything in brackets.
    """

    sensor: str
    quantity: Quantity
    unit: str
    role: SensorRole
    assumed: bool
    is_status: bool
    strange: str = ""


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
    return ColumnGuess(sensor_name(name), quantity_of(unit), unit, role, assumed, is_status, _strange_unit(name))


def is_label(name: str) -> bool:
    """Say whether a column seems to hold labels, which must never be read as a sensor."""
    found = words(name)
    return "_".join(found) in _LABELS or bool(_LABEL_WORDS & set(found))


def plain_text(name: str) -> str:
    """Return ``name`` in ASCII: umlauts written out, accents dropped, other signs as blanks.

    >>> plain_text("Füllstand Öl, Größe °C"), plain_text("Débit m³/h")
    ('Fuellstand Oel, Groesse  C', 'Debit m3/h')
    """
    written = name.translate(_UMLAUTS)
    parts = unicodedata.normalize("NFKD", written)
    return "".join(sign if sign.isascii() else " " for sign in parts if not unicodedata.combining(sign))


def sensor_name(column: str) -> str:
    """Return ``column`` as a valid sensor name.

    >>> sensor_name("CO2(tCO2)"), sensor_name("Füllstand [%]")
    ('CO2_tCO2', 'Fuellstand')
    >>> sensor_name("3. Lager °C")
    's_3_Lager_C'
    """
    plain = re.sub(r"[^A-Za-z0-9]+", "_", plain_text(column)).strip("_") or "sensor"
    if not plain[0].isalpha():
        plain = f"s_{plain}"
    if plain in (*STANDARD_COLUMNS, "time", "machine_id"):
        plain = f"{plain}_reading"
    return plain[:60].rstrip("_")


def _written_unit(name: str) -> str | None:
    """Return the unit that a name states: in brackets, or as its last words."""
    bracket = _BRACKET.search(name)
    if bracket:
        return declared_unit(bracket[1]) or declared_unit(re.sub(r"[^\w%°µ]+", "_", bracket[1]).strip("_"))
    parts = [part for part in re.split(r"[\s_.\-]+", name) if part]
    while len(parts) > 1 and parts[-1].lower() in _STATISTICS:
        parts.pop()
    for length in (2, 1):
        last = "_".join(parts[-length:])
        # "min" at the end of a name is a minimum more often than minutes.
        if len(parts) > length and last != "min" and (unit := declared_unit(last)):
            return unit
    return None


def _strange_unit(name: str) -> str:
    bracket = re.search(r"\[\s*([^\]]+?)\s*\]\s*$", name)
    if bracket is None or _written_unit(name):
        return ""
    return f"{bracket[1]!r} in its name is no declared unit{nearest_unit(bracket[1])}"


def _assumed_unit(found: list[str]) -> str:
    joined = "_".join(found)
    for spellings, unit in _WORDS:
        if any(spelling in found or ("_" in spelling and spelling in joined) for spelling in spellings):
            return unit
    return "1"
