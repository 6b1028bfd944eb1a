"""Where a model is right and where it errs: calibration, confusion of classes, error against the life left."""

from __future__ import annotations

from . import svg
from .charts import WIDTH, amount_bars, figure
from .markup import Fragment, element, empty, text
from .model_card import ModelDossier, life_unit_of
from .tables import table
from .wording import count, percent


def model_calibration(model: ModelDossier) -> Fragment:
    """Return for each horizon what was stated against what happened, in 15 bins of equal mass."""
    curves = model.evaluation.calibration if model.evaluation else ()
    if not curves:
        return Fragment(empty("This model states no probabilities.", short=""))
    drawn = [_calibration_chart([(b.stated, b.observed, b.rows) for b in c.bins], c.question) for c in curves]
    return Fragment(element("div", *drawn, class_="figures"))


def _calibration_chart(bins: list[tuple[float, float, int]], question: str) -> str:
    """Return stated probability against observed share as dots beside the line where both are the same."""
    size, top, left, bottom = 236.0, 10.0, 44.0, 196.0
    most = min(1.0, 1.1 * max(0.02, *(max(stated, observed) for stated, observed, _ in bins)))
    across, up = svg.Scale(0, most, left, WIDTH - 12), svg.Scale(0, most, bottom, top)
    parts = [svg.line(left, bottom, across.end, bottom, svg.RULE), svg.line(left, top, left, bottom, svg.RULE)]
    ticks = across.ticks()
    for value, words in zip(ticks, svg.tick_labels([100 * tick for tick in ticks]), strict=True):
        parts.append(svg.label(across(value), bottom + 14, words, anchor="middle", colour=svg.MUTED))
        parts.append(svg.label(left - 5, up(value) + 3.5, words, anchor="end", colour=svg.MUTED))
        parts.append(svg.line(left, up(value), across.end, up(value), svg.RULE, width=0.5))
    parts.append(svg.line(across(0), up(0), across(most), up(most), svg.MUTED, dash=svg.DASHED))
    parts.append(svg.curve([(across(stated), up(observed)) for stated, observed, _ in bins], svg.SERIES))
    parts += [svg.dot(across(stated), up(observed), 3.2, svg.SERIES, edge=svg.INK) for stated, observed, _ in bins]
    parts.append(
        svg.label((left + across.end) / 2, size - 8, "stated probability, %", anchor="middle", colour=svg.MUTED)
    )
    parts.append(svg.label(left + 6, top + 8, "observed, %", colour=svg.MUTED))
    rows = sum(n for _, _, n in bins)
    words = "; ".join(f"stated {percent(stated)}, observed {percent(observed)}" for stated, observed, _ in bins)
    title = f"{question[:1].upper()}{question[1:]} ({count(rows, 'row')})"
    return figure(
        svg.drawing(WIDTH, size, parts, name=f"calibration-{question}", title=title, description=words), title
    )


def model_confusion(model: ModelDossier) -> Fragment:
    """Return which answers were given for which truth, in rows."""
    found = model.evaluation.confusion if model.evaluation else None
    if found is None:
        return Fragment(empty("This model names no classes.", short=""))
    total = sum(map(sum, found.counts))
    right = sum(found.counts[k][k] for k in range(len(found.labels)))
    columns = {
        "truth": "True",
        **{f"c{k}": f"Said: {_in_words(label)}" for k, label in enumerate(found.labels)},
        "recall": "Found",
    }
    rows = []
    for k, (label, counts) in enumerate(zip(found.labels, found.counts, strict=True)):
        own = sum(counts)
        cells = {f"c{j}": element("strong", text(f"{n:,}")) if j == k else text(f"{n:,}") for j, n in enumerate(counts)}
        rows.append(
            {"truth": text(_in_words(label)), **cells, "recall": text(percent(counts[k] / own) if own else "none")}
        )
    caption = f"Rows of held-out machines by what was true and what was said; {percent(right / total) if total else 'none'} right"
    return Fragment(table("confusion", columns, rows, caption=caption, numeric=list(columns)[1:]))


def model_life_errors(model: ModelDossier) -> Fragment:
    """Return the error of the life left by how much is left: near the end is where it matters."""
    bands = model.evaluation.error_by_life if model.evaluation else ()
    if not bands or model.evaluation is None:
        return Fragment(empty("This model tells no life left.", short=""))
    unit = life_unit_of(model.evaluation)
    labels = [f"{b.start:,.0f} to {b.end:,.0f}" if b.end > b.start else f"{b.start:,.0f} or more" for b in bands]
    bars = [
        (label, b.mae, f"{b.mae:,.0f} ({'+' if b.bias > 0 else '−'}{abs(b.bias):,.0f})", svg.SERIES)
        for label, b in zip(labels, bands, strict=True)
    ]
    drawn = amount_bars(
        bars, name="life-error", title=f"Mean absolute error by true life left, {unit} (in brackets the bias)"
    )
    rows = [
        {
            "band": text(label),
            "rows": text(f"{b.rows:,}"),
            "mae": text(f"{b.mae:,.0f}"),
            "bias": text(f"{b.bias:+,.0f}".replace("-", "−")),
        }
        for label, b in zip(labels, bands, strict=True)
    ]
    columns = {"band": f"True life left, {unit}", "rows": "Rows", "mae": "Mean absolute error", "bias": "Bias"}
    listed = table(
        "lifeerror", columns, rows, caption="A bias above 0 promises too much", numeric=["rows", "mae", "bias"]
    )
    return Fragment(element("div", drawn, class_="figures") + listed)


def _in_words(label: str) -> str:
    return label.replace("_", " ")
