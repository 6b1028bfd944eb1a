"""Drawings of explanations: one prediction as a waterfall, a model over a fleet as a beeswarm, one feature's dependence.

What raises a margin is filled, what lowers it is hollow, and each number has its sign: they can be told apart in grey.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from workbench.dispatch.plain import readable, sensor_title, sentence
from workbench.domain.equipment import MachineProfile
from workbench.domain.explanations import Explanation, GlobalExplanation, GlobalFeature, signed
from workbench.domain.predictions import Task
from workbench.errors import InputError

from . import svg
from .charts import figure, short
from .markup import Fragment, element, empty, text
from .wording import percent

WIDTH = 660.0
_LABELS = 310.0
_LONGEST_LABEL = 54
_RADIUS = 2.6
# Four quarters of a feature's values, low to high, by how strong the dots are: dark on light and bright on dark.
_SHADES = (0.22, 0.42, 0.68, 1.0)
_MISSING = "var(--series, #667eea)"


@dataclass(frozen=True)
class _Step:
    """One step of a waterfall: what it is, its value in words (may be empty), and what it adds."""

    label: str
    told: str
    added: float


def waterfall(explanation: Explanation, *, profile: MachineProfile | None = None, most: int = 10) -> Fragment:
    """Return a prediction's way from the base value to its margin, feature by feature, the strongest first.

    ``most``: features drawn one by one; the others are summed in one step. With ``profile``, sensors go by their titles.
    """
    listed = explanation.features[: max(most, 1)]
    steps = [_Step(_titled(one.words, profile), one.told, one.contribution) for one in listed]
    count = len(explanation.features) - len(listed) + explanation.rest_count
    if count:
        left = math.fsum(one.contribution for one in explanation.features[len(listed) :]) + explanation.rest
        steps.append(_Step(f"{count} other features", "", left))
    return _drawn(explanation, steps, key="features", row=28.0)


def sensor_waterfall(explanation: Explanation, *, profile: MachineProfile | None = None, most: int = 6) -> Fragment:
    """Return the same with all features of a sensor in one step: what each sensor adds."""
    known = [one for one in explanation.sources if one.contribution != 0.0]
    listed, others = known[: max(most, 1)], known[max(most, 1) :]
    steps = [
        _Step(sensor_title(one.source, profile) if one.is_sensor else one.source, "", one.contribution)
        for one in listed
    ]
    if others:
        steps.append(_Step(f"{len(others)} others", "", math.fsum(one.contribution for one in others)))
    return _drawn(explanation, steps, key="sensors", row=20.0)


def _titled(words: str, profile: MachineProfile | None) -> str:
    return readable(words, profile).rstrip(".") if profile else words


def worth_showing(explanations: Sequence[Explanation]) -> list[Explanation]:
    """Return those of a prediction's explanations that most readers need: of its state, and of its life if it is shown.

    Of the horizons the shortest that is at least as likely as not, on which the state rests; else the middle one.
    """
    state = [one for one in explanations if one.task is Task.HEALTH]
    likely = [one for one in state if one.answer is not None and one.answer >= 0.5]
    life = [one for one in explanations if one.task is Task.RUL and not one.note]
    return [*(likely or state[len(state) // 2 :])[:1], *life]


def output_words(explained: Explanation | GlobalExplanation) -> str:
    """Return which of a model's raw outputs is explained, e.g. ``failure mode bearing wear``."""
    return explained.output.replace("_", " ")


def answer_words(explanation: Explanation) -> str:
    """Return a margin and what becomes of it, e.g. ``margin −1.2 log-odds, 23 % after calibration``."""
    said = f"margin {_number(explanation.margin)} {explanation.units}"
    if explanation.answer is None:
        return said
    if explanation.task in (Task.HEALTH, Task.DIAGNOSIS):
        return f"{said}, {percent(explanation.answer)} after calibration"
    if explanation.task is Task.RUL:
        return f"{said}, told as {explanation.answer:,.0f} {explanation.units}"
    return f"{said}, score {explanation.answer:.2f} of 1"


def _drawn(explanation: Explanation, steps: Sequence[_Step], *, key: str, row: float) -> Fragment:
    title = f"Why: {output_words(explanation)}"
    told = "; ".join(f"{step.label} {signed(step.added)}" for step in steps)
    words = f"From the base value {_number(explanation.base_value)}: {told}; {answer_words(explanation)}."
    height = 6 + row * (len(steps) + 2) + 18
    parts = _steps(explanation, steps, row, height - 18)
    name = f"{key}-{explanation.explanation_id}"
    drawn = svg.drawing(WIDTH, height, parts, name=name, title=title, description=words)
    notes = " ".join(sentence(note) for note in (explanation.note, explanation.to_answer) if note)
    caption = f"{title} ({answer_words(explanation)})"
    return Fragment(figure(drawn, caption) + element("p", element("small", text(notes))))


