"""What all pages share: one way to read records off the event loop, to say what failed, and to open another page."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ipyvue import register_component_from_file
from ipyvuetify import VuetifyTemplate
from traitlets import Bool, Dict, Float, Unicode

from workbench.errors import WorkbenchError
from workbench.workspace import Workspace

from .theme import use_theme

COMPONENTS = Path(__file__).parent / "components"
REFRESH_S = 30.0

_log = logging.getLogger(__name__)


def _use_components() -> None:
    for file in sorted(COMPONENTS.glob("*.vue")):
        register_component_from_file(f"wb-{file.stem.replace('_', '-')}", str(file))


class Page(VuetifyTemplate):  # type: ignore[misc]
    """A page of the workbench: traits are its view model, ``template_file`` its view.

    A subclass writes ``read``, which returns the values of its traits and touches no widget: it runs in a thread.
    The browser asks for ``refresh`` every ``refresh_s`` seconds while somebody looks, so nothing runs for nobody.
    """

    dark = Bool(True).tag(sync=True)
    embedded = Bool(True, help="in a notebook's cell; false inside the shell").tag(sync=True)
    refresh_s = Float(REFRESH_S).tag(sync=True)
    loaded = Bool(False, help="whether anything was read yet").tag(sync=True)
    reading = Bool(False).tag(sync=True)
    refreshed_at = Unicode("", help="when the page was last read, ISO 8601 UTC").tag(sync=True)
    fault = Dict(help="why the last read failed: what and remedy; empty: it did not").tag(sync=True)
    code = Dict(help="panel: the Python that does the same").tag(sync=True)
    destination = Dict(help="the page asked for last: page, and what it is about, e.g. machine")

    def __init__(self, ws: Workspace, *, refresh_s: float = REFRESH_S, **traits: Any) -> None:
        use_theme()
        _use_components()
        self.ws = ws
        self._again = False
        self._tasks: set[asyncio.Task[None]] = set()
        super().__init__(refresh_s=refresh_s, **traits)

    def read(self) -> Mapping[str, Any]:
        """Return the values of the traits to show; called off the event loop, so it must touch no trait."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Read the records and show what they say, or why they cannot be read; what was shown before stays."""
        self._show(self._attempt())

    def navigate(self, page: str, **about: str) -> None:
        """Ask for another page, e.g. ``navigate("machine", machine="pump_01")``; the shell opens it."""
        self.destination = {"page": page, **about, "asked": self.destination.get("asked", 0) + 1}

    def on_navigate(self, open_page: Callable[[dict[str, Any]], None]) -> None:
        """Call ``open_page`` with the destination whenever this page asks for another one."""
        self.observe(lambda change: open_page(dict(change["new"])), "destination")

    def background(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Run ``work`` in a thread and hand its result to ``then`` on the event loop; without a loop, at once.

        ``work`` must touch no trait, and must not raise what it can say.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            then(work())
            return

        async def run() -> None:
            then(await asyncio.to_thread(work))

        task = loop.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def vue_refresh(self, _: object = None) -> None:
        """Read again without keeping the event loop waiting; asked for by the browser."""
        if self.reading:
            self._again = True
            return
        self.reading = True
        self.background(self._attempt, self._show)

    def vue_navigate(self, destination: Mapping[str, Any]) -> None:
        """Open another page; asked for by the browser."""
        about = {name: str(value) for name, value in destination.items() if name in ("machine",)}
        self.navigate(str(destination["page"]), **about)

    def close(self) -> None:
        """Stop what runs for this page and take it off the screen."""
        for task in list(self._tasks):
            task.cancel()
        super().close()

    def _attempt(self) -> Mapping[str, Any]:
        try:
            values = self.read()
        except WorkbenchError as error:
            return {"fault": {"what": error.what, "remedy": error.remedy}}
        except Exception as error:  # noqa: BLE001
            # A page that silently stops refreshing would show yesterday as today.
            _log.exception("%s could not be read", type(self).__name__)
            first_line = str(error).partition("\n")[0][:300]
            what = f"The page could not be read ({type(error).__name__}: {first_line})."
            return {"fault": {"what": what, "remedy": "Try again; if it stays so, run workbench doctor."}}
        return {**values, "fault": {}, "loaded": True, "refreshed_at": datetime.now(UTC).isoformat()}

    def _show(self, values: Mapping[str, Any]) -> None:
        with self.hold_sync():
            for name, value in values.items():
                # An equal value sends nothing, so what did not change does not flicker.
                setattr(self, name, value)
            self.reading = False
        if self._again:
            self._again = False
            self.vue_refresh()
