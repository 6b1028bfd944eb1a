"""How soon the dashboard's fleet page answers a click, beside a notebook with one button, and what its kernel weighs."""

from __future__ import annotations

import importlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import EnvironmentFailure, InputError, WorkbenchError

from .frame import Metrics, Progress, with_intervals

PROTOCOL = (
    "headless Chromium with an empty cache, on this machine; both pages under the same server, template and browser, "
    "in turn, each with a preheated kernel; from the start of navigation until a click, made the moment the control "
    "is visible, was answered by the kernel, measured in the page; kernel_mb: resident memory of the fleet page's "
    "kernel after a machine's page was opened too; embedded fleet of 26 simulated machines after one cycle"
)
CHOSEN_BY = "no model is compared"
VISITS, QUICK_VISITS = 7, 2
PATIENCE_S = 60.0
IDLE_S = 1.0
_MB = 1024.0 * 1024.0
_SERVER = """
import sys
from pathlib import Path
from workbench_widgets.server import Options, serve
notebook = Path(sys.argv[2]) if sys.argv[2] else None
serve(Path(sys.argv[1]), Options(port=0, notebook=notebook), announce=lambda address: print(address, flush=True))
"""
_ONE_BUTTON = """import ipyvuetify as v
button = v.Btn(children=['Press'])
button.on_event('click', lambda *_: setattr(button, 'children', ['Pressed']))
button"""
# Clicks the control as soon as it is seen and notes when what the kernel answers stands in the page.
_PROBE = """(() => {
  const look = () => {
    const control = document.querySelector(CONTROL);
    const answer = document.querySelector(ANSWER);
    const seen = control && answer && !document.getElementById('loading') && control.getBoundingClientRect().height > 0;
    if (seen && window.before === undefined) { window.before = answer.textContent; control.click(); }
    if (seen && window.before !== undefined && answer.textContent !== window.before) {
      window.answered = performance.now();
      return;
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()"""


@dataclass(frozen=True)
class Subject:
    """A page to be timed: its server's address and process, the control to click and where the answer stands."""

    address: str
    process: Any
    control: str
    answer: str


def run(*, data: Path | None, seeds: Sequence[int], quick: bool, only: Sequence[str], progress: Progress) -> Metrics:  # noqa: ARG001 - the benchmark makes its own data
    """Run the protocol; see ``frame.run_benchmark``. The fleet is that of the first seed.

    Raises:
        EnvironmentFailure: Playwright, Chromium or the extra ``dashboard`` is not installed.
    """
    if only:
        raise InputError(f"Benchmark 'dashboard' has no subset {', '.join(only)}.", "Leave --only out.")
    visits = QUICK_VISITS if quick else VISITS
    with ExitStack() as stack:
        browser = stack.enter_context(_browser())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="workbench-dashboard-benchmark-")))
        began = time.perf_counter()
        _make_fleet(folder / "W", seeds[0], progress)
        seconds = {"fleet": round(time.perf_counter() - began, 3)}
        one_button = folder / "one_button.ipynb"
        one_button.write_text(json.dumps(_notebook(_ONE_BUTTON)), encoding="utf8")
        fleet = stack.enter_context(_serving(folder / "W", "", ".wb-card", ".wb-machines [role=status]"))
        button = stack.enter_context(_serving(folder / "W", str(one_button), ".v-btn", ".v-btn"))
        took: dict[str, list[float]] = {"fleet": [], "button": []}
        weights = []
        for number in range(visits):
            progress(0.5 + 0.5 * number / visits, f"visit {number + 1} of {visits}")
            took["button"].append(_visit(browser, button)[0])
            interactive, weight = _visit(browser, fleet, and_a_machine=True)
            took["fleet"].append(interactive)
            weights.append(weight)
    ours, peer = np.array(took["fleet"]), np.array(took["button"])
    metrics = with_intervals(
        lambda rows: {
            "interactive_ratio": float(np.median(ours[rows]) / np.median(peer[rows])),
            "interactive_s": float(np.median(ours[rows])),
        },
        np.arange(visits),
        draws=1000,
    )
    metrics |= {"kernel_mb": max(weights), "visits": visits}
    return {
        "metrics": metrics,
        "peers": {"one_button.interactive_s": statistics.median(took["button"])},
        "seconds": seconds,
        "protocol": PROTOCOL,
        "chosen_by": CHOSEN_BY,
        "simulated": True,
    }


