"""What the digital twin says, to look at: factors of its health, and scenarios drawn over each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from workbench.dispatch.plain import sensor_title, unit_label
from workbench.domain.equipment import MachineProfile, SensorRole
from workbench.domain.twin import Factor, RiskBand, ScenarioComparison, ScenarioResult, Stop, Trajectory, TwinHealth

from . import svg
from .charts import WIDTH, figure, probability_bars
from .markup import Fragment, element, text
from .tables import table
from .wording import count, duration, percent, quantity

# One colour for each scenario, told apart on light and dark ground and by the colour-blind; a dash helps further.
_COLOURS = (svg.SERIES, "#d97706", "#dc2626", "#0d9488", "#9333ea", "#64748b")
_DASHES = ("", "6 2", "2 2", "8 2 2 2", "4 4", "1 3")
_BANDS = {RiskBand.HEALTHY: svg.HEALTHY, RiskBand.WARNING: svg.DEGRADING, RiskBand.CRITICAL: svg.CRITICAL}
_EDGES = {RiskBand.HEALTHY: (80.0, 100.0), RiskBand.WARNING: (60.0, 80.0), RiskBand.CRITICAL: (0.0, 60.0)}
_HEIGHT, _TOP, _BOTTOM = 158.0, 10.0, 136.0
# Lengths that differ more are drawn over a logarithmic axis, or the short ones could not be seen.
_LONGEST_OVER_SHORTEST = 12.0
_MARKS_H = (1 / 60, 1 / 6, 1.0, 10.0, 24.0, 240.0, 2400.0, 24_000.0)
MOST_SENSORS = 5


def twin_factors(health: TwinHealth) -> Fragment:
    """Return the twin's health of a machine: its score in words, and each factor as a bar."""
    colours = [
        svg.HEALTHY if value < 0.5 else svg.WARNING if value < 0.8 else svg.CRITICAL
        for value in health.factors.values()
    ]
    rows = [
        (factor.value.replace("_", " ").capitalize(), value, colour)
        for (factor, value), colour in zip(health.factors.items(), colours, strict=True)
    ]
    title = f"Twin health {health.twin_health_score:.0f} of 100, {health.risk_band.value}: share of each factor used up"
    drawn = probability_bars(rows, name=f"twin-{health.machine_id}", title=title)
    held = health.limited_by.replace("_", " ")
    words = (
        f"{health.running_h:,.0f} operating hours; life left {_life(health.remaining_useful_life, health.life_unit.value)} "
        f"against a rated {_life(health.rated_life, health.life_unit.value)}; probability of failure within "
        f"{duration(health.horizon_h)}: {percent(health.failure_probability)}."
        + (f" The score is held down by {held}." if held and health.limited_by != Factor.RUNNING_TIME.value else "")
        + (" The score is held down by its running time." if health.limited_by == Factor.RUNNING_TIME.value else "")
        + (f" From {health.basis}." if health.basis else "")
    )
    return Fragment(element("div", drawn, class_="figures") + element("p", text(words), class_="legend"))


def scenario_charts(
    compared: ScenarioComparison, *, profile: MachineProfile | None = None, sensors: Sequence[str] | None = None
) -> Fragment:
    """Return health, life left and sensors under each scenario: medians in their 90 % bands.

    A cross marks where a trip stops half of the samples that it stops, a dot where they fail. ``sensors``: which to draw
    (None: those that the scenarios move most, at most five).
    """
    chosen = list(sensors) if sensors is not None else _moved(compared, profile)
    axis = _Axis(compared)
    unit = compared.life_unit.value
    charts = [_chart(compared, axis, "Twin health", [one.health for one in compared.results], "", zones=True)]
    charts += [
        _chart(compared, axis, sensor_title(name, profile), [one.sensors[name] for one in compared.results], name)
        for name in chosen
    ]
    lives = [one.remaining_useful_life for one in compared.results]
    charts.append(_chart(compared, axis, f"Life left, {'cycles' if unit == 'cycle' else 'operating h'}", lives, "life"))
    legend = "".join(_legend(number, one) for number, one in enumerate(compared.results))
    note = f"Medians and 90 % bands of {count(compared.samples, 'machine')} of this class, all from the same start."
    note += " Time on a logarithmic axis." if axis.log else ""
    return Fragment(
        element("div", legend, class_="legend") + element("div", *charts, class_="figures")
        + element("p", text(note), class_="legend")
    )  # fmt: skip


