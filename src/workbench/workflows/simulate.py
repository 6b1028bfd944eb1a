"""Simulates a failure of one machine through the maintenance cycle (C2); nothing of it touches the workspace's records."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.domain.base import stable_id
from workbench.domain.equipment import LifeUnit, MachineProfile
from workbench.domain.progress import Progress, untold
from workbench.domain.simulation import FailureSimulation
from workbench.errors import InputError, Stopped, WorkbenchError
from workbench.scratch import scratch_folder
from workbench.store.files import write_atomically
from workbench.workflows import score
from workbench.workflows.jobs.process import JobProcess
from workbench.workflows.simulate_child import REPORT_FILES

if TYPE_CHECKING:
    from workbench.workspace import Workspace

SCRATCH = "workbench-simulation-"
OUTPUTS = Path("outputs") / "simulations"
FORMATS = ("html", "pdf")
# What a plant calls a fault, and what profiles do; and the machine types on which it is shown best.
ALIASES = {"pump_cavitation": "cavitation"}
SHOWN_ON = {"bearing_wear": "motor", "motor_overheat": "motor", "cavitation": "pump"}
# How often the cycle should look between detectable and failure: one look may come too early to tell.
LEAST_LOOKS = 2
_LOOK_S = 0.2


def simulate_failure(
    ws: Workspace,
    *,
    failure_mode: str,
    machine_id: str | None = None,
    seed: int | None = None,
    every_h: float = 24.0,
    quiet_h: float = 168.0,
    formats: Collection[str] = (),
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> FailureSimulation:
    """Let a failure mode begin on a machine, run the cycle at successive instants, and tell how early it is caught.

    It runs in a scratch copy of the workspace, in a process of its own that ends with this one; outside channels are off,
    and everything in it is marked simulated. Stock, orders, predictions, events, notices and models of ``ws`` stay as
    they are; only ``outputs/simulations/<id>/`` gets the result (and the report, when asked for).

    Args:
        ws: the workspace to copy from.
        failure_mode: one of the machine's profile that its twin describes, e.g. ``bearing_wear``, ``motor_overheat``;
            ``pump_cavitation`` is ``cavitation`` of a pump.
        machine_id: the machine; None: one on which the mode is shown well, the soundest without an open order.
        seed: of weather, duty, noise and the length of the P-F interval; the same seed on the same data repeats. Default:
            the workspace's.
        every_h: hours between two runs of the cycle.
        quiet_h: hours before the fault begins, in which an order is a false alarm.
        formats: ``html`` and ``pdf``: also write the report of the run that caught the fault.
        progress: told the fraction done and every step of the cycle.
        should_stop: asked five times a second.

    Raises:
        InputError: naming every fault of the arguments at once.
        NotFound: there is no such machine.
        Stopped: ``should_stop`` said so; nothing is left of the simulation.
        WorkbenchError: the simulation failed.
    """
    seed = ws.settings.seed if seed is None else seed
    machine, mode = _chosen(ws, machine_id, failure_mode)
    _check(ws, machine, mode, seed=seed, every_h=every_h, quiet_h=quiet_h, formats=formats)
    # The simulator goes by the hour; an earlier one would leave out models that were trained in this very hour.
    at = _next_hour(ws.as_of())
    identity = (
        machine.machine_id,
        mode,
        seed,
        every_h,
        quiet_h,
        at.isoformat(),
        score.basis_of(ws, machine.machine_id, at),
    )
    task = {
        "workspace": str(ws.path),
        "simulation_id": stable_id("simulation", *identity, *score.versions_for(ws, machine.machine_id, at).values()),
        "machine_id": machine.machine_id,
        "failure_mode": mode,
        "seed": seed,
        "every_h": every_h,
        "quiet_h": quiet_h,
        "formats": sorted(set(formats)),
        "at": at.isoformat(),
    }
    tell, rare = progress or untold, rare_looks(machine, mode, every_h)
    if rare:
        tell(0.0, rare)
    with scratch_folder(SCRATCH) as folder:
        process = JobProcess({**task, "scratch": str(folder)}, "workbench.workflows.simulate_child")
        ended = ""
        try:
            answer = _listen(process, tell, should_stop)
            if "result" in answer:
                result = FailureSimulation.model_validate(answer["result"])
                noted = result.model_copy(update={"notes": (*((rare,) if rare else ()), *result.notes)})
                return _keep(ws, noted, folder / REPORT_FILES)
        finally:
            ended = process.end()
    raise WorkbenchError(
        f"The simulation failed: {answer.get('error', ended)}", "Nothing of the workspace was changed."
    )


def rare_looks(machine: MachineProfile, mode: str, every_h: float) -> str:
    """Say that the cycle runs too rarely to look twice between detectable and failure; empty where it does not."""
    described = machine.failure_mode(mode)
    if described is None or every_h * LEAST_LOOKS <= described.pf_interval_h[0]:
        return ""
    shortest, longest = described.pf_interval_h
    return (
        f"a run of the cycle every {every_h:g} h is rare for {mode.replace('_', ' ')}, which on {machine.machine_id} fails "
        f"within {shortest:,.0f} to {longest:,.0f} operating hours of being detectable: it may fail before the cycle has "
        f"looked twice; every {shortest / LEAST_LOOKS:,.0f} h or less it looks twice at least"
    )


def read_simulation(ws: Workspace, simulation_id: str) -> FailureSimulation:
    """Return a simulation that was kept; raises ``NotFound`` naming those that are there."""
    from workbench.errors import NotFound

    place = ws.path / OUTPUTS / simulation_id / "simulation.json"
    if not simulation_id or Path(simulation_id).name != simulation_id or not place.is_file():
        kept = sorted(path.parent.name for path in (ws.path / OUTPUTS).glob("*/simulation.json"))
        raise NotFound(f"There is no simulation {simulation_id!r}.", f"Kept: {', '.join(kept) or 'none'}.")
    return FailureSimulation.model_validate_json(place.read_bytes())


def _next_hour(time: datetime) -> datetime:
    whole = time.replace(minute=0, second=0, microsecond=0)
    return whole if whole == time else whole + timedelta(hours=1)


def _listen(process: JobProcess, tell: Progress, should_stop: Callable[[], bool] | None) -> dict[str, Any]:
    """Pass on what the process tells until it is done; returns its last word, empty when it had none."""
    last: dict[str, Any] = {}
    for message in process.messages(_LOOK_S):
        if message is None:
            if should_stop is not None and should_stop():
                raise Stopped("The simulation was stopped.", "Nothing of it is left; start it again.")
        elif "fraction" in message:
            tell(message["fraction"], message["message"])
        else:
            last = message
    return last


def _keep(ws: Workspace, result: FailureSimulation, files: Path) -> FailureSimulation:
    """Write the result and its report to the workspace's outputs."""
    place = OUTPUTS / result.simulation_id
    outputs = {"json": str(place / "simulation.json")}
    for file in sorted(files.glob("report.*")) if files.is_dir() else ():
        write_atomically(ws.path / place / file.name, file.read_bytes())
        outputs[file.suffix[1:]] = str(place / file.name)
    kept = result.model_copy(update={"outputs": outputs})
    write_atomically(ws.path / outputs["json"], kept.model_dump_json(indent=2).encode())
    return kept


