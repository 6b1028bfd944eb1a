"""The main job on the embedded fleet: simulate, ingest, train, run the cycle, report."""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.config import SETTINGS_FILE
from workbench.domain.observations import AssetEvent
from workbench.domain.progress import Progress, untold
from workbench.errors import InputError
from workbench.store.files import write_atomically
from workbench.workflows.onboard import add_catalogue
from workbench.workflows.summary import FleetSummary, fleet_summary

if TYPE_CHECKING:
    from workbench.twin import SimulatedFleet
    from workbench.workspace import Workspace

END = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 180
SEED = 0
SETTINGS = {"name": "Embedded fleet", "as_of": END.isoformat(), "simulated": True}
TRUTH = Path("data") / "ground_truth" / "embedded_fleet.parquet"


@dataclass(frozen=True)
class DemoOutcome:
    """What the demo ended with."""

    summary: FleetSummary
    report: str
    notes: tuple[str, ...] = ()
    exit_code: int = 0


def ingest_simulation(ws: Workspace, fleet: SimulatedFleet, *, reason: str, progress: Progress | None = None) -> None:
    """Take a simulated fleet in through the same door as any data; its ground truth is kept apart."""
    import pyarrow as pa

    change = ws.change(reason)
    profiles = {profile.machine_id: profile for profile in ws.machines.all()}
    frames = [frame.assign(machine_id=machine_id) for machine_id, frame in sorted(fleet.telemetry.items())]
    for number, frame in enumerate(frames):
        if progress:
            progress(number / len(frames), f"ingesting {frame['machine_id'].iloc[0]}")
        machine_id = str(frame["machine_id"].iloc[0])
        ws.telemetry.store(
            pa.Table.from_pandas(frame, preserve_index=False),
            profiles,
            source=f"embedded fleet, {machine_id}",
            change=change,
        )
    events = [AssetEvent.model_validate(record) for record in fleet.events.to_dict("records")]
    ws.events.add(events, change)
    for machine_id, status in fleet.statuses.items():
        ws.machines.set_status(machine_id, status, change)
    buffer = io.BytesIO()
    fleet.truth.to_parquet(buffer, index=False)
    write_atomically(ws.path / TRUTH, buffer.getvalue())


def _open_or_create(path: Path) -> Workspace:
    from workbench.catalog import load_catalogue
    from workbench.workspace import Workspace

    if not (path / SETTINGS_FILE).exists():
        return Workspace.init(path, settings=SETTINGS)
    ws = Workspace.open(path)
    embedded = {profile.machine_id for profile in load_catalogue().machines}
    if not ws.settings.simulated or set(ws.machines.ids()) - embedded:
        ws.close()
        raise InputError(
            f"{path.resolve()} is a workspace for machines of your own, and the demo brings simulated ones.",
            "Give the demo another folder: workbench -w DEMO_FOLDER demo",
        )
    return ws


def open_demo(
    path: Path, *, machines: Collection[str] | None = None, days: int = DAYS, progress: Progress | None = None
) -> Workspace:
    """Return the workspace at ``path`` with the embedded fleet's readings and events, simulated where they are absent.

    ``machines`` names some of the 26 and ``days`` shortens their record, for a quicker look. Raises ``InputError``
    for a workspace that holds other machines.
    """
    ws = _open_or_create(path)
    try:
        # The truth is written last: without it an earlier demo was interrupted, and all of it may be done again.
        if not (ws.path / TRUTH).exists():
            _simulate(ws, machines, days, progress or untold)
    except BaseException:
        ws.close()
        raise
    return ws


def _simulate(ws: Workspace, machines: Collection[str] | None, days: int, tell: Progress) -> None:
    from workbench.catalog import load_catalogue
    from workbench.twin import simulate_fleet

    add_catalogue(ws, only=machines)
    catalogue = load_catalogue()
    profiles = [profile for profile in catalogue.machines if profile.machine_id in ws.machines.ids()]
    tell(0.0, f"simulating {len(profiles)} machines over {days} days")
    fleet = simulate_fleet(
        profiles,
        start=END - timedelta(days=days),
        end=END,
        seed=SEED,
        sites=catalogue.sites,
        progress=lambda fraction, message: tell(fraction / 2, message),
    )
    reason = "demo: embedded fleet"
    ingest_simulation(ws, fleet, reason=reason, progress=lambda fraction, message: tell((1 + fraction) / 2, message))


def run_demo(path: Path, *, progress: Progress | None = None) -> DemoOutcome:
    """Run the whole main job in the workspace at ``path`` (made when absent); a second time only what is new is done."""
    from workbench.workflows.cycle import run_cycle
    from workbench.workflows.report import report
    from workbench.workflows.train import is_trained, train

    def part(start: float, end: float) -> Progress:
        def scaled(fraction: float, message: str) -> None:
            if progress:
                progress(start + (end - start) * fraction, message)

        return scaled

    with open_demo(path, progress=part(0.0, 0.3)) as ws:
        if not is_trained(ws):
            train(ws, progress=part(0.3, 0.8))
        cycle = run_cycle(ws, progress=part(0.8, 0.9))
        record = report(ws, progress=part(0.9, 1.0))
        return DemoOutcome(
            summary=fleet_summary(ws),
            report=str(ws.path / record.outputs["html"]),
            notes=(*(f"failed: {machine_id}: {reason}" for machine_id, reason in cycle.failed), *record.notes),
            exit_code=cycle.exit_code,
        )
