"""How reports put times, money, life, probabilities and units into words."""

from __future__ import annotations

import re
from datetime import datetime
from fractions import Fraction

from workbench.dispatch.plain import unit_label
from workbench.domain.equipment import LifeUnit, MachineProfile
from workbench.domain.money import money_text, round_half_up
from workbench.domain.predictions import UNKNOWN_MODE, Interval, RemainingUsefulLife, Task
from workbench.domain.units import number_text
from workbench.domain.work import WorkOrder

TASKS = {
    Task.HEALTH: "Health state",
    Task.RUL: "Remaining useful life",
    Task.ANOMALY: "Anomalies",
    Task.DIAGNOSIS: "Diagnosis",
}
NO_BREAK = "\u00a0"


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


def quantity(value: float, unit: str = "") -> str:
    r"""Return a measured value with as many digits as are worth reading (see ``number_text``).

    >>> quantity(81.2345, "degC")
    '81.2\xa0°C'
    """
    return with_unit(number_text(value), unit)


def with_unit(number: str, unit: str = "") -> str:
    r"""Return a written number as it is printed, with its unit.

    >>> with_unit("-12.48", "degC"), with_unit("12.48", "1")
    ('−12.48\xa0°C', '12.48')
    """
    label = unit_label(unit)
    return number.replace("-", "−") + (f"{NO_BREAK}{label}" if label else "")


def without_brackets(words: str) -> str:
    """Return a sentence without what stands in brackets.

    >>> without_brackets("no steady trend of wear (needed: at most 1 %); too few readings")
    'no steady trend of wear; too few readings'
    """
    return re.sub(r" \([^()]*\)", "", words)


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


def work_title(order: WorkOrder, machine: str) -> str:
    """Return an order's title without the machine's, which stands beside it."""
    short = order.title.removeprefix(f"{machine}: ")
    return short[:1].upper() + short[1:]
