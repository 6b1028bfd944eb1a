"""The IoT simulator: as fast as the caller wants, at the level of the hourly simulator, with the variation of T4."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.catalog import load_catalogue
from workbench.domain.equipment import MachineProfile, SensorRole
from workbench.domain.units import Quantity
from workbench.errors import InputError
from workbench.twin import stream_readings
from workbench.twin.sensors import own_response
from workbench.twin.streams import stream
from workbench.workspace import Workspace

START = datetime(2026, 1, 1, tzinfo=UTC)
PROFILES = {profile.machine_id: profile for profile in load_catalogue().machines}
MOTOR, PUMP = PROFILES["motor_siemens_1la7_001"], PROFILES["pump_ksb_etanorm_005"]


def _frame(profile: MachineProfile, rows: int, **named: object) -> pd.DataFrame:
    readings = stream_readings(profile, start=START, seed=0, **named)
    return pd.DataFrame([{"time": r.time, "state": r.state.value, **r.values} for r in islice(readings, rows)])


@pytest.mark.parametrize("machine_id", ["motor_siemens_1la7_001", "pump_ksb_etanorm_005", "chiller_trane_rtwd_019"])
def test_an_hour_of_readings_has_the_mean_of_the_hourly_simulator(machine_id: str) -> None:
    profile, load = PROFILES[machine_id], 0.8
    mean = _frame(profile, 1800, load=load, ambient_C=25.0).mean(numeric_only=True)
    for sensor in profile.sensors:
        own = stream(0, machine_id, "sensor", sensor.name)
        r = own_response(profile.twin.sensors[sensor.name], sensor.role, profile.twin.load_mean, own)
        level = 25.0 if sensor.name == "ambient_temp_C" else r.base + r.load_gain * load + 5.0 * r.ambient_gain
        assert abs(mean[sensor.name] - level) < 3.0 * r.noise_sd, sensor.name


def test_readings_vary_about_their_level_as_the_feature_list_says() -> None:
    frame = _frame(MOTOR, 5000, load=0.8)
    own = {s.name: MOTOR.twin.sensors[s.name] for s in MOTOR.sensors}
    for sensor in MOTOR.sensors:
        if sensor.role is SensorRole.OPERATING:
            continue
        away = (frame[sensor.name] - frame[sensor.name].mean()).abs()
        typical = own[sensor.name].noise_sd
        band = {
            Quantity.POWER: 0.10 * frame[sensor.name].mean(),
            Quantity.TEMPERATURE: 3.0,
            Quantity.VIBRATION_VELOCITY: 0.3,
        }.get(sensor.quantity)
        if band is not None:
            assert 0.5 * band < away.quantile(0.95) < band + 3.0 * typical, sensor.name


def test_the_pace_is_the_callers_and_an_hour_takes_a_moment() -> None:
    began = time.process_time()
    frame = _frame(MOTOR, 1800)
    assert time.process_time() - began < 1.0
    assert frame["time"].iloc[-1] == START + timedelta(seconds=1799 * 2)
    assert frame["time"].diff().dropna().eq(pd.Timedelta(seconds=2)).all()


def test_ageing_raises_power_by_five_percent_in_a_hundred_thousand_hours() -> None:
    young, old = (_frame(MOTOR, 600, age_h=age)["power_kW"].mean() for age in (0.0, 100_000.0))
    assert old / young == pytest.approx(1.05, abs=3e-3)
    cold, warm = (_frame(MOTOR, 600, age_h=age)["winding_temp_C"].mean() - 20.0 for age in (0.0, 100_000.0))
    assert 1.04 < warm / cold < 1.06


def test_the_caller_may_change_the_load_while_it_runs() -> None:
    noon = START + timedelta(minutes=10)
    frame = _frame(MOTOR, 600, load=lambda at: 0.4 if at < noon else 1.0)
    before, after = frame[frame["time"] < noon], frame[frame["time"] >= noon]
    assert after["current_A"].mean() > 1.5 * before["current_A"].mean()
    # A winding has a thermal mass.
    assert after["winding_temp_C"].iloc[:20].mean() - before["winding_temp_C"].mean() < 5.0


def test_a_machine_without_load_stands() -> None:
    frame = _frame(MOTOR, 50, load=0.0)
    assert set(frame["state"]) == {"IDLE"}
    assert frame["power_kW"].eq(0.0).all()
    assert frame["winding_temp_C"].eq(20.0).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), load=st.floats(0.0, 1.5), step=st.floats(0.01, 3600.0), taken=st.integers(1, 700))
def test_the_seed_repeats_however_many_are_taken_and_values_are_physical(
    seed: int, load: float, step: float, taken: int
) -> None:
    def first(count: int) -> list:
        return list(islice(stream_readings(PUMP, start=START, seed=seed, load=load, step_s=step), count))

    some, more = first(taken), first(taken + 5)
    assert more[:taken] == some
    for sensor in PUMP.sensors:
        values = np.array([reading.values[sensor.name] for reading in some])
        assert ((values >= sensor.physical_low) & (values <= sensor.physical_high)).all()


def test_bad_input_is_listed_at_once_before_anything_is_read(small_pump: Callable[..., MachineProfile]) -> None:
    with pytest.raises(InputError) as caught:
        stream_readings(
            small_pump(),
            start=datetime(2026, 1, 1),  # noqa: DTZ001
            seed=-1,
            step_s=-2.0,
            load=1.6,
            sensors=["load_pct", "noise_dB"],
        )
    for part in ("step_s -2", "load 1.6", "noise_dB", "bearing_temp_C", "time zone", "seed -1"):
        assert part in str(caught.value)
    bare = small_pump().model_copy(update={"twin": None})
    with pytest.raises(InputError, match="twin"):
        stream_readings(bare, start=START, seed=0)
    with pytest.raises(InputError, match=r"load 2 .*00:00:00"):
        list(islice(stream_readings(small_pump(), start=START, seed=0, load=lambda _: 2.0), 1))


def test_what_the_command_writes_can_be_ingested(tmp_path) -> None:
    from workbench.workflows.ingest import ingest
    from workbench.workflows.onboard import add_catalogue, create_workspace

    with create_workspace(tmp_path / "W", settings={"as_of": "2026-01-01T00:00:00+00:00"}) as ws:
        add_catalogue(ws, only=[PUMP.machine_id])
    command = [
        str(Path(sys.executable).with_name("workbench")),
        "-w",
        str(tmp_path / "W"),
        "stream",
        PUMP.machine_id,
        "--rows",
        "300",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (tmp_path / "stream.csv").write_text(done.stdout)
    with Workspace.open(tmp_path / "W") as ws:
        (report,) = ingest(ws, str(tmp_path / "stream.csv"), machine_id=PUMP.machine_id).reports
        assert (report.rows_stored, report.rows_quarantined) == (300, 0)
        stored = ws.telemetry.read(PUMP.machine_id)
    assert set(stored.columns) == {"time", "state", *(sensor.name for sensor in PUMP.sensors)}
