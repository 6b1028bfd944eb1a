"""The model card: what a version was trained on, how good it is on machines it never saw, and where it may be used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workbench.domain.explanations import GlobalExplanation
from workbench.domain.models import DriftReport, Figure, ModelEvaluation
from workbench.domain.predictions import ModelVersion, Task

from . import svg
from .charts import WIDTH, amount_bars, figure
from .explanations import beeswarm
from .fleet import FleetSnapshot
from .markup import Fragment, chip, element, empty, facts, listing, text
from .method import METRICS, SPLITS
from .summary import card, head
from .tables import table
from .wording import count, day, moment, percent

TASKS = {
    Task.HEALTH: "Health state",
    Task.RUL: "Remaining useful life",
    Task.ANOMALY: "Anomalies",
    Task.DIAGNOSIS: "Diagnosis",
}
# What the top of the card shows of each task: name of the figure, its label, and whether it is a share.
LEADING = {
    Task.HEALTH: (("brier_skill", "Brier skill"), ("ece", "Calibration error"), ("pr_auc", "PR AUC"), ("f1", "F1")),
    Task.RUL: (
        ("mae", "MAE"),
        ("rmse", "RMSE"),
        ("skill", "Skill over the mean"),
        ("coverage_90", "90 % interval holds"),
    ),
    Task.DIAGNOSIS: (("accuracy", "Accuracy"), ("macro_f1", "Macro F1")),
    Task.ANOMALY: (("alarm_episodes_per_machine_month", "False alarms"), ("roc_auc_before_failure", "ROC AUC")),
}
HORIZONS = ("critical", "warning", "degrading")


@dataclass(frozen=True)
class ModelDossier:
    """Everything a model card says, read once; ``fleet`` holds this version alone and what it was made from."""

    fleet: FleetSnapshot
    version: ModelVersion
    evaluation: ModelEvaluation | None = None
    explanations: tuple[GlobalExplanation, ...] = ()
    drift: DriftReport | None = None
    history: tuple[tuple[datetime, str, str, str], ...] = ()

    @property
    def state(self) -> str:
        """What becomes of the version's answers, in words."""
        if self.version.active:
            return "active: its answers are shown and acted on"
        if self.version.shadow:
            return "in the shadow: it answers beside the active version, and nobody acts on it"
        return "refused: a gate is not met" if self.version.refused else "registered, not in use"


def model_header(model: ModelDossier, *, title: str) -> Fragment:
    """Return title and the facts that identify the version, with the card's provenance for machines."""
    v = model.version
    pairs = [
        ("Scope", text("the whole fleet" if v.scope == "fleet" else v.scope.replace("type:", "machines of type "))),
        ("State", text(model.state)),
        ("Trained", text(f"{moment(v.created_at)}, on data until {moment(v.as_of)}")),
        ("Seed", text(str(v.seed))),
    ]
    return head(model.fleet, pairs, title=f"{title}: {TASKS[v.task]}")


def model_headline(model: ModelDossier) -> Fragment:
    """Return the few sentences to remember."""
    v, e = model.version, model.evaluation
    learned = f"Learned from {count(v.units, 'machine')} with {count(v.failures, 'failure')}"
    sentences = [element("p", text(f"{learned}; judged on {SPLITS.get(v.split, v.split)}."))]
    sentences += [element("p", element("strong", text(f"Gate not met: {reason}."))) for reason in v.refused]
    if e is None:
        sentences.append(element("p", text("No evaluation is recorded for this version; train it again to get one.")))
    if v.task is Task.HEALTH and e is not None:
        sentences.append(element("p", text(_health_sentence(e))))
    if v.task is Task.RUL and e is not None and (mae := e.figure("mae")) is not None and mae.value is not None:
        unit = e.life_unit.replace("_", " ")
        sentences.append(
            element("p", text(f"Its median misses the true life left by {mae.value:,.0f} {unit} on the average."))
        )
    return Fragment(element("div", *sentences, class_="headline"))


def _health_sentence(e: ModelEvaluation) -> str:
    known = [(name, f) for name in HORIZONS if (f := e.figure(f"brier_skill_{name}")) is not None]
    skilled = [name for name, f in known if f.lower is not None and f.lower > 0]
    if not skilled:
        return "On no horizon is it shown to be better than always saying the base rate."
    return f"Better than the base rate, beyond chance, on the {_joined(skilled)} horizon{'s' * (len(skilled) > 1)}."


