"""The colours of every page, dark and light, in one place.

Each state has a *fill* (its known colour: bars, dots, edges) and an *ink* (the same hue, readable as text: a contrast
of at least 4.5 on background, card and raised surface). A state is never told by colour alone: its icon and word
always stand beside it, so a fill need not reach the contrast of text. A *line* only parts things; an *edge* is what a
field is known by, so its contrast is at least 3.
"""

from __future__ import annotations

from typing import Any

STATES = ("critical", "warning", "degrading", "healthy", "unknown", "offline", "pending", "maintenance", "info")

_FILLS = {
    "critical": "#ef4444",
    "warning": "#f97316",
    "degrading": "#fbbf24",
    "healthy": "#10b981",
    "unknown": "#6b7280",
    "offline": "#6b7280",
    "pending": "#6b7280",
    "maintenance": "#667eea",
    "info": "#667eea",
}
_DARK_INKS = {
    "critical": "#f87171",
    "warning": "#fb923c",
    "degrading": "#fbbf24",
    "healthy": "#34d399",
    "unknown": "#9ca3af",
    "offline": "#9ca3af",
    "pending": "#9ca3af",
    "maintenance": "#a5b4fc",
    "info": "#a5b4fc",
}
_LIGHT_INKS = {
    "critical": "#b91c1c",
    "warning": "#b43a0a",
    "degrading": "#854d0e",
    "healthy": "#047857",
    "unknown": "#4b5563",
    "offline": "#4b5563",
    "pending": "#4b5563",
    "maintenance": "#4754c4",
    "info": "#4754c4",
}

DARK = {
    "background": "#0f172a",
    "card": "#1f2937",
    "raised": "#273449",
    "line": "#374151",
    "edge": "#7486a3",
    "text": "#f1f5f9",
    "muted": "#a3b1c6",
    "link": "#a5b4fc",
    "button": "#5563d6",
    "on-button": "#ffffff",
    **{f"{name}-ink": ink for name, ink in _DARK_INKS.items()},
    **_FILLS,
}
LIGHT = {
    "background": "#f1f5f9",
    "card": "#ffffff",
    "raised": "#eef2f7",
    "line": "#d5dce6",
    "edge": "#7b8798",
    "text": "#0f172a",
    "muted": "#475569",
    "link": "#4754c4",
    "button": "#5563d6",
    "on-button": "#ffffff",
    **{f"{name}-ink": ink for name, ink in _LIGHT_INKS.items()},
    **_FILLS,
}
# From left to right, for what carries the product's mark.
GRADIENT = ("#667eea", "#764ba2")


def use_theme() -> None:
    """Give Vuetify these colours in this kernel; which of the two themes is shown stays as it is."""
    from ipyvuetify import theme

    for colors, palette in ((theme.themes.dark, DARK), (theme.themes.light, LIGHT)):
        with colors.hold_sync():
            for name, value in _vuetify(palette).items():
                setattr(colors, name, value)
            colors.custom_theme_colors = {f"wb-{name}": value for name, value in palette.items()} | {
                "on-primary": palette["on-button"]
            }


def _vuetify(palette: dict[str, str]) -> dict[str, Any]:
    return {
        "background": palette["background"],
        "surface": palette["card"],
        "surface_bright": palette["raised"],
        "surface_variant": palette["raised"],
        "on_surface_variant": palette["text"],
        "primary": palette["button"],
        "primary_darken_1": palette["button"],
        "secondary": GRADIENT[1],
        "secondary_darken_1": GRADIENT[1],
        "error": palette["critical"],
        "warning": palette["warning"],
        "success": palette["healthy"],
        "info": palette["info"],
    }


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours such as ``#1f2937`` (WCAG 2.1), from 1 to 21.

    >>> round(contrast("#000000", "#ffffff"), 1)
    21.0
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
