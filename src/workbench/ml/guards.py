"""The leakage guard over a whole training: the folds, the sensors, the features of a row, what a fold learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from workbench.domain.observations import MachineData
from workbench.errors import LeakFound

from .arrays import FloatArray, IntArray, ObjectArray, nanoseconds, sensor_matrix
from .features import build
from .leakage import check_causal, label_columns
from .running import running_rows
from .spec import FLEET, FeatureSpec
from .training_data import TrainingData

MOST_ROWS = 3000
LOOKED_AT_ROWS = 400
LEAST_ROWS, LEAST_MACHINES = 3, 3
# What a model card says was looked at. Each is made on a sample: a guard over all rows would take longer than training.
UNITS_APART = "no machine is on both sides of a fold"
BLOCKS_APART = "no stretch of a machine's record is on both sides of a fold"
NO_SENSOR = "no sensor encodes a label (a sample of the rows)"
NO_LATER_ROWS = "no feature changes when the rows after it are taken away (two rows sampled, of one machine)"
OWN_POPULATION = (
    "what a fold learns of the population comes from its training machines only (tried on a sample of three machines)"
)


def guard_features(data: TrainingData) -> tuple[str, ...]:
    """Raise ``LeakFound`` when a feature of ``data`` knows later rows, or a fold's statistics its test machines.

    Returns, in words, the checks that were made: with too few rows or machines one is skipped.
    """
    made = [NO_LATER_ROWS] if _check_later_rows(data.members, data.spec) else []
    if data.scope != FLEET and _check_population(data):
        made.append(OWN_POPULATION)
    return tuple(made)


def guard_sensors(data: TrainingData, rows: IntArray, labels: Sequence[FloatArray | ObjectArray]) -> tuple[str, ...]:
    """Raise ``LeakFound`` when a sensor encodes a label; returns, in words, the check that was made, if any.

    ``labels`` has the answers of each question for ``rows`` of the samples, numbers (NaN: unknown) or names. The life
    left is always among them: a clock that counts down to the failure must not pass because the question is a class.
    Sensors are what a user's file brings; features are made of them, of events and of the age up to their row, which
    ``guard_features`` makes sure of.
    """
    s = data.samples
    sampled = slice(None, None, max(1, len(rows) // MOST_ROWS))
    picked = rows[sampled]
    groups = s.groups[picked]
    ran = pd.Series(s.life).groupby(s.life).cumcount().to_numpy()
    clocks = pd.DataFrame({"age": s.age, "ran": ran}).iloc[picked]
    questions = [*(answers[sampled] for answers in labels), s.remaining[picked]]
    found, asked = [], False
    for name, readings in _readings(data, picked).items():
        # Machines without the sensor say nothing of it.
        theirs = np.isin(groups, np.unique(groups[~np.isnan(readings)]))
        for label in questions:
            known = theirs & ~pd.isna(label)
            several = len(set(label[known])) > 1
            asked = asked or several
            column = pd.DataFrame({name: readings[known]})
            if several and label_columns(column, label[known], groups[known], clocks=clocks[known]):
                found.append(name)
                break
    if found:
        raise LeakFound(
            f"Sensors encode the label: {', '.join(sorted(found))}.",
            "Take them out of the profile: they know the outcome.",
        )
    return (NO_SENSOR,) if asked else ()


def _readings(data: TrainingData, rows: IntArray) -> dict[str, FloatArray]:
    """Return what each sensor showed at these rows of the samples; NaN where a machine has no such sensor."""
    names = tuple(sorted({sensor.name for machine in data.members for sensor in machine.profile.sensors}))
    found = np.full((len(rows), len(names)), np.nan)
    units, times = data.samples.groups[rows], data.samples.time[rows]
    for machine in data.members:
        mine = np.flatnonzero(units == machine.profile.machine_id)
        at = np.searchsorted(nanoseconds(machine.telemetry["time"]), times[mine])
        found[mine] = sensor_matrix(machine.telemetry, names)[at]
    return dict(zip(names, found.T, strict=True))


def _check_later_rows(members: Sequence[MachineData], spec: FeatureSpec) -> bool:
    """Look at one machine, that with the most events, over a short stretch of its record; False where it is too short."""
    one = max(members, key=lambda machine: (len(machine.events), len(machine.telemetry)))
    record = one.telemetry.iloc[-LOOKED_AT_ROWS:].reset_index(drop=True)
    begin = replace(one, telemetry=record.iloc[: len(record) // 3])
    if len(record) < LEAST_ROWS or not running_rows(begin).any():
        return False

    def features(rows: pd.DataFrame) -> pd.DataFrame:
        known = one.events[one.events["time"] <= rows["time"].iloc[-1]]
        return build(replace(one, telemetry=rows, events=known.reset_index(drop=True)), spec)

    check_causal(features, record, (len(record) // 2, len(record) - 2), tolerance=1e-3)
    return True


def _check_population(data: TrainingData) -> bool:
    """Compute the features of a fold of three machines, and again with the readings of the one held out moved far away.

    False where there are not three that ran lately.
    """
    short = [replace(machine, telemetry=machine.telemetry.iloc[-LOOKED_AT_ROWS:]) for machine in data.members]
    few = [machine for machine in short if running_rows(machine).any()][:LEAST_MACHINES]
    running = [int(running_rows(machine).sum()) for machine in few]
    if len(few) < LEAST_MACHINES:
        return False
    sensors = [name for name in data.spec.sensors if name in few[2].telemetry.columns]
    moved = few[2].telemetry.copy()
    moved[sensors] = 10.0 * moved[sensors].abs() + 1000.0
    rows = np.arange(running[0] + running[1])
    tables = []
    for members in (few, [*few[:2], replace(few[2], telemetry=moved)]):
        fold = replace(data, members=tuple(members), every=1, _refitted={}).refeature(rows)
        if fold is None:
            return False
        tables.append(fold([machine.profile.machine_id for machine in few[:2]]))
    same = np.isclose(tables[0].to_numpy(float), tables[1].to_numpy(float), rtol=1e-4, atol=1e-6, equal_nan=True)
    changed = [str(name) for name in tables[0].columns[~same.all(axis=0)]]
    if changed:
        raise LeakFound(
            f"Features of training machines change with a held-out one: {', '.join(changed[:5])}.",
            "Learn the population from the training machines of each fold.",
        )
    return True
