"""Money in minor units: exact products rounded half up once, and amounts in words."""

from __future__ import annotations

from fractions import Fraction
from math import floor, isfinite

from workbench.errors import InputError

from .base import Minor

# ISO 4217 currencies whose minor unit is not a hundredth.
_DECIMALS = {"JPY": 0, "KRW": 0, "CLP": 0, "ISK": 0, "VND": 0, "BHD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3}


def round_half_up(value: Fraction) -> Minor:
    """Return the nearest whole minor unit, a half going up.

    >>> round_half_up(Fraction(5, 2))
    3
    """
    return floor(value + Fraction(1, 2))


def times(amount: Minor, *factors: float) -> Minor:
    """Multiply an amount by decimal factors exactly, as they are written, and round once.

    >>> times(62_500, 14.4)
    900000
    >>> times(10, 0.25)
    3
    """
    product = Fraction(amount)
    for factor in factors:
        product *= Fraction(repr(float(factor)))
    return round_half_up(product)


def money_text(amount: Minor, currency: str) -> str:
    """Write an amount for people.

    >>> money_text(1_281_000, "EUR")
    '12,810.00 EUR'
    >>> money_text(-5, "EUR"), money_text(1200, "JPY")
    ('-0.05 EUR', '1,200 JPY')
    """
    decimals = _DECIMALS.get(currency, 2)
    whole, rest = divmod(abs(amount), 10**decimals)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole:,}{f'.{rest:0{decimals}d}' if decimals else ''} {currency}"


def minor_units(amount: float, currency: str) -> Minor:
    """Turn an amount as it is written on paper into minor units.

    >>> minor_units(431.5, "EUR"), minor_units(1200, "JPY")
    (43150, 1200)

    Raises ``InputError`` for what is no amount: NaN or infinite.
    """
    if not isfinite(amount):
        raise InputError(f"{amount} is no amount of money.", "Give a number, e.g. 431.50.")
    return times(10 ** _DECIMALS.get(currency, 2), amount)
