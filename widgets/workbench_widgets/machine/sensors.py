"""Sensor charts of one machine: what each column of pixels shows, small enough to send, with limits and events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from workbench.dispatch.plain import readable, sensor_title, unit_label
from workbench.domain.equipment import Limits, Sensor
from workbench.domain.observations import EventKind
from workbench.reports.content.sensors import sensors_that_matter
from workbench.reports.content.wording import NO_BREAK, quantity
from workbench.workspace import Workspace
from workbench_widgets.kit import Look

from .history import EVENT_LOOKS, event_cause
from .site_time import local_moment, time_ticks
from .subject import Subject

if TYPE_CHECKING:
    import pandas as pd

Json = dict[str, Any]

# Days shown: width of the interval that becomes one column; at most 270 columns, each with its least and greatest value.
INTERVALS = {7: "1h", 30: "3h", 90: "8h"}
DEFAULT_DAYS = 30
_HOURS = {"1h": 1, "3h": 3, "8h": 8}
# A limit further off than this share of what is drawn would press the readings flat; it is named in words only.
_FAR = 0.75


def sensor_charts(ws: Workspace, subject: Subject, days: int = DEFAULT_DAYS) -> Json:
    """Return the charts of all sensors over the last ``days`` (7, 30 or 90), those that matter most first.

    Times are epoch milliseconds; each sensor has as many values as there are times, and None is a gap.
    """
    end = subject.as_of
    start = end - timedelta(days=days)
    every = INTERVALS[days]
    frame = ws.telemetry.aggregate(subject.profile.machine_id, every=every, start=start, end=end)
    common = {"machine_id": subject.profile.machine_id, "days": days, "zone": str(subject.zone)}
    if frame.empty:
        return {**common, "why": _why_empty(subject, days), "charts": []}
    width = timedelta(hours=_HOURS[every])
    times, rows = _columns(frame, width)
    latest = ws.telemetry.read(subject.profile.machine_id, start=frame["time"].iloc[-1], end=end).ffill().iloc[-1]
    return {
        **common,
        "why": "",
        "start": _milliseconds(start),
        "end": _milliseconds(end),
        "width": int(width / timedelta(milliseconds=1)),
        "times": times,
        # One reading in each interval is shown as the moment that it is, not as a range.
        "exact": bool((frame["count"] <= 1).all()),
        "ticks": [{"at": _milliseconds(at), "label": label} for at, label in time_ticks(start, end, subject.zone)],
        "events": _events(ws, subject, start, end),
        "charts": [_chart(sensor, subject, frame, rows, latest) for sensor in _in_order(subject)],
    }


def _why_empty(subject: Subject, days: int) -> str:
    if subject.last_reading is None:
        return "This machine has no readings yet."
    return f"No reading in the last {days} days; the last one is of {local_moment(subject.last_reading, subject.zone)}."


def _in_order(subject: Subject) -> list[Sensor]:
    first = sensors_that_matter(subject.view, most=len(subject.profile.sensors))
    rest = [sensor.name for sensor in subject.profile.sensors if sensor.name not in first]
    return [subject.profile.sensor(name) for name in (*first, *rest)]


def _columns(frame: pd.DataFrame, width: timedelta) -> tuple[list[int], list[int | None]]:
    """Return the times of the columns, and for each the row behind it; None where a gap is to be seen.

    Readings may come less often than the columns are wide: a gap is three times as long as they usually lie apart.
    """
    starts = [_milliseconds(time) for time in frame["time"]]
    apart = sorted(later - earlier for earlier, later in pairwise(starts))
    usual = apart[len(apart) // 2] if apart else 0
    step = int(width / timedelta(milliseconds=1))
    longest = max(1.5 * step, 3.0 * usual if usual > step else 0.0)
    times: list[int] = []
    rows: list[int | None] = []
    for row, at in enumerate(starts):
        if row and at - starts[row - 1] > longest:
            times.append(starts[row - 1] + step)
            rows.append(None)
        times.append(at)
        rows.append(row)
    return times, rows


def _chart(
    sensor: Sensor, subject: Subject, frame: pd.DataFrame, rows: Sequence[int | None], latest: pd.Series[Any]
) -> Json:
    title = sensor_title(sensor.name, subject.profile)
    chart: Json = {
        "name": sensor.name,
        "title": title,
        "unit": unit_label(sensor.unit),
        "limits": _limits(sensor.limits, sensor.unit),
        "standard": f"{sensor.limits.standard}; {sensor.limits.source}" if sensor.limits else "",
        "normal": [sensor.normal_low, sensor.normal_high],
        "normal_text": f"{_declared(sensor.normal_low)} to {_declared(sensor.normal_high, sensor.unit)}",
    }
    drawn = {}
    for part in ("min", "max", "mean"):
        column = f"{sensor.name}_{part}"
        values = frame[column].tolist() if column in frame else [None] * len(frame)
        drawn[part] = [None if row is None else _number(values[row]) for row in rows]
    known = [value for part in ("min", "max") for value in drawn[part] if value is not None]
    if not known:
        return {**chart, "why": "No values of this sensor in this time."}
    value = _number(latest.get(sensor.name))
    low, high = _domain(known, sensor)
    return {
        **chart,
        "why": "",
        "low": drawn["min"],
        "high": drawn["max"],
        "mean": drawn["mean"],
        "domain": [low, high],
        "ticks": [{"at": at, "label": _declared(at)} for at in _round_values(low, high)],
        "last": "" if value is None else quantity(value, sensor.unit),
        "look": _judged(value, sensor),
        "notes": _notes(sensor, subject),
        "summary": f"{title}: last {'not known' if value is None else quantity(value, sensor.unit)}, "
        f"between {quantity(min(known), sensor.unit)} and {quantity(max(known), sensor.unit)} in this time.",
    }


def _limits(limits: Limits | None, unit: str) -> list[Json]:
    if limits is None:
        return []
    found = (
        ("warning", "below", limits.warning_low),
        ("warning", "above", limits.warning_high),
        ("critical", "below", limits.critical_low),
        ("critical", "above", limits.critical_high),
    )
    return [
        {"at": value, "kind": kind, "text": f"{kind} {side} {_declared(value, unit)}"}
        for kind, side, value in found
        if value is not None
    ]


def _declared(value: float, unit: str = "") -> str:
    r"""Return a value that somebody set, as it was set.

    >>> _declared(1500.5, "Pa")
    '1,500.5\xa0Pa'
    """
    label = unit_label(unit)
    return f"{value:,.10g}".replace("-", "\u2212") + (f"{NO_BREAK}{label}" if label else "")


def _judged(value: float | None, sensor: Sensor) -> Look:
    """Return how the last value stands to the limits and the normal range, as the look of a state."""
    if value is None:
        return {}
    limits = sensor.limits or Limits()
    for kind, low, high in (
        ("critical", limits.critical_low, limits.critical_high),
        ("warning", limits.warning_low, limits.warning_high),
    ):
        if low is not None and value <= low:
            return {"color": kind, "icon": kind, "word": f"Below {kind} limit"}
        if high is not None and value >= high:
            return {"color": kind, "icon": kind, "word": f"Above {kind} limit"}
    if sensor.normal_low <= value <= sensor.normal_high:
        return {"color": "healthy", "icon": "healthy", "word": "In normal range"}
    side = "Above" if value > sensor.normal_high else "Below"
    return {"color": "unknown", "icon": "info", "word": f"{side} normal range"}


def _notes(sensor: Sensor, subject: Subject) -> list[str]:
    """Return what the prediction says of this sensor in words: limits crossed and trends."""
    prediction = subject.prediction
    if prediction is None:
        return []
    crossed = [
        f"{'Above' if c.direction == 'above' else 'Below'} the {c.severity.lower()} limit since "
        f"{local_moment(c.since, subject.zone)}."
        for c in prediction.limit_crossings
        if c.sensor == sensor.name
    ]
    moving = [
        readable(f"{'rising' if t.per_day > 0 else 'falling'} by {quantity(abs(t.per_day), t.unit)} a day", None)
        for t in prediction.trends
        if t.sensor == sensor.name
    ]
    return crossed + moving


def _domain(known: Sequence[float], sensor: Sensor) -> tuple[float, float]:
    """Return what the vertical axis spans: the readings, the normal range, and limits that are not far off."""
    low, high = min(known), max(known)
    marks = [sensor.normal_low, sensor.normal_high, *(limit["at"] for limit in _limits(sensor.limits, sensor.unit))]
    for mark in sorted(marks, key=lambda mark: max(low - mark, mark - high)):
        reach = _FAR * ((high - low) or abs(high) or 1.0)
        if low - reach <= mark <= high + reach:
            low, high = min(low, mark), max(high, mark)
    space = 0.06 * ((high - low) or abs(high) or 1.0)
    return low - space, high + space


def _round_values(low: float, high: float, most: int = 4) -> list[float]:
    """Return round values between ``low`` and ``high``.

    >>> _round_values(0.3, 9.7)
    [2.5, 5.0, 7.5]
    """
    rough = (high - low) / most
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * size for factor in (1, 2, 2.5, 5, 10) if factor * size >= rough)
    first = math.ceil(low / step)
    return [round(number * step, 10) for number in range(first, math.floor(high / step) + 1)]


def _events(ws: Workspace, subject: Subject, start: datetime, end: datetime) -> list[Json]:
    frame = ws.events.frame(subject.profile.machine_id, until=end)
    shown = frame[frame["time"] >= start]
    return [
        {
            "at": _milliseconds(row["time"]),
            "look": EVENT_LOOKS[EventKind(row["kind"])],
            "small": row["kind"] in (EventKind.ERROR, EventKind.INSPECTION),
            "text": f"{EVENT_LOOKS[EventKind(row['kind'])]['word']}: {event_cause(row['kind'], row['cause'], subject)}",
        }
        for row in shown.to_dict("records")
    ]


def _number(value: Any) -> float | None:
    """Return a value with five digits, which is more than a chart shows; None for a gap."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.5g}")


def _milliseconds(time: datetime) -> int:
    return round(time.timestamp() * 1000)
