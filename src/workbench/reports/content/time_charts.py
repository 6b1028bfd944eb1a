"""Charts over time: one sensor with its normal range, baseline, limits and the events that matter to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from workbench.dispatch.plain import sentence, unit_label, without_unit
from workbench.domain.equipment import Sensor
from workbench.domain.observations import AssetEvent, EventKind
from workbench.domain.units import limit_text

from . import svg
from .charts import WIDTH, figure
from .wording import day, quantity, with_unit

if TYPE_CHECKING:
    import pandas as pd

MOST_POINTS = 720
# Marks of events nearer than this would touch.
_TOUCHING = 7.0
# Kinds of events that are marked above sensors; errors and stops are too many, and are in the history.
MARKED = (EventKind.FAILURE, EventKind.REPLACEMENT, EventKind.MAINTENANCE)


def sensor_chart(
    readings: pd.DataFrame,
    sensor: Sensor,
    *,
    name: str,
    title: str,
    baseline: float | None = None,
    as_of: datetime,
    days: float,
    events: Sequence[AssetEvent] = (),
) -> str:
    """Return one sensor over the last ``days``, with its baseline, normal range, limits and what happened.

    Args:
        readings: columns ``time`` (aware UTC, ascending) and one named as the sensor; NaN is a gap.
        sensor: its unit, normal range and limits.
        name: unique in the page, e.g. machine and sensor.
        title: the sensor's name for people.
        baseline: the machine's own healthy mean, when known.
        as_of: right end of the time axis.
        days: length of the time axis.
        events: failures, replacements and maintenance among them are marked where they fall into that time.
    """
    start = as_of - timedelta(days=days)
    series = _series(readings, sensor.name, start, as_of)
    if series.dropna().empty:
        return ""
    height, top, bottom = 142.0, 12.0, 122.0
    values = series.to_numpy(dtype=float)
    low, high = _value_range(values, sensor, baseline)
    across = svg.Scale(day_number(start), day_number(as_of), 40, WIDTH - 5)
    up = svg.Scale(low, high, bottom, top)
    band = max(sensor.normal_low, low), min(sensor.normal_high, high)
    parts = []
    if band[1] > band[0]:
        parts.append(
            svg.rect(across.start, up(band[1]), across.end - across.start, up(band[0]) - up(band[1]), svg.FILL)
        )
    parts.append(svg.line(across.start, top, across.start, bottom, svg.RULE))
    parts.append(svg.line(across.start, bottom, across.end, bottom, svg.RULE))
    ticks = up.ticks()
    for value, words in zip(ticks, svg.tick_labels(ticks), strict=True):
        parts.append(svg.line(across.start - 3, up(value), across.start, up(value), svg.RULE))
        parts.append(svg.label(across.start - 5, up(value) + 3.5, words, anchor="end", colour=svg.MUTED))
    if baseline is not None and low <= baseline <= high:
        parts.append(
            svg.line(across.start, up(baseline), across.end, up(baseline), svg.INK, width=0.9, dash=svg.DOTTED)
        )
    points = [(across(day_number(time)), up(value)) for time, value in zip(series.index, values.tolist(), strict=True)]
    parts.append(svg.curve(points, svg.SERIES))
    parts += _limit_lines(sensor, across, up)
    within = [event for event in events if event.kind in MARKED and start <= event.time <= as_of]
    parts += _event_marks(within, across, top, bottom)
    parts += time_axis(across, start, as_of, height - 7)
    caption = without_unit(title, sensor.unit) + (f" ({unit_label(sensor.unit)})" if unit_label(sensor.unit) else "")
    words = _in_words(series, sensor, baseline) + (f" {_events_in_words(within)}" if within else "")
    return figure(svg.drawing(WIDTH, height, parts, name=name, title=caption, description=words), caption)


def day_number(time: datetime) -> float:
    """Return days since 1970."""
    return time.timestamp() / 86_400


def _series(readings: pd.DataFrame, name: str, start: datetime, end: datetime) -> pd.Series[float]:
    """Return the readings of one sensor by time, thinned to means where there are more than can be drawn."""
    import pandas as pd

    wanted = readings[(readings["time"] >= start) & (readings["time"] <= end)]
    series = pd.Series(wanted[name].to_numpy(dtype=float), index=pd.DatetimeIndex(wanted["time"]))
    if len(series) <= MOST_POINTS:
        return _with_gaps(series)
    step = (end - start) / MOST_POINTS
    return series.resample(pd.Timedelta(step)).mean()


def _with_gaps(series: pd.Series[float]) -> pd.Series[float]:
    """Break the line where more than six usual steps are missing."""
    import pandas as pd

    steps = series.index.to_series().diff()
    usual = steps.median()
    breaks = series.index[(steps > 6 * usual).to_numpy()] if len(series) > 2 else series.index[:0]
    if not len(breaks):
        return series
    holes = pd.Series(float("nan"), index=breaks - usual)
    return pd.concat([series, holes]).sort_index()


def _value_range(values: Any, sensor: Sensor, baseline: float | None) -> tuple[float, float]:
    """Return an axis that holds the readings and every limit that lies near them."""
    import numpy as np

    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    span = max(high - low, 0.25 * (sensor.normal_high - sensor.normal_low), 1e-9)
    for mark in [*(value for value, _, _, _ in _limits(sensor)), *([] if baseline is None else [baseline])]:
        if low - 1.5 * span <= mark <= high + 1.5 * span:
            low, high = min(low, mark), max(high, mark)
    margin = 0.08 * max(high - low, span)
    # More room where the name of an outer limit is written.
    below = 2.5 if sensor.limits and sensor.limits.critical_low is not None else 1.0
    return low - below * margin, high + 2 * margin


def _limits(sensor: Sensor) -> list[tuple[float, str, str, bool]]:
    """Return each limit's value, name, colour, and whether its name stands above the line (so that none overlap)."""
    limits = sensor.limits
    if limits is None:
        return []
    every = [
        (limits.warning_low, "warning", svg.WARNING, True),
        (limits.warning_high, "warning", svg.WARNING, False),
        (limits.critical_low, "critical", svg.CRITICAL, False),
        (limits.critical_high, "critical", svg.CRITICAL, True),
    ]
    return [(value, name, colour, above) for value, name, colour, above in every if value is not None]


