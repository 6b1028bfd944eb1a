"""How people write the declared units: the spellings that files, mappings and headers use for each of them."""

from __future__ import annotations

import unicodedata
from difflib import get_close_matches

from .units import UNITS

# fmt: off
# Spellings whose case matters; the rest is compared in lower case.
_EXACT = {"C": "degC", "F": "degF", "R": "degR", "G": "g", "-": "1"}
SPELLINGS: dict[str, str] = {
    "°c": "degC", "ºc": "degC", "degc": "degC", "deg_c": "degC", "celsius": "degC", "gradc": "degC",
    "°f": "degF", "ºf": "degF", "degf": "degF", "deg_f": "degF", "fahrenheit": "degF", "kelvin": "K", "degk": "K",
    "mm/sec": "mm/s", "mm_s": "mm/s", "mms": "mm/s", "mmps": "mm/s", "mm/s_rms": "mm/s", "mm/srms": "mm/s",
    "mms-1": "mm/s", "in_s": "in/s", "in/sec": "in/s", "ips": "in/s",
    "amp": "A", "amps": "A", "ampere": "A", "kw": "kW", "watt": "W", "watts": "W", "hp": "hp",
    "bar": "bar", "mbar": "mbar", "kpa": "kPa", "psi": "psi",
    "m3_h": "m3/h", "m3h": "m3/h", "m3/hr": "m3/h", "m^3/h": "m3/h", "cbm/h": "m3/h", "m3/h": "m3/h",
    "l_min": "l/min", "lpm": "l/min", "l/min": "l/min", "ltr/min": "l/min", "l_s": "l/s", "l/s": "l/s", "l/sec": "l/s",
    "kg_s": "kg/s", "kg/s": "kg/s", "kg/sec": "kg/s",
    "rpm": "rpm", "1/min": "rpm", "u/min": "rpm", "upm": "rpm", "min-1": "rpm", "min^-1": "rpm", "r/min": "rpm",
    "rev/min": "rpm", "hz": "Hz", "1/s": "Hz", "m_s": "m/s", "m/sec": "m/s",
    "volt": "V", "volts": "V", "kv": "kV", "pct": "%", "percent": "%", "prozent": "%", "%rh": "%", "%rf": "%",
    "kwh": "kWh", "kvarh": "kVarh", "nm": "Nm", "n*m": "Nm", "kn": "kN", "um": "um", "micron": "um", "microns": "um",
    "ppm": "ppm", "sec": "s", "sek": "s", "seconds": "s", "hr": "h", "hrs": "h", "hours": "h",
    "minutes": "min", "mg_l": "mg/l", "db": "dB", "w_m2": "W/m2", "w/m2": "W/m2",
}
# fmt: on


def declared_unit(text: str) -> str | None:
    """Return the declared unit that ``text`` is a spelling of, or None.

    >>> [declared_unit(text) for text in ("1/min", "°C", "m³/h", "mm/sec", "RPM", "min⁻¹", "furlong")]
    ['rpm', 'degC', 'm3/h', 'mm/s', 'rpm', 'rpm', None]
    """
    plain = _plain(text)
    if plain in UNITS:
        return plain
    return _EXACT.get(plain) or SPELLINGS.get(plain.lower())


def nearest_unit(text: str) -> str:
    """Return ``"; did you mean 'x'?"`` for the declared unit that ``text`` looks most like, or an empty text.

    >>> nearest_unit("degCC"), nearest_unit("furlong")
    ("; did you mean 'degC'?", '')
    """
    known = {unit.lower(): unit for unit in UNITS} | SPELLINGS
    close = get_close_matches(_plain(text).lower(), list(known), n=1, cutoff=0.6)
    return f"; did you mean {known[close[0]]!r}?" if close else ""


def _plain(text: str) -> str:
    """Write superscripts, the micro sign and the minus sign in ASCII, and leave out blanks."""
    signs = str.maketrans({"μ": "u", "−": "-", "·": "", "⋅": ""})
    return "".join(unicodedata.normalize("NFKC", text).translate(signs).split())
