"""The life clock of one machine: when it ran, how much life each row has seen, where lives start, and the labels.

Decisions, all following from asset events only:

* Life counts operating hours (rows in which the machine runs), or cycles. A ``life`` or ``running_h`` column is
  believed, and goes on where a replaced meter starts anew; otherwise hours are summed over running rows, a gap
  counting at most ``LONGEST_GAP_ROWS`` times the cadence, since the machine may have stood in it.
* A failure of any cause ends a life and starts the next one. A planned replacement of a component ends no life; it
  resets the age of that component, restarts the feature windows (readings from before it no longer describe the
  machine), and censors: nobody knows when the replaced component would have failed.
* A replacement of the failed cause within ``CORRECTIVE_H`` of a failure is that failure's repair, not a planned one.
* A failed machine may go on running until it is repaired: by the first replacement or maintenance of the failed cause, or
  of the whole machine, within ``REPAIRED_H`` and before the next failure. Feature windows start anew at the repair too,
  and readings between the two are those of a failed machine: they are unlabelled.
* A row is labelled by the next failure, unless the same cause was replaced in between; the end of a record that does
  not end in failure is unlabelled as far as the question looks ahead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.domain.equipment import LifeUnit
from workbench.domain.observations import WHOLE_MACHINE, EventKind, MachineData
from workbench.errors import InputError

from .arrays import NS_PER_H, BoolArray, FloatArray, IntArray, ObjectArray, medians, nanoseconds, sensor_matrix
from .running import meter, running_hours, running_rows

LONGEST_GAP_H = 24.0
# Column of averaged readings (``cadence.hourly``): hours that the machine ran within the row.
RAN_H = "ran_h"
CORRECTIVE_H = 24.0
REPAIRED_H = 168.0


@dataclass(frozen=True)
class Events:
    """Events of one kind: times (ns), causes, and the life of the machine at each."""

    time: IntArray
    cause: ObjectArray
    life: FloatArray


@dataclass(frozen=True)
class Timeline:
    """The life clock of one machine, one entry per telemetry row.

    ``life`` is cumulative, in life units; ``age`` is the life since the last failure (or since new, where a life
    column says so), NaN while unknown; ``fresh`` is the first row since the last failure, repair or replacement, and
    ``life_id`` counts the lives. ``repaired``: when each failure was repaired (ns), its own time where nobody said.
    ``reset_at`` (ns) and ``reset_by``: the last failure, repair or replacement of all.
    """

    time: IntArray
    running: BoolArray
    life: FloatArray
    age: FloatArray
    fresh: IntArray
    life_id: IntArray
    cadence_h: float
    life_unit: LifeUnit
    failures: Events
    replacements: Events
    repaired: IntArray
    reset_at: int | None = None
    reset_by: str = ""

    def rows_since_reset(self) -> int:
        """Running rows after the last failure, repair or replacement, also when it lies behind the last row."""
        first = 0 if self.reset_at is None else int(np.searchsorted(self.time, self.reset_at, side="right"))
        return int(np.count_nonzero(self.running[first:]))

    def utilisation(self, window_days: float) -> float:
        """Life units per calendar hour over the last ``window_days``."""
        if len(self.time) < 2:
            return 1.0
        first = int(np.searchsorted(self.time, self.time[-1] - int(window_days * 24 * NS_PER_H)))
        first = min(first, len(self.time) - 2)
        hours = (self.time[-1] - self.time[first]) / NS_PER_H
        return max(float(self.life[-1] - self.life[first]) / hours, 0.0) if hours > 0 else 0.0


def _clock(machine: MachineData, time: IntArray, running: BoolArray) -> tuple[FloatArray, float, bool]:
    """Return cumulative life, the cadence in hours, and whether life counts from new."""
    frame = machine.telemetry
    steps = np.diff(time) / NS_PER_H
    cadence = float(medians(steps)) if len(steps) else 1.0
    cycles = machine.profile.life_unit is LifeUnit.CYCLE
    for column in ("life", "running_h"):
        if column in frame.columns and frame[column].notna().any():
            # No machine runs more hours than pass; a meter read once a day rises by a day at once.
            passed = np.maximum(2 * np.concatenate([[0.0], steps]), LONGEST_GAP_H)
            most = np.full(len(time), np.inf) if cycles else passed
            return meter(sensor_matrix(frame, (column,))[:, 0], most), cadence, True
    if cycles:
        return np.cumsum(running).astype(np.float64), cadence, False
    if RAN_H in frame.columns:
        return np.cumsum(sensor_matrix(frame, (RAN_H,))[:, 0]), cadence, False
    return np.cumsum(running_hours(time, running)), cadence, False


def _life_at(event_times: IntArray, time: IntArray, life: FloatArray) -> FloatArray:
    """Life at event times: interpolated; before the first and after the last row the calendar counts."""
    if len(time) == 0:
        return np.zeros(len(event_times))
    at = np.interp(event_times, time, life)
    early, late = event_times < time[0], event_times > time[-1]
    at[early] = life[0] - (time[0] - event_times[early]) / NS_PER_H
    at[late] = life[-1] + np.minimum((event_times[late] - time[-1]) / NS_PER_H, LONGEST_GAP_H)
    return np.asarray(at)


def _planned(times: IntArray, causes: ObjectArray, failed_at: IntArray, failed: ObjectArray) -> BoolArray:
    """Replacements that are not the repair of a failure."""
    keep = np.ones(len(times), dtype=bool)
    whole = np.array([cause in WHOLE_MACHINE for cause in causes], dtype=bool)
    for moment, cause in zip(failed_at, failed, strict=True):
        soon = (times >= moment) & (times <= moment + int(CORRECTIVE_H * NS_PER_H))
        keep &= ~(soon & ((causes == cause) | whole))
    return keep


def _repaired(failures: Events, works: IntArray, causes: ObjectArray) -> IntArray:
    """When each failure was repaired by ``works`` (ns) on ``causes``; the failure's own time where none did."""
    ends = np.minimum(failures.time + int(REPAIRED_H * NS_PER_H), np.append(failures.time[1:], np.iinfo(np.int64).max))
    found = failures.time.copy()
    whole = np.array([cause in WHOLE_MACHINE for cause in causes], dtype=bool)
    for k, (failed, cause) in enumerate(zip(failures.time, failures.cause, strict=True)):
        mine = (causes == cause) | whole
        after = works[mine & (works >= failed) & (works <= ends[k])]
        found[k] = after.min() if len(after) else failed
    return found


