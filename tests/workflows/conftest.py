"""A small plant with simulated machines: two months of five machines, trained once for all tests of a worker."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.conftest import made_once

from workbench.catalog import load_catalogue
from workbench.twin import simulate_fleet
from workbench.workflows.cycle import run_cycle
from workbench.workflows.demo import ingest_simulation
from workbench.workflows.onboard import add_catalogue, create_workspace
from workbench.workflows.train import train
from workbench.workspace import Workspace

END = datetime(2026, 1, 1, tzinfo=UTC)
TRAINED = END - timedelta(hours=6)
# The first four are close to a failure at the end of the embedded fleet's record.
FEW = (
    "compressor_atlas_copco_lt_007",
    "fan_nicotra_gebhardt_rdh_014",
    "gearbox_sew_mc_016",
    "motor_siemens_1la7_001",
    "chiller_trane_rtwd_019",
    "conveyor_dorner_2200_013",
    "pump_grundfos_cr3_004",
    "robot_kuka_kr210_022",
)
SILENT = "transformer_siemens_tunorma_024"


@pytest.fixture(scope="session")
def trained_plant(tmp_path_factory) -> Path:
    """Path of a workspace whose eight machines (a ninth is silent) have 180 days of readings and trained models; never change it."""
    return made_once(tmp_path_factory, "plant", _train)


def _train(path: Path) -> None:
    with _simulated(path, FEW, SILENT, days=180) as ws:
        train(ws, as_of=TRAINED)


@contextmanager
def _simulated(path: Path, machines: Collection[str], silent: str, *, days: int) -> Iterator[Workspace]:
    """Yield a new workspace with the last days of some embedded machines, and one that never reported."""
    settings = {"name": "Test plant", "as_of": END.isoformat(), "simulated": True}
    catalogue = load_catalogue()
    profiles = [profile for profile in catalogue.machines if profile.machine_id in machines]
    with create_workspace(path, settings=settings) as ws:
        add_catalogue(ws, only=(*machines, silent))
        fleet = simulate_fleet(profiles, start=END - timedelta(days=days), end=END, seed=0, sites=catalogue.sites)
        ingest_simulation(ws, fleet, reason="test fleet")
        yield ws


@pytest.fixture(scope="session")
def simulated_plant():
    """Make a workspace of simulated machines that nothing was trained on; ``simulated_plant(path, machines, silent, days=30)``."""
    return _simulated


@pytest.fixture(scope="session")
def ran_plant(trained_plant, tmp_path_factory) -> Path:
    """Path of a copy of the trained plant after a run of the cycle over all machines; never change it."""

    def run(path: Path) -> None:
        shutil.copytree(trained_plant, path)
        with Workspace.open(path) as ws:
            assert not run_cycle(ws).failed

    return made_once(tmp_path_factory, "ran", run)


@pytest.fixture
def plant(trained_plant, tmp_path) -> Iterator[Workspace]:
    """A copy of the trained plant, to be changed at will."""
    shutil.copytree(trained_plant, tmp_path / "W")
    with Workspace.open(tmp_path / "W") as ws:
        yield ws


@pytest.fixture
def ran(ran_plant, tmp_path) -> Iterator[Workspace]:
    """A copy of the plant after a run of the cycle, to be changed at will."""
    shutil.copytree(ran_plant, tmp_path / "ran")
    with Workspace.open(tmp_path / "ran") as ws:
        yield ws
