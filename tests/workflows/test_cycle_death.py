"""The maintenance cycle after kill -9: whatever the moment, the next run ends as if nothing had happened."""

from __future__ import annotations

import random
import shutil
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import throw_away_database
from tests.workflows.harness_cycle import POINTS, ForkServer, fork_server
from tests.workflows.records import Records, all_records, differences, put_rows, rows_of, workflow_states

from workbench.domain.runs import CYCLE_STEPS
from workbench.workspace import Workspace

# Both need work, and parts that are in stock.
MACHINES = ["fan_nicotra_gebhardt_rdh_014", "gearbox_sew_mc_016"]
KILLED = -9
STEPS = [*CYCLE_STEPS, "finish"]


@dataclass
class Plant:
    """A copy of the trained plant in a folder, with its records in SQLite or on a server."""

    path: Path
    url: str
    server: ForkServer

    def start(self, **how: Any) -> dict[str, Any]:
        """Return how a run of the cycle in a process of its own ended."""
        return self.start_all(how)[0]

    def start_all(self, *runs: dict[str, Any]) -> list[dict[str, Any]]:
        """Return how runs of the cycle that start together ended."""
        return self.server.run(
            *({"path": str(self.path), "url": self.url, "machines": MACHINES, **how} for how in runs)
        )

    @contextmanager
    def opened(self) -> Iterator[Workspace]:
        """Yield the workspace, opened in this process."""
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("WORKBENCH_DATABASE_URL", self.url)
            with Workspace.open(self.path) as ws:
                yield ws

    def end_state(self) -> Records:
        """Return all records, and check that no workflow is left unfinished."""
        with self.opened() as ws:
            assert workflow_states(ws) == {"SUCCESS"}
            return all_records(ws)


class Plants:
    """Makes plants that are all alike, and knows how an undisturbed run of the cycle leaves one."""

    def __init__(self, source: Path, folder: Path, server: ForkServer, url: str = "") -> None:
        self._source, self._folder, self._server, self._url = source, folder, server, url
        with Workspace.open(source) as ws:
            self._rows = rows_of(ws)
        if url:
            Workspace.init(folder / "server", settings={"database_url": url}).close()
        with self.make() as plant:
            done = plant.start()
            assert done["status"] == 0, done["error"]
            self.seconds: float = done["seconds"]
            self.undisturbed = plant.end_state()
            with plant.opened() as ws:
                self.logged = Counter((entry.entity, entry.action) for entry in ws.log.entries(limit=10_000))

    @property
    def on_server(self) -> bool:
        """Whether the records are on a PostgreSQL server."""
        return bool(self._url)

    @contextmanager
    def make(self) -> Iterator[Plant]:
        """Yield a fresh plant, which is removed afterwards."""
        path = self._folder / uuid.uuid4().hex
        shutil.copytree(
            self._source, path, ignore=shutil.ignore_patterns("*-wal", "*-shm")
        )  # others may just look at it
        if self._url:
            put_rows(self._url, self._rows)
        yield Plant(path, self._url, self._server)
        shutil.rmtree(path)


@pytest.fixture(scope="module")
def server(trained_plant) -> Iterator[ForkServer]:
    with fork_server(trained_plant) as server:
        yield server


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def plants(request, trained_plant, tmp_path_factory, server) -> Iterator[Plants]:
    folder = tmp_path_factory.mktemp("plants")
    if request.param == "sqlite":
        yield Plants(trained_plant, folder, server)
        return
    with throw_away_database(request.getfixturevalue("postgres_server")) as url:
        yield Plants(trained_plant, folder, server, url)


def _die_and_resume(plants: Plants, **death: Any) -> None:
    with plants.make() as plant:
        first = plant.start(**death)
        # A moment near the end may come too late.
        assert first["status"] == KILLED or (first["status"] == 0 and "after_s" in death), first
        second = plant.start()
        assert second["status"] == 0, second["error"]
        assert differences(plant.end_state(), plants.undisturbed) == []


