"""Forecasts of a machine's sensors: the last readings, the median and the 95 % interval that follow."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from workbench.dispatch.plain import sensor_title, unit_label, without_unit
from workbench.domain.forecasts import Forecast

from . import svg
from .charts import WIDTH, figure
from .dossier import MachineDossier
from .markup import Fragment, element, text
from .time_charts import day_number, time_axis
from .wording import moment, quantity

if TYPE_CHECKING:
    import pandas as pd

_HEIGHT, _TOP, _BOTTOM = 142.0, 12.0, 122.0
# The steps of the band reach under their neighbours, or seams would show.
_OVERLAP = 0.4


def machine_forecasts(machine: MachineDossier) -> Fragment:
    """Return the newest forecasts made of the machine's sensors as charts; nothing where none was made."""
    charts = (
        forecast_chart(one, machine.readings, title=sensor_title(one.sensor, machine.profile)).html
        for one in machine.forecasts
    )
    return Fragment("".join(charts))


def forecast_chart(forecast: Forecast, readings: pd.DataFrame, *, title: str = "") -> Fragment:
    """Return the forecast with readings as long before it: the median as a line in its 95 % band, and the model in words.

    ``readings``: columns ``time`` (aware UTC, ascending) and one named as the sensor. Without enough evidence the
    reasons are returned.
    """
    name = without_unit(title or forecast.sensor, forecast.unit)
    if not forecast.evidence.enough or forecast.origin is None:
        return Fragment(element("p", text(f"{name}: {forecast.evidence.in_words()}.")))
    end = forecast.times[-1]
    start = forecast.origin - (end - forecast.origin)
    step = timedelta(hours=forecast.step_h)
    shown = readings[(readings["time"] > start) & (readings["time"] <= forecast.origin)].set_index("time")
    # As the forecast sees them: means of its steps, and a gap stays one.
    past = shown[forecast.sensor].resample(step, closed="right", label="right", origin=forecast.origin).mean()
    values = [*past.dropna().tolist(), *forecast.lower, *forecast.upper]
    span = max(max(values) - min(values), 1e-9)
    across = svg.Scale(day_number(start), day_number(end), 40, WIDTH - 5)
    up = svg.Scale(min(values) - 0.05 * span, max(values) + 0.05 * span, _BOTTOM, _TOP)
    parts = [
        svg.rect(
            across(day_number(time - step)),
            up(high),
            across(day_number(time)) - across(day_number(time - step)) + _OVERLAP,
            up(low) - up(high),
            svg.FILL,
        )
        for time, low, high in zip(forecast.times, forecast.lower, forecast.upper, strict=True)
    ]
    ticks = up.ticks()
    for value, words in zip(ticks, svg.tick_labels(ticks), strict=True):
        parts.append(svg.label(across.start - 5, up(value) + 3.5, words, anchor="end", colour=svg.MUTED))
    parts.append(svg.line(across.start, _BOTTOM, across.end, _BOTTOM, svg.RULE))
    now = across(day_number(forecast.origin))
    parts.append(svg.line(now, _TOP, now, _BOTTOM, svg.INK, width=0.9, dash=svg.DOTTED))
    known = zip(past.index, past.tolist(), strict=True)
    parts.append(svg.curve([(across(day_number(time)), up(value)) for time, value in known], svg.SERIES))
    ahead = zip(forecast.times, forecast.median, strict=True)
    parts.append(svg.curve([(across(day_number(time)), up(value)) for time, value in ahead], svg.INK, dash=svg.DASHED))
    parts += time_axis(across, start, end, _HEIGHT - 7)
    caption = name + (f" ({unit_label(forecast.unit)})" if unit_label(forecast.unit) else "")
    words = (
        f"Readings to {moment(forecast.origin)}, then the forecast: at its end {quantity(forecast.median[-1], forecast.unit)}, "
        f"95 % interval {quantity(forecast.lower[-1], forecast.unit)} to {quantity(forecast.upper[-1], forecast.unit)}."
    )
    drawn = svg.drawing(
        WIDTH,
        _HEIGHT,
        parts,
        name=f"forecast-{forecast.machine_id}-{forecast.sensor}",
        title=f"{caption}, forecast",
        description=words,
    )
    note = f"Forecast from {moment(forecast.origin)}; band: 95 % interval; {forecast.reason}."
    chart = element("div", figure(drawn, f"{caption}, forecast"), class_="figures")
    return Fragment(chart + element("p", text(note), class_="legend"))
