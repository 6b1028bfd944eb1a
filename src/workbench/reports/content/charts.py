"""Charts that reports share: probabilities and amounts as bars, remaining life with its interval."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.domain.equipment import LifeUnit
from workbench.domain.predictions import Interval

from . import svg
from .fleet import Condition, MachineView
from .markup import element, text
from .wording import life, life_unit_label, percent

WIDTH = 360.0
MOST_BARS = 30
_LABELS, _ROW = 0.38 * WIDTH, 17.0
COLOURS = {
    Condition.CRITICAL: svg.CRITICAL,
    Condition.WARNING: svg.WARNING,
    Condition.DEGRADING: svg.DEGRADING,
    Condition.HEALTHY: svg.HEALTHY,
    Condition.UNKNOWN: svg.OFFLINE,
    Condition.OFFLINE: svg.OFFLINE,
}


def figure(markup: str, caption: str) -> str:
    """Return a drawing under its caption (text)."""
    return element("figure", element("figcaption", text(caption)), markup)


def short(label: str, most: int = 20) -> str:
    """Return a label that fits beside a bar."""
    return label if len(label) <= most else label[: most - 1].rstrip() + "…"


def probability_chart(views: Sequence[MachineView]) -> str:
    """Return bars of the probability to fail within seven days, the highest first; empty when none is known."""
    known = sorted(
        ((p, view) for view in views if (p := view.week_probability) is not None and view.condition != "offline"),
        key=lambda pair: (-pair[0], pair[1].machine_id),
    )
    shown = known[:MOST_BARS]
    title = "Probability of failure within 7 calendar days"
    rows = [(view.profile.title, p, COLOURS[view.condition]) for p, view in shown]
    return probability_bars(rows, name="probability", title=title, note=_left_out(len(known), len(shown)))


def probability_bars(rows: Sequence[tuple[str, float, str]], *, name: str, title: str, note: str = "") -> str:
    """Return one bar for each label, probability (0 to 1) and colour; empty for no rows."""
    across = svg.Scale(0, 1.18, _LABELS, WIDTH - 4)
    marks = [(0.0, "0 %"), (0.25, "25 %"), (0.5, "50 %"), (0.75, "75 %"), (1.0, "100 %")]
    worded = [(label, probability, percent(probability), colour) for label, probability, colour in rows]
    return _bars(worded, across, marks, name=name, title=title, note=note)


def amount_bars(rows: Sequence[tuple[str, float, str, str]], *, name: str, title: str) -> str:
    """Return one bar for each label, amount (0 or more), its words and colour; empty for no rows."""
    across = svg.Scale(0, 1.45 * max((amount for _, amount, _, _ in rows), default=0) or 1.0, _LABELS, WIDTH - 4)
    return _bars(rows, across, [(0.0, "")], name=name, title=title)


def _bars(
    rows: Sequence[tuple[str, float, str, str]],
    across: svg.Scale,
    marks: Sequence[tuple[float, str]],
    *,
    name: str,
    title: str,
    note: str = "",
) -> str:
    """Return one bar for each label, value, the value in words and colour; empty for no rows."""
    if not rows:
        return ""
    height = _height(len(rows)) - (0 if any(words for _, words in marks) else 12)
    parts = _axis(across, marks, height)
    for row, (label, value, words, colour) in enumerate(rows):
        middle = _row_label(parts, row, label)
        parts.append(svg.rect(across(0), middle - 5.3, across(value) - across(0), 10.6, colour))
        parts.append(svg.label(across(value) + 5, middle + 3.6, words))
    said = "; ".join(f"{label} {words}" for label, _, words, _ in rows)
    return figure(svg.drawing(WIDTH, height, parts, name=name, title=title, description=said), title + note)


def deviation_bars(rows: Sequence[tuple[str, float, str]], *, name: str, edge: float) -> str:
    """Return one bar to the left or right for each label, deviation (sd) and colour; ``edge`` is marked on both sides."""
    if not rows:
        return ""
    height = _height(len(rows)) + 12
    most = 1.55 * max(edge, *(abs(value) for _, value, _ in rows))
    across = svg.Scale(-most, most, _LABELS, WIDTH - 4)
    parts = _axis(across, _marks(across), height - 12)
    parts += [svg.line(across(x), 4, across(x), height - 28, svg.MUTED, dash=svg.DASHED) for x in (-edge, edge)]
    parts.append(_axis_title(across, height, "standard deviations"))
    for row, (label, value, colour) in enumerate(rows):
        middle = _row_label(parts, row, label)
        left, right = sorted((across(0), across(value)))
        parts.append(svg.rect(left, middle - 5.3, right - left, 10.6, colour))
        place, anchor = (right + 4, "start") if value >= 0 else (left - 4, "end")
        parts.append(svg.label(place, middle + 3.6, f"{value:+.1f}".replace("-", "−"), anchor=anchor))
    title = "Distance of each sensor from its own healthy baseline"
    words = "; ".join(f"{label} {value:+.1f}" for label, value, _ in rows)
    return figure(svg.drawing(WIDTH, height, parts, name=name, title=title, description=words), title)


def life_charts(views: Sequence[MachineView]) -> str:
    """Return remaining useful life of the fleet, shortest first, one chart for each life unit that occurs."""
    return "".join(_life_chart(views, unit) for unit in LifeUnit)


def _life_chart(views: Sequence[MachineView], unit: LifeUnit) -> str:
    known: list[tuple[Interval, MachineView]] = []
    for view in views:
        rul = view.prediction.remaining_useful_life if view.prediction else None
        if rul and rul.life and rul.basis == "model" and rul.life_unit is unit and view.condition != "offline":
            known.append((rul.life, view))
    known.sort(key=lambda pair: (pair[0].median, pair[1].machine_id))
    shown = known[:MOST_BARS]
    title = "Remaining useful life, median and 90 % interval"
    rows = [(view.profile.title, interval, COLOURS[view.condition]) for interval, view in shown]
    return life_rows(rows, unit, name=f"life-{unit}", title=title, note=_left_out(len(known), len(shown)))


def life_rows(
    rows: Sequence[tuple[str, Interval, str]], unit: LifeUnit, *, name: str, title: str, note: str = ""
) -> str:
    """Return one interval with its median for each label, life and colour; empty for no rows."""
    if not rows:
        return ""
    height = _height(len(rows)) + 12
    furthest = max(i.lower if i.upper_open else i.upper for _, i, _ in rows) or 1.0
    across = svg.Scale(0, 1.12 * furthest, _LABELS, WIDTH - 8)
    parts = _axis(across, _marks(across), height - 12)
    parts.append(_axis_title(across, height, life_unit_label(unit)))
    for row, (label, interval, colour) in enumerate(rows):
        middle = _row_label(parts, row, label)
        end = across(1.1 * furthest if interval.upper_open else interval.upper)
        start = across(interval.lower)
        parts.append(svg.rect(start, middle - 3, max(end - start, 1.5), 6, colour, opacity=0.6))
        if interval.upper_open:
            parts.append(svg.arrow(end + 5, middle, 8, colour))
        else:
            parts.append(svg.dot(across(interval.median), middle, 3.6, colour, edge=svg.INK))
    words = "; ".join(f"{label} {life(interval, unit)}" for label, interval, _ in rows)
    return figure(svg.drawing(WIDTH, height, parts, name=name, title=title, description=words), title + note)


def _left_out(all_of_them: int, shown: int) -> str:
    return f"; the {shown} most urgent of {all_of_them} machines" if shown < all_of_them else ""


def _height(rows: int) -> float:
    return 26.0 + _ROW * rows


def _marks(across: svg.Scale) -> list[tuple[float, str]]:
    ticks = across.ticks()
    return list(zip(ticks, svg.tick_labels(ticks), strict=True))


def _axis(across: svg.Scale, marks: Sequence[tuple[float, str]], height: float) -> list[str]:
    """Return vertical rules with their labels below."""
    foot = height - (16 if any(words for _, words in marks) else 4)
    parts = [svg.line(across(value), 4, across(value), foot, svg.RULE, width=0.6) for value, _ in marks]
    parts += [svg.label(across(value), height - 4, words, anchor="middle", colour=svg.MUTED) for value, words in marks]
    return parts


def _axis_title(across: svg.Scale, height: float, words: str) -> str:
    return svg.label((across.start + across.end) / 2, height - 3, words, anchor="middle", colour=svg.MUTED)


def _row_label(parts: list[str], row: int, label: str) -> float:
    """Write a row's label and return the height of its middle."""
    middle = 4 + _ROW * (row + 0.5)
    parts.append(svg.label(_LABELS - 6, middle + 3.6, short(label), anchor="end", colour=svg.MUTED))
    return middle


