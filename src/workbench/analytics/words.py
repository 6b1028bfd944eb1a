"""Which telling words a failure mode's title, a symptom and a work order share."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from workbench.domain.equipment import MachineProfile
from workbench.domain.history import PastWork
from workbench.domain.predictions import UNKNOWN_MODE

_SMALL_WORDS = frozenset({"and", "for", "from", "high", "into", "its", "low", "the", "too", "with"})


def shared_words(order: PastWork, wanted: Sequence[Sequence[str]]) -> str:
    """Return which words of the mode's title, or of the symptoms, the order holds; empty when fewer than half of either."""
    where = (("component", order.component), ("code", order.failure_title), ("text", f"{order.text} {order.remedy}"))
    for words in wanted:
        shared = {name: words_in(words, text) for name, text in where}
        if 2 * len({word for some in shared.values() for word in some}) >= len(words):
            return "; ".join(f"{name} has {', '.join(some)}" for name, some in shared.items() if some)
    return ""


def title_words(profile: MachineProfile, mode: str) -> tuple[str, ...]:
    """Return the telling words of a failure mode's title, each once."""
    known = profile.failure_mode(mode)
    title = known.title if known else "" if mode == UNKNOWN_MODE else mode.replace("_", " ")
    return telling_words(title)


def telling_words(text: str) -> tuple[str, ...]:
    """Return the words of ``text`` that tell something, each once.

    >>> telling_words("Loss of the oil, oil too hot")
    ('loss', 'oil', 'hot')
    """
    words = re.findall(r"[^\W\d_]{3,}", text.lower())
    return tuple(dict.fromkeys(word for word in words if word not in _SMALL_WORDS))


def words_in(words: Collection[str], text: str) -> list[str]:
    """Return those of ``words`` that ``text`` holds, whatever their endings.

    >>> words_in(["bearing", "leak", "overheating"], "Bearings overheat; leaking")
    ['bearing', 'leak', 'overheating']
    """
    there = re.findall(r"[^\W\d_]+", text.lower())
    return [word for word in words if any(other.startswith(_stem(word)) for other in there)]


def _stem(word: str) -> str:
    if word.endswith("ing") and len(word) >= 8:
        return word[:-3]
    return word if len(word) <= 5 else word[: max(5, len(word) - 2)]
