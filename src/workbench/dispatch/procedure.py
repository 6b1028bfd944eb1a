"""The work on the machine: locking out its energy sources, the steps of the repair, or those of an inspection."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.domain.analysis import standing_out
from workbench.domain.equipment import MachineProfile
from workbench.domain.predictions import Prediction
from workbench.domain.units import limit_text, unit_text
from workbench.domain.work import LockoutPoint

from .lockout import lockout_of


def safety_of(profile: MachineProfile, mode: str) -> tuple[str, ...]:
    """Return the safety instructions in the order in which they are followed.

    The repair's own instructions stand when they isolate every energy source of the profile;
    otherwise the lockout of each source (see ``lockout``) is put around them. An inspection takes the instructions that
    all repairs of the machine share. A profile without energy sources asks to find them on site.
    """
    known = profile.failure_mode(mode)
    own = known.repair.safety if known else _shared_safety(profile)
    text = "\n".join(own)
    if profile.energy_sources and own and all(source in text for source in profile.energy_sources):
        return own
    points = lockout_of(profile)
    return (
        f"Tell everybody concerned that {profile.machine_id} is taken out of service, and stop it in the normal way.",
        *([f"Lock out and tag {one.source}: {one.isolate}. Keep the key with you." for one in points] or [_NO_SOURCES]),
        *([f"Release {one.source}: {one.release}." for one in points] or [_RELEASE]),
        f"Prove that it is dead: {_proof(points)}, then try to start it.",
        *own,
        "Before restart: tools and people clear, guards back in place, locks removed only by those who set them.",
    )


def _proof(points: Sequence[LockoutPoint]) -> str:
    if not points:
        return "test for voltage and pressure at the point of work"
    return "; ".join(f"{one.source}: {one.verify}" for one in points)


def _shared_safety(profile: MachineProfile) -> tuple[str, ...]:
    repairs = [mode.repair.safety for mode in profile.failure_modes]
    return tuple(line for line in repairs[0] if all(line in other for other in repairs)) if repairs else ()


def steps_of(profile: MachineProfile, mode: str, prediction: Prediction | None = None) -> tuple[str, ...]:
    """Return the steps of the repair, or of an inspection that begins where ``prediction`` saw something."""
    known = profile.failure_mode(mode)
    if known is None:
        return (*_inspection(profile, prediction), _CLOSE_INSPECTION)
    check = (
        f"Run at normal load and confirm that {known.indicator} is back in {_normal_range(profile, known.indicator)}."
    )
    return (*known.repair.steps, check, _CLOSE_REPAIR)


_RELEASE = "Release stored energy (pressure, springs, raised loads, capacitors) and wait until all motion has stopped."
_NO_SOURCES = (
    "The profile names no energy sources: find them all on site (electrical, pressure, stored motion, heat), "
    "lock out and tag each."
)
_CLOSE_REPAIR = (
    "Close the order: what was found, what was done, parts used, hours taken, state of the old part; "
    "say so if no fault was found."
)
_CLOSE_INSPECTION = (
    "Close the order with the failure mode found, or 'no fault found'; raise a repair order if one is needed."
)


def _inspection(profile: MachineProfile, prediction: Prediction | None) -> list[str]:
    steps = [
        "While it still runs, from outside the guards: look and listen for noise, heat, smell, leaks, loose parts; note the load."
    ]
    if prediction is not None:
        steps += [f"Check first: {crossing.in_words()}." for crossing in prediction.limit_crossings]
        crossed = {crossing.sensor for crossing in prediction.limit_crossings}
        found = standing_out(prediction.anomaly)
        steps += [f"Check: {part.in_words()}." for part in found if part.sensor not in crossed]
        if crossed or found:
            steps.append("Compare these readings with a hand-held instrument: is it the machine or the sensor?")
    steps.append("Stop the machine, lock it out as above, and open the inspection covers.")
    for mode in profile.failure_modes:
        signs = ", ".join(f"{symptom.sensor} {symptom.direction}" for symptom in mode.symptoms)
        name = f"{mode.title[:1].lower()}{mode.title[1:]}"
        steps.append(f"Look for {name} (signs: {signs}). {mode.mechanism.rstrip('.')}.")
    steps.append("Check fastenings, couplings or belts, lubrication, filters, cables and terminals.")
    return steps


def _normal_range(profile: MachineProfile, name: str) -> str:
    sensor = profile.sensor(name)
    return (
        f"its normal range, {limit_text(sensor.normal_low)} to {limit_text(sensor.normal_high)}{unit_text(sensor.unit)}"
    )
