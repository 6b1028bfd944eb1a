"""A machine's own sensor responses, fitted to its record: what the template says is where the fit begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.domain.equipment import MachineProfile, Sensor, SensorResponse, SensorRole
from workbench.domain.observations import EventKind, MachineState

from .fleet import simulated_twin
from .sensors import first_order_lag, sees_ambient
from .streams import Flags, Floats

LEAST_ROWS = 48
SOUND_H = 240
# Spread of machines of one type about their template: the offset in noise deviations, gains as a share.
OFFSET_SD, GAIN_SD = 8.0, 0.3
# Rows further than this from the fit, in deviations, are faults and spikes and not the machine as it is when sound.
TRIM_SD, ROUNDS = 3.0, 5
_MAD_TO_SD = 1.4826


@dataclass(frozen=True)
class _Hours:
    """A record by the hour: readings, load (1 = rated), ambient air (degC), whether it runs, and soundly; noise of the load."""

    readings: pd.DataFrame
    load: Floats
    ambient: Floats
    running: Flags
    sound: Flags
    load_noise: float


def load_sensor(profile: MachineProfile) -> Sensor | None:
    """Return the operating sensor that tells the load best: the largest gain over noise; None without one."""
    twin = simulated_twin(profile)
    known = [s for s in profile.sensors if s.role is SensorRole.OPERATING and s.name in twin.sensors]
    telling = [s for s in known if twin.sensors[s.name].load_gain > 0]
    return max(
        telling, key=lambda s: twin.sensors[s.name].load_gain / (twin.sensors[s.name].noise_sd + 1e-9), default=None
    )


def recorded_load(profile: MachineProfile, record: pd.DataFrame) -> pd.Series:
    """Return the load of each row (1 = rated) as the load sensor tells it; the usual load where it tells none."""
    twin, sensor = simulated_twin(profile), load_sensor(profile)
    if sensor is None or sensor.name not in record.columns:
        return pd.Series(twin.load_mean, index=record.index)
    response = twin.sensors[sensor.name]
    return ((record[sensor.name] - response.base) / response.load_gain).clip(0.0, 2.0)


def running_hours(record: pd.DataFrame, load: pd.Series) -> Flags:
    """Return in which rows the machine runs: by its recorded state, else by its load."""
    if "state" in record.columns and record["state"].notna().any():
        return record["state"].eq(MachineState.RUNNING.value).to_numpy(dtype=bool)
    return (load > 0.05).to_numpy(dtype=bool)


def own_responses(profile: MachineProfile, record: pd.DataFrame, events: pd.DataFrame) -> dict[str, SensorResponse]:
    """Return the response of each sensor as this machine has it.

    Base, load gain, ambient gain and noise of every indicator are those of largest posterior probability: least squares
    on running hours of ``record`` (columns ``time``, sensors, optionally ``state``), drawn to the template's values as
    far as machines of one type differ. The hours are the first ten days of the record and those after each replacement
    in ``events`` (``time``, ``kind``), in which a machine is soundest; of these, faults are left out by trimming. Operating
    sensors are calibrated and stay as they are; so does a sensor with fewer than 48 such hours.
    """
    rows = record.set_index("time")
    numbers = rows.select_dtypes("number").resample("1h", label="right", closed="right").mean()
    if "state" in rows.columns:
        numbers["state"] = rows["state"].resample("1h", label="right", closed="right").last()
    load = recorded_load(profile, numbers).ffill().bfill()
    running = running_hours(numbers, load)
    hours = _Hours(
        numbers, load.to_numpy(dtype=float), _recorded_ambient(profile, numbers), running,
        running & _soundest(pd.DatetimeIndex(numbers.index), events), _load_noise(profile),
    )  # fmt: skip
    return {
        sensor.name: _own(sensor, response, hours)
        for sensor in profile.sensors
        if (response := simulated_twin(profile).sensors.get(sensor.name)) is not None
    }


def _recorded_ambient(profile: MachineProfile, hours: pd.DataFrame) -> Floats:
    responses: Mapping[str, SensorResponse] = simulated_twin(profile).sensors
    for sensor in profile.sensors:
        response = responses.get(sensor.name)
        if response is not None and sees_ambient(sensor, response) and sensor.name in hours.columns:
            return np.asarray(hours[sensor.name].ffill().bfill().fillna(20.0), dtype=float)
    return np.full(len(hours), 20.0)


def _soundest(hours: pd.DatetimeIndex, events: pd.DataFrame) -> Flags:
    """Return which hours lie within ten days of the record's begin or of a replacement."""
    renewed = events.loc[events["kind"].eq(EventKind.REPLACEMENT.value), "time"]
    sound = np.zeros(len(hours), dtype=bool)
    for begin in [hours[0], *renewed]:
        sound |= np.asarray((hours >= begin) & (hours < begin + pd.Timedelta(hours=SOUND_H)))
    return sound


def _load_noise(profile: MachineProfile) -> float:
    """Return the noise of the load as the load sensor tells it (1 = rated)."""
    sensor = load_sensor(profile)
    if sensor is None:
        return 0.0
    response = simulated_twin(profile).sensors[sensor.name]
    return response.noise_sd / response.load_gain


def _own(sensor: Sensor, response: SensorResponse, hours: _Hours) -> SensorResponse:
    if sensor.role is SensorRole.OPERATING or sensor.name not in hours.readings.columns:
        return response
    readings = hours.readings[sensor.name].to_numpy(dtype=float)
    ran = first_order_lag(hours.running.astype(float), 2.0 * response.lag_h) > 0.8
    settled = hours.sound & ran & np.isfinite(readings)
    if settled.sum() < LEAST_ROWS:
        return response
    causes = np.column_stack([np.ones_like(hours.load), hours.load, hours.ambient - 20.0])
    lagged = np.column_stack([first_order_lag(column, response.lag_h) for column in causes.T])[settled]
    typical = np.array([response.base, response.load_gain, response.ambient_gain])
    noise = max(response.noise_sd, 1e-9)
    # A gain of the template that is nothing stays nothing.
    spread = np.maximum(np.array([OFFSET_SD * noise, *(GAIN_SD * np.abs(typical[1:]))]), 1e-9)
    beyond = readings[settled] - lagged @ typical
    change = np.array([np.median(beyond), 0.0, 0.0])
    for _ in range(ROUNDS):
        left = beyond - lagged @ change
        deviation = max(_MAD_TO_SD * float(np.median(np.abs(left - np.median(left)))), 1e-9)
        near = np.abs(left) <= TRIM_SD * deviation
        rows, target = lagged[near] / deviation, beyond[near] / deviation
        change = np.linalg.solve(rows.T @ rows + np.diag(spread**-2.0), rows.T @ target)
    base, load_gain, ambient_gain = (float(value) for value in typical + change)
    # Part of what is left is the noise of the load sensor, less what the lag takes away.
    keep = float(np.exp(-1.0 / response.lag_h)) if response.lag_h > 0 else 0.0
    of_load = (load_gain * hours.load_noise) ** 2 * (1.0 - keep) / (1.0 + keep)
    noise = float(np.sqrt(max(deviation**2 - of_load, 0.25 * noise**2)))
    own = {"base": base, "load_gain": load_gain, "ambient_gain": ambient_gain, "noise_sd": noise}
    return response.model_copy(update=own)
