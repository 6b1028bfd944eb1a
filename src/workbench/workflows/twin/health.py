"""Where a machine's twin stands now, and its health (D2): by its readings where it is calibrated, else by hours and load."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from workbench.domain.twin import TwinHealth
from workbench.errors import InvalidDocument
from workbench.workflows.onboard import chosen_machines

from .current import CurrentTwin, lived_twin
from .prognosis import WINDOW_DAYS, calibrated_now

if TYPE_CHECKING:
    from workbench.workspace import Workspace

# Machines that share what readings say of the state; their medians are what is told.
SAMPLES = 300


def twin_health(
    ws: Workspace, machine_id: str, *, as_of: datetime | None = None, horizon_h: float = 168.0
) -> TwinHealth:
    """Return the twin's health of a machine (D2): factors, score, risk band, life left and failure probability.

    A calibrated twin (``calibrate_twin``) stands where the last readings speak for. Any other is run through the load and
    ambient on record, parts new at its start and after each failure or replacement of their mode: it says what hours and
    load have done, not what sensors show. ``basis`` says which it was; compare with ``predict``.

    Raises:
        NotFound: there is no such machine.
        InvalidDocument: the profile's composition has faults.
    """
    return current_twin(ws, machine_id, as_of=as_of).health(horizon_h)


@dataclass(frozen=True)
class FleetTwinHealth:
    """The twins' health of a fleet, and the machines whose twin cannot be run, with the reason."""

    health: tuple[TwinHealth, ...]
    skipped: dict[str, str]


def twin_health_fleet(
    ws: Workspace,
    machines: Sequence[str] | None = None,
    *,
    as_of: datetime | None = None,
    horizon_h: float = 168.0,
    progress: Callable[[float, str], None] | None = None,
) -> FleetTwinHealth:
    """Return the twin's health of each machine, in the order asked for; a profile with faults is skipped, with the reason.

    Raises ``NotFound`` for a machine that does not exist.
    """
    chosen = chosen_machines(ws, machines)
    found: list[TwinHealth] = []
    skipped: dict[str, str] = {}
    for number, machine_id in enumerate(chosen):
        try:
            found.append(twin_health(ws, machine_id, as_of=as_of, horizon_h=horizon_h))
        except InvalidDocument as error:
            skipped[machine_id] = "; ".join(error.faults)
        if progress:
            progress((number + 1) / len(chosen), machine_id)
    return FleetTwinHealth(tuple(found), skipped)


def current_twin(ws: Workspace, machine_id: str, *, as_of: datetime | None = None) -> CurrentTwin:
    """Return the machine's twin as it stands now; raises as ``twin_health`` does.

    Of a calibrated twin the states and damages are medians over machines that explain the last readings.
    """
    lived = lived_twin(ws, machine_id, as_of=as_of)
    now, reasons = calibrated_now(ws, machine_id, as_of=as_of, samples=SAMPLES)
    if now is None:
        return replace(lived, basis="; ".join([lived.basis, *reasons]))
    return replace(
        lived,
        state=np.asfortranarray(np.median(now.state, axis=0, keepdims=True)),
        damage={mode: float(np.median(value)) for mode, value in now.damage.items()},
        basis=f"readings of the last {WINDOW_DAYS} days, by the calibrated twin; before them {lived.basis}",
    )
