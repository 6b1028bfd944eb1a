"""What is said of a machine: its name plate, health, remaining life, diagnosis and anomaly, as plain JSON for the view."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from workbench.dispatch.plain import sensor_title
from workbench.domain.analysis import standing_out
from workbench.domain.explanations import signed
from workbench.domain.predictions import HealthState, Interval, RemainingUsefulLife, Task
from workbench.reports.content.explanations import answer_words, output_words, worth_showing
from workbench.reports.content.fleet import Condition
from workbench.reports.content.site_time import said_at
from workbench.reports.content.wording import days_between, life, life_unit_label, mode_title, percent, quantity
from workbench_widgets.kit import ago, look

from .site_time import local_day, local_moment, time_ticks
from .subject import Subject

Json = dict[str, Any]

_METHODS = {
    "classifier": "by the classifier trained on labelled failures",
    "symptom_table": "by the symptom table of the machine's profile",
    "unknown": "",
}
# Deviations below this fill only part of their bar, however small the others are.
_USUAL_SD = 5.0
_MOST_SOURCES = 5
_DIRECTIONS = {
    Task.HEALTH: "To the right: makes it likelier.",
    Task.RUL: "To the right: more life left.",
}
_PERIODS = ((24.0, "1 day"), (168.0, "7 days"), (720.0, "30 days"))


def header(subject: Subject) -> Json:
    """Return name plate, state, key figures and the reason that matters most, in a sentence."""
    view, profile, prediction = subject.view, subject.profile, subject.prediction
    known = [word for word in (profile.manufacturer, profile.model) if word.strip().lower() not in ("", "unknown")]
    site = subject.site.title if subject.site else profile.site_id
    plate = (
        profile.machine_type.replace("_", " ").capitalize(),
        " ".join(known),
        ", ".join(part for part in (site, profile.location) if part),
        f"Criticality {profile.criticality}",
    )
    last = subject.last_reading
    score = prediction.health_score if prediction else None
    return {
        "title": profile.title,
        "plate": [part for part in plate if part],
        "look": look(view.condition),
        # Of a machine that never sent a reading nobody knows whether it runs.
        "status": look(view.status) if last else None,
        "score": None if score is None else round(score),
        "week": percent(view.week_probability),
        "last_reading": local_moment(last, subject.zone) if last else "never",
        "last_reading_ago": ago(last, subject.as_of) if last else "",
        "as_of": local_moment(subject.as_of, subject.zone),
        "predicted": local_moment(prediction.as_of, subject.zone) if prediction else "",
        "headline": headline(subject),
        "reasons": [said_at(reason, subject.view, prediction.as_of) for reason in prediction.reasons[1:]]
        if prediction
        else [],
        "simulated": bool(prediction and prediction.simulated),
    }


def headline(subject: Subject) -> str:
    """Return in one sentence why the machine is shown as it is."""
    prediction = subject.prediction
    if prediction is None:
        return "No prediction was made for this machine."
    if subject.view.condition is Condition.OFFLINE:
        since = subject.last_reading
        return f"No reading since {local_moment(since, subject.zone)}." if since else "It has never sent a reading."
    if prediction.reasons:
        return said_at(prediction.reasons[0], subject.view, prediction.as_of)
    return "Nothing stands out."


def health(subject: Subject) -> Json:
    """Return the health state with its probabilities, and the difference between observed and shown state."""
    prediction = subject.prediction
    if prediction is None:
        return {"why": "No prediction was made for this machine."}
    shown, observed = prediction.health_state, prediction.observed_state
    differs = shown is not None and observed is not None and shown != observed
    supported = prediction.supported_probability_within(_PERIODS[0][0]) is not None
    return {
        "why": "" if prediction.health_evidence.enough else _sentence(prediction.health_evidence.in_words()),
        "score": None if prediction.health_score is None else round(prediction.health_score),
        "look": look(subject.view.condition),
        "states": _states(subject),
        "differs": f"This reading alone says {look(observed)['word']}; a state falls only after three readings."
        if differs
        else "",
        "failing": [
            {"period": words, "share": probability, "percent": percent(probability)}
            for hours, words in _PERIODS
            if supported and (probability := prediction.supported_probability_within(hours)) is not None
        ],
    }


def _states(subject: Subject) -> list[Json]:
    prediction = subject.prediction
    if prediction is None or prediction.health_probabilities is None:
        return []
    unit = life_unit_label(prediction.remaining_useful_life.life_unit)
    limits = prediction.horizons
    meaning = {
        HealthState.CRITICAL: f"fails within {limits.critical:,.0f} {unit}",
        HealthState.WARNING: f"within {limits.warning:,.0f} {unit}",
        HealthState.DEGRADING: f"within {limits.degrading:,.0f} {unit}",
        HealthState.HEALTHY: "later than that",
    }
    return [
        {
            "look": look(state),
            "share": prediction.health_probabilities[state],
            "percent": percent(prediction.health_probabilities[state]),
            "meaning": meaning[state],
        }
        for state in sorted(meaning, reverse=True)
    ]


def why(subject: Subject) -> list[Json]:
    """Return what each sensor adds to the state and the life, where the prediction was explained; else nothing."""
    found = []
    for one in worth_showing(subject.explanations):
        strongest = [part for part in one.sources if part.contribution != 0.0][:_MOST_SOURCES]
        furthest = max((abs(part.contribution) for part in strongest), default=1.0)
        found.append(
            {
                "title": f"{_capital(output_words(one))} ({one.units})",
                "text": f"{_DIRECTIONS[one.task]} {_sentence(answer_words(one))}",
                "sources": [
                    {
                        "title": sensor_title(part.source, subject.profile)
                        if part.is_sensor
                        else _capital(part.source),
                        "share": part.contribution / furthest,
                        "adds": signed(part.contribution),
                    }
                    for part in strongest
                ],
            }
        )
    return found


def remaining_life(subject: Subject) -> Json:
    """Return how long the machine will last, with the interval placed on an axis, or why nothing can be said."""
    if subject.prediction is None:
        return {"why": "No prediction was made for this machine.", "axis": {}}
    rul = subject.prediction.remaining_useful_life
    why = "" if rul.evidence.enough and rul.basis == "model" else _sentence(rul.evidence.in_words())
    if rul.life is None:
        return {"why": why, "axis": {}, "basis": rul.basis}
    return {
        "why": why,
        "basis": rul.basis,
        "text": life(rul.life, rul.life_unit),
        **_expected(rul, subject),
        "axis": _axis(rul, rul.life, subject),
    }


def _expected(rul: RemainingUsefulLife, subject: Subject) -> dict[str, str]:
    """Return the expected date of failure and its interval, only where they are this machine's own."""
    if rul.expected_failure_at is None or rul.life is None or rul.basis != "model":
        return {"expected": "", "between": ""}
    early, middle, late = (time.astimezone(subject.zone) for time in rul.expected_failure_at)
    if rul.life.upper_open:
        return {"expected": f"not before {local_day(early, subject.zone)}", "between": ""}
    return {"expected": local_day(middle, subject.zone), "between": days_between(early, late)}


