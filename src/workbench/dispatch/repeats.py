"""Whether what is seen of a machine is more than what people looked into already and found nothing."""

from __future__ import annotations

from workbench.domain.predictions import HealthState, Prediction, Severity

# Between two readings a model's probability moves that far by itself.
RISE = 0.1
_SEVERITIES = tuple(Severity)


def what_is_new(now: Prediction, then: Prediction, horizon_h: float) -> str:
    """Return in words what ``now`` shows that ``then`` did not; empty: it is the same evidence.

    New are other models, a worse health state, a limit crossed that was not or was less severely, unusual readings that
    were not, a failure expected before the earliest time likely then, and a probability of failure within ``horizon_h`` that
    rose by 10 points or more.
    """
    if now.model_versions != then.model_versions:
        return "another model judges it"
    if _state(now) > _state(then):
        return f"its health state is {HealthState(_state(now)).name.lower()} now"
    before = {(one.sensor, one.direction): one.severity for one in then.limit_crossings}
    for crossing in now.limit_crossings:
        known = before.get((crossing.sensor, crossing.direction))
        if known is None or _SEVERITIES.index(crossing.severity) > _SEVERITIES.index(known):
            return f"now {crossing.in_words()}"
    if _unusual(now) and not _unusual(then):
        return "its readings are unusual now"
    life, earlier = now.remaining_useful_life, then.remaining_useful_life.expected_failure_at
    fails = life.expected_failure_at if life.evidence.enough else None
    if fails and earlier and fails[1] < earlier[0]:
        return f"it is expected to fail sooner, {fails[1]:%Y-%m-%d %H:%M} UTC"
    within, was = (one.supported_probability_within(horizon_h) for one in (now, then))
    if within is not None and within - (was or 0.0) >= RISE:
        return f"{100 * within:.0f} % probability of failure within {horizon_h:g} h now"
    return ""


def _state(prediction: Prediction) -> int:
    state = prediction.health_state if prediction.health_evidence.enough else None
    return -1 if state is None else int(state)


def _unusual(prediction: Prediction) -> bool:
    return prediction.anomaly is not None and prediction.anomaly.is_anomaly