def _described(machine: MachineProfile) -> list[str]:
    return sorted(machine.twin.faults) if machine.twin is not None else []


def _mode_of(machine: MachineProfile, failure_mode: str) -> str:
    alias = ALIASES.get(failure_mode, failure_mode)
    return alias if failure_mode not in _described(machine) and alias in _described(machine) else failure_mode


def _chosen(ws: Workspace, machine_id: str | None, failure_mode: str) -> tuple[MachineProfile, str]:
    """Return the machine to simulate, and the mode as its profile calls it."""
    if machine_id is not None:
        machine = ws.machines.get(machine_id)
        return machine, _mode_of(machine, failure_mode)
    able = [
        m for m in ws.machines.all() if _mode_of(m, failure_mode) in _described(m) and ws.telemetry.rows(m.machine_id)
    ]
    if not able:
        known = sorted({mode for machine in ws.machines.all() for mode in _described(machine)})
        raise InputError(
            f"No machine with readings can be simulated to fail of {failure_mode!r}.",
            f"Use one of: {', '.join(known) or 'none, for no profile has a twin section'}.",
        )
    busy, said = {order.machine_id for order in ws.orders.open()}, ws.predictions.latest(ws.as_of())

    def rank(machine: MachineProfile) -> tuple[bool, bool, float, str]:
        shown_on = SHOWN_ON.get(_mode_of(machine, failure_mode))
        known = said.get(machine.machine_id)
        score = 0.0 if known is None or known.health_score is None else known.health_score
        return machine.machine_type != shown_on, machine.machine_id in busy, -score, machine.machine_id

    best = min(able, key=rank)
    return best, _mode_of(best, failure_mode)


def _check(
    ws: Workspace,
    machine: MachineProfile,
    mode: str,
    *,
    seed: int,
    every_h: float,
    quiet_h: float,
    formats: Collection[str],
) -> None:
    """Raise ``InputError`` with every fault of what was asked for."""
    modes, faults = _described(machine), []
    if not modes:
        faults.append(f"{machine.machine_id} has no twin section in its profile: `twin:` with `sensors` and `faults`")
    elif mode not in modes:
        faults.append(
            f"{machine.machine_id} has no failure mode {mode!r} that its twin describes; use one of: {', '.join(modes)}"
        )
    if machine.life_unit is not LifeUnit.OPERATING_H:
        faults.append(
            f"{machine.machine_id} counts its life in {machine.life_unit.value}s, the simulator in operating hours"
        )
    if not ws.telemetry.rows(machine.machine_id):
        faults.append(f"{machine.machine_id} has no readings that could be continued")
    if not 0 <= seed < 2**31:
        faults.append(f"seed {seed} is not between 0 and {2**31 - 1}")
    if not 1 <= every_h <= 720:
        faults.append(f"every_h {every_h:g} is not between 1 and 720 hours")
    if not 0 <= quiet_h <= 2000:
        faults.append(f"quiet_h {quiet_h:g} is not between 0 and 2,000 hours")
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        faults.append(f"there is no format {', '.join(map(repr, unknown))}; use {' or '.join(FORMATS)}")
    if faults:
        raise InputError(f"The simulation cannot begin: {'; '.join(faults)}.", "Correct each of them and try again.")
