"""The scratch copy of a workspace that a simulation runs in: what the cycle of one machine rests on, and nothing else."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.domain.base import Actor, Role
from workbench.domain.observations import AssetEvent
from workbench.domain.simulation import MARK
from workbench.domain.work import OPEN_ORDER_STATES
from workbench.workflows import score
from workbench.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from workbench.domain.base import Change
    from workbench.domain.observations import MachineData

SIMULATION_ACTOR = Actor(id="simulation", role=Role.SYSTEM)
# Settings that reach outside, or that say where the records are: a simulation has none of them.
_OUTSIDE = (
    *("database_url", "smtp_host", "smtp_user", "email_sender"),
    *("operations_email", "operations_phone", "webhooks"),
)
_ENVIRONMENT = "WORKBENCH_"


AVERAGED = "readings that come more often than hourly were averaged to hours, as models see them"


def copy_for_simulation(
    source: Workspace, folder: Path, machine_id: str, at: datetime
) -> tuple[Workspace, tuple[str, ...]]:
    """Make a workspace in ``folder`` that knows at ``at`` what ``source`` knows of one machine, marked as simulated.

    It holds the plant (sites, people, suppliers, parts with the stock that is free), all machines and their events, open
    orders, the models that answer for the machine, and the machine's own readings (by the hour, as the simulator's) and
    predictions. Its records are a SQLite file of its own, and no channel leads outside. Settings in the environment are
    taken away from this process: they would win over those of the copy. Returns also notes for people.
    """
    settings = source.settings.model_dump(mode="json", exclude=set(_OUTSIDE))
    settings |= {"name": f"{MARK}: {source.settings.name}"[:200], "as_of": at.isoformat(), "simulated": True}
    for name in [name for name in os.environ if name.startswith(_ENVIRONMENT)]:
        del os.environ[name]
    scratch = Workspace.init(folder, settings=settings, actor=SIMULATION_ACTOR)
    change = scratch.change("copied for a simulation")
    known_until = min(at, source.as_of())
    record, notes = _by_the_hour(source.machine_data(machine_id, known_until))
    with scratch.transaction() as tx:
        _copy_plant(source, tx, change)
        _copy_machines(source, tx, known_until, change)
        _copy_models(source, tx, machine_id, at, change)
        _copy_work(source, tx, machine_id, at, change)
    store_readings(scratch, machine_id, record, f"record of {machine_id}")
    return scratch, notes


def _by_the_hour(machine: MachineData) -> tuple[pd.DataFrame, tuple[str, ...]]:
    from workbench.ml.cadence import hourly
    from workbench.ml.life import RAN_H

    averaged = hourly(machine)
    if averaged is machine:
        return machine.telemetry, ()
    return averaged.telemetry.drop(columns=RAN_H), (AVERAGED,)


def store_readings(scratch: Workspace, machine_id: str, frame: pd.DataFrame, source: str) -> None:
    """Take readings of one machine in through the same door as any data."""
    import pyarrow as pa

    profile = scratch.machines.get(machine_id)
    known = [name for name in frame.columns if not frame[name].isna().all()]
    table = pa.Table.from_pandas(frame[known].assign(machine_id=machine_id), preserve_index=False)
    scratch.telemetry.store(table, {machine_id: profile}, source=source, change=scratch.change(source))


def _copy_plant(source: Workspace, tx: Workspace, change: Change) -> None:
    for site in source.sites.all():
        tx.sites.put(site, change)
    for supplier in source.suppliers.all():
        tx.suppliers.put(supplier, change)
    for part in source.parts.all():
        # What is set aside for real orders is not there for the simulated one.
        tx.parts.put(part.model_copy(update={"stock": source.parts.available(part.part_id)}), change)
    for technician in source.technicians.all():
        tx.technicians.put(technician, change)
    for absence in source.absences.all():
        tx.absences.put(absence, change)


def _copy_machines(source: Workspace, tx: Workspace, at: datetime, change: Change) -> None:
    statuses = source.machines.statuses()
    for profile in source.machines.all():
        tx.machines.add(profile, change, statuses[profile.machine_id])
    tx.events.add([AssetEvent.model_validate(row) for row in source.events.frame(until=at).to_dict("records")], change)


def _copy_models(source: Workspace, tx: Workspace, machine_id: str, at: datetime, change: Change) -> None:
    for version in score.active_versions(source, machine_id, at):
        tx.models.register(version, source.models.payload(version.version_id), change)
        tx.models.activate(version.version_id, change)


def _copy_work(source: Workspace, tx: Workspace, machine_id: str, at: datetime, change: Change) -> None:
    for prediction in source.predictions.history(machine_id, limit=score.HISTORY):
        if prediction.as_of <= at:
            tx.predictions.add(prediction, change)
    # Open orders of others keep their technicians busy.
    for order in source.orders.all():
        if order.state in OPEN_ORDER_STATES and order.machine_id != machine_id and order.created_at <= at:
            tx.orders.open_or_support(order, change)
            for permit in source.work_permits.of_order(order.order_id):
                tx.work_permits.put(permit, change)
