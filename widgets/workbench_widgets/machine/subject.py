"""What is known of the machine that a page is about: its records as of the workspace's instant, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from workbench.domain.cases import Case
from workbench.domain.closeout import CloseOut
from workbench.domain.equipment import MachineProfile, Site
from workbench.domain.explanations import Explanation
from workbench.domain.predictions import Prediction
from workbench.domain.work import WorkOrder
from workbench.reports.content.fleet import MachineView
from workbench.workspace import Workspace

# More are neither read by people nor worth sending to a browser.
MOST_PREDICTIONS = 50


@dataclass(frozen=True)
class Subject:
    """One machine with its site and past; ``view`` holds the latest prediction and what stands open."""

    view: MachineView
    site: Site | None
    zone: ZoneInfo
    as_of: datetime
    currency: str
    first_reading: datetime | None
    last_reading: datetime | None
    predictions: tuple[Prediction, ...]
    past_orders: tuple[WorkOrder, ...]
    past_cases: tuple[Case, ...]
    technicians: dict[str, str]
    machines: dict[str, str]
    explanations: tuple[Explanation, ...] = ()
    close_outs: Mapping[str, CloseOut] = field(default_factory=dict)

    @property
    def profile(self) -> MachineProfile:
        """The machine's profile."""
        return self.view.profile

    @property
    def prediction(self) -> Prediction | None:
        """The latest prediction."""
        return self.view.prediction


def subject_of(ws: Workspace, machine_id: str) -> Subject:
    """Read what a page shows of ``machine_id``, nothing later than the workspace's as-of; raises ``NotFound``."""
    at = ws.as_of()
    profile = ws.machines.get(machine_id)
    prediction = ws.predictions.latest(at).get(machine_id)
    orders = [order for order in ws.orders.of_machine(machine_id) if order.created_at <= at]
    standing = {order.order_id for order in ws.orders.open(machine_id)}
    opened = [case for case in ws.cases.open(machine_id) if case.opened_at <= at]
    open_ids = {case.case_id for case in opened}
    site = ws.sites.find(profile.site_id)
    span = ws.telemetry.span(machine_id)
    return Subject(
        view=MachineView(
            profile=profile,
            status=ws.machines.status(machine_id),
            prediction=prediction,
            package=ws.packages.for_prediction(prediction.prediction_id) if prediction else None,
            orders=tuple(order for order in orders if order.order_id in standing),
            cases=tuple(opened),
            site=site,
        ),
        site=site,
        zone=ZoneInfo(site.time_zone if site else "UTC"),
        as_of=at,
        currency=ws.settings.currency,
        first_reading=span[0] if span else None,
        last_reading=min(span[1], at) if span else None,
        predictions=tuple(p for p in ws.predictions.history(machine_id, MOST_PREDICTIONS) if p.as_of <= at),
        past_orders=tuple(order for order in orders if order.order_id not in standing),
        past_cases=tuple(
            case
            for case in ws.cases.all()
            if case.machine_id == machine_id and case.opened_at <= at and case.case_id not in open_ids
        ),
        technicians={person.technician_id: person.title for person in ws.technicians.all()},
        machines={machine.machine_id: machine.title for machine in ws.machines.all()},
        explanations=tuple(ws.explanations.of_prediction(prediction.prediction_id)) if prediction else (),
        close_outs={one.order_id: one for one in ws.close_outs.of_machine(machine_id) if one.closed_at <= at},
    )