def life_bar(machine_id: str, interval: Interval, unit: LifeUnit, condition: Condition) -> str:
    """Return one machine's remaining useful life as a bar: the 90 % interval and its median."""
    height, middle = 50.0, 12.0
    furthest = (interval.lower if interval.upper_open else interval.upper) or 1.0
    across = svg.Scale(0, 1.2 * furthest, 8, WIDTH - 8)
    parts = [svg.line(across.start, 22, across.end, 22, svg.RULE)]
    parts += [svg.label(across(x), 33, words, anchor="middle", colour=svg.MUTED) for x, words in _marks(across)]
    parts.append(_axis_title(across, height, life_unit_label(unit)))
    start, end = across(interval.lower), across(1.15 * furthest if interval.upper_open else interval.upper)
    parts.append(svg.rect(start, middle - 3, max(end - start, 1.5), 6, COLOURS[condition], opacity=0.6))
    if interval.upper_open:
        parts.append(svg.arrow(end + 6, middle, 9, COLOURS[condition]))
    else:
        parts.append(svg.dot(across(interval.median), middle, 4, COLOURS[condition], edge=svg.INK))
    words = life(interval, unit)
    drawn = svg.drawing(
        WIDTH, height, parts, name=f"life-{machine_id}", title="Remaining useful life", description=words
    )
    return figure(drawn, f"Remaining useful life: {words}")


def stacked_bar(shares: Sequence[tuple[str, float, str]], *, name: str, title: str) -> str:
    """Return one bar of shares that sum to 1, each a label, its share and colour, with a legend below."""
    height, x, at = 52.0, 4.0, 4.0
    parts = []
    for label, share, colour in shares:
        width = share * (WIDTH - 8)
        parts.append(svg.rect(x, 4, width, 22, colour, edge=svg.INK))
        if width > 34:
            parts.append(svg.label(x + width / 2, 19, percent(share), anchor="middle", colour=svg.ON_STATE, bold=True))
        words = f"{label} {percent(share)}"
        parts.append(svg.rect(at, 36, 9, 9, colour, edge=svg.INK))
        parts.append(svg.label(at + 13, 44, words, size=9.5, colour=svg.MUTED))
        x, at = x + width, at + 25 + 5.0 * len(words)
    words = "; ".join(f"{label} {percent(share)}" for label, share, _ in shares)
    return figure(svg.drawing(WIDTH, height, parts, name=name, title=title, description=words), title)
