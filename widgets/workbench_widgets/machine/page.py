"""The machine page's view model: which machine, how many days, what is known of it, and what was asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import ipywidgets
from traitlets import Bool, Dict, Instance, Int, List, Unicode

from workbench.domain.jobs import JobKind
from workbench.errors import NotFound, WorkbenchError
from workbench.reports.content.fleet import MachineView
from workbench.workspace import Workspace
from workbench_widgets import progress
from workbench_widgets.kit import Page, look, python_call
from workbench_widgets.kit.jobs import submit

from . import history, outlook, work
from .actions import Ticket, job_parameters
from .sensors import DEFAULT_DAYS, INTERVALS, sensor_charts
from .subject import subject_of

_log = logging.getLogger(__name__)
_HERE = Path(__file__).parent
# Components of this page alone; those of all pages are in the kit.
_COMPONENTS = {
    file.stem.replace("_", "-"): file.read_text("utf-8") for file in _HERE.glob("*.vue") if file.stem != "page"
}


class MachinePage(Page):
    """All that is known of one machine; set ``machine_id`` to show another one."""

    template_file = (__file__, "page.vue")

    machine_id = Unicode("").tag(sync=True)
    days = Int(DEFAULT_DAYS, help="how far back the sensor charts go: 7, 30 or 90").tag(sync=True)
    machines = List(help="the fleet, to choose from").tag(sync=True)
    machine = Dict(help="what is known of the machine; empty while it is read").tag(sync=True)
    sensors = Dict(help="its sensor charts; empty while they are read").tag(sync=True)
    outcome = Dict(help="how the last action ended: kind (done or error), title, text, code").tag(sync=True)
    faults = Dict(help="what is wrong with the ticket: field and reason").tag(sync=True)
    busy = Bool(False, help="whether an action is under way").tag(sync=True)
    job = Instance(ipywidgets.DOMWidget, allow_none=True, help="progress of the job submitted last").tag(
        sync=True, **ipywidgets.widget_serialization
    )

    def __init__(self, ws: Workspace, machine_id: str = "", **traits: Any) -> None:
        super().__init__(ws, machine_id=machine_id, components=_COMPONENTS, **traits)
        self.observe(self._other_machine, "machine_id")
        self.observe(self._read_again, "days")

    # -- reading ---------------------------------------------------------------------------------------------

    def read(self) -> Mapping[str, Any]:
        """Return the fleet to choose from and what is known of the machine."""
        machine_id = self.machine_id
        days = self.days if self.days in INTERVALS else DEFAULT_DAYS
        values: dict[str, Any] = {"machines": _choices(self.ws)}
        if not machine_id:
            return values
        try:
            subject = subject_of(self.ws, machine_id)
        except NotFound as error:
            # A link may name a machine that is not there; another one can still be chosen.
            # Names that are spelled alike help; a list of ids does not, where all titles can be chosen from.
            remedy = error.remedy if "Did you mean" in error.remedy else "The address may be mistyped or old."
            return {**values, "machine": {"machine_id": machine_id, "missing": error.what, "remedy": remedy}}
        values["machine"] = {
            "machine_id": machine_id,
            "header": outlook.header(subject),
            "health": outlook.health(subject),
            "life": outlook.remaining_life(subject),
            "why": outlook.why(subject),
            "diagnosis": outlook.diagnosis(subject),
            "anomaly": outlook.anomaly(subject),
            "decision": work.decision(subject),
            "work": work.orders(subject),
            "events": history.events(self.ws, subject),
            "predictions": history.predictions(subject),
            "past_cases": history.past_cases(subject),
        }
        values["sensors"] = sensor_charts(self.ws, subject, days)
        values["code"] = shown_code(machine_id, days)
        return values

    def _show(self, values: Mapping[str, Any]) -> None:
        # Another machine may have been chosen since it was read; its own reading follows.
        read = values.get("machine", {}).get("machine_id", self.machine_id)
        super()._show(values if read == self.machine_id else {})

    def _other_machine(self, _: object) -> None:
        with self.hold_sync():
            self.machine = self.sensors = self.outcome = self.faults = {}
            self.job = None
        self._read_again()

    def _read_again(self, _: object = None) -> None:
        # Before it is looked at for the first time, the browser asks.
        if self.loaded or self.fault:
            self.vue_refresh()

    # -- acting ----------------------------------------------------------------------------------------------

    def raise_ticket(self, title: str, steps: str = "", priority: str = "ROUTINE") -> None:
        """Open a work order for the machine shown; ``steps`` has one a line. ``outcome`` or ``faults`` tell the end."""
        ticket = Ticket.from_form(self.machine_id, {"title": title, "steps": steps, "priority": priority})
        self.faults = ticket.faults()
        if self.faults:
            return

        def work_() -> dict[str, Any]:
            number = ticket.raise_in(self.ws)
            return {
                "title": f"Work order {number} is open.",
                "text": "It stands below, under work.",
                "code": ticket.code,
            }

        self._act(work_)

    def submit(self, kind: str) -> None:
        """Submit a job for the machine shown, ``report`` or ``cycle``; ``job`` shows how far it is."""
        parameters = job_parameters(self.machine_id)[kind]

        def work_() -> dict[str, Any]:
            code = python_call("workbench.submit", kind, parameters)
            return {**submit(self.ws, JobKind(kind), parameters), "code": code}

        self._act(work_)

    def vue_raise_ticket(self, form: Mapping[str, Any]) -> None:
        """Open a work order; asked for by the browser."""
        self.raise_ticket(str(form.get("title", "")), str(form.get("steps", "")), str(form.get("priority", "")))

    def vue_submit(self, kind: str) -> None:
        """Submit a job; asked for by the browser."""
        if kind in ("report", "cycle"):
            self.submit(kind)

    def vue_dismiss(self, _: object = None) -> None:
        """Forget how the last action ended."""
        self.outcome = self.faults = {}
        self.job = None

    def _act(self, work_: Callable[[], dict[str, Any]]) -> None:
        # A second click on the same button is not a second order.
        if self.busy:
            return
        machine_id = self.machine_id

        def attempt() -> dict[str, Any]:
            try:
                return {"kind": "done", **work_()}
            except WorkbenchError as error:
                return {"kind": "error", "title": error.what, "text": error.remedy}
            except Exception as error:  # noqa: BLE001 - what a click asked for must be answered, whatever happened
                _log.exception("An action for %s failed", machine_id)
                return {
                    "kind": "error",
                    "title": f"Not done: {error}"[:500],
                    "text": "Try again, or run: workbench doctor",
                }

        def then(outcome: dict[str, Any]) -> None:
            self.busy = False
            if machine_id == self.machine_id:
                self._tell(outcome)
            self.vue_refresh()

        self.busy = True
        self.background(attempt, then)

    def _tell(self, outcome: dict[str, Any]) -> None:
        job_id = outcome.pop("job_id", None)
        if job_id:
            self.job = progress.watch(self.ws, job_id, embedded=False)
            # What it found out is shown at once.
            self.job.observe(lambda change: self.vue_refresh() if change["new"] else None, "ended")
            # The job itself says that it is queued.
            outcome = {"code": outcome["code"]}
        elif outcome["kind"] == "error":
            outcome.pop("code", None)
        self.outcome = outcome


def _choices(ws: Workspace) -> list[dict[str, Any]]:
    predictions, statuses = ws.predictions.latest(ws.as_of()), ws.machines.statuses()
    views = [
        MachineView(profile, statuses[profile.machine_id], predictions.get(profile.machine_id))
        for profile in ws.machines.all()
    ]
    return [
        {
            "id": view.machine_id,
            "title": view.profile.title,
            "type": view.profile.machine_type.replace("_", " "),
            "look": look(view.condition),
        }
        for view in views
    ]


def shown_code(machine_id: str, days: int) -> dict[str, str]:
    """Return for each panel the Python that does the same; ``ws`` is the workspace."""
    latest = f"ws.predictions.latest(ws.as_of()).get({machine_id!r})"
    submit = {
        kind: python_call("workbench.submit", kind, parameters)
        for kind, parameters in job_parameters(machine_id).items()
    }
    return {
        "header": f"ws.machines.get({machine_id!r})",
        "prediction": latest,
        "why": f"ws.explanations.of_prediction({latest}.prediction_id)",
        "decision": f"ws.packages.latest(ws.as_of()).get({machine_id!r})",
        "sensors": "from datetime import timedelta\n"
        f"ws.telemetry.aggregate({machine_id!r}, every={INTERVALS[days]!r}, start=ws.as_of() - timedelta(days={days}))",
        "orders": f"ws.orders.of_machine({machine_id!r})",
        "cases": f"ws.cases.open({machine_id!r})",
        "events": f"ws.events.frame({machine_id!r}, until=ws.as_of())",
        "predictions": f"ws.predictions.history({machine_id!r})",
        "ticket": python_call("workbench.raise_ticket", machine_id, "What is wrong, in a few words"),
        **submit,
    }
