"""Matches the sensors of a file with those of a type template, and carries limits and failure modes over."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.domain.equipment import FailureMode, Limits, MachineProfile, Sensor
from workbench.domain.units import Quantity, conversion, convertible

from .column_names import words

_UNIT_WORDS = {"c", "k", "f", "a", "v", "mm", "s", "bar", "kw", "pct", "rms", "h", "m3", "pa", "um", "rpm"}
_DIFFERENCE = {"drop", "difference", "differential", "delta", "dp"}
# A symptom of this weight or more is typical or decisive for its mode.
TYPICAL_WEIGHT = 2.0
_LIMIT_FIELDS = ("critical_low", "warning_low", "warning_high", "critical_high")


def match_sensors(own: Sequence[Sensor], template: MachineProfile) -> dict[str, str]:
    """Return template sensor name -> own sensor name, each used at most once.

    Sensors match when they measure the same quantity in convertible units and play the same role or have the same name; sensors of
    quantity ``other`` must also share a word of their names. More shared words win.
    """
    scored = []
    for position, theirs in enumerate(template.sensors):
        for place, mine in enumerate(own):
            score = _likeness(mine, theirs)
            if score > 0:
                scored.append((-score, position, place))
    matched: dict[str, str] = {}
    for _, position, place in sorted(scored):
        theirs, mine = template.sensors[position], own[place]
        if theirs.name not in matched and mine.name not in matched.values():
            matched[theirs.name] = mine.name
    return matched


def _likeness(mine: Sensor, theirs: Sensor) -> int:
    same_name = mine.name == theirs.name
    if mine.quantity != theirs.quantity or not convertible(theirs.unit, mine.unit):
        return 0
    if mine.role != theirs.role and not same_name:
        return 0
    shared = (set(words(mine.name)) & set(words(theirs.name))) - _UNIT_WORDS
    if mine.quantity is Quantity.OTHER and not shared:
        return 0
    if bool(_DIFFERENCE & set(words(mine.name))) != bool(_DIFFERENCE & set(words(theirs.name))):
        return 0  # a pressure drop is no pressure, though both are in bar
    return 1 + 2 * len(shared) + _ranges_meet(mine, theirs) + (4 if same_name else 0)


def _ranges_meet(mine: Sensor, theirs: Sensor) -> bool:
    factor, offset = conversion(theirs.unit, mine.unit)
    low, high = theirs.normal_low * factor + offset, theirs.normal_high * factor + offset
    return low <= mine.normal_high and mine.normal_low <= high


def carried_limits(mine: Sensor, theirs: Sensor) -> Limits | None:
    """Return the template's limits in the unit of ``mine``, or None where its own normal range passes them."""
    if theirs.limits is None:
        return None
    factor, offset = conversion(theirs.unit, mine.unit)
    values: dict[str, float | None] = {}
    for name in _LIMIT_FIELDS:
        value = getattr(theirs.limits, name)
        values[name] = None if value is None else round(value * factor + offset, 6)
    low, high = values["warning_low"], values["warning_high"]
    if (low is not None and mine.normal_low < low) or (high is not None and mine.normal_high > high):
        return None
    if any(v is not None and not mine.physical_low <= v <= mine.physical_high for v in values.values()):
        return None
    return Limits(**values, standard=theirs.limits.standard, source=theirs.limits.source)


def carried_modes(template: MachineProfile, matched: dict[str, str]) -> tuple[list[FailureMode], list[str]]:
    """Return the template's failure modes that the matched sensors can show, and notes on what is left out.

    A mode stays when its indicator, or a symptom of weight 2 (typical) or more, is matched; symptoms without a sensor
    are dropped. Without its own indicator, the matched symptom of the greatest weight takes its place.
    """
    kept, notes = [], []
    for mode in template.failure_modes:
        symptoms = [symptom for symptom in mode.symptoms if symptom.sensor in matched]
        shown = mode.indicator in matched or any(symptom.weight >= TYPICAL_WEIGHT for symptom in symptoms)
        missing = sorted(({mode.indicator} | {symptom.sensor for symptom in mode.symptoms}) - set(matched))
        if not (shown and symptoms):
            notes.append(f"Failure mode {mode.name} is left out: nothing in the file is like {', '.join(missing)}.")
            continue
        first = mode.indicator
        if first not in matched:
            first = max(symptoms, key=lambda symptom: symptom.weight).sensor
        if missing:
            instead = "" if first == mode.indicator else f"; {matched[first]} is its indicator instead"
            notes.append(
                f"Failure mode {mode.name} is kept without {', '.join(missing)}, which nothing in the file is like{instead}."
            )
        carried = tuple(symptom.model_copy(update={"sensor": matched[symptom.sensor]}) for symptom in symptoms)
        kept.append(mode.model_copy(update={"indicator": matched[first], "symptoms": carried}))
    return kept, notes
