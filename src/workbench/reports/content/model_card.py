"""The model card: what a version was trained on, how good it is on machines it never saw, and where it may be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workbench.domain.equipment import LifeUnit
from workbench.domain.explanations import GlobalExplanation
from workbench.domain.models import DriftReport, Figure, ModelEvaluation
from workbench.domain.predictions import ModelVersion, Task

from .explanations import beeswarm
from .fleet import FleetSnapshot
from .markup import Fragment, chip, element, empty, facts, listing, text
from .method import METRICS, SPLITS
from .summary import card, head
from .tables import table
from .wording import TASKS, count, day, life_unit_label, moment, percent

# What the top of the card shows of each task: name of the figure and its label.
LEADING = {
    Task.HEALTH: (
        ("brier_skill", "Brier skill"),
        ("ece", "Calibration error"),
        ("pr_auc", "PR AUC"),
        ("f1", "F1 of alarms"),
    ),
    Task.RUL: (
        ("mae", "MAE"),
        ("rmse", "RMSE"),
        ("skill", "Skill over the mean"),
        ("coverage_90", "90 % interval holds"),
    ),
    Task.DIAGNOSIS: (
        ("accuracy", "Accuracy"),
        ("macro_f1", "Macro F1"),
        ("brier_skill", "Brier skill"),
        ("ece", "Calibration error"),
    ),
    Task.ANOMALY: (
        ("alarm_episodes_per_machine_month", "False-alarm episodes per machine and month"),
        ("roc_auc_before_failure", "ROC AUC, readings before a failure"),
    ),
}
HORIZONS = ("critical", "warning", "degrading")
SHARES = ("accuracy", "coverage_90", "mape")
LIVES = ("mae", "rmse", "interval_score_90", "median_width_90")


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
        words = f"Its median misses the true life left by {mae.value:,.0f} {life_unit_of(e)} on average."
        sentences.append(element("p", text(words)))
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
            interval = _interval(found)
            note = f"95 % interval {interval}" if interval else ""
            named = f"{_measured_in(label, name, v, e)}{_of_horizon(found.name)}"
            cards.append(card(_value(found.name, found.value), named, note=note))
    if e is not None and e.training_s is not None:
        cards.append(card(f"{e.training_s:.1f} s", "Training"))
    if e is not None and e.inference_ms is not None:
        cards.append(card(f"{e.inference_ms:.2g} ms", "One answer", note="features given"))
    return Fragment(element("div", *cards, class_="cards", role="list", aria_label=f"Figures on {_held_out(v)}"))


def _held_out(v: ModelVersion) -> str:
    """Return what figures were measured on, in short."""
    return "held-out stretches of records" if v.split == "blocks" else "held-out machines"


def _of_horizon(name: str) -> str:
    """Return in words which horizon a figure is of, empty where it is of none."""
    horizon = name.rpartition("_")[2]
    return f", {horizon} horizon" if horizon in HORIZONS else ""


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
        figures = [Figure(name=k, value=x) for k, x in model.version.metrics.items() if x is not None]
        return _figure_table(model, figures, f"Figures on {_held_out(model.version)}")
    horizons = [h for h in HORIZONS if any(f.name.endswith(f"_{h}") for f in e.figures)]
    caption = f"Figures on {_held_out(model.version)} ({count(e.rows, 'row')}, {count(e.folds, 'fold')}); in brackets the 95 % interval over machines"
    if not horizons:
        return _figure_table(model, e.figures, caption.partition(";")[0])
    names = list(dict.fromkeys(f.name.rpartition("_")[0] for f in e.figures))
    rows = [{"name": text("base rate"), **{h: text(percent(e.base_rates.get(h))) for h in horizons}}]
    rows += [
        {"name": text(_label(name)), **{h: _with_interval(e.figure(f"{name}_{h}")) for h in horizons}} for name in names
    ]
    alarms = element("p", text(e.alarms)) if e.alarms else ""
    columns = {"name": "Figure", **{h: f"{h.capitalize()} horizon" for h in horizons}}
    return Fragment(table("figures", columns, rows, caption=caption, numeric=horizons) + alarms)


def _figure_table(model: ModelDossier, figures: Sequence[Figure], caption: str) -> Fragment:
    """Return a row for each figure, with its interval in a column of its own where there is one."""
    known = [f for f in figures if f.value is not None]
    if not known:
        return Fragment(empty("No figure was measured."))
    rows = [
        {
            "name": text(_measured_in(_label(f.name), f.name, model.version, model.evaluation)),
            "value": text(_value(f.name, f.value or 0.0)),
            "interval": text(_interval(f)),
        }
        for f in known
    ]
    columns = {"name": "Figure", "value": "Value", "interval": "95 % interval over machines"}
    if not any(_interval(f) for f in known):
        del columns["interval"]
    return Fragment(table("figures", columns, rows, caption=caption, numeric=list(columns)[1:]))


def _label(name: str) -> str:
    return METRICS.get(name, name.replace("_", " "))


def life_unit_of(e: ModelEvaluation) -> str:
    """Return the unit of life that a model answers in, for people."""
    return life_unit_label(LifeUnit(e.life_unit))


def _measured_in(label: str, name: str, v: ModelVersion, e: ModelEvaluation | None) -> str:
    """Return a figure's label with the unit that it is in, where it has one."""
    if name in LIVES and v.task is Task.RUL and e is not None:
        return f"{label}, {life_unit_of(e)}"
    return label


def _value(name: str, value: float) -> str:
    if name.removesuffix("_critical").removesuffix("_warning").removesuffix("_degrading") in SHARES:
        return f"{100 * value:.1f} %"
    digits = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3f}" if abs(value) < 1 else f"{value:.3g}"
    return digits.replace("-", "−")


def _interval(figure_: Figure) -> str:
    if figure_.lower is None or figure_.upper is None:
        return ""
    low, high = (_value(figure_.name, side) for side in (figure_.lower, figure_.upper))
    return f"{low.removesuffix(' %')} to {high}"


def _with_interval(figure_: Figure | None) -> str:
    if figure_ is None or figure_.value is None:
        return text("none: a rate is answered")
    interval = _interval(figure_)
    return text(_value(figure_.name, figure_.value)) + (element("small", text(f"({interval})")) if interval else "")


def model_importance(model: ModelDossier) -> Fragment:
    """Return what the model's raw outputs rest on, if it was explained."""
    if not model.explanations:
        return Fragment(
            empty(
                "It was not explained yet: workbench.explain_global(ws, task) does.",
                short="not explained over the fleet",
            )
        )
    # A model of many outputs rests on a few features of each.
    most = 8 if len(model.explanations) <= 3 else 5
    return Fragment("".join(str(beeswarm(one, most=most)) for one in model.explanations))


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
