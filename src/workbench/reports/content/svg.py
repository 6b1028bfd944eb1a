"""Draws inline SVG: accessible, in the page's own colours and type, loading nothing."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .markup import text

# Each colour is a variable of the stylesheet, with its light value as fallback; the states look the same in the dark.
INK, MUTED, RULE = "var(--ink, #0f172a)", "var(--muted, #475569)", "var(--rule, #cbd5e1)"
PAPER = "var(--card, #ffffff)"
SERIES, FILL = "var(--series, #667eea)", "var(--band, #e0e7ff)"
CRITICAL, WARNING, DEGRADING, HEALTHY, OFFLINE = "#ef4444", "#f97316", "#fbbf24", "#10b981", "#6b7280"
# On top of the state colours, which are light in either theme.
ON_STATE = "#0f172a"
DASHED, DOTTED = "5 3", "1 2.5"
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Scale:
    """Where a value lies on an axis: ``low`` at ``start`` and ``high`` at ``end``, both in SVG units."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the place of ``value``."""
        span = (self.high - self.low) or 1.0
        return self.start + (value - self.low) / span * (self.end - self.start)

    def ticks(self, most: int = 5) -> list[float]:
        """Return round values within the axis, at most ``most``.

        >>> Scale(0, 97, 0, 100).ticks()
        [0.0, 20.0, 40.0, 60.0, 80.0]
        """
        span = self.high - self.low
        if not span > 0:
            return [self.low]
        power = 10.0 ** math.floor(math.log10(span / most))
        for step in (*(factor * power for factor in _STEPS), 20 * power):
            first = math.ceil(self.low / step - 1e-9)
            count = math.floor(self.high / step + 1e-9) - first + 1
            if count <= most:
                break
        return [(first + place) * step for place in range(max(count, 0))]


def tick_labels(values: Sequence[float]) -> list[str]:
    """Return the labels of an axis, each with the digits that its neighbours need.

    >>> tick_labels([0, 2.5, 5]), tick_labels([1000, 1500])
    (['0.0', '2.5', '5.0'], ['1,000', '1,500'])
    """
    step = values[1] - values[0] if len(values) > 1 else 1.0
    digits = next((d for d in range(12) if abs(round(step, d) - step) < 1e-6 * abs(step)), 12)
    return [f"{value:,.{digits}f}".replace("-", "−") for value in values]


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def line(x1: float, y1: float, x2: float, y2: float, colour: str, *, width: float = 1.0, dash: str = "") -> str:
    """Return a straight line."""
    dashes = f"; stroke-dasharray: {dash}" if dash else ""
    return (
        f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}" '
        f'style="stroke: {colour}; stroke-width: {width:g}{dashes}"/>'
    )


def rect(x: float, y: float, width: float, height: float, colour: str, *, opacity: float = 1.0, edge: str = "") -> str:
    """Return a filled rectangle; ``edge`` is the colour of its outline."""
    faint = f"; fill-opacity: {opacity:g}" if opacity < 1 else ""
    outline = f"; stroke: {edge}; stroke-width: 0.8" if edge else ""
    size = f'width="{_n(max(width, 0.0))}" height="{_n(max(height, 0.0))}"'
    return f'<rect x="{_n(x)}" y="{_n(y)}" {size} style="fill: {colour}{faint}{outline}"/>'


def dot(x: float, y: float, radius: float, colour: str, *, edge: str = "") -> str:
    """Return a filled circle."""
    outline = f"; stroke: {edge}; stroke-width: 1" if edge else ""
    return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{radius:g}" style="fill: {colour}{outline}"/>'


def dots(points: Iterable[tuple[float, float]], radius: float, colour: str, *, opacity: float = 1.0) -> str:
    """Return many filled circles of one look, in one short element: lines of no length with round ends."""
    moves = "".join(f"M{_n(x)} {_n(y)}h0" for x, y in points)
    if not moves:
        return ""
    style = f"fill: none; stroke: {colour}; stroke-width: {2 * radius:g}; stroke-linecap: round"
    faint = f"; stroke-opacity: {opacity:g}" if opacity < 1 else ""
    return f'<path d="{moves}" style="{style}{faint}"/>'


def curve(points: Iterable[tuple[float, float]], colour: str, *, width: float = 1.2, dash: str = "") -> str:
    """Return a line through ``points``; a point that is not a number breaks it."""
    moves, pen_down = [], False
    for x, y in points:
        if not math.isfinite(y):
            pen_down = False
        elif pen_down:
            moves.append(f"L {_n(x)} {_n(y)}")
        else:
            # A point alone between two gaps is seen by the round end of a line of no length.
            moves.append(f"M {_n(x)} {_n(y)} h 0")
            pen_down = True
    style = f"fill: none; stroke: {colour}; stroke-width: {width:g}; stroke-linecap: round; stroke-linejoin: round"
    style += f"; stroke-dasharray: {dash}" if dash else ""
    return f'<path d="{" ".join(moves)}" style="{style}"/>'


def area(outline: Iterable[tuple[float, float]], colour: str, *, opacity: float = 1.0) -> str:
    """Return a filled shape with straight edges through ``outline``."""
    corners = " ".join(f"{_n(x)},{_n(y)}" for x, y in outline)
    faint = f"; fill-opacity: {opacity:g}" if opacity < 1 else ""
    return f'<polygon points="{corners}" style="fill: {colour}{faint}"/>'


def arrow(x: float, y: float, size: float, colour: str) -> str:
    """Return a triangle that points to the right, its tip at ``x``."""
    corners = f"{_n(x - size)},{_n(y - size * 0.7)} {_n(x)},{_n(y)} {_n(x - size)},{_n(y + size * 0.7)}"
    return f'<polygon points="{corners}" style="fill: {colour}"/>'


def label(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    size: float = 10.0,
    colour: str = INK,
    bold: bool = False,
) -> str:
    """Return words whose baseline starts, is centred or ends (``anchor``: start, middle, end) at ``x``."""
    weight = "; font-weight: 600" if bold else ""
    style = f"font-size: {size:g}px; font-family: inherit; fill: {colour}; text-anchor: {anchor}{weight}"
    return f'<text x="{_n(x)}" y="{_n(y)}" style="{style}">{text(words)}</text>'


def drawing(width: float, height: float, parts: Iterable[str], *, name: str, title: str, description: str) -> str:
    """Return an ``<svg role="img">`` with ``title`` and ``description`` as its text alternative.

    ``name`` must be unique in the page: the ids inside are made from it.
    """
    key = "f" + hashlib.sha256(name.encode()).hexdigest()[:8]
    size = f'viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}" height="{_n(height)}"'
    return (
        f'<svg role="img" aria-labelledby="{key}-t {key}-d" {size}><title id="{key}-t">{text(title)}</title>'
        f'<desc id="{key}-d">{text(description)}</desc>{"".join(parts)}</svg>'
    )