def scenario_table(compared: ScenarioComparison) -> Fragment:
    """Return one row for each scenario: what stopped it and when, and how the machine is left."""
    unit = compared.life_unit.value
    rows = [
        {
            "scenario": text(one.scenario.title),
            "load": text(f"{100 * one.scenario.load:.0f} %"),
            "ends": text("; ".join(_stop_words(stop) for stop in one.stops) or f"runs on for {duration(one.hours)}"),
            "health": text(f"{one.final_health:.0f} {one.final_band.value}"),
            "life": text(_life(one.final_remaining_useful_life, unit)),
            "energy": text("" if one.energy_kWh is None else f"{one.energy_kWh:,.0f}"),
        }
        for one in compared.results
    ]
    columns = {
        "scenario": "Scenario",
        "load": "Load",
        "ends": "What stops it",
        "health": "Health at the end",
        "life": "Life left",
        "energy": "Energy, kWh",
    }
    caption = f"{count(len(rows), 'scenario')} of {compared.machine_id}"
    return Fragment(table("scenarios", columns, rows, caption=caption, numeric=["load", "life", "energy"]))


class _Axis:
    """The time axis that all charts share: linear, or logarithmic where the lengths of scenarios differ much."""

    def __init__(self, compared: ScenarioComparison) -> None:
        ends = [one.hours for one in compared.results]
        self.longest = max(ends)
        self.log = self.longest > _LONGEST_OVER_SHORTEST * min(ends)
        self.first = min(ends) / 20 if self.log else 0.0
        low, high = (math.log10(self.first), math.log10(self.longest)) if self.log else (0.0, self.longest)
        self.scale = svg.Scale(low, high, 44, WIDTH - 8)

    def __call__(self, hours: float) -> float:
        return self.scale(math.log10(max(hours, self.first)) if self.log else hours)

    def parts(self) -> list[str]:
        """Return ticks with their labels."""
        if self.log:
            marks = [hours for hours in _MARKS_H if self.first <= hours <= self.longest]
        else:
            per = 24.0 if self.longest >= 72 else 1.0 if self.longest >= 2 else 1 / 60
            marks = [per * tick for tick in svg.Scale(0, self.longest / per, 0, 1).ticks(4)]
        drawn = []
        for hours in marks:
            anchor = "middle" if self(hours) < WIDTH - 24 else "end"
            drawn.append(svg.line(self(hours), _BOTTOM, self(hours), _BOTTOM + 3, svg.RULE))
            drawn.append(
                svg.label(self(hours), _BOTTOM + 14, duration(hours) if hours else "0", anchor=anchor, colour=svg.MUTED)
            )
        return drawn


def _chart(
    compared: ScenarioComparison,
    axis: _Axis,
    title: str,
    curves: Sequence[Trajectory],
    name: str,
    *,
    zones: bool = False,
) -> str:
    known = [v for one in curves for side in (one.lower, one.upper) for v in side if v is not None]
    if not known:
        return ""
    low, high = (0.0, 103.0) if zones else _range(known)
    up = svg.Scale(low, high, _BOTTOM, _TOP)
    parts = [
        svg.rect(
            axis.scale.start,
            up(top),
            axis.scale.end - axis.scale.start,
            up(bottom) - up(top),
            _BANDS[band],
            opacity=0.10,
        )
        for band, (bottom, top) in (_EDGES.items() if zones else ())
    ]
    ticks = up.ticks(4 if not zones else 6)
    for value, words in zip(ticks, svg.tick_labels(ticks), strict=True):
        parts.append(svg.label(axis.scale.start - 5, up(value) + 3.5, words, anchor="end", colour=svg.MUTED))
    parts.append(svg.line(axis.scale.start, _BOTTOM, axis.scale.end, _BOTTOM, svg.RULE))
    parts += axis.parts()
    for number, (result, one) in enumerate(zip(compared.results, curves, strict=True)):
        parts += _band(result, one, axis, up, _COLOURS[number % len(_COLOURS)])
    for number, (result, one) in enumerate(zip(compared.results, curves, strict=True)):
        colour = _COLOURS[number % len(_COLOURS)]
        points = [(axis(h), up(v)) for h, v in _points(result, one.median, axis)]
        parts.append(svg.curve(points, colour, width=1.6, dash=_DASHES[number % len(_DASHES)]))
        for stop in result.stops:
            parts += _mark(stop, _value_at(result, one, stop.median_h, axis), axis, up, colour)
    unit = unit_label(curves[0].unit) if curves[0].unit not in ("cycle", "operating_h") else ""
    caption = title + (f" ({unit})" if unit else "")
    said = "; ".join(_in_words(result, one) for result, one in zip(compared.results, curves, strict=True))
    key = f"scenario-{compared.machine_id}-{name or 'health'}-" + "-".join(
        one.scenario.name for one in compared.results
    )
    return figure(svg.drawing(WIDTH, _HEIGHT, parts, name=key, title=caption, description=said), caption)


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = 0.06 * max(high - low, 0.02 * abs(high), 1e-9)
    return low - margin, high + 1.5 * margin