def _joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def model_cards(model: ModelDossier) -> Fragment:
    """Return the leading figures, each with its interval."""
    v, e = model.version, model.evaluation
    cards = []
    for name, label in LEADING[v.task]:
        found = _leading(v, e, name)
        if found is not None and found.value is not None:
            cards.append(card(_value(found.value), label, note=_interval(found)))
    if e is not None and e.training_s is not None:
        cards.append(card(f"{e.training_s:.1f} s", "Training"))
    if e is not None and e.inference_ms is not None:
        cards.append(card(f"{e.inference_ms:.2g} ms", "One answer", note="features given"))
    return Fragment(element("div", *cards, class_="cards", role="list", aria_label="Figures on held-out machines"))


def _leading(v: ModelVersion, e: ModelEvaluation | None, name: str) -> Figure | None:
    """Return the figure of this name; for health, that of the horizon of most skill."""
    if e is not None and v.task is Task.HEALTH:
        skills = {
            h: f.value for h in HORIZONS if (f := e.figure(f"brier_skill_{h}")) is not None and f.value is not None
        }
        if skills and (found := e.figure(f"{name}_{max(skills, key=lambda h: skills[h])}")) is not None:
            return found
    if e is not None and (found := e.figure(name)) is not None:
        return found
    value = v.metrics.get(name)
    return None if value is None else Figure(name=name, value=value)


def model_figures(model: ModelDossier) -> Fragment:
    """Return every measured figure with its 95 % interval; for health one column for each horizon."""
    e = model.evaluation
    if e is None or not e.figures:
        rows = [
            {"name": text(_label(k)), "value": text(_value(x))}
            for k, x in model.version.metrics.items()
            if x is not None
        ]
        if not rows:
            return Fragment(empty("No figure was measured."))
        columns = {"name": "Figure", "value": "On held-out machines"}
        return Fragment(table("figures", columns, rows, caption="Figures on held-out machines", numeric=["value"]))
    horizons = [h for h in HORIZONS if any(f.name.endswith(f"_{h}") for f in e.figures)]
    caption = f"Figures on held-out machines ({count(e.rows, 'row')}, {count(e.folds, 'fold')}); in brackets the 95 % interval over machines"
    if not horizons:
        rows = [{"name": text(_label(f.name)), "value": _with_interval(f)} for f in e.figures]
        return Fragment(
            table("figures", {"name": "Figure", "value": "Value"}, rows, caption=caption, numeric=["value"])
        )
    names = list(dict.fromkeys(f.name.rpartition("_")[0] for f in e.figures))
    rows = [{"name": text("base rate"), **{h: text(percent(e.base_rates.get(h))) for h in horizons}}]
    rows += [
        {"name": text(_label(name)), **{h: _with_interval(e.figure(f"{name}_{h}")) for h in horizons}} for name in names
    ]
    columns = {"name": "Figure", **{h: f"{h.capitalize()} horizon" for h in horizons}}
    return Fragment(table("figures", columns, rows, caption=caption, numeric=horizons))


def _label(name: str) -> str:
    return METRICS.get(name, name.replace("_", " "))


def _value(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _interval(figure_: Figure) -> str:
    if figure_.lower is None or figure_.upper is None:
        return ""
    return f"{_value(figure_.lower)} to {_value(figure_.upper)}"


def _with_interval(figure_: Figure | None) -> str:
    if figure_ is None or figure_.value is None:
        return text("not known")
    interval = _interval(figure_)
    return text(_value(figure_.value)) + (element("small", text(f"({interval})")) if interval else "")


def model_calibration(model: ModelDossier) -> Fragment:
    """Return for each horizon what was stated against what happened, in 15 bins of equal mass."""
    curves = model.evaluation.calibration if model.evaluation else ()
    if not curves:
        return Fragment(empty("This model states no probabilities.", short="no calibration"))
    drawn = [calibration_chart([(b.stated, b.observed, b.rows) for b in c.bins], c.question) for c in curves]
    return Fragment(element("div", *drawn, class_="figures"))


def calibration_chart(bins: list[tuple[float, float, int]], question: str) -> str:
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
        return Fragment(empty("This model names no classes.", short="no confusion matrix"))
    total = sum(map(sum, found.counts))
    right = sum(found.counts[k][k] for k in range(len(found.labels)))
    columns = {
        "truth": "True",
        **{f"c{k}": f"Said: {label}" for k, label in enumerate(found.labels)},
        "recall": "Found",
    }
    rows = []
    for k, (label, counts) in enumerate(zip(found.labels, found.counts, strict=True)):
        own = sum(counts)
        cells = {f"c{j}": element("strong", text(f"{n:,}")) if j == k else text(f"{n:,}") for j, n in enumerate(counts)}
        rows.append({"truth": text(label), **cells, "recall": text(percent(counts[k] / own) if own else "none")})
    caption = f"Rows of held-out machines by what was true and what was said; {percent(right / total) if total else 'none'} right"
    return Fragment(table("confusion", columns, rows, caption=caption, numeric=list(columns)[1:]))


def model_life_errors(model: ModelDossier) -> Fragment:
    """Return the error of the life left by how much is left: near the end is where it matters."""
    bands = model.evaluation.error_by_life if model.evaluation else ()
    if not bands or model.evaluation is None:
        return Fragment(empty("This model tells no life left.", short="no error by life left"))
    unit = model.evaluation.life_unit.replace("_", " ")
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
            "bias": text(f"{b.bias:+,.0f}"),
        }
        for label, b in zip(labels, bands, strict=True)
    ]
    columns = {"band": f"True life left, {unit}", "rows": "Rows", "mae": "Mean absolute error", "bias": "Bias"}
    listed = table(
        "lifeerror", columns, rows, caption="A bias above 0 promises too much", numeric=["rows", "mae", "bias"]
    )
    return Fragment(element("div", drawn, class_="figures") + listed)