def _axis(rul: RemainingUsefulLife, interval: Interval, subject: Subject) -> Json:
    """Place an interval on an axis from now (0) to its end (1): of dates where they are known, else of life."""
    if rul.expected_failure_at is not None:
        early, middle, late = rul.expected_failure_at
        start = subject.prediction.as_of if subject.prediction else subject.as_of
        end = max(start + 1.12 * (late - start), start + timedelta(days=1))
        span = end - start
        places = [(time - start) / span for time in (early, middle, late)]
        ticks = [((at - start) / span, label) for at, label in time_ticks(start, end, subject.zone, most=5)]
        caption = "Dates by the last 30 days' use"
    else:
        furthest = 1.12 * interval.upper or 1.0
        places = [value / furthest for value in (interval.lower, interval.median, interval.upper)]
        ticks = [(share, f"{share * furthest:,.0f}") for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
        caption = life_unit_label(rul.life_unit).capitalize()
    lower, median, upper = (min(max(place, 0.0), 1.0) for place in places)
    return {
        "lower": lower,
        "median": None if interval.median_open else median,
        "upper": 1.0 if interval.upper_open else upper,
        "open": interval.upper_open,
        "ticks": [{"at": place, "label": label} for place, label in ticks if 0 <= place <= 1],
        "caption": caption,
    }


def diagnosis(subject: Subject) -> Json:
    """Return failure modes with their probabilities, the likeliest first, and the method behind them."""
    if subject.prediction is None:
        return {"why": "No prediction was made for this machine.", "modes": []}
    found = subject.prediction.diagnosis
    if found.method == "unknown":
        return {"why": "Unknown cause, to be inspected: neither labelled failures nor symptoms tell it.", "modes": []}
    modes = sorted(found.modes, key=lambda pair: -pair.probability)
    return {
        "why": "",
        "method": _METHODS[found.method],
        "modes": [
            {
                "title": mode_title(pair.mode, subject.profile).capitalize(),
                "share": pair.probability,
                "percent": percent(pair.probability),
            }
            for pair in modes
        ],
    }


def anomaly(subject: Subject) -> Json:
    """Return the anomaly score with the sensors that make it."""
    if subject.prediction is None:
        return {"why": "No prediction was made for this machine.", "sensors": []}
    found = subject.prediction.anomaly
    if found is None:
        return {"why": _sentence(subject.prediction.anomaly_evidence.in_words()), "sensors": []}
    score, threshold = found.shown()
    outstanding = {part.sensor for part in standing_out(found, most=len(found.contributions))}
    furthest = max(_USUAL_SD, *(abs(part.deviation) for part in found.contributions), 0.0)
    return {
        "why": "",
        "score": score,
        "share": found.score,
        "threshold": found.threshold,
        "threshold_text": threshold,
        "is_anomaly": found.is_anomaly,
        "text": "The latest readings are unusual." if found.is_anomaly else "The latest readings are usual.",
        "sensors": [
            {
                "title": sensor_title(part.sensor, subject.profile),
                "share": part.deviation / furthest,
                "deviation": f"{part.deviation:+.1f}".replace("-", "−"),
                "stands_out": part.sensor in outstanding,
                "value": "" if part.value is None else quantity(part.value, part.unit),
                "baseline": "" if part.baseline is None else quantity(part.baseline, part.unit),
            }
            for part in found.contributions
        ],
    }


def _sentence(words: str) -> str:
    return _capital(words).rstrip(".") + "."


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
