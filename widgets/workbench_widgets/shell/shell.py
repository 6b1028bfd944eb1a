"""The dashboard's view model: which page is open, what runs in the background, and the browser's heartbeat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ipyvuetify import theme
from ipywidgets import widget_serialization
from traitlets import Bool, Dict, Float, Int, List, Unicode

import workbench
from workbench.errors import WorkbenchError
from workbench.reports.content.wording import moment
from workbench.workspace import Workspace
from workbench_widgets.kit import Page
from workbench_widgets.kit.jobs import read_jobs, worker_command


def _fleet(ws: Workspace) -> Page:
    from workbench_widgets.fleet import FleetPage

    return FleetPage(ws, embedded=False)


def _machine(ws: Workspace) -> Page:
    from workbench_widgets.machine import MachinePage

    return MachinePage(ws, embedded=False)


# Pages in the order of the navigation: name, title, icon, and how it is made when it is first opened.
PAGES: dict[str, tuple[str, str, Callable[[Workspace], Page]]] = {
    "fleet": ("Fleet", "fleet", _fleet),
    "machine": ("Machine", "machine", _machine),
}
BUSY_S, IDLE_S = 1.0, 5.0
# Of what an address names, or a window's title: more than any name needs.
_LONGEST = 200


class Shell(Page):
    """The whole dashboard of a workspace; ``open_page("machine", machine="pump_01")`` opens a page."""

    template_file = (__file__, "shell.vue")

    workspace = Unicode("").tag(sync=True)
    as_of = Unicode("", help="the instant that is looked at, in words").tag(sync=True)
    simulated = Bool(False).tag(sync=True)
    navigation = List([{"name": name, "title": title, "icon": icon} for name, (title, icon, _) in PAGES.items()]).tag(
        sync=True
    )
    place = Dict({"page": "fleet"}, help="the open page and what it is about; the address shows it").tag(sync=True)
    made = Dict(help="page: its widget, made when it was first opened").tag(sync=True, **widget_serialization)
    subject = Unicode("", help="what the open machine's page is about, for the window's title").tag(sync=True)
    lost = Unicode("", help="why there is no page to show").tag(sync=True)

    jobs = List(help="background work that runs or waits, then what ended last").tag(sync=True)
    worker_lives = Bool(True).tag(sync=True)
    worker_command = Unicode("").tag(sync=True)
    note = Dict(help="how the last cancellation went: kind, title, text").tag(sync=True)
    answered = Int(0, help="the browser's last heartbeat that arrived here").tag(sync=True)
    pulse_s = Float(IDLE_S, help="how often the browser sends a heartbeat").tag(sync=True)

    def __init__(self, ws: Workspace) -> None:
        self._pulsing = False
        super().__init__(ws, refresh_s=0, worker_command=worker_command(ws), code={"app": "pages.app(ws)"})
        if theme.dark is None:
            theme.dark = True
        self._show(self._attempt())
        self._make("fleet").refresh()

    def read(self) -> Mapping[str, Any]:
        """Return what the bar at the top says of the workspace."""
        settings = self.ws.settings
        live = settings.as_of == "live"
        return {
            "workspace": settings.name,
            "as_of": "live" if live else f"as of {moment(self.ws.as_of())}",
            "simulated": settings.simulated,
        }

    @property
    def page(self) -> Page:
        """The page that is open."""
        return self._make(self.place["page"])

    def open_page(self, page: str, **about: str) -> None:
        """Open a page, e.g. ``open_page("fleet")`` or ``open_page("machine", machine="pump_01")``."""
        if page not in PAGES:
            self.lost = f"There is no page {page!r}. Pages: {', '.join(PAGES)}."
            return
        opened = self._make(page)
        if page == "machine":
            wanted = about.get("machine") or opened.machine_id
            opened.machine_id = wanted
            about = {"machine": wanted} if wanted else {}
        self.lost = ""
        self.place = {"page": page, **about}

    def cancel(self, job_id: str) -> None:
        """Cancel a job that waits or runs; ``note`` says why when that is not possible."""
        self.background(lambda: self._cancel(job_id), self._cancelled)

    def vue_open_page(self, place: Mapping[str, Any]) -> None:
        """Open what was clicked, or what the address says."""
        about = {"machine": str(place["machine"])[:_LONGEST]} if place.get("machine") else {}
        self.open_page(str(place.get("page") or "fleet")[:_LONGEST], **about)

    def vue_cancel(self, job_id: str) -> None:
        """Cancel the job that was clicked."""
        self.cancel(job_id)

    def vue_theme(self, name: str) -> None:
        """Keep the theme that was chosen in the browser, so that pages made later have it too."""
        theme.dark = name == "dark"

    def vue_beat(self, number: int) -> None:
        """Answer the browser's heartbeat at once, then look at the jobs."""
        self.answered = int(number)
        self.look_at_jobs()

    def look_at_jobs(self) -> None:
        """Read what runs in the background, off the event loop."""
        if not self._pulsing:
            self._pulsing = True
            self.background(self._jobs, self._show_jobs)

    def _make(self, name: str) -> Page:
        made: dict[str, Page] = self.made
        if name in made:
            return made[name]
        page = PAGES[name][2](self.ws)
        page.on_navigate(self._navigated)
        if name == "machine":
            page.observe(self._other_machine, "machine_id")
            page.observe(self._other_subject, "machine")
        self.made = {**made, name: page}
        return page

    def _navigated(self, destination: dict[str, Any]) -> None:
        about = {"machine": str(destination["machine"])} if destination.get("machine") else {}
        self.open_page(str(destination["page"]), **about)

    def _other_machine(self, change: Mapping[str, Any]) -> None:
        # Chosen on the page itself: the address follows.
        if self.place["page"] == "machine" and change["new"]:
            self.place = {"page": "machine", "machine": change["new"]}

    def _other_subject(self, change: Mapping[str, Any]) -> None:
        known = change["new"]
        title = "Not found" if "missing" in known else known.get("header", {}).get("title", "")
        self.subject = title[:_LONGEST]

    def _jobs(self) -> dict[str, Any]:
        try:
            return read_jobs(self.ws)
        except Exception:  # noqa: BLE001 - the page below says what is wrong with the records
            return {}

    def _show_jobs(self, found: Mapping[str, Any]) -> None:
        self._pulsing = False
        with self.hold_sync():
            for name, value in found.items():
                setattr(self, name, value)
            self.pulse_s = BUSY_S if any(job["active"] for job in self.jobs) else IDLE_S
            self.as_of = self.read()["as_of"]

    def _cancel(self, job_id: str) -> dict[str, str]:
        try:
            workbench.cancel_job(self.ws, job_id)
        except WorkbenchError as error:
            return {"kind": "error", "title": error.what, "text": error.remedy}
        return {}

    def _cancelled(self, note: dict[str, str]) -> None:
        self.note = note
        self.look_at_jobs()
