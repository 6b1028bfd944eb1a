"""The facts that a recommendation rests on, in words: limits, sensors, trends, life left, diagnosis, past cases."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.domain.analysis import PastCase, standing_out
from workbench.domain.predictions import UNKNOWN_MODE, Prediction
from workbench.domain.units import number_text, unit_text

_TRENDS = 2
_SURE = 0.05


def signs_of_wear(prediction: Prediction) -> tuple[list[str], list[str]]:
    """Return the limits crossed and an anomaly in words, and the sensors that show them, the worst first."""
    signs = [crossing.in_words() for crossing in prediction.limit_crossings]
    sensors = [crossing.sensor for crossing in prediction.limit_crossings]
    found = prediction.anomaly
    if found is not None and found.is_anomaly:
        signs.append(f"readings are unusual: {found.in_words()}")
        sensors += [part.sensor for part in standing_out(found)]
    return signs, sensors


def facts(prediction: Prediction, history: Sequence[PastCase] = ()) -> tuple[str, ...]:
    """Return what speaks for the diagnosis and how urgent it is, the most direct evidence first."""
    said, _ = signs_of_wear(prediction)
    if prediction.anomaly is not None and prediction.anomaly.is_anomaly:
        said += [part.in_words() for part in standing_out(prediction.anomaly)]
    for trend in [one for one in prediction.trends if one.p_value <= _SURE][:_TRENDS]:
        moves = "rises" if trend.per_day > 0 else "falls"
        said.append(f"{trend.sensor} {moves} by {number_text(abs(trend.per_day))}{unit_text(trend.unit)} a day")
    likeliest = max(prediction.diagnosis.modes, key=lambda one: one.probability)
    if likeliest.mode != UNKNOWN_MODE:
        method = {"classifier": "as learned from past failures", "symptom_table": "by the symptom table"}
        how = method.get(prediction.diagnosis.method, "without a method")
        said.append(f"{likeliest.mode} is the cause with {100 * likeliest.probability:.0f} %, {how}")
    dated = [(case.time, case) for case in history if case.time is not None]
    if dated:
        at, newest = max(dated, key=lambda pair: pair[0])
        remedy = f", remedied by {newest.remedy}" if newest.remedy else ""
        count = "1 similar failure" if len(dated) == 1 else f"{len(dated)} similar failures"
        said.append(f"{count} in the records, the last on {newest.machine}, {at:%Y-%m-%d}{remedy}")
    return tuple(said)
