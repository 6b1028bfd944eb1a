"""A finished demo, a running dashboard over a copy of it, and a browser that reaches nothing but this machine."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tests.conftest import demo_path, lacking

from workbench.workspace import Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, Route

__all__ = ["demo_path"]
_COMMAND = [sys.executable, "-c", "from workbench.cli import main; main()"]
_START_S = 60
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Dashboard:
    """A running ``workbench dashboard``: its address, its workspace and its process."""

    url: str
    path: Path
    process: subprocess.Popen[str]

    def kernels(self) -> list[int]:
        """Return the process ids of its kernels."""
        return [pid for pid in children(self.process.pid) if "workbench_widgets.server.kernel" in _command_of(pid)]


def children(pid: int) -> list[int]:
    """Return the ids of a process's direct children."""
    listed = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for place in listed for child in place.read_text().split()]


def _command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""


@contextmanager
def running(path: Path, *words: str) -> Iterator[Dashboard]:
    """Run ``workbench dashboard`` over the workspace at ``path`` on a free port; end it, kernels and all."""
    command = [*_COMMAND, "-w", str(path), "dashboard", "--port", "0", "--no-browser", *words]
    environment = {name: value for name, value in os.environ.items() if name != "WORKBENCH_WORKSPACE"}
    environment["OMP_NUM_THREADS"] = "1"
    log = path.parent / f"dashboard-{len(list(path.parent.glob('dashboard-*')))}.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment) as process,
    ):
        try:
            told = process.stdout.readline() if process.stdout else ""
            address = re.search(r"http://\S+", told)
            if not address:
                pytest.fail(f"The dashboard did not start: {told}{log.read_text()}")
            yield Dashboard(address.group(), path, process)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(timeout=_START_S)
                finally:
                    process.kill()


@pytest.fixture
def serve() -> Callable[..., Any]:
    """Return the context manager that runs a dashboard, for tests that need one of their own."""
    return running


@pytest.fixture
def demo_ws(demo_path: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A copy of the demo, to be changed at will."""
    shutil.copytree(demo_path, tmp_path / "W")
    with Workspace.open(tmp_path / "W") as workspace:
        yield workspace


@pytest.fixture(scope="module")
def dashboard_workspace(demo_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Path of a copy of the demo that one module's dashboard shows; a module may override it to add to the copy."""
    path = tmp_path_factory.mktemp("dashboard") / "W"
    shutil.copytree(demo_path, path)
    return path


@pytest.fixture(scope="module")
def dashboard(dashboard_workspace: Path) -> Iterator[Dashboard]:
    """A running dashboard, shared by a module's tests."""
    with running(dashboard_workspace) as started:
        yield started


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Chromium, headless, for one module: while Playwright runs, its event loop counts as this thread's own."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ModuleNotFoundError:
        lacking("browser", "playwright is not installed")
    found = next((place for name in _CHROMIUM if (place := shutil.which(name))), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except Error as error:
            lacking("browser", f"Chromium cannot be started: {error.message.splitlines()[0]}")
        yield browser
        browser.close()


@dataclass
class Visits:
    """Opens pages that reach only this machine and notes every console error, page error and failed request."""

    chromium: Browser
    faults: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)
    forgiven: list[str] = field(default_factory=list)

    def forgive(self, *words: str) -> None:
        """Take faults that contain one of ``words`` for expected, from now on."""
        self.forgiven.extend(words)

    def open(self, url: str, *, width: int = 1280, height: int = 800, **options: Any) -> Page:
        """Open ``url`` in a window of its own; every request to another machine is aborted and noted."""
        context = self.chromium.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(30_000)
        self.contexts.append(context)
        context.route(lambda address: not _is_local(address), self._abort)
        page = context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._note(f"page error: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)
        page.goto(url, wait_until="commit")
        return page

    def close(self) -> None:
        """Close all windows, so that their kernels end."""
        while self.contexts:
            context = self.contexts.pop()
            for page in context.pages:
                # Leaving a page is what ends its kernel; closing the window alone may not tell it.
                page.goto("about:blank")
            context.close()

    def check(self) -> None:
        """Fail the test when there was a fault that nothing forgave."""
        unexpected = [fault for fault in self.faults if not any(word in fault for word in self.forgiven)]
        if unexpected:
            pytest.fail("In the browser:\n" + "\n".join(unexpected))

    def _note(self, fault: str) -> None:
        self.faults.append(fault)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note(f"console: {message.text}")

    def _answered(self, answer: Response) -> None:
        if answer.status >= 400:
            self._note(f"{answer.status}: {answer.url}")

    def _abort(self, route: Route) -> None:
        self._note(f"remote request: {route.request.url}")
        route.abort()

    def _failed(self, request: Request) -> None:
        # A page that goes away cancels what it was loading.
        if request.failure != "net::ERR_ABORTED":
            self._note(f"failed request: {request.url}: {request.failure}")


def _is_local(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in ("data", "blob", "about") or parts.hostname in ("127.0.0.1", "localhost", "::1")


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Visits]:
    """A browser whose pages may have no console error, page error, failed or remote request."""
    visits = Visits(chromium)
    yield visits
    visits.close()
    visits.check()
