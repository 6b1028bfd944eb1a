"""Why a prediction says what it says, in plain words, most important first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.domain.equipment import LifeUnit
from workbench.domain.observations import EventKind
from workbench.domain.predictions import (
    Anomaly,
    Evidence,
    Horizons,
    LimitCrossing,
    RemainingUsefulLife,
    SensorFault,
    Severity,
    Task,
    Trend,
)
from workbench.domain.units import number_text, span_text, unit_text

from .arrays import NS_PER_H, FloatArray, nanoseconds
from .context import Context
from .health import BoostedHealth

WORTH_NAMING_SD = 2.0
ERROR_WINDOW_H = 72
MOST_REASONS = 12


def unit_words(life_unit: LifeUnit) -> str:
    """Life unit as people say it."""
    return "cycles" if life_unit is LifeUnit.CYCLE else "operating hours"


def _error_words(context: Context) -> list[str]:
    events = context.machine.events
    until = context.now
    errors = events["kind"].to_numpy(dtype=object) == str(EventKind.ERROR)
    if not errors.any():
        return []
    stamps = nanoseconds(events["time"])
    recent = errors & (stamps > until - ERROR_WINDOW_H * NS_PER_H) & (stamps <= until)
    if not recent.any():
        return []
    counts = Counter(str(cause) for cause in events["cause"].to_numpy(dtype=object)[recent])
    named = ", ".join(code if count == 1 else f"{code} x {count}" for code, count in sorted(counts.items()))
    total = counts.total()
    return [f"{total} error event{'' if total == 1 else 's'} in the last {ERROR_WINDOW_H} h: {named}"]


def _trend_words(trends: list[Trend]) -> list[str]:
    return [
        f"{t.sensor} has been {'rising' if t.per_day > 0 else 'falling'} by {number_text(abs(t.per_day))}"
        f"{unit_text(t.unit)} a day"
        for t in trends[:3]
    ]


def _failure_words(context: Context, within: FloatArray | None, horizons: Horizons) -> list[str]:
    if within is None:
        return []
    unit = unit_words(context.profile.life_unit)
    # Costs are told by the calendar: who reads both must see that it is not the same time.
    lasts = span_text(horizons.warning / context.utilisation)
    words = [
        f"probability of failure within {horizons.warning:g} {unit} (about {lasts} at the present use): {100 * within[1]:.0f} %"
    ]
    bundle = context.models.pick(Task.HEALTH, context.profile)
    if bundle is not None and isinstance(bundle.estimator, BoostedHealth):
        lives = (horizons.critical, horizons.warning, horizons.degrading)
        told = [
            f"{life:g}" for life, booster in zip(lives, bundle.estimator.boosters_[-3:], strict=True) if booster is None
        ]
        if told:
            words.append(
                f"within {' and '.join(told)} {unit} the population's rate of failure is given: "
                "readings told nothing more about held-out machines"
            )
    return words


def _life_words(life: RemainingUsefulLife) -> list[str]:
    if life.evidence.enough:
        return []
    words = "remaining useful life: " + life.evidence.in_words()
    if life.basis != "population" or life.life is None:
        return [words]
    given = "; the population's life at this age is given"
    if life.life.median_open:
        # Too few lives ended in failure for a median: a number in the middle would be made up.
        given += f": more than {life.life.lower:,.0f} {unit_words(life.life_unit)}"
    return [words + given]


@dataclass(frozen=True)
class Findings:
    """What was found of one machine; ``horizons`` in life units, ``within`` the probabilities that go with them."""

    offline: str | None
    health: Evidence
    within: FloatArray | None
    horizons: Horizons
    life: RemainingUsefulLife
    anomaly: Anomaly | None
    crossings: Sequence[LimitCrossing]
    sensor_faults: Sequence[SensorFault]
    trends: list[Trend]


def explain(context: Context, found: Findings) -> tuple[str, ...]:
    """Return the reasons: out of service, limits, probability, sensors, errors, trends, and what is lacking."""
    out = [f"the machine is offline: {found.offline}"] if found.offline else []
    out += [c.in_words() for c in found.crossings if c.severity is Severity.CRITICAL]
    out += _failure_words(context, found.within, found.horizons)
    out += [c.in_words() for c in found.crossings if c.severity is not Severity.CRITICAL]
    if found.anomaly is not None:
        if found.anomaly.is_anomaly:
            out.append(f"readings are unusual: {found.anomaly.in_words()}")
        named = [one for one in found.anomaly.contributions if abs(one.deviation) >= WORTH_NAMING_SD]
        out += [one.in_words() for one in named]
    out += [f"{fault.in_words()}: its limits are not watched" for fault in found.sensor_faults]
    out += _error_words(context) + _trend_words(found.trends)
    lacking = [] if found.health.enough or found.offline else ["health state: " + found.health.in_words()]
    # Out of service, without even a population's life to show, what is said above says it all.
    lacking += [] if found.offline and found.life.basis == "none" else _life_words(found.life)
    if not out and not lacking and found.anomaly is None:
        return ("no limit is crossed, no error came, and no sensor shows a trend",)
    if not out and not lacking:
        return ("every sensor is near what is usual for it",)
    # What is lacking is always told, however much else there is to say.
    return (*out[: MOST_REASONS - len(lacking)], *lacking)
