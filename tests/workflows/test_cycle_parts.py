"""Parts that the cycle sets aside belong to an order that exists, whatever happens between its steps."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.conftest import made_once

from workbench import cancel_order, run_cycle
from workbench.catalog import load_catalogue
from workbench.twin import simulate_fleet
from workbench.workflows.demo import ingest_simulation
from workbench.workflows.onboard import add_catalogue, create_workspace
from workbench.workspace import Workspace

FAN = "fan_nicotra_gebhardt_rdh_014"
END = datetime(2026, 1, 1, tzinfo=UTC)


def _make(path: Path) -> None:
    with create_workspace(path, settings={"as_of": END.isoformat(), "simulated": True}) as ws:
        add_catalogue(ws, only=(FAN,))
        profile = next(one for one in load_catalogue().machines if one.machine_id == FAN)
        fleet = simulate_fleet([profile], start=END - timedelta(days=45), end=END, seed=0, sites=load_catalogue().sites)
        last = fleet.telemetry[FAN]["time"] > END - timedelta(days=2)
        fleet.telemetry[FAN].loc[last, "filter_drop_Pa"] *= 3
        fleet.telemetry[FAN].loc[last, "flow_m3_h"] *= 0.7
        ingest_simulation(ws, fleet, reason="test")


@pytest.fixture
def clogged(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Iterator[Workspace]:
    """A plant with one fan, on which nothing was trained: its filter has been over the critical limit for two days."""
    shutil.copytree(made_once(tmp_path_factory, "clogged", _make), tmp_path / "W")
    with Workspace.open(tmp_path / "W") as ws:
        yield ws


def _held(ws) -> dict[tuple[str, str], int]:
    return {(r.order_id, r.part_id): r.quantity for r in ws.parts.reservations() if r.state == "reserved"}


def _promised(ws) -> dict[tuple[str, str], int]:
    return {
        (order.order_id, line.part_id): line.reserve
        for order in ws.orders.open()
        for line in order.parts
        if line.reserve
    }


def test_a_run_that_fails_after_setting_parts_aside_gives_them_back_and_the_next_one_has_them_again(clogged):
    def fails(_fraction: float, message: str) -> None:
        if message.endswith(": assign"):
            raise ZeroDivisionError

    assert run_cycle(clogged, [FAN], progress=fails).failed
    assert any(reservation.state == "released" for reservation in clogged.parts.reservations())
    assert _held(clogged) == {}, "no order exists that could use them or give them back"
    assert not run_cycle(clogged, [FAN]).failed
    assert _held(clogged) == _promised(clogged) != {}


def test_an_order_opened_because_the_standing_one_was_closed_meanwhile_has_the_parts_that_it_names(clogged):
    run_cycle(clogged, [FAN], as_of=clogged.as_of() - timedelta(hours=5))
    (standing,) = clogged.orders.open(FAN)

    def calls_off(_fraction: float, message: str) -> None:
        if message.endswith(": assign"):
            cancel_order(clogged, standing.number, "doubled")

    assert not run_cycle(clogged, [FAN], progress=calls_off).failed
    (order,) = clogged.orders.open(FAN)
    assert order.order_id != standing.order_id
    assert _held(clogged) == _promised(clogged) != {}