def _points(result: ScenarioResult, values: Sequence[float | None], axis: _Axis) -> list[tuple[float, float]]:
    pairs = zip(result.at_h, values, strict=True)
    return [(hours, value) for hours, value in pairs if value is not None and hours >= axis.first]


def _band(result: ScenarioResult, one: Trajectory, axis: _Axis, up: svg.Scale, colour: str) -> list[str]:
    below, above = _points(result, one.lower, axis), _points(result, one.upper, axis)
    if len(below) < 2:
        return []
    outline = [(axis(h), up(v)) for h, v in [*below, *reversed(above)]]
    return [svg.area(outline, colour, opacity=0.16)]


def _value_at(result: ScenarioResult, one: Trajectory, hours: float, axis: _Axis) -> float | None:
    """Return the median at an hour, or the last one before."""
    known = _points(result, one.median, axis)
    if not known:
        return None
    for (before, value), (after, _) in pairwise(known):
        if before <= hours < after:
            return value
    return known[0][1] if hours < known[0][0] else known[-1][1]


def _mark(stop: Stop, value: float | None, axis: _Axis, up: svg.Scale, colour: str) -> list[str]:
    if value is None:
        return []
    x, y, arm = axis(stop.median_h), up(value), 4.0
    if stop.kind == "failure":
        return [svg.dot(x, y, arm, colour, edge=svg.INK)]
    return [
        svg.line(x - arm, y - arm, x + arm, y + arm, colour, width=2.2),
        svg.line(x - arm, y + arm, x + arm, y - arm, colour, width=2.2),
    ]


def _moved(compared: ScenarioComparison, profile: MachineProfile | None) -> list[str]:
    """Return the indicators whose medians the scenarios drive apart most, over the width of their bands."""
    asked = {s.name for s in profile.sensors if s.role is SensorRole.OPERATING} if profile else set()
    spread = {}
    for name in compared.results[0].sensors.keys() - asked:
        curves = [one.sensors[name] for one in compared.results]
        last = [known[-1] for one in curves if (known := [v for v in one.median if v is not None])]
        width = [
            u - v
            for one in curves
            for v, u in zip(one.lower, one.upper, strict=True)
            if v is not None and u is not None
        ]
        if last and width:
            spread[name] = (max(last) - min(last)) / (sum(width) / len(width) + 1e-3 * (abs(max(last)) + 1e-9))
    ordered = sorted(spread, key=lambda name: (-spread[name], name))
    # What moves less than its band tells nothing; two are drawn in any case.
    return [name for place, name in enumerate(ordered) if place < 2 or spread[name] > 1.0][:MOST_SENSORS]


def _legend(number: int, result: ScenarioResult) -> str:
    line = svg.line(0, 5, 26, 5, _COLOURS[number % len(_COLOURS)], width=2.5, dash=_DASHES[number % len(_DASHES)])
    words = "; ".join(_stop_words(stop) for stop in result.stops) or f"runs on for {duration(result.hours)}"
    key = svg.drawing(
        28, 10, [line], name=f"legend-{number}-{result.scenario.name}", title=result.scenario.title, description="line"
    )
    return element(
        "div", key + " " + element("strong", text(result.scenario.name)) + text(f" ({result.scenario.title}): {words}")
    )


def _stop_words(stop: Stop) -> str:
    verb = "trip" if stop.kind == "trip" else "fail"
    whole = f"{verb}s" if stop.share > 0.995 else f"{percent(stop.share)} {verb}"
    return f"{whole} after {duration(stop.median_h)} ({stop.title})"


def _in_words(result: ScenarioResult, one: Trajectory) -> str:
    known = [value for value in one.median if value is not None]
    ends = f"{quantity(known[0])} to {quantity(known[-1])}" if known else "not known"
    return f"{result.scenario.name} {ends}" + "".join(f", {_stop_words(stop)}" for stop in result.stops)


def _life(value: float, unit: str) -> str:
    return f"{value:,.0f} {'cycles' if unit == 'cycle' else 'h'}"
