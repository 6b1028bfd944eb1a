"""How reports put times, money, life, probabilities and units into words."""

from __future__ import annotations

import re
from datetime import datetime
from fractions import Fraction

from workbench.domain.equipment import LifeUnit, MachineProfile
from workbench.domain.money import money_text, round_half_up
from workbench.domain.predictions import UNKNOWN_MODE, Interval, RemainingUsefulLife
from workbench.domain.work import WorkOrder

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
NO_BREAK = "\u00a0"
# The unit of a pure number, where the engines write a value with its unit.
_BARE = re.compile(r"(?<=\d) 1(?=, expected|, usually|[;)]| \(| a day| is (?:above|below))")
_BRACKETS = str.maketrans("", "", "[]()")


def moment(time: datetime) -> str:
    """Return a time in UTC for people.

    >>> from datetime import UTC
    >>> moment(datetime(2026, 1, 1, tzinfo=UTC))
    '1 Jan 2026 00:00 UTC'
    """
    return f"{time.day} {time:%b %Y %H:%M} UTC"


def day(time: datetime) -> str:
    """Return the date of ``time`` for people, e.g. ``1 Jan 2026``."""
    return f"{time.day} {time:%b %Y}"


def days_between(early: datetime, late: datetime) -> str:
    """Return a range of dates as short as it can be said.

    >>> from datetime import UTC
    >>> days_between(datetime(2026, 1, 6, tzinfo=UTC), datetime(2026, 1, 16, tzinfo=UTC))
    '6 to 16 Jan 2026'
    """
    if (early.year, early.month) == (late.year, late.month):
        return f"{early.day} to {day(late)}"
    return f"{early.day} {early:%b} to {day(late)}" if early.year == late.year else f"{day(early)} to {day(late)}"


def unit_label(unit: str) -> str:
    """Return ``unit`` as it is printed, e.g. ``°C`` for ``degC``; nothing for a pure number."""
    return _UNITS.get(unit, unit)


def with_units(words: str) -> str:
    """Return a sentence with its units as they are printed, and without those of pure numbers.

    >>> with_units("81 degC is above 75 degC")
    '81 °C is above 75 °C'
    >>> with_units("Valve is 2.1 sd below its baseline (0.9255 1, expected 1)")
    'Valve is 2.1 sd below its baseline (0.9255, expected 1)'
    """
    words = _BARE.sub("", words)
    return re.sub(r"(?<=[\d\s/])(degC|degF|degR|m3/h|W/m2|um)(?![A-Za-z0-9_])", lambda m: _UNITS[m[1]], words)


def quantity(value: float, unit: str = "") -> str:
    r"""Return a measured value with as many digits as are worth reading.

    >>> quantity(81.2345, "degC")
    '81.2\xa0°C'
    >>> quantity(1234.5)
    '1,234'
    """
    size = abs(value)
    digits = 0 if size >= 1000 else 1 if size >= 10 else 2 if size >= 0.1 or size == 0 else 4
    label = unit_label(unit)
    return f"{value:,.{digits}f}".replace("-", "−") + (f"{NO_BREAK}{label}" if label else "")


def duration(hours: float) -> str:
    r"""Return a time as people say it.

    >>> duration(0.27), duration(3.42), duration(26.0), duration(240.0)
    ('16\xa0min', '3.4\xa0h', '26\xa0h', '10\xa0days')
    """
    if hours < 1 / 30:
        return f"{3600 * hours:.0f}{NO_BREAK}s"
    if hours < 1:
        return f"{60 * hours:.0f}{NO_BREAK}min"
    if hours < 48:
        return f"{hours:.2g}{NO_BREAK}h"
    return f"{hours / 24:,.0f}{NO_BREAK}days"


def percent(probability: float | None) -> str:
    r"""Return a probability in percent, without claiming 0 % or 100 %.

    >>> percent(0.421), percent(0.001), percent(None)
    ('42\xa0%', '<\xa01\xa0%', 'not known')
    """
    if probability is None:
        return "not known"
    if probability < 0.005:
        return f"<{NO_BREAK}1{NO_BREAK}%"
    return f">{NO_BREAK}99{NO_BREAK}%" if probability > 0.995 else f"{100 * probability:.0f}{NO_BREAK}%"


def money(minor: int, currency: str) -> str:
    r"""Return an amount of minor units, rounded to whole units of ``currency``.

    >>> money(1_281_000, "EUR")
    '12,810\xa0EUR'
    """
    decimals = len(money_text(0, currency).split()[0].partition(".")[2])
    whole = round_half_up(Fraction(minor, 10**decimals)) * 10**decimals
    amount, code = money_text(whole, currency).split()
    return f"{amount.partition('.')[0]}{NO_BREAK}{code}"


def count(number: int, singular: str, plural: str = "") -> str:
    """Return ``number`` with its noun.

    >>> count(1, "case"), count(3, "case")
    ('1 case', '3 cases')
    """
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def life_unit_label(unit: LifeUnit) -> str:
    """Return the unit that remaining life is counted in, for people."""
    return "cycles" if unit is LifeUnit.CYCLE else "operating h"


def life(interval: Interval, unit: LifeUnit) -> str:
    """Return a life with its 90 % interval, e.g. ``310 operating h (180 to 520)``."""
    label = life_unit_label(unit)
    if interval.upper_open:
        return f"more than {interval.lower:,.0f} {label}"
    return f"{interval.median:,.0f} {label} ({interval.lower:,.0f} to {interval.upper:,.0f})"


def life_short(interval: Interval, unit: LifeUnit) -> str:
    r"""Return a life in few words, e.g. ``310 operating h (180 to 520)``, for tables.

    >>> life_short(Interval(median=310, lower=180, upper=520), LifeUnit.OPERATING_H)
    '310\xa0operating\xa0h (180 to 520)'
    """
    label = life_unit_label(unit).replace(" ", NO_BREAK)
    if interval.upper_open:
        return f"more than {interval.lower:,.0f}{NO_BREAK}{label}"
    return f"{interval.median:,.0f}{NO_BREAK}{label} ({interval.lower:,.0f} to {interval.upper:,.0f})"


def remaining_life(rul: RemainingUsefulLife) -> str:
    """Return the answer to 'how long will it last', or why there is none."""
    if rul.life is not None and rul.basis == "model":
        return life(rul.life, rul.life_unit)
    if rul.life is not None and rul.basis == "population":
        return f"{rul.evidence.in_words()}. Machines of this age: {life(rul.life, rul.life_unit)}"
    return rul.evidence.in_words()


def cost(minor: int, lacks: str, currency: str) -> str:
    r"""Return an amount that is a lower bound when ``lacks`` names what it leaves out.

    >>> cost(472_000, "labour", "EUR"), cost(0, "labour", "EUR")
    ('at least 4,720\xa0EUR (labour not known)', 'not known')
    """
    if not lacks:
        return money(minor, currency)
    return f"at least {money(minor, currency)} ({lacks} not known)" if minor else "not known"


def mode_title(mode: str, profile: MachineProfile | None) -> str:
    """Return the title of a failure mode, from the profile where it has one."""
    if mode == UNKNOWN_MODE:
        return "unknown cause"
    known = profile.failure_mode(mode) if profile else None
    return known.title if known else mode.replace("_", " ")


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


def work_title(order: WorkOrder, machine: str) -> str:
    """Return an order's title without the machine's, which stands beside it."""
    short = order.title.removeprefix(f"{machine}: ")
    return short[:1].upper() + short[1:]


def sentence(text: str) -> str:
    """Return ``text`` with a capital first letter and a full stop."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?:" else ".")
