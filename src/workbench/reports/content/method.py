"""How the figures came about: the models in use with their measured quality, and notes on method."""

from __future__ import annotations

from workbench.domain.predictions import HEALTH_WEIGHTS, Horizons, ModelVersion

from .fleet import FleetSnapshot
from .markup import Fragment, chip, element, empty, text
from .tables import table
from .wording import TASKS, count, day, life_unit_label

SPLITS = {
    "units": "held-out machines (none on both sides)",
    "time": "a later period (label windows end before it)",
    "both": "held-out machines in a later period",
    "blocks": "held-out stretches of the same machines' records, since there are few machines",
}
_GOOD_COVERAGE = (0.85, 0.97)
_STATES = ("critical", "warning", "degrading")
METRICS = {
    "accuracy": "accuracy",
    "alarm_episodes_per_machine_month": "alarm episodes per machine and month",
    "brier_skill": "Brier skill",
    "coverage_90": "90 % interval coverage",
    "ece": "calibration error",
    "interval_score_90": "interval score of the 90 % interval",
    "f1": "F1",
    "mae": "MAE",
    "mape": "MAPE",
    "macro_f1": "macro F1",
    "pr_auc": "PR AUC",
    "rmse": "RMSE",
    "roc_auc": "ROC AUC",
    "roc_auc_before_failure": "ROC AUC, readings before a failure",
    "skill": "skill over the mean",
}


def model_table(fleet: FleetSnapshot) -> Fragment:
    """Return the models in use, what they were trained on, and how well they did on data they had not seen."""
    if not fleet.models:
        return Fragment(
            empty("No trained model is in use. Anomalies, limits and trends need none; health and life do.")
        )
    rows = [
        {
            "model": text(TASKS[model.task])
            + element("small", text(f"{model.scope}, version {model.version_id[:8]}"))
            + (chip("Simulated data", "simulated") if model.simulated else ""),
            "trained": text(f"{count(model.units, 'machine')}, {count(model.failures, 'failure')}")
            + element("small", text(f"as of {day(model.as_of)}, data {model.data_hash[:8] or 'unknown'}")),
            "measured": text(SPLITS.get(model.split, model.split)),
            "metrics": _metrics(model),
        }
        for model in sorted(fleet.models, key=lambda m: (m.task, m.scope))
    ]
    columns = {"model": "Model", "trained": "Trained on", "measured": "Measured on", "metrics": "Result"}
    return Fragment(table("models", columns, rows, caption="Models in use and how good they are"))


def _metrics(model: ModelVersion) -> str:
    """Return the measured figures, those of one health state together in one line."""
    groups: dict[str, list[str]] = {}
    for name, value in model.metrics.items():
        stem, _, last = name.rpartition("_")
        group, figure = (last, stem) if stem and last in _STATES else ("", name)
        groups.setdefault(group, []).append(f"{METRICS.get(figure, figure.replace('_', ' '))} {_figure(value)}")
    lines = [
        (f"{g.capitalize()} or worse: " if g else "") + ", ".join(groups[g]) for g in ("", *_STATES) if g in groups
    ]
    body = element("ul", *(element("li", text(line)) for line in lines)) if lines else "not measured"
    notes = [f"gate not met: {why}" for why in model.refused] + _remarks(model)
    return body + "".join(element("small", text(note)) for note in notes)


def _remarks(model: ModelVersion) -> list[str]:
    """Say in plain words when a 90 % interval held clearly less or more often than it should."""
    held = model.metrics.get("coverage_90")
    if held is None or _GOOD_COVERAGE[0] <= held <= _GOOD_COVERAGE[1]:
        return []
    where = "machines" if model.split in ("units", "both") else "later readings"
    verdict = "it is too narrow" if held < _GOOD_COVERAGE[0] else "it is wider than it need be"
    return [f"its 90 % interval held {100 * held:.0f} % on held-out {where}: {verdict}"]


def _figure(value: float | None) -> str:
    if value is None:
        return "not available"
    return f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:.3g}"


def method_notes(fleet: FleetSnapshot) -> Fragment:
    """Return in words what each figure of the report means."""
    weights = ", ".join(f"{weight:g}" for weight in HEALTH_WEIGHTS)
    days = fleet.planning_horizon_h / 24
    at_risk = "The sum of those expected costs over all machines for which a probability is known."
    notes = [
        ("Health state", f"By the life that is left: {_horizons(fleet)}; otherwise Healthy."),
        ("Health score", f"100 minus the sum of each state's probability times its weight ({weights})."),
        (
            "Remaining useful life",
            (
                "A median with a two-sided 90 % interval. Operating hours count only running time; "
                "dates assume the utilisation of the last 30 days."
            ),
        ),
        ("Not enough evidence", "Said, with the reason, instead of a figure that the records cannot carry."),
        (
            "Anomaly score",
            (
                "0 is normal and 1 the most unusual; sd are standard deviations (the usual spread) of the sensor's own healthy "
                "baseline on that machine."
            ),
        ),
        (
            "Trends",
            (
                "Of sensors, and of wear for remaining life: Mann-Kendall test corrected for autocorrelation; the change "
                "is the slope per day, p how often chance alone gives as much."
            ),
        ),
        (
            "Diagnosis",
            (
                "Probabilities over failure modes that sum to 1, with unknown among them; by a classifier where "
                "there were enough labelled failures, else by the profile's symptom table."
            ),
        ),
        (
            "Decision",
            (
                f"Work is ordered when the probability of failure within {days:g} calendar days times the cost of the "
                "failure exceeds the cost of a planned repair, or when a critical limit is crossed."
            ),
        ),
        *([("Cost at risk", at_risk)] if len(fleet.machines) != 1 else []),
        (
            "Time",
            f"Times are the site's where its zone stands beside them, else UTC. Nothing later than the as-of time was used. Money is in {fleet.currency}.",
        ),
    ]
    if fleet.simulated:
        notes.append(("Simulated data", "Readings, failures and every figure here come from a simulation."))
    body = "".join(element("dt", text(term)) + element("dd", text(words)) for term, words in notes)
    return Fragment(element("dl", body, class_="method"))


def _horizons(fleet: FleetSnapshot) -> str:
    found: dict[tuple[str, Horizons], int] = {}
    for view in fleet.machines:
        if view.prediction:
            unit = life_unit_label(view.prediction.remaining_useful_life.life_unit)
            key = (unit, view.prediction.horizons)
            found[key] = found.get(key, 0) + 1
    if not found:
        return "Critical, Warning and Degrading by their horizons"
    ranked = sorted(found.items(), key=lambda pair: -pair[1])
    (unit, h), machines = ranked[0]
    words = f"Critical up to {h.critical:g}, Warning up to {h.warning:g}, Degrading up to {h.degrading:g} {unit}"
    if len(ranked) > 1:
        words += f" (for {count(machines, 'machine')}; others by their own parts' lead times)"
    return words
