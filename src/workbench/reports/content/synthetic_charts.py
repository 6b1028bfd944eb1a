"""Charts of a synthetic set beside the seed data: loss, distributions, sequences drawn, memory in time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.dispatch.plain import sensor_title, unit_label
from workbench.domain.equipment import SensorRole
from workbench.domain.synthesis import EpochLoss

from . import svg
from .charts import WIDTH, figure
from .markup import Fragment, element, empty, text
from .synthetic_data import SyntheticDossier
from .tables import table
from .wording import percent

if TYPE_CHECKING:
    import pandas as pd

BINS = 30
MOST_SENSORS, MOST_SEQUENCES, MOST_LAGS = 12, 4, 20
LIVES_DRAWN = 3
_HEIGHT, _TOP, _BOTTOM, _LEFT = 150.0, 12.0, 116.0, 40.0


def loss_chart(data: SyntheticDossier) -> Fragment:
    """Return the loss over the epochs: of what was learned from, and of the lives kept aside."""
    losses = data.synthesizer.losses if data.synthesizer else ()
    if len(losses) < 2:
        return Fragment(empty("No loss history is kept.", short=""))
    return Fragment(element("div", _loss(losses, data.known.set_id), class_="figures"))


def _loss(losses: Sequence[EpochLoss], name: str) -> str:
    kept = [one.validation_loss for one in losses if one.validation_loss is not None]
    values = [*(one.loss for one in losses), *kept]
    # The first epochs fall so far that nothing else would be seen.
    settled = sorted(values)[: max(round(0.97 * len(values)), 2)]
    across, up, parts = _frame((losses[0].epoch, losses[-1].epoch), (min(settled), max(settled)))
    told = [(one.epoch, one.loss) for one in losses]
    aside = [(one.epoch, one.validation_loss) for one in losses if one.validation_loss is not None]
    parts.append(svg.curve([(across(x), up(min(y, up.high))) for x, y in told], svg.SERIES))
    parts.append(svg.curve([(across(x), up(min(y, up.high))) for x, y in aside], svg.INK, dash=svg.DASHED))
    parts += _foot(across, "epoch")
    best = min(aside or told, key=lambda pair: pair[1])
    words = f"Loss {losses[0].loss:.3g} after the first epoch, {losses[-1].loss:.3g} after {losses[-1].epoch}."
    title = "Loss: line, learned from; dashed, lives kept aside" if aside else "Loss over the epochs"
    words += f" Lowest {'of lives kept aside ' if aside else ''}{best[1]:.3g} at epoch {best[0]}."
    drawn = svg.drawing(WIDTH, _HEIGHT, parts, name=f"loss-{name}", title=title, description=words)
    return figure(drawn, title)


def synthetic_distributions(data: SyntheticDossier) -> Fragment:
    """Return the spread of each sensor: seed data filled, generated data as a line; and the shares of categories."""
    drawn = [_distribution(data, name) for name in data.known.columns.continuous[:MOST_SENSORS]]
    charts = element("div", *(one for one in drawn if one), class_="figures")
    return Fragment(_legend(data, "Filled: seed data. Line: generated.") + charts + _shares(data))


def _legend(data: SyntheticDossier, words: str) -> str:
    return "" if data.made is None else element("p", text(words), class_="legend")


def _distribution(data: SyntheticDossier, name: str) -> str:
    seed = _numbers(data.seed, name)
    made = None if data.made is None else _numbers(data.made, name)
    both = seed if made is None else np.concatenate([seed, made])
    if both.size == 0:
        return ""
    low, high = np.quantile(both, [0.002, 0.998])
    if not high > low:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, BINS + 1)
    shares = [np.histogram(one, edges)[0] / max(one.size, 1) for one in (seed, made) if one is not None]
    across, up, parts = _frame((low, high), (0.0, 1.05 * max(float(share.max()) for share in shares)), shares=True)
    for left, right, share in zip(edges, edges[1:], shares[0], strict=False):
        parts.append(svg.rect(across(left), up(share), across(right) - across(left) + 0.3, up(0) - up(share), svg.FILL))
    words = f"Seed data: median {np.median(seed):.3g}, 5 to 95 % {_middle(seed)}."
    title = _title(data, name)
    if made is not None:
        steps = [(x, share) for place, share in enumerate(shares[1]) for x in (edges[place], edges[place + 1])]
        parts.append(svg.curve([(across(x), up(share)) for x, share in steps], svg.SERIES, width=1.6))
        words += f" Generated: median {np.median(made):.3g}, 5 to 95 % {_middle(made)}."
        title += f": {percent(_agreement(seed, made))} alike"
    parts += _foot(across, "")
    drawn = svg.drawing(WIDTH, _HEIGHT - 12, parts, name=f"spread-{name}", title=title, description=words)
    return figure(drawn, title)


def _agreement(seed: Any, made: Any) -> float:
    """Return 1 - Kolmogorov-Smirnov distance of two samples."""
    points = np.concatenate([seed, made])
    shares = [np.searchsorted(np.sort(one), points, side="right") / one.size for one in (seed, made)]
    return float(1.0 - np.abs(shares[0] - shares[1]).max())


def _middle(values: Any) -> str:
    low, high = np.quantile(values, [0.05, 0.95])
    return f"{low:.3g} to {high:.3g}"


def _shares(data: SyntheticDossier) -> str:
    """Return the share of each value of each categorical column."""
    made, rows = data.made, []
    for column in data.known.columns.categorical:
        seed = data.seed[column].astype(str).value_counts(normalize=True)
        drawn = None if made is None else made[column].astype(str).value_counts(normalize=True)
        for value in sorted({*seed.index, *(() if drawn is None else drawn.index)}):
            shown = {"column": text(column.replace("_", " ")), "value": text(value.replace("_", " "))}
            shown["seed"] = text(_share(seed.get(value, 0.0)))
            if drawn is not None:
                shown["made"] = text(_share(drawn.get(value, 0.0)))
            rows.append(shown)
    if not rows:
        return ""
    columns = {"value": "Value", "column": "Column", "seed": "Seed data"}
    columns |= {} if made is None else {"made": "Generated"}
    return table(
        "shares", columns, rows, caption="Share of rows of each category", numeric=("seed", "made")[: len(columns) - 2]
    )


def _share(value: float) -> str:
    return "none" if value == 0 else f"{100 * value:.0f} %"


def synthetic_sequences(data: SyntheticDossier) -> Fragment:
    """Return a few lives to their failure, of the sensors that tell most of the life left."""
    life = data.known.columns.remaining_life
    if life is None:
        return Fragment(empty("The sequences tell no life left.", short=""))
    drawn = [_lives(data, name, life) for name in telling(data)[:MOST_SEQUENCES]]
    words = f"Dotted: {LIVES_DRAWN} lives of the seed data. Line: {LIVES_DRAWN} that were generated. The failure is at the right."
    return Fragment(_legend(data, words) + element("div", *drawn, class_="figures"))


def telling(data: SyntheticDossier) -> list[str]:
    """Return the sensors of the seed data by how much they move with the life left, the most telling first."""
    life = data.known.columns.remaining_life
    # How hard it is worked, and how warm it is around it, tell nothing of a fault.
    worked = {one.name for one in data.profile.sensors if one.role is SensorRole.OPERATING} if data.profile else set()
    moving = [name for name in data.known.columns.continuous if data.seed[name].nunique() > 1]
    names = [name for name in moving if name not in worked] or moving
    if life is None:
        return names
    tied = data.seed[names].corrwith(data.seed[life], method="spearman").abs().fillna(0.0)
    return [str(name) for name in tied.sort_values(ascending=False, kind="stable").index]


def _lives(data: SyntheticDossier, name: str, life: str) -> str:
    columns = data.known.columns
    sides = [(data.seed, svg.MUTED, svg.DOTTED)]
    sides += [] if data.made is None else [(data.made, svg.SERIES, "")]
    lives = [
        (one[life].to_numpy(dtype=float), one[name].to_numpy(dtype=float), colour, dash)
        for frame, colour, dash in sides
        for _, one in list(frame.groupby(columns.unit, sort=False))[:LIVES_DRAWN]
    ]
    values = np.concatenate([values for _, values, _, _ in lives])
    across, up, parts = _frame(
        (max(float(left.max()) for left, _, _, _ in lives), 0.0),
        (float(np.nanmin(values)), float(np.nanmax(values))),
    )
    for left, values_, colour, dash in lives:
        points = zip(left.tolist(), values_.tolist(), strict=True)
        parts.append(svg.curve([(across(x), up(y)) for x, y in points], colour, dash=dash))
    parts += _foot(across, "operating h before the failure")
    title = _title(data, name)
    words = f"{len(lives)} lives, each drawn to its failure; values from {np.nanmin(values):.3g} to {np.nanmax(values):.3g}."
    return figure(svg.drawing(WIDTH, _HEIGHT, parts, name=f"lives-{name}", title=title, description=words), title)


def synthetic_memory(data: SyntheticDossier) -> Fragment:
    """Return how long sensors remember: the mean autocorrelation within lives, of the seed data and of those generated."""
    if data.made is None:
        return Fragment(empty("Nothing was generated.", short=""))
    drawn = [_memory(data, name, data.made) for name in telling(data)[:2]]
    words = "Dots: seed data. Line: generated. Alike means that neighbouring rows belong together as they should."
    return Fragment(_legend(data, words) + element("div", *(one for one in drawn if one), class_="figures"))


def _memory(data: SyntheticDossier, name: str, made: pd.DataFrame) -> str:
    unit = data.known.columns.unit
    seed, drawn = (_autocorrelation(frame, unit, name) for frame in (data.seed, made))
    lags = [lag for lag in range(1, MOST_LAGS + 1) if np.isfinite(seed[lag - 1]) and np.isfinite(drawn[lag - 1])]
    if len(lags) < 2:
        return ""
    values = [float(side[lag - 1]) for side in (seed, drawn) for lag in lags]
    across, up, parts = _frame((lags[0], lags[-1]), (min(0.0, *values), 1.0))
    parts.append(svg.curve([(across(lag), up(float(drawn[lag - 1]))) for lag in lags], svg.SERIES))
    parts.append(svg.dots(((across(lag), up(float(seed[lag - 1]))) for lag in lags), 2.4, svg.INK))
    parts += _foot(across, "rows apart")
    title = f"{_title(data, name, unit=False)}: autocorrelation"
    gap = float(np.mean([abs(seed[lag - 1] - drawn[lag - 1]) for lag in lags]))
    words = f"Over {len(lags)} lags they differ by {gap:.2f} on average."
    return figure(svg.drawing(WIDTH, _HEIGHT, parts, name=f"memory-{name}", title=title, description=words), title)


def _autocorrelation(frame: pd.DataFrame, unit: str, name: str) -> Any:
    """Return the mean over units of the autocorrelation at lags 1 to ``MOST_LAGS``; NaN where no unit is long enough."""
    found = []
    for _, one in frame.groupby(unit, sort=False):
        centred = one[name].to_numpy(dtype=float) - one[name].mean()
        power = float((centred**2).sum())
        if power > 0:
            found.append(
                [
                    float((centred[:-lag] * centred[lag:]).sum()) / power if lag < len(centred) else np.nan
                    for lag in range(1, MOST_LAGS + 1)
                ]
            )
    table_ = np.array(found).reshape(-1, MOST_LAGS)
    known = np.isfinite(table_)
    return np.where(known.any(axis=0), np.nansum(table_, axis=0) / np.maximum(known.sum(axis=0), 1), np.nan)


def _numbers(frame: pd.DataFrame, name: str) -> Any:
    values = frame[name].to_numpy(dtype=float)
    return values[np.isfinite(values)]


def _title(data: SyntheticDossier, name: str, *, unit: bool = True) -> str:
    sensor = next((one for one in data.profile.sensors if one.name == name), None) if data.profile else None
    label = unit_label(sensor.unit) if sensor and unit else ""
    return sensor_title(name, data.profile) + (f" ({label})" if label else "")


def _frame(
    x: tuple[float, float], y: tuple[float, float], *, shares: bool = False
) -> tuple[svg.Scale, svg.Scale, list[str]]:
    """Return both scales of a chart and its axes with marks; ``shares`` are marked in percent."""
    margin = 0.0 if shares else 0.06 * ((y[1] - y[0]) or 1.0)
    across = svg.Scale(x[0], x[1], _LEFT, WIDTH - 8)
    up = svg.Scale(y[0] - margin, y[1] + margin, _BOTTOM, _TOP)
    parts = [svg.line(_LEFT, _BOTTOM, across.end, _BOTTOM, svg.RULE), svg.line(_LEFT, _TOP, _LEFT, _BOTTOM, svg.RULE)]
    ticks = up.ticks()
    labels = svg.tick_labels([100 * tick for tick in ticks] if shares else ticks)
    for value, words in zip(ticks, labels, strict=True):
        parts.append(svg.line(_LEFT - 3, up(value), _LEFT, up(value), svg.RULE))
        parts.append(
            svg.label(_LEFT - 5, up(value) + 3.5, words + ("%" if shares else ""), anchor="end", colour=svg.MUTED)
        )
    return across, up, parts


def _foot(across: svg.Scale, words: str) -> list[str]:
    """Return the marks below a chart, on an axis that may run backwards, and what it counts."""
    ticks = svg.Scale(min(across.low, across.high), max(across.low, across.high), 0, 1).ticks()
    parts = [svg.line(across(x), _BOTTOM, across(x), _BOTTOM + 3, svg.RULE) for x in ticks]
    parts += [
        svg.label(across(x), _BOTTOM + 14, label, anchor="middle", colour=svg.MUTED)
        for x, label in zip(ticks, svg.tick_labels(ticks), strict=True)
    ]
    middle = (across.start + across.end) / 2
    return parts + ([svg.label(middle, _BOTTOM + 28, words, anchor="middle", colour=svg.MUTED)] if words else [])
