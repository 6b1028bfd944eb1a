"""Charts of a fleet report: sensors over time, remaining life with its interval, probability of failure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from workbench.domain.equipment import LifeUnit, Sensor
from workbench.domain.predictions import Interval

from . import svg
from .fleet import Condition, MachineView
from .markup import element, text
from .wording import day, life, life_unit_label, percent, quantity, unit_label, without_unit

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 360.0
MOST_BARS = 30
MOST_POINTS = 720
_COLOURS = {
    Condition.CRITICAL: svg.CRITICAL,
    Condition.WARNING: svg.WARNING,
    Condition.DEGRADING: svg.DEGRADING,
    Condition.HEALTHY: svg.HEALTHY,
    Condition.UNKNOWN: svg.OFFLINE,
    Condition.OFFLINE: svg.OFFLINE,
}


def _figure(markup: str, caption: str) -> str:
    return element("figure", markup, element("figcaption", text(caption)))


def _short(label: str, most: int = 20) -> str:
    return label if len(label) <= most else label[: most - 1].rstrip() + "…"


def probability_chart(views: Sequence[MachineView]) -> str:
    """Return bars of the probability to fail within seven days, the highest first; empty when none is known."""
    known = sorted(
        ((p, view) for view in views if (p := view.week_probability) is not None and view.condition != "offline"),
        key=lambda pair: (-pair[0], pair[1].machine_id),
    )
    if not known:
        return ""
    shown = known[:MOST_BARS]
    figure, axes = _rows([view.profile.title for _, view in shown])
    axes.barh(range(len(shown)), [p for p, _ in shown], height=0.62, color=[_COLOURS[v.condition] for _, v in shown])
    for row, (probability, _) in enumerate(shown):
        axes.text(probability + 0.015, row, percent(probability), va="center", fontsize=10, color=svg.INK)
    axes.set_xlim(0, 1.18)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    words = "; ".join(f"{view.profile.title} {percent(p)}" for p, view in shown)
    caption = "Probability of failure within 7 calendar days" + _left_out(len(known), len(shown))
    return _figure(
        svg.inline(figure, name="probability", title="Probability of failure within 7 days", description=words), caption
    )


def life_charts(views: Sequence[MachineView]) -> str:
    """Return remaining useful life of the fleet, shortest first, one chart for each life unit that occurs."""
    charts = [_life_chart(views, unit) for unit in LifeUnit]
    return "".join(chart for chart in charts if chart)


def _life_chart(views: Sequence[MachineView], unit: LifeUnit) -> str:
    known: list[tuple[Interval, MachineView]] = []
    for view in views:
        rul = view.prediction.remaining_useful_life if view.prediction else None
        if rul and rul.life and rul.basis == "model" and rul.life_unit is unit and view.condition != "offline":
            known.append((rul.life, view))
    if not known:
        return ""
    known.sort(key=lambda pair: (pair[0].median, pair[1].machine_id))
    shown = known[:MOST_BARS]
    figure, axes = _rows([view.profile.title for _, view in shown])
    furthest = max(i.lower if i.upper_open else i.upper for i, _ in shown) or 1.0
    for row, (interval, view) in enumerate(shown):
        _interval(axes, row, interval, _COLOURS[view.condition], 1.1 * furthest)
    axes.set_xlim(0, 1.12 * furthest)
    axes.set_xlabel(life_unit_label(unit), fontsize=10)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    words = "; ".join(f"{view.profile.title} {life(interval, unit)}" for interval, view in shown)
    title = "Remaining useful life, median and 90 % interval"
    return _figure(
        svg.inline(figure, name=f"life-{unit}", title=title, description=words),
        title + _left_out(len(known), len(shown)),
    )


def _left_out(all_of_them: int, shown: int) -> str:
    return f"; the {shown} most urgent of {all_of_them} machines" if shown < all_of_them else ""


def _rows(labels: Sequence[str]) -> tuple[Figure, Axes]:
    """Return axes with one row per label, the first on top, and vertical rules."""
    height = 44.0 + 17.0 * len(labels)
    figure = svg.blank(WIDTH, height)
    with svg.styled():
        axes = figure.add_axes((0.38, 36.0 / height, 0.605, 1 - 42.0 / height))
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_yticks(range(len(labels)), [_short(label) for label in labels])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=svg.RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    return figure, axes


def _interval(axes: Axes, row: float, interval: Interval, colour: str, edge: float) -> None:
    """Draw one interval with its median; an open one runs to the edge and ends in an arrow."""
    end = edge if interval.upper_open else interval.upper
    axes.plot([interval.lower, end], [row, row], color=colour, linewidth=5, solid_capstyle="butt", alpha=0.55)
    if interval.upper_open:
        axes.plot([end], [row], marker=">", markersize=6, color=colour, clip_on=False)
    else:
        axes.plot([interval.median], [row], marker="o", markersize=6, color=colour, markeredgecolor=svg.INK)


def life_bar(machine_id: str, interval: Interval, unit: LifeUnit, condition: Condition) -> str:
    """Return one machine's remaining useful life as a bar: the 90 % interval and its median."""
    figure = svg.blank(WIDTH, 58)
    with svg.styled():
        axes = figure.add_axes((0.03, 0.62, 0.94, 0.32))
    furthest = (interval.lower if interval.upper_open else interval.upper) or 1.0
    _interval(axes, 0, interval, _COLOURS[condition], 1.15 * furthest)
    axes.set_xlim(0, 1.2 * furthest)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(life_unit_label(unit), fontsize=10)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    caption = f"Remaining useful life: {life(interval, unit)}"
    return _figure(
        svg.inline(figure, name=f"life-{machine_id}", title="Remaining useful life", description=life(interval, unit)),
        caption,
    )


