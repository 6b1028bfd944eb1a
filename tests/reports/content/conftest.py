"""Builders for what the reports on one machine and on the maintenance cycle show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from workbench.domain.base import stable_id
from workbench.domain.equipment import Shift, Site, Technician
from workbench.domain.notices import Notice
from workbench.domain.observations import AssetEvent, EventKind
from workbench.domain.plans import PlannedWork, WorkPlan
from workbench.domain.predictions import HealthState, Interval, Prediction, Severity
from workbench.domain.runs import CYCLE_STEPS, CycleRun, CycleStep, StepState
from workbench.domain.work import DispatchReport, OrderState, Priority, Reservation
from workbench.reports.content import CycleSnapshot, MachineDossier, MachineView, PlanDossier, RunView

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
SITE = Site(site_id="north_plant", title="North plant", time_zone="Europe/Berlin", latitude=52, longitude=13)
WEST = Site(site_id="west_plant", title="West plant", time_zone="Europe/London", latitude=52, longitude=12)
BEGAN = AS_OF + timedelta(minutes=3)


def event(days_ago: float, kind: EventKind, cause: str = "bearing_wear") -> AssetEvent:
    return AssetEvent(
        machine_id="machine_001", time=AS_OF - timedelta(days=days_ago), kind=kind, cause=cause, source="events.csv"
    )


EVENTS = (
    event(170, EventKind.FAILURE),
    event(169.5, EventKind.REPLACEMENT),
    event(90, EventKind.FAILURE, "unknown"),
    event(40, EventKind.MAINTENANCE, "lubrication"),
    event(12, EventKind.ERROR, "E_VIBRATION"),
    event(11, EventKind.ERROR, "E_VIBRATION"),
    event(10, EventKind.FAILURE),
)


def urgent(build: Any) -> MachineView:
    """A critical machine with an order and a case."""
    of = build.profile(1)
    said = build.prediction(
        of,
        state=HealthState.CRITICAL,
        probability=0.53,
        life=Interval(median=90, lower=40, upper=190),
        anomaly=0.85,
        crossing=True,
        trend=True,
    )
    return MachineView(
        of,
        prediction=said,
        package=build.package(said, probability=0.53),
        orders=(build.order(said),),
        cases=(build.case(said),),
    )


def earlier(said: Prediction) -> tuple[Prediction, ...]:
    """A prediction a day for ten days, the last of them ``said``."""
    return tuple(
        said.model_copy(update={"as_of": AS_OF - timedelta(days=days), "health_score": 11.0 + 8 * days})
        for days in range(9, -1, -1)
    )


def dossier(build: Any, view: MachineView | None = None, **changes: object) -> MachineDossier:
    """A machine report's content; by default of an urgent machine with a past."""
    shown = view or urgent(build)
    values: dict[str, object] = {
        "fleet": build.snapshot(shown),
        "days": 30.0,
        "readings": build.readings(),
        "events": EVENTS,
        "predictions": earlier(shown.prediction) if shown.prediction else (),
        "site": SITE,
    }
    if shown.prediction:
        done = build.order(shown.prediction, 4).model_copy(
            update={"order_id": "past", "state": OrderState.DONE, "actual_cost": 412_000}
        )
        values["past_orders"] = (done,)
    return MachineDossier(**{**values, **changes})


def bare(build: Any) -> MachineDossier:
    """A machine of which nothing is known but its profile, and that declares no limits."""
    of = build.profile(1)
    sensors = tuple(sensor.model_copy(update={"limits": None}) for sensor in of.sensors)
    view = MachineView(of.model_copy(update={"sensors": sensors}))
    return dossier(
        build,
        view,
        fleet=build.snapshot(view, models=(), data_range=None, readings=0),
        readings=build.readings().head(0),
        events=(),
        site=None,
    )


def run_view(build: Any, number: int = 1, *, outcome: str = "opened", failed_at: int = 0) -> RunView:
    """One run: ``opened`` or ``supported`` an order, needed ``nothing``, or failed at a step."""
    of = build.profile(number)
    acted = outcome in ("opened", "supported")
    said = build.prediction(of, state=HealthState.CRITICAL if acted else HealthState.HEALTHY, crossing=acted)
    run_id = stable_id("run", number)
    begin = BEGAN + timedelta(seconds=number)
    steps = []
    for place, name in enumerate(CYCLE_STEPS, start=1):
        if failed_at and place > failed_at:
            break
        needed = acted or place < 3
        state = StepState.FAILED if place == failed_at else StepState.DONE if needed else StepState.SKIPPED
        result: dict[str, object] = {"state": state.value}
        if name == "assign" and state is StepState.DONE:
            result |= {"created": outcome == "opened", "tell": outcome == "opened"}
        steps.append(
            CycleStep(
                step_id=stable_id(run_id, place),
                run_id=run_id,
                number=place,
                name=name,
                state=state,
                started_at=begin + timedelta(milliseconds=100 * place),
                ended_at=begin + timedelta(milliseconds=100 * place + 40 + place),
                details="OSError: the disk is full" if place == failed_at else f"{name} of machine {number}",
                result=result,
            )
        )
    run = CycleRun(
        run_id=run_id,
        machine_id=of.machine_id,
        as_of=AS_OF,
        model_versions={"health": "3f2a91c0-aaaa"},
        state="failed" if failed_at else "done",
        started_at=begin,
        ended_at=begin + timedelta(milliseconds=700),
        outcome="OSError: the disk is full" if failed_at else "done",
        order_id=build.order(said, number).order_id if acted and not failed_at else None,
    )
    view = MachineView(
        of,
        prediction=said,
        package=build.package(said, act=acted),
        orders=(build.order(said, number),) if run.order_id else (),
    )
    return RunView(run, view, tuple(steps))


