"""What was known of a machine at an instant: its record, cut and in order of time."""

from __future__ import annotations

from datetime import datetime

from workbench.domain.observations import MachineData


def known_until(machine: MachineData, as_of: datetime) -> MachineData:
    """Return the record up to ``as_of``, its events in order of time; the same object when nothing is to be done.

    Readings are cut and not sorted: ``timeline`` refuses those out of order, for a clock that runs back is a fault of
    the record, whereas events are often written down late.
    """
    rows, events = machine.telemetry["time"] <= as_of, machine.events["time"] <= as_of
    ordered = bool(machine.events["time"].is_monotonic_increasing)
    if ordered and bool(rows.all()) and bool(events.all()):
        return machine
    kept = machine.events[events]
    return MachineData(
        machine.profile,
        machine.telemetry[rows],
        kept if ordered else kept.sort_values("time", kind="stable").reset_index(drop=True),
    )
