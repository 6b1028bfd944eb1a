"""The process in which a simulated failure runs: the workflow engine of a process serves one workspace, here the scratch copy.

Started by ``workbench.workflows.simulate`` as ``python -m workbench.workflows.simulate_child``, with the guard of a job's process.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.domain.equipment import MachineProfile
from workbench.domain.observations import AssetEvent, EventKind, MachineState
from workbench.domain.predictions import UNKNOWN_MODE, Prediction
from workbench.domain.runs import CYCLE_STEPS
from workbench.domain.simulation import MARK, FailureSimulation, SimulatedAnswer, SimulatedOrder
from workbench.domain.work import OrderState, WorkOrder
from workbench.errors import WorkbenchError
from workbench.workflows.cycle import run_cycle
from workbench.workflows.jobs.child import main
from workbench.workflows.simulate_copy import copy_for_simulation, store_readings
from workbench.workspace import Workspace

if TYPE_CHECKING:
    from workbench.domain.analysis import AnalyticsPackage
    from workbench.domain.progress import Progress
    from workbench.twin.continuation import Continuation

# What the process leaves in its scratch folder for the one that began it.
REPORT_FILES = "report"
_READY, _TOLD = 0.05, 0.95
# As an alarm rule does by default: a limit tells after 3 of 5 readings beyond it.
_OF, _BEYOND = 5, 3


def perform(task: dict[str, Any], tell: Progress) -> dict[str, Any]:
    """Simulate the failure that ``task`` describes in its scratch folder; returns the result as plain JSON."""
    folder = Path(task["scratch"])
    at = datetime.fromisoformat(task["at"])
    tell(0.0, "copying what the cycle rests on")
    with Workspace.open(task["workspace"]) as source:
        scratch, notes = copy_for_simulation(source, folder / "workspace", task["machine_id"], at)
    with scratch:
        story = _Story(scratch, task, at, tell)
        result = story.run().model_copy(update={"notes": notes})
        if task["formats"]:
            tell(_TOLD, "writing the report")
            story.report(folder / REPORT_FILES)
    return result.model_dump(mode="json")


class _Story:
    """One machine from sound to failed, and the cycle that looks at it again and again."""

    def __init__(self, ws: Workspace, task: dict[str, Any], at: datetime, tell: Progress) -> None:
        self._ws, self._task, self._at, self._tell = ws, task, at, tell
        self._machine: MachineProfile = ws.machines.get(task["machine_id"])
        self._answers: list[SimulatedAnswer] = []
        self._others: list[SimulatedOrder] = []
        self._run_id = ""

    def run(self) -> FailureSimulation:
        """Begin with a machine in order, let the fault begin and grow, and stop when the cycle has caught it."""
        prepared = self._prepare()
        told = self._continue()
        self._onset = told.onset
        caught: WorkOrder | None = None
        instants = list(self._instants(told))
        for number, instant in enumerate(instants):
            share = _READY + (_TOLD - _READY) * number / len(instants)
            caught = self._look(instant, share, told)
            if caught is not None:
                break
        answer = self._answers[-1] if self._answers else None
        prediction = self._ws.predictions.latest(instants[-1] if answer is None else answer.as_of)[
            self._machine.machine_id
        ]
        return FailureSimulation(
            simulation_id=self._task["simulation_id"],
            machine_id=self._machine.machine_id,
            title=self._machine.title,
            failure_mode=self._task["failure_mode"],
            seed=self._task["seed"],
            every_h=self._task["every_h"],
            started_at=self._at,
            onset_at=told.onset,
            failure_at=told.failure,
            caught_at=None if caught is None or answer is None else answer.as_of,
            caught_by="" if caught is None else "inspection" if caught.failure_mode == UNKNOWN_MODE else "named",
            answers=tuple(self._answers),
            steps=tuple(self._ws.runs.steps(self._run_id)),
            order=caught,
            notices=tuple(notice for notice in self._ws.notices.all() if caught and notice.order_id == caught.order_id),
            other_orders=tuple(self._others),
            prepared=prepared,
            limit_crossed_at=_limit_crossed(self._machine, self._task["failure_mode"], told),
            model_versions=prediction.model_versions,
        )

    def report(self, folder: Path) -> None:
        """Write the report of the run that caught the fault, or of the last one, into ``folder``."""
        from workbench.workflows.report import report

        self._ws.set_as_of(self._answers[-1].as_of)
        title = f"{MARK} failure: {self._task['failure_mode'].replace('_', ' ')}"
        record = report(
            self._ws, "cycle_run", {"run_id": self._run_id, "title": title}, formats=tuple(self._task["formats"])
        )
        folder.mkdir()
        for kind, place in record.outputs.items():
            if kind in self._task["formats"]:
                shutil.copy(self._ws.path / place, folder / f"report.{kind}")

    def _prepare(self) -> str:
        """Have the machine repaired first when its own record calls for it: another fault would be caught instead."""
        self._cycle(self._at, 0.02)
        orders = self._ws.orders.open(self._machine.machine_id)
        if not orders:
            return ""
        change = self._ws.change(f"{MARK}: repaired before the simulation")
        events = []
        for order in orders:
            self._ws.orders.update(order.model_copy(update={"state": OrderState.DONE}), change)
            events.append(
                AssetEvent(
                    machine_id=self._machine.machine_id,
                    time=self._at,
                    kind=EventKind.REPLACEMENT,
                    cause=order.failure_mode,
                    source=f"{MARK}: repaired before the simulation",
                )
            )
        self._ws.events.add(events, change)
        return (
            f"as the records stand, the machine needs work ({orders[0].title}); the simulation begins after that repair"
        )

    def _continue(self) -> Continuation:
        """Simulate what comes, and take it into the scratch workspace; the cycle never reads beyond its instant."""
        from workbench.twin.continuation import continue_record

        machine_id, mode = self._machine.machine_id, self._task["failure_mode"]
        told = continue_record(
            self._machine,
            self._ws.telemetry.read(machine_id, end=self._at),
            self._ws.events.frame(machine_id, self._at),
            mode=mode,
            start=self._at,
            seed=self._task["seed"],
            site=self._ws.sites.find(self._machine.site_id),
            quiet_h=self._task["quiet_h"],
        )
        store_readings(self._ws, machine_id, told.telemetry, f"{MARK} {mode}")
        # The failure itself lies after the last instant at which the cycle looks.
        events = told.events[told.events["kind"] != EventKind.FAILURE.value]
        known = [AssetEvent.model_validate(row) for row in events.to_dict("records")]
        self._ws.events.add(known, self._ws.change(f"{MARK} {mode}"))
        return told

    def _instants(self, told: Continuation) -> Iterator[datetime]:
        at = self._at + timedelta(hours=self._task["every_h"])
        while at < told.failure:
            yield at
            at += timedelta(hours=self._task["every_h"])

    def _look(self, at: datetime, share: float, told: Continuation) -> WorkOrder | None:
        """Run the cycle at ``at``; return the order by which it has caught the fault, if it has."""
        before = {order.order_id for order in self._ws.orders.open(self._machine.machine_id)}
        self._cycle(at, share)
        prediction = self._ws.predictions.latest(at)[self._machine.machine_id]
        package = self._ws.packages.for_prediction(prediction.prediction_id)
        if package is None:
            raise WorkbenchError(f"The simulated run at {at:%Y-%m-%d %H:%M} UTC left no analytics.", "Try again.")
        known = told.damage.loc[told.damage["time"] <= at, "damage"]
        self._answers.append(_answer(prediction, package, float(known.iloc[-1]) if len(known) else 0.0))
        self._tell(share, self._said(self._answers[-1]))
        for order in self._ws.orders.open(self._machine.machine_id):
            if order.order_id in before:
                continue
            if at > told.onset and order.failure_mode in (self._task["failure_mode"], UNKNOWN_MODE):
                return order
            self._set_aside(order, at)
        return None

    def _set_aside(self, order: WorkOrder, at: datetime) -> None:
        """Note an order that is not for the fault; one from before the onset is withdrawn: nothing would be found."""
        early = at <= self._onset
        self._others.append(
            SimulatedOrder(as_of=at, failure_mode=order.failure_mode, title=order.title, before_onset=early)
        )
        if early:
            change = self._ws.change(f"{MARK}: nothing was found")
            self._ws.orders.update(order.model_copy(update={"state": OrderState.CANCELLED}), change)
            self._ws.parts.release(order.order_id, change)

    def _cycle(self, at: datetime, share: float) -> None:
        """Run the cycle for the machine at one instant and tell each of its six steps."""

        def tell(_fraction: float, message: str) -> None:
            step = message.rpartition(": ")[2]
            if step in CYCLE_STEPS:
                self._tell(share, f"{at:%Y-%m-%d %H:%M} step {CYCLE_STEPS.index(step) + 1} of 6, {step}")

        run = run_cycle(self._ws, [self._machine.machine_id], as_of=at, progress=tell)
        if run.failed:
            raise WorkbenchError(f"The simulated cycle failed at {at:%Y-%m-%d %H:%M} UTC: {run.failed[0][1]}")
        self._run_id = run.results[0]["run_id"]

    def _said(self, answer: SimulatedAnswer) -> str:
        state = "no state" if answer.health_state is None else answer.health_state.name.lower()
        hours = (answer.as_of - self._onset).total_seconds() / 3600.0
        when = f"{hours:.0f} h after onset" if hours > 0 else "sound"
        return f"{answer.as_of:%Y-%m-%d %H:%M} UTC ({when}): {state}, {'WORK ORDERED' if answer.acted else 'no work'}"


def _answer(prediction: Prediction, package: AnalyticsPackage, damage: float) -> SimulatedAnswer:
    likeliest = max(prediction.diagnosis.modes, key=lambda pair: pair.probability)
    life = prediction.remaining_useful_life
    return SimulatedAnswer(
        as_of=prediction.as_of,
        damage=damage,
        health_state=prediction.health_state,
        health_score=prediction.health_score,
        remaining_life=life.life,
        life_unit=life.life_unit,
        failure_probability=package.decision.failure_probability,
        anomaly_score=None if prediction.anomaly is None else prediction.anomaly.score,
        likeliest_mode=likeliest.mode,
        likeliest_probability=likeliest.probability,
        acted=package.decision.act,
        outcome=package.decision.reason,
    )


def _limit_crossed(machine: MachineProfile, mode: str, told: Continuation) -> datetime | None:
    """Return when a warning limit of a sensor that the mode moves would have told: 3 of 5 running readings beyond it."""
    moved = machine.twin.faults[mode].effects if machine.twin is not None else {}
    rows = told.telemetry
    rows = rows[rows["state"].eq(MachineState.RUNNING.value) & (rows["time"] > told.onset)]
    first: list[datetime] = []
    for sensor in machine.sensors:
        if sensor.limits is None or sensor.name not in moved or sensor.name not in rows.columns:
            continue
        high, low = sensor.limits.warning_high, sensor.limits.warning_low
        beyond = rows[sensor.name] >= (float("inf") if high is None else high)
        beyond |= rows[sensor.name] <= (float("-inf") if low is None else low)
        hit = rows.loc[beyond.astype(float).rolling(_OF, min_periods=_BEYOND).sum() >= _BEYOND, "time"]
        first += [hit.iloc[0].to_pydatetime()] if len(hit) else []
    return min(first, default=None)


if __name__ == "__main__":
    main(perform)