def cycle(build: Any, *runs: RunView, **changes: object) -> CycleSnapshot:
    """What a report on these runs shows, with a notice and reserved parts for every order."""
    orders = [order for view in runs for order in view.view.orders]
    values: dict[str, object] = {
        "fleet": build.snapshot(*(view.view for view in runs)),
        "runs": runs,
        "started_by": "anna",
        "notices": tuple(
            Notice(
                notice_id=stable_id("notice", order.order_id),
                recipient="technician:tech_ana",
                severity=Severity.CRITICAL,
                subject=f"{order.number}: {order.title}",
                body="Come at once.",
                state="sent",
                created_at=AS_OF,
                order_id=order.order_id,
                machine_id=order.machine_id,
            )
            for order in orders
        ),
        "reservations": tuple(
            Reservation(
                reservation_id=stable_id("reservation", order.order_id),
                order_id=order.order_id,
                part_id="bearing_6310",
                quantity=1,
                created_at=AS_OF,
            )
            for order in orders
        ),
        "dispatch_reports": {
            view.run.run_id: DispatchReport(
                report_id=stable_id("dispatch", view.run.run_id),
                order_id=order.order_id,
                machine_id=order.machine_id,
                created_at=AS_OF,
                summary="Replace the bearing.",
                failure="Bearing wear, 80 % likely",
                safety=order.safety,
                parts=order.parts,
                steps=order.steps,
                tools=order.tools,
                timeline=((AS_OF, "order raised"),),
            )
            for view in runs
            for order in view.view.orders
        },
    }
    return CycleSnapshot(**{**values, **changes})


def planned(
    number: int, person: str = "tech_ana", *, begins_h: float, hours: float = 2, **changes: object
) -> PlannedWork:
    """One order of a plan, so many hours after the as-of time, on the machine of its number."""
    start = AS_OF + timedelta(hours=begins_h)
    values: dict[str, object] = {
        "order_id": f"order-{number}",
        "number": f"WO-2026-{number:04d}",
        "title": f"Cooling pump {number}: bearing wear",
        "machine_id": f"machine_{number:03d}",
        "site_id": "north_plant",
        "priority": Priority.URGENT,
        "people": (person,),
        "names": person,
        "starts_at": start,
        "ends_at": start + timedelta(hours=hours),
        "when": "in the plan's words",
        "reason": "certified for pumps, free at 10:00, 12 km",
    }
    return PlannedWork.model_validate({**values, **changes})


def plan(build: Any, *works: PlannedWork, **changes: object) -> PlanDossier:
    """A published plan of these works, of two technicians at two sites in two time zones; ``changes`` are the plan's."""
    shift = Shift(start_h=7, end_h=15)
    told: dict[str, object] = {"skills": {"mechanical": 4}, "experience_years": 5, "cost_per_h": 6000, "shift": shift}
    ana = Technician(
        technician_id="tech_ana", title="Ana Ortiz", site_id="north_plant", latitude=52, longitude=13, **told
    )
    ben = Technician(
        technician_id="tech_ben", title="Ben Lund", site_id="west_plant", latitude=52, longitude=12, **told
    )
    values: dict[str, object] = {
        "plan_id": "plan",
        "state": "published",
        "as_of": AS_OF,
        "days": 5,
        "ends_at": AS_OF + timedelta(days=5),
        "assignments": tuple(sorted(works, key=lambda work: work.starts_at)),
        "deferred": (),
        "unplannable": (),
        "cost": 350_000,
        "cost_parts": {"labour": 160_000, "travel": 0, "waiting": 190_000, "changes": 40},
        "bound": 350_000,
        "gap": 0.0,
        "sequence_gap": 0.0,
        "time_limit_s": 10,
        "workers": 1,
        "seed": 0,
    }
    machines = {
        f"machine_{number:03d}": build.profile(number, title=f"Cooling pump {number}") for number in range(1, 9)
    }
    return PlanDossier(
        plan=WorkPlan.model_validate({**values, **changes}),
        sites={"north_plant": SITE, "west_plant": WEST},
        technicians={"tech_ana": ana, "tech_ben": ben},
        machines=machines,
    )


class Make:
    """The builders of this folder, for tests that need their own mixture."""

    def __init__(self, build: Any) -> None:
        self._build = build

    def urgent(self) -> MachineView:
        return urgent(self._build)

    def dossier(self, view: MachineView | None = None, **changes: object) -> MachineDossier:
        return dossier(self._build, view, **changes)

    def bare(self) -> MachineDossier:
        return bare(self._build)

    def run(self, number: int = 1, **changes: object) -> RunView:
        return run_view(self._build, number, **changes)

    def cycle(self, *runs: RunView, **changes: object) -> CycleSnapshot:
        return cycle(self._build, *runs, **changes)

    def planned(self, number: int, person: str = "tech_ana", *, begins_h: float, **changes: object) -> PlannedWork:
        return planned(number, person, begins_h=begins_h, **changes)

    def plan(self, *works: PlannedWork, **changes: object) -> PlanDossier:
        return plan(self._build, *works, **changes)


@pytest.fixture
def make(build: Any) -> Make:
    return Make(build)
