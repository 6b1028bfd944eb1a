"""Turns a matplotlib figure into inline SVG: accessible, in the page's own colours and type, loading nothing."""

from __future__ import annotations

import hashlib
import io
import re
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from .markup import text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Marker colours used while drawing: each becomes a variable of the stylesheet with its light value as fallback.
INK, MUTED, RULE, SERIES, FILL = "#010203", "#010204", "#010205", "#010206", "#010207"
CRITICAL, WARNING, DEGRADING, HEALTHY, OFFLINE = "#ef4444", "#f97316", "#fbbf24", "#10b981", "#6b7280"
_PALETTE = {
    INK: ("--ink", "#0f172a"),
    MUTED: ("--muted", "#475569"),
    RULE: ("--rule", "#cbd5e1"),
    SERIES: ("--series", "#667eea"),
    FILL: ("--band", "#e0e7ff"),
}
_SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "workbench",
    "text.parse_math": False,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": RULE,
    "xtick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.color": RULE,
    "ytick.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "font.size": 10.0,
    "xtick.labelsize": 10.0,
    "ytick.labelsize": 10.0,
    "timezone": "UTC",
    "path.simplify": True,
    "path.simplify_threshold": 0.5,
}
# A CSS pixel is 1/96 inch and matplotlib's SVG unit 1/72, so that sizes below are in SVG units.
POINTS_PER_INCH = 72.0


def styled() -> AbstractContextManager[None]:
    """Hold the report's matplotlib style while a figure is drawn."""
    import matplotlib as mpl

    return mpl.rc_context(_SETTINGS)


def blank(width: float, height: float) -> Figure:
    """Return an empty figure of ``width`` x ``height`` SVG units, in the report's style."""
    from matplotlib.figure import Figure

    with styled():
        return Figure(figsize=(width / POINTS_PER_INCH, height / POINTS_PER_INCH))


def inline(figure: Figure, *, name: str, title: str, description: str) -> str:
    """Return ``figure`` as an ``<svg role="img">`` with ``title`` and ``description`` as its text alternative.

    ``name`` must be unique in the page: the ids inside are made from it.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.StringIO()
    with styled():
        FigureCanvasSVG(figure).print_figure(buffer, format="svg", metadata={"Date": None})
    return _page_svg(buffer.getvalue(), name=name, title=title, description=description)


def _page_svg(document: str, *, name: str, title: str, description: str) -> str:
    opening = re.search(r'<svg[^>]*viewBox="([^"]+)"[^>]*>', document)
    if opening is None:
        raise ValueError("matplotlib gave no SVG")
    body = document[opening.end() :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<style type=\"text/css\">.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r"font-family: [^;\"]+", "font-family: inherit", body)
    key = "f" + hashlib.sha256(name.encode()).hexdigest()[:8]
    body = _private_ids(body, key)
    for marker, (variable, light) in _PALETTE.items():
        body = body.replace(marker, f"var({variable}, {light})")
    body = re.sub(r"\n\s*", " ", body)
    _, _, width, height = opening.group(1).split()
    return (
        f'<svg role="img" aria-labelledby="{key}-t {key}-d" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}"><title id="{key}-t">{text(title)}</title><desc id="{key}-d">{text(description)}</desc>{body}'
    )


def _private_ids(body: str, key: str) -> str:
    """Drop ids that nothing refers to and make the others unique in the page."""
    used = set(re.findall(r'href="#([^"]+)"', body)) | set(re.findall(r"url\(#([^)]+)\)", body))
    body = re.sub(r' id="([^"]+)"', lambda m: f' id="{key}-{m[1]}"' if m[1] in used else "", body)
    body = re.sub(r'href="#([^"]+)"', rf'href="#{key}-\1"', body)
    return re.sub(r"url\(#([^)]+)\)", rf"url(#{key}-\1)", body)