def model_importance(model: ModelDossier) -> Fragment:
    """Return what the model's raw outputs rest on, if it was explained."""
    if not model.explanations:
        return Fragment(
            empty(
                "It was not explained yet: workbench.explain_global(ws, task) does.",
                short="not explained over the fleet",
            )
        )
    return Fragment(element("div", *(str(beeswarm(one)) for one in model.explanations), class_="figures"))


def model_training(model: ModelDossier) -> Fragment:
    """Return the data, the split and its kind, what the leakage guard looked at, and the settings."""
    v, e = model.version, model.evaluation
    types = ", ".join(f"{name.replace('_', ' ')} ({n})" for name, n in sorted(e.machine_types.items())) if e else ""
    pairs = [
        ("Data", text(f"{count(v.units, 'machine')}, {count(v.failures, 'failure')}, until {moment(v.as_of)}")),
        ("Data hash", element("code", text(v.data_hash[:16]))),
        ("Machine types", text(types or "not recorded")),
        ("Split", text(f"by {v.split}: {SPLITS.get(v.split, v.split)}")),
        ("Features", text(f"{len(v.features):,}")),
        ("Settings", text(", ".join(f"{name} {_setting(x)}" for name, x in v.parameters.items()) or "none")),
        ("Libraries", text(", ".join(f"{name} {x}" for name, x in sorted(v.libraries.items())))),
    ]
    checks = e.checks if e else ()
    checked = element("h3", "Checked for leaks") + listing(text(check) for check in checks) if checks else ""
    return Fragment(facts(pairs) + checked)


def _setting(value: float | int | str | bool | None) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def model_limits(model: ModelDossier) -> Fragment:
    """Return where the model may be used and where not."""
    limits = list(model.evaluation.limits) if model.evaluation else []
    if model.version.simulated:
        limits.append("Trained on simulated machines: no claim about real ones rests on its figures.")
    return Fragment(listing(text(limit) for limit in limits) or empty("No limits of use are recorded."))


def model_drift(model: ModelDossier) -> Fragment:
    """Return how far its inputs have moved from training, by the newest watch."""
    found = model.drift
    if found is None:
        return Fragment(empty("Its inputs were not watched yet: workbench drift does.", short="drift not watched"))
    note = element(
        "p", text(f"{day(found.start)} to {day(found.as_of)}, {count(found.machines, 'machine')}: {found.note}.")
    )
    rows = [
        {
            "sensor": text(one.sensor.replace("_", " ")),
            "level": chip(one.level, "plain" if one.level == "none" else "warning"),
            "psi": text(f"{one.psi:.2f}") + element("small", text(f"usual {one.usual_psi:.2f}")),
            "ks": text(f"{one.ks:.2f}") + element("small", text(f"p {one.p_value:.2g}")),
            "what": text(one.note) + (element("small", text(", ".join(one.machines))) if one.machines else ""),
        }
        for one in found.sensors
    ]
    columns = {"sensor": "Input", "level": "Drift", "psi": "PSI", "ks": "KS", "what": "What moved"}
    listed = (
        table("drift", columns, rows, caption="Recent inputs against training", numeric=["psi", "ks"]) if rows else ""
    )
    return Fragment(note + listed)


def model_history(model: ModelDossier) -> Fragment:
    """Return what was done with the version, by whom and why, newest first."""
    if not model.history:
        return Fragment(empty("Nothing is recorded."))
    rows = [
        {"at": text(moment(at)), "action": text(action), "actor": text(actor), "reason": text(reason)}
        for at, action, actor, reason in model.history
    ]
    columns = {"at": "When", "action": "What", "actor": "Who", "reason": "Why"}
    return Fragment(table("life", columns, rows, caption="Life of this version"))
