"""When a machine ran, by its state or its running rule, and the life that hours and meters have counted of it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.domain.observations import MachineData, MachineState

from .arrays import (
    NS_PER_H,
    BoolArray,
    FloatArray,
    IntArray,
    carry_forward,
    medians,
    sensor_matrix,
)

LONGEST_GAP_ROWS = 3.0
# Meters jitter by less; a larger fall is a new meter.
METER_JITTER = 1.0
# Rows over which a cadence is taken, so that a change of it does not stop the clock.
CADENCE_ROWS = 256


def running_rows(machine: MachineData, rows: slice = slice(None)) -> BoolArray:
    """Say in which rows the machine runs: its ``state`` (the last one given), else its running rule, else always.

    ``rows``: of which rows, as if there were no others (default: of all).
    """
    frame = machine.telemetry
    if "state" not in frame.columns:
        return _running_by_rule(machine, rows)
    states = frame["state"].to_numpy(dtype=object)[rows]
    try:
        running = np.asarray(states == str(MachineState.RUNNING), dtype=bool)
    except TypeError:  # pandas' NA is neither equal to a word nor not
        running = np.zeros(len(states), dtype=bool)
    # Most rows say so in that very word; only the others need a closer look.
    others = np.flatnonzero(~running)
    words = set(states[others].tolist())
    if all(isinstance(word, str) and not _says_running(word) for word in words):
        return running
    codes, names = pd.factorize(states[others])
    runs = np.array([_says_running(name) for name in names] + [False])
    running[others] = runs[codes]
    given = np.arange(len(states))
    given[others[codes < 0]] = -1
    if not len(given) or given.min() >= 0:
        return running
    last = np.maximum.accumulate(given)
    return np.where(last >= 0, running[last], _running_by_rule(machine, rows))


def _says_running(word: object) -> bool:
    return str(word).strip().upper() == str(MachineState.RUNNING)


def _running_by_rule(machine: MachineData, rows: slice) -> BoolArray:
    frame, rule = machine.telemetry, machine.profile.running_rule
    if rule is None or rule.sensor not in frame.columns:
        return np.ones(len(range(*rows.indices(len(frame)))), dtype=bool)
    values = sensor_matrix(frame, (rule.sensor,))[rows]
    if np.isnan(values).all():
        return np.ones(len(values), dtype=bool)
    return np.asarray(carry_forward(values)[:, 0] > rule.above)


def running_hours(time: IntArray, running: BoolArray) -> FloatArray:
    """Hours that each row adds: the time since the row before, at most ``LONGEST_GAP_ROWS`` times the cadence.

    A machine that reports only while it runs leaves gaps in which it stood. The cadence is that of the surrounding
    rows, so that a record which becomes finer keeps counting its coarse part.
    """
    steps = np.diff(time) / NS_PER_H
    if not len(steps):
        return np.zeros(len(time))
    whole = len(steps) // CADENCE_ROWS * CADENCE_ROWS
    usual = medians(steps[:whole].reshape(-1, CADENCE_ROWS))
    if whole < len(steps):
        usual = np.append(usual, medians(steps[whole:]))
    hours = np.zeros(len(time))
    hours[1:] = np.minimum(steps, np.repeat(LONGEST_GAP_ROWS * usual, CADENCE_ROWS)[: len(steps)])
    hours[~running] = 0.0
    return hours


def meter(readings: FloatArray, most: FloatArray) -> FloatArray:
    """Return the life that an hour or cycle meter has counted, never falling.

    Gaps keep the last reading, those at the start take the first one. Where the reading falls by more than
    ``METER_JITTER``, a new meter goes on from there. ``most``: the largest rise believed of each row.

    >>> import numpy as np
    >>> meter(np.array([np.nan, 50.0, 52.0, 0.0, 3.0]), np.full(5, 24.0)).tolist()
    [50.0, 50.0, 52.0, 52.0, 55.0]
    """
    values = carry_forward(readings[:, None])[:, 0]
    known = np.flatnonzero(~np.isnan(values))
    values = np.where(np.isnan(values), values[known[0]], values)
    steps = np.diff(values, prepend=values[0])
    part = np.cumsum(steps < -METER_JITTER)
    highest = np.asarray(pd.Series(values).groupby(part).cummax().to_numpy(dtype=np.float64))
    rises = np.diff(highest, prepend=highest[0])
    rises = np.where(np.diff(part, prepend=0) > 0, 0.0, rises)
    return np.asarray(values[0] + np.cumsum(np.clip(rises, 0.0, most)))