def _steps(explanation: Explanation, steps: Sequence[_Step], row: float, foot: float) -> list[str]:
    places = list(accumulate((step.added for step in steps), initial=explanation.base_value))
    low, high = min(places), max(places)
    room = 0.16 * ((high - low) or 1.0)
    across = svg.Scale(low - room, high + room, _LABELS, WIDTH - 8)
    parts = _axis(across, foot)
    begin, margin = across(explanation.base_value), across(explanation.margin)
    parts.append(svg.line(begin, 2, begin, foot, svg.MUTED, dash=svg.DOTTED))
    _write(parts, 6 + row / 2, _Step("Base value: the mean over training", "", 0.0))
    parts.append(svg.label(begin + 7, 6 + row / 2 + 3.6, _number(explanation.base_value)))
    for number, (step, start, end) in enumerate(zip(steps, places, places[1:], strict=False), 1):
        left, right = sorted((across(start), across(end)))
        middle = 6 + row * (number + 0.5)
        fill, edge = (svg.SERIES, svg.SERIES) if step.added >= 0 else ("var(--card, #ffffff)", svg.INK)
        parts.append(svg.rect(left, middle - 6, max(right - left, 1.0), 12, fill, edge=edge))
        parts.append(svg.line(across(end), middle + 6, across(end), middle + row - 6, svg.MUTED, width=0.7))
        _write(parts, middle, step)
        at, anchor = (right + 6, "start") if step.added >= 0 else (left - 6, "end")
        parts.append(svg.label(at, middle + 3.6, signed(step.added), anchor=anchor))
    middle = 6 + row * (len(steps) + 1.5)
    _write(parts, middle, _Step("Margin", "", 0.0), bold=True)
    parts.append(svg.dot(margin, middle, 4, svg.INK))
    parts.append(svg.label(margin + 8, middle + 3.6, _number(explanation.margin), bold=True))
    return parts


def _write(parts: list[str], middle: float, step: _Step, *, bold: bool = False) -> None:
    """Write a step's label, and below it its value in words, where there is one."""
    words = short(step.label[:1].upper() + step.label[1:], _LONGEST_LABEL)
    up = 2.0 if step.told else -3.6
    parts.append(svg.label(_LABELS - 8, middle - up, words, anchor="end", bold=bold))
    if step.told:
        parts.append(svg.label(_LABELS - 8, middle + 9, step.told, anchor="end", size=9, colour=svg.MUTED))


def beeswarm(explained: GlobalExplanation, *, most: int = 10) -> Fragment:
    """Return one row of dots for each of the strongest features: a dot is a reading, its place what the feature added.

    The stronger a dot, the higher the feature's value; readings without a value are in the series' colour.
    """
    shown = explained.features[: max(most, 1)]
    if not shown:
        return Fragment(empty(f"No feature moves {explained.output}: the model answers the same for every reading."))
    reach = max((abs(c) for one in shown for c in one.contributions), default=0.0) or 1.0
    across = svg.Scale(-1.05 * reach, 1.05 * reach, _LABELS, WIDTH - 8)
    foot = 6 + 30.0 * len(shown)
    parts = _axis(across, foot)
    parts.append(svg.line(across(0), 2, across(0), foot, svg.MUTED))
    for row, one in enumerate(shown):
        middle = 6 + 30.0 * (row + 0.5)
        what, _, span = one.words.rpartition(", ")
        strength = f"{one.mean_absolute:.2g} on average"
        _write(parts, middle, _Step(what or span, f"{span}; {strength}" if what else strength, 0.0))
        parts += _swarm(one, across, middle)
    parts.append(svg.label((_LABELS + WIDTH) / 2, foot + 28, f"added to the {explained.units}", anchor="middle"))
    title = f"What {output_words(explained)} rests on"
    words = "; ".join(f"{one.words} {one.mean_absolute:.2g}" for one in shown)
    note = (
        f"{explained.rows} readings of {explained.machines} machines. Strong dots are high values, faint ones low; beside "
        f"each feature the mean size of what it adds ({explained.units}). {sentence(explained.to_answer)}"
    )
    name = f"beeswarm-{explained.explanation_id}"
    drawn = svg.drawing(WIDTH, foot + 34, parts, name=name, title=title, description=f"Strongest first: {words}.")
    return Fragment(figure(drawn, title) + element("p", element("small", text(note))))


