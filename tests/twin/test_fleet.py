"""The same seed gives the same fleet, whatever the order; what is wrong with the request is said."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

import pandas as pd
import pytest

from workbench.domain.equipment import Economics, MachineProfile, MachineStatus, Site
from workbench.domain.observations import EventKind, MachineState
from workbench.errors import InputError
from workbench.twin import SimulatedFleet, simulate_fleet

Build = Callable[..., MachineProfile]
START, END = datetime(2025, 11, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)


def _bytes(fleet: SimulatedFleet) -> str:
    digest = hashlib.sha256()
    tables = [fleet.events, fleet.truth, fleet.disturbances]
    for table in [*fleet.telemetry.values(), *fleet.damage.values(), *tables]:
        digest.update(table.to_csv(index=False).encode())
    return digest.hexdigest()


def _simulate(*profiles: MachineProfile, seed: int = 0, **more: object) -> SimulatedFleet:
    return simulate_fleet(profiles, start=START, end=END, seed=seed, **more)  # type: ignore[arg-type]


def test_the_seed_decides_everything_and_the_order_of_profiles_nothing(small_pump: Build) -> None:
    one, two = small_pump("pump_one"), small_pump("pump_two")
    assert _bytes(_simulate(one, two)) == _bytes(_simulate(two, one))
    assert _bytes(_simulate(one, two)) != _bytes(_simulate(one, two, seed=1))


def test_a_machine_does_not_depend_on_its_neighbours(small_pump: Build) -> None:
    one, two = small_pump("pump_one"), small_pump("pump_two")
    pd.testing.assert_frame_equal(_simulate(one).telemetry["pump_one"], _simulate(one, two).telemetry["pump_one"])


def test_rows_are_hourly_ascending_and_end_at_the_end(small_pump: Build) -> None:
    frame = _simulate(small_pump()).telemetry["pump_small_001"]
    assert str(frame["time"].dtype) == "datetime64[us, UTC]"
    assert frame["time"].iloc[-1] == pd.Timestamp(END)
    assert frame["time"].iloc[0] > pd.Timestamp(START)
    assert frame["time"].is_monotonic_increasing
    assert frame["time"].is_unique
    gaps = frame["time"].diff().dropna() / pd.Timedelta(hours=1)
    assert set(gaps) >= {1.0}
    assert (gaps % 1 == 0).all()
    assert set(frame["state"]) <= {state.value for state in MachineState}


def test_the_site_sets_the_climate(small_pump: Build) -> None:
    cold = Site(site_id="bench", title="North", time_zone="Europe/Helsinki", latitude=65, longitude=25)
    hot = Site(site_id="bench", title="South", time_zone="Africa/Nairobi", latitude=-1, longitude=37)
    north = _simulate(small_pump(), sites=[cold]).telemetry["pump_small_001"]["ambient_temp_C"].mean()
    south = _simulate(small_pump(), sites=[hot]).telemetry["pump_small_001"]["ambient_temp_C"].mean()
    assert south - north > 20


def test_only_machines_that_make_pieces_are_counted(small_pump: Build) -> None:
    counted = _simulate(small_pump(duty="two_shift")).telemetry["pump_small_001"]
    running = counted["state"] == "RUNNING"
    assert (counted["good_count"] <= counted["total_count"]).all()
    assert (counted.loc[~running, "total_count"] == 0).all()
    assert counted.loc[running, "total_count"].mean() > 10
    assert _simulate(small_pump()).telemetry["pump_small_001"]["total_count"].isna().all()


def test_events_use_the_kinds_that_ingest_knows_and_lie_within_the_time(small_pump: Build) -> None:
    events = _simulate(*(small_pump(f"pump_{n:03d}") for n in range(6))).events
    assert list(events.columns) == ["machine_id", "time", "kind", "cause", "source"]
    assert set(events["kind"]) == {kind.value for kind in EventKind}
    assert events["time"].is_monotonic_increasing
    assert events["time"].between(pd.Timestamp(START), pd.Timestamp(END)).all()
    assert not events.duplicated(["machine_id", "time", "kind", "cause"]).any()


def test_errors_come_more_often_as_damage_grows_but_also_without_any(small_pump: Build) -> None:
    fleet = _simulate(*(small_pump(f"pump_{n:03d}") for n in range(20)))
    errors = fleet.events[fleet.events["kind"] == "error"]
    worn, sound = [0, 0], [0, 0]
    for name, latent in fleet.damage.items():
        at = set(errors.loc[errors["machine_id"] == name, "time"])
        hit = latent["time"].isin(at)
        bad = latent["bearing_wear"].between(0.5, 0.999)
        worn = [worn[0] + int((hit & bad).sum()), worn[1] + int(bad.sum())]
        sound = [sound[0] + int((hit & ~bad).sum()), sound[1] + int((~bad).sum())]
    assert worn[0] / worn[1] > 2 * sound[0] / sound[1]
    assert sound[0] > 20


def test_a_machine_under_repair_at_the_end_is_in_maintenance(small_pump: Build) -> None:
    slow = Economics(production_loss_per_h=0, logistics_h=150)
    pumps = [small_pump(f"pump_{n:03d}").model_copy(update={"economics": slow}) for n in range(20)]
    fleet = _simulate(*pumps)
    repaired = {name for name, status in fleet.statuses.items() if status is MachineStatus.MAINTENANCE}
    assert repaired
    failed = fleet.events[fleet.events["kind"] == "failure"]
    late = set(failed.loc[failed["time"] > pd.Timestamp(END) - pd.Timedelta(hours=100), "machine_id"])
    assert late <= repaired
    for name in repaired:
        assert fleet.telemetry[name]["state"].iloc[-1] in ("DOWN", "PLANNED_STOP")


def test_progress_ends_at_1_and_a_stop_is_heard(small_pump: Build) -> None:
    told: list[float] = []
    asked: list[bool] = []

    def stop_after_one() -> bool:
        asked.append(True)
        return len(asked) > 1

    pumps = [small_pump(f"pump_{n:03d}") for n in range(3)]
    _simulate(*pumps, progress=lambda share, _: told.append(share))
    assert told[-1] == 1.0
    assert told == sorted(told)
    assert len(_simulate(*pumps, should_stop=stop_after_one).telemetry) == 1


def test_what_cannot_be_simulated_is_refused_with_a_reason(small_pump: Build) -> None:
    bare = small_pump().model_copy(update={"twin": None})
    with pytest.raises(InputError, match=r"pump_small_001.*twin"):
        _simulate(bare)
    with pytest.raises(InputError, match="more than once: pump_small_001"):
        _simulate(small_pump(), small_pump())
    with pytest.raises(InputError, match="not after its start"):
        simulate_fleet([small_pump()], start=END, end=START, seed=0)


def test_an_empty_fleet_gives_empty_tables() -> None:
    fleet = _simulate()
    assert fleet.telemetry == {}
    assert fleet.events.empty
    assert fleet.truth.empty
