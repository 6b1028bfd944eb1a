"""The sensors of one machine: charts with limits and events, and one row each with all that is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.dispatch.plain import sensor_title, unit_label
from workbench.domain.analysis import STANDS_OUT_SD, standing_out
from workbench.domain.equipment import Limits, Sensor, SensorRole
from workbench.domain.observations import AssetEvent
from workbench.domain.predictions import Contribution, LimitCrossing
from workbench.domain.units import limit_text

from . import svg
from .charts import deviation_bars
from .dossier import MachineDossier
from .fleet import Condition, MachineView
from .markup import Fragment, chip, element, empty, text
from .site_time import site_moment
from .tables import table
from .time_charts import MARKED, event_letter, sensor_chart
from .wording import count, quantity, with_unit

if TYPE_CHECKING:
    import pandas as pd

MOST_SENSORS = 4
MOST_CHARTS = 16
_NO_READINGS = "There are no readings in this window."


def sensor_charts(
    view: MachineView,
    readings: pd.DataFrame,
    sensors: Sequence[str],
    *,
    as_of: datetime,
    days: float,
    events: Sequence[AssetEvent] = (),
) -> str:
    """Return a chart of each of ``sensors`` that has readings in the ``days`` before ``as_of``, as markup."""
    if readings.empty:
        return empty(_NO_READINGS)
    running = _while_running(readings, view)
    drawn = [
        sensor_chart(
            running,
            view.profile.sensor(name),
            name=f"{view.machine_id}-{name}",
            title=sensor_title(name, view.profile),
            baseline=_baseline(view, name),
            as_of=as_of,
            days=days,
            events=events,
        )
        for name in sensors
        if name in readings
    ]
    drawn = [chart for chart in drawn if chart]
    if not drawn:
        return empty("There are no readings of these sensors in this window.")
    key = "" if running is readings else "Hours in which the machine does not run are left out. "
    key += "Band: normal range. Dotted: healthy baseline. Dashed: warning limit. Solid: critical limit."
    key += _event_key(events, readings)
    return element("div", *drawn, class_="figures") + element("p", text(key), class_="legend")


def _event_key(events: Sequence[AssetEvent], readings: pd.DataFrame) -> str:
    """Say what the letters above the charts mean; nothing when no event falls into them."""
    first = readings["time"].iloc[0]
    kinds = [kind for kind in MARKED if any(event.kind is kind and event.time >= first for event in events)]
    return f" Marked: {', '.join(f'{event_letter(kind)} {kind.value}' for kind in kinds)}." if kinds else ""


def _while_running(readings: pd.DataFrame, view: MachineView) -> pd.DataFrame:
    """Blank the readings of hours in which the machine stands; limits and baselines do not hold for those."""
    rule = view.profile.running_rule
    if rule is None or rule.sensor not in readings:
        return readings
    stands = ~(readings[rule.sensor] > rule.above)
    if stands.all() or not stands.any():
        return readings
    names = [sensor.name for sensor in view.profile.sensors if sensor.name in readings]
    blanked = readings.copy()
    blanked[names] = blanked[names].mask(stands)
    return blanked


def sensors_that_matter(view: MachineView, most: int = MOST_SENSORS) -> list[str]:
    """Return the sensors to show: at limits first, then anomalous, then trending, then those of the likely mode."""
    prediction = view.prediction
    ranked: list[str] = []
    if prediction:
        ranked += [crossing.sensor for crossing in prediction.limit_crossings]
        if prediction.anomaly:
            ranked += [part.sensor for part in standing_out(prediction.anomaly, most=2)]
        mode = view.profile.failure_mode(prediction.diagnosis.likeliest)
        if mode and view.condition is not Condition.HEALTHY:
            ranked += [mode.indicator, *(s.sensor for s in sorted(mode.symptoms, key=lambda s: -s.weight))]
        ranked += [trend.sensor for trend in sorted(prediction.trends, key=lambda t: t.p_value)]
    ranked += [s.name for s in view.profile.sensors if s.role == "indicator"]
    known = {sensor.name for sensor in view.profile.sensors}
    return [name for name in dict.fromkeys(ranked) if name in known][:most]


def _baseline(view: MachineView, sensor: str) -> float | None:
    anomaly = view.prediction.anomaly if view.prediction else None
    return next((c.baseline for c in anomaly.contributions if c.sensor == sensor), None) if anomaly else None


def machine_sensors(machine: MachineDossier) -> Fragment:
    """Return one row for each sensor: last reading, normal range, baseline, deviation, trend, limits, what it says."""
    view, profile = machine.view, machine.profile
    columns = {
        "sensor": "Sensor",
        "last": "Last reading",
        "normal": "Normal range",
        "baseline": "Healthy baseline",
        "trend": "Trend",
        "limits": "Limits",
        "says": "Says",
    }
    running = machine.readings if machine.readings.empty else _while_running(machine.readings, view)
    if running is not machine.readings:
        columns["last"] = "Last reading while running"
    rows = [_sensor_row(machine, profile.sensor(name), running) for name in _all_sensors(view)]
    caption = f"{count(len(rows), 'sensor')}, those that stand out first; sd: times its usual spread (standard deviation) from its baseline"
    return Fragment(table("sensors", columns, rows, caption=caption, numeric=["last", "baseline", "trend"]))


def _all_sensors(view: MachineView) -> list[str]:
    """Return every sensor of the machine: those that matter first, those of mere operation last."""
    matter = sensors_that_matter(view, most=len(view.profile.sensors))
    return list(dict.fromkeys([*matter, *(sensor.name for sensor in view.profile.sensors)]))


def _sensor_row(machine: MachineDossier, sensor: Sensor, running: pd.DataFrame) -> dict[str, str]:
    said = machine.prediction
    crossings = [one for one in said.limit_crossings if one.sensor == sensor.name] if said else []
    trend = next((one for one in said.trends if one.sensor == sensor.name), None) if said else None
    anomaly = said.anomaly if said else None
    contribution = next((one for one in anomaly.contributions if one.sensor == sensor.name), None) if anomaly else None
    stands_out = anomaly is not None and contribution in standing_out(anomaly, len(anomaly.contributions))
    operating = element("small", "operating condition") if sensor.role is SensorRole.OPERATING else ""
    chips = [_crossing(one, machine.view) for one in crossings]
    chips += [chip("stands out", "anomaly" if anomaly and anomaly.is_anomaly else "plain")] if stands_out else []
    chips += [chip("trend", "plain")] if trend else []
    change = ""
    if trend:
        sure = "p < 0.001" if trend.p_value < 0.001 else f"p {trend.p_value:.3f}"
        sign = "+" if trend.per_day > 0 else ""
        change = text(f"{sign}{quantity(trend.per_day, trend.unit)} a day") + element("small", text(sure))
    return {
        "sensor": text(sensor_title(sensor.name, machine.profile)) + operating,
        "last": _last(running, sensor, machine.view),
        "normal": text(
            f"{_number(sensor.normal_low)} to {_number(sensor.normal_high)} {unit_label(sensor.unit)}".strip()
        ),
        "baseline": _against_baseline(contribution),
        "trend": change or "–",
        "limits": _limits(sensor.limits),
        "says": " ".join(chips) or "–",
    }


def _number(value: float) -> str:
    return with_unit(limit_text(value))


def _last(readings: pd.DataFrame, sensor: Sensor, view: MachineView) -> str:
    """Return the last reading of a sensor within the window, with its time where there are later ones of others."""
    if sensor.name not in readings or readings.empty:
        return "–"
    known = readings[["time", sensor.name]].dropna()
    if known.empty:
        return "–"
    value, at = float(known[sensor.name].iloc[-1]), known["time"].iloc[-1]
    older = element("small", text(site_moment(at, view.site))) if at < readings["time"].iloc[-1] else ""
    return text(quantity(value, sensor.unit)) + older


def _against_baseline(contribution: Contribution | None) -> str:
    if contribution is None:
        return "–"
    deviation = f"{contribution.deviation:+.1f} sd".replace("-", "−")
    if contribution.baseline is None:
        return text(deviation)
    return text(quantity(contribution.baseline, contribution.unit)) + element("small", text(deviation))


def _limits(limits: Limits | None) -> str:
    """Return the limits of a sensor in words, with the standard that they come from."""
    if limits is None:
        return "none declared"
    words = []
    for name, low, high in (
        ("warning", limits.warning_low, limits.warning_high),
        ("critical", limits.critical_low, limits.critical_high),
    ):
        bounds = [f"below {_number(low)}"] if low is not None else []
        bounds += [f"above {_number(high)}"] if high is not None else []
        words += [f"{name} {' or '.join(bounds)}"] if bounds else []
    return text("; ".join(words) or "none declared") + element("small", text(limits.standard))


def _crossing(crossing: LimitCrossing, view: MachineView) -> str:
    since = f"{crossing.direction} {_number(crossing.limit)} since {site_moment(crossing.since, view.site)}"
    return chip(f"{crossing.severity.lower()} limit", crossing.severity.lower()) + element(
        "small", text(f"{since}, {count(crossing.readings, 'reading')}")
    )


def machine_charts(machine: MachineDossier) -> Fragment:
    """Return the anomaly score, how far each sensor is from its baseline, and every sensor over the last days."""
    names = _all_sensors(machine.view)
    charts = sensor_charts(
        machine.view,
        machine.readings,
        names[:MOST_CHARTS],
        as_of=machine.fleet.as_of,
        days=machine.days,
        events=machine.events,
    )
    words, bars = _anomaly(machine)
    left = len(names) - MOST_CHARTS
    if left > 0:
        more = f"{count(left, 'sensor')} more {'is' if left == 1 else 'are'} not drawn; the table above has all."
        charts += element("p", text(more), class_="legend")
    anomaly = element("div", bars, element("p", text(words)), class_="outlook")
    return Fragment(anomaly + element("h3", text(f"Last {machine.days:g} days")) + charts)


def _anomaly(machine: MachineDossier) -> tuple[str, str]:
    """Return in words whether the latest readings are an anomaly, and the bars of the sensors' deviations."""
    said = machine.prediction
    if said is None or said.anomaly is None:
        why = "; ".join(said.anomaly_evidence.reasons) if said else "no prediction was made"
        return f"Anomalies could not be judged: {why or 'the reason was not recorded'}.", ""
    anomaly = said.anomaly
    verdict = "an anomaly" if anomaly.is_anomaly else "no anomaly"
    score, threshold = anomaly.shown()
    words = f"Anomaly score {score} of 1: {verdict} (threshold {threshold})."
    ranked = sorted(anomaly.contributions, key=lambda part: -abs(part.deviation))
    if ranked and abs(ranked[0].deviation) < STANDS_OUT_SD:
        words += " No sensor stands out by itself."
    colour = svg.WARNING if anomaly.is_anomaly else svg.SERIES
    rows = [
        (
            sensor_title(part.sensor, machine.profile),
            part.deviation,
            colour if abs(part.deviation) >= STANDS_OUT_SD else svg.OFFLINE,
        )
        for part in ranked[:MOST_CHARTS]
    ]
    return words, deviation_bars(rows, name=f"deviation-{machine.machine_id}", edge=STANDS_OUT_SD)