def _swarm(one: GlobalFeature, across: svg.Scale, middle: float) -> list[str]:
    known = sorted(value for value in one.values if value is not None)
    shelves: dict[int, int] = {}
    shades: dict[int | None, list[tuple[float, float]]] = {}
    for value, added in zip(one.values, one.contributions, strict=True):
        x = across(added)
        column = round(x / (1.2 * _RADIUS))
        level = shelves.get(column, 0)
        shelves[column] = level + 1
        # Up and down in turn, and never beyond the row.
        off = (1 if level % 2 else -1) * ((level + 1) // 2) * 1.5
        y = middle + max(min(off, 11.0), -11.0)
        shades.setdefault(None if value is None else _quarter(value, known), []).append((x, y))
    drawn = [svg.dots(shades.get(q, ()), _RADIUS, svg.INK, opacity=_SHADES[q]) for q in range(4)]
    return [*drawn, svg.dots(shades.get(None, ()), _RADIUS, _MISSING)]


def _quarter(value: float, ordered: Sequence[float]) -> int:
    """Return in which quarter of all values one lies; where all are equal, in the middle."""
    low, high = ordered[0], ordered[-1]
    return 2 if high == low else min(int(4 * (value - low) / (high - low)), 3)


def dependence(explained: GlobalExplanation, feature: str) -> Fragment:
    """Return what one feature adds (upwards) over its value (to the right), one dot for each reading.

    Raises:
        InputError: the feature is not among those listed; they are named.
    """
    one = explained.feature(feature)
    if one is None:
        known = ", ".join(listed.feature for listed in explained.features)
        raise InputError(f"Feature {feature!r} is not listed for {explained.output}.", f"Choose one of: {known}.")
    pairs = [(v, c) for v, c in zip(one.values, one.contributions, strict=True) if v is not None]
    missing = [c for v, c in zip(one.values, one.contributions, strict=True) if v is None]
    values = [value for value, _ in pairs] or [0.0]
    height, left = 300.0, 70.0
    added = [*one.contributions, 0.0]
    across = svg.Scale(min(values), max(values), left + (34 if missing else 10), WIDTH - 16)
    up = svg.Scale(min(added), max(added), height - 46, 12)
    parts = [svg.line(left, up(0), WIDTH - 8, up(0), svg.MUTED)]
    ticks = up.ticks()
    for tick, words in zip(ticks, svg.tick_labels(ticks), strict=True):
        parts.append(svg.line(left, up(tick), WIDTH - 8, up(tick), svg.RULE, width=0.6))
        parts.append(svg.label(left - 6, up(tick) + 3.6, words, anchor="end", colour=svg.MUTED))
    ticks = across.ticks()
    for tick, words in zip(ticks, svg.tick_labels(ticks), strict=True):
        parts.append(svg.label(across(tick), height - 26, words, anchor="middle", colour=svg.MUTED))
    parts.append(svg.dots(((across(v), up(c)) for v, c in pairs), _RADIUS, svg.INK, opacity=0.55))
    if missing:
        parts.append(svg.dots(((left + 10, up(c)) for c in missing), _RADIUS, _MISSING))
        parts.append(svg.label(left + 10, height - 26, "missing", anchor="middle", colour=svg.MUTED))
    parts.append(svg.label((left + WIDTH) / 2, height - 8, one.words, anchor="middle"))
    title = f"{one.words}: what it adds to {output_words(explained)}"
    words = (
        f"{len(pairs)} readings, values {min(values):.3g} to {max(values):.3g}, contributions {min(added):.3g} to "
        f"{max(added):.3g} {explained.units}; {len(missing)} readings without a value."
    )
    name = f"dependence-{explained.explanation_id}-{feature}"
    drawn = svg.drawing(WIDTH, height, parts, name=name, title=title, description=words)
    return Fragment(figure(drawn, f"{title} ({explained.units}, upwards)"))


def _axis(across: svg.Scale, foot: float) -> list[str]:
    ticks = across.ticks()
    parts = [svg.line(across(tick), 2, across(tick), foot, svg.RULE, width=0.6) for tick in ticks]
    pairs = zip(ticks, svg.tick_labels(ticks), strict=True)
    return parts + [svg.label(across(t), foot + 13, words, anchor="middle", colour=svg.MUTED) for t, words in pairs]


def _number(value: float) -> str:
    return signed(value).removeprefix("+")
