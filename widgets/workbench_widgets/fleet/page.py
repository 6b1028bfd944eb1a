"""The fleet page's view model: what is shown, how it is filtered, and what can be started."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ipywidgets import DOMWidget, widget_serialization
from traitlets import Bool, Dict, Enum, Float, Instance, Int, List, Unicode

from workbench.domain.jobs import JobKind
from workbench.reports import fleet_snapshot
from workbench.reports.content.fleet import Condition, FleetSnapshot
from workbench.reports.content.wording import count, moment, money
from workbench.workspace import Workspace
from workbench_widgets.kit import Page, look, python_call
from workbench_widgets.kit.jobs import command, read_jobs, submit, worker_command

from . import rows
from .trends import Trends, trend

PER_PAGE = 12
_CARDS = (Condition.CRITICAL, Condition.WARNING, Condition.DEGRADING, Condition.HEALTHY)
# Not a health state, so not a card: shown beneath, and only when there are such machines.
_ASIDE = (Condition.OFFLINE, Condition.UNKNOWN)
_ACTIONS: dict[str, tuple[str, str, JobKind, dict[str, object]]] = {
    "cycle": ("Run the maintenance cycle", "play", JobKind.CYCLE, {}),
    "train": ("Train the models", "train", JobKind.TRAIN, {}),
    "report": ("Make a fleet report", "report", JobKind.REPORT, {"template": "fleet_health"}),
}
_CODE = {
    "fleet": "workbench.fleet_summary(ws)",
    "machines": "from workbench.reports import fleet_snapshot\nfleet_snapshot(ws).by_urgency",
    "cases": "ws.cases.open()",
    "orders": "sorted(ws.orders.open(), key=lambda order: order.due_at)",
    "actions": "\n".join(
        python_call("workbench.submit", kind.value, parameters)
        if parameters
        else f"workbench.submit(ws, {kind.value!r})"
        for _, _, kind, parameters in _ACTIONS.values()
    ),
}


class FleetPage(Page):
    """All machines of a workspace at one glance.

    ``search``, ``state_filter``, ``type_filter``, ``site_filter``, ``sort`` and ``page_number`` choose what
    ``machines`` holds; ``open_machine(machine_id)`` asks for a machine's page; ``run("cycle")`` queues work.
    """

    template_file = (__file__, "page.vue")

    search = Unicode("").tag(sync=True)
    state_filter = Enum(["", *(condition.value for condition in Condition)], "").tag(sync=True)
    type_filter = Unicode("").tag(sync=True)
    site_filter = Unicode("").tag(sync=True)
    sort = Enum(list(rows.ORDERS), "severity").tag(sync=True)
    page_number = Int(1, help="from 1").tag(sync=True)

    summary = Dict(help="the fleet in a few words").tag(sync=True)
    cards = List(help="one per health state: count, look, trend").tag(sync=True)
    aside = List(help="machines without a health state: count and look").tag(sync=True)
    machines = List(help="the machines on this page of the grid").tag(sync=True)
    matches = Int(0, help="machines that fit search and filters").tag(sync=True)
    page_count = Int(1).tag(sync=True)
    sorts = List([{"value": name, "title": words} for name, (words, _) in rows.ORDERS.items()]).tag(sync=True)
    types = List(help="machine types to choose from").tag(sync=True)
    sites = List(help="sites to choose from").tag(sync=True)
    cases = List(help="open cases, critical ones first").tag(sync=True)
    orders = List(help="open work orders, the earliest due first").tag(sync=True)

    actions = List(
        [{"name": name, "title": words, "icon": icon} for name, (words, icon, _, _) in _ACTIONS.items()]
    ).tag(sync=True)
    running = Dict(help="action: the job that runs or waits for it").tag(sync=True)
    answer = Dict(help="how the last action went: kind, title, text").tag(sync=True)
    worker_lives = Bool(True).tag(sync=True)
    worker_command = Unicode("").tag(sync=True)
    add_command = Unicode("", help="what adds a first machine").tag(sync=True)
    pulse_s = Float(5.0, help="how often jobs are looked at").tag(sync=True)
    opened = Instance(DOMWidget, allow_none=True, help="a machine's page, shown here where there is no shell").tag(
        sync=True, **widget_serialization
    )

    def __init__(self, ws: Workspace, **traits: Any) -> None:
        self._rows: list[rows.Row] = []
        self._asked: set[str] = set()
        self._pulsing = False
        self._trends = Trends(ws)
        super().__init__(ws, code=_CODE, worker_command=worker_command(ws), add_command=_add_command(ws), **traits)
        self.observe(self._choose_first_page, ["search", "state_filter", "type_filter", "site_filter", "sort"])
        self.observe(self._choose, "page_number")

    def read(self) -> Mapping[str, Any]:
        """Read the fleet, its cases, orders and trends."""
        fleet = fleet_snapshot(self.ws)
        sites = {site.site_id: site.title for site in self.ws.sites.all()}
        machines = rows.machine_rows(fleet, sites)
        instants, counts = self._trends.counts(fleet)
        tally = Counter(view.condition for view in fleet.machines)
        return {
            "_rows": machines,
            "summary": _summary(fleet),
            "cards": [
                {
                    "state": condition.value,
                    "look": look(condition),
                    "count": tally[condition],
                    "trend": trend(instants, counts[condition]),
                }
                for condition in _CARDS
            ],
            "aside": [
                {"state": condition.value, "look": look(condition), "count": tally[condition]}
                for condition in _ASIDE
                if tally[condition]
            ],
            "types": rows.options(machines, "type", "type_title"),
            "sites": rows.options(machines, "site", "site_title"),
            "cases": rows.case_rows(fleet),
            "orders": rows.order_rows(fleet),
        }

    def open_machine(self, machine_id: str) -> None:
        """Ask for a machine's page; raises ``NotFound``, naming close matches."""
        if machine_id not in {row["id"] for row in self._rows}:
            self.ws.machines.get(machine_id)
        self.navigate("machine", machine=machine_id)
        if self.embedded:
            self._open_here(machine_id)

    def run(self, action: str) -> None:
        """Queue work as a job: ``cycle``, ``train`` or ``report``; ``answer`` says how that went."""
        if action in self.running:
            return
        title, _, kind, parameters = _ACTIONS[action]
        self.running = {**self.running, action: {"title": title, "fraction": None, "message": "is being queued"}}
        self.background(lambda: submit(self.ws, kind, parameters), self._submitted)

    def clear(self) -> None:
        """Show all machines again."""
        with self.hold_trait_notifications():
            self.search = self.state_filter = self.type_filter = self.site_filter = ""

    def vue_open_machine(self, machine_id: str) -> None:
        """Open a machine that was clicked."""
        self.open_machine(machine_id)

    def vue_run(self, action: str) -> None:
        """Start what was clicked."""
        self.run(action)

    def vue_clear(self, _: object = None) -> None:
        """Take all filters away."""
        self.clear()

    def vue_pulse(self, _: object = None) -> None:
        """Look at the jobs; asked for by the browser."""
        if not self._pulsing:
            self._pulsing = True
            self.background(self._look_at_jobs, self._show_jobs)

    def vue_back(self, _: object = None) -> None:
        """Show the fleet again."""
        opened, self.opened = self.opened, None
        if opened is not None:
            opened.close()

    def _open_here(self, machine_id: str) -> None:
        from workbench_widgets.machine import MachinePage

        self.vue_back()
        page = MachinePage(self.ws, machine_id, embedded=False)
        page.vue_refresh()
        self.opened = page

    def _submitted(self, answer: dict[str, str]) -> None:
        if job_id := answer.get("job_id"):
            self._asked.add(job_id)
        self.answer = answer
        self.vue_pulse()

    def _look_at_jobs(self) -> dict[str, Any]:
        try:
            return read_jobs(self.ws)
        except Exception:  # noqa: BLE001 - the next read of the page says what is wrong with the records
            return {}

    def _show_jobs(self, found: Mapping[str, Any]) -> None:
        self._pulsing = False
        if not found:
            return
        kinds = {kind.value: action for action, (_, _, kind, _) in _ACTIONS.items()}
        active = [job for job in found["jobs"] if job["active"]]
        # The oldest of a kind is the one that runs; later ones wait for it.
        running = {kinds[job["kind"]]: job for job in active if job["kind"] in kinds}
        ended = [job for job in found["jobs"] if job["id"] in self._asked and not job["active"]]
        self._asked -= {job["id"] for job in ended}
        with self.hold_sync():
            self.running = running
            self.worker_lives = found["worker_lives"]
            self.pulse_s = 1.0 if running else 5.0
            if ended:
                self.answer = _ending(ended[0])
        if ended:
            self.vue_refresh()

    def _show(self, values: Mapping[str, Any]) -> None:
        with self.hold_sync():
            super()._show(values)
            self._choose()

    def _choose_first_page(self, _: object) -> None:
        self.page_number = 1
        self._choose()

    def _choose(self, _: object = None) -> None:
        found = rows.chosen(
            self._rows,
            search=self.search,
            state=self.state_filter,
            machine_type=self.type_filter,
            site=self.site_filter,
            order=self.sort,
        )
        with self.hold_sync():
            self.matches = len(found)
            self.page_count = max(1, -(-len(found) // PER_PAGE))
            self.page_number = min(max(self.page_number, 1), self.page_count)
            first = (self.page_number - 1) * PER_PAGE
            self.machines = [_shown(row) for row in found[first : first + PER_PAGE]]


def _add_command(ws: Workspace) -> str:
    return command(ws, "machines add --from-csv YOUR_FILE.csv --id YOUR_MACHINE")


def _shown(row: rows.Row) -> rows.Row:
    return {name: value for name, value in row.items() if name not in ("search", "rank", "life_left", "cost_minor")}


def _ending(job: Mapping[str, Any]) -> dict[str, str]:
    if job["look"] == look(None):
        return {}
    word = job["look"]["word"].lower()
    kind = "done" if word == "done" else "warning" if word == "cancelled" else "error"
    return {"kind": kind, "title": f"{job['title']}: {word}.", "text": job["message"]}


def _summary(fleet: FleetSnapshot) -> dict[str, str]:
    sites = {view.profile.site_id for view in fleet.machines}
    cost, known = fleet.cost_at_risk
    at_least = "" if fleet.cost_at_risk_complete else "at least "
    days = fleet.planning_horizon_h / 24
    return {
        "workspace": fleet.workspace,
        "machines": f"{count(len(fleet.machines), 'machine')} at {count(len(sites), 'site')}",
        "as_of": moment(fleet.as_of),
        "cost": f"{at_least}{money(cost, fleet.currency)}" if known else "not known",
        "cost_for": f"expected cost of failures within {days:g} days, known for {count(known, 'machine')}",
        "outdated": (
            f"{count(fleet.outdated, 'prediction')} over a day older than this, or from models no longer in use"
            if fleet.outdated
            else ""
        ),
        "simulated": "simulated data" if fleet.simulated else "",
    }