def sensor_chart(
    readings: pd.DataFrame,
    sensor: Sensor,
    *,
    name: str,
    title: str,
    baseline: float | None = None,
    as_of: datetime,
    days: float,
) -> str:
    """Return one sensor over the last ``days``, with its baseline, normal range and limits.

    Args:
        readings: columns ``time`` (aware UTC, ascending) and one named as the sensor; NaN is a gap.
        sensor: its unit, normal range and limits.
        name: unique in the page, e.g. machine and sensor.
        title: the sensor's name for people.
        baseline: the machine's own healthy mean, when known.
        as_of: right end of the time axis.
        days: length of the time axis.
    """
    start = as_of - timedelta(days=days)
    series = _series(readings, sensor.name, start, as_of)
    if series.dropna().empty:
        return ""
    figure = svg.blank(WIDTH, 142)
    with svg.styled():
        axes = figure.add_axes((0.115, 0.15, 0.87, 0.82))
    values = series.to_numpy(dtype=float)
    axes.plot(_days(series.index), values, color=svg.SERIES, linewidth=1.2)
    axes.set_xlim(_day(start), _day(as_of))
    low, high = _value_range(values, sensor, baseline)
    axes.axhspan(max(sensor.normal_low, low), min(sensor.normal_high, high), color=svg.FILL, linewidth=0, zorder=0)
    if baseline is not None:
        axes.axhline(baseline, color=svg.INK, linewidth=0.9, linestyle=(0, (1, 2)))
    _limit_lines(axes, sensor, low, high)
    axes.set_ylim(low, high)
    _time_axis(axes, start, as_of)
    caption = without_unit(title, sensor.unit) + (f" ({unit_label(sensor.unit)})" if unit_label(sensor.unit) else "")
    return _figure(
        svg.inline(figure, name=name, title=caption, description=_in_words(series, sensor, baseline)), caption
    )


def _day(time: datetime) -> float:
    """Return days since 1970; axes are in plain days, so that no date converter is loaded."""
    return time.timestamp() / 86_400


def _days(times: pd.Index[Any]) -> list[float]:
    return [_day(time) for time in times]


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


def _value_range(values: object, sensor: Sensor, baseline: float | None) -> tuple[float, float]:
    """Return an axis that holds the readings and every limit that lies near them."""
    import numpy as np

    seen = np.asarray(values, dtype=float)
    low, high = float(np.nanmin(seen)), float(np.nanmax(seen))
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


def _limit_lines(axes: Axes, sensor: Sensor, low: float, high: float) -> None:
    for value, name, colour, above in _limits(sensor):
        if low <= value <= high:
            dashes = "solid" if name == "critical" else (0, (5, 3))
            axes.axhline(value, color=colour, linewidth=1.3, linestyle=dashes)
            axes.annotate(
                f"{name} {value:g}",
                (0.006, value),
                (0, 2 if above else -2),
                ("axes fraction", "data"),
                "offset points",
                va="bottom" if above else "top",
                fontsize=9.5,
                color=svg.INK,
            )


def _time_axis(axes: Axes, start: datetime, end: datetime) -> None:
    steps = 4
    marks = [start + (end - start) * k / steps for k in range(steps + 1)]
    fine = end - start < timedelta(days=4)
    axes.set_xticks([_day(m) for m in marks], [f"{m.day} {m:%b}" + (f" {m:%H:%M}" if fine else "") for m in marks])
    labels = axes.get_xticklabels()
    labels[0].set_horizontalalignment("left")
    labels[-1].set_horizontalalignment("right")


def _in_words(series: pd.Series[float], sensor: Sensor, baseline: float | None) -> str:
    known = series.dropna()
    words = (
        f"From {day(known.index[0])} to {day(known.index[-1])}: lowest {quantity(float(known.min()), sensor.unit)}, "
        f"highest {quantity(float(known.max()), sensor.unit)}, last {quantity(float(known.iloc[-1]), sensor.unit)}."
    )
    if baseline is not None:
        words += f" Healthy baseline {quantity(baseline, sensor.unit)}."
    for value, name, _, _ in _limits(sensor):
        words += f" A {name} limit at {quantity(value, sensor.unit)}."
    return words
