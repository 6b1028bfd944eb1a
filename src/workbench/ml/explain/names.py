"""What a feature is, in words, and what it is made of: read from its name and the specification it was made by."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum

from workbench.domain.equipment import LifeUnit
from workbench.domain.units import Quantity, number_text
from workbench.ml.spec import FLEET, FeatureSpec


class Kind(StrEnum):
    """What a feature describes."""

    SENSOR = "sensor"
    QUANTITY = "quantity"
    ANY = "any"
    SYMPTOM = "symptom"
    MODE = "mode"
    LIMITS = "limits"
    LOAD = "load"
    AGE = "age"
    EVENTS = "events"
    OTHER = "other"


# What is no sensor, as sources are called.
SOURCES = {
    Kind.LIMITS: "limits and outliers of all sensors",
    Kind.LOAD: "load",
    Kind.AGE: "age",
    Kind.EVENTS: "errors and maintenance",
    Kind.ANY: "several sensors",
    Kind.SYMPTOM: "symptoms of failure modes",
    Kind.MODE: "symptoms of failure modes",
    Kind.OTHER: "other features",
}
BEHIND = "behind"
_STATISTIC = r"(?P<statistic>(?:mean|std|max|slope|ewma)[\d.e+]+)"
_QUANTITIES = "|".join(sorted((re.escape(str(q)) for q in Quantity), key=len, reverse=True))
_CANONICAL = re.compile(rf"(?P<quantity>{_QUANTITIES})_(?P<side>hi|lo)_{_STATISTIC}")
_WHOLE = re.compile(rf"(?P<what>any|second|symptom2?)_{_STATISTIC}")
_MODE = re.compile(r"mode_(?P<mode>.+)_(?P<span>recent|longer)(?P<behind>_behind)?")
_SPAN = re.compile(r"(?P<what>standing_out|over_limit|limit_share|limit_passage|load)_(?P<span>short|long)")
_COUNT = re.compile(r"error(?:s|_(?P<code>.+))_(?P<hours>[\d.e+]+)h")
_SINCE = re.compile(
    r"(?:since_(?P<what>error_(?P<code>.+)|replacement_(?P<cause>.+)|error|maintenance)|oldest_component)_h"
)
_SPLIT = re.compile(r"([a-z]+)([\d.e+]+)")
_STATISTICS = {
    "mean": "mean of {}",
    "std": "spread over {}",
    "max": "highest in {}",
    "slope": "rise over {}",
    "ewma": "weighted mean over {}",
}
_WHAT = {
    "standing_out": "share of readings beyond 3 sd",
    "over_limit": "share of readings over a warning limit",
    "limit_share": "how far towards a warning limit",
    "limit_passage": "time to a warning limit at the present rate",
    "load": "operating load",
}
_WHOLE_WORDS = {
    "any": "the sensor furthest off",
    "second": "the sensor second furthest off",
    "symptom": "the failure mode whose symptoms show most",
    "symptom2": "the failure mode whose symptoms show second most",
}


@dataclass(frozen=True)
class Feature:
    """A feature as its name tells it: ``what`` it describes, over which ``span``; ``subject``: sensor, quantity or mode."""

    name: str
    kind: Kind
    what: str
    span: str = ""
    subject: str = ""
    statistic: str = ""
    variant: str = ""

    @property
    def words(self) -> str:
        """The feature in words, without its value."""
        return f"{self.what}, {self.span}" if self.span else self.what

    @property
    def group(self) -> str:
        """What it counts under when features of a whole fleet are summed: sensor, quantity, or what is neither."""
        if self.subject == Quantity.OTHER:
            return "other quantities"
        if self.kind in (Kind.SENSOR, Kind.QUANTITY):
            return self.subject.replace("_", " ") if self.kind is Kind.QUANTITY else self.subject
        return SOURCES[self.kind]


def read_feature(name: str, spec: FeatureSpec) -> Feature:
    """Return what ``name`` means under ``spec``; an unknown name stands for itself.

    >>> from workbench.ml.spec import HOURLY
    >>> spec = FeatureSpec("fleet", LifeUnit.OPERATING_H, HOURLY)
    >>> read_feature("temperature_hi_mean24", spec).words
    'highest temperature, mean of 24 h'
    >>> read_feature("errors_72h", spec).words, read_feature("strange", spec).words
    ('errors in 72 h', 'strange')
    """
    if name == "age":
        return Feature(name, Kind.AGE, "age since the last failure")
    return (
        _of_sensor(name, spec)
        or _of_quantity(name, spec)
        or _of_mode(name, spec)
        or _of_events(name)
        or Feature(name, Kind.OTHER, name)
    )


def _of_sensor(name: str, spec: FeatureSpec) -> Feature | None:
    if spec.scope == FLEET:
        return None
    # The longest name first: one sensor's name may be the beginning of another's.
    for sensor in sorted(spec.sensors, key=len, reverse=True):
        statistic = name.removeprefix(f"{sensor}_")
        if name != statistic and _SPLIT.fullmatch(statistic):
            return Feature(name, Kind.SENSOR, sensor, _statistic(statistic, spec), sensor, statistic)
    return None


def _of_quantity(name: str, spec: FeatureSpec) -> Feature | None:
    if found := _CANONICAL.fullmatch(name):
        quantity, side, statistic = found["quantity"], found["side"], found["statistic"]
        most = "highest" if side == "hi" else "lowest"
        words = f"{most} of other quantities" if quantity == Quantity.OTHER else f"{most} {quantity.replace('_', ' ')}"
        return Feature(name, Kind.QUANTITY, words, _statistic(statistic, spec), quantity, statistic, side)
    if found := _WHOLE.fullmatch(name):
        what, statistic = found["what"], found["statistic"]
        kind = Kind.SYMPTOM if what.startswith("symptom") else Kind.ANY
        return Feature(name, kind, _WHOLE_WORDS[what], _statistic(statistic, spec), "", statistic, what)
    if found := _SPAN.fullmatch(name):
        kind = Kind.LOAD if found["what"] == "load" else Kind.LIMITS
        length = _length(spec.windows.mean[1] if found["span"] == "short" else spec.windows.longest, spec)
        return Feature(name, kind, _WHAT[found["what"]], length, "", found["what"], found["span"])
    return None


def _of_mode(name: str, spec: FeatureSpec) -> Feature | None:
    found = _MODE.fullmatch(name)
    if found is None:
        return None
    statistic = spec.windows.by_quantity[1 if found["span"] == "recent" else 2]
    behind = " against the strongest mode's" if found["behind"] else ""
    words = f"symptoms of {found['mode'].replace('_', ' ')}{behind}"
    return Feature(
        name, Kind.MODE, words, _statistic(statistic, spec), found["mode"], statistic, BEHIND if behind else ""
    )


def _of_events(name: str) -> Feature | None:
    if found := _COUNT.fullmatch(name):
        of = f"errors {found['code']}" if found["code"] else "errors"
        return Feature(name, Kind.EVENTS, f"{of} in {float(found['hours']):g} h", statistic="count")
    if found := _SINCE.fullmatch(name):
        if found["code"]:
            words = f"time since error {found['code']}"
        elif found["cause"]:
            words = f"time since {found['cause']} was replaced"
        else:
            words = f"time since the last {found['what']}" if found["what"] else "age of the oldest component"
        return Feature(name, Kind.EVENTS, words, statistic="since")
    return None


def _length(length: float, spec: FeatureSpec) -> str:
    return f"{length:g} {'cycles' if spec.life_unit is LifeUnit.CYCLE else 'h'}"


def _statistic(statistic: str, spec: FeatureSpec) -> str:
    found = _SPLIT.fullmatch(statistic)
    if found is None:
        return statistic
    return _STATISTICS[found[1]].format(_length(float(found[2]), spec)) if found[1] in _STATISTICS else statistic


def tell(feature: Feature, value: float, spec: FeatureSpec) -> str:
    """Return a feature's value in words, as the model saw it.

    >>> from workbench.ml.spec import HOURLY
    >>> spec = FeatureSpec("fleet", LifeUnit.OPERATING_H, HOURLY)
    >>> passage = read_feature("limit_passage_short", spec)
    >>> passage.words, tell(passage, math.log(50.0), spec)
    ('time to a warning limit at the present rate, 24 h', 'about 50 operating h')
    """
    if math.isnan(value):
        return "not known"
    whose = "its own baseline" if spec.scope == FLEET else "what is normal for its type"
    if feature.kind in (Kind.SENSOR, Kind.QUANTITY, Kind.ANY):
        return _deviation(feature, value, whose)
    if feature.variant == BEHIND:
        return f"{abs(value):.1f} sd behind" if value else "the strongest itself"
    if feature.kind in (Kind.SYMPTOM, Kind.MODE):
        return f"{abs(value):.1f} sd {'in' if value >= 0 else 'against'} their direction"
    if feature.statistic == "limit_passage":
        return f"about {math.exp(value):,.0f} {'cycles' if spec.life_unit is LifeUnit.CYCLE else 'operating h'}"
    if feature.kind is Kind.LIMITS:
        return f"{100 * value:.0f} %".replace("-", "−") + (" of the way" if feature.statistic == "limit_share" else "")
    if feature.kind is Kind.LOAD:
        return f"{abs(value):.1f} sd {'above' if value >= 0 else 'below'} its usual load"
    if feature.kind is Kind.AGE:
        return f"{value:,.0f} {'cycles' if spec.life_unit is LifeUnit.CYCLE else 'operating h'}"
    if feature.kind is Kind.EVENTS:
        return f"{value:,.0f}" + (" h" if feature.statistic == "since" else "")
    return number_text(value)


def _deviation(feature: Feature, value: float, whose: str) -> str:
    if feature.statistic.startswith("std"):
        return f"{value:.1f} sd"
    if feature.statistic.startswith("slope") and feature.kind is Kind.ANY:
        return f"{value:.1f} sd of change"
    if feature.statistic.startswith("slope"):
        return f"{abs(value):.1f} sd {'up' if value >= 0 else 'down'}"
    if feature.kind is Kind.ANY:
        return f"{value:.1f} sd from {whose}"
    return f"{abs(value):.1f} sd {'above' if value >= 0 else 'below'} {whose}"
