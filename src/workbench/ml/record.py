"""What was known of a machine at an instant: its record, cut and in order of time."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from workbench.domain.observations import MachineData

from .arrays import BoolArray, IntArray, nanoseconds


def known_until(machine: MachineData, as_of: datetime) -> MachineData:
    """Return the record up to ``as_of``, its events in order of time; the same object when nothing is to be done.

    Readings are cut and not sorted: ``timeline`` refuses those out of order, for a clock that runs back is a fault of
    the record, whereas events are often written down late.
    """
    stamps = nanoseconds(machine.events["time"])
    rows, events = _until(nanoseconds(machine.telemetry["time"]), as_of), _until(stamps, as_of)
    ordered = bool((stamps[1:] >= stamps[:-1]).all())
    if ordered and rows.all() and events.all():
        return machine
    kept = machine.events[events]
    return MachineData(
        machine.profile,
        machine.telemetry[rows],
        kept if ordered else kept.sort_values("time", kind="stable").reset_index(drop=True),
    )


def _until(stamps: IntArray, as_of: datetime) -> BoolArray:
    """Which times (ns) are known at ``as_of``; a time that is missing is not."""
    return np.asarray((stamps <= pd.Timestamp(as_of).value) & (stamps != pd.NaT.value))