def timeline(machine: MachineData) -> Timeline:
    """Read the life clock of ``machine``; raises ``InputError`` when its times are not ascending and unique."""
    time = nanoseconds(machine.telemetry["time"])
    if len(time) > 1 and not bool((np.diff(time) > 0).all()):
        raise InputError(
            f"The readings of {machine.profile.machine_id} are not in ascending, unique order of time.",
            "Sort them by time and drop repeated times.",
        )
    running = running_rows(machine)
    life, cadence, from_new = _clock(machine, time, running)
    stamps = nanoseconds(machine.events["time"])
    kinds, causes = (machine.events[name].to_numpy(dtype=object) for name in ("kind", "cause"))

    def of(kind: EventKind) -> tuple[IntArray, ObjectArray]:
        mask = kinds == str(kind)
        return stamps[mask], causes[mask]

    failed_at, failed = of(EventKind.FAILURE)
    replaced_at, replaced = of(EventKind.REPLACEMENT)
    planned = _planned(replaced_at, replaced, failed_at, failed)
    lives = _life_at(np.concatenate([failed_at, replaced_at]), time, life)
    failures = Events(failed_at, failed, lives[: len(failed_at)])
    replacements = Events(replaced_at[planned], replaced[planned], lives[len(failed_at) :][planned])
    life_id, age = _ages(time, life, failures, from_new)
    served_at, served = of(EventKind.MAINTENANCE)
    repaired = _repaired(failures, np.append(replaced_at, served_at), np.append(replaced, served))
    # A reading taken at the very moment of the event was still taken before the repair was done.
    resets = np.sort(np.concatenate([failures.time, replacements.time, repaired]))
    starts = np.concatenate([[0], np.searchsorted(time, resets, side="right")]).astype(np.int64)
    fresh = starts[np.searchsorted(resets, time, side="left")]
    reset_at, reset_by = _last_reset(failures, repaired, replaced_at, replaced)
    return Timeline(
        time=time,
        running=running,
        life=life,
        age=age,
        fresh=fresh,
        life_id=life_id,
        cadence_h=cadence,
        life_unit=machine.profile.life_unit,
        failures=failures,
        replacements=replacements,
        repaired=repaired,
        reset_at=reset_at,
        reset_by=reset_by,
    )


def _last_reset(
    failures: Events, repaired: IntArray, replaced_at: IntArray, replaced: ObjectArray
) -> tuple[int | None, str]:
    """Time of the last failure, repair or replacement and what it was: readings before it are of old."""
    found = [
        (int(times[-1]), f"{word} ({causes[-1]})" if causes[-1] else word)
        for word, times, causes in (
            ("failure", failures.time, failures.cause),
            ("replacement", replaced_at, replaced),
            ("repair", repaired, failures.cause),
        )
        if len(times)
    ]
    return max(found, key=lambda pair: pair[0]) if found else (None, "")


def _ages(time: IntArray, life: FloatArray, failures: Events, from_new: bool) -> tuple[IntArray, FloatArray]:
    life_id = np.searchsorted(failures.time, time, side="left").astype(np.int64)
    origin = np.concatenate([[0.0 if from_new else np.nan], failures.life])
    return life_id, life - origin[life_id] if len(life) else life
