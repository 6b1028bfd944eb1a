"""What an engine says of a machine, for people: titles for its names, units as they are printed, times of its site."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from workbench.domain.equipment import MachineProfile, Site

from .wording import site_time, zone_of

_UNITS = {
    "degC": "°C",
    "degF": "°F",
    "degR": "°R",
    "m3/h": "m³/h",
    "W/m2": "W/m²",
    "um": "µm",
    "1": "",
    "ratio": "",
    "ISO4406": "ISO 4406",
}
_BRACKETS = str.maketrans("", "", "[]()")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SAID = re.compile(
    rf"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?(\d{{1,2}}) ({'|'.join(_MONTHS)})(?: (\d{{4}}))? (\d\d):(\d\d) UTC"
)
_ISO = re.compile(r"([12]\d{3})-(0[1-9]|1[0-2])-(\d\d) (\d\d):(\d\d) UTC")


def plain(words: str, profile: MachineProfile | None, site: Site | None, near: datetime) -> str:
    """Return what an engine wrote of a machine with its names for people, printed units, and times of its site."""
    return readable(in_site_time(words, site, near), profile)


def readable(words: str, profile: MachineProfile | None) -> str:
    """Return a sentence of the engines for people: titles for names of sensors and failure modes, printed units."""
    titles: dict[str, str] = {}
    for sensor in profile.sensors if profile else ():
        titles[sensor.name.lower()] = sensor_title(sensor.name, profile)
    for mode in profile.failure_modes if profile else ():
        titles.setdefault(mode.name.lower(), mode.title)
    if titles:
        # A title that already stands there may hold a name, and is left as it is.
        for title in list(titles.values()):
            titles.setdefault(title.lower(), "")
        names = "|".join(re.escape(name) for name in sorted(titles, key=len, reverse=True))
        words = re.sub(
            rf"(?<![A-Za-z0-9_])(?:{names})(?![A-Za-z0-9_])", lambda m: titles[m[0].lower()] or m[0], words, flags=re.I
        )
    return sentence(with_units(words))


def sentence(text: str) -> str:
    """Return ``text`` with a capital first letter and a full stop."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?:" else ".")


def sensor_title(name: str, profile: MachineProfile | None) -> str:
    """Return the title of a sensor, or its name in words."""
    if profile:
        for sensor in profile.sensors:
            if sensor.name == name:
                return without_unit(sensor.title or _words(name), sensor.unit)
    return _words(name)


def without_unit(title: str, unit: str) -> str:
    """Return a sensor's title without the unit at its end, which is printed beside its values.

    >>> without_unit("Schwingung [mm/s]", "mm/s"), without_unit("Vibration mm s", "mm/s")
    ('Schwingung', 'Vibration')
    >>> without_unit("Oil temperature C", "degC"), without_unit("Current phase A", "A"), without_unit("Bar", "bar")
    ('Oil temperature', 'Current phase A', 'Bar')
    """
    words = title.split()
    for form in {unit, unit_label(unit), unit.removeprefix("deg")} - {""}:
        tokens = [token for token in re.split(r"[^\w°%]+", form.lower()) if token]
        for length in {1, len(tokens)}:
            head, tail = words[:-length], words[-length:]
            said = " ".join(tail).translate(_BRACKETS).lower()
            lettered = len(form) == 1 and said == " ".join(tail).lower() and head[-1:] == ["phase"]
            if head and not lettered and said in (form.lower(), " ".join(tokens)):
                return " ".join(head).rstrip(" ,(-")
    return title


def _words(name: str) -> str:
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def unit_label(unit: str) -> str:
    """Return ``unit`` as it is printed, e.g. ``°C`` for ``degC``; nothing for a pure number."""
    return _UNITS.get(unit, unit)


def with_units(words: str) -> str:
    """Return a sentence with its units as they are printed.

    >>> with_units("81 degC is above 75 degC")
    '81 °C is above 75 °C'
    """
    return re.sub(r"(?<=[\d\s/])(degC|degF|degR|m3/h|W/m2|um)(?![A-Za-z0-9_])", lambda m: _UNITS[m[1]], words)


def in_site_time(words: str, site: Site | None, near: datetime) -> str:
    """Return a sentence with each of its UTC times in site time; a time that names no year is the one nearest to ``near``.

    >>> berlin = Site(site_id="berlin", title="Berlin works", time_zone="Europe/Berlin", latitude=52, longitude=13)
    >>> in_site_time("Begin it Fri 9 Jan 06:00 UTC.", berlin, datetime(2026, 1, 1, tzinfo=UTC))
    'Begin it Fri 9 Jan 07:00 CET.'
    >>> in_site_time("Above it since 2025-12-31 23:30 UTC.", berlin, datetime(2026, 1, 1, tzinfo=UTC))
    'Above it since Thu 1 Jan 2026 00:30 CET.'
    """

    def there(said: re.Match[str]) -> str:
        number, month, year, hour, minute = said.groups()
        years = [int(year)] if year else [near.year - 1, near.year, near.year + 1]
        days = [_utc(one, _MONTHS.index(month) + 1, int(number), int(hour), int(minute)) for one in years]
        known = [day for day in days if day is not None]
        if not known:
            return said[0]
        local = min(known, key=lambda day: abs(day - near)).astimezone(zone)
        return f"{local:%a} {local.day} {local:%b}{f' {local:%Y}' if year else ''} {local:%H:%M} {local.tzname()}"

    def dated(said: re.Match[str]) -> str:
        at = _utc(*map(int, said.groups()))
        return site_time(at, site) if at is not None else said[0]

    zone = zone_of(site)
    return _ISO.sub(dated, _SAID.sub(there, words))


def _utc(year: int, month: int, number: int, hour: int, minute: int) -> datetime | None:
    """Return the moment, or None where that year has no such day."""
    first = datetime(year, month, 1, tzinfo=UTC)
    found = first + timedelta(days=number - 1, hours=hour, minutes=minute)
    return found if found.month == month else None
