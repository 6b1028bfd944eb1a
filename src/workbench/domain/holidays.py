"""Public holidays by rule: fixed days and days around Easter, so that any year is known without asking anybody.

Sources: for Germany the holiday laws of the Länder, for Poland the Dni wolne od pracy act (24 December since 2025), for
Portugal the Código do Trabalho (article 234) with Porto's municipal day, for Spain the Estatuto de los Trabajadores with
Andalusia's choice, which moves a holiday from a Sunday to the Monday after it. Municipal days of Spain are not among them:
record them as days of the site.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from types import MappingProxyType

_CHRISTIAN = {"good": (-2, "Good Friday"), "monday": (1, "Easter Monday"), "corpus": (60, "Corpus Christi")}


@dataclass(frozen=True)
class _Rules:
    """Days of a calendar: (month, day) and days after Easter Sunday, each with its name; ``since`` which year."""

    fixed: tuple[tuple[int, int, str], ...]
    easter: tuple[tuple[int, str], ...] = ()
    since: tuple[tuple[str, int], ...] = ()
    sunday_moves: bool = False


_DE = _Rules(
    (
        (1, 1, "New Year's Day"),
        (5, 1, "Labour Day"),
        (10, 3, "Day of German Unity"),
        (12, 25, "Christmas Day"),
        (12, 26, "Second Day of Christmas"),
    ),
    (_CHRISTIAN["good"], _CHRISTIAN["monday"], (39, "Ascension Day"), (50, "Whit Monday")),
)
_ES = _Rules(
    (
        (1, 1, "New Year's Day"),
        (1, 6, "Epiphany"),
        (5, 1, "Labour Day"),
        (8, 15, "Assumption"),
        (10, 12, "National Day of Spain"),
        (11, 1, "All Saints' Day"),
        (12, 6, "Constitution Day"),
        (12, 8, "Immaculate Conception"),
        (12, 25, "Christmas Day"),
    ),
    (_CHRISTIAN["good"],),
)
_PT = _Rules(
    (
        (1, 1, "New Year's Day"),
        (4, 25, "Freedom Day"),
        (5, 1, "Labour Day"),
        (6, 10, "Portugal Day"),
        (8, 15, "Assumption"),
        (10, 5, "Republic Day"),
        (11, 1, "All Saints' Day"),
        (12, 1, "Restoration of Independence"),
        (12, 8, "Immaculate Conception"),
        (12, 25, "Christmas Day"),
    ),
    (_CHRISTIAN["good"], (0, "Easter Sunday"), _CHRISTIAN["corpus"]),
)
_CALENDARS = {
    "DE": _DE,
    "DE-HB": _Rules((*_DE.fixed, (10, 31, "Reformation Day")), _DE.easter),
    "ES": _ES,
    "ES-AN": _Rules(
        (*_ES.fixed, (2, 28, "Day of Andalusia")), (*_ES.easter, (-3, "Maundy Thursday")), sunday_moves=True
    ),
    "PL": _Rules(
        (
            (1, 1, "New Year's Day"),
            (1, 6, "Epiphany"),
            (5, 1, "Labour Day"),
            (5, 3, "Constitution Day"),
            (8, 15, "Assumption"),
            (11, 1, "All Saints' Day"),
            (11, 11, "Independence Day"),
            (12, 24, "Christmas Eve"),
            (12, 25, "Christmas Day"),
            (12, 26, "Second Day of Christmas"),
        ),
        ((0, "Easter Sunday"), _CHRISTIAN["monday"], (49, "Pentecost"), _CHRISTIAN["corpus"]),
        (("Christmas Eve", 2025),),
    ),
    "PT": _PT,
    "PT-13": _Rules((*_PT.fixed, (6, 24, "Saint John's Day, Porto")), _PT.easter),
}
HOLIDAY_CALENDARS = tuple(sorted(_CALENDARS))


@cache
def public_holidays(calendar: str, year: int) -> Mapping[date, str]:
    """Return the public holidays of a calendar (ISO 3166 country or region) in a year, by date; an empty name has none.

    Raises ``KeyError`` for a calendar that is not in ``HOLIDAY_CALENDARS``.

    >>> public_holidays("DE-HB", 2026)[date(2026, 4, 3)]
    'Good Friday'
    >>> public_holidays("ES-AN", 2026)[date(2026, 11, 2)]  # All Saints' Day falls on a Sunday
    "All Saints' Day"
    """
    if not calendar:
        return MappingProxyType({})
    rules, easter = _CALENDARS[calendar], easter_sunday(year)
    days = [(date(year, month, day), name) for month, day, name in rules.fixed]
    days += [(easter + timedelta(days=after), name) for after, name in rules.easter]
    return MappingProxyType(
        {
            day + timedelta(days=1) if rules.sunday_moves and day.weekday() == 6 else day: name
            for day, name in sorted(days)
            if year >= dict(rules.since).get(name, year)
        }
    )


def easter_sunday(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar (anonymous algorithm of 1876, as in Meeus, ch. 8).

    >>> easter_sunday(2026)
    datetime.date(2026, 4, 5)
    """
    century, of_century = divmod(year, 100)
    leaps, rest = divmod(century, 4)
    golden = year % 19
    epact = (19 * golden + century - leaps - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * rest + 2 * (of_century // 4) - epact - of_century % 4) % 7
    month, day = divmod(epact + weekday - 7 * ((golden + 11 * epact + 22 * weekday) // 451) + 114, 31)
    return date(year, month, day + 1)
