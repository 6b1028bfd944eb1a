"""Workspaces and real workers for the tests of background jobs, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from workbench.catalog import load_catalogue
from workbench.lineage import descendants
from workbench.twin import simulate_fleet
from workbench.workflows.demo import ingest_simulation
from workbench.workflows.onboard import add_catalogue, create_workspace
from workbench.workspace import Workspace

END = datetime(2026, 1, 1, tzinfo=UTC)
# Enough for one model, so that a training takes a few seconds only.
FEW = ("compressor_atlas_copco_lt_007", "fan_nicotra_gebhardt_rdh_014", "gearbox_sew_mc_016")
DAYS = 14
# How long anything may take on a busy machine before a test gives up.
PATIENCE_S = 150.0
RUN = """
import sys, workbench
with workbench.open(sys.argv[1]) as ws:
    workbench.run_worker(ws, takeover_every_s=0.5)
"""


def wait_for(what: Callable[[], object], within_s: float = PATIENCE_S) -> None:
    """Wait until ``what()`` is true; fail when it takes longer than ``within_s``."""
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.02)


def training(ws: Workspace, job_id: str) -> bool:
    """Say whether the work of a running job is under way."""
    progress = ws.jobs.progress([job_id]).get(job_id)
    return progress is not None and progress.message not in ("", "begun", "done")


class Worker:
    """A worker in a process of its own; its log lies beside the workspace."""

    def __init__(self, ws: Workspace) -> None:
        self.log = ws.path.parent / "worker.log"
        with self.log.open("a") as log:
            self.process = subprocess.Popen([sys.executable, "-c", RUN, str(ws.path)], stdout=log, stderr=log)

    def family(self) -> list[int]:
        """Return all processes that it began, directly or not, and that live."""
        return descendants(self.process.pid)

    def kill(self) -> None:
        """End it as a power failure would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to stop; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@pytest.fixture(scope="session")
def simulation():
    """Readings of three machines for two weeks."""
    catalogue = load_catalogue()
    profiles = [profile for profile in catalogue.machines if profile.machine_id in FEW]
    return simulate_fleet(profiles, start=END - timedelta(days=DAYS), end=END, seed=0, sites=catalogue.sites)


def _build(path: Path, simulation) -> None:
    with create_workspace(path, settings={"name": "Plant", "as_of": END.isoformat(), "simulated": True}) as ws:
        add_catalogue(ws, only=FEW)
        ingest_simulation(ws, simulation, reason="test fleet")


@pytest.fixture(scope="session")
def sqlite_plant(tmp_path_factory, simulation) -> Path:
    path = tmp_path_factory.mktemp("jobs") / "W"
    _build(path, simulation)
    return path


@pytest.fixture
def plant(sqlite_plant, tmp_path) -> Iterator[Workspace]:
    """Three machines with two weeks of readings and no models, on SQLite."""
    shutil.copytree(sqlite_plant, tmp_path / "W")
    with Workspace.open(tmp_path / "W") as ws:
        yield ws


@pytest.fixture
def postgres_plant(fresh_postgres_url, simulation, tmp_path, monkeypatch) -> Iterator[Workspace]:
    """The same on PostgreSQL."""
    monkeypatch.setenv("WORKBENCH_DATABASE_URL", fresh_postgres_url)
    _build(tmp_path / "W", simulation)
    with Workspace.open(tmp_path / "W") as ws:
        yield ws


@pytest.fixture(params=["sqlite", "postgresql"])
def any_plant(request) -> Workspace:
    return request.getfixturevalue("plant" if request.param == "sqlite" else "postgres_plant")


@pytest.fixture
def start_worker() -> Iterator[Callable[[Workspace], Worker]]:
    """A function that starts a worker; none of them, and nothing that they began, outlives the test."""
    workers: list[Worker] = []

    def start(ws: Workspace) -> Worker:
        workers.append(Worker(ws))
        return workers[-1]

    yield start
    for worker in workers:
        below = worker.family()
        if worker.process.poll() is None:
            worker.kill()
        for process in below:
            wait_for(lambda process=process: not Path(f"/proc/{process}").exists(), 10)


def alive(processes: list[int]) -> list[int]:
    """Return those of the processes that still live; a zombie does not."""
    found = []
    for process in processes:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        found += [process] if state != "Z" else []
    return found


@pytest.fixture(autouse=True)
def one_thread(monkeypatch) -> None:
    """Workers of tests share the machine with other tests."""
    monkeypatch.setenv("OMP_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))