def _make_fleet(path: Path, seed: int, progress: Progress) -> None:
    from datetime import timedelta

    from workbench.catalog import load_catalogue
    from workbench.twin import simulate_fleet
    from workbench.workflows.cycle import run_cycle
    from workbench.workflows.demo import DAYS, END, SETTINGS, ingest_simulation
    from workbench.workflows.onboard import create_workspace
    from workbench.workflows.train import train

    catalogue = load_catalogue()
    with create_workspace(path, settings=SETTINGS, machines=True) as ws:
        progress(0.0, "simulating the fleet")
        start = END - timedelta(days=DAYS)
        made = simulate_fleet(catalogue.machines, start=start, end=END, seed=seed, sites=catalogue.sites)
        ingest_simulation(ws, made, reason="benchmark")
        progress(0.2, "training")
        train(ws)
        progress(0.4, "running the cycle")
        run_cycle(ws)


def _notebook(source: str) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": "0",
        "metadata": {},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": [cell], "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}


@contextmanager
def _browser() -> Iterator[Any]:
    try:
        playwright = importlib.import_module("playwright.sync_api")
        importlib.import_module("voila")
    except ModuleNotFoundError as error:
        raise EnvironmentFailure(
            f"The benchmark of the dashboard needs the Python package {error.name!r}, which is not installed.",
            "Install it: pip install 'predictive-maintenance-workbench[report,dashboard,dev]'",
        ) from error
    found = next(
        (place for name in ("chromium", "chromium-browser", "google-chrome") if (place := shutil.which(name))), None
    )
    with playwright.sync_playwright() as running:
        try:
            browser = running.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except playwright.Error as error:
            raise EnvironmentFailure(
                f"Chromium cannot be started: {error.message.splitlines()[0]}",
                "Install it with the system's packages or: playwright install chromium",
            ) from error
        yield browser
        browser.close()


@contextmanager
def _serving(workspace: Path, notebook: str, control: str, answer: str) -> Iterator[Subject]:
    psutil = importlib.import_module("psutil")
    command = [sys.executable, "-c", _SERVER, str(workspace), notebook]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().strip() if process.stdout else ""
            if not address:
                raise WorkbenchError("The dashboard did not start.", "Run `workbench dashboard` to see why.")
            yield Subject(address, psutil.Process(process.pid), control, answer)
        finally:
            process.terminate()


def _visit(browser: Any, subject: Subject, *, and_a_machine: bool = False) -> tuple[float, float]:
    """Return the seconds until a click was answered and the kernel's megabytes at the end of the visit."""
    _wait_until_warm(subject)
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        page = context.new_page()
        words = {"CONTROL": subject.control, "ANSWER": subject.answer}
        probe = _PROBE
        for name, selector in words.items():
            probe = probe.replace(name, json.dumps(selector))
        page.add_init_script(probe)
        page.goto(subject.address, wait_until="commit")
        page.wait_for_function("window.answered !== undefined", timeout=PATIENCE_S * 1000)
        seconds = page.evaluate("window.answered") / 1000.0
        kernel = json.loads(page.locator("#jupyter-config-data").text_content())["kernelId"]
        if and_a_machine:
            page.locator(".wb-machine:visible").first.click()
            page.locator(".mp-title h1:visible").wait_for(timeout=PATIENCE_S * 1000)
        weight = next(
            child.memory_info().rss / _MB for child in subject.process.children() if kernel in " ".join(child.cmdline())
        )
        # Leaving the page is what ends its kernel.
        page.goto("about:blank")
        return seconds, weight
    finally:
        context.close()


def _wait_until_warm(subject: Subject) -> None:
    """Wait until the server and exactly one kernel live and none of them has worked for ``IDLE_S``."""
    deadline = time.monotonic() + PATIENCE_S
    last: tuple[int, float] = (0, 0.0)
    while time.monotonic() < deadline:
        time.sleep(IDLE_S)
        times = [process.cpu_times() for process in (subject.process, *subject.process.children())]
        now = (len(times), sum(spent.user + spent.system for spent in times))
        if now[0] == last[0] == 2 and now[1] - last[1] < 0.05:
            return
        last = now
    raise WorkbenchError("No kernel was warmed up in time.", "Run it again on a machine that is less busy.")
