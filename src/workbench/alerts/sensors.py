"""Faults of sensors over a whole record: stuck, out of physical range, dropout, spike."""

from __future__ import annotations

import numpy as np

from workbench.domain.predictions import SensorFault, SensorFaultKind

from .arrays import BoolArray, FloatArray, IntArray, run_length
from .plan import DROPOUT_NEEDED, DROPOUT_OF, GOOD_AGAIN, Check, Plan, fault
from .spans import spans

# Among so many readings shows every fault that may be on at the last of them.
LATELY = 7 * DROPOUT_OF


def out_of_place(values: FloatArray, plan: Plan) -> BoolArray:
    """Say which sensors have a reading that is impossible or could be a spike."""
    low = np.array([max(check.spike_low, check.sensor.physical_low) for check in plan.checks])
    high = np.array([min(check.spike_high, check.sensor.physical_high) for check in plan.checks])
    return np.asarray(((values < low) | (values > high)).any(axis=0))


def suspects_now(values: FloatArray, plan: Plan) -> BoolArray:
    """Say which sensors may be faulty at the last of ``values`` (the last ``LATELY`` readings or more)."""
    # A fault is over after ten good readings.
    end = values[-GOOD_AGAIN - 1 :]
    odd = out_of_place(end, plan) | (end[-1:] == end[-2:-1]).any(axis=0)
    missing = np.isnan(values)
    # One that drops out was missing in 5 of 10 readings, and in one of every ten ever since.
    return np.asarray(odd | missing[-GOOD_AGAIN:].any(axis=0) & (missing.sum(axis=0) >= DROPOUT_NEEDED))


def suspects_of(values: FloatArray, plan: Plan) -> BoolArray:
    """Say of which sensors some reading may be a fault; the others need no closer look."""
    if not len(values):
        return np.zeros(len(plan.checks), dtype=bool)
    odd = out_of_place(values, plan) | (values[1:] == values[:-1]).any(axis=0)
    column, row = np.nonzero(np.isnan(values.T))
    near = DROPOUT_NEEDED - 1
    close = (column[near:] == column[:-near]) & (row[near:] - row[:-near] < DROPOUT_OF)
    odd[column[near:][close]] = True
    return np.asarray(odd)


def sensor_faults(values: FloatArray, time: IntArray, check: Check) -> tuple[list[SensorFault], BoolArray, IntArray]:
    """Return the faults of one sensor, which of its rows may be judged by limits, and when faults began."""
    known = ~np.isnan(values)
    places = np.flatnonzero(known)
    x = values[places]
    faulty = np.zeros(len(values), dtype=bool)
    found: list[SensorFault] = []
    onsets: list[int] = []

    def tell(
        kind: SensorFaultKind,
        bad: BoolArray,
        where: IntArray,
        evidence: IntArray,
        delay: tuple[int, int] = (1, 1),
        clear: int = GOOD_AGAIN,
    ) -> None:
        """Note the spans of ``bad`` at rows ``where``; ``evidence``: the row that shows each bad reading."""
        nowhere = np.zeros(len(bad), dtype=np.int64)
        for span in spans(bad, ~bad, delay, clear, nowhere, np.zeros(len(bad), dtype=bool)):
            stop = len(bad) if span.end is None else span.end
            faulty[where[span.start] : (len(values) if span.end is None else where[span.end])] = True
            rows = evidence[span.first : stop][bad[span.first : stop]]
            last = float(values[rows[-1]])
            onsets.append(int(time[where[span.start]]))
            found.append(
                fault(
                    check,
                    kind,
                    int(time[rows[0]]),
                    int(time[where[-1]] if span.end is None else time[where[span.end]]),
                    ongoing=span.end is None,
                    value=None if np.isnan(last) else last,
                    bad=len(rows),
                )
            )

    seen = np.maximum.accumulate(known) if len(known) else known
    missing = ~known & seen
    if missing.any():
        everywhere = np.arange(len(values))
        tell(SensorFaultKind.DROPOUT, missing, everywhere, everywhere, (DROPOUT_NEEDED, DROPOUT_OF))
    # A reading after a gap is a new one, whatever its value.
    equal = np.zeros(len(x), dtype=bool)
    equal[1:] = (x[1:] == x[:-1]) & (places[1:] - places[:-1] == 1)
    run = 1 + run_length(equal, np.zeros(len(x), dtype=np.int64))
    # What is usual is looked up only where a reading equals the one before.
    if equal.any() and check.stuck_after is not None:
        stuck = run >= check.stuck_after
        begin = places[np.arange(len(x)) - run + 1]
        tell(SensorFaultKind.STUCK, stuck, places, begin, clear=1)
    outside = (x < check.sensor.physical_low) | (x > check.sensor.physical_high)
    if outside.any():
        tell(SensorFaultKind.OUT_OF_RANGE, outside, places, places)
    spikes = np.zeros(len(x), dtype=bool)
    normal = (x >= check.sensor.normal_low) & (x <= check.sensor.normal_high)
    spikes[2:] = normal[2:] & normal[:-2] & ((x[1:-1] > check.spike_high) | (x[1:-1] < check.spike_low))
    if spikes.any():
        tell(SensorFaultKind.SPIKE, spikes, places, np.concatenate([places[:1], places[:-1]]))
    usable = known & ~faulty
    if equal.any() and check.repeat_counts_until is not None:
        usable[places[run > check.repeat_counts_until]] = False
    return found, usable, np.array(sorted(onsets), dtype=np.int64)