def _limit_lines(sensor: Sensor, across: svg.Scale, up: svg.Scale) -> list[str]:
    parts = []
    for value, name, colour, above in _limits(sensor):
        if up.low <= value <= up.high:
            dash = "" if name == "critical" else svg.DASHED
            parts.append(svg.line(across.start, up(value), across.end, up(value), colour, width=1.3, dash=dash))
            parts.append(svg.label(across.start + 3, up(value) + (-3 if above else 10), f"{name} {value:g}", size=9.5))
    return parts


def event_letter(kind: EventKind) -> str:
    """Return the letter that marks a kind of event in charts.

    >>> event_letter(EventKind.FAILURE)
    'F'
    """
    return kind.value[0].upper()


def _events_in_words(events: Sequence[AssetEvent]) -> str:
    return sentence("; ".join(f"{event.kind.value} on {day(event.time)}" for event in events))


def _event_marks(events: Sequence[AssetEvent], across: svg.Scale, top: float, bottom: float) -> list[str]:
    """Return a line for each event of weight, under the first letter of its kind.

    Of those that would touch, the failure is drawn, else the first.
    """
    parts: list[str] = []
    places: list[float] = []
    for kind in MARKED:
        failed = kind is EventKind.FAILURE
        for event in events:
            x = across(day_number(event.time))
            if event.kind is not kind or any(abs(x - other) < _TOUCHING for other in places):
                continue
            places.append(x)
            colour, dash = (svg.CRITICAL, "") if failed else (svg.MUTED, "3 2")
            parts.append(svg.line(x, top, x, bottom, colour, dash=dash))
            parts.append(svg.label(x, top - 2, event_letter(kind), anchor="middle", size=9.5, bold=failed))
    return parts


def time_axis(across: svg.Scale, start: datetime, end: datetime, y: float) -> list[str]:
    """Return five dates along the axis (with the time of day where it is short)."""
    fine, steps = end - start < timedelta(days=4), 4
    parts = []
    for place in range(steps + 1):
        mark = start + (end - start) * place / steps
        words = f"{mark.day} {mark:%b}" + (f" {mark:%H:%M}" if fine else "")
        anchor = "start" if place == 0 else "end" if place == steps else "middle"
        parts.append(svg.line(across(day_number(mark)), y - 13, across(day_number(mark)), y - 10.5, svg.RULE))
        parts.append(svg.label(across(day_number(mark)), y, words, anchor=anchor, colour=svg.MUTED))
    return parts


def _in_words(series: pd.Series[float], sensor: Sensor, baseline: float | None) -> str:
    known = series.dropna()
    words = (
        f"From {day(known.index[0])} to {day(known.index[-1])}: lowest {quantity(float(known.min()), sensor.unit)}, "
        f"highest {quantity(float(known.max()), sensor.unit)}, last {quantity(float(known.iloc[-1]), sensor.unit)}."
    )
    if baseline is not None:
        words += f" Healthy baseline {quantity(baseline, sensor.unit)}."
    for value, name, _, _ in _limits(sensor):
        words += f" A {name} limit at {with_unit(limit_text(value), sensor.unit)}."
    return words
