"""How long reports take: one machine's from parameters to HTML and PDF, one for each of 26 machines, and a bare run."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.errors import InputError

from .frame import Metrics, Progress, peak_memory_mb, with_intervals

if TYPE_CHECKING:
    from workbench.workspace import Workspace

TEMPLATE = "machine_report"
PROTOCOL = (
    "embedded demo fleet, simulated hourly over 180 days, trained, one maintenance cycle run; machine_report from "
    "parameters to HTML, PDF and record (median over machines, in a process that has made one report before); batch: "
    "one for each machine with its index page, as many at a time as there are cores; over_bare_nbclient: our run of "
    "the notebook, with HTML alone, over nbclient's execution of the same notebook with the same parameters, "
    "in turn; peak memory: this process with all its children, sampled"
)
QUICK_MACHINES = 2
REPEATS, QUICK_REPEATS = 5, 1
_SAMPLE_S = 0.1


def run(*, data: Path | None, seeds: Sequence[int], quick: bool, only: Sequence[str], progress: Progress) -> Metrics:  # noqa: ARG001 - the benchmark makes its own data
    """Run the protocol; see ``frame.run_benchmark``. The first seed simulates the fleet."""
    if only:
        raise InputError(f"Benchmark 'report' has no subset {', '.join(only)}.", "Leave --only out.")
    with tempfile.TemporaryDirectory(prefix="workbench-report-benchmark-") as folder:
        began = time.perf_counter()
        ws = _fleet(Path(folder) / "ws", seeds[0], quick, lambda done, message: progress(0.4 * done, message))
        prepared_s = time.perf_counter() - began
        with ws, _Memory() as memory:
            metrics = _timings(ws, quick, lambda done, message: progress(0.4 + 0.6 * done, message))
    return {
        "metrics": metrics,
        "peers": {"over_bare_nbclient": {"source": "nbclient, in the same run", "protocol": "execution alone"}},
        "seconds": {"fleet": round(prepared_s, 3)},
        "protocol": PROTOCOL,
        "peak_memory_mb": memory.peak_mb,
        "simulated": True,
    }


def _fleet(path: Path, seed: int, quick: bool, progress: Progress) -> Workspace:
    """Return a workspace with the embedded fleet as the demo makes it; ``quick``: two machines and no models."""
    from workbench.catalog import load_catalogue
    from workbench.twin import simulate_fleet
    from workbench.workflows.cycle import run_cycle
    from workbench.workflows.demo import DAYS, END, SETTINGS, ingest_simulation
    from workbench.workflows.onboard import add_catalogue, create_workspace
    from workbench.workflows.train import train

    catalogue = load_catalogue()
    profiles = catalogue.machines[: QUICK_MACHINES if quick else None]
    ws = create_workspace(path, settings=SETTINGS)
    add_catalogue(ws, only=[profile.machine_id for profile in profiles])
    progress(0.0, "simulating the fleet")
    made = simulate_fleet(profiles, start=END - timedelta(days=DAYS), end=END, seed=seed, sites=catalogue.sites)
    ingest_simulation(ws, made, reason="benchmark of reports")
    if not quick:
        progress(0.2, "training")
        train(ws, seed=seed)
    progress(0.9, "running the cycle")
    run_cycle(ws)
    return ws


def _timings(ws: Workspace, quick: bool, progress: Progress) -> Metrics:
    from workbench.workflows.report import report, report_batch

    machines = ws.machines.ids()
    repeats = QUICK_REPEATS if quick else REPEATS
    if not quick:
        progress(0.0, "one report before the clock runs")
        report(ws, TEMPLATE, {"machine_id": machines[0]})
    single, ratios = [], []
    for number in range(repeats):
        machine_id = machines[number % len(machines)]
        progress(0.05 + 0.55 * number / repeats, f"report of {machine_id}")
        single.append(_seconds(partial(report, ws, TEMPLATE, {"machine_id": machine_id})))
        ours = _seconds(partial(report, ws, TEMPLATE, {"machine_id": machine_id}, formats=["html"]))
        bare = _seconds(partial(_bare, ws, machine_id))
        ratios.append(ours / bare)
    progress(0.6, f"reports of {len(machines)} machines")
    batch_s = _seconds(
        lambda: report_batch(ws, TEMPLATE, progress=lambda done, message: progress(0.6 + 0.4 * done, message))
    )
    taken, over = np.array(single), np.array(ratios)
    draws = 100 if quick else 1000
    table = with_intervals(lambda rows: {"machine_s": float(np.median(taken[rows]))}, np.arange(repeats), draws=draws)
    # Two machines of a quick run say nothing of 26.
    table["batch_26_s" if len(machines) == 26 else "batch_s"] = round(batch_s, 3)
    table |= with_intervals(
        lambda rows: {"over_bare_nbclient": float(np.median(over[rows]))}, np.arange(repeats), draws=draws
    )
    return table | {"machines": len(machines), "cores": os.cpu_count()}


def _seconds(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _bare(ws: Workspace, machine_id: str) -> None:
    """Execute the notebook by nbclient alone, in the kernel that is installed for this Python; nothing is written."""
    import nbformat
    from nbclient import NotebookClient
    from papermill.execute import execute_notebook

    from workbench.reports import template_path

    notebook = execute_notebook(
        str(template_path(TEMPLATE)),
        None,
        parameters={"workspace": str(ws.path), "machine_id": machine_id},
        kernel_name="python3",
        prepare_only=True,
    )
    NotebookClient(nbformat.from_dict(notebook), kernel_name="python3").execute()


class _Memory:
    """Samples how much this process and all below it hold together."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> _Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        if not sys.platform.startswith("linux"):
            # Without /proc: this process alone.
            self.peak_mb = peak_memory_mb()
            return
        while not self._stop.wait(_SAMPLE_S):
            self.peak_mb = max(self.peak_mb, round(_family_mb(os.getpid()), 1))


def _family_mb(ancestor: int) -> float:
    """Return the resident memory of a process and its descendants; shared pages count once for each."""
    page_mb = os.sysconf("SC_PAGE_SIZE") / 1e6
    parents: dict[int, int] = {}
    resident: dict[int, float] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            resident[int(entry.name)] = int((entry / "statm").read_text().split()[1]) * page_mb
        except (OSError, IndexError):
            continue
    family, grown = {ancestor}, True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in family} - family
        family |= more
        grown = bool(more)
    return sum(resident.get(pid, 0.0) for pid in family)
