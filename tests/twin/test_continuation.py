"""A record goes on as that of the same machine, with one fault that begins when it should and ends in failure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.domain.equipment import MachineProfile, SensorRole
from workbench.domain.observations import EventKind
from workbench.errors import InputError
from workbench.twin import continue_record
from workbench.twin.responses import own_responses
from workbench.twin.sensors import own_response
from workbench.twin.streams import stream

END = datetime(2026, 1, 1, tzinfo=UTC)
MOTOR = "motor_weg_w22_003"


@pytest.fixture(scope="module")
def motor(embedded) -> tuple[MachineProfile, pd.DataFrame, pd.DataFrame]:
    profile = next(profile for profile in embedded.profiles if profile.machine_id == MOTOR)
    events = embedded.fleet.events
    return profile, embedded.fleet.telemetry[MOTOR], events[events["machine_id"] == MOTOR]


def test_the_responses_of_a_machine_are_found_in_its_record(embedded) -> None:
    """To within the noise of one reading, for nearly all sensors, although faults and drifts are in the record."""
    missed, template = [], []
    for profile in embedded.profiles:
        events = embedded.fleet.events[embedded.fleet.events["machine_id"] == profile.machine_id]
        found = own_responses(profile, embedded.fleet.telemetry[profile.machine_id], events)
        for sensor in profile.sensors:
            if sensor.role is SensorRole.OPERATING:
                assert found[sensor.name] == profile.twin.sensors[sensor.name]
                continue
            own = stream(0, profile.machine_id, "sensor", sensor.name)
            typical, mean = profile.twin.sensors[sensor.name], profile.twin.load_mean
            true = own_response(typical, sensor.role, mean, own)
            levels = [r.base + r.load_gain * mean for r in (found[sensor.name], true, typical)]
            missed.append(abs(levels[0] - levels[1]) / true.noise_sd)
            template.append(abs(levels[2] - levels[1]) / true.noise_sd)
    assert np.median(missed) < 0.3
    assert np.quantile(missed, 0.9) < 1.0
    assert np.median(template) > 3 * np.median(missed)


def test_the_machine_stays_itself_until_the_onset(motor) -> None:
    profile, record, events = motor
    told = continue_record(profile, record, events, mode="motor_overheat", start=END, seed=0, quiet_h=400)
    sound = told.telemetry[(told.telemetry["time"] <= told.onset) & told.telemetry["state"].eq("RUNNING")]
    before = record[record["state"].eq("RUNNING")].tail(300)
    for name in ("vibration_rms_mm_s", "current_A", "power_kW", "current_unbalance_pct"):
        spread = before[name].std()
        assert abs(sound[name].mean() - before[name].mean()) < spread, name


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000), quiet=st.floats(0, 500), mode=st.sampled_from(["bearing_wear", "motor_overheat"]))
def test_a_forced_fault_begins_grows_and_ends_in_failure(motor, seed: int, quiet: float, mode: str) -> None:
    profile, record, events = motor
    told = continue_record(profile, record, events, mode=mode, start=END, seed=seed, quiet_h=quiet)
    assert END + timedelta(hours=quiet) < told.onset < told.failure
    damage = told.damage["damage"].to_numpy()
    assert (np.diff(damage) >= 0).all()
    assert damage[-1] == 1.0
    assert (damage[told.damage["time"] < told.onset] == 0).all()
    assert told.telemetry["time"].gt(pd.Timestamp(END)).all()
    assert told.telemetry["time"].iloc[-1] <= told.failure
    failures = told.events[told.events["kind"] == EventKind.FAILURE.value]
    assert failures[["time", "cause"]].to_numpy().tolist() == [[pd.Timestamp(told.failure), mode]]


def test_the_seed_repeats(motor) -> None:
    profile, record, events = motor
    first, again, other = (
        continue_record(profile, record, events, mode="bearing_wear", start=END, seed=seed).telemetry
        for seed in (0, 0, 1)
    )
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


def test_what_cannot_be_continued_is_refused(motor, small_pump: Callable[..., MachineProfile]) -> None:
    profile, record, events = motor
    with pytest.raises(InputError, match=r"'rust'.*bearing_wear, motor_overheat.*-1 quiet hours"):
        continue_record(profile, record, events, mode="rust", start=END, seed=0, quiet_h=-1)
    bare = small_pump().model_copy(update={"twin": None})
    with pytest.raises(InputError, match="twin"):
        continue_record(bare, record, events, mode="bearing_wear", start=END, seed=0)