def test_an_undisturbed_run_orders_work_and_reserves_parts(plants):
    assert len(plants.undisturbed["work_orders"]) == len(MACHINES)
    assert len(plants.undisturbed["reservations"]) >= len(MACHINES)
    assert len(plants.undisturbed["cycle_steps"]) == 6 * len(MACHINES)
    assert plants.undisturbed["notices"]


def test_killed_at_every_point_one_after_the_other(plants):
    """Each run dies a little later than the one before it; every one takes up what the last left."""
    with plants.make() as plant:
        # On a server, what differs is what happens around a commit.
        for point in [point for point in POINTS if not plants.on_server or point.startswith(("within", "committed"))]:
            died = plant.start(at=point)
            assert died["status"] == KILLED, (point, died)
        last = plant.start()
        assert last["status"] == 0, last["error"]
        assert differences(plant.end_state(), plants.undisturbed) == []


def _same_but_for_the_log(plant: Plant, undisturbed: Records) -> None:
    assert differences({**plant.end_state(), "event_log": []}, {**undisturbed, "event_log": []}) == []


def _fail_one_after_the_other(plants: Plants, steps: Sequence[str]) -> None:
    """Each run fails a step later than the one before it, when the step's work is done but not committed."""
    with plants.make() as plant:
        for step in steps:
            failed = plant.start(fail=step)
            assert failed["status"] == 1, (step, failed["error"])
            with plant.opened() as ws:
                assert {run.state for run in ws.runs.all()} == {"failed"}
        last = plant.start()
        assert last["status"] == 0, last["error"]
        _same_but_for_the_log(plant, plants.undisturbed)


def test_steps_that_failed_once_leave_nothing_twice_and_nothing_out(plants):
    _fail_one_after_the_other(plants, ["predict", "assign", "finish"] if plants.on_server else STEPS)


def test_two_processes_with_the_same_machines_do_each_run_once(plants):
    with plants.make() as plant:
        for ended in plant.start_all({}, {}):
            assert ended["status"] == 0, ended["error"]
        _same_but_for_the_log(plant, plants.undisturbed)
        with plant.opened() as ws:
            assert Counter((entry.entity, entry.action) for entry in ws.log.entries(limit=10_000)) == plants.logged


def test_two_processes_at_different_machines_get_in_nobodys_way(plants):
    with plants.make() as plant:
        for ended in plant.start_all({}, {"machines": MACHINES[::-1]}):
            assert ended["status"] == 0, ended["error"]
        with plant.opened() as ws:
            # Which of the two comes first is open.
            assert sorted(order.number for order in ws.orders.all()) == ["WO-2026-0001", "WO-2026-0002"]
            logged = Counter((entry.entity, entry.action) for entry in ws.log.entries(limit=10_000))
            # Its number is settled when the order is opened, and may be another than the one first written down.
            rewritten = ("dispatch_report", "changed")
            assert {**logged, rewritten: 0} == {**plants.logged, rewritten: 0}


def test_a_run_whose_process_dies_is_finished_by_the_one_that_waits_for_it(plants):
    with plants.make() as plant:
        held, waiting = plant.start_all({"hold": "before assign", "after_s": 2.0}, {"delay_s": 0.8})
        assert held["status"] == KILLED, held["error"]
        assert waiting["status"] == 0, waiting["error"]
        assert differences(plant.end_state(), plants.undisturbed) == []


def _moments(plants: Plants, count: int) -> list[float]:
    chosen = random.Random(20260101)  # noqa: S311 - a seed makes the moments repeat
    return [chosen.uniform(0, plants.seconds) for _ in range(count)]


def test_killed_at_random_moments(plants):
    for moment in _moments(plants, 2):
        _die_and_resume(plants, after_s=moment)


@pytest.mark.slow
def test_every_step_that_failed_once_leaves_nothing_twice_and_nothing_out(plants):
    _fail_one_after_the_other(plants, STEPS)


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_one_point(plants, point):
    _die_and_resume(plants, at=point)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(5))
def test_killed_at_fifty_random_moments(plants, part):
    for moment in _moments(plants, 50)[part::5]:
        _die_and_resume(plants, after_s=moment)
