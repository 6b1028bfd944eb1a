"""Streams simulated readings of a machine of the workspace (T4); nothing is stored."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.twin.stream import StreamedReading
    from workbench.workspace import Workspace


def stream_machine(
    ws: Workspace,
    machine_id: str,
    *,
    start: datetime | None = None,
    seed: int | None = None,
    step_s: float = 2.0,
    load: float | Callable[[datetime], float] | None = None,
    ambient_C: float = 20.0,
    age_h: float = 0.0,
    sensors: Collection[str] | None = None,
) -> Iterator[StreamedReading]:
    """Return an endless iterator of simulated readings of a machine; the caller decides how fast it is taken.

    A machine with readings keeps its own levels, fitted to its record; another gets those of its template, varied with
    ``seed``. ``start`` and ``seed`` are by default the workspace's. The other arguments are those of
    ``workbench.twin.stream_readings``. Raises ``NotFound`` for an unknown machine, and ``InputError`` naming every fault.
    """
    from workbench.twin import stream_readings
    from workbench.twin.responses import own_responses

    profile, at = ws.machines.get(machine_id), ws.as_of()
    own = None
    if profile.twin is not None and ws.telemetry.rows(machine_id):
        record = ws.telemetry.read(machine_id, end=at)
        own = own_responses(profile, record, ws.events.frame(machine_id, at)) if len(record) else None
    return stream_readings(
        profile, start=start or at, seed=ws.settings.seed if seed is None else seed, step_s=step_s, load=load,
        ambient_C=ambient_C, age_h=age_h, sensors=sensors, responses=own,
    )  # fmt: skip
