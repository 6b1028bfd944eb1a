"""Features: causal, the same for a window as for a record, blind to identity and calendar."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.domain.observations import MachineData
from workbench.errors import NotEnoughData
from workbench.ml import build, fit_spec
from workbench.ml.arrays import nanoseconds
from workbench.ml.features import compute, samples
from workbench.ml.rolling import TrailingWindows


@pytest.fixture(scope="module")
def machine(build_machine):
    made = build_machine.worn("pump_feat_001", 5, hours=900, lives=[(500, "imbalance")])
    start = pd.Timestamp(build_machine.start)
    extra = [(start + pd.Timedelta(hours=h), "error", f"error{h % 3}") for h in range(50, 850, 37)]
    events = pd.concat([made.events, build_machine.events(extra)]).sort_values("time").reset_index(drop=True)
    return MachineData(made.profile, made.telemetry, events)


@pytest.fixture(scope="module", params=["fleet", "type:pump"])
def spec(request, machine):
    return fit_spec([machine], scope=request.param)


def equal(a, b):
    pd.testing.assert_frame_equal(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("cut", [120, 400, 505, 700])
def test_later_rows_and_events_change_nothing(machine, spec, cut):
    full = build(machine, spec)
    until = machine.telemetry["time"].iloc[cut - 1]
    past = MachineData(machine.profile, machine.telemetry.iloc[:cut], machine.events[machine.events["time"] <= until])
    equal(build(past, spec), full.iloc[:cut])


def test_altered_future_changes_nothing(machine, spec):
    frame = machine.telemetry.copy()
    frame.loc[600:, ["vibration_mm_s", "bearing_temp_C"]] *= 10
    altered = build(MachineData(machine.profile, frame, machine.events), spec)
    equal(altered.iloc[:600], build(machine, spec).iloc[:600])


@pytest.mark.parametrize("last", [1, 7])
def test_window_features_equal_batch_features(machine, spec, last):
    equal(build(machine, spec, last=last), build(machine, spec).tail(last))


def test_identity_and_calendar_are_no_features(machine, spec):
    day = pd.Timedelta(days=100, hours=7)
    moved = MachineData(
        machine.profile.model_copy(update={"machine_id": "another_name_999"}),
        machine.telemetry.assign(time=machine.telemetry["time"] + day),
        machine.events.assign(time=machine.events["time"] + day),
    )
    equal(build(moved, spec), build(machine, spec))


def test_sensor_gaps_give_no_infinite_feature(machine, spec):
    frame = machine.telemetry.copy()
    frame.loc[200:320, "vibration_mm_s"] = np.nan
    frame["bearing_temp_C"] = np.nan
    table = build(MachineData(machine.profile, frame, machine.events), spec)
    assert not np.isinf(table.to_numpy()).any()


def test_wear_shows_in_the_symptom_features(machine):
    table = build(machine, fit_spec([machine]))
    assert table["symptom_mean24"].iloc[495] > table["symptom_mean24"].iloc[150] + 3
    assert table["mode_imbalance_recent"].iloc[495] > table["mode_bearing_wear_recent"].iloc[495]


def test_a_load_change_is_not_wear(build_machine):
    machine = build_machine.worn("pump_feat_002", 6, hours=900)
    frame = machine.telemetry.copy()
    more = frame["load_pct"] > 0
    frame.loc[(frame.index > 600) & more, "load_pct"] += 12
    frame.loc[(frame.index > 600) & more, "vibration_mm_s"] += 0.12
    frame.loc[(frame.index > 600) & more, "bearing_temp_C"] += 3.6
    table = build(MachineData(machine.profile, frame, machine.events), fit_spec([machine]))
    assert table["any_mean72"].iloc[-1] < 1.0


def test_standing_rows_carry_the_last_running_features(machine):
    table = compute(machine, fit_spec([machine]))
    standing = np.flatnonzero(~table.clock.running)[10]
    before = np.flatnonzero(table.clock.running[:standing])[-1]
    assert table.frame["any_mean24"].iloc[standing] == table.frame["any_mean24"].iloc[before]


def test_errors_are_counted_in_trailing_windows(machine):
    table = build(machine, fit_spec([machine]))
    stamps = nanoseconds(machine.events["time"][machine.events["kind"] == "error"])
    now = nanoseconds(machine.telemetry["time"])[400]
    expected = ((stamps <= now) & (stamps > now - 72 * 3_600_000_000_000)).sum()
    assert table["errors_72h"].iloc[400] == expected


def test_operating_conditions_are_found_from_the_data(build_machine):
    from workbench.ml.population import fit_population

    rng = np.random.default_rng(0)
    condition = rng.integers(0, 3, 3000)
    operating = np.column_stack([condition * 10.0 + rng.normal(0, 0.01, 3000)])
    readings = np.column_stack([condition * 100.0 + rng.normal(0, 1, 3000)])
    found = fit_population(readings, operating)
    assert found.kind == "table"
    assert len(found.codes) == 3
    assert np.std(found.z(readings, operating)) == pytest.approx(1.0, abs=0.05)
    smooth = rng.uniform(0, 1, (3000, 1))
    assert fit_population(smooth * 50 + rng.normal(0, 1, (3000, 1)), smooth).kind == "regression"
    assert fit_population(rng.normal(0, 1, (3000, 1)), smooth).kind == "pooled"


def test_fleet_without_running_readings_is_refused(build_machine):
    machine = build_machine.worn("pump_feat_003", 6, hours=50)
    still = MachineData(machine.profile, machine.telemetry.assign(load_pct=0.0), machine.events)
    with pytest.raises(NotEnoughData):
        samples([still], fit_spec([still]))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 1000))
def test_rolling_statistics_equal_pandas(rows, width, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, 2))
    values[rng.random((rows, 2)) < 0.2] = np.nan
    windows = TrailingWindows(values, np.zeros(rows, dtype=np.int64))
    rolling = pd.DataFrame(values).rolling(width, min_periods=1)
    np.testing.assert_allclose(windows.mean(width), rolling.mean(), atol=1e-9)
    np.testing.assert_allclose(windows.maximum(width), rolling.max(), atol=1e-9)
