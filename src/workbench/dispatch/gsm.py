"""Text that any phone shows as one SMS: the GSM 7-bit alphabet (3GPP TS 23.038, 6.2.1), at most 160 places."""

from __future__ import annotations

import unicodedata

MOST_SMS = 160
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each takes two places.
_EXTENDED = frozenset("^{}\\[~]|€\f")
_ALIKE = str.maketrans({"–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "…": "...", "°": " deg ", "µ": "u"})
_MORE = "..."


def gsm_text(text: str, most: int = MOST_SMS) -> str:
    """Return ``text`` in letters that an SMS carries, cut to ``most`` places; what has no likeness becomes "?".

    >>> gsm_text("Żuraw – 85 °C: łożysko")
    'Zuraw - 85 deg C: ?ozysko'
    """
    line = " ".join("".join(_likeness(sign) for sign in text.translate(_ALIKE)).split())
    if _places(line) <= most:
        return line
    kept = ""
    for sign in line:
        if _places(kept + sign + _MORE) > most:
            break
        kept += sign
    return kept.rstrip() + _MORE


def _likeness(sign: str) -> str:
    if sign.isspace():
        return " "
    if sign in _BASIC or sign in _EXTENDED:
        return sign
    plain = "".join(part for part in unicodedata.normalize("NFKD", sign) if part in _BASIC or part in _EXTENDED)
    return plain or ("" if unicodedata.combining(sign) else "?")


def _places(text: str) -> int:
    return sum(2 if sign in _EXTENDED else 1 for sign in text)
