"""One cadence for all machines: records finer than an hour are averaged to hours before anything learns from them.

Windows and baselines count rows, and a row must say as much on every machine. An hourly row carries the mean of the
readings in which the machine ran, the sum of its counts, the last life and the time of its last reading, so that
nothing later than its time is in it and the end of the record stays where it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from workbench.domain.equipment import LifeUnit
from workbench.domain.observations import EventKind, MachineData, MachineState

from .arrays import NS_PER_H, BoolArray, FloatArray, IntArray, nanoseconds, sensor_matrix
from .life import RAN_H
from .running import running_hours, running_rows

# Half-hourly readings become hourly too; 45 minutes leave room for jitter.
FINEST_H = 0.75
SUMMED = ("total_count", "good_count")
LAST = ("life", "running_h")
# The mean of a few minutes scatters more than the mean of an hour, so it would look like an outlier.
THINNEST = 0.5


def is_fine(machine: MachineData) -> bool:
    """Whether the readings of a machine that counts operating hours come more often than about hourly."""
    frame = machine.telemetry
    if machine.profile.life_unit is LifeUnit.CYCLE or len(frame) < 3 or RAN_H in frame.columns:
        return False
    steps = np.diff(nanoseconds(frame["time"]))
    short = 2 * int(np.count_nonzero(steps < FINEST_H * NS_PER_H))
    # Where not just half of the steps are short, counting tells on which side of it the median lies.
    return short > len(steps) if short != len(steps) else bool(np.median(steps) < FINEST_H * NS_PER_H)


def hourly(machine: MachineData) -> MachineData:
    """Return ``machine`` with readings averaged to hours; the same object where they are hourly or coarser.

    A failure or replacement splits its hour, because readings before it describe another condition. The column
    ``RAN_H`` holds the hours that the machine ran within each row; sensors of rows in which it ran less than half as
    long as usual are gaps. Times must be ascending (``timeline`` checks them); a record whose times are not is
    returned as it is.
    """
    if not is_fine(machine):
        return machine
    frame = machine.telemetry
    time = nanoseconds(frame["time"])
    if not bool((np.diff(time) > 0).all()):
        return machine
    running = running_rows(machine)
    starts = _starts(machine, time)
    ends = np.append(starts[1:], len(time)) - 1
    ran_h = np.add.reduceat(running_hours(time, running), starts)
    ran = np.add.reduceat(running.astype(np.int64), starts) > 0
    counted = running | ~np.repeat(ran, ends - starts + 1)
    thin = _thin(ran_h, ran)
    out: dict[str, Any] = {"time": pd.DatetimeIndex(time[ends], tz="UTC")}
    # One column at a time: a record of seconds has millions of rows.
    for sensor in machine.profile.sensors:
        if sensor.name in frame.columns:
            total, count = _sums(sensor_matrix(frame, (sensor.name,))[:, 0], counted, starts)
            known = (count > 0) & ~thin
            out[sensor.name] = np.divide(total, count, out=np.full(len(starts), np.nan), where=known)
    for name in SUMMED:
        if name in frame.columns:
            total, count = _sums(sensor_matrix(frame, (name,))[:, 0], np.ones(len(frame), dtype=bool), starts)
            out[name] = np.where(count > 0, total, np.nan)
    for name in LAST:
        if name in frame.columns:
            out[name] = frame[name].ffill().to_numpy(dtype=np.float64, na_value=np.nan)[ends]
    out["state"] = np.where(ran, str(MachineState.RUNNING), str(MachineState.IDLE)).astype(object)
    out[RAN_H] = ran_h
    return MachineData(machine.profile, pd.DataFrame(out), machine.events)


def _starts(machine: MachineData, time: IntArray) -> IntArray:
    """First reading of each hour, and of what follows a failure or replacement within it."""
    kinds = machine.events["kind"].isin([str(EventKind.FAILURE), str(EventKind.REPLACEMENT)])
    resets = np.unique(nanoseconds(machine.events["time"][kinds]))
    # A reading at the very moment of the event was still taken before it, as in ``timeline``.
    part = np.searchsorted(resets, time, side="left")
    # A reading on the hour closes the hour before it.
    hour = -(-time // NS_PER_H)
    return np.flatnonzero(np.diff(hour, prepend=hour[0] - 1) + np.diff(part, prepend=part[0]))


def _sums(values: FloatArray, counted: BoolArray, starts: IntArray) -> tuple[FloatArray, IntArray]:
    """Sum of the known values that count per row, and how many there are."""
    known = counted & ~np.isnan(values)
    total = np.add.reduceat(np.where(known, values, 0.0), starts)
    return total, np.add.reduceat(known.astype(np.int64), starts)


def _thin(ran_h: FloatArray, ran: BoolArray) -> BoolArray:
    """Rows in which the machine ran for less than half of the usual time."""
    usual = float(np.median(ran_h[ran])) if ran.any() else 0.0
    return np.asarray(ran & (ran_h < THINNEST * usual))
