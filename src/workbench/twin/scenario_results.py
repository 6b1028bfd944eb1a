"""What came of a scenario: bands over its samples, what stopped them, health, life left and energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from workbench.domain.equipment import MachineProfile
from workbench.domain.twin import Scenario, ScenarioResult, Stop, Trajectory

from .health import read_health, risk_band
from .model import TwinModel
from .run import Trajectories
from .state_model import hours_per_life_unit, rated_power_kW
from .streams import Flags, Floats

SHOWN_POINTS = 181
_BAND = (0.05, 0.5, 0.95)


def worked(scenario: Scenario, steps: int, step_h: float) -> dict[str, Floats]:
    """Return load and running of each step; a step longer than an hour takes the hour in which it begins."""
    hour = np.floor(np.arange(steps) * step_h + 1e-9).astype(int)
    factor = np.asarray(scenario.hourly)[hour % len(scenario.hourly)] if scenario.hourly else np.ones(steps)
    return {"load": scenario.load * factor, "running": np.where(factor > 0, scenario.running, 0.0)}


def result_of(
    model: TwinModel,
    profile: MachineProfile,
    scenario: Scenario,
    ran: Trajectories,
    *,
    steps: int,
    step_h: float,
    running_h: float,
    notes: Sequence[str],
) -> ScenarioResult:
    """Return the figures of a run of ``steps`` that began after ``running_h`` operating hours."""
    number = np.arange(steps)[:, None]
    going = number <= ran.stopped_at[None, :]
    duty = worked(scenario, steps, step_h)
    run_h = running_h + step_h * np.cumsum(duty["running"][:, None] * going, axis=0)
    read = read_health(model, profile, ran.damage, run_h)
    left = read.remaining_h / hours_per_life_unit(profile)
    points = np.unique(np.linspace(0, steps - 1, min(SHOWN_POINTS, steps)).round().astype(int))
    always = np.ones((points.size, going.shape[1]), dtype=bool)
    units = {sensor.name: sensor.unit for sensor in profile.sensors}
    readings = {name: np.where(going, values, np.nan) for name, values in ran.sensors.items()}
    stops = _stops(model, profile, ran, step_h)
    final = float(np.median(read.score[-1]))
    return ScenarioResult(
        scenario=scenario,
        hours=steps * step_h,
        step_h=step_h,
        at_h=tuple(((points + 1) * step_h).tolist()),
        health=_trajectory(read.score[points], always, ""),
        remaining_useful_life=_trajectory(left[points], always, profile.life_unit.value),
        sensors={name: _trajectory(v[points], going[points], units[name]) for name, v in readings.items()},
        damage={mode: _trajectory(value[points], always, "1") for mode, value in ran.damage.items()},
        final_health=final,
        final_band=risk_band(final),
        final_remaining_useful_life=float(np.median(left[-1])),
        peaks={name: float(np.median(np.nanmax(values, axis=0))) for name, values in readings.items()},
        energy_kWh=_energy(profile, duty, readings, units, going, step_h),
        stops=stops,
        trip_probability=sum(stop.share for stop in stops if stop.kind == "trip"),
        failure_probability=sum(stop.share for stop in stops if stop.kind == "failure"),
        notes=tuple(notes),
    )


def _trajectory(values: Floats, going: Flags, unit: str) -> Trajectory:
    """Return median and 90 % band of the samples that still run, at points where at least half of them do."""
    ordered = np.sort(np.where(going, values, np.nan), axis=1)
    count = np.sum(np.isfinite(ordered), axis=1)
    shown = 2 * count >= values.shape[1]
    bands = []
    for share in _BAND:
        at = share * np.maximum(count - 1, 0)
        below = np.floor(at).astype(int)[:, None]
        above = np.minimum(below + 1, np.maximum(count - 1, 0)[:, None])
        low, high = (np.take_along_axis(ordered, index, axis=1)[:, 0] for index in (below, above))
        bands.append(low + (at - below[:, 0]) * (high - low))
    lower, median, upper = (
        tuple(float(f"{value:.6g}") if known else None for value, known in zip(band, shown, strict=True))
        for band in bands
    )
    return Trajectory(unit=unit, lower=lower, median=median, upper=upper)


def _stops(model: TwinModel, profile: MachineProfile, ran: Trajectories, step_h: float) -> tuple[Stop, ...]:
    by = np.array(ran.stopped_by)
    stops = []
    for name in sorted(set(ran.stopped_by) - {""}):
        hours = (ran.stopped_at[by == name] + 1) * step_h
        trip = model.composition.trips.get(name)
        mode = profile.failure_mode(name)
        title = trip.title if trip else mode.title if mode else name.replace("_", " ").capitalize()
        stops.append(
            Stop(
                name=name,
                title=title,
                kind="trip" if trip else "failure",
                share=hours.size / by.size,
                earliest_h=float(hours.min()),
                median_h=float(np.median(hours)),
            )
        )
    return tuple(sorted(stops, key=lambda stop: -stop.share))


def _energy(
    profile: MachineProfile,
    duty: Mapping[str, Floats],
    readings: Mapping[str, Floats],
    units: Mapping[str, str],
    going: Flags,
    step_h: float,
) -> float | None:
    """Return the energy taken, median of the samples: from sensors of power in kW, else from the name plate."""
    power = [values for name, values in readings.items() if units[name] == "kW"]
    if power:
        return float(np.median(np.nansum(np.sum(power, axis=0), axis=0)) * step_h)
    if not any(rating.unit in ("kW", "W", "MW", "hp") for rating in profile.rated.values()):
        return None
    taken = (duty["load"] * duty["running"]) @ going
    return float(np.median(taken)) * step_h * rated_power_kW(profile)
