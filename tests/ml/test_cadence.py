"""Readings finer than hours are averaged to hours, wherever a record enters."""

from __future__ import annotations

import time
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from workbench.domain.observations import MachineData
from workbench.ml import predict_machine
from workbench.ml.cadence import hourly
from workbench.ml.life import timeline
from workbench.ml.spec import default_horizons
from workbench.ml.training_data import gather


def fine(build_machine, *, seconds, days, events=(), seed=0, name="pump_fine_001", **columns):
    """A healthy machine under a daily load, read every ``seconds``."""
    rng = np.random.default_rng(seed)
    times = pd.date_range(build_machine.start, periods=int(days * 86_400 / seconds), freq=f"{seconds}s")
    hour = np.arange(len(times)) * seconds / 3600
    load = 60 + 15 * np.sin(hour / 24 * 2 * np.pi) + rng.normal(0, 3, len(times))
    frame = pd.DataFrame(
        {
            "time": times,
            "load_pct": load,
            "vibration_mm_s": 1.2 + 0.01 * load + rng.normal(0, 0.1, len(times)),
            "bearing_temp_C": 30 + 0.3 * load + rng.normal(0, 1.0, len(times)),
        }
    ).assign(**columns)
    start = pd.Timestamp(build_machine.start)
    rows = [(start + pd.Timedelta(hours=h), kind, cause) for h, kind, cause in events]
    return MachineData(build_machine.profile(name), frame, build_machine.events(rows))


def test_hourly_records_and_cycles_stay_as_they_are(build_machine):
    machine = build_machine.worn("pump_fine_001", 1, hours=100)
    assert hourly(machine) is machine
    cycles = fine(build_machine, seconds=60, days=1)
    cycles = MachineData(build_machine.profile(life_unit="cycle"), cycles.telemetry, cycles.events)
    assert hourly(cycles) is cycles


@pytest.mark.parametrize("seconds", [30, 600, 900, 1800])
def test_an_hour_is_the_mean_of_its_readings_and_ends_with_its_last(build_machine, seconds):
    machine = fine(build_machine, seconds=seconds, days=3, total_count=1.0)
    out = hourly(machine)
    assert hourly(out) is out
    assert out.telemetry["time"].iloc[-1] == machine.telemetry["time"].iloc[-1]
    assert len(out.telemetry) == pytest.approx(72, abs=1)
    per_hour = 3600 // seconds
    # The first reading closes the hour before; the readings after it make the first whole hour.
    expected = machine.telemetry["vibration_mm_s"].iloc[1 : per_hour + 1].mean()
    assert out.telemetry["vibration_mm_s"].iloc[1] == pytest.approx(expected)
    assert out.telemetry["total_count"].sum() == len(machine.telemetry)
    assert timeline(out).life[-1] == pytest.approx(timeline(machine).life[-1])
    assert timeline(out).life[-1] == pytest.approx(72, abs=1)


def test_readings_while_the_machine_stands_are_not_in_the_mean(build_machine):
    machine = fine(build_machine, seconds=60, days=2)
    frame = machine.telemetry
    stands = (np.arange(len(frame)) // 20) % 3 == 2
    frame.loc[stands, ["load_pct", "vibration_mm_s"]] = 0.0
    out = hourly(machine).telemetry
    assert (out["state"] == "RUNNING").all()
    assert out["vibration_mm_s"].min() > 1.5
    assert timeline(hourly(machine)).life[-1] == pytest.approx(32, abs=0.5)


def test_a_failure_splits_its_hour(build_machine):
    machine = fine(build_machine, seconds=60, days=2, events=[(24.5, "failure", "imbalance")])
    clock = timeline(hourly(machine))
    failed = pd.Timestamp(build_machine.start).value + int(24.5 * 3.6e12)
    assert failed in clock.time
    assert clock.fresh[-1] == np.flatnonzero(clock.time == failed)[0] + 1
    assert np.isnan(clock.age[0])
    assert clock.age[-1] == pytest.approx(23.5, abs=0.1)


def test_a_few_minutes_of_the_last_hour_are_no_reading(build_machine):
    machine = fine(build_machine, seconds=60, days=2)
    cut = MachineData(machine.profile, machine.telemetry.iloc[:-55], machine.events)
    out = hourly(cut).telemetry
    assert np.isnan(out["vibration_mm_s"].iloc[-1])
    assert out["time"].iloc[-1] == cut.telemetry["time"].iloc[-1]


def test_training_sees_hours(build_machine):
    fleet = [fine(build_machine, seconds=900, days=20, seed=k, name=f"pump_fine_{k:03d}") for k in range(3)]
    data = gather("fleet", fleet, default_horizons(fleet[0].profile.life_unit))
    assert len(data.samples.time) == pytest.approx(3 * 480, abs=3)


def test_two_million_readings_take_seconds(build_machine):
    machine = fine(build_machine, seconds=1, days=23.2)
    assert len(machine.telemetry) > 2_000_000
    began = time.perf_counter()
    out = hourly(machine)
    assert time.perf_counter() - began < 5
    assert len(out.telemetry) < 560


@pytest.mark.parametrize(("seconds", "days"), [(3600, 40), (900, 40), (60, 25), (1, 6)])
def test_a_healthy_machine_is_seldom_called_anomalous_by_models_of_hourly_machines(
    build_machine, models, seconds, days
):
    machine = fine(build_machine, seconds=seconds, days=days, seed=4)
    begin = pd.Timestamp(build_machine.start)
    called = []
    for hours in np.linspace(0.6, 0.99, 8) * days * 24:
        until = begin + timedelta(hours=float(hours))
        past = MachineData(machine.profile, machine.telemetry[machine.telemetry["time"] <= until], machine.events)
        answer = predict_machine(past, models, as_of=until.to_pydatetime())
        assert answer.data_until == past.telemetry["time"].iloc[-1]
        called.append(answer.anomaly.is_anomaly)
    assert np.mean(called) <= 0.25
